/*
 * replay.h - messages that were accepted before (protocol 8): the same one again gets its first answer and
 * changes nothing, an older one of its key is refused.
 * Kept in memory for as long as a message could come again, and in TABLE_REPLAY: one row for each commit, in
 * the transaction of the data, read at the next start.
 *
 * TABLE_REPLAY: u32 when all of it is over | u64 number of the row -> u8 version | { u8 RCODE | u32 expiration |
 *               8 octets of the digest | u8 is it SIG(0)'s: then 16 octets of its key, u32 inception }*
 */
#ifndef MAPD_REPLAY_H
#define MAPD_REPLAY_H

#include "mapd/proposal.h"
#include "mapd/store.h"

struct replay; /* looked at by any thread, written by the writer's */

#define REPLAY_OF_KEY 64 /* messages of a SIG(0) key that are remembered at a time */
#define REPLAY_WINDOW 900 /* seconds that a SIG(0) may hold for, at most */

enum replay_answer {
	REPLAY_NEW,
	REPLAY_KNOWN, /* rcode is what it was answered with */
	REPLAY_OLD, /* a later one of its key was accepted: REFUSED */
	REPLAY_OVER, /* its time has passed, and that it was accepted may be forgotten: REFUSED */
	REPLAY_FULL /* too many are remembered, of its key or of all: REFUSED, later again */
};

int replay_new(struct replay **out);
void replay_free(struct replay *replay); /* NULL allowed */
/* Reads what is stored; what is over at now is dropped. */
int replay_load(struct replay *replay, struct change *change, uint64_t now) NONNULL MUST_CHECK;
/*
 * Whether a message with that digest was answered before, by whatever key: *rcode is with what. For any thread: what is
 * not durable yet is not known.
 */
bool replay_knows(struct replay *replay, const uint8_t digest[32], uint64_t now,
    unsigned *rcode) NONNULL MUST_CHECK;
/* All that can be said of one whose key is known; for any thread, as above. */
enum replay_answer replay_look(struct replay *replay, const struct proposal *proposal, uint64_t now,
    unsigned *rcode) NONNULL;

/* The same for the writer, who knows what it noted itself; its answer goes out after the commit. */
enum replay_answer replay_judge(struct replay *replay, const struct proposal *proposal,
    uint64_t now, unsigned *rcode) NONNULL;
/* Remembers one that it judged to be new; the row goes into change by replay_put(). */
int replay_note(struct replay *replay, const struct proposal *proposal, unsigned rcode,
    uint64_t now) NONNULL MUST_CHECK;
bool replay_noted(const struct replay *replay) NONNULL; /* anything since replay_end() */
void replay_put(struct replay *replay, struct change *change, uint64_t now) NONNULL;
/* What was noted since the last one: kept, or forgotten because the commit failed. */
void replay_end(struct replay *replay, bool durable) NONNULL;
size_t replay_count(struct replay *replay) NONNULL;

#endif
