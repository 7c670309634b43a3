/*
 * exchange.c - one message to a server and its answer. Knows octets; whether a message is the answer is said
 * by its owner.
 */
#include "register/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/stream.h"
#include "core/wire/cursor.h"
#include "core/wire/errors.h"

#define RESEND_FIRST 500 /* ms without an answer; doubling */
#define RECONNECT 200 /* ms after a connection that broke */
#define CONNECTIONS 2
#define MESSAGE_MOST 65535
#define ANSWER_MOST 4096 /* octets of a datagram: more than our OPT announces */
#define WHY 160

struct exchange {
	struct loop *loop;
	struct exchange_options options;
	const struct exchange_ops *ops;
	void *arg;
	struct timer *deadline;
	struct timer *repeat; /* UDP: sends again; TCP: connects again */
	uint64_t pause; /* UDP: until the next repetition */
	unsigned connections;
	bool written; /* TCP: the message has gone out */
	bool over;
	struct stream *stream;
	struct watch *watch;
	int fd; /* UDP */
	char why[WHY];
	size_t n;
	uint8_t *wire; /* its length in front, as TCP has it */
};

static void
exchange_close(struct exchange *x)
{
	stream_close(x->stream);
	x->stream = NULL;
	watch_free(x->watch);
	x->watch = NULL;
	if (x->fd >= 0)
		close(x->fd);
	x->fd = -1;
	timer_stop(x->deadline);
	timer_stop(x->repeat);
}

static void
exchange_tell(void *arg)
{
	struct exchange *x = arg;

	x->ops->done(x->arg, x->why[0] != '\0' ? x->why : NULL);
}

/* The end, told outside of every callback; x->deadline's timer carries it, so that freeing x stops it. */
static void
exchange_end(struct exchange *x)
{
	if (x->over)
		return;
	x->over = true;
	exchange_close(x);
	timer_start(x->deadline, 0);
}

static void
exchange_fail(struct exchange *x, const char *why)
{
	char server[ADDR_TEXT];

	if (x->over)
		return;
	snprintf(x->why, sizeof x->why, "%s over %s: %s",
	    addr_print(&x->options.server, server), x->options.datagram ? "UDP" : "TCP", why);
	exchange_end(x);
}

static void
exchange_due(void *arg)
{
	struct exchange *x = arg;
	char why[80];

	if (x->over) {
		exchange_tell(x);
		return;
	}
	snprintf(
	    why, sizeof why, "no answer in %llu ms", (unsigned long long)x->options.deadline);
	exchange_fail(x, why);
}

/* ------------------------------------------------------------------------------------------ UDP */

static void
datagram_send(struct exchange *x)
{
	ssize_t n = send(x->fd, x->wire + 2, x->n, MSG_NOSIGNAL);

	/* What does not go out now is sent again; who is not there says so. */
	if (n < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EINTR) {
		exchange_fail(x, strerror(errno));
		return;
	}
	timer_start(x->repeat, x->pause);
	x->pause *= 2;
}

static void
datagram_come(void *arg, int fd, unsigned events)
{
	uint8_t buffer[ANSWER_MOST];
	struct exchange *x = arg;
	ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);

	(void)events;
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			exchange_fail(x, strerror(errno));
		return;
	}
	if (x->ops->came(x->arg, (struct bytes){buffer, (size_t)n}))
		exchange_end(x);
}

static void
datagram_open(struct exchange *x)
{
	x->fd = sock_udp_connect(&x->options.server);
	if (x->fd >= 0)
		x->watch = watch_new(x->loop, x->fd, LOOP_READ, datagram_come, x);
	if (x->watch == NULL)
		exchange_fail(x, x->fd < 0 ? strerror(errno) : error_text(-MAP_ENOMEM));
	else
		datagram_send(x);
}

/* ------------------------------------------------------------------------------------------ TCP */

static long
connection_data(void *arg, const uint8_t *p, size_t n)
{
	struct exchange *x = arg;
	size_t length;

	if (x->over || n < 2)
		return 0;
	length = get_u16(p);
	if (n < 2 + length)
		return 0;
	if (x->ops->came(x->arg, (struct bytes){p + 2, length})) {
		exchange_end(x);
		return 0;
	}
	return (long)(2 + length);
}

/* What was sent may have been taken without us hearing of it: one more connection asks. */
static void
connection_closed(void *arg, const char *why)
{
	struct exchange *x = arg;

	x->stream = NULL;
	if (x->written && x->connections < CONNECTIONS)
		timer_start(x->repeat, RECONNECT);
	else
		exchange_fail(x, why);
}

static void
connection_drained(void *arg)
{
	struct exchange *x = arg;

	x->written = true;
}

static void
connection_open(struct exchange *x)
{
	static const struct stream_ops ops = {
	    connection_data, connection_closed, connection_drained};
	int fd = sock_tcp_connect(&x->options.server);

	x->connections++;
	x->written = false;
	if (fd < 0) {
		exchange_fail(x, strerror(errno));
		return;
	}
	x->stream = stream_new(x->loop, fd, &ops, x, MESSAGE_MOST + 2, MESSAGE_MOST + 2, 0);
	if (x->stream == NULL || stream_write(x->stream, x->wire, 2 + x->n) != 0)
		exchange_fail(x, error_text(-MAP_ENOMEM));
}

static void
exchange_repeat(void *arg)
{
	struct exchange *x = arg;

	if (x->options.datagram)
		datagram_send(x);
	else
		connection_open(x);
}

struct exchange *
exchange_new(struct loop *loop, const struct exchange_options *options, struct bytes wire,
    const struct exchange_ops *ops, void *arg)
{
	struct exchange *x = calloc(1, sizeof *x);

	if (x == NULL)
		return NULL;
	x->loop = loop;
	x->options = *options;
	x->ops = ops;
	x->arg = arg;
	x->fd = -1;
	x->pause = RESEND_FIRST;
	x->n = wire.n;
	x->wire = malloc(2 + wire.n);
	x->deadline = timer_new(loop, exchange_due, x);
	x->repeat = timer_new(loop, exchange_repeat, x);
	if (x->wire == NULL || x->deadline == NULL || x->repeat == NULL) {
		exchange_free(x);
		return NULL;
	}
	put_u16(x->wire, (uint16_t)wire.n);
	memcpy(x->wire + 2, wire.p, wire.n);
	timer_start(x->deadline, options->deadline);
	if (options->datagram)
		datagram_open(x);
	else
		connection_open(x);
	return x;
}

void
exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	if (x->deadline != NULL && x->repeat != NULL)
		exchange_close(x);
	timer_free(x->deadline);
	timer_free(x->repeat);
	free(x->wire);
	free(x);
}
