/*
 * liveness.h - what became of pairs that were tried: worked within 10 minutes, failed within 60 s
 * (protocol 10). Nothing here outlives that, or the process. What a user's programs say of a pair is known to that user alone.
 */
#ifndef RESOLVERD_LIVENESS_H
#define RESOLVERD_LIVENESS_H

#include "core/wire/frame.h"

#define LIVENESS_WORKED_MS 600000
#define LIVENESS_FAILED_MS 60000
#define LIVENESS_ALL UINT32_MAX /* nobody's id: what this host found out itself, known to all users */

enum liveness_state {
	LIVENESS_WORKED = 0,
	LIVENESS_UNTRIED = 1,
	LIVENESS_FAILED = 2
}; /* best first */

struct liveness;

struct liveness *liveness_new(
    size_t max); /* pairs kept, the oldest forgotten; NULL: no memory */
void liveness_free(struct liveness *liveness); /* NULL allowed */
void liveness_mark(struct liveness *liveness, uint32_t user, const struct pair_mark *mark, uint64_t now) NONNULL;

/* A pair, and for whom. */
struct liveness_question {
	uint32_t user;
	const uint8_t *source, *destination; /* 16 octets each */
};

/* The latest of what all know and what this user does. *rtt_us is 0 unless it worked and was measured. */
enum liveness_state liveness_get(
    const struct liveness *liveness, const struct liveness_question *of, uint64_t now, uint32_t *rtt_us) NONNULL;

/* How many pairs, for some user or all, are held to have worked, or failed. */
size_t liveness_count(
    const struct liveness *liveness, enum liveness_state state, uint64_t now) NONNULL;
/* Pairs of this source that failed are as good as untried. */
void liveness_forgive(struct liveness *liveness, const uint8_t source[16]) NONNULL;
/* A source other than the mark's whose pair with the same destination worked, or failed, within a minute, for whomever. */
bool liveness_other(const struct liveness *liveness, const struct pair_mark *mark, bool worked, uint64_t now,
    uint8_t source[16]) NONNULL;

#endif
