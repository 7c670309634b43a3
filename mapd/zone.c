/*
 * zone.c - finds the served zone of a name: a hash table over the apexes, probed by suffix.
 * Knows apexes; knows nothing of what is in a zone.
 */
#include "mapd/zone.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

#define HASH_SEED 2166136261u /* FNV-1a: short, and apexes are the operator's own */
#define HASH_PRIME 16777619u

struct slot {
	uint32_t hash;
	uint32_t index; /* of the zone, plus 1; 0: empty */
};

struct zones {
	uint64_t generation;
	bool loaded;
	unsigned max_labels; /* of the longest apex */
	size_t n;
	size_t room;
	struct zone *zone;
	size_t mask;
	struct slot *slot;
};

/* The hash of a suffix out of the hash of its parent: suffixes are tried from the root down. */
static uint32_t
hash_label(uint32_t hash, const uint8_t *label)
{
	for (size_t i = 0; i <= label[0]; i++) {
		uint8_t c = label[i];

		hash = (hash ^ (c >= 'A' && c <= 'Z' ? c | 0x20u : c)) * HASH_PRIME;
	}
	return hash;
}

static uint32_t
hash_name(const struct name *name)
{
	uint8_t at[NAME_LABELS];
	unsigned labels = name_offsets(name, at) - 1;
	uint32_t hash = HASH_SEED;

	while (labels > 0)
		hash = hash_label(hash, name->w + at[--labels]);
	return hash;
}

int
zones_new(struct zones **out)
{
	*out = calloc(1, sizeof(**out));
	return *out == NULL ? -MAP_ENOMEM : 0;
}

void
zones_free(struct zones *zones)
{
	if (zones == NULL)
		return;
	free(zones->zone);
	free(zones->slot);
	free(zones);
}

size_t
zones_count(const struct zones *zones)
{
	return zones->n;
}

static int
zones_add(struct zones *zones, struct bytes value)
{
	struct zone *grown;
	int error;

	if (zones->n == zones->room) {
		size_t room = zones->room > 0 ? 2 * zones->room : 8;

		grown = realloc(zones->zone, room * sizeof(*grown));
		if (grown == NULL)
			return -MAP_ENOMEM;
		zones->zone = grown;
		zones->room = room;
	}
	error = zone_meta_read(value, &zones->zone[zones->n]);
	if (error != 0)
		return -MAP_EDATABASE;
	zones->n++;
	return 0;
}

static int
zones_index(struct zones *zones)
{
	size_t size = 8;

	while (size < 2 * zones->n + 1)
		size *= 2;
	zones->slot = calloc(size, sizeof(*zones->slot));
	if (zones->slot == NULL)
		return -MAP_ENOMEM;
	zones->mask = size - 1;
	for (size_t i = 0; i < zones->n; i++) {
		const struct name *apex = &zones->zone[i].apex;
		uint32_t hash = hash_name(apex);
		size_t at = hash & zones->mask;

		while (zones->slot[at].index != 0)
			at = (at + 1) & zones->mask;
		zones->slot[at] = (struct slot){hash, (uint32_t)(i + 1)};
		if (name_labels(apex) > zones->max_labels)
			zones->max_labels = name_labels(apex);
	}
	return 0;
}

static int
zones_load(struct zones *zones, struct snapshot *snap)
{
	static const uint8_t lowest[] = {0};
	struct bytes key, value;
	bool more =
	    snapshot_ceiling(snap, TABLE_ZONES, (struct bytes){lowest, 1}, &key, &value);
	int error = 0;

	for (; more && error == 0; more = snapshot_next(snap, TABLE_ZONES, &key, &value))
		error = zones_add(zones, value);
	if (error == 0)
		error = snapshot_error(snap);
	return error != 0 ? error : zones_index(zones);
}

static int
generation_read(struct snapshot *snap, uint64_t *generation)
{
	static const char name[] = META_GENERATION;
	struct bytes key = {(const uint8_t *)name, sizeof(name) - 1}, value;
	struct rd rd;

	*generation = 0;
	if (!snapshot_get(snap, TABLE_META, key, &value))
		return snapshot_error(snap);
	rd = rd_init(value);
	if (rd_u8(&rd) != NODE_VERSION)
		return -MAP_EDATABASE;
	*generation = rd_u64(&rd);
	return rd_end(&rd) != 0 ? -MAP_EDATABASE : 0;
}

int
zones_refresh(struct zones *zones, struct snapshot *snap)
{
	struct zones fresh = {.loaded = true};
	int error = generation_read(snap, &fresh.generation);

	if (error != 0 || (zones->loaded && zones->generation == fresh.generation))
		return error;
	error = zones_load(&fresh, snap);
	if (error != 0) {
		free(fresh.zone);
		free(fresh.slot);
		return error;
	}
	free(zones->zone);
	free(zones->slot);
	*zones = fresh;
	return 0;
}

static const struct zone *
zones_probe(const struct zones *zones, uint32_t hash, const uint8_t *suffix, size_t n)
{
	for (size_t at = hash & zones->mask; zones->slot[at].index != 0;
	     at = (at + 1) & zones->mask) {
		const struct zone *zone = &zones->zone[zones->slot[at].index - 1];
		struct name name;

		if (zones->slot[at].hash != hash || zone->apex.n != n)
			continue;
		name.n = (uint8_t)n;
		memcpy(name.w, suffix, n);
		if (name_equal(&name, &zone->apex))
			return zone;
	}
	return NULL;
}

/* The closest zone above the suffixes of name that leave out its first skip labels. */
static const struct zone *
zone_find_above(const struct zones *zones, const struct name *name, unsigned skip)
{
	uint8_t at[NAME_LABELS];
	unsigned labels = name_offsets(name, at) - 1;
	unsigned left = labels < skip ? 0 : labels - skip;
	uint32_t hash = HASH_SEED;
	const struct zone *best;

	if (zones->n == 0 || labels < skip)
		return NULL;
	if (left > zones->max_labels)
		left = zones->max_labels;
	best = zones_probe(zones, hash, name->w + name->n - 1, 1);
	for (unsigned i = 1; i <= left; i++) {
		size_t from = at[labels - i];
		const struct zone *zone;

		hash = hash_label(hash, name->w + from);
		zone = zones_probe(zones, hash, name->w + from, name->n - from);
		if (zone != NULL)
			best = zone;
	}
	return best;
}

const struct zone *
zone_find(const struct zones *zones, const struct name *name)
{
	return zone_find_above(zones, name, 0);
}

const struct zone *
zone_find_for(const struct zones *zones, const struct name *name, uint16_t type)
{
	const struct zone *zone = zone_find_above(zones, name, 0);
	const struct zone *parent;

	/* RFC 4035 3.1.4.1: DS is the parent's */
	if (type != RR_DS || zone == NULL || zone->apex.n != name->n)
		return zone;
	parent = zone_find_above(zones, name, 1);
	return parent != NULL ? parent : zone;
}
