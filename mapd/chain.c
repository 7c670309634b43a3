/*
 * chain.c - the NSEC3 records that a change of some names takes.
 * Knows the order of hashes; knows nothing of why a name comes or goes, nor of what it holds.
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

/* The link of a name that the change touches; NULL: it is another's. */
static struct chain_link *
chain_own(const struct chain *chain, const uint8_t hash[NSEC3_HASH])
{
	struct chain_link wanted;

	memcpy(wanted.hash, hash, NSEC3_HASH);
	return bsearch(
	    &wanted, chain->links, chain->n_names, sizeof chain->links[0], link_compare);
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
	return key.n == DENIAL_KEY && get_u32(key.p) == chain->zone->id;
}

/* The stored record that follows, around the end, and stays; false: there is none. */
static bool
stored_next(const struct chain *chain, const uint8_t hash[NSEC3_HASH], uint8_t out[NSEC3_HASH])
{
	struct change *change = chain->change;
	uint8_t octets[DENIAL_KEY];
	struct bytes key = {octets, denial_key(chain->zone->id, hash, octets)}, value;
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
		if (!change_floor(chain->change, TABLE_DENIAL, key, &key, &value) ||
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

	denial_key(chain->zone->id, hash, octets);
	if (!key_less(octets) || !stored_floor(chain, octets)) {
		denial_key(chain->zone->id, hash, octets);
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
	size_t low = 0, high = chain->n_names;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (hash_compare(chain->links[middle].hash, hash) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = 0; i < chain->n_names; i++) {
		const struct chain_link *link = &chain->links[(low + i) % chain->n_names];

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
chain_refuse(struct chain *chain, const struct name *name)
{
	char text[NAME_TEXT];

	snprintf(chain->why, chain->why_max,
	    "%s: the same NSEC3 hash as another name: configure denial: nsec",
	    name_print(name, text));
	return -MAP_EREFUSED;
}

/* Each touched name may have one before it. */
static int
chain_room(struct chain *chain)
{
	size_t max = chain->max * 2 + 64;
	struct chain_link *more;

	if (2 * (chain->n_names + 1) <= chain->max)
		return 0;
	more = realloc(chain->links, max * sizeof *more);
	if (more == NULL)
		return -MAP_ENOMEM;
	chain->links = more;
	chain->max = max;
	return 0;
}

int
chain_add(struct chain *chain, const struct name *name, bool had, bool wanted, size_t at)
{
	struct chain_link *link;
	int rc;

	if (!had && !wanted)
		return 0;
	rc = chain_room(chain);
	if (rc != 0)
		return rc;
	link = &chain->links[chain->n_names++];
	*link = (struct chain_link){.name = name, .at = at, .had = had, .wanted = wanted};
	return trust_nsec3(name, link->hash);
}

/* Those of other names, before what comes or goes. */
static void
chain_add_before(struct chain *chain)
{
	uint8_t hash[NSEC3_HASH];

	chain->n = chain->n_names;
	for (size_t i = 0; i < chain->n_names; i++) {
		struct chain_link *link = &chain->links[i];

		if (link->had == link->wanted || !stored_before(chain, link->hash, hash) ||
		    chain_own(chain, hash) != NULL)
			continue;
		/* neighbours are next to each other: the same one is found again at once, or at the end */
		if ((chain->n > chain->n_names &&
			hash_compare(chain->links[chain->n - 1].hash, hash) == 0) ||
		    (chain->n > chain->n_names + 1 &&
			hash_compare(chain->links[chain->n_names].hash, hash) == 0))
			continue;
		link = &chain->links[chain->n++];
		*link = (struct chain_link){.had = true, .wanted = true};
		memcpy(link->hash, hash, NSEC3_HASH);
	}
}

int
chain_find(struct chain *chain)
{
	struct change *change = chain->change;

	if (chain->n_names == 0)
		return 0;
	qsort(chain->links, chain->n_names, sizeof chain->links[0], link_compare);
	for (size_t i = 0; i < chain->n_names; i++) {
		const struct chain_link *link = &chain->links[i];
		uint8_t octets[DENIAL_KEY];
		struct bytes key = {octets, denial_key(chain->zone->id, link->hash, octets)};
		struct bytes value;

		if ((i > 0 && link_compare(&chain->links[i - 1], link) == 0) ||
		    (link->wanted && !link->had &&
			change_get(change, TABLE_DENIAL, key, &value)))
			return chain_refuse(chain, link->name);
	}
	chain_add_before(chain);
	for (size_t i = 0; i < chain->n; i++)
		if (chain->links[i].wanted)
			chain_next(chain, chain->links[i].hash, chain->links[i].next);
	return change_error(change);
}

bool
chain_has(
    const struct chain *chain, const struct chain_link *link, struct bytes rdata, uint32_t ttl)
{
	uint8_t octets[DENIAL_KEY];
	struct bytes key = {octets, denial_key(chain->zone->id, link->hash, octets)}, value;
	struct denial stored;

	return change_get(chain->change, TABLE_DENIAL, key, &value) &&
	       denial_read(value, &stored) == 0 && stored.ttl == ttl && stored.signatures > 0 &&
	       bytes_equal(stored.rdata, rdata);
}

/* Another name's record, of which only the next hash changes. */
static int
link_patch(struct chain *chain, const struct chain_link *link)
{
	uint8_t octets[DENIAL_KEY], label[NSEC3_LABEL + 2] = {NSEC3_LABEL}, *copy;
	struct bytes key = {octets, denial_key(chain->zone->id, link->hash, octets)}, value,
		     rdata;
	struct denial stored;
	struct name owner;
	struct rrset set = {&owner, RR_NSEC3, CLASS_IN, 0, 1, &rdata};

	if (!change_get(chain->change, TABLE_DENIAL, key, &value) ||
	    denial_read(value, &stored) != 0 || stored.rdata.n < NEXT_AT + NSEC3_HASH)
		return -MAP_EDATABASE;
	copy = batch_keep(chain->batch, stored.rdata.p, stored.rdata.n);
	nsec3_label(link->hash, (char *)label + 1);
	if (copy == NULL || name_child(&chain->zone->apex, label, &owner) != 0)
		return -MAP_ESPACE;
	memcpy(copy + NEXT_AT, link->next, NSEC3_HASH);
	rdata = (struct bytes){copy, stored.rdata.n};
	set.ttl = stored.ttl;
	batch_denial(chain->batch, chain->zone->id, link->hash);
	batch_set(chain->batch, &set, chain->signers);
	return 0;
}

int
chain_write(struct chain *chain, chain_put_fn *put, void *arg)
{
	uint8_t octets[DENIAL_KEY];
	int rc = 0;

	for (size_t i = 0; i < chain->n && rc == 0; i++) {
		const struct chain_link *link = &chain->links[i];

		if (!batch_fits(chain->batch, 1, RRSET_NAME))
			rc = batch_flush(chain->batch, chain->change);
		if (rc != 0)
			break;
		if (!link->wanted)
			batch_remove(chain->batch, chain->change, TABLE_DENIAL,
			    (struct bytes){
				octets, denial_key(chain->zone->id, link->hash, octets)});
		else
			rc = link->name != NULL ? put(arg, link) : link_patch(chain, link);
	}
	return rc != 0 ? rc : change_error(chain->change);
}

void
chain_fini(struct chain *chain)
{
	free(chain->links);
	chain->links = NULL;
}
