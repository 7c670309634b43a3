/*
 * silence.h - sees that one path of a session has fallen silent while another carries on
 * (protocol 12, RFC 4177 6.3.1): a pure function of successive looks at the sessions.
 *
 * The kernel alone moves a session's lost data after its timer of 204 ms, but its scheduler then
 * goes on choosing the dead subflow until about five such losses have marked it. Who announces the
 * dead path anew takes it out of all sessions at once, over the paths that live; peers join it
 * again as soon as its handshake passes.
 */
#ifndef RESOLVERD_SILENCE_H
#define RESOLVERD_SILENCE_H

#include "resolverd/hold.h"
#include "resolverd/subflows.h"

#define SILENCE_FLOOR_MS 60 /* not thought silent below: delayed acknowledgements take 40 */
#define SILENCE_MUTE_MS 300 /* where no probes can tell: the kernel's first retransmission, after 200, was in vain too */
#define SILENCE_SUSPECT_MS 10 /* unacknowledged for so long, and two round trips: worth a probe */
#define SILENCE_SUSPECT_LONE_MS 50 /* the same of one lone segment, whose acknowledgement may be delayed */
#define SILENCE_LONE_MS 260 /* one lone segment may be acknowledged as late as this */
#define SILENCE_STREAM_MS 300 /* who brought data for so long ... */
#define SILENCE_STOPPED_MS 100 /* ... without a pause like this, and then made one, has stopped */
#define SILENCE_HINTED_MS 1000 /* what came by no longer ago may be what a peer misses; an idle path is none */

struct silence; /* what was seen until now */

struct silence *silence_new(void); /* NULL: out of memory */
void silence_free(struct silence *silence);

/* Why a path is held to be silent. */
struct silence_verdict {
	struct subflow flow; /* the path; of one that is not managed the local address is what is left */
	bool owes; /* acknowledgements; else data that the session misses */
	uint64_t ms; /* for how long */
};

/* A path worth a probe: acknowledgements are owed on it, for two round trips and more than a moment; and others of its
 * session, by other local addresses first, which serve as controls. Only a managed session, or one that began here, may have none. */
#define SILENCE_OTHERS 4
struct silence_suspect {
	struct subflow flow;
	bool owes; /* acknowledgements; else nothing comes by it */
	/* Nothing is owed, but what came has stopped: a stream by its session's only path, as who only receives has no other sign; or
	 * anything, where the peer warns; or that which was found silent while it was the only one (silence_again()). */
	bool stopped;
	uint64_t ms; /* that they are owed for, or nothing came for */
	size_t n_others;
	struct subflow others[SILENCE_OTHERS];
};

/* Whether a path that seems silent is: probes know better, where there are any. */
typedef bool silence_confirm_fn(void *arg, const struct silence_suspect *suspect);

/* Our addresses, and whom to ask before one of them is left. */
struct silence_judge {
	uint8_t (*own)[16];
	size_t n;
	silence_confirm_fn *confirm;
	void *arg;
	struct hold_rule rule; /* from one time that an address is left to the next */
};

/*
 * Takes a look made at now (ms). True: a path by one of our own addresses is silent, as is confirmed, every session
 * that uses it has another path that was heard since, and out says which and why. Of managed sessions
 * each path counts for itself. busy (data moved) and several (any session has more than one path, is managed, or began here) say how
 * soon to look again.
 */
bool silence_look(struct silence *silence, const struct subflows *seen, uint64_t now, const struct silence_judge *judge,
    struct silence_verdict *out) NONNULL;
/* Those of the last look, made at now; one of a session at most. Where there are more than max, others the next time. */
size_t silence_suspects(struct silence *silence, uint64_t now, struct silence_suspect *out, size_t max) NONNULL;
/* Of the sessions that are not managed and have a path this way, whose peer looks for one that is dead: the path that was heard of
 * last, lately, of those by local addresses from where nothing is any more, at the last look, for as long as makes suspect. False: there
 * is none. */
bool silence_hinted(const struct silence *silence, const uint8_t local[16], const uint8_t remote[16], uint64_t now,
    struct silence_suspect *out) NONNULL;
/* The path, if it is there still, with those others of its session that are there by now. False: it is gone. */
bool silence_again(const struct silence *silence, const struct subflow *flow, uint64_t now, struct silence_suspect *out) NONNULL;
/* Whether the path owes nothing at the last look, or not for so long that it were suspect. */
bool silence_may_live(const struct silence *silence, const struct subflow *flow, uint64_t now) NONNULL;
/* How long (ms), at the last look, nothing came by the path, or, if owes, nothing that is out there was acknowledged, whatever else
 * came; 0: something did just then, or nothing is out, or it is gone. */
uint64_t silence_since(const struct silence *silence, const struct subflow *flow, bool owes, uint64_t now) NONNULL;
/* Whether anything came by its pair of addresses since, at the last look: by whatever session; or by itself since flow was seen, as it is seen
 * now. So it counts too when it is over. */
bool silence_hears(const struct silence *silence, const struct subflows *seen, const struct subflow *flow,
    uint64_t since) NONNULL;
/* Whether nothing came by it for so long (ms), and an answer would have. */
bool silence_is_quiet(const struct silence *silence, const struct subflow *flow, uint64_t ms, uint64_t now) NONNULL;
/* Whether the path by this local address, one of the n own, may be left now, all sessions that use it having another one that
 * is not silent, and the last time not being too near; then it is. needed: that it flaps is no reason. */
bool silence_leave(struct silence *silence, const uint8_t address[16], uint64_t now,
    const struct silence_judge *judge, bool needed) NONNULL;

bool silence_is_busy(const struct silence *silence) NONNULL;
bool silence_has_several(const struct silence *silence) NONNULL;

#endif
