/*
 * session.c - accepts clients, reads their frames, writes results back.
 * Knows connections and quotas; knows nothing of how a result comes about.
 */
#include "config.h"

#include "resolverd/session.h"

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
#include "resolverd/pairs.h"
#include "resolverd/request.h"

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
	struct session *session;
	struct ticket *ticket;
	uint32_t id;
};

struct session {
	struct session *next;
	struct session **link;
	struct sessions *sessions;
	struct account *account;
	struct stream *stream;
	struct waiting *waiting;
	size_t n_waiting;
};

struct sessions {
	struct agent *agent;
	char *path;
	int fd;
	struct watch *watch;
	struct timer *pause;
	size_t n;
	struct session *list;
};

static void
waiting_free(struct waiting *w)
{
	struct waiting **at = &w->session->waiting;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	w->session->n_waiting--;
	w->session->account->tickets--;
	free(w);
}

/* Everything of a client but its stream, which is closed by now or closes itself. */
static void
session_free(struct session *s)
{
	struct sessions *all = s->sessions;

	while (s->waiting != NULL) {
		ticket_cancel(s->waiting->ticket);
		waiting_free(s->waiting);
	}
	*s->link = s->next;
	if (s->next != NULL)
		s->next->link = s->link;
	all->n--;
	s->account->clients--;
	account_put(&all->agent->accounts, s->account);
	free(s);
}

static int
session_write(struct session *s, enum frame_type type, uint32_t id, struct bytes payload)
{
	uint8_t header[FRAME_HEADER];
	struct wr wr = wr_init(header, sizeof header);
	int error;

	(void)frame_start(&wr, (uint8_t)type, 0, id);
	put_u32(header, (uint32_t)(FRAME_HEADER - 4 + payload.n));
	error = stream_write(s->stream, header, sizeof header);
	return error != 0 ? error : stream_write(s->stream, payload.p, payload.n);
}

static void
session_result(void *arg, struct bytes payload)
{
	struct waiting *w = arg;
	struct session *s = w->session;
	uint32_t id = w->id;

	waiting_free(w);
	/* a client that does not read what it asked for is not worth more memory */
	if (session_write(s, FRAME_RESULT, id, payload) != 0) {
		stream_close(s->stream);
		session_free(s);
	}
}

static int
session_wait(
    struct session *s, const struct frame *frame, const struct resolve_request *request)
{
	struct requests *requests = s->sessions->agent->requests;
	struct waiting *w = calloc(1, sizeof *w);
	struct bytes now;
	int error;

	if (w == NULL)
		return -MAP_ENOMEM;
	w->session = s;
	w->id = frame->id;
	error = requests_ask(requests, request,
	    &(struct request_asker){s->account, session_result, w}, &now, &w->ticket);
	if (error != 0 || w->ticket == NULL) {
		free(w);
		return error != 0 ? error : session_write(s, FRAME_RESULT, frame->id, now);
	}
	w->next = s->waiting;
	s->waiting = w;
	s->n_waiting++;
	s->account->tickets++;
	return 0;
}

static int
frame_resolve(struct session *s, const struct frame *frame)
{
	struct agent *agent = s->sessions->agent;
	struct resolve_request request;
	int error = resolve_request_read(frame->payload, &request);

	if (error != 0)
		return error;
	if (s->n_waiting >= TICKETS_OF_CLIENT || s->account->tickets >= TICKETS_OF_USER) {
		agent_count(agent, STAT_REQUEST_LIMITED);
		return session_write(s, FRAME_RESULT, frame->id,
		    requests_error(agent->requests, &request, -MAP_ELIMIT,
			"too many look-ups of this client or user are in flight"));
	}
	return session_wait(s, frame, &request);
}

static int
frame_cancel(struct session *s, const struct frame *frame)
{
	struct waiting *w = s->waiting;

	if (frame->payload.n > 0)
		return -MAP_EJUNK;
	while (w != NULL && w->id != frame->id)
		w = w->next;
	if (w == NULL)
		return 0; /* answered meanwhile */
	ticket_cancel(w->ticket);
	waiting_free(w);
	return 0;
}

static int
frame_mark(struct session *s, const struct frame *frame)
{
	struct pair_mark mark;
	int error = pair_mark_read(frame->payload, &mark);

	if (error == 0) {
		agent_count(s->sessions->agent, STAT_MARK);
		pairs_mark(s->sessions->agent->pairs, &mark, loop_now_ms());
	}
	return error;
}

static int
frame_ping(struct session *s, const struct frame *frame)
{
	if (frame->payload.n > PING_MAX)
		return -MAP_EFORMAT;
	return session_write(s, FRAME_PONG, frame->id, frame->payload);
}

static const struct {
	enum frame_type type;
	int (*fn)(struct session *s, const struct frame *frame);
} session_frames[] = {
    {FRAME_RESOLVE, frame_resolve},
    {FRAME_CANCEL, frame_cancel},
    {FRAME_MARK, frame_mark},
    {FRAME_PING, frame_ping},
};

static long
session_data(void *arg, const uint8_t *p, size_t n)
{
	struct session *s = arg;
	struct frame frame;
	int took = frame_read((struct bytes){p, n}, &frame);
	int error = took < 0 ? took : -MAP_EUNKNOWN;

	if (took == 0)
		return 0;
	for (size_t i = 0; took > 0 && i < sizeof session_frames / sizeof session_frames[0];
	     i++)
		if (session_frames[i].type == (enum frame_type)frame.type) {
			error = session_frames[i].fn(s, &frame);
			break;
		}
	if (error == 0)
		return took;
	agent_count(s->sessions->agent, STAT_CLIENT_MALFORMED);
	return -1;
}

static void
session_closed(void *arg, const char *why)
{
	(void)why; /* clients come and go */
	session_free(arg);
}

static const struct stream_ops session_ops = {.data = session_data, .closed = session_closed};

static void
session_new(struct sessions *all, int fd)
{
	struct session *s = calloc(1, sizeof *s);
	struct account *account = NULL;
	uint32_t uid;

	if (s == NULL || sock_unix_peer(fd, &uid) != 0)
		goto refuse;
	account = account_get(&all->agent->accounts, uid);
	if (account == NULL || !account_allows(account->clients, all->n, CLIENTS_MAX))
		goto refuse;
	s->sessions = all;
	s->account = account;
	s->stream = stream_new(all->agent->loop, fd, &session_ops, s, CLIENT_IN, CLIENT_OUT, 0);
	fd = -1; /* taken, or closed */
	if (s->stream == NULL)
		goto refuse;
	s->next = all->list;
	s->link = &all->list;
	if (s->next != NULL)
		s->next->link = &s->next;
	all->list = s;
	all->n++;
	account->clients++;
	agent_count(all->agent, STAT_CLIENT_ACCEPTED);
	return;
refuse:
	agent_count(all->agent, STAT_CLIENT_REFUSED);
	if (account != NULL)
		account_put(&all->agent->accounts, account);
	if (fd >= 0)
		close(fd);
	free(s);
}

static void
sessions_accept(void *arg, int fd, unsigned events)
{
	struct sessions *all = arg;

	(void)events;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client >= 0) {
			session_new(all, client);
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
sessions_resume(void *arg)
{
	struct sessions *all = arg;

	watch_set(all->watch, LOOP_READ);
}

int
sessions_open(
    struct agent *agent, const char *path, struct sessions **out, char *why, size_t max)
{
	struct sessions *all = calloc(1, sizeof *all);
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
		all->watch = watch_new(agent->loop, all->fd, LOOP_READ, sessions_accept, all);
		all->pause = timer_new(agent->loop, sessions_resume, all);
		error = all->watch == NULL || all->pause == NULL ? -MAP_ENOMEM : 0;
	}
	if (error != 0) {
		sessions_close(all);
		return error;
	}
	*out = all;
	return 0;
}

void
sessions_close(struct sessions *all)
{
	if (all == NULL)
		return;
	while (all->list != NULL) {
		stream_close(all->list->stream);
		session_free(all->list);
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
sessions_count(const struct sessions *all)
{
	return all->n;
}
