/*
 * front.h - what an UPDATE passes between a world's worker and its writer: policies, proofs of locators, verifiers.
 */
#ifndef TESTS_MAPD_FRONT_H
#define TESTS_MAPD_FRONT_H

#include "mapd/update.h"
#include "tests/mapd/world.h"

struct front {
	struct charters *charters;
	struct prover *prover;
	struct admission *admission;
	struct updates updates;
};

extern unsigned front_waiting; /* askers who were remembered, and neither forgotten nor answered; done counts them down */

/* For the rules and the zones that the world has by now. done: as in struct updates. False: something failed. */
bool front_open(struct front *front, struct world *world, const struct admission_writer *writer,
    void (*done)(struct proposal *list)) NONNULL MUST_CHECK;
void front_close(struct front *front) NONNULL; /* nothing is verified any more; a writer may have what was */
void front_free(struct front *front) NONNULL;

#endif
