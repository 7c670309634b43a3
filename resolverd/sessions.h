/*
 * sessions.h - the sessions that this host's programs told of, as long as their sockets live; each with its story.
 */
#ifndef RESOLVERD_SESSIONS_H
#define RESOLVERD_SESSIONS_H

#include "core/wire/frame.h"
#include "resolverd/agent.h"

#define SESSIONS_MAX 16384 /* in all; of a user never more than he leaves to others */
#define SESSION_STORY 16   /* lines that are kept of each */
#define STORY_TEXT 160     /* two addresses as long as they can be, and what became of them */

struct follow;
struct guard;
struct sessions;
struct subflows;

/* Who told of sessions: in him, and zero at first. */
struct session_owner {
	struct session *first;
};

struct story {
	uint64_t at; /* ms of the loop's clock */
	char text[STORY_TEXT];
};

struct session {
	struct session *next, **link; /* of all, the youngest first */
	struct session *chain, *number_chain;
	struct session *peer_chain, **peer_link; /* by a destination there may be as many as there are */
	struct session *sibling, **sibling_link; /* of its owner's */
	struct sessions *all;
	struct session_owner *owner; /* who told of it; NULL: gone */
	uint32_t number;             /* his for it */
	struct account *account;
	uint64_t id; /* for people */
	uint64_t since;
	struct session_note note; /* the pair is where it is now */
	struct guard *guard;      /* NULL: the kernel and pulse.c look after it */
	struct follow *follow;    /* MPTCP: asks its mapping again */
	unsigned told;            /* lines of the story so far; the last SESSION_STORY are kept */
	struct story *story;
};

/* Sends an event to the session's owner. */
typedef void session_event_fn(
    struct session_owner *owner, uint32_t number, const struct session_event *event);

/* Without socket diagnosis there are no sessions: said in one line, and *out is NULL. -MAP_ENOMEM, -MAP_ECRYPTO */
int sessions_open(struct agent *agent, session_event_fn *tell, struct sessions **out) NONNULL MUST_CHECK;
void sessions_close(struct sessions *all); /* NULL allowed */

/*
 * A session stands, or is by another pair now. That its socket is there, and the user's own, is seen to. -MAP_ELIMIT,
 * -MAP_ENOMEM, -MAP_ENOTFOUND and -MAP_EREFUSED: no such socket of the user's.
 */
int sessions_put(struct sessions *all, struct session_owner *owner, uint32_t number,
    struct account *account, const struct session_note *note) NONNULL MUST_CHECK;
struct session *sessions_find(
    const struct sessions *all, const struct session_owner *owner, uint32_t number) NONNULL;
void sessions_forget(struct session *session) NONNULL;
/* His datagram sessions end for us; the others go on with their sockets. */
void sessions_owner_gone(struct session_owner *owner) NONNULL;
/* Whether one leads to this address of a peer. */
bool sessions_lead_to(const struct sessions *all, const uint8_t peer[16]) NONNULL;

size_t sessions_count(const struct sessions *all, enum session_transport transport) NONNULL;
/* How many have their mapping asked for again while they live. */
size_t sessions_subscribed(const struct sessions *all) NONNULL;
/* The session after that one, by age; the first after NULL. */
struct session *sessions_next(const struct sessions *all, const struct session *after) __attribute__((nonnull(1)));
/* An MPTCP session by its token, or NULL: no program told of it. */
struct session *sessions_by_token(const struct sessions *all, uint32_t token) NONNULL;
struct session *sessions_by_id(const struct sessions *all, uint64_t id) NONNULL;

__attribute__((format(printf, 2, 3))) void session_tell(struct session *session, const char *format, ...);
void session_send(struct session *session, const struct session_event *event) NONNULL;
struct agent *sessions_agent(const struct sessions *all) NONNULL;
struct result *sessions_result(struct sessions *all) NONNULL; /* room to read one, for the moment */
struct netlink *sessions_diag(const struct sessions *all) NONNULL; /* for asking */
/* This host's subflows, as they were within the last second: thousands of sessions do not read thousands of times what all of them
 * have. Borrowed until the next; NULL: they cannot be read. */
const struct subflows *sessions_subflows(struct sessions *all) NONNULL;

#endif
