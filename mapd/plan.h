/*
 * plan.h - a zone's records checked as a whole, and each name's place in the tree found.
 * Records come from outside: whoever sent them is not trusted to have checked them.
 */
#ifndef MAPD_PLAN_H
#define MAPD_PLAN_H

#include "core/wire/rrset.h"
#include "mapd/node.h"
#include "mapd/pool.h"
#include "mapd/rules.h"

#define PLAN_WHY 1400   /* octets of a message */

/* A name of the zone, in canonical order. */
struct plan_entry {
	size_t at;        /* offset of its first record; empty: of the first below it */
	uint32_t records; /* 0: empty non-terminal */
	uint8_t strip;    /* labels to drop from the owner of the record at at */
	uint8_t flags;    /* NODE_* */
};

struct plan {
	struct name apex;
	struct bytes records; /* as frame_record_put() writes them; borrowed */
	struct plan_entry *entries;
	size_t n, max;
	uint64_t names; /* empty ones not counted */
	uint64_t total; /* records */
	uint32_t serial;
	uint32_t soa_ttl;
	uint32_t negative_ttl;
	uint32_t ttl_max;
	const uint8_t *at; /* RDATA of the record that is looked at; NULL: of none */
	uint64_t refused;  /* number of the record that why is about, from 0; PLAN_NONE */
	char why[PLAN_WHY];
};
#define PLAN_NONE UINT64_MAX
#define PLAN_STORED 0 /* in the place of now: proofs were judged when they came */

/*
 * Checks records, which must be in canonical order (owner, type, RDATA), as zone apex. 0;
 * -MAP_EFORMAT with why and refused, -MAP_ENOMEM with why. plan_fini() in every case.
 */
int plan_make(struct plan *plan, const struct name *apex, struct bytes records,
    const struct rules *rules, struct pool *pool, uint64_t now) NONNULL MUST_CHECK;
/*
 * Only finds each name's place, and what the SOA says, among records of a zone that need not be all of it
 * and are good already. Else as plan_make().
 */
int plan_shape(struct plan *plan, const struct name *apex,
    struct bytes records) NONNULL MUST_CHECK;
void plan_fini(struct plan *plan) NONNULL;

/* The name of an entry, in lower case. */
void plan_name(const struct plan *plan, const struct plan_entry *entry, struct name *out) NONNULL;

/* Reads the sets of one name in turn. */
struct plan_reader {
	struct rd rd;
	uint32_t left; /* records */
	bool ahead;    /* next is read already */
	struct rr next;
	struct name owner;
};

struct plan_reader plan_sets(const struct plan *plan, const struct plan_entry *entry) NONNULL;
/* The next set; rdata receives up to max records. False at the end; -MAP_ESPACE in rd.error. */
bool plan_next_set(struct plan_reader *reader, struct rrset *set, struct bytes *rdata, size_t max)
    NONNULL;

#endif
