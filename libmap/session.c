/*
 * session.c - the active side: what was found, raced, and remembered of the winner.
 */
#include "libmap/context.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "libmap/race.h"
#include "libmap/transport.h"

/* What is to be known of a pair if it wins. */
struct winner {
	enum map_peer peer;
	bool secure, proved;
	char path[PATH_MAX_TEXT];
	uint8_t identity;
};

/* What is to be opened. */
struct session_plan {
	struct eid id, local; /* local: EID_NONE for any address */
	uint16_t resolve; /* RESOLVE_* */
	unsigned flags; /* MAP_* */
	uint16_t port;
	struct wishes wishes;
	struct bytes token; /* sent first; borrowed until the start */
};

struct session {
	struct map_request request; /* first: what the caller holds */
	struct ask ask;
	struct session_plan plan;
	uint8_t token[MAP_TOKEN_MAX];
	uint64_t deadline;
	struct race *race;
	map_connected_fn *fn;
	void *arg;
	size_t n; /* of pairs; and of the winners below */
	struct race_pair pairs[RESULT_PAIRS];
	struct winner winners[RESULT_PAIRS];
	char identities[RESULT_IDENTITIES][EID_TEXT];
	struct eid ids[RESULT_IDENTITIES];
};

static void
session_end(struct map_request *request)
{
	struct session *s = (struct session *)(void *)request;

	agent_cancel(&s->ask);
	race_free(s->race);
	free(s);
}

/* Tells the caller and is gone. */
static void
session_tell(struct session *s, int error, const char *why, int fd)
{
	struct map *map = s->request.map;
	map_connected_fn *fn = s->fn;
	void *arg = s->arg;

	if (error != 0)
		context_fail(map, error, "%s", why);
	context_remove(&s->request);
	session_end(&s->request);
	fn(arg, error, error != 0 ? map->why : "", fd);
}

/* Whose session it is, for the agent: an identity, or where there is none, what was asked for. */
static bool
session_note(const struct session *s, int fd, size_t i, struct session_note *note)
{
	const struct eid *id = &s->ids[s->winners[i].identity];

	*note = (struct session_note){.flags = s->ask.request.flags & SESSION_FLAGS,
	    .id = id->form != EID_NONE ? *id : s->plan.id,
	    .local = s->plan.local,
	    .wishes = s->plan.wishes};
	if (s->winners[i].secure && id->form != EID_NONE)
		note->flags |= RESOLVE_TRUSTED_ID; /* a secure name said so */
	return transport_note(fd, note);
}

/* A fresh session takes as much as a token without blocking. */
static bool
session_send_token(const struct session *s, int fd)
{
	ssize_t n = s->plan.token.n > 0
			? send(fd, s->token, s->plan.token.n, MSG_NOSIGNAL | MSG_DONTWAIT)
			: 0;

	return n >= 0 && (size_t)n == s->plan.token.n;
}

static void
session_won(struct session *s, int fd, size_t i)
{
	struct map_session info = {.peer = s->winners[i].peer,
	    .secure = s->winners[i].secure,
	    .proved = s->winners[i].proved};
	struct session_note note;
	bool noted;

	memcpy(info.source, s->pairs[i].source, 16);
	memcpy(info.destination, s->pairs[i].destination, 16);
	memcpy(info.path, s->winners[i].path, sizeof info.path);
	snprintf(
	    info.identity, sizeof info.identity, "%s", s->identities[s->winners[i].identity]);
	if (!session_send_token(s, fd) ||
	    (!(s->plan.flags & MAP_NONBLOCK) && fcntl(fd, F_SETFL, 0) < 0)) {
		int saved = errno;

		close(fd);
		session_tell(s, -MAP_ESYS, strerror(saved), -1);
		return;
	}
	noted = session_note(s, fd, i, &note);
	sessions_put(s->request.map, fd, s->plan.flags, &info, noted ? &note : NULL);
	watch_note(s->request.map);
	session_tell(s, 0, "", fd);
}

static void
session_raced(void *arg, int error, const char *why, int fd, size_t i)
{
	struct session *s = arg;
	char text[CONTEXT_WHY];

	if (fd >= 0) {
		session_won(s, fd, i);
		return;
	}
	snprintf(text, sizeof text, "%s", why); /* it goes with the race */
	session_tell(s, error, text, -1);
}

static void
session_run(void *arg)
{
	struct session *s = arg;
	uint64_t due;

	if (race_run(s->race, &due)) /* else the session is gone */
		s->request.due = due < s->deadline ? due : s->deadline;
}

static void
session_timeout(struct map_request *request)
{
	struct session *s = (struct session *)(void *)request;

	if (context_now() >= s->deadline)
		session_tell(
		    s, -MAP_ETIMEOUT, "no pair of addresses answered within the deadline", -1);
	else
		session_run(s);
}

static enum map_peer
session_peer(const struct result *result, const struct found_identity *id)
{
	if (result->kind == RESULT_LEGACY)
		return MAP_PEER_LEGACY;
	switch (id->id.form) {
	case EID_ADDRESS:
		return MAP_PEER_ADDRESS;
	case EID_KEY:
		return MAP_PEER_KEY;
	case EID_NAME:
		return MAP_PEER_NAME;
	case EID_NONE:
		break;
	}
	return MAP_PEER_LEGACY;
}

static enum verdict
session_trust(const struct found_identity *id, const uint8_t destination[16])
{
	for (size_t i = 0; i < id->n_locators; i++)
		if (memcmp(id->locators[i].locator.address, destination, 16) == 0)
			return id->locators[i].trust;
	return VERDICT_INSECURE;
}

static void
session_put_pair(struct session *s, const struct result *result, const struct pair *pair)
{
	const struct found_identity *id = &result->identities[pair->identity];
	enum verdict trust = session_trust(id, pair->destination);
	struct winner *winner = &s->winners[s->n];
	struct race_pair *to = &s->pairs[s->n++];

	memcpy(to->source, pair->source, 16);
	memcpy(to->destination, pair->destination, 16);
	to->group = pair->identity;
	to->rtt_us = pair->rtt_us;
	winner->peer = session_peer(result, id);
	winner->proved = trust == VERDICT_PROVED;
	winner->secure = (trust == VERDICT_SECURE || trust == VERDICT_PROVED) &&
			 (result->asked.n == 0 || result->name.dnssec == VERDICT_SECURE);
	winner->identity = pair->identity;
	memcpy(winner->path, pair->path, sizeof winner->path);
}

static void
session_take(struct session *s, const struct result *result)
{
	for (size_t i = 0; i < result->n_identities; i++)
		if (result->identities[i].id.form != EID_NONE) {
			s->ids[i] = result->identities[i].id;
			eid_print(&s->ids[i], s->identities[i]);
		}
	for (size_t i = 0; i < result->n_pairs; i++)
		if (result->pairs[i].identity < result->n_identities)
			session_put_pair(s, result, &result->pairs[i]);
}

/* No handshake tells which pair works, so the agent has probed them: the first that this host can send by. */
static void
session_datagram(struct session *s)
{
	char why[CONTEXT_WHY] = "no address of this host leads there", to[EID_TEXT];

	for (size_t i = 0; i < s->n; i++) {
		int fd = transport_datagram(
		    s->pairs[i].source, s->pairs[i].destination, s->plan.port);

		if (fd >= 0) {
			session_won(s, fd, i);
			return;
		}
		snprintf(why, sizeof why, "%s: %s", address_print(s->pairs[i].destination, to),
		    strerror(errno));
	}
	session_tell(s, s->n > 0 ? -MAP_ECONNECT : -MAP_ENOROUTE, why, -1);
}

static void
session_race(struct session *s)
{
	if (s->n == 0) {
		session_tell(s, -MAP_ENOROUTE, "no address of this host leads there", -1);
		return;
	}
	s->race = race_new(s->request.map, s->pairs, s->n, s->plan.port,
	    (s->plan.flags & MAP_REQUIRE_MPTCP) != 0);
	if (s->race == NULL) {
		session_tell(s, -MAP_ENOMEM, "out of memory", -1);
		return;
	}
	race_tell(s->race, session_raced, session_run, s);
	session_run(s);
}

static void
session_found(struct ask *ask, int error, const char *why, const struct result *result)
{
	struct session *s =
	    (struct session *)(void *)((char *)ask - offsetof(struct session, ask));

	if (error != 0) {
		session_tell(s, error, why, -1);
		return;
	}
	session_take(s, result);
	if (s->plan.flags & MAP_DATAGRAM)
		session_datagram(s);
	else
		session_race(s);
}

static int
session_port(
    struct map *map, const char *service, uint16_t of_reference, unsigned flags, uint16_t *port)
{
	if (service != NULL)
		return target_service(map, service, (flags & MAP_DATAGRAM) != 0, port);
	*port = of_reference;
	if (*port == 0)
		return context_fail(
		    map, -MAP_EUSAGE, "no service given, and no port in a reference");
	return 0;
}

/* The agent looks up both ends side by side, and ranks. */
static void
session_ask(struct session *s)
{
	struct map *map = s->request.map;
	uint64_t due = context_now() + map->resolve_ms;
	bool datagrams = (s->plan.flags & MAP_DATAGRAM) != 0;

	s->ask = (struct ask){.map = map,
	    .request = {.flags = (uint16_t)(s->plan.resolve | RESOLVE_PAIRS |
					    (datagrams ? RESOLVE_LIVE : 0)),
		.id = s->plan.id,
		.local = s->plan.local,
		.wishes = s->plan.wishes},
	    .due = due < s->deadline ? due : s->deadline,
	    .fn = session_found};
	agent_start(&s->ask);
}

static int
session_start(struct map *map, const struct session_plan *plan, map_connected_fn *fn, void *arg,
    struct map_request **request)
{
	struct session *s = calloc(1, sizeof *s);

	if (s == NULL)
		return context_fail(map, -MAP_ENOMEM, "out of memory");
	s->request.end = session_end;
	s->request.timeout = session_timeout;
	s->plan = *plan;
	if (plan->token.n > 0)
		memcpy(s->token, plan->token.p, plan->token.n);
	s->fn = fn;
	s->arg = arg;
	context_add(map, &s->request);
	s->request.due = s->deadline = context_now() + map->connect_ms;
	session_ask(s);
	if (request != NULL)
		*request = &s->request;
	return 0;
}

int
map_connect_start(struct map *map, const char *local, const char *remote, const char *service,
    unsigned flags, map_connected_fn *fn, void *arg, struct map_request **request)
{
	struct session_plan plan = {.flags = flags, .wishes = map->wishes};
	struct target to, from = {.id = {.form = EID_NONE}};
	int rc = target_read(map, remote, flags, &to);

	if (rc == 0 && (flags & MAP_DATAGRAM) && (flags & MAP_REQUIRE_MPTCP))
		rc = context_fail(
		    map, -MAP_EUSAGE, "MAP_REQUIRE_MPTCP: there are no datagrams over MPTCP");
	if (rc == 0)
		rc = session_port(map, service, to.port, flags, &plan.port);
	if (rc == 0 && local != NULL)
		rc = target_read(map, local, flags & MAP_ALLOW_INSECURE, &from);
	if (rc < 0)
		return rc;
	plan.id = to.id;
	plan.resolve = to.flags;
	plan.local = from.id;
	return session_start(map, &plan, fn, arg, request);
}

int
map_reconnect_start(struct map *map, int fd, const void *token, size_t n, map_connected_fn *fn,
    void *arg, struct map_request **request)
{
	const struct session_row *row = sessions_find(map, fd);
	struct session_plan plan;

	if (row == NULL || row->number == 0)
		return context_fail(map, -MAP_ENOTFOUND,
		    "descriptor %d: no session that this context opened", fd);
	if (n > MAP_TOKEN_MAX)
		return context_fail(
		    map, -MAP_EUSAGE, "token: %zu octets; at most %d", n, MAP_TOKEN_MAX);
	plan = (struct session_plan){.id = row->note.id,
	    .local = row->note.local,
	    .resolve = row->note.flags,
	    .flags = row->flags,
	    .port = row->note.destination_port,
	    .wishes = row->note.wishes,
	    .token = {token, n}};
	return session_start(map, &plan, fn, arg, request);
}

struct session_wait {
	bool done;
	int error, fd;
};

static void
session_waited(void *arg, int error, const char *why, int fd)
{
	struct session_wait *wait = arg;

	(void)why; /* it stays in the context */
	*wait = (struct session_wait){true, error, fd};
}

static int
session_run_until(struct map *map, struct map_request *request, struct session_wait *wait)
{
	int rc = context_run(map, &wait->done);

	if (rc < 0) {
		map_cancel(request);
		return rc;
	}
	return wait->error < 0 ? wait->error : wait->fd;
}

int
map_connect(
    struct map *map, const char *local, const char *remote, const char *service, unsigned flags)
{
	struct session_wait wait = {false, 0, -1};
	struct map_request *request;
	int rc;

	map->why[0] = '\0';
	rc = map_connect_start(
	    map, local, remote, service, flags, session_waited, &wait, &request);
	return rc < 0 ? rc : session_run_until(map, request, &wait);
}

int
map_reconnect(struct map *map, int fd, const void *token, size_t n)
{
	struct session_wait wait = {false, 0, -1};
	struct map_request *request;
	int rc;

	map->why[0] = '\0';
	rc = map_reconnect_start(map, fd, token, n, session_waited, &wait, &request);
	return rc < 0 ? rc : session_run_until(map, request, &wait);
}
