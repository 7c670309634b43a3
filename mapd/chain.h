/*
 * chain.h - the NSEC3 records that an edit changes: those of its names, and those before them in the chain.
 */
#ifndef MAPD_CHAIN_H
#define MAPD_CHAIN_H

#include "mapd/gather.h"
#include "mapd/places.h"

struct chain_link {
	uint8_t hash[NSEC3_HASH];
	uint8_t next[NSEC3_HASH];
	uint32_t entry; /* of the plan; PLACE_NONE: of a name that the edit does not touch */
	bool had, wanted; /* in the chain before, and from now on */
};

struct chain {
	struct build *build;
	const struct places *places;
	struct chain_link *links; /* of the places, by hash; then those before them */
	size_t n, n_places;
};

/* Finds them, in a store that is as it was. -MAP_EREFUSED with why in build; -MAP_ENOMEM, -MAP_E... */
int chain_find(struct chain *chain) NONNULL MUST_CHECK;
/* Puts what differs into the batch, and removes what goes. */
int chain_write(struct chain *chain, struct gathered *g) MUST_CHECK;
void chain_fini(struct chain *chain) NONNULL;

#endif
