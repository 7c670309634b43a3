/*
 * judge.h - what an answer of libunbound is worth: a pure function of it and the clock.
 */
#ifndef RESOLVE_JUDGE_H
#define RESOLVE_JUDGE_H

#include "resolve/context.h"
#include "resolve/upstream.h"

/* Fills answer, in place of what it held. */
void answer_judge(struct answer *answer, const struct name *name, uint16_t type, const struct context_result *result) NONNULL;
void answer_fail(struct answer *answer, enum verdict verdict, uint32_t ttl, const char *why) NONNULL; /* seconds */
/* How much it says of what is wrong, where another server, or another way to the same, may have a better answer; 0: it is none of that kind. */
unsigned verdict_weight(enum verdict verdict);
/* Whether it is of that kind. */
bool answer_is_poor(const struct answer *answer) NONNULL;

#endif
