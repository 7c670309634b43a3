/*
 * settle.c - a desk written: names with their signatures, empty names above them, the chain of denial, the SOA,
 * the journal.
 * Knows what a zone must hold; knows nothing of who asked for the change.
 */
#include "mapd/settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"
#include "mapd/chain.h"
#include "mapd/meta.h"
#include "mapd/revise.h"

#define SOA_SERIAL_END 20 /* the serial stands so many octets before the end */
#define NSEC3_HEAD 25 /* algorithm, flags, iterations, no salt, length and hash */
#define BITMAP_MAX (256 * 34)

struct settling {
	struct work *work;
	struct desk *desk;
	struct zone zone;
	struct signers signers;
	struct chain chain;
	struct bytes *rdata; /* of the set that is put */
	size_t max_rdata;
};

/* The name itself, or one above it, which comes and goes with it. */
static bool
spot_is_wild(const struct spot *spot)
{
	while (spot != NULL && !name_is_wildcard(&spot->name))
		spot = spot->parent;
	return spot != NULL;
}

bool
spot_is_whole(const struct desk *desk, const struct spot *spot)
{
	static const uint16_t shaping[] = {RR_NS, RR_DS, RR_CNAME, RR_DNAME, RR_SOA};
	uint16_t before[RRSET_TYPES], next[RRSET_TYPES];
	size_t n, m;

	if (spot_is_apex(desk, spot) || spot_is_wild(spot) || spot_is_occluded(spot) ||
	    (spot->flags & (NODE_CUT | NODE_DNAME)) != 0)
		return true;
	for (size_t i = 0; i < sizeof shaping / sizeof shaping[0]; i++)
		if (draft_has(&spot->now, shaping[i]) || draft_has(&spot->next, shaping[i]))
			return true;
	if (desk->zone.denial == DENIAL_NSEC3)
		return false;
	n = draft_types(&spot->now, before, RRSET_TYPES);
	m = draft_types(&spot->next, next, RRSET_TYPES);
	return n != m || memcmp(before, next, n * sizeof before[0]) != 0;
}

bool
desk_is_whole(const struct desk *desk)
{
	bool whole = false;

	for (size_t i = 0; i < desk->n_tried && !whole; i++) {
		const struct spot *spot = desk->tried[i];

		whole = !draft_equal(&spot->now, &spot->next) && spot_is_whole(desk, spot);
	}
	return whole;
}

static int
spot_compare(const void *a, const void *b)
{
	const struct spot *x = *(struct spot *const *)a, *y = *(struct spot *const *)b;

	return bytes_compare(
	    (struct bytes){x->key, x->key_n}, (struct bytes){y->key, y->key_n});
}

/* --- which names there will be --- */

/* The first spot whose key is not less. */
static size_t
desk_lower(const struct desk *desk, struct bytes key)
{
	size_t low = 0, high = desk->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct spot *spot = desk->spots[middle];

		if (bytes_compare((struct bytes){spot->key, spot->key_n}, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Whether a name below spot is stored that stays. */
static bool
spot_has_stored(const struct desk *desk, const struct spot *spot)
{
	struct bytes key = {spot->key, spot->key_n}, value;
	bool more = change_ceiling(desk->change, TABLE_NODES, key, &key, &value);

	for (; more && key.n >= spot->key_n && memcmp(key.p, spot->key, spot->key_n) == 0;
	     more = change_next(desk->change, TABLE_NODES, &key, &value)) {
		size_t at = desk_lower(desk, key);
		const struct spot *other = at < desk->n ? desk->spots[at] : NULL;

		if (key.n == spot->key_n)
			continue;
		if (other == NULL ||
		    !bytes_equal((struct bytes){other->key, other->key_n}, key) ||
		    other->exists)
			return true;
	}
	return false;
}

/*
 * Children come behind their parents in this order, so from the end on each knows whether it has one. A name
 * that had no records before and has none now is an empty one above others, and goes with the last of them.
 */
static void
desk_shape(struct desk *desk)
{
	qsort(desk->spots, desk->n, sizeof desk->spots[0], spot_compare);
	for (size_t i = desk->n; i > 0; i--) {
		struct spot *spot = desk->spots[i - 1];

		/* only an edit writes what is hidden, and there are no empty names above it */
		if (spot_is_occluded(spot)) {
			spot->exists = spot->stored;
			continue;
		}
		spot->exists = spot->now.n > 0 || spot->parental ||
			       (spot->stored && spot_is_apex(desk, spot));
		if (!spot->exists && spot->stored)
			spot->exists = spot_has_stored(desk, spot);
		if (spot->exists && spot->parent != NULL)
			spot->parent->parental = true;
	}
}

/* --- what is written of each --- */

static int
record_compare(const void *a, const void *b)
{
	const struct draft_record *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return rdata_compare(x->type, x->rdata, y->rdata);
}

/* The signatures of the set as it is stored, if it is the same and they are those that are wanted. */
static size_t
set_signatures(const struct settling *s, const struct node *node, const struct rrset *set,
    struct bytes out[SIGNERS])
{
	struct node_set stored;
	struct bytes rdata;
	size_t at = 0, n = 0, same = 0;
	uint16_t type;

	if (!node_find(node, set->type, &stored) || stored.ttl != set->ttl ||
	    stored.records != set->n)
		return 0;
	while (n < SIGNERS && node_set_next(&stored, &at, &type, &rdata))
		if (type == RR_RRSIG)
			out[n++] = rdata;
		else if (same < set->n && bytes_equal(rdata, set->rdata[same]))
			same++;
	return same == set->n && signers_match(&s->signers, set->type, out, n) ? n : 0;
}

static void
set_put(struct settling *s, const struct node *node, const struct rrset *set)
{
	struct bytes signatures[SIGNERS];
	size_t n = set_signatures(s, node, set, signatures);

	if (n > 0)
		batch_set_kept(s->work->batch, set, signatures, n);
	else
		batch_set(s->work->batch, set, &s->signers);
}

/* A set that mapd made, as it is stored. */
static void
set_put_made(struct settling *s, const struct spot *spot, const struct node_set *stored)
{
	struct bytes rdata[64], signatures[SIGNERS], one;
	struct rrset set = {&spot->name, stored->type, CLASS_IN, stored->ttl, 0, rdata};
	size_t at = 0, n = 0;
	uint16_t type;

	while (node_set_next(stored, &at, &type, &one))
		if (type == RR_RRSIG && n < SIGNERS)
			signatures[n++] = one;
		else if (type != RR_RRSIG && set.n < sizeof rdata / sizeof rdata[0])
			rdata[set.n++] = one;
	batch_set_kept(s->work->batch, &set, signatures, n);
}

/* The made sets of types below type (0: all that are left), from *at on. */
static void
sets_put_made(struct settling *s, const struct spot *spot, const struct node *node, size_t *at,
    uint32_t below)
{
	struct node_set set;
	size_t here = *at;

	while (node->body.n > 0 && node_next(node, &here, &set) && set.type < below) {
		if (!revise_is_data(set.type))
			set_put_made(s, spot, &set);
		*at = here;
	}
}

/* The SOA with the zone's new serial. */
static int
soa_renumber(struct settling *s, struct spot *apex)
{
	for (size_t i = 0; i < apex->now.n; i++) {
		struct draft_record *record = &apex->now.records[i];
		uint8_t *copy;

		if (record->type != RR_SOA || record->rdata.n < SOA_SERIAL_END)
			continue;
		copy = batch_keep(s->work->batch, record->rdata.p, record->rdata.n);
		if (copy == NULL)
			return -MAP_ESPACE;
		put_u32(copy + record->rdata.n - SOA_SERIAL_END, s->zone.serial);
		record->rdata.p = copy;
		return 0;
	}
	return -MAP_EDATABASE;
}

static int
settle_room(struct settling *s, const struct draft *draft)
{
	struct bytes *more;

	if (!batch_fits(s->work->batch, draft->n, RRSET_NAME)) {
		int rc = batch_flush(s->work->batch, s->desk->change);

		if (rc != 0)
			return rc;
	}
	if (draft->n <= s->max_rdata)
		return 0;
	more = realloc(s->rdata, draft->n * sizeof *more);
	if (more == NULL)
		return -MAP_ENOMEM;
	s->rdata = more;
	s->max_rdata = draft->n;
	return 0;
}

/* The sets of a spot, types ascending. */
static void
spot_put_sets(struct settling *s, const struct spot *spot, const struct node *node)
{
	const struct draft_record *records = spot->now.records;
	size_t made = 0;

	for (size_t i = 0, n; i < spot->now.n; i += n) {
		struct rrset set = {
		    &spot->name, records[i].type, CLASS_IN, records[i].ttl, 0, s->rdata + i};

		for (n = 0; i + n < spot->now.n && records[i + n].type == set.type; n++)
			s->rdata[i + n] = records[i + n].rdata;
		set.n = n;
		sets_put_made(s, spot, node, &made, set.type);
		set_put(s, node, &set);
	}
	sets_put_made(s, spot, node, &made, UINT32_MAX);
}

static int
spot_put(struct settling *s, struct spot *spot)
{
	struct node node = {0};
	uint8_t flags = spot->flags & (uint8_t)~NODE_EMPTY;
	int rc = settle_room(s, &spot->now);

	if (rc == 0 && spot->stored)
		rc = node_read(spot->value, &node);
	if (rc == 0 && spot_is_apex(s->desk, spot))
		rc = soa_renumber(s, spot);
	if (rc != 0)
		return rc;
	if (spot->now.n == 0)
		flags |= NODE_EMPTY;
	if (spot->now.n > 1)
		qsort(spot->now.records, spot->now.n, sizeof spot->now.records[0],
		    record_compare);
	batch_node(s->work->batch, s->zone.id, &spot->name, flags);
	spot_put_sets(s, spot, &node);
	return 0;
}

/* --- the chain of denial --- */

static bool
spot_types_differ(const struct spot *spot)
{
	uint16_t before[RRSET_TYPES], now[RRSET_TYPES];
	size_t n, m;

	if (!spot->changed)
		return false;
	n = draft_types(&spot->before, before, RRSET_TYPES);
	m = draft_types(&spot->now, now, RRSET_TYPES);
	return n != m || memcmp(before, now, n * sizeof before[0]) != 0;
}

/* RFC 5155 3: the record of one name, which is no cut. */
static int
link_put(void *arg, const struct chain_link *link)
{
	struct settling *s = arg;
	const struct spot *spot = s->desk->spots[link->at];
	uint16_t types[RRSET_TYPES + 1];
	uint8_t octets[NSEC3_HEAD + BITMAP_MAX], label[NSEC3_LABEL + 2] = {NSEC3_LABEL}, *kept;
	struct wr wr = wr_init(octets, sizeof octets);
	struct name owner;
	struct bytes rdata;
	struct rrset set = {&owner, RR_NSEC3, CLASS_IN, s->zone.negative_ttl, 1, &rdata};
	size_t n = draft_types(&spot->now, types, RRSET_TYPES), k;

	if (n > 0) {
		for (k = n++; k > 0 && types[k - 1] > RR_RRSIG; k--)
			types[k] = types[k - 1];
		types[k] = RR_RRSIG;
	}
	wr_u8(&wr, 1);
	wr_u8(&wr, 0);
	wr_u16(&wr, 0);
	wr_u8(&wr, 0);
	wr_u8(&wr, NSEC3_HASH);
	wr_copy(&wr, link->next, NSEC3_HASH);
	dnssec_bitmap_put(&wr, types, n);
	kept = batch_keep(s->work->batch, wr.base, wr.n);
	nsec3_label(link->hash, (char *)label + 1);
	if (wr.error != 0 || kept == NULL || name_child(&s->zone.apex, label, &owner) != 0)
		return -MAP_ESPACE;
	rdata = (struct bytes){kept, wr.n};
	batch_denial(s->work->batch, s->zone.id, link->hash);
	batch_set(s->work->batch, &set, &s->signers);
	return 0;
}

static int
chain_gather(struct settling *s)
{
	int rc = 0;

	if (s->zone.denial != DENIAL_NSEC3)
		return 0;
	for (size_t i = 0; i < s->desk->n && rc == 0; i++) {
		const struct spot *spot = s->desk->spots[i];

		if (spot->stored != spot->exists || spot_types_differ(spot))
			rc = chain_add(&s->chain, &spot->name, spot->stored, spot->exists, i);
	}
	return rc != 0 ? rc : chain_find(&s->chain);
}

/* --- all of it --- */

/* The zone's figures as the desk moves them; the SOA's spot is made. */
static int
settle_zone(struct settling *s, uint64_t now)
{
	struct zone *zone = &s->zone;
	struct spot *apex;
	uint32_t last;
	int rc = desk_spot(s->desk, &zone->apex, &apex);

	if (rc != 0)
		return rc;
	apex->changed = true;
	zone->serial++;
	if (meta_serial_get(s->desk->change, &zone->apex, &last) &&
	    !serial_after(zone->serial, last))
		zone->serial = last + 1;
	for (size_t i = 0; i < s->desk->n; i++) {
		const struct spot *spot = s->desk->spots[i];

		zone->names += (spot->now.n > 0) - (uint64_t)(spot->before.n > 0);
		zone->records += spot->now.n - spot->before.n;
		for (size_t k = 0; k < spot->now.n; k++)
			if (spot->now.records[k].ttl > zone->ttl_max)
				zone->ttl_max = spot->now.records[k].ttl;
	}
	zone->loaded = now;
	return 0;
}

static int
settle_names(struct settling *s)
{
	struct desk *desk = s->desk;
	int rc = 0;

	for (size_t i = 0; i < desk->n && rc == 0; i++) {
		struct spot *spot = desk->spots[i];

		if (spot->exists && (spot->changed || !spot->stored))
			rc = spot_put(s, spot);
		else if (!spot->exists && spot->stored)
			batch_remove(s->work->batch, desk->change, TABLE_NODES,
			    (struct bytes){spot->key, spot->key_n});
	}
	return rc;
}

static int
settle_write(struct settling *s, uint64_t now)
{
	struct batch *batch = s->work->batch;
	struct change *change = s->desk->change;
	int rc;

	batch_reset(batch);
	journal_begin(s->work->journal, &s->desk->zone);
	batch_set_journal(batch, s->work->journal);
	/* what the chain is to be is found before anything is written */
	rc = settle_zone(s, now);
	desk_shape(s->desk);
	if (rc == 0)
		rc = chain_gather(s);
	if (rc == 0)
		rc = settle_names(s);
	if (rc == 0)
		rc = chain_write(&s->chain, link_put, s);
	if (rc == 0)
		rc = batch_flush(batch, change);
	batch_set_journal(batch, NULL);
	if (rc != 0) {
		batch_reset(batch);
		return rc;
	}
	s->zone.resign = sign_earlier(s->zone.resign, batch_sum(batch)->resign);
	s->zone.expires = sign_earlier(s->zone.expires, batch_sum(batch)->expires);
	work_zone_put(change, &s->zone);
	meta_serial_put(change, &s->zone.apex, s->zone.serial);
	work_put_clock(change, now);
	journal_end(s->work->journal, change, &s->zone, now, s->work->rules->journal);
	return change_error(change);
}

/* What one update changed the next one may have put back. */
static bool
desk_differs(struct desk *desk)
{
	bool differs = false;

	for (size_t i = 0; i < desk->n && desk->changed; i++) {
		struct spot *spot = desk->spots[i];

		spot->changed = spot->changed && !draft_equal(&spot->before, &spot->now);
		differs |= spot->changed;
	}
	return differs;
}

int
desk_settle(struct work *work, struct desk *desk, uint64_t now, struct settled *settled,
    char *why, size_t max)
{
	struct settling s = {.work = work, .desk = desk, .zone = desk->zone};
	const struct keyset *keys;
	int rc;

	*settled = (struct settled){.zone = desk->zone};
	if (!desk_differs(desk))
		return 0;
	s.chain = (struct chain){.change = desk->change,
	    .batch = work->batch,
	    .signers = &s.signers,
	    .zone = &s.zone,
	    .why = why,
	    .why_max = max};
	rc = work_keys(work, desk->change, &desk->zone.apex, &keys, why, max);
	if (rc == 0)
		rc = keyset_signers(keys, now, &s.signers);
	if (rc == 0)
		rc = settle_write(&s, now);
	chain_fini(&s.chain);
	free(s.rdata);
	if (rc != 0)
		return rc;
	settled->zone = s.zone;
	settled->resign = batch_sum(work->batch)->resign;
	settled->expires = batch_sum(work->batch)->expires;
	return 0;
}
