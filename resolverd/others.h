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

/* The best other pairs of a result, in the family of the session's socket. Whether they are not those of before. */
bool others_take(struct others *others, const struct session_note *note, const struct result *result) NONNULL;
/* The session is by another pair now: where that was among the others, the one that it left is in its place. */
void others_moved(struct others *others, const struct session_note *was, const struct session_note *now) NONNULL;
/* What is known of the session's peer besides. */
struct others_heard {
	bool answered; /* the session's pair has answered a probe */
	bool agent;    /* ... the last time with the probe's token: the peer has an agent */
};

/*
 * outcomes[0] is of the session's own pair, the others' follow. The first that lives; where nothing does, and the own pair
 * never answered either, the first that may: its peer answers no probes. A pair that lives is not left for one that is drained.
 * Datagrams, before which no handshake stands, go to another destination only when it has answered, with the token where the
 * peer has an agent (protocol 12). NULL: none.
 */
const struct pair *others_choose(const struct others *others, const struct session_note *note,
    const struct others_heard *heard, const struct heartbeat_outcome *outcomes) NONNULL;
/* Whether the pair that it is by leads to somebody else, though that lives: a closed port, while an agent of the peer answers
 * elsewhere. n outcomes, as above. */
bool others_is_astray(const struct session_note *note, const struct heartbeat_outcome *outcomes, size_t n) NONNULL;
/*
 * Of a result's pairs, best first, keeps those by which a datagram session may begin; beats say how each has answered just now,
 * BEAT_SILENT where nothing is known. Those that answered with a token; else those that answered; else all, since its program
 * asked for this peer. Returns how many.
 */
size_t others_begin(struct pair *pairs, size_t n, const enum beat *beats) NONNULL;

#endif
