/*
 * search.h - one identity's locators: where to look, in which order, and what is found there.
 */
#ifndef RESOLVE_SEARCH_H
#define RESOLVE_SEARCH_H

#include "resolve/resolver.h"

/* Where an identity's mapping may stand, in the order of protocol 2. */
enum place_kind { PLACE_OWN, PLACE_TABLE, PLACE_HINT, PLACE_REVERSE, PLACE_KINDS };

struct place {
	enum place_kind kind;
	struct name owner;
	struct edge edge;
	enum verdict proof;
	uint64_t serial;
	uint32_t proof_expiry;
	size_t n; /* records, borrowed from the inquiry's answers */
	const struct bytes *rdata;
};

#define SEARCH_PLACES 3

struct search {
	struct inquiry *inquiry;
	struct found_identity *found; /* own; filled step by step, complete when done */
	unsigned flags;               /* RESOLVE_* */
	bool strong;                  /* see verdict_mapping_error() */
	bool done;
	bool settled; /* the place is chosen */
	struct place places[SEARCH_PLACES];
	size_t n_places;
	size_t at;
	size_t n_direct; /* of the chosen place, best first, at most MAPPING_SET together */
	size_t n_vias;
	struct eloc *direct;
	struct eloc *vias;
};

/* Begins with found->id, preference and flags set by epid. -MAP_ENOMEM */
int search_init(struct search *s, struct inquiry *inquiry, const struct epid *epid, bool strong,
    unsigned flags) NONNULL MUST_CHECK;
void search_fini(struct search *s) NONNULL;
/* Goes on as far as the answers allow; true when done. */
bool search_step(struct search *s) NONNULL;
/* No time is left: what was not answered counts as such. */
void search_give_up(struct search *s) NONNULL;

/* What place's records say by themselves (proof not looked at): 0 or -MAP_E...; fills the two
 * lists, best first, together at most MAPPING_SET. */
int search_read(const struct place *place, struct eloc *direct, size_t *n_direct, struct eloc *vias,
    size_t *n_vias) NONNULL MUST_CHECK;

#endif
