/*
 * budget.h - how many updates of unproved sources are verified: so many a second in all, and of one /24 or /56.
 * Shared by all workers, without locks; knows no messages and no clock but the one it is given.
 */
#ifndef MAPD_BUDGET_H
#define MAPD_BUDGET_H

#include "mapd/claim.h"

#define BUDGET_ALL 200 /* a second */
#define BUDGET_SOURCE 2

struct budget;

/* -MAP_ENOMEM, -MAP_ECRYPTO */
int budget_new(struct budget **out) NONNULL MUST_CHECK;
void budget_free(struct budget *budget); /* NULL allowed */
/* From any thread, at any time: a second in all and of a source, 0: none. */
void budget_set(struct budget *budget, uint32_t all, uint32_t of_source) NONNULL;
/* Whether one more of source may cost something at us (microseconds of a clock that only goes on). */
bool budget_take(
    struct budget *budget, const uint8_t source[CLAIM_SOURCE], uint64_t us) NONNULL MUST_CHECK;

#endif
