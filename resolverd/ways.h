/*
 * ways.h - pairs of addresses that died under sessions, and when they may be used again: a pure memory with a clock.
 * What flaps has to wait longer each time; what lived for longer than it had to wait begins anew.
 */
#ifndef RESOLVERD_WAYS_H
#define RESOLVERD_WAYS_H

#include "core/wire/bytes.h"
#include "resolverd/hold.h"
#include "resolverd/prober.h"

#define WAYS_MAX 4096 /* that are remembered: one for each peer, when a provider of a server's fails */
#define WAYS_PLACES 1024 /* of the table that finds them */
#define WAYS_LOOK_MS 1000 /* from one look at a dead pair to the next; doubles ... */
#define WAYS_LOOK_MAX 8000 /* ... up to this */
#define WAYS_PATIENCE 80 /* of the time between two looks an answer has this part, beside its round trips */
#define WAYS_UNASKED 16 /* looks at a pair that nobody asks for meanwhile; then it is forgotten: its sessions are over */

struct way {
	struct prober_way of;
	bool dead;
	bool trial; /* dead, and one may try it */
	uint32_t rtt_us; /* of data that went there; 0: not known */
	bool probed; /* its peer answers probes, so that a handshake need not tell */
	uint64_t since; /* ms: of the last death or return */
	uint64_t wait; /* from that death on */
	uint64_t look, look_wait; /* when it is to be looked at, and how long until the one after */
	unsigned unasked; /* looks since somebody asked for it */
	uint16_t next; /* in its place of the table: 1 and its position in the list, 0: none */
};

struct ways {
	struct hold_rule rule; /* from a death until the pair may be used again */
	size_t n;
	size_t turn; /* in list: where the next look begins */
	uint16_t first[WAYS_PLACES];
	struct way list[WAYS_MAX];
};

/* Whether it is dead; what is not known lives. */
bool ways_is_dead(struct ways *ways, const struct prober_way *of) NONNULL;
/* Whether a path may begin there: it lives, or this one is the trial, which is over then. */
bool ways_may(struct ways *ways, const struct prober_way *of) NONNULL;
/* It died, if it lived. probed: its peer answered probes elsewhere. */
void ways_died(struct ways *ways, const struct prober_way *of, bool probed, uint64_t now) NONNULL;
/* How long a round trip took there, in us; 0: not known. */
void ways_took(struct ways *ways, const struct prober_way *of, uint32_t rtt_us) NONNULL;
/* How long (ms) an answer from there is waited for: as long as one took, and longer with each look in vain. */
uint64_t ways_patience(const struct ways *ways, const struct prober_way *of) NONNULL;
/* Something came through it: true, when it was dead. */
bool ways_lived(struct ways *ways, const struct prober_way *of, uint64_t now) NONNULL;
/* One may try it, though it does not answer, if its peer is not known to answer probes: true, when that is new. */
bool ways_try(struct ways *ways, const struct prober_way *of) NONNULL;
/* Those of the dead that are to be looked at now, max at most, in turns; each is due again later. */
size_t ways_due(struct ways *ways, uint64_t now, struct prober_way *out, size_t max) NONNULL;
/* Something changed: those that have waited are due at once. of: one of them; NULL: all. */
void ways_hurry(struct ways *ways, const struct prober_way *of, uint64_t now) __attribute__((nonnull(1)));
/* When the next is due, ms; UINT64_MAX: never. */
uint64_t ways_next(const struct ways *ways) NONNULL;

#endif
