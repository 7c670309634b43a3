/*
 * claims.c - does what is known of names that hosts registered fit the zones, in a database that no mapd has open?
 * For zones where nobody registers but hosts that send their KEY.
 *
 * usage: claims DATABASE ZONE...   prints "OWNER UNTIL KEY-UNTIL ELOCS KEYS" for each claim; on the standard error
 * what does not fit, and then the status is 1
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/rrtype.h"
#include "mapd/claim.h"
#include "mapd/node.h"
#include "mapd/work.h"

#define MAP_SIZE ((size_t)1 << 30)
#define COUNTS_MOST 4096

/* What TABLE_COUNTS should have: how many claims there are of a zone, or of a source in it. */
struct count {
	uint8_t source[CLAIM_SOURCE];
	bool of_source;
	struct name apex;
	uint64_t n;
};

static struct change *change;
static struct count counts[COUNTS_MOST];
static size_t n_counts, n_wrong;

__attribute__((format(printf, 2, 3))) static void
wrong(const struct name *owner, const char *format, ...)
{
	char text[NAME_TEXT];
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s: ", name_print(owner, text));
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	n_wrong++;
}

static size_t
records_at(const struct node *node, uint16_t type)
{
	struct node_set set;

	return node_find(node, type, &set) ? set.records : 0;
}

/* What the zone has at owner; nothing is a node without sets. */
static struct node
node_at(const struct name *owner)
{
	uint8_t key[NODE_KEY];
	struct node node = {.sets = 0};
	struct bytes value;
	struct zone zone;

	if (work_zone_of(change, owner, &zone) &&
	    change_get(change, TABLE_NODES, (struct bytes){key, node_key(zone.id, owner, key)},
		&value) &&
	    node_read(value, &node) != 0)
		wrong(owner, "its node cannot be read");
	return node;
}

static void
count(const struct name *apex, const uint8_t *source)
{
	size_t i = 0;

	while (i < n_counts &&
	       (counts[i].of_source != (source != NULL) || !name_equal(&counts[i].apex, apex) ||
		   (source != NULL && memcmp(counts[i].source, source, CLAIM_SOURCE) != 0)))
		i++;
	if (i == COUNTS_MOST) {
		wrong(apex, "too many sources to count");
		return;
	}
	if (i == n_counts) {
		counts[n_counts++] = (struct count){.of_source = source != NULL, .apex = *apex};
		if (source != NULL)
			memcpy(counts[i].source, source, CLAIM_SOURCE);
	}
	counts[i].n++;
}

static bool
entry_is_there(const struct name *owner, uint64_t time)
{
	uint8_t key[5 + NAME_KEY];
	struct bytes value;

	key[0] = (uint8_t)(time >> 32);
	put_u32(key + 1, (uint32_t)time);
	return change_get(
	    change, TABLE_EXPIRY, (struct bytes){key, 5 + name_key(owner, key + 5)}, &value);
}

static void
claim_look(const struct name *owner, const struct claim *claim)
{
	struct node node = node_at(owner);
	size_t elocs = records_at(&node, RR_ELOC), keys = records_at(&node, RR_KEY);
	uint64_t end = claim->until;
	char text[NAME_TEXT];
	struct name apex;

	if (end == 0 || (claim->key_until != 0 && claim->key_until < end))
		end = claim->key_until;
	if (end != 0 && (claim->entry == 0 || claim->entry > end))
		wrong(owner, "ends at %llu and is looked at at %llu", (unsigned long long)end,
		    (unsigned long long)claim->entry);
	if (claim->entry != 0 && !entry_is_there(owner, claim->entry))
		wrong(owner, "has no entry in the order of time");
	if (keys == 0)
		wrong(owner, "is claimed, and has no KEY");
	if (claim->until == 0 && claim->key_until != 0 && elocs > 0)
		wrong(owner, "its lease is over, and its locators are there");
	name_parent(owner, name_labels(owner) - claim->counted_labels, &apex);
	count(&apex, NULL);
	count(&apex, claim->counted_source);
	printf("%s %llu %llu %zu %zu\n", name_print(owner, text),
	    (unsigned long long)claim->until, (unsigned long long)claim->key_until, elocs,
	    keys);
}

/* Calls look with each key of a table, from a beginning on that all have. */
static void
each(enum table table, struct bytes beginning, void (*look)(struct bytes key))
{
	struct bytes key, value;
	uint8_t copy[STORE_KEY];
	size_t n;
	bool more = change_ceiling(change, table, beginning, &key, &value);

	while (more && key.n >= beginning.n &&
	       (beginning.n == 0 || memcmp(key.p, beginning.p, beginning.n) == 0)) {
		n = key.n;
		memcpy(copy, key.p, n);
		look((struct bytes){copy, n});
		more = change_ceiling(change, table, (struct bytes){copy, n}, &key, &value) &&
		       change_next(change, table, &key, &value);
	}
}

static void
lease_look(struct bytes key)
{
	struct name owner = {.n = 0};
	struct claim claim;

	if (name_from_key(key, &owner) != 0 || !claim_get(change, &owner, &claim))
		wrong(&owner, "a claim that cannot be read");
	else
		claim_look(&owner, &claim);
}

static void
expiry_look(struct bytes key)
{
	struct name owner = {.n = 0};
	struct claim claim;

	if (key.n < 6 || name_from_key((struct bytes){key.p + 5, key.n - 5}, &owner) != 0)
		wrong(&owner, "an entry in the order of time that cannot be read");
	else if (!claim_get(change, &owner, &claim))
		wrong(&owner, "an entry in the order of time of no claim");
	else if (claim.entry != ((uint64_t)key.p[0] << 32 | get_u32(key.p + 1)))
		wrong(&owner, "an entry in the order of time that is not its claim's");
}

static void
node_look(struct bytes key)
{
	struct name owner;
	struct claim claim;
	struct node node;
	bool claimed;

	if (node_key_name(key, &owner) != 0)
		return;
	node = node_at(&owner);
	claimed = claim_get(change, &owner, &claim);
	if (records_at(&node, RR_KEY) > 0 && !claimed)
		wrong(&owner, "has a KEY, and is claimed by nobody");
	else if (records_at(&node, RR_ELOC) > 0 && claimed && claim.until == 0)
		wrong(&owner, "has locators without a lease");
}

/* Each count that there should be is there, and as many as there are. */
static void
counts_look(void)
{
	size_t rows = 0;
	struct bytes key, value;
	bool more = change_ceiling(change, TABLE_COUNTS, (struct bytes){NULL, 0}, &key, &value);

	for (; more; more = change_next(change, TABLE_COUNTS, &key, &value))
		rows++;
	if (rows != n_counts)
		fprintf(stderr, "%zu counts instead of %zu\n", rows, n_counts);
	n_wrong += rows != n_counts;
	for (size_t i = 0; i < n_counts; i++) {
		uint64_t there = counts[i].of_source ? claim_count_source(change,
							   &counts[i].apex, counts[i].source)
						     : claim_count(change, &counts[i].apex);

		if (there != counts[i].n)
			wrong(&counts[i].apex, "%llu claims are counted%s, and %llu are there",
			    (unsigned long long)there,
			    counts[i].of_source ? " of a source" : "",
			    (unsigned long long)counts[i].n);
	}
}

int
main(int argc, char **argv)
{
	struct store *store;
	char why[512];

	if (argc < 3 || store_open(argv[1], MAP_SIZE, &store, why, sizeof why) != 0 ||
	    change_begin(store, &change) != 0) {
		fprintf(stderr, "claims: %s\n", argc < 3 ? "DATABASE ZONE..." : why);
		return 2;
	}
	each(TABLE_LEASES, (struct bytes){NULL, 0}, lease_look);
	each(TABLE_EXPIRY, (struct bytes){NULL, 0}, expiry_look);
	counts_look();
	for (int i = 2; i < argc; i++) {
		struct name apex;
		struct zone zone;
		uint8_t id[4];

		if (name_from(argv[i], &apex) != 0 || !work_zone(change, &apex, &zone)) {
			fprintf(stderr, "%s: no such zone\n", argv[i]);
			n_wrong++;
			continue;
		}
		put_u32(id, zone.id);
		each(TABLE_NODES, (struct bytes){id, sizeof id}, node_look);
	}
	if (change_error(change) != 0) {
		fprintf(stderr, "claims: the database cannot be read\n");
		n_wrong++;
	}
	change_abort(change);
	store_close(store);
	return n_wrong == 0 ? 0 : 1;
}
