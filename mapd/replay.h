/*
 * replay.h - messages that were accepted before (protocol 8): the same one again gets its first answer and
 * changes nothing, an older one of its key is refused.
 * Kept in memory for as long as a message could come again, and in TABLE_REPLAY: one row for each commit, in
 * the transaction of the data, read at the next start.
 */
#ifndef MAPD_REPLAY_H
#define MAPD_REPLAY_H

#include "mapd/proposal.h"
#include "mapd/store.h"

struct replay; /* looked at by any thread, written by the writer's */

enum replay_answer {
	REPLAY_NEW,
	REPLAY_KNOWN, /* rcode is what it was answered with */
	REPLAY_OLD, /* a later one of its key was accepted: REFUSED */
	REPLAY_FULL /* too many of its key are remembered: REFUSED, later again */
};

int replay_new(struct replay **out);
void replay_free(struct replay *replay); /* NULL allowed */
/* Reads what is stored; what is over at now is dropped. */
int replay_load(struct replay *replay, struct change *change, uint64_t now) NONNULL MUST_CHECK;
enum replay_answer replay_look(struct replay *replay, const struct proposal *proposal, uint64_t now,
    unsigned *rcode) NONNULL;

/* By the writer: remembers one that it judged; the rows go into change by replay_put(). */
int replay_note(struct replay *replay, const struct proposal *proposal, unsigned rcode,
    uint64_t now) NONNULL MUST_CHECK;
void replay_put(struct replay *replay, struct change *change, uint64_t now) NONNULL;
/* What was noted since the last one: kept, or forgotten because the commit failed. */
void replay_end(struct replay *replay, bool durable) NONNULL;

#endif
