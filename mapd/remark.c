/*
 * remark.c - how many lines the log gets about what comes at a peer's rate.
 * Knows numbers; knows nothing of what is said.
 */
#include "mapd/remark.h"

#define COUNT_BITS 16 /* of those that were said, below their second */

/* What was said in the time that now is in; a clock that went back begins another. */
static uint64_t
remark_now(uint64_t said, unsigned seconds, uint64_t now)
{
	uint64_t since = said >> COUNT_BITS;

	return now >= since && now - since < seconds ? said : now << COUNT_BITS;
}

bool
remark_may(
    struct remark *remark, unsigned most, unsigned seconds, uint64_t now, unsigned *left_out)
{
	uint64_t before = atomic_load(&remark->said), after;

	do {
		after = remark_now(before, seconds, now);
		if ((after & ((1u << COUNT_BITS) - 1)) >= most) {
			atomic_fetch_add(&remark->left_out, 1);
			return false;
		}
		after++;
	} while (!atomic_compare_exchange_weak(&remark->said, &before, after));
	*left_out = atomic_exchange(&remark->left_out, 0);
	return true;
}
