/*
 * step.h - names for hosts that know nothing of identities: their addresses keep step with the mapping of the
 * identity that they are assigned to.
 */
#ifndef MAPD_STEP_H
#define MAPD_STEP_H

#include "mapd/commit.h"

/*
 * Gives the names assigned to identity, which is on desk, the addresses of its direct locators; all as tried, on
 * the desks of the zones they are in. Names that are aliases, hidden or reverse ones stay as they are.
 */
int step_names(
    struct commit *commit, struct desk *desk, const struct spot *identity) NONNULL MUST_CHECK;
/*
 * The same of spot, on its desk, from the identity that it is assigned to, as that is tried: nothing is done where that
 * is none, or has no mapping.
 */
int step_own(struct commit *commit, struct desk *desk, struct spot *spot) NONNULL MUST_CHECK;
/* The same of one name, on the desk of its zone. */
int step_name(struct desk *desk, const struct draft *mapping, const struct name *name) NONNULL MUST_CHECK;

#endif
