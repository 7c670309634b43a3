/*
 * world.c - loads zone files the way mapd does, into a database of its own, and serves from it.
 */
#include "tests/mapd/world.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/trust/trust.h"
#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"
#include "mapd/work.h"

#define WORLD_MAP (256u << 20)
#define WORLD_ZONES 8
#define WORLD_RECORDS (8u << 20)

static const uint8_t world_address[] = {192, 0, 2, 7};

struct world {
	char directory[64];
	char keys[80];
	struct store *store;
	struct snapshot *snap;
	struct zones *zones;
	struct stats stats;
	struct zone_rule rule[WORLD_ZONES];
	struct realm realm[WORLD_ZONES];
	struct rules rules;
	const struct updates *updates;
	uint8_t address[4];
	struct chaos chaos;
	struct apexes *apexes; /* of so many of the rules */
	size_t n_apexes;
	struct work work;
	bool working;
	uint8_t records[WORLD_RECORDS];
	struct wr wr;
};

static int
record_take(void *arg, const struct rr *rr, const struct zone_place *place)
{
	struct world *world = arg;

	(void)place;
	frame_record_put(&world->wr, rr);
	return world->wr.error;
}

static void
message_show(void *arg, const char *message)
{
	(void)arg;
	fprintf(stderr, "%s\n", message);
}

struct world *
world_new(void)
{
	struct world *world = aligned_alloc(64, (sizeof(*world) + 63) / 64 * 64);
	char why[1024] = "out of memory";

	if (world == NULL)
		abort();
	memset(world, 0, sizeof(*world));
	world->rules = (struct rules){.zones = world->rule, .realms = world->realm};
	memcpy(world->address, world_address, 4);
	snprintf(world->directory, sizeof(world->directory), "/tmp/eidmap-world.XXXXXX");
	if (mkdtemp(world->directory) == NULL)
		abort();
	snprintf(world->keys, sizeof(world->keys), "%s/keys", world->directory);
	if (store_open(world->directory, WORLD_MAP, &world->store, why, sizeof(why)) == 0)
		world->working = work_init(&world->work, world->store, world->keys,
				     &world->rules, 0, why, sizeof(why)) == 0;
	if (world->working && snapshot_new(world->store, &world->snap) == 0 &&
	    zones_new(&world->zones) == 0)
		return world;
	fprintf(stderr, "world: %s\n", why);
	world_free(world);
	return NULL;
}

static void
directory_remove(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char file[512];

	if (directory == NULL)
		return;
	while ((entry = readdir(directory)) != NULL) {
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		unlink(file);
	}
	closedir(directory);
	rmdir(path);
}

void
world_free(struct world *world)
{
	if (world == NULL)
		return;
	if (world->working)
		work_fini(&world->work);
	apexes_free(world->apexes);
	zones_free(world->zones);
	snapshot_free(world->snap);
	store_close(world->store);
	directory_remove(world->keys);
	directory_remove(world->directory);
	free(world);
}

static struct zone_rule *
world_rule(struct world *world, const struct name *apex)
{
	for (size_t i = 0; i < world->rules.n_zones; i++)
		if (name_equal(&world->rule[i].apex, apex))
			return &world->rule[i];
	if (world->rules.n_zones == WORLD_ZONES)
		return NULL;
	world->rule[world->rules.n_zones++].apex = *apex;
	rules_sort(world->rule, world->rules.n_zones);
	return world_rule(world, apex);
}

bool
world_load(struct world *world, const char *apex_text, const char *path, uint8_t denial)
{
	struct zone_options options = {.private_locators = true};
	struct outcome outcome;
	struct name apex;

	struct zone_rule *rule;

	if (name_from(apex_text, &apex) != 0 || (rule = world_rule(world, &apex)) == NULL)
		return false;
	rule->denial = denial;
	rule->private_locators = true;
	world->wr = wr_init(world->records, sizeof(world->records));
	if (zone_read(path, &apex, &options, record_take, world, message_show, NULL) != 0)
		return false;
	if (work_load(&world->work, &apex, wr_done(&world->wr), &outcome) == 0)
		return true;
	fprintf(stderr, "zone %s: %s\n", apex_text, outcome.why);
	return false;
}

struct world *
world_basic(void)
{
	const char *source = getenv("srcdir");
	struct world *world = world_new();
	char path[1024];

	snprintf(
	    path, sizeof(path), "%s/tests/cases/basic.zone", source != NULL ? source : ".");
	if (world != NULL && world_load(world, "example.test.", path, DENIAL_NSEC3))
		return world;
	if (world != NULL)
		world_free(world);
	return NULL;
}

bool
world_small(struct world *world, const char *apex)
{
	char path[600];
	FILE *file;

	snprintf(path, sizeof path, "%s/zone", store_directory(world_store(world)));
	file = fopen(path, "w");
	if (file == NULL)
		return false;
	fprintf(file, "$TTL 60\n@ SOA ns1 h 1 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n");
	return fclose(file) == 0 && world_load(world, apex, path, 0);
}

bool
world_prefix(struct world *world, const char *apex, const char *prefix, uint8_t length)
{
	struct realm *realm = &world->realm[world->rules.n_realms];

	if (world->rules.n_realms == WORLD_ZONES)
		return false;
	realm->length = length;
	world->rules.n_realms++;
	return name_from(apex, &realm->suffix) == 0 &&
	       address_scan(prefix, strlen(prefix), realm->prefix) == 0;
}

/* The apexes of the rules change with each zone that is added. */
static const struct apexes *
world_apexes(struct world *world)
{
	if (world->apexes != NULL && world->n_apexes == world->rules.n_zones)
		return world->apexes;
	apexes_free(world->apexes);
	if (apexes_new(&world->rules, &world->apexes) != 0)
		abort();
	world->n_apexes = world->rules.n_zones;
	return world->apexes;
}

bool
world_configure(struct world *world, const char *apex_text)
{
	struct name apex;

	return name_from(apex_text, &apex) == 0 && world_rule(world, &apex) != NULL;
}

void
world_say(struct world *world, const char *version, const char *identity)
{
	snprintf(world->chaos.version, sizeof(world->chaos.version), "%s", version);
	snprintf(world->chaos.identity, sizeof(world->chaos.identity), "%s", identity);
}

void
world_updates(struct world *world, const struct updates *updates)
{
	world->updates = updates;
}

void
world_from(struct world *world, const uint8_t address[4])
{
	memcpy(world->address, address, 4);
}

bool
world_policy(struct world *world, const char *apex_text, enum policy_kind kind)
{
	struct zone_rule *rule;
	struct name apex;

	if (name_from(apex_text, &apex) != 0 || (rule = world_rule(world, &apex)) == NULL)
		return false;
	rule->has_policy = true;
	policy_defaults(&rule->policy, kind);
	return true;
}

struct rules *
world_rules(struct world *world)
{
	return &world->rules;
}

static const struct cookies world_cookies = {.secret = {"0123456789abcde"}, .n = 1};

size_t
world_ask(struct world *world, enum transport transport, struct bytes wire, uint8_t *out)
{
	struct serve s = {.snap = world->snap,
	    .zones = world->zones,
	    .stats = &world->stats,
	    .realms = world->realm,
	    .n_realms = world->rules.n_realms,
	    .apexes = world_apexes(world),
	    .chaos = &world->chaos,
	    .cookies = &world_cookies,
	    .updates = world->updates,
	    .now = clock_seconds(),
	    .us = loop_now_us()};
	size_t n;

	if (snapshot_take(world->snap) != 0 || zones_refresh(world->zones, world->snap) != 0)
		abort();
	n = serve(&s, &(struct asker){.transport = transport, .address = {world->address, 4}},
	    wire, out);
	snapshot_release(world->snap);
	return n;
}

size_t
world_ask_without_database(struct world *world, struct bytes wire, uint8_t *out)
{
	struct serve s = {.zones = world->zones, .stats = &world->stats};

	return serve(&s,
	    &(struct asker){.transport = TRANSPORT_UDP, .address = {world_address, 4}}, wire,
	    out);
}

struct store *
world_store(struct world *world)
{
	return world->store;
}

uint64_t
world_count(const struct world *world, enum stat stat)
{
	return stats_get(&world->stats, stat);
}
