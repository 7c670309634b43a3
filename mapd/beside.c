/*
 * beside.c - stored names beside those that an edit changes.
 * Knows which names decide about others: what lies below an empty one, what comes next in a chain.
 */
#include "mapd/beside.h"

#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

/* A walk over the stored names of the zone. */
struct side {
	struct places *places;
	struct records *rows;
	struct places *before;
};

static bool
key_is_zones(const struct side *side, struct bytes key)
{
	return key.n >= 4 && get_u32(key.p) == side->places->zone->id;
}

/* The records of a stored name, or (one) its first: enough to be there. */
static int
rows_add(struct side *side, struct bytes key, struct bytes value, bool one)
{
	struct draft draft = {0};
	struct name name;
	int rc = node_key_name(key, &name) != 0 ? -MAP_EDATABASE : draft_read(&draft, value);

	for (size_t i = 0; i < draft.n && rc == 0 && (i == 0 || !one); i++) {
		const struct draft_record *record = &draft.records[i];
		struct rr rr = {&name, record->type, CLASS_IN, record->ttl, record->rdata};

		rc = records_add(side->rows, &rr, 0, 0);
	}
	draft_fini(&draft);
	return rc;
}

/* An empty name is there as long as something below it is. */
static int
below_add(struct side *side, const struct place *place)
{
	struct change *change = side->places->change;
	struct bytes key = {place->key, place->key_n}, value;
	const struct place *other;
	struct node node;
	bool more = change_ceiling(change, TABLE_NODES, key, &key, &value);

	for (; more && key.n >= place->key_n && memcmp(key.p, place->key, place->key_n) == 0;
	     more = change_next(change, TABLE_NODES, &key, &value)) {
		if (key.n == place->key_n)
			continue;
		other = places_find_key(side->places, key);
		if (other != NULL && other->new_records > 0)
			return 0;
		if (node_read(value, &node) != 0)
			return -MAP_EDATABASE;
		if (other == NULL && (node.flags & NODE_EMPTY) == 0)
			return rows_add(side, key, value, true);
	}
	return 0;
}

/* The next name that has an NSEC record, if it is none of the places: they look for themselves. */
static int
next_add(struct side *side, const struct place *place)
{
	struct change *change = side->places->change;
	struct bytes key = {place->key, place->key_n}, value;
	struct node node;
	bool more = change_ceiling(change, TABLE_NODES, key, &key, &value);

	for (; more && key_is_zones(side, key);
	     more = change_next(change, TABLE_NODES, &key, &value)) {
		if (bytes_equal(key, (struct bytes){place->key, place->key_n}))
			continue;
		if (places_find_key(side->places, key) != NULL)
			return 0;
		if (node_read(value, &node) != 0)
			return -MAP_EDATABASE;
		if ((node.flags & (NODE_EMPTY | NODE_OCCLUDED)) == 0)
			return rows_add(side, key, value, true);
	}
	return 0;
}

/* The one before, in the same way. The key just below a key is the key without its last 00. */
static int
before_add(struct side *side, const struct place *place)
{
	struct change *change = side->places->change;
	uint8_t octets[NODE_KEY];
	size_t n = place->key_n;
	struct bytes key, value;
	struct node node;
	struct name name;

	memcpy(octets, place->key, n);
	while (n > 4) {
		key = (struct bytes){octets, n - 1};
		if (!change_floor(change, TABLE_NODES, key, &key, &value) ||
		    !key_is_zones(side, key) || places_find_key(side->places, key) != NULL)
			return 0;
		if (node_read(value, &node) != 0 || node_key_name(key, &name) != 0)
			return -MAP_EDATABASE;
		if ((node.flags & (NODE_EMPTY | NODE_OCCLUDED)) == 0) {
			if (places_add(side->before, &name) == NULL)
				return -MAP_ENOMEM;
			return rows_add(side, key, value, false);
		}
		n = key.n;
		memcpy(octets, key.p, n);
	}
	return 0;
}

static int
place_beside(struct side *side, const struct place *place)
{
	bool nsec = side->places->zone->denial == DENIAL_NSEC;
	struct bytes value;
	int rc = 0;

	if (!place_is_changed(place) && place->stored &&
	    change_get(side->places->change, TABLE_NODES,
		(struct bytes){place->key, place->key_n}, &value))
		rc = rows_add(side, (struct bytes){place->key, place->key_n}, value, false);
	if (rc == 0 && place->new_records == 0)
		rc = below_add(side, place);
	if (rc == 0 && nsec)
		rc = next_add(side, place);
	if (rc == 0 && nsec)
		rc = before_add(side, place);
	return rc;
}

int
beside_add(struct places *places, struct records *rows, struct places *before)
{
	struct side side = {places, rows, before};
	int rc = 0;

	*before = (struct places){.change = places->change, .zone = places->zone};
	for (size_t i = 0; i < places->n && rc == 0; i++)
		rc = place_beside(&side, places->at[i]);
	places_sort(before);
	for (size_t i = 0; i < before->n && rc == 0; i++)
		rc = place_read(before, before->at[i]);
	return rc != 0 ? rc : change_error(places->change);
}
