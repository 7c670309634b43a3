/*
 * pulse_own.h - what pulse.c (when to look), pulse_probe.c (what is suspect is probed) and pulse_offer.c (addresses are offered to the
 * kernel anew) share; nobody else's.
 */
#ifndef RESOLVERD_PULSE_OWN_H
#define RESOLVERD_PULSE_OWN_H

#include "resolverd/pulse.h"
#include "resolverd/returns.h"
#include "resolverd/silence.h"

#define PULSE_CHECKS 32 /* at a time */

/* A suspect path that is probed, or was lately. */
struct suspicion {
	struct pulse *pulse;
	struct heartbeat_check *check; /* NULL: none under way */
	struct subflow flow, others[SILENCE_OTHERS];
	struct prober_way ways[HEARTBEAT_PAIRS]; /* its own, and what is probed beside it */
	size_t n_controls; /* of those, after its own, that are paths of its session */
	bool lone; /* or are none: it has no other */
	bool waits; /* its session had no other when it was found silent; it still is, and what that carries waits on it */
	bool joined; /* another one of its session has been made since all was read */
	bool owes; /* acknowledgements; else nothing came by it */
	uint64_t began; /* ms */
	uint64_t silent; /* ms: for how long it was by then */
	uint64_t rest; /* ms: not before */
	uint64_t stopped; /* ms: that nothing had come for; 0: something is owed */
	bool mute; /* nothing answered its probes, nor those of its controls */
	bool said; /* that it is dead, in the story of its session, though it was not left */
};

/* An address of its peer that a session which began here had a path to. */
struct lost {
	uint32_t token;
	uint8_t remote[16];
	uint64_t next; /* ms: it is asked for, if nothing leads there by then */
	unsigned times; /* that it was */
};

struct pulse {
	struct netlink *events, *diag;
	struct watch *watch;
	struct timer *timer;
	struct silence *silence;
	struct subflows seen;
	bool news; /* something began since, or may have */
	bool begun; /* a session did */
	uint32_t newest; /* the last one that did */
	uint64_t all_at; /* ms: all was read */
	uint64_t all_us, one_us; /* what that cost, and each of those that were asked for singly, last */
	uint64_t debt_us, paid_at; /* what looks at all have cost beyond their share, and ms: until when that counts */
	uint64_t aside_us; /* of this look */
	uint64_t pause_ms; /* from the last look to the next, but for what they cost */
	bool running;
	bool hastened; /* the next look was */
	bool blind; /* the kernel did not tell when it was asked last */
	const struct pulse_ops *ops;
	void *arg;
	struct heartbeat *heartbeat; /* NULL: nothing is probed */
	const struct paths_company *company; /* NULL: none yet */
	struct loop *loop;
	struct returns *returns; /* NULL: none yet */
	struct manage *manage; /* NULL: the kernel has all sessions */
	struct suspicion suspicions[PULSE_CHECKS];
	struct prober_way hint; /* by which a peer's warning came */
	uint64_t hinted; /* ms: when, last */
	struct lost lost[PULSE_CHECKS]; /* those for which there is room */
	size_t n_lost;
};

/* What is seen is read anew. -MAP_ESYS */
int pulse_read(struct pulse *pulse) NONNULL MUST_CHECK;
/* What the kernel has told of paths is taken note of. */
void pulse_hear(struct pulse *pulse) NONNULL;
/* What is suspect at the last look, and may be, is probed. */
void pulse_suspect(struct pulse *pulse) NONNULL;
/* A peer that warns by one path of a session holds another one for silent, which is looked at from here too: the address may be this
 * host's to leave. */
void pulse_take_hint(struct pulse *pulse) NONNULL;
/* The next look is made at once, if one is due. */
void pulse_hasten(struct pulse *pulse) NONNULL;
/* The kernel tells of a new path of the session: this may be what it waits for. */
void pulse_joined(struct pulse *pulse, uint32_t token) NONNULL;
void pulse_all_seen(struct pulse *pulse) NONNULL; /* all was read since */
/* What had no other path, and is silent, is looked at again when there is one, until it is left. */
void pulse_relieve(struct pulse *pulse) NONNULL;
/* own: room for MPTCP_ENDPOINTS, borrowed as long as the judge. */
struct silence_judge pulse_judge(struct pulse *pulse, uint8_t (*own)[16]) NONNULL;

/* An event told of the end of a path, or of one that never stood; error: an errno, or 0. */
void pulse_ended(struct pulse *pulse, uint32_t token, const struct prober_way *way, int error) NONNULL;
/* Peers' addresses that sessions which began here have lost, and not had again within a second, are probed. */
void pulse_seek_lost(struct pulse *pulse) NONNULL;
/* What is kept back is offered, unless the newest session is by it. */
void pulse_offer_kept(struct pulse *pulse) NONNULL;
/* What uses the address is to leave it, and whoever can comes by it anew. */
void pulse_offer(struct pulse *pulse, const uint8_t address[16], const char *why) NONNULL;
/* Whether that costs nobody a session, at the last look: none is by it, or each that is has another path, by neither this address nor the
 * silent one (NULL: none is), and can spare this one now. Then it counts as done. */
bool pulse_may_offer(struct pulse *pulse, const uint8_t address[16], const uint8_t *silent) __attribute__((nonnull(1, 2)));
/* What was probed beside a session's only path, and answers, is offered, if that costs nobody a session. */
void pulse_revive(struct pulse *pulse, const struct suspicion *s, const struct heartbeat_outcome *outcomes, size_t n) NONNULL;
/* Whether the path's address may be left now, by what the kernel says at this moment, too; then it is. That it flaps is a reason against it,
 * unless its session had nothing else until now, and nobody else lives by it. */
bool pulse_may_leave(struct pulse *pulse, const struct suspicion *s, const struct silence_judge *judge) NONNULL;
/* Whoever comes by the path's address is to leave it. */
void pulse_renew(struct pulse *pulse, const struct subflow *flow, const char *why, bool probed) NONNULL;
/* Ends of paths were not heard of. */
void pulse_unheard(struct pulse *pulse) NONNULL;

#endif
