/*
 * clients.c - accepts clients, reads their frames, writes results back.
 * Knows connections and quotas; knows nothing of how a result comes about.
 */
#include "config.h"

#include "resolverd/clients.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/sys/diag.h"
#include "core/sys/sock.h"
#include "core/sys/stream.h"
#include "core/wire/errors.h"
#include "resolverd/guard.h"
#include "resolverd/joint.h"
#include "resolverd/pairs.h"
#include "resolverd/request.h"
#include "resolverd/sessions.h"

#define CLIENTS_MAX 8192
#define TICKETS_OF_CLIENT 64
#define TICKETS_OF_USER 4096
#define CLIENT_IN 4096 /* octets of the longest frame a client sends */
#define CLIENT_OUT (64 << 10) /* octets that wait for a client before it is not read any more */
#define PING_MAX 64
#define ACCEPT_BATCH 64
#define ACCEPT_PAUSE_MS 1000

struct waiting {
	struct waiting *next;
	struct client *client;
	struct joint *joint;
	uint32_t id;
};

struct client {
	struct session_owner owner; /* first: what events are sent to */
	struct client *next;
	struct client **link;
	struct clients *clients;
	struct account *account;
	struct stream *stream;
	struct waiting *waiting;
	size_t n_waiting;
};

struct clients {
	struct agent *agent;
	char *path;
	int fd;
	struct watch *watch;
	struct timer *pause;
	size_t n;
	struct client *list;
};

static void
waiting_free(struct waiting *w)
{
	struct waiting **at = &w->client->waiting;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	w->client->n_waiting--;
	w->client->account->tickets--;
	free(w);
}

/* Everything of a client but its stream, which is closed by now or closes itself. */
static void
client_free(struct client *c)
{
	struct clients *all = c->clients;

	sessions_owner_gone(&c->owner);
	while (c->waiting != NULL) {
		joint_cancel(c->waiting->joint);
		waiting_free(c->waiting);
	}
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	all->n--;
	c->account->clients--;
	account_put(&all->agent->accounts, c->account);
	free(c);
}

static int
client_write(struct client *c, enum frame_type type, uint32_t id, struct bytes payload)
{
	uint8_t header[FRAME_HEADER];
	struct wr wr = wr_init(header, sizeof header);
	int error;

	(void)frame_start(&wr, (uint8_t)type, 0, id);
	put_u32(header, (uint32_t)(FRAME_HEADER - 4 + payload.n));
	error = stream_write(c->stream, header, sizeof header);
	return error != 0 ? error : stream_write(c->stream, payload.p, payload.n);
}

static void
client_result(void *arg, struct bytes payload)
{
	struct waiting *w = arg;
	struct client *c = w->client;
	uint32_t id = w->id;

	waiting_free(w);
	/* a client that does not read what it asked for is not worth more memory */
	if (client_write(c, FRAME_RESULT, id, payload) != 0) {
		stream_close(c->stream);
		client_free(c);
	}
}

static int
client_wait(struct client *c, const struct frame *frame, const struct resolve_request *request)
{
	struct joints *joints = c->clients->agent->joints;
	struct waiting *w = calloc(1, sizeof *w);
	struct bytes now;
	int error;

	if (w == NULL)
		return -MAP_ENOMEM;
	w->client = c;
	w->id = frame->id;
	error = joint_ask(joints, request,
	    &(struct request_asker){c->account, client_result, w}, &now, &w->joint);
	if (error != 0 || w->joint == NULL) {
		free(w);
		return error != 0 ? error : client_write(c, FRAME_RESULT, frame->id, now);
	}
	w->next = c->waiting;
	c->waiting = w;
	c->n_waiting++;
	c->account->tickets++;
	return 0;
}

static int
frame_resolve(struct client *c, const struct frame *frame)
{
	struct agent *agent = c->clients->agent;
	struct resolve_request request;
	int error = resolve_request_read(frame->payload, &request);

	if (error != 0)
		return error;
	if (c->n_waiting >= TICKETS_OF_CLIENT || c->account->tickets >= TICKETS_OF_USER) {
		agent_count(agent, STAT_REQUEST_LIMITED);
		return client_write(c, FRAME_RESULT, frame->id,
		    requests_error(agent->requests, &request, -MAP_ELIMIT,
			"too many look-ups of this client or user are in flight"));
	}
	return client_wait(c, frame, &request);
}

static int
frame_cancel(struct client *c, const struct frame *frame)
{
	struct waiting *w = c->waiting;

	if (frame->payload.n > 0)
		return -MAP_EJUNK;
	while (w != NULL && w->id != frame->id)
		w = w->next;
	if (w == NULL)
		return 0; /* answered meanwhile */
	joint_cancel(w->joint);
	waiting_free(w);
	return 0;
}

static int
frame_mark(struct client *c, const struct frame *frame)
{
	struct pair_mark mark;
	int error = pair_mark_read(frame->payload, &mark);

	if (error == 0) {
		agent_count(c->clients->agent, STAT_MARK);
		/* nobody knows whether he has tried that: it is his own order that he changes */
		pairs_mark(c->clients->agent->pairs, c->account->uid, &mark, loop_now_ms());
	}
	return error;
}

/* What cannot be watched is not: the session itself is none of our business. */
static int
frame_session(struct client *c, const struct frame *frame)
{
	struct agent *agent = c->clients->agent;
	struct session_note note;
	int error = session_note_read(frame->payload, &note);

	if (error != 0 || agent->sessions == NULL)
		return error;
	agent_count(agent, STAT_SESSION);
	if (sessions_put(agent->sessions, &c->owner, frame->id, c->account, &note) != 0)
		agent_count(agent, STAT_SESSION_LIMITED);
	return 0;
}

/* The session of that number, or NULL. */
static struct session *
client_session(const struct client *c, const struct frame *frame)
{
	const struct agent *agent = c->clients->agent;

	return agent->sessions != NULL ? sessions_find(agent->sessions, &c->owner, frame->id)
				       : NULL;
}

static int
frame_forget(struct client *c, const struct frame *frame)
{
	struct session *session = client_session(c, frame);

	if (frame->payload.n > 0)
		return -MAP_EJUNK;
	if (session != NULL)
		sessions_forget(session);
	return 0;
}

static int
frame_doubt(struct client *c, const struct frame *frame)
{
	struct session *session = client_session(c, frame);

	if (frame->payload.n > 0)
		return -MAP_EJUNK;
	if (session != NULL && session->guard != NULL)
		guard_sign(session->guard, TRIGGER_PROGRAM);
	return 0;
}

static int
frame_ping(struct client *c, const struct frame *frame)
{
	if (frame->payload.n > PING_MAX)
		return -MAP_EFORMAT;
	return client_write(c, FRAME_PONG, frame->id, frame->payload);
}

static const struct {
	enum frame_type type;
	int (*fn)(struct client *c, const struct frame *frame);
} client_frames[] = {
    {FRAME_RESOLVE, frame_resolve},
    {FRAME_CANCEL, frame_cancel},
    {FRAME_MARK, frame_mark},
    {FRAME_PING, frame_ping},
    {FRAME_SESSION, frame_session},
    {FRAME_FORGET, frame_forget},
    {FRAME_DOUBT, frame_doubt},
};

static long
client_data(void *arg, const uint8_t *p, size_t n)
{
	struct client *c = arg;
	struct frame frame;
	int took = frame_read((struct bytes){p, n}, &frame);
	int error = took < 0 ? took : -MAP_EUNKNOWN;

	if (took == 0)
		return 0;
	for (size_t i = 0; took > 0 && i < sizeof client_frames / sizeof client_frames[0]; i++)
		if (client_frames[i].type == (enum frame_type)frame.type) {
			error = client_frames[i].fn(c, &frame);
			break;
		}
	if (error == 0)
		return took;
	agent_count(c->clients->agent, STAT_CLIENT_MALFORMED);
	return -1;
}

void
clients_event(struct session_owner *owner, uint32_t number, const struct session_event *event)
{
	struct client *c = (struct client *)(void *)owner;
	uint8_t octets[FRAME_HEADER + 512];
	struct wr wr = wr_init(octets, sizeof octets);
	size_t started = frame_start(&wr, FRAME_EVENT, 0, number);

	session_event_put(&wr, event);
	frame_end(&wr, started);
	/* whole or not at all; one that does not read has enough to read already */
	if (wr.error == 0)
		(void)stream_write(c->stream, octets, wr.n);
}

static void
client_closed(void *arg, const char *why)
{
	(void)why; /* clients come and go */
	client_free(arg);
}

/* A client that cannot be taken learns why. It has nothing to read yet, so that this fits. */
static void
client_refuse(struct clients *all, int fd, int error)
{
	static const struct resolve_request none = {.id = {.form = EID_NONE}};
	uint8_t octets[FRAME_HEADER + 1024];
	struct wr wr = wr_init(octets, sizeof octets);
	size_t started = frame_start(&wr, FRAME_RESULT, 0, FRAME_REFUSAL);

	wr_bytes(&wr, requests_error(all->agent->requests, &none, error,
			  error == -MAP_ELIMIT
			      ? "it has as many clients as it takes, in all or of this user"
			      : "it cannot take another client"));
	frame_end(&wr, started);
	if (wr.error == 0)
		(void)send(fd, octets, wr.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static const struct stream_ops client_ops = {.data = client_data, .closed = client_closed};

static void
client_new(struct clients *all, int fd)
{
	struct client *c = calloc(1, sizeof *c);
	struct account *account = NULL;
	int error = -MAP_ENOMEM;
	uint32_t uid;

	if (c == NULL || sock_unix_peer(fd, &uid) != 0)
		goto refuse;
	account = account_get(&all->agent->accounts, uid);
	if (account == NULL)
		goto refuse;
	error = -MAP_ELIMIT;
	if (!account_allows(account->clients, all->n, CLIENTS_MAX))
		goto refuse;
	c->clients = all;
	c->account = account;
	c->stream = stream_new(all->agent->loop, fd, &client_ops, c, CLIENT_IN, CLIENT_OUT, 0);
	fd = -1; /* taken, or closed */
	if (c->stream == NULL)
		goto refuse;
	c->next = all->list;
	c->link = &all->list;
	if (c->next != NULL)
		c->next->link = &c->next;
	all->list = c;
	all->n++;
	account->clients++;
	agent_count(all->agent, STAT_CLIENT_ACCEPTED);
	return;
refuse:
	agent_count(all->agent, STAT_CLIENT_REFUSED);
	if (account != NULL)
		account_put(&all->agent->accounts, account);
	if (fd >= 0)
		client_refuse(all, fd, error);
	free(c);
}

static void
clients_accept(void *arg, int fd, unsigned events)
{
	struct clients *all = arg;

	(void)events;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client >= 0) {
			client_new(all, client);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
			   errno == ENOBUFS) {
			/* else the loop would spin on a client that cannot be taken */
			agent_count(all->agent, STAT_CLIENT_PAUSED);
			watch_set(all->watch, 0);
			timer_start(all->pause, ACCEPT_PAUSE_MS);
			return;
		} else if (errno != ECONNABORTED && errno != EINTR) {
			return;
		}
	}
}

static void
clients_resume(void *arg)
{
	struct clients *all = arg;

	watch_set(all->watch, LOOP_READ);
}

int
clients_open(struct agent *agent, const char *path, struct clients **out, char *why, size_t max)
{
	struct clients *all = calloc(1, sizeof *all);
	int error = -MAP_ENOMEM;

	*out = NULL;
	snprintf(why, max, "out of memory");
	if (all == NULL)
		return error;
	all->agent = agent;
	all->path = strdup(path);
	all->fd = sock_unix_listen(path, 0666);
	if (all->fd < 0) {
		snprintf(why, max, "socket %s: %s", path,
		    all->fd == -MAP_EEXIST ? "another resolverd serves it" : strerror(errno));
		error = all->fd;
		free(all->path);
		all->path = NULL;
	} else if (all->path != NULL) {
		all->watch = watch_new(agent->loop, all->fd, LOOP_READ, clients_accept, all);
		all->pause = timer_new(agent->loop, clients_resume, all);
		error = all->watch == NULL || all->pause == NULL ? -MAP_ENOMEM : 0;
	}
	if (error != 0) {
		clients_close(all);
		return error;
	}
	*out = all;
	return 0;
}

void
clients_close(struct clients *all)
{
	if (all == NULL)
		return;
	while (all->list != NULL) {
		stream_close(all->list->stream);
		client_free(all->list);
	}
	watch_free(all->watch);
	timer_free(all->pause);
	if (all->fd >= 0)
		close(all->fd);
	if (all->path != NULL)
		unlink(all->path);
	free(all->path);
	free(all);
}

size_t
clients_count(const struct clients *all)
{
	return all->n;
}
