/*
 * expiry.h - what has a lease that is over goes, a little at a time, the way of an update.
 */
#ifndef MAPD_EXPIRY_H
#define MAPD_EXPIRY_H

#include "mapd/work.h"

/*
 * Ends what is over, at most a batch of it; returns the seconds until it is to be called again, at most limit;
 * 0: at once, there is more.
 */
uint64_t expiry_step(struct work *work, uint64_t limit) NONNULL;

#endif
