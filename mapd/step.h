/*
 * step.h - names for hosts that know nothing of identities: their addresses keep step with the mapping of the
 * identity that they are assigned to.
 */
#ifndef MAPD_STEP_H
#define MAPD_STEP_H

#include "mapd/desk.h"

/*
 * Gives the names assigned to identity, as far as they are in the desk's zone, the addresses of its direct
 * locators; all as tried. Names that are aliases, hidden or reverse ones stay as they are.
 */
int step_names(struct desk *desk, const struct spot *identity) NONNULL MUST_CHECK;

#endif
