/*
 * sessions.c - rows by the kernel's number of the socket; the kernel says when one is gone, whoever closed it.
 * Knows sockets and clients; knows nothing of paths.
 */
#include "resolverd/sessions.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/mptcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/crypto.h"
#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "resolverd/follow.h"
#include "resolverd/guard.h"
#include "resolverd/mptcp.h"
#include "resolverd/sockets.h"
#include "resolverd/subflows.h"

#define SESSION_PLACES 4096
#define SWEEP_MS 1000 /* between two times that everything is read anew */
#define SEEN_MS 1000 /* the same of subflows */
#define SESSION_MPTCP_KEY ((uint64_t)1 << 63) /* no cookie is so large */

struct sessions {
	struct agent *agent;
	session_event_fn *tell;
	struct netlink *diag, *gone, *events;
	struct watch *gone_watch, *events_watch;
	struct timer *sweep;
	bool sweeps; /* it runs */
	uint64_t swept;
	uint64_t next_id;
	size_t n, counts[SESSION_UDP + 1];
	uint64_t factors
	    [2]; /* of places: odd, and ours alone, so that nobody can choose what falls into one */
	struct session *list; /* the youngest first */
	struct session *places[SESSION_PLACES]; /* by the socket */
	struct session *numbers[SESSION_PLACES]; /* by owner and his number */
	struct session *peers[SESSION_PLACES]; /* by where they lead to */
	struct result result;
	struct subflows seen;
	uint64_t seen_at; /* ms; 0: never */
};

static uint64_t
session_key(const struct session_note *note)
{
	return note->transport == SESSION_MPTCP ? SESSION_MPTCP_KEY | note->token
						: note->cookie;
}

/* Where something of two words is found. However two are chosen, few factors have them share a place: the hash is universal. */
static size_t
session_place(const struct sessions *all, uint64_t a, uint64_t b)
{
	return (size_t)((a * all->factors[0] + b * all->factors[1]) >> 52) % SESSION_PLACES;
}

static size_t
session_key_place(const struct sessions *all, uint64_t key)
{
	return session_place(all, key, 0);
}

static size_t
session_number_place(
    const struct sessions *all, const struct session_owner *owner, uint32_t number)
{
	return session_place(all, (uintptr_t)owner, number);
}

static struct session **
session_peer_place(struct sessions *all, const uint8_t peer[16])
{
	return &all->peers[session_place(all, get_u64(peer), get_u64(peer + 8))];
}

static void
session_leave(struct session *session)
{
	*session->peer_link = session->peer_chain;
	if (session->peer_chain != NULL)
		session->peer_chain->peer_link = session->peer_link;
}

static void
session_lead(struct session *session)
{
	struct session **at = session_peer_place(session->all, session->note.destination);

	session->peer_chain = *at;
	session->peer_link = at;
	if (session->peer_chain != NULL)
		session->peer_chain->peer_link = &session->peer_chain;
	*at = session;
}

/* Its owner's no more, or nobody's yet. */
static void
session_disown(struct session *session)
{
	struct session **at;

	if (session->owner == NULL)
		return;
	at =
	    &session->all
		 ->numbers[session_number_place(session->all, session->owner, session->number)];
	while (*at != session)
		at = &(*at)->number_chain;
	*at = session->number_chain;
	*session->sibling_link = session->sibling;
	if (session->sibling != NULL)
		session->sibling->sibling_link = session->sibling_link;
	session->owner = NULL;
}

static void
session_own(struct session *session, struct session_owner *owner, uint32_t number)
{
	struct session **at =
	    &session->all->numbers[session_number_place(session->all, owner, number)];

	session_disown(session);
	session->owner = owner;
	session->number = number;
	session->number_chain = *at;
	*at = session;
	session->sibling = owner->first;
	session->sibling_link = &owner->first;
	if (session->sibling != NULL)
		session->sibling->sibling_link = &session->sibling;
	owner->first = session;
}

void
sessions_forget(struct session *session)
{
	struct sessions *all = session->all;
	struct session **at = &all->places[session_key_place(all, session_key(&session->note))];

	while (*at != session)
		at = &(*at)->chain;
	*at = session->chain;
	*session->link = session->next;
	if (session->next != NULL)
		session->next->link = session->link;
	session_disown(session);
	session_leave(session);
	all->n--;
	all->counts[session->note.transport]--;
	guard_free(session->guard);
	follow_free(session->follow);
	session->account->sessions--;
	account_put(&all->agent->accounts, session->account);
	free(session->story);
	free(session);
}

static struct session *
sessions_by_key(const struct sessions *all, uint64_t key)
{
	struct session *session = all->places[session_key_place(all, key)];

	while (session != NULL && session_key(&session->note) != key)
		session = session->chain;
	return session;
}

static void
sessions_gone_heard(void *arg, const struct nlmsghdr *message)
{
	struct session *session;
	uint64_t cookie;

	if (!sockets_gone(message, &cookie))
		return;
	session = sessions_by_key(arg, cookie);
	if (session != NULL)
		sessions_forget(session);
}

static void
sessions_event_heard(void *arg, const struct nlmsghdr *message)
{
	const struct genlmsghdr *generic = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;
	struct session *session = NULL;

	if (generic->cmd != MPTCP_EVENT_CLOSED)
		return;
	mnl_attr_for_each(attr, message,
	    sizeof *generic) if (mnl_attr_get_type(attr) == MPTCP_ATTR_TOKEN &&
				 mnl_attr_validate(attr, MNL_TYPE_U32) >= 0) session =
	    sessions_by_key(arg, SESSION_MPTCP_KEY | mnl_attr_get_u32(attr));
	if (session != NULL)
		sessions_forget(session);
}

/* Events were lost: what is there is read anew. */
static void
sessions_swept(void *arg)
{
	struct sessions *all = arg;
	struct session *next;
	struct socket_look look;

	all->sweeps = false;
	all->swept = loop_now_ms();
	diag_debug("sessions: events were lost; read anew");
	for (struct session *session = all->list; session != NULL; session = next) {
		next = session->next;
		if (sockets_look(all->diag, &session->note, &look) == -MAP_ENOTFOUND)
			sessions_forget(session);
	}
}

/* Who closes sockets by the ten thousands shall not have everything read as often. */
static void
sessions_sweep(struct sessions *all)
{
	uint64_t passed = loop_now_ms() - all->swept;

	if (all->sweeps)
		return;
	all->sweeps = true;
	timer_start(all->sweep, passed < SWEEP_MS ? SWEEP_MS - passed : 0);
}

static void
sessions_gone_ready(void *arg, int fd, unsigned events)
{
	struct sessions *all = arg;

	(void)fd;
	(void)events;
	if (netlink_events(all->gone, sessions_gone_heard, all) < 0)
		sessions_sweep(all);
}

static void
sessions_events_ready(void *arg, int fd, unsigned events)
{
	struct sessions *all = arg;

	(void)fd;
	(void)events;
	if (netlink_events(all->events, sessions_event_heard, all) < 0)
		sessions_sweep(all);
}

/* Where the kernel has no MPTCP there are no such sessions, and no events of them. */
static int
sessions_open_mptcp(struct sessions *all)
{
	struct mptcp *mptcp;
	int rc = mptcp_open(&mptcp);

	if (rc == -MAP_EUNKNOWN)
		return 0;
	if (rc == 0)
		rc = netlink_open(NETLINK_GENERIC, 0, &all->events);
	if (rc == 0)
		rc = netlink_join(all->events, mptcp_event_group(mptcp));
	mptcp_close(mptcp);
	if (rc < 0) { /* not for this user: then a dump when one is asked for is all there is */
		netlink_close(all->events);
		all->events = NULL;
		return 0;
	}
	all->events_watch = watch_new(
	    all->agent->loop, netlink_fd(all->events), LOOP_READ, sessions_events_ready, all);
	return all->events_watch != NULL ? 0 : -MAP_ENOMEM;
}

int
sessions_open(struct agent *agent, session_event_fn *tell, struct sessions **out)
{
	struct sessions *all = calloc(1, sizeof *all);
	int rc = all != NULL ? 0 : -MAP_ENOMEM;

	*out = NULL;
	if (rc != 0)
		return rc;
	*all = (struct sessions){.agent = agent, .tell = tell, .next_id = 1};
	rc = crypto_random(all->factors, sizeof all->factors);
	for (size_t i = 0; i < 2; i++)
		all->factors[i] |= 1;
	if (rc == 0)
		rc = netlink_open(NETLINK_SOCK_DIAG, 0, &all->diag);
	if (rc == 0)
		rc = netlink_open(NETLINK_SOCK_DIAG, sockets_groups(), &all->gone);
	if (rc == 0) {
		all->sweep = timer_new(agent->loop, sessions_swept, all);
		all->gone_watch = watch_new(
		    agent->loop, netlink_fd(all->gone), LOOP_READ, sessions_gone_ready, all);
		rc = all->gone_watch != NULL && all->sweep != NULL ? sessions_open_mptcp(all)
								   : -MAP_ENOMEM;
	}
	if (rc == 0) {
		*out = all;
		return 0;
	}
	if (rc == -MAP_ESYS) {
		diag_info("sessions: the kernel shows no sockets (%s): they are not watched",
		    strerror(errno));
		rc = 0;
	}
	sessions_close(all);
	return rc;
}

void
sessions_close(struct sessions *all)
{
	if (all == NULL)
		return;
	while (all->list != NULL)
		sessions_forget(all->list);
	timer_free(all->sweep);
	watch_free(all->gone_watch);
	watch_free(all->events_watch);
	netlink_close(all->diag);
	netlink_close(all->gone);
	netlink_close(all->events);
	subflows_clear(&all->seen);
	free(all);
}

/* Whether the socket is there, and this user's: one that was closed before its program's word came would never be told of
 * again. Of a TCP socket the kernel's own number is taken. Who cannot be asked is believed. */
static int
sessions_verify(struct sessions *all, const struct account *account, struct session_note *note)
{
	struct socket_look look;
	int rc;

	if (note->transport == SESSION_TCP)
		note->cookie = 0;
	rc = sockets_look(all->diag, note, &look);
	if (rc == -MAP_ESYS && note->transport != SESSION_TCP)
		return 0;
	if (rc < 0)
		return rc;
	if (note->transport == SESSION_TCP)
		note->cookie = look.cookie;
	return account->uid == 0 || account->uid == look.uid ? 0 : -MAP_EREFUSED;
}

static int
sessions_new(struct sessions *all, struct account *account, const struct session_note *note,
    struct session **out)
{
	struct session *session;
	size_t place = session_key_place(all, session_key(note));

	if (!account_allows(account->sessions, all->n, SESSIONS_MAX))
		return -MAP_ELIMIT;
	session = calloc(1, sizeof *session);
	if (session == NULL)
		return -MAP_ENOMEM;
	*session = (struct session){.all = all,
	    .account = account,
	    .id = all->next_id++,
	    .since = loop_now_ms(),
	    .note = *note,
	    .next = all->list,
	    .link = &all->list,
	    .chain = all->places[place]};
	all->places[place] = session;
	session_lead(session);
	if (session->next != NULL)
		session->next->link = &session->next;
	all->list = session;
	all->n++;
	all->counts[note->transport]++;
	account->sessions++;
	*out = session;
	return 0;
}

int
sessions_put(struct sessions *all, struct session_owner *owner, uint32_t number,
    struct account *account, const struct session_note *note)
{
	struct session_note now = *note, was;
	struct session *session;
	char source[EID_TEXT], to[EID_TEXT];
	int rc = sessions_verify(all, account, &now);

	if (rc < 0)
		return rc;
	if (now.transport == SESSION_MPTCP && all->events == NULL)
		return 0; /* nobody would tell of its end */
	session = sessions_by_key(all, session_key(&now));
	if (session != NULL &&
	    (session->account != account || session->note.transport != now.transport))
		return -MAP_EREFUSED;
	if (session == NULL) {
		rc = sessions_new(all, account, &now, &session);
		if (rc < 0)
			return rc;
	}
	session_leave(session);
	was = session->note;
	session->note = now;
	session_lead(session);
	session_own(session, owner, number);
	session_tell(session, "%s from %s to %s", session->told == 0 ? "begins" : "is",
	    address_print(now.source, source), address_print(now.destination, to));
	if (now.transport == SESSION_MPTCP)
		return session->follow != NULL ? 0 : follow_new(session, &session->follow);
	if (session->guard == NULL)
		return guard_new(session, &session->guard);
	guard_moved(session->guard, &was);
	return 0;
}

struct session *
sessions_find(const struct sessions *all, const struct session_owner *owner, uint32_t number)
{
	struct session *session = all->numbers[session_number_place(all, owner, number)];

	while (session != NULL && (session->owner != owner || session->number != number))
		session = session->number_chain;
	return session;
}

void
sessions_owner_gone(struct session_owner *owner)
{
	while (owner->first != NULL) {
		struct session *session = owner->first;

		session_disown(session);
		if (session->note.transport == SESSION_UDP)
			sessions_forget(session);
	}
}

bool
sessions_lead_to(const struct sessions *all, const uint8_t peer[16])
{
	struct sessions *mine = (struct sessions *)(uintptr_t)all;
	const struct session *session = *session_peer_place(mine, peer);

	while (session != NULL && memcmp(session->note.destination, peer, 16) != 0)
		session = session->peer_chain;
	return session != NULL;
}

size_t
sessions_count(const struct sessions *all, enum session_transport transport)
{
	return all->counts[transport];
}

size_t
sessions_subscribed(const struct sessions *all)
{
	size_t n = 0;

	for (const struct session *s = sessions_next(all, NULL); s != NULL;
	     s = sessions_next(all, s))
		n += s->follow != NULL || s->guard != NULL;
	return n;
}

struct session *
sessions_next(const struct sessions *all, const struct session *after)
{
	return after == NULL ? all->list : after->next;
}

struct session *
sessions_by_token(const struct sessions *all, uint32_t token)
{
	return sessions_by_key(all, SESSION_MPTCP_KEY | token);
}

struct session *
sessions_by_id(const struct sessions *all, uint64_t id)
{
	struct session *session = all->list;

	while (session != NULL && session->id != id)
		session = session->next;
	return session;
}

void
session_tell(struct session *session, const char *format, ...)
{
	struct story *line;
	va_list args;

	if (session->story == NULL)
		session->story = calloc(SESSION_STORY, sizeof *session->story);
	if (session->story == NULL)
		return;
	line = &session->story[session->told++ % SESSION_STORY];
	line->at = loop_now_ms();
	va_start(args, format);
	vsnprintf(line->text, sizeof line->text, format, args);
	va_end(args);
}

void
session_send(struct session *session, const struct session_event *event)
{
	if (session->owner != NULL)
		session->all->tell(session->owner, session->number, event);
}

struct agent *
sessions_agent(const struct sessions *all)
{
	return all->agent;
}

struct result *
sessions_result(struct sessions *all)
{
	return &all->result;
}

struct netlink *
sessions_diag(const struct sessions *all)
{
	return all->diag;
}

const struct subflows *
sessions_subflows(struct sessions *all)
{
	uint64_t now = loop_now_ms();

	if (all->seen_at != 0 && now - all->seen_at < SEEN_MS)
		return &all->seen;
	all->seen_at = 0;
	if (subflows_read(all->diag, &all->seen) < 0)
		return NULL;
	all->seen_at = now;
	return &all->seen;
}
