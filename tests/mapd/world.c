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
#include "core/wire/dnssec.h"
#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"
#include "mapd/lookup.h"
#include "mapd/work.h"

#define WORLD_MAP (256u << 20)
#define WORLD_ZONES 8
#define WORLD_RECORDS (8u << 20)
#define WORLD_SIGNED (1u << 20)

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
	struct work work;
	bool working;
	uint8_t records[WORLD_RECORDS];
	struct wr wr;
	uint8_t octets[WORLD_SIGNED];
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
	zones_free(world->zones);
	snapshot_free(world->snap);
	store_close(world->store);
	directory_remove(world->keys);
	directory_remove(world->directory);
	free(world);
}

bool
world_load(struct world *world, const char *apex_text, const char *path, uint8_t denial)
{
	struct zone_options options = {.private_locators = true};
	struct outcome outcome;
	struct name apex;

	if (world->rules.n_zones == WORLD_ZONES || name_from(apex_text, &apex) != 0)
		return false;
	world->rule[world->rules.n_zones++] =
	    (struct zone_rule){.apex = apex, .denial = denial, .private_locators = true};
	world->wr = wr_init(world->records, sizeof(world->records));
	if (zone_read(path, &apex, &options, record_take, world, message_show, NULL) != 0)
		return false;
	if (work_load(&world->work, &apex, wr_done(&world->wr), &outcome) == 0)
		return true;
	fprintf(stderr, "zone %s: %s\n", apex_text, outcome.why);
	return false;
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

static const uint8_t world_address[] = {192, 0, 2, 7};
static const struct cookies world_cookies = {.secret = {"0123456789abcde"}, .n = 1};

size_t
world_ask(struct world *world, enum transport transport, struct bytes wire, uint8_t *out)
{
	struct serve s = {.snap = world->snap,
	    .zones = world->zones,
	    .stats = &world->stats,
	    .realms = world->realm,
	    .n_realms = world->rules.n_realms,
	    .cookies = &world_cookies,
	    .now = clock_seconds()};
	size_t n;

	if (snapshot_take(world->snap) != 0 || zones_refresh(world->zones, world->snap) != 0)
		abort();
	n = serve(&s, &(struct asker){transport, {world_address, 4}}, wire, out);
	snapshot_release(world->snap);
	return n;
}

size_t
world_ask_without_database(struct world *world, struct bytes wire, uint8_t *out)
{
	struct serve s = {.zones = world->zones, .stats = &world->stats};

	return serve(&s, &(struct asker){TRANSPORT_UDP, {world_address, 4}}, wire, out);
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

/* A key of the zone with that tag signed these octets. */
static bool
zone_signed(
    struct world *world, const struct zone *zone, const struct rrsig *sig, struct bytes octets)
{
	struct node node;
	struct node_set set;
	struct bytes dnskey;
	uint16_t type;
	size_t at = 0;

	if (!lookup_node(world->snap, zone, &zone->apex, &node) ||
	    !node_find(&node, RR_DNSKEY, &set))
		return false;
	for (unsigned i = 0; i < set.records; i++) {
		struct crypto_key *key;
		bool good;

		if (!node_set_next(&set, &at, &type, &dnskey) || dnskey.n < 5 ||
		    dnssec_key_tag(dnskey) != sig->tag || dnskey.p[3] != sig->algorithm)
			continue;
		if (crypto_key_from_public(sig->algorithm, dnskey.p + 4, dnskey.n - 4, &key) !=
		    0)
			continue;
		good = crypto_verify(
			   key, octets.p, octets.n, sig->signature.p, sig->signature.n) == 0;
		crypto_key_free(key);
		if (good)
			return true;
	}
	return false;
}

bool
world_verify(struct world *world, const struct rrset *set, struct bytes rdata)
{
	struct wr wr = wr_init(world->octets, sizeof(world->octets));
	struct rrsig sig;
	const struct zone *zone;
	struct rrset original = *set;
	bool good;

	if (rrsig_read(rdata, &sig) != 0 || sig.covered != set->type || set->ttl > sig.ttl)
		return false;
	original.ttl = sig.ttl;
	if (snapshot_take(world->snap) != 0)
		return false;
	zone = zone_find(world->zones, &sig.signer);
	good = zone != NULL && name_equal(&zone->apex, &sig.signer) &&
	       name_is_below(set->owner, &zone->apex) &&
	       dnssec_signed(&wr, &sig, &original) == 0 &&
	       zone_signed(world, zone, &sig, wr_done(&wr));
	snapshot_release(world->snap);
	return good;
}
