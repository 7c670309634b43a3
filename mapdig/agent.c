/*
 * agent.c - one question to resolverd over its socket: a frame out, a frame back.
 */
#include "mapdig/ask.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/sys/sock.h"
#include "core/wire/errors.h"

#define AGENT_ID 1
#define AGENT_GRACE 500 /* ms after the deadline, for resolverd's own answer that it passed */
#define AGENT_REQUEST 2048

const char *
ask_socket(const struct options *options)
{
	const char *path = options->socket != NULL ? options->socket : getenv("MAP_SOCKET");

	return path != NULL && path[0] != '\0' ? path : RUNSTATEDIR "/resolverd/map.sock";
}

static int
agent_fail(int error, const char *what, char *why, size_t max)
{
	snprintf(why, max, "%s", what);
	return error;
}

/* Until fd is ready or the time is over. */
static int
agent_wait(int fd, short events, uint64_t end, char *why, size_t max)
{
	struct pollfd wait = {fd, events, 0};
	uint64_t now = loop_now_ms();
	int n;

	do
		n = poll(&wait, 1, end > now ? (int)(end - now) : 0);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return 0;
	return n < 0 ? agent_fail(-MAP_ESYS, strerror(errno), why, max)
		     : agent_fail(-MAP_ETIMEOUT, "resolverd did not answer in time", why, max);
}

static int
agent_send(int fd, struct bytes frame, uint64_t end, char *why, size_t max)
{
	while (frame.n > 0) {
		ssize_t n = send(fd, frame.p, frame.n, MSG_NOSIGNAL);
		int error = 0;

		if (n >= 0) {
			frame.p += n;
			frame.n -= (size_t)n;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return 0; /* why it closed may be there to be read */
		} else if (errno == EAGAIN) {
			error = agent_wait(fd, POLLOUT, end, why, max);
		} else if (errno != EINTR) {
			error = agent_fail(-MAP_ENOAGENT, strerror(errno), why, max);
		}
		if (error != 0)
			return error;
	}
	return 0;
}

/* Takes frames out of what was received; 1: the answer is in result. */
static int
agent_take(struct bytes *stream, struct result *result, char *why, size_t max)
{
	struct frame frame;
	int took;

	while ((took = frame_read(*stream, &frame)) > 0) {
		stream->p += took;
		stream->n -= (size_t)took;
		if (frame.type != FRAME_RESULT ||
		    (frame.id != AGENT_ID && frame.id != FRAME_REFUSAL))
			continue;
		if (result_read(frame.payload, result) == 0)
			return frame.id == AGENT_ID
				   ? 1
				   : agent_fail(result->error, result->why, why, max);
		return agent_fail(-MAP_EFORMAT, "resolverd's answer cannot be read", why, max);
	}
	return took < 0 ? agent_fail(took, "what answers there is not resolverd", why, max) : 0;
}

static int
agent_receive(
    int fd, uint8_t *buffer, struct result *result, uint64_t end, char *why, size_t max)
{
	size_t n = 0;

	for (;;) {
		struct bytes stream = {buffer, n};
		ssize_t got;
		int done = agent_take(&stream, result, why, max);

		if (done != 0)
			return done > 0 ? 0 : done;
		memmove(buffer, stream.p, stream.n);
		n = stream.n;
		done = agent_wait(fd, POLLIN, end, why, max);
		if (done != 0)
			return done;
		got = recv(fd, buffer + n, FRAME_MAX - n, 0);
		if (got == 0)
			return agent_fail(
			    -MAP_ENOAGENT, "resolverd closed the connection", why, max);
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return agent_fail(-MAP_ENOAGENT, strerror(errno), why, max);
		if (got > 0)
			n += (size_t)got;
	}
}

int
ask_agent(const char *path, const struct resolve_request *request, struct result *result,
    char *why, size_t max)
{
	uint64_t end = loop_now_ms() + request->deadline + AGENT_GRACE;
	uint8_t question[AGENT_REQUEST];
	struct wr wr = wr_init(question, sizeof question);
	size_t started = frame_start(&wr, FRAME_RESOLVE, 0, AGENT_ID);
	uint8_t *buffer;
	int error;
	int fd;

	resolve_request_put(&wr, request);
	frame_end(&wr, started);
	if (wr.error != 0)
		return agent_fail(wr.error, "the question does not fit a frame", why, max);
	fd = sock_unix_connect(path);
	if (fd < 0) {
		snprintf(why, max, "%s: %s", path, strerror(errno));
		return -MAP_ENOAGENT;
	}
	buffer = malloc(FRAME_MAX);
	error = buffer == NULL ? -MAP_ENOMEM : agent_send(fd, wr_done(&wr), end, why, max);
	if (error == 0)
		error = agent_receive(fd, buffer, result, end, why, max);
	free(buffer);
	close(fd);
	return error;
}
