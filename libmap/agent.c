/*
 * agent.c - frames to and from resolverd over its Unix socket.
 * Knows questions and answers as frames; knows nothing of sessions.
 */
#include "libmap/context.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/wire/errors.h"

#define AGENT_DEFAULT "/run/resolverd/map.sock"
#define AGENT_RETRY_MS 20 /* when its queue of connections is full */
#define AGENT_OUT_MAX 65536 /* waiting to be written; beyond, questions wait here */
#define AGENT_FRAME 2048 /* the longest frame we send */
#define AGENT_GRACE_MS \
	50 /* the agent answers so long before the deadline here, with its cause */
#define AGENT_READ 65536
#define AGENT_REJOIN_MS 1000

int
agent_open(struct map *map)
{
	struct agent *agent = &map->agent;
	const char *path = secure_getenv("MAP_SOCKET");

	if (path == NULL || *path == '\0')
		path = AGENT_DEFAULT;
	if (strlen(path) >= sizeof agent->path)
		return -MAP_EUSAGE;
	snprintf(agent->path, sizeof agent->path, "%s", path);
	agent->next_id = 1;
	agent->out_max = AGENT_OUT_MAX;
	agent->out = malloc(agent->out_max);
	agent->in_max = AGENT_READ;
	agent->in = malloc(agent->in_max);
	agent->result = malloc(sizeof *agent->result);
	return agent->out != NULL && agent->in != NULL && agent->result != NULL ? 0
										: -MAP_ENOMEM;
}

static void
agent_disconnect(struct map *map)
{
	struct agent *agent = &map->agent;

	if (agent->waiter.fd >= 0) {
		context_unwatch(&agent->waiter);
		close(agent->waiter.fd);
	}
	agent->waiter.fd = -1;
	agent->in_n = agent->out_n = 0;
}

void
agent_close(struct map *map)
{
	agent_disconnect(map);
	free(map->agent.in);
	free(map->agent.out);
	free(map->agent.result);
}

static void
agent_unlink(struct ask *ask)
{
	*ask->link = ask->next;
	if (ask->next != NULL)
		ask->next->link = ask->link;
	ask->link = NULL;
}

/* Why an error of the connection came about, for all questions it concerns. */
static void
agent_fail_sent(struct map *map, int error)
{
	for (struct ask *ask = map->agent.asks; ask != NULL; ask = ask->next)
		if (ask->sent && ask->failed == 0)
			ask->failed = error;
}

static void
agent_lost(struct map *map, int error, const char *why)
{
	context_fail(map, error, "resolverd at %s: %s", map->agent.path, why);
	agent_disconnect(map);
	agent_fail_sent(map, error);
	watch_lost(map);
}

static void
agent_flush(struct map *map)
{
	struct agent *agent = &map->agent;
	ssize_t n = 0;

	while (agent->out_n > 0) {
		n = send(
		    agent->waiter.fd, agent->out, agent->out_n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		agent->out_n -= (size_t)n;
		memmove(agent->out, agent->out + n, agent->out_n);
	}
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
		agent->out_n = 0; /* why it closed may be there to be read */
	else if (n < 0 && errno != EAGAIN) {
		agent_lost(map, -MAP_ENOAGENT, strerror(errno));
		return;
	}
	if (context_watch(&agent->waiter, EPOLLIN | (agent->out_n > 0 ? EPOLLOUT : 0)) < 0)
		agent_lost(map, -MAP_ESYS, strerror(errno));
}

/* False: it does not fit now. */
static bool
agent_put(struct map *map, uint8_t type, uint32_t id, struct bytes payload)
{
	struct agent *agent = &map->agent;
	struct wr wr = wr_init(agent->out + agent->out_n, agent->out_max - agent->out_n);
	size_t started = frame_start(&wr, type, 0, id);

	wr_bytes(&wr, payload);
	frame_end(&wr, started);
	if (wr.error != 0)
		return false;
	agent->out_n += wr.n;
	return true;
}

static void
agent_tell(struct ask *ask, int error, const char *why, const struct result *result)
{
	if (ask->link != NULL)
		agent_unlink(ask);
	ask->fn(ask, error, why, result);
}

static void
agent_result(struct map *map, const struct frame *frame)
{
	struct agent *agent = &map->agent;
	struct ask *ask = agent->asks;
	int rc;

	while (ask != NULL && (!ask->sent || ask->id != frame->id))
		ask = ask->next;
	if (ask == NULL)
		return; /* cancelled or too late */
	rc = result_read(frame->payload, agent->result);
	if (rc < 0) {
		context_fail(map, -MAP_EFORMAT,
		    "resolverd at %s: its answer is not understood: %s", agent->path,
		    error_text(rc));
		agent_tell(ask, -MAP_EFORMAT, map->why, NULL);
	} else if (agent->result->error != 0) {
		agent_tell(ask, agent->result->error, agent->result->why, NULL);
	} else {
		agent_tell(ask, 0, "", agent->result);
	}
}

/* It takes no more clients. */
static void
agent_refused(struct map *map, const struct frame *frame)
{
	struct result *result = map->agent.result;

	if (result_read(frame->payload, result) == 0 && result->error != 0)
		agent_lost(map, result->error, result->why);
}

/* Frames that came whole. One at a time is taken out first, since what is told may start more. */
static void
agent_frames(struct map *map)
{
	struct agent *agent = &map->agent;
	uint8_t *copy;
	struct frame frame;
	int n;

	while ((n = frame_read((struct bytes){agent->in, agent->in_n}, &frame)) > 0) {
		copy = malloc(frame.payload.n + 1);
		if (copy == NULL) {
			agent_lost(map, -MAP_ENOMEM, "out of memory");
			return;
		}
		memcpy(copy, frame.payload.p, frame.payload.n);
		frame.payload.p = copy;
		agent->in_n -= (size_t)n;
		memmove(agent->in, agent->in + n, agent->in_n);
		if (frame.type == FRAME_RESULT && frame.id == FRAME_REFUSAL)
			agent_refused(map, &frame);
		else if (frame.type == FRAME_RESULT)
			agent_result(map, &frame);
		else if (frame.type == FRAME_EVENT)
			watch_event(map, frame.id, frame.payload);
		else if (frame.type == FRAME_PING &&
			 agent_put(map, FRAME_PONG, frame.id, frame.payload))
			agent_flush(map);
		free(copy);
	}
	if (n < 0)
		agent_lost(map, -MAP_EFORMAT, "what answers there does not speak its protocol");
}

/* Room for what comes; a frame is at most FRAME_MAX, so this is bounded. */
static bool
agent_room(struct agent *agent)
{
	uint8_t *more;

	if (agent->in_max - agent->in_n >= AGENT_READ / 2)
		return true;
	if (agent->in_max > 2 * FRAME_MAX)
		return false;
	more = realloc(agent->in, agent->in_max * 2);
	if (more == NULL)
		return false;
	agent->in = more;
	agent->in_max *= 2;
	return true;
}

static void
agent_ready(struct waiter *waiter, uint32_t events)
{
	struct map *map = waiter->map;
	struct agent *agent = &map->agent;
	ssize_t n;

	if (events & EPOLLOUT)
		agent_flush(map);
	if (agent->waiter.fd < 0 || (events & ~(uint32_t)EPOLLOUT) == 0)
		return;
	if (!agent_room(agent)) {
		agent_lost(map, -MAP_ENOMEM, "out of memory");
		return;
	}
	n = recv(agent->waiter.fd, agent->in + agent->in_n, agent->in_max - agent->in_n,
	    MSG_DONTWAIT);
	if (n > 0) {
		agent->in_n += (size_t)n;
		agent_frames(map);
	} else if (n == 0) {
		agent_lost(map, -MAP_ENOAGENT, "it closed the connection");
	} else if (errno != EAGAIN && errno != EINTR) {
		agent_lost(map, -MAP_ENOAGENT, strerror(errno));
	}
}

/* An agent that was restarted since has closed what we hold. */
static void
agent_check(struct map *map)
{
	struct agent *agent = &map->agent;
	char octet;

	if (agent->waiter.fd >= 0 &&
	    recv(agent->waiter.fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		agent_lost(map, -MAP_ENOAGENT, "it closed the connection");
}

/* 0: connected; 1: to be tried again later; else an error. */
static int
agent_connect(struct map *map)
{
	struct agent *agent = &map->agent;
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	agent_check(map);
	if (agent->waiter.fd >= 0)
		return 0;
	agent->retry = 0;
	agent->waiter.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	agent->waiter.map = map;
	agent->waiter.fn = agent_ready;
	snprintf(address.sun_path, sizeof address.sun_path, "%s", agent->path);
	if (agent->waiter.fd >= 0 &&
	    connect(agent->waiter.fd, (const struct sockaddr *)(const void *)&address,
		sizeof address) == 0 &&
	    context_watch(&agent->waiter, EPOLLIN) == 0) {
		agent->rejoin = 0;
		return 0;
	}
	if (errno == EAGAIN && agent->waiter.fd >= 0) {
		agent_disconnect(map);
		agent->retry = context_now() + AGENT_RETRY_MS;
		return 1;
	}
	context_fail(map, -MAP_ENOAGENT, "resolverd at %s: %s", agent->path, strerror(errno));
	agent_disconnect(map);
	return -MAP_ENOAGENT;
}

static void
agent_send(struct ask *ask)
{
	struct map *map = ask->map;
	uint8_t payload[AGENT_FRAME];
	struct wr wr = wr_init(payload, sizeof payload);
	uint64_t now = context_now();
	uint64_t left = ask->due > now + AGENT_GRACE_MS ? ask->due - now - AGENT_GRACE_MS : 1;
	int rc = agent_connect(map);

	if (rc != 0) {
		ask->failed = rc < 0 ? rc : 0;
		return;
	}
	ask->request.deadline = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
	resolve_request_put(&wr, &ask->request);
	if (wr.error != 0) {
		ask->failed = -MAP_ESPACE;
		return;
	}
	ask->id = map->agent.next_id++;
	ask->sent = agent_put(map, FRAME_RESOLVE, ask->id, wr_done(&wr));
	if (ask->sent)
		agent_flush(map);
}

void
agent_start(struct ask *ask)
{
	struct agent *agent = &ask->map->agent;

	ask->sent = false;
	ask->failed = 0;
	ask->next = agent->asks;
	ask->link = &agent->asks;
	if (ask->next != NULL)
		ask->next->link = &ask->next;
	agent->asks = ask;
	agent_send(ask);
}

void
agent_cancel(struct ask *ask)
{
	if (ask->link == NULL)
		return;
	agent_unlink(ask);
	if (ask->sent && ask->failed == 0 && ask->map->agent.waiter.fd >= 0 &&
	    agent_put(ask->map, FRAME_CANCEL, ask->id, (struct bytes){NULL, 0}))
		agent_flush(ask->map);
}

void
agent_mark(struct map *map, const struct pair_mark *mark)
{
	uint8_t payload[64];
	struct wr wr = wr_init(payload, sizeof payload);

	pair_mark_put(&wr, mark);
	if (wr.error == 0 && map->agent.waiter.fd >= 0 &&
	    agent_put(map, FRAME_MARK, 0, wr_done(&wr)))
		agent_flush(map);
}

bool
agent_frame(struct map *map, enum frame_type type, uint32_t number, struct bytes payload)
{
	if (map->agent.waiter.fd < 0 || !agent_put(map, (uint8_t)type, number, payload))
		return false;
	agent_flush(map);
	return map->agent.waiter.fd >= 0;
}

/* Sessions outlive an agent: the next one hears of them. */
static void
agent_rejoin(struct map *map, uint64_t now)
{
	struct agent *agent = &map->agent;

	if (agent->rejoin == 0 || agent->rejoin > now)
		return;
	agent->rejoin = now + AGENT_REJOIN_MS;
	sessions_prune(map);
	if (map->n_sessions == 0)
		agent->rejoin = 0;
	else
		(void)agent_connect(map);
}

static void
agent_timeout(struct ask *ask)
{
	struct map *map = ask->map;

	agent_cancel(ask);
	context_fail(map, ask->sent ? -MAP_ETIMEOUT : -MAP_ENOAGENT,
	    ask->sent ? "resolverd at %s: no answer within the deadline"
		      : "resolverd at %s: takes no connection within the deadline",
	    map->agent.path);
	ask->fn(ask, ask->sent ? -MAP_ETIMEOUT : -MAP_ENOAGENT, map->why, NULL);
}

/* What can be done for a question now; false: nothing. */
static bool
agent_step(struct ask *ask, uint64_t now)
{
	struct agent *agent = &ask->map->agent;

	if (ask->failed != 0) {
		agent_tell(ask, ask->failed, ask->map->why, NULL);
		return true;
	}
	if (ask->due <= now) {
		agent_timeout(ask);
		return true;
	}
	if (!ask->sent && agent->retry <= now && agent->out_n < agent->out_max / 2) {
		agent_send(ask);
		return ask->sent || ask->failed != 0;
	}
	return false;
}

void
agent_process(struct map *map)
{
	uint64_t now = context_now();
	struct ask *ask;

	agent_rejoin(map, now);
	watch_note(map);
	do {
		for (ask = map->agent.asks; ask != NULL; ask = ask->next)
			if (agent_step(ask, now))
				break;
	} while (ask != NULL);
}

uint64_t
agent_due(const struct map *map)
{
	uint64_t due = map->agent.rejoin;

	for (const struct ask *ask = map->agent.asks; ask != NULL; ask = ask->next) {
		uint64_t at = ask->failed != 0 ? 1 : ask->due;

		if (!ask->sent && ask->failed == 0 && map->agent.retry != 0 &&
		    map->agent.retry < at)
			at = map->agent.retry;
		if (due == 0 || at < due)
			due = at;
	}
	return due;
}
