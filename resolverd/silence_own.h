/*
 * silence_own.h - what silence.c (the judgement) and suspects.c (what is worth a probe) share; nobody else's.
 */
#ifndef RESOLVERD_SILENCE_OWN_H
#define RESOLVERD_SILENCE_OWN_H

#include "resolverd/silence.h"

#define SILENCE_ADDRESSES 16
#define SILENCE_PATHS 64 /* of a session; each is compared with each, and its peer makes them */

struct silence_flow {
	struct subflow last;
	uint64_t heard; /* when segments_in last grew */
	uint64_t data; /* when octets_in last grew */
	uint64_t flows; /* since when it grew without a pause */
	uint64_t owed; /* since when acknowledgements are, and nothing came; 0: none are */
	/* Since when they are, and none came, whatever else did: only one direction may be dead. */
	uint64_t stuck;
};

struct silence_session {
	uint32_t token;
	uint64_t received;
	uint64_t moved; /* when received last grew */
};

struct silence_view {
	size_t n, n_sessions, room, room_sessions;
	struct silence_flow *flows;
	struct silence_session *sessions;
};

/* Verdicts of the past, so that a flapping path is not announced at its own rate. */
struct silence_hold {
	uint8_t address[16];
	struct hold hold;
};

struct silence {
	struct silence_view views[2];
	unsigned now_view;
	bool busy, several;
	bool asked; /* at this look already, whether all can spare: */
	uint8_t address[16];
	bool spare; /* they can */
	uint32_t turn; /* the session that was last among the suspects, or looked at for them */
	size_t n_holds;
	struct silence_hold holds[SILENCE_ADDRESSES];
};

struct silence_group {
	const struct silence_flow *flows;
	size_t n;
	const struct silence_session *session; /* NULL: not in the dump of sessions */
};

/* That of the session whose subflows begin there. */
struct silence_group silence_group(const struct silence_view *view, size_t from) NONNULL;
/* The same to who may leave it: paths that are not managed are left by their local address. */
bool silence_same(const struct silence_flow *a, const struct silence_flow *b) NONNULL;
/* Those of the session that are the same as flow, or are not, are added. */
void silence_put_others(const struct silence_group *group, const struct silence_flow *flow, bool same,
    struct silence_suspect *out) NONNULL;
/* Its only path is watched too: another one may be found for it. */
bool silence_is_lone(const struct silence_group *group) NONNULL;

#endif
