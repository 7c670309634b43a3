/*
 * chain.c - the NSEC3 records that an edit changes.
 * Knows the order of hashes; knows nothing of why a name comes or goes.
 */
#include "mapd/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

#define NEXT_AT \
	6 /* in RDATA without salt: algorithm, flags, iterations, two lengths before it */

static int
hash_compare(const void *a, const void *b)
{
	return memcmp(a, b, NSEC3_HASH);
}

static int
link_compare(const void *a, const void *b)
{
	return hash_compare(
	    ((const struct chain_link *)a)->hash, ((const struct chain_link *)b)->hash);
}

/* The link of a name that the edit touches; NULL: it is another's. */
static struct chain_link *
chain_own(const struct chain *chain, const uint8_t hash[NSEC3_HASH])
{
	struct chain_link wanted;

	memcpy(wanted.hash, hash, NSEC3_HASH);
	return bsearch(
	    &wanted, chain->links, chain->n_places, sizeof chain->links[0], link_compare);
}

static bool
link_goes(const struct chain *chain, const uint8_t hash[NSEC3_HASH])
{
	const struct chain_link *link = chain_own(chain, hash);

	return link != NULL && link->had && !link->wanted;
}

static bool
key_is_zones(const struct chain *chain, struct bytes key)
{
	return key.n == DENIAL_KEY && get_u32(key.p) == chain->build->zone->id;
}

/* The stored record that follows, around the end, and stays; false: there is none. */
static bool
stored_next(const struct chain *chain, const uint8_t hash[NSEC3_HASH], uint8_t out[NSEC3_HASH])
{
	struct change *change = chain->build->change;
	uint8_t octets[DENIAL_KEY];
	struct bytes key = {octets, denial_key(chain->build->zone->id, hash, octets)}, value;
	bool more = change_ceiling(change, TABLE_DENIAL, key, &key, &value);

	if (more && key_is_zones(chain, key) && memcmp(key.p + 4, hash, NSEC3_HASH) == 0)
		more = change_next(change, TABLE_DENIAL, &key, &value);
	for (int around = 0; around < 2; around++) {
		for (; more && key_is_zones(chain, key);
		     more = change_next(change, TABLE_DENIAL, &key, &value))
			if (!link_goes(chain, key.p + 4)) {
				memcpy(out, key.p + 4, NSEC3_HASH);
				return true;
			}
		key = (struct bytes){octets, 4};
		more = change_ceiling(change, TABLE_DENIAL, key, &key, &value);
	}
	return false;
}

/* The key just below; false: there is none in this zone. */
static bool
key_less(uint8_t octets[DENIAL_KEY])
{
	size_t i = DENIAL_KEY;

	while (i > 4 && octets[i - 1]-- == 0)
		i--;
	return i > 4;
}

/* The last stored record at or before octets that stays, into octets; false: there is none. */
static bool
stored_floor(const struct chain *chain, uint8_t octets[DENIAL_KEY])
{
	struct bytes key, value;

	do {
		key = (struct bytes){octets, DENIAL_KEY};
		if (!change_floor(chain->build->change, TABLE_DENIAL, key, &key, &value) ||
		    !key_is_zones(chain, key))
			return false;
		memcpy(octets, key.p, DENIAL_KEY);
		if (!link_goes(chain, octets + 4))
			return true;
	} while (key_less(octets));
	return false;
}

/* The stored record before, around the beginning, that stays; false: there is none. */
static bool
stored_before(
    const struct chain *chain, const uint8_t hash[NSEC3_HASH], uint8_t out[NSEC3_HASH])
{
	uint8_t octets[DENIAL_KEY];

	denial_key(chain->build->zone->id, hash, octets);
	if (!key_less(octets) || !stored_floor(chain, octets)) {
		denial_key(chain->build->zone->id, hash, octets);
		memset(octets + 4, 0xff, NSEC3_HASH);
		if (!stored_floor(chain, octets))
			return false;
	}
	memcpy(out, octets + 4, NSEC3_HASH);
	return true;
}

/* Whether a comes before b on the way around from where. */
static bool
hash_is_nearer(const uint8_t *where, const uint8_t *a, const uint8_t *b)
{
	bool a_wraps = hash_compare(a, where) <= 0, b_wraps = hash_compare(b, where) <= 0;

	return a_wraps != b_wraps ? b_wraps : hash_compare(a, b) < 0;
}

/* The hash that follows when the edit is done. */
static void
chain_next(const struct chain *chain, const uint8_t hash[NSEC3_HASH], uint8_t out[NSEC3_HASH])
{
	bool any = stored_next(chain, hash, out);
	size_t low = 0, high = chain->n_places;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (hash_compare(chain->links[middle].hash, hash) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = 0; i < chain->n_places; i++) {
		const struct chain_link *link = &chain->links[(low + i) % chain->n_places];

		if (link->had || !link->wanted)
			continue;
		if (!any || hash_is_nearer(hash, link->hash, out))
			memcpy(out, link->hash, NSEC3_HASH);
		return;
	}
	if (!any)
		memcpy(out, hash, NSEC3_HASH);
}

static int
chain_refuse(struct chain *chain, uint32_t entry)
{
	struct build *build = chain->build;
	char text[NAME_TEXT];
	struct name name;

	plan_name(build->plan, &build->plan->entries[entry], &name);
	snprintf(build->why, sizeof build->why,
	    "%s: the same NSEC3 hash as another name: configure denial: nsec",
	    name_print(&name, text));
	return -MAP_EREFUSED;
}

static int
chain_add_places(struct chain *chain)
{
	const struct plan *plan = chain->build->plan;
	int rc = 0;

	for (size_t i = 0; i < chain->places->n && rc == 0; i++) {
		const struct place *place = chain->places->at[i];
		struct chain_link *link = &chain->links[chain->n_places];

		link->entry = place->entry;
		link->had = place->stored && (place->flags & NODE_OCCLUDED) == 0;
		link->wanted = place->entry != PLACE_NONE &&
			       (plan->entries[place->entry].flags & NODE_OCCLUDED) == 0;
		if (!link->had && !link->wanted)
			continue;
		rc = trust_nsec3(&place->name, link->hash);
		chain->n_places++;
	}
	qsort(chain->links, chain->n_places, sizeof chain->links[0], link_compare);
	return rc;
}

/* Those of other names, before what comes or goes. */
static void
chain_add_before(struct chain *chain)
{
	uint8_t hash[NSEC3_HASH];

	chain->n = chain->n_places;
	for (size_t i = 0; i < chain->n_places; i++) {
		struct chain_link *link = &chain->links[i];

		if (link->had == link->wanted || !stored_before(chain, link->hash, hash) ||
		    chain_own(chain, hash) != NULL)
			continue;
		/* neighbours are next to each other: the same one is found again at once, or at the end */
		if ((chain->n > chain->n_places &&
			hash_compare(chain->links[chain->n - 1].hash, hash) == 0) ||
		    (chain->n > chain->n_places + 1 &&
			hash_compare(chain->links[chain->n_places].hash, hash) == 0))
			continue;
		link = &chain->links[chain->n++];
		*link = (struct chain_link){.entry = PLACE_NONE, .had = true, .wanted = true};
		memcpy(link->hash, hash, NSEC3_HASH);
	}
}

int
chain_find(struct chain *chain)
{
	struct change *change = chain->build->change;
	int rc;

	chain->links = calloc(2 * chain->places->n + 1, sizeof chain->links[0]);
	if (chain->links == NULL)
		return -MAP_ENOMEM;
	rc = chain_add_places(chain);
	for (size_t i = 0; i < chain->n_places && rc == 0; i++) {
		const struct chain_link *link = &chain->links[i];
		uint8_t octets[DENIAL_KEY];
		struct bytes key = {
		    octets, denial_key(chain->build->zone->id, link->hash, octets)};
		struct bytes value;

		if ((i > 0 && link_compare(&chain->links[i - 1], link) == 0) ||
		    (link->wanted && !link->had &&
			change_get(change, TABLE_DENIAL, key, &value)))
			rc = chain_refuse(chain, link->entry);
	}
	if (rc != 0)
		return rc;
	chain_add_before(chain);
	for (size_t i = 0; i < chain->n; i++)
		if (chain->links[i].wanted)
			chain_next(chain, chain->links[i].hash, chain->links[i].next);
	return change_error(change);
}

/* The record of a name that the edit touches. */
static int
link_write(struct chain *chain, const struct chain_link *link, struct gathered *g)
{
	struct build *build = chain->build;
	struct hashed at = {.entry = link->entry}, next = {.entry = 0};
	uint8_t octets[DENIAL_KEY];
	struct bytes key = {octets, denial_key(build->zone->id, link->hash, octets)}, value;
	struct denial stored;
	int rc;

	memcpy(at.hash, link->hash, NSEC3_HASH);
	memcpy(next.hash, link->next, NSEC3_HASH);
	rc = gather_nsec3(build, &at, &next, g);
	if (rc != 0)
		return rc;
	if (change_get(build->change, TABLE_DENIAL, key, &value) &&
	    denial_read(value, &stored) == 0 && stored.ttl == g->sets[0].ttl &&
	    stored.signatures > 0 && bytes_equal(stored.rdata, g->sets[0].rdata[0]))
		return 0;
	batch_denial(build->batch, build->zone->id, link->hash);
	batch_set(build->batch, &g->sets[0], build->signers);
	return 0;
}

/* Another name's record, of which only the next hash changes. */
static int
link_patch(struct chain *chain, const struct chain_link *link)
{
	struct build *build = chain->build;
	uint8_t octets[DENIAL_KEY], label[NSEC3_LABEL + 2] = {NSEC3_LABEL}, *copy;
	struct bytes key = {octets, denial_key(build->zone->id, link->hash, octets)}, value,
		     rdata;
	struct denial stored;
	struct name owner;
	struct rrset set = {&owner, RR_NSEC3, CLASS_IN, 0, 1, &rdata};

	if (!change_get(build->change, TABLE_DENIAL, key, &value) ||
	    denial_read(value, &stored) != 0 || stored.rdata.n < NEXT_AT + NSEC3_HASH)
		return -MAP_EDATABASE;
	copy = batch_keep(build->batch, stored.rdata.p, stored.rdata.n);
	nsec3_label(link->hash, (char *)label + 1);
	if (copy == NULL || name_child(&build->zone->apex, label, &owner) != 0)
		return -MAP_ESPACE;
	memcpy(copy + NEXT_AT, link->next, NSEC3_HASH);
	rdata = (struct bytes){copy, stored.rdata.n};
	set.ttl = stored.ttl;
	batch_denial(build->batch, build->zone->id, link->hash);
	batch_set(build->batch, &set, build->signers);
	return 0;
}

int
chain_write(struct chain *chain, struct gathered *g)
{
	struct build *build = chain->build;
	uint8_t octets[DENIAL_KEY];
	int rc = 0;

	for (size_t i = 0; i < chain->n && rc == 0; i++) {
		const struct chain_link *link = &chain->links[i];
		size_t records = link->wanted && link->entry != PLACE_NONE
				     ? build->plan->entries[link->entry].records
				     : 1;

		if (!batch_fits(build->batch, records, RRSET_NAME))
			rc = batch_flush(build->batch, build->change);
		if (rc != 0)
			break;
		if (!link->wanted)
			batch_remove(build->batch, build->change, TABLE_DENIAL,
			    (struct bytes){
				octets, denial_key(build->zone->id, link->hash, octets)});
		else
			rc = link->entry != PLACE_NONE ? link_write(chain, link, g)
						       : link_patch(chain, link);
	}
	return rc != 0 ? rc : change_error(build->change);
}

void
chain_fini(struct chain *chain)
{
	free(chain->links);
	chain->links = NULL;
}
