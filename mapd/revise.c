/*
 * revise.c - what a plan changes in a zone that is stored; only that is written and signed.
 * Both are in canonical order, so one walk over the two finds it. Knows the stored form; knows nothing of
 * who asked.
 */
#include "mapd/revise.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/gather.h"

#define REVISE_MOST 8192 /* names and denial records written in one transaction */
#define SOA_SERIAL_END 20 /* the serial stands so many octets before the end */

/* A key that goes. */
struct gone {
	enum table table;
	size_t n;
	uint8_t key[NODE_KEY];
};

struct revision {
	uint32_t *names; /* entries of the plan to be written; the apex is always the first */
	uint32_t *chain; /* places in hashed of NSEC3 records to be written */
	struct gone *gone;
	size_t n_names, n_chain, n_gone;
	struct hashed *hashed; /* NULL: NSEC */
	size_t n_hashed;
	struct revised sum;
	bool too_much;
};

/* The entries of a table that are the zone's, in turn. */
struct stored {
	struct change *change;
	enum table table;
	uint8_t prefix[4];
	bool any; /* key and value are one */
	struct bytes key, value;
};

static void
stored_take(struct stored *stored, bool found)
{
	stored->any = found && stored->key.n >= 4 && stored->key.n <= NODE_KEY &&
		      memcmp(stored->key.p, stored->prefix, 4) == 0;
}

static struct stored
stored_first(struct change *change, enum table table, uint32_t zone)
{
	struct stored stored = {.change = change, .table = table};

	put_u32(stored.prefix, zone);
	stored_take(&stored, change_ceiling(change, table, (struct bytes){stored.prefix, 4},
				 &stored.key, &stored.value));
	return stored;
}

static void
stored_next(struct stored *stored)
{
	stored_take(
	    stored, change_next(stored->change, stored->table, &stored->key, &stored->value));
}

static bool
revision_room(struct revision *revision)
{
	if (revision->n_names + revision->n_chain + revision->n_gone < REVISE_MOST)
		return true;
	revision->too_much = true;
	return false;
}

bool
revise_is_data(uint16_t type)
{
	switch (type) {
	case RR_NSEC:
	case RR_NSEC3:
	case RR_NSEC3PARAM:
	case RR_DNSKEY:
	case RR_CDS:
	case RR_CDNSKEY:
		return false;
	default:
		return true;
	}
}

bool
revise_rdata_equal(uint16_t type, struct bytes a, struct bytes b)
{
	size_t head = a.n - SOA_SERIAL_END;

	if (type != RR_SOA || a.n != b.n || a.n < SOA_SERIAL_END)
		return bytes_equal(a, b);
	return memcmp(a.p, b.p, head) == 0 &&
	       memcmp(a.p + head + 4, b.p + head + 4, SOA_SERIAL_END - 4) == 0;
}

/* Whether a set is stored as it is now wanted; its signatures are for the caller to look at. */
static bool
set_is_stored(const struct rrset *set, const struct node_set *stored)
{
	struct bytes rdata;
	size_t at = 0;
	uint16_t type;

	if (stored->type != set->type || stored->ttl != set->ttl || stored->records != set->n)
		return false;
	for (size_t i = 0; i < set->n; i++)
		if (!node_set_next(stored, &at, &type, &rdata) ||
		    !revise_rdata_equal(set->type, rdata, set->rdata[i]))
			return false;
	return true;
}

static void
sum_records(struct revision *revision, uint16_t type, size_t added, size_t removed)
{
	if (!revise_is_data(type))
		return;
	revision->sum.added += added;
	revision->sum.removed += removed;
}

/* Counts the records that only one of the two has; set or stored may be NULL. */
static void
sum_set(struct revision *revision, const struct rrset *set, const struct node_set *stored)
{
	size_t same = 0, at = 0, i = 0;
	struct bytes rdata;
	uint16_t type;

	if (set == NULL || stored == NULL) {
		sum_records(revision, set != NULL ? set->type : stored->type,
		    set != NULL ? set->n : 0, stored != NULL ? stored->records : 0);
		return;
	}
	for (size_t k = 0; k < stored->records && set->ttl == stored->ttl; k++) {
		if (!node_set_next(stored, &at, &type, &rdata))
			break;
		while (i < set->n && bytes_compare(set->rdata[i], rdata) < 0)
			i++;
		if (i < set->n && revise_rdata_equal(set->type, set->rdata[i], rdata)) {
			same++;
			i++;
		}
	}
	sum_records(revision, set->type, set->n - same, stored->records - same);
}

/* Whether the node is as gathered; records that come and go are counted. */
static bool
node_is_stored(
    struct revision *revision, const struct gathered *g, uint8_t flags, struct bytes value)
{
	struct node node = {0};
	struct node_set stored;
	size_t at = 0, k = 0;
	bool same = value.p != NULL && node_read(value, &node) == 0 && node.flags == flags;
	bool more = node.body.n > 0 && node_next(&node, &at, &stored);

	while (more || k < g->n) {
		const struct rrset *set = k < g->n ? &g->sets[k] : NULL;

		if (!more || (set != NULL && set->type < stored.type)) {
			sum_set(revision, set, NULL);
			same = false;
			k++;
			continue;
		}
		if (set == NULL || stored.type < set->type) {
			sum_set(revision, NULL, &stored);
			same = false;
			more = node_next(&node, &at, &stored);
			continue;
		}
		if (!set_is_stored(set, &stored)) {
			sum_set(revision, set, &stored);
			same = false;
		}
		more = node_next(&node, &at, &stored);
		k++;
	}
	return same;
}

static void
revision_gone(struct revision *revision, const struct stored *stored)
{
	struct gone *gone = &revision->gone[revision->n_gone];
	struct node node;
	struct node_set set;
	size_t at = 0;

	if (!revision_room(revision))
		return;
	gone->table = stored->table;
	gone->n = stored->key.n;
	memcpy(gone->key, stored->key.p, gone->n);
	revision->n_gone++;
	revision->sum.differs = true;
	if (stored->table == TABLE_NODES && node_read(stored->value, &node) == 0)
		while (node_next(&node, &at, &set))
			sum_set(revision, NULL, &set);
}

static int
find_names(struct build *build, const struct zone *before, struct revision *revision,
    struct gathered *g)
{
	struct stored stored = stored_first(build->change, TABLE_NODES, before->id);
	int rc = 0;

	for (size_t i = 0; i < build->plan->n && rc == 0 && !revision->too_much; i++) {
		struct bytes value = {NULL, 0};
		uint8_t octets[NODE_KEY];
		struct bytes key = {octets, 0};
		bool same;

		batch_reset(build->batch);
		rc = gather_name(build, i, g);
		if (rc != 0)
			break;
		key.n = node_key(before->id, &g->name, octets);
		while (stored.any && bytes_compare(stored.key, key) < 0) {
			revision_gone(revision, &stored);
			stored_next(&stored);
		}
		if (stored.any && bytes_equal(stored.key, key))
			value = stored.value;
		same = node_is_stored(revision, g, build->plan->entries[i].flags, value);
		revision->sum.differs |= !same;
		if ((!same || i == 0) && revision_room(revision))
			revision->names[revision->n_names++] = (uint32_t)i;
		if (value.p != NULL)
			stored_next(&stored);
	}
	for (; stored.any && !revision->too_much; stored_next(&stored))
		revision_gone(revision, &stored);
	return rc != 0 ? rc : change_error(build->change);
}

static bool
denial_is_stored(const struct gathered *g, struct bytes value)
{
	struct denial denial;

	return denial_read(value, &denial) == 0 && denial.ttl == g->sets[0].ttl &&
	       denial.signatures > 0 && bytes_equal(denial.rdata, g->sets[0].rdata[0]);
}

static int
find_chain(struct build *build, const struct zone *before, struct revision *revision,
    struct gathered *g)
{
	struct stored stored = stored_first(build->change, TABLE_DENIAL, before->id);
	size_t n = revision->n_hashed;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0 && !revision->too_much; i++) {
		const struct hashed *at = &revision->hashed[i];
		uint8_t octets[DENIAL_KEY];
		struct bytes key = {octets, denial_key(before->id, at->hash, octets)};
		bool is_there;

		batch_reset(build->batch);
		rc = gather_nsec3(build, at, &revision->hashed[(i + 1) % n], g);
		while (stored.any && bytes_compare(stored.key, key) < 0) {
			revision_gone(revision, &stored);
			stored_next(&stored);
		}
		is_there = stored.any && bytes_equal(stored.key, key);
		if ((!is_there || !denial_is_stored(g, stored.value)) &&
		    revision_room(revision)) {
			revision->chain[revision->n_chain++] = (uint32_t)i;
			revision->sum.differs = true;
		}
		if (is_there)
			stored_next(&stored);
	}
	for (; stored.any && !revision->too_much; stored_next(&stored))
		revision_gone(revision, &stored);
	return rc != 0 ? rc : change_error(build->change);
}

int
revise_find(struct build *build, const struct zone *before, struct revision **out)
{
	struct revision *revision = calloc(1, sizeof *revision);
	struct gathered *g = malloc(sizeof *g);
	int rc = -MAP_ENOMEM;

	*out = NULL;
	build->why[0] = '\0';
	if (revision == NULL || g == NULL)
		goto free_all;
	revision->names = malloc(REVISE_MOST * sizeof revision->names[0]);
	revision->chain = malloc(REVISE_MOST * sizeof revision->chain[0]);
	revision->gone = malloc(REVISE_MOST * sizeof revision->gone[0]);
	if (revision->names == NULL || revision->chain == NULL || revision->gone == NULL)
		goto free_all;
	rc = find_names(build, before, revision, g);
	if (rc == 0 && !revision->too_much && build->zone->denial == DENIAL_NSEC3)
		rc = gather_hashes(build, &revision->hashed, &revision->n_hashed);
	if (rc == 0 && !revision->too_much && revision->hashed != NULL)
		rc = find_chain(build, before, revision, g);
	if (rc == 0 && !revision->too_much) {
		*out = revision;
		revision = NULL;
	}
free_all:
	batch_reset(build->batch);
	free(g);
	revise_free(revision);
	return rc;
}

void
revise_free(struct revision *revision)
{
	if (revision == NULL)
		return;
	free(revision->names);
	free(revision->chain);
	free(revision->gone);
	free(revision->hashed);
	free(revision);
}

struct revised
revise_sum(const struct revision *revision)
{
	return revision->sum;
}

/* The signatures of a set in the stored node, if it is the same set. */
static size_t
kept_signatures(const struct build *build, const struct node *node, const struct rrset *set,
    struct bytes out[SIGNERS])
{
	struct node_set stored;
	struct bytes rdata;
	uint16_t type;
	size_t at = 0, n = 0;

	/* the serial moves with each change */
	if (set->type == RR_SOA || !node_find(node, set->type, &stored) ||
	    !set_is_stored(set, &stored))
		return 0;
	while (n < SIGNERS && node_set_next(&stored, &at, &type, &rdata))
		if (type == RR_RRSIG)
			out[n++] = rdata;
	return signers_match(build->signers, set->type, out, n) ? n : 0;
}

/* Room in the batch, else what it has is written. */
static int
write_room(struct build *build, const struct plan_entry *entry, size_t octets)
{
	if (batch_fits(build->batch, entry->records, RRSET_NAME + octets))
		return 0;
	return batch_flush(build->batch, build->change);
}

int
revise_name(struct build *build, size_t i, struct gathered *g)
{
	const struct plan_entry *entry = &build->plan->entries[i];
	struct node node = {0};
	struct name name;
	struct bytes value, signatures[SIGNERS];
	uint8_t octets[NODE_KEY], *copy;
	bool stored;
	int rc;

	plan_name(build->plan, entry, &name);
	rc = write_room(build, entry, RRSET_NAME);
	if (rc != 0)
		return rc;
	stored = change_get(build->change, TABLE_NODES,
	    (struct bytes){octets, node_key(build->zone->id, &name, octets)}, &value);
	/* a copy: what is in the store moves with the next write */
	if (stored) {
		copy = batch_keep(build->batch, value.p, value.n);
		if (copy == NULL)
			return -MAP_ESPACE;
		rc = node_read((struct bytes){copy, value.n}, &node);
	}
	if (rc == 0)
		rc = gather_name(build, i, g);
	if (rc != 0)
		return rc;
	batch_node(build->batch, build->zone->id, &g->name, entry->flags);
	for (size_t k = 0; k < g->n; k++) {
		bool is_signed = gather_is_signed(entry->flags, g->sets[k].type);
		size_t n = is_signed && stored
			       ? kept_signatures(build, &node, &g->sets[k], signatures)
			       : 0;

		if (n > 0)
			batch_set_kept(build->batch, &g->sets[k], signatures, n);
		else
			batch_set(build->batch, &g->sets[k], is_signed ? build->signers : NULL);
	}
	return 0;
}

static int
write_denial(struct build *build, const struct revision *revision, size_t i, struct gathered *g)
{
	const struct hashed *at = &revision->hashed[i];
	int rc = write_room(build, &build->plan->entries[at->entry], 0);

	if (rc == 0)
		rc =
		    gather_nsec3(build, at, &revision->hashed[(i + 1) % revision->n_hashed], g);
	if (rc != 0)
		return rc;
	batch_denial(build->batch, build->zone->id, at->hash);
	batch_set(build->batch, &g->sets[0], build->signers);
	return 0;
}

int
revise_write(struct build *build, const struct revision *revision)
{
	struct gathered *g = malloc(sizeof *g);
	struct zone *zone = build->zone;
	const struct batch_sum *sum;
	int rc = g == NULL ? -MAP_ENOMEM : 0;

	batch_reset(build->batch);
	for (size_t i = 0; i < revision->n_gone && rc == 0; i++)
		batch_remove(build->batch, build->change, revision->gone[i].table,
		    (struct bytes){revision->gone[i].key, revision->gone[i].n});
	for (size_t i = 0; i < revision->n_names && rc == 0; i++)
		rc = revise_name(build, revision->names[i], g);
	for (size_t i = 0; i < revision->n_chain && rc == 0; i++)
		rc = write_denial(build, revision, revision->chain[i], g);
	if (rc == 0)
		rc = batch_flush(build->batch, build->change);
	free(g);
	if (rc != 0)
		return rc;
	sum = batch_sum(build->batch);
	zone->resign = sign_earlier(zone->resign, sum->resign);
	zone->expires = sign_earlier(zone->expires, sum->expires);
	zone->names = build->plan->names;
	zone->records = build->plan->total;
	return change_error(build->change);
}
