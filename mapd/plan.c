/*
 * plan.c - a zone's records checked as a whole, and each name's place in the tree found.
 * Knows what may stand in a zone; knows nothing of keys, signatures and the store.
 */
#include "mapd/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/trust/identity.h"
#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "core/wire/mapping.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"

#define PLAN_TTL 0x7fffffff /* RFC 2181 8 */

/* An ELOC set with a proof. */
struct proof_at {
	struct plan_entry set; /* as if it were all of its name */
	const uint8_t *rdata; /* of the proof itself */
	const char *why; /* NULL: nothing against it */
};

/* While a plan is made. */
struct scan {
	struct plan *plan;
	const struct rules *rules;
	const struct zone_rule *rule; /* NULL: none configured */
	uint64_t now;
	struct name owner; /* of the record before, lower case; n 0: none */
	uint16_t type;
	struct bytes rdata;
	uint32_t path[NAME_LABELS]; /* the entry at each depth above and at owner */
	unsigned depth; /* labels of owner below the apex */
	unsigned occluded; /* 1 + depth of the cut or DNAME above what comes; 0: none */
	size_t octets; /* of the name so far */
	struct proof_at *proofs;
	size_t n_proofs, max_proofs;
	struct bytes set[RRSET_RECORDS];
};

__attribute__((format(printf, 4, 5))) static int
plan_refuse(struct plan *plan, const struct name *owner, uint16_t type, const char *format, ...)
{
	char name[NAME_TEXT], word[16];
	va_list args;
	int n;

	n = snprintf(plan->why, sizeof plan->why, "%s%s%s: ", name_print(owner, name),
	    type != 0 ? " " : "", type != 0 ? rrtype_print(type, word) : "");
	va_start(args, format);
	if (n >= 0 && (size_t)n < sizeof plan->why)
		vsnprintf(plan->why + n, sizeof plan->why - (size_t)n, format, args);
	va_end(args);
	return -MAP_EFORMAT;
}

static int
plan_add(struct plan *plan, const struct plan_entry *entry)
{
	if (plan->n == plan->max) {
		size_t max = plan->max == 0 ? 64 : plan->max * 2;
		struct plan_entry *more = realloc(plan->entries, max * sizeof *more);

		if (more == NULL) {
			snprintf(plan->why, sizeof plan->why, "out of memory");
			return -MAP_ENOMEM;
		}
		plan->entries = more;
		plan->max = max;
	}
	plan->entries[plan->n++] = *entry;
	return 0;
}

/* Labels that two names (lower case) have in common from the right. */
static unsigned
plan_common(const struct name *a, const struct name *b)
{
	uint8_t at_a[NAME_LABELS], at_b[NAME_LABELS];
	unsigned n_a = name_offsets(a, at_a) - 1, n_b = name_offsets(b, at_b) - 1;
	unsigned n = 0;

	while (n < n_a && n < n_b) {
		const uint8_t *x = a->w + at_a[n_a - 1 - n], *y = b->w + at_b[n_b - 1 - n];

		if (x[0] != y[0] || memcmp(x + 1, y + 1, x[0]) != 0)
			break;
		n++;
	}
	return n;
}

/* An entry for the owner at depth; its parent learns of a wildcard child. */
static int
scan_enter(struct scan *scan, const struct name *name, unsigned depth, struct plan_entry entry)
{
	struct plan *plan = scan->plan;

	if (depth > 0 && name_is_wildcard(name) && (entry.flags & NODE_OCCLUDED) == 0)
		plan->entries[scan->path[depth - 1]].flags |= NODE_WILDCARD;
	scan->path[depth] = (uint32_t)plan->n;
	return plan_add(plan, &entry);
}

/* A name not seen before: the empty non-terminals above it, and itself. */
static int
scan_name(struct scan *scan, const struct name *owner, size_t at)
{
	unsigned apex = name_labels(&scan->plan->apex);
	unsigned depth = name_labels(owner) - apex;
	unsigned common = scan->owner.n > 0 ? plan_common(&scan->owner, owner) - apex : 0;
	struct plan_entry entry = {.at = at, .records = 1};
	struct name empty;
	int rc = 0;

	if (scan->plan->n == 0 && depth > 0)
		return plan_refuse(scan->plan, &scan->plan->apex, RR_SOA, "missing");
	if (common + 1 < scan->occluded)
		scan->occluded = 0;
	if (scan->occluded != 0)
		entry.flags = NODE_OCCLUDED;
	/* RFC 4592 2.2.2: a name exists when one below it does; not so under a cut. */
	for (unsigned d = common + 1; d < depth && rc == 0 && entry.flags == 0; d++) {
		name_parent(owner, depth - d, &empty);
		rc = scan_enter(scan, &empty, d,
		    (struct plan_entry){
			.at = at, .strip = (uint8_t)(depth - d), .flags = NODE_EMPTY});
	}
	if (depth == 0)
		entry.flags = NODE_APEX;
	scan->owner = *owner;
	scan->depth = depth;
	scan->type = 0;
	return rc != 0 ? rc : scan_enter(scan, owner, depth, entry);
}

/* NS and DNAME decide what is below their owner. */
static void
scan_mark(struct scan *scan, uint16_t type)
{
	struct plan_entry *entry = &scan->plan->entries[scan->plan->n - 1];

	if ((entry->flags & NODE_OCCLUDED) != 0)
		return;
	if (type == RR_NS && scan->depth > 0)
		entry->flags |= NODE_CUT;
	if (type == RR_DNAME)
		entry->flags |= NODE_DNAME;
	if ((entry->flags & (NODE_CUT | NODE_DNAME)) != 0 && scan->occluded == 0)
		scan->occluded = 1 + scan->depth;
}

/* What is wrong with one record alone. */
static int
scan_check(struct scan *scan, const struct name *owner, const struct rr *rr)
{
	const char *why = rrtype_refusal(rr->type);

	if (!name_is_below(owner, &scan->plan->apex))
		return plan_refuse(scan->plan, owner, rr->type, "not in the zone");
	if (why != NULL)
		return plan_refuse(scan->plan, owner, rr->type, "%s", why);
	if (rr->ttl > scan->plan->ttl_max)
		scan->plan->ttl_max = rr->ttl;
	if (rr->ttl > PLAN_TTL)
		return plan_refuse(scan->plan, owner, rr->type, "TTL above 2147483647");
	if (rdata_check(rr->type, rr->rdata) != 0)
		return plan_refuse(
		    scan->plan, owner, rr->type, "malformed, or of a kind not known here");
	if (rr->type == RR_SOA && !name_equal(owner, &scan->plan->apex))
		return plan_refuse(
		    scan->plan, owner, rr->type, "only the zone's own name has one");
	return 0;
}

/* How a record follows the one before: below 0 as it should, 0 is the same again. */
static int
scan_order(const struct scan *scan, const struct name *owner, const struct rr *rr)
{
	int order = scan->owner.n > 0 ? name_compare(&scan->owner, owner) : -1;

	if (order == 0)
		order = (int)scan->type - (int)rr->type;
	return order != 0 ? order : rdata_compare(rr->type, scan->rdata, rr->rdata);
}

static int
scan_record(struct scan *scan, struct name *owner, const struct rr *rr, size_t at)
{
	int order, rc;

	name_fold(owner);
	scan->plan->at = rr->rdata.p;
	rc = scan_check(scan, owner, rr);
	if (rc != 0)
		return rc;
	order = scan_order(scan, owner, rr);
	if (order >= 0)
		return plan_refuse(scan->plan, owner, rr->type,
		    order == 0 ? "the same record twice" : "not in canonical order");
	if (scan->owner.n > 0 && name_equal(&scan->owner, owner))
		scan->plan->entries[scan->plan->n - 1].records++;
	else
		rc = scan_name(scan, owner, at);
	if (rc != 0)
		return rc;
	if (scan->type != rr->type)
		scan_mark(scan, rr->type);
	scan->type = rr->type;
	scan->rdata = rr->rdata;
	scan->plan->total++;
	return 0;
}

static int
scan_records(struct scan *scan)
{
	struct rd rd = rd_init(scan->plan->records);
	struct name owner;
	struct rr rr;
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && frame_record_read(&rd, &owner, &rr)) {
		rc = scan_record(scan, &owner, &rr, at);
		at = scan->plan->records.n - rd_left(&rd);
	}
	if (rc != 0)
		return rc;
	scan->plan->at = NULL;
	if (rd_end(&rd) != 0)
		return plan_refuse(
		    scan->plan, &scan->plan->apex, 0, "the records are malformed");
	if (scan->plan->n == 0)
		return plan_refuse(scan->plan, &scan->plan->apex, RR_SOA, "missing");
	return 0;
}

/* RFC 1035 3.3.13, RFC 9077 3: SOA, and the TTL of proofs of absence. */
static void
plan_take_soa(struct plan *plan, const struct rrset *set)
{
	struct rd rd = rd_init(set->rdata[0]);
	struct name skipped;
	uint32_t minimum;

	name_read_plain(&rd, &skipped);
	name_read_plain(&rd, &skipped);
	plan->serial = rd_u32(&rd);
	(void)rd_bytes(&rd, 12);
	minimum = rd_u32(&rd);
	plan->soa_ttl = set->ttl;
	plan->negative_ttl = set->ttl < minimum ? set->ttl : minimum;
}

static int
scan_keep_proof(struct scan *scan, const struct rrset *set)
{
	/* owner | type | ttl | length | RDATA */
	const uint8_t *first = set->rdata[0].p - 8 - set->owner->n;

	if (scan->n_proofs == scan->max_proofs) {
		size_t max = scan->max_proofs == 0 ? 64 : scan->max_proofs * 2;
		struct proof_at *more = realloc(scan->proofs, max * sizeof *more);

		if (more == NULL)
			return -MAP_ENOMEM;
		scan->proofs = more;
		scan->max_proofs = max;
	}
	scan->proofs[scan->n_proofs++] =
	    (struct proof_at){.set = {.at = (size_t)(first - scan->plan->records.p),
				  .records = (uint32_t)set->n}};
	return 0;
}

static int
scan_mapping(struct scan *scan, const struct rrset *set)
{
	size_t at;
	const char *why = mapping_refusal_at(set->type, set->rdata, set->n,
	    scan->rule != NULL && scan->rule->private_locators, scan->rules->realms,
	    scan->rules->n_realms, &at);

	if (why != NULL) {
		scan->plan->at = set->rdata[at].p;
		return plan_refuse(scan->plan, set->owner, set->type, "%s", why);
	}
	/* protocol 3: wildcards never match for mappings */
	if (name_is_wildcard(set->owner))
		return plan_refuse(scan->plan, set->owner, set->type, "not at a wildcard");
	if (set->type == RR_ELOC && mapping_proof_index(set->rdata, set->n) >= 0)
		return scan_keep_proof(scan, set);
	return 0;
}

/* What is wrong with a set at its place. */
static int
scan_set(struct scan *scan, const struct rrset *set, size_t entry)
{
	struct plan *plan = scan->plan;
	uint8_t flags = plan->entries[entry].flags;
	const struct rrtype *row = rrtype_find(set->type);
	bool glue = set->type == RR_A || set->type == RR_AAAA;
	size_t octets = RRSET_FRAME * set->n;

	plan->at = set->rdata[0].p;
	for (size_t i = 0; i < set->n; i++)
		octets += set->rdata[i].n;
	scan->octets += octets;
	if (octets > RRSET_OCTETS || scan->octets > RRSET_NAME)
		return plan_refuse(
		    plan, set->owner, set->type, "more octets than a name can have");
	if (set->n > 1 && row != NULL && (row->flags & RRF_SINGLE) != 0) {
		plan->at = set->rdata[1].p;
		return plan_refuse(plan, set->owner, set->type, "more than one");
	}
	if ((flags & NODE_CUT) != 0 && set->type != RR_NS && set->type != RR_DS && !glue)
		return plan_refuse(
		    plan, set->owner, set->type, "belongs to the delegated zone");
	if ((flags & NODE_CUT) == 0 && set->type == RR_DS)
		return plan_refuse(plan, set->owner, set->type, "without a delegation");
	if (set->type == RR_SOA)
		plan_take_soa(plan, set);
	if (set->type == RR_EPID || set->type == RR_ELOC)
		return scan_mapping(scan, set);
	return 0;
}

static int
scan_name_sets(struct scan *scan, size_t i)
{
	struct plan *plan = scan->plan;
	struct plan_entry *entry = &plan->entries[i];
	struct plan_reader reader = plan_sets(plan, entry);
	struct rrset set;
	uint16_t types = 0;
	bool cname = false, dname = false, soa = false, ns = false;
	int rc = 0;

	scan->octets = 0;
	while (rc == 0 && plan_next_set(&reader, &set, scan->set, RRSET_RECORDS)) {
		cname |= set.type == RR_CNAME;
		dname |= set.type == RR_DNAME;
		soa |= set.type == RR_SOA;
		ns |= set.type == RR_NS;
		types++;
		rc = scan_set(scan, &set, i);
	}
	if (rc == 0 && reader.rd.error != 0) {
		plan->at = reader.next.rdata.p;
		rc = plan_refuse(plan, &reader.owner, reader.next.type,
		    "records of different TTLs, or more than %d", RRSET_RECORDS);
	}
	if (rc == 0 && types > RRSET_TYPES)
		rc = plan_refuse(plan, &reader.owner, 0, "more than %d types", RRSET_TYPES);
	if (rc == 0 && cname && types > 1)
		rc = plan_refuse(plan, &reader.owner, RR_CNAME, "other records beside it");
	if (rc == 0 && dname && (entry->flags & NODE_CUT) != 0)
		rc = plan_refuse(plan, &reader.owner, RR_DNAME, "at a delegation");
	if (rc == 0 && (entry->flags & NODE_APEX) != 0 && (!soa || !ns))
		rc = plan_refuse(plan, &plan->apex, soa ? RR_NS : RR_SOA, "missing");
	plan->names++;
	return rc;
}

/* Nothing but addresses below a cut; below a DNAME nothing at all (RFC 6672 2.4). */
static int
scan_occluded(struct scan *scan, size_t i)
{
	struct plan *plan = scan->plan;
	struct plan_reader reader = plan_sets(plan, &plan->entries[i]);
	struct rrset set;

	while (plan_next_set(&reader, &set, scan->set, RRSET_RECORDS)) {
		plan->at = set.rdata[0].p;
		if (set.type != RR_A && set.type != RR_AAAA)
			return plan_refuse(plan, set.owner, set.type,
			    "below a delegation or a DNAME: only addresses may be there");
	}
	return 0;
}

static void
scan_proof(void *arg, size_t i)
{
	struct scan *scan = arg;
	struct proof_at *proof = &scan->proofs[i];
	struct plan_reader reader = plan_sets(scan->plan, &proof->set);
	struct bytes rdata[MAPPING_SET];
	struct rrset set;

	if (!plan_next_set(&reader, &set, rdata, MAPPING_SET))
		return;
	proof->why =
	    identity_refusal(&set, scan->rules->realms, scan->rules->n_realms, scan->now);
	proof->rdata = rdata[mapping_proof_index(rdata, set.n)].p;
}

static int
scan_proofs(struct scan *scan, struct pool *pool)
{
	struct name owner;

	pool_run(pool, scan_proof, scan, scan->n_proofs);
	for (size_t i = 0; i < scan->n_proofs; i++)
		if (scan->proofs[i].why != NULL) {
			plan_name(scan->plan, &scan->proofs[i].set, &owner);
			scan->plan->at = scan->proofs[i].rdata;
			return plan_refuse(
			    scan->plan, &owner, RR_ELOC, "%s", scan->proofs[i].why);
		}
	return 0;
}

/* What the sender of the records knows the refused one by. */
static uint64_t
plan_number(const struct plan *plan)
{
	struct rd rd = rd_init(plan->records);
	struct name owner;
	struct rr rr;

	for (uint64_t n = 0; plan->at != NULL && frame_record_read(&rd, &owner, &rr); n++)
		if (rr.rdata.p == plan->at)
			return n;
	return PLAN_NONE;
}

/* NULL: out of memory, and why says so. */
static struct scan *
scan_new(struct plan *plan, const struct name *apex, struct bytes records)
{
	struct scan *scan = calloc(1, sizeof *scan);

	memset(plan, 0, sizeof *plan);
	plan->apex = *apex;
	name_fold(&plan->apex);
	plan->records = records;
	plan->refused = PLAN_NONE;
	if (scan == NULL)
		snprintf(plan->why, sizeof plan->why, "out of memory");
	else
		scan->plan = plan;
	return scan;
}

int
plan_shape(struct plan *plan, const struct name *apex, struct bytes records)
{
	struct scan *scan = scan_new(plan, apex, records);
	struct plan_reader reader;
	struct rrset set;
	int rc;

	if (scan == NULL)
		return -MAP_ENOMEM;
	rc = scan_records(scan);
	if (rc == 0) {
		reader = plan_sets(plan, &plan->entries[0]);
		while (plan_next_set(&reader, &set, scan->set, RRSET_RECORDS))
			if (set.type == RR_SOA)
				plan_take_soa(plan, &set);
	}
	free(scan);
	return rc;
}

int
plan_make(struct plan *plan, const struct name *apex, struct bytes records,
    const struct rules *rules, struct pool *pool, uint64_t now)
{
	struct scan *scan = scan_new(plan, apex, records);
	int rc;

	if (scan == NULL)
		return -MAP_ENOMEM;
	scan->rules = rules;
	scan->now = now;
	scan->rule = rules_find(rules, &plan->apex);
	rc = scan_records(scan);
	for (size_t i = 0; i < plan->n && rc == 0; i++) {
		if (plan->entries[i].records == 0)
			continue;
		rc = scan_name_sets(scan, i);
		if (rc == 0 && (plan->entries[i].flags & NODE_OCCLUDED) != 0)
			rc = scan_occluded(scan, i);
	}
	if (rc == 0 && now != PLAN_STORED)
		rc = scan_proofs(scan, pool);
	plan->refused = rc == -MAP_EFORMAT ? plan_number(plan) : PLAN_NONE;
	free(scan->proofs);
	free(scan);
	return rc;
}

void
plan_fini(struct plan *plan)
{
	free(plan->entries);
	plan->entries = NULL;
}

void
plan_name(const struct plan *plan, const struct plan_entry *entry, struct name *out)
{
	struct rd rd =
	    rd_init((struct bytes){plan->records.p + entry->at, plan->records.n - entry->at});
	struct name owner;

	name_read_plain(&rd, &owner);
	name_fold(&owner);
	name_parent(&owner, entry->strip, out);
}

struct plan_reader
plan_sets(const struct plan *plan, const struct plan_entry *entry)
{
	struct plan_reader reader = {.left = entry->records};

	reader.rd =
	    rd_init((struct bytes){plan->records.p + entry->at, plan->records.n - entry->at});
	return reader;
}

bool
plan_next_set(struct plan_reader *reader, struct rrset *set, struct bytes *rdata, size_t max)
{
	if (!reader->ahead) {
		if (reader->left == 0 ||
		    !frame_record_read(&reader->rd, &reader->owner, &reader->next))
			return false;
		reader->left--;
		name_fold(&reader->owner);
	}
	*set = (struct rrset){.owner = &reader->owner,
	    .type = reader->next.type,
	    .class = CLASS_IN,
	    .ttl = reader->next.ttl,
	    .rdata = rdata};
	do {
		if (set->n == max || reader->next.ttl != set->ttl) {
			rd_fail(&reader->rd, -MAP_ESPACE);
			reader->ahead = false;
			return false;
		}
		rdata[set->n++] = reader->next.rdata;
		reader->ahead = reader->left > 0 &&
				frame_record_read(&reader->rd, &reader->owner, &reader->next);
		if (!reader->ahead)
			break;
		reader->left--;
		name_fold(&reader->owner);
	} while (reader->next.type == set->type);
	return true;
}
