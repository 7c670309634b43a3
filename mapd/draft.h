/*
 * draft.h - the records of one name while they are edited; what mapd makes by itself is not among them.
 */
#ifndef MAPD_DRAFT_H
#define MAPD_DRAFT_H

#include "mapd/lines.h"

struct draft_record {
	uint16_t type;
	uint32_t ttl;
	uint32_t line; /* that set it; 0: it was there */
	struct bytes rdata; /* borrowed from the store or from the lines */
};

struct draft {
	struct draft_record *records;
	size_t n, max;
};

/* The records of a stored node, whose value may be none (p is NULL). -MAP_EDATABASE, -MAP_ENOMEM */
int draft_read(struct draft *draft, struct bytes value) NONNULL MUST_CHECK;
/*
 * What a line of this owner does. -MAP_ENOTFOUND: there is nothing to unset; -MAP_EFORMAT: a new set
 * without TTL; -MAP_ENOMEM.
 */
int draft_apply(struct draft *draft, const struct line *line) NONNULL MUST_CHECK;
/* Adds a record behind the others, whatever they are. -MAP_ENOMEM */
int draft_add(struct draft *draft, const struct draft_record *record) NONNULL MUST_CHECK;
/* Makes to the same as draft; what it had is dropped. -MAP_ENOMEM */
int draft_copy(const struct draft *draft, struct draft *to) NONNULL MUST_CHECK;
/* The same records, whatever their order. */
bool draft_equal(const struct draft *a, const struct draft *b) NONNULL;
/* Their RDATA of one type, at most max; returns how many there are, *ttl their TTL. */
size_t draft_set_of(const struct draft *draft, uint16_t type, struct bytes *rdata, size_t max,
    uint32_t *ttl) NONNULL;
/* How many of a type there are. */
size_t draft_count(const struct draft *draft, uint16_t type) NONNULL;
/* Drops all of a type. */
void draft_drop(struct draft *draft, uint16_t type) NONNULL;
bool draft_has(const struct draft *draft, uint16_t type) NONNULL;
/* That record, whatever its TTL. */
bool draft_has_record(const struct draft *draft, uint16_t type, struct bytes rdata) NONNULL;
/* A name that was held by a KEY is held by none any more. */
bool draft_loses_key(const struct draft *before, const struct draft *after) NONNULL;
/* A set that no answer could hold, or more of them than a name has: what a load refuses too. */
bool draft_is_too_large(const struct draft *draft) NONNULL;
/* The lines that make after of before. -MAP_ELIMIT, -MAP_ENOMEM */
int draft_lines(const struct name *owner, const struct draft *before, const struct draft *after,
    struct lines *lines) NONNULL MUST_CHECK;
void draft_fini(struct draft *draft) NONNULL;

#endif
