/*
 * chain.h - the NSEC3 records that a change of some names takes: theirs, and those before them in the chain.
 */
#ifndef MAPD_CHAIN_H
#define MAPD_CHAIN_H

#include "mapd/batch.h"

struct chain_link {
	uint8_t hash[NSEC3_HASH];
	uint8_t next[NSEC3_HASH];
	const struct name *name; /* borrowed; NULL: one that the change does not touch */
	size_t at; /* as given to chain_add() */
	bool had, wanted; /* in the chain before, and from now on */
};

struct chain {
	struct change *change;
	struct batch *batch;
	struct signers *signers;
	const struct zone *zone;
	char *why; /* what is wrong, for -MAP_EREFUSED */
	size_t why_max;
	struct chain_link *links; /* of the names, by hash; then those before them */
	size_t n, n_names, max;
};

/* A name that the change touches; the place before it in the chain is found by chain_find(). -MAP_ENOMEM */
int chain_add(struct chain *chain, const struct name *name, bool had, bool wanted,
    size_t at) NONNULL MUST_CHECK;
/* Finds what is to be written, in a store that is as it was. -MAP_EREFUSED with why; -MAP_ENOMEM, -MAP_E... */
int chain_find(struct chain *chain) NONNULL MUST_CHECK;
/* Puts the NSEC3 record of a name into the batch, which has room, unless it is stored already. */
typedef int chain_put_fn(void *arg, const struct chain_link *link);
/* Puts what differs into the batch, and removes what goes. */
int chain_write(struct chain *chain, chain_put_fn *put, void *arg) MUST_CHECK;
/* Whether the record of link is stored just so already. */
bool chain_has(const struct chain *chain, const struct chain_link *link, struct bytes rdata,
    uint32_t ttl) NONNULL;
void chain_fini(struct chain *chain) NONNULL;

#endif
