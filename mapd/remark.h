/*
 * remark.h - how many lines the log gets about what comes at a peer's rate.
 */
#ifndef MAPD_REMARK_H
#define MAPD_REMARK_H

#include <stdatomic.h>

#include "core/wire/bytes.h"

/* Shared by all threads; zero at first. */
struct remark {
	_Atomic uint64_t said; /* since when (seconds) | how many */
	_Atomic unsigned left_out;
};

/* Whether one more may be said at now (seconds), most in so many of them; *left_out: how many were not, since the last. */
bool remark_may(struct remark *remark, unsigned most, unsigned seconds, uint64_t now,
    unsigned *left_out) NONNULL MUST_CHECK;

#endif
