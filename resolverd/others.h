/*
 * others.h - where a session may go from its pair: what is ranked beside it, and which of that it takes.
 */
#ifndef RESOLVERD_OTHERS_H
#define RESOLVERD_OTHERS_H

#include "core/wire/frame.h"
#include "resolverd/heartbeat.h"

#define OTHERS_MAX (HEARTBEAT_PAIRS - 1)

struct others {
	size_t n;
	struct pair pairs[OTHERS_MAX]; /* the best first */
	bool given_up; /* the mapping has the session's own destination no more, or drains it, and has another */
};

/* The best other pairs of a result, in the family of the session's socket. */
void others_take(struct others *others, const struct session_note *note, const struct result *result) NONNULL;
/*
 * outcomes[0] is of the session's own pair, the others' follow. The first that lives; where nothing does, and the own pair
 * never answered either, the first that may: its peer answers no probes. A pair that lives is not left for one that is drained.
 * NULL: none.
 */
const struct pair *others_choose(const struct others *others, const struct heartbeat_outcome *outcomes,
    bool answered, bool any_lives) NONNULL;

#endif
