/*
 * managed.h - one MPTCP session that the userspace path manager has, and what it needs now: a pure function of its paths,
 * its peer's addresses, ours, and which pairs are dead (protocol 12, RFC 4177 5.3, 7.3).
 *
 * Who connected joins; who accepted announces, because nobody listens at a connector's port. A path is made before another is
 * left, and the last one is never left.
 */
#ifndef RESOLVERD_MANAGED_H
#define RESOLVERD_MANAGED_H

#include "resolverd/mptcp.h"
#include "resolverd/ways.h"

#define MANAGED_PAIRS 8 /* that it may be by, as its mapping has them */
#define MANAGED_PATHS 12 /* the same, when none of them is any good, and what is made in their place */
#define MANAGED_HEARD 8 /* addresses that the peer announced */
#define MANAGED_OWN 512 /* all that a host may have */
#define MANAGED_ACTS 8
#define MANAGED_JOIN_MS 2000 /* until a path that does not stand is tried anew; doubles ... */
#define MANAGED_JOIN_MAX 64000 /* ... up to this */
#define MANAGED_JOINS 16 /* handshakes of a session in MANAGED_JOINS_MS: its peer may announce whatever he likes */
#define MANAGED_JOINS_MS 10000
#define MANAGED_SIGN_MS 200 /* ... but for a sign that it would */
#define MANAGED_SIGNED (MANAGED_JOINS / 2) /* after so many handshakes signs bring about none: the others are for what changes */
#define MANAGED_ASK_MS 1000 /* whether its peer still has a path is asked no more often */
#define MANAGED_MAP_MS 50 /* a session that began here waits so long for its mapping, which says what is a backup */

/* An address of this host. */
struct managed_own {
	uint8_t address[16];
	bool announced; /* to peers; a private one is only used */
	bool passive; /* no path begins there, such as at a temporary one; those that are there stay */
	bool fades; /* and these are left when others stand: the site's routers say that it is not to be used */
};

/* A path that stands, or that was to: then it is tried again after a while. */
struct managed_path {
	struct mptcp_path path;
	bool up;
	bool mute; /* nothing came through it when it was looked at last */
	uint64_t since;
	uint64_t wait; /* not up: ms from since on */
	uint64_t asked; /* ms: whether its peer has it too, last; 0: not since it stands */
};

struct managed_pair {
	uint8_t source[16], destination[16];
	bool backup;
};

/* An address of either end that the other was told of. */
struct managed_address {
	uint8_t address[16];
	uint16_t port; /* the peer's; 0: the session's */
	uint8_t id;
	bool announced; /* ours: the peer was told */
};

struct managed {
	struct managed *next, **link, *chain;
	uint32_t token;
	bool server; /* it was accepted here */
	bool ready; /* something of it was acknowledged: paths may be joined */
	bool ours; /* it began while we were asked, or a command over it succeeded */
	bool foreign; /* the kernel's own path manager has it */
	uint8_t last_id; /* the last number that was given to an own address */
	uint8_t refusals; /* of announcements, or of marks, one after the other */
	uint64_t began; /* ms: when it was heard of */
	uint64_t joins_since; /* ms; and how many handshakes since then: */
	unsigned joins;
	uint64_t cut, cut_since; /* ms: until when nothing of it is known to live, 0: it does; and since when */
	struct mptcp_path first; /* as it began */
	size_t n_paths, n_heard, n_own, n_pairs;
	struct managed_path paths[MANAGED_PATHS];
	struct managed_address heard[MANAGED_HEARD];
	struct managed_address own[MANAGED_PATHS]; /* that have a number here */
	struct managed_pair pairs[MANAGED_PAIRS]; /* its mapping's, best first; none: it has no mapping */
	size_t n_given_up;
	uint8_t given_up[MANAGED_PAIRS][16]; /* the peer's, that its mapping drains */
};

/* What all sessions have in common. */
struct managed_world {
	size_t n_own;
	const struct managed_own *own;
	struct ways *ways;
	uint64_t now;
};

enum act_kind { ACT_JOIN, ACT_ANNOUNCE, ACT_LEAVE, ACT_BACKUP };

struct act {
	enum act_kind kind;
	bool whole; /* ACT_LEAVE: nothing else by this local address lives: the peer is told */
	struct mptcp_path path; /* ACT_ANNOUNCE: the local address and its number */
	const char *why; /* a static string */
};

/* What is to be done next, at most max acts; numbers that it needs are taken. Nothing: it is as it should be. */
size_t managed_acts(struct managed *m, const struct managed_world *world, struct act *out, size_t max) NONNULL;

/* Whether nothing is joined for want of its mapping, which its program may be about to tell. */
bool managed_awaits(const struct managed *m, const struct managed_world *world) NONNULL;

/* The path of this pair and local port, or, where either port is 0, of this pair, rather one that stands; or NULL. */
struct managed_path *managed_path(struct managed *m, const struct mptcp_path *path) NONNULL;
/* A path stands, or begins to. False: there are too many. */
bool managed_put(struct managed *m, const struct mptcp_path *path, bool up, uint64_t now) NONNULL;
/* It stands no more, or never came to. */
void managed_fell(struct managed_path *path, uint64_t now) NONNULL;
/* Another path carries now: puts the ways of those that were mute, where that was found just now, which are dead then; how many.
 * That one was mute long ago says nothing: it may have carried ever since. */
size_t managed_settle(struct managed *m, uint64_t now, struct prober_way out[MANAGED_PATHS]) NONNULL;
/* What does not stand may be tried again at once. way: it lives again, and so may what shares an end with it; NULL: all may. */
void managed_hurry(struct managed *m, const struct prober_way *way) __attribute__((nonnull(1)));
/* How many handshakes there were in the last MANAGED_JOINS_MS. */
unsigned managed_joins(struct managed *m, uint64_t now) NONNULL;
/* The same where a peer probes the session, for a sign of life that anybody may have made up. True: some path is to be tried. */
bool managed_sign(struct managed *m, const struct prober_way *way, uint64_t now) NONNULL;
/* Paths that stand, by the address where a peer probes the session: he may have left them while nothing passed that would tell
 * this end, which began the session and alone can join them anew. Whoever does not have them any more says so to whatever comes by them.
 * Each once in MANAGED_ASK_MS, and none after MANAGED_SIGNED handshakes, as the probe may be made up. How many. */
size_t managed_asks(struct managed *m, const struct prober_way *way, uint64_t now, const struct mptcp_path *out[MANAGED_PATHS]) NONNULL;
/* The peer has announced an address, or withdrawn one. */
void managed_heard(struct managed *m, const struct managed_address *address) NONNULL;
void managed_withdrawn(struct managed *m, uint8_t id) NONNULL;
/* The kernel knows this own address by a number that was given before; announced: and so does the peer. */
void managed_number(struct managed *m, const struct managed_address *own) NONNULL;
/* The peer is told that nothing leads from where this path does: takes the number of that address, and returns it; 0: it had none,
 * or another path has it. */
uint8_t managed_forget(struct managed *m, const struct mptcp_path *left) NONNULL;
/* Where the session might be, beside its paths: for probes as controls, which also tell the peer's agent, who joins, that we
 * are there. */
size_t managed_spares(
    const struct managed *m, const struct managed_world *world, struct prober_way *out, size_t max) NONNULL;

#endif
