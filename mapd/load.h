/*
 * load.h - what a load and an edit do in the same way.
 */
#ifndef MAPD_LOAD_H
#define MAPD_LOAD_H

#include "mapd/build.h"
#include "mapd/work.h"

/* The serial that the plan's zone gets: never lower than one before (RFC 1982). */
uint32_t load_serial(struct change *change, const struct plan *plan) NONNULL;
/* The key of the build's zone, and who signs with it. */
int load_signers(struct work *work, struct build *build, struct signers *signers, uint64_t now,
    struct outcome *out) NONNULL MUST_CHECK;
/* The zone's row, and what goes with it, into build's change. */
void load_put(struct build *build, uint64_t now) NONNULL;

#endif
