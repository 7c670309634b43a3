/*
 * tcp.c - queries over TCP: accepts, frames by the two octets of length, limits.
 * Knows nothing of DNS but that a message goes in and another comes out.
 */
#include "mapd/tcp.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/stream.h"
#include "core/wire/errors.h"
#include "mapd/errand.h"

#define TCP_ACCEPTS 32 /* at a time, before other descriptors get their turn */
#define TCP_PAUSE 1000 /* ms without accepting when there are no descriptors left */
#define TCP_IN (2 + 65535)
#define TCP_OUT 65536 /* a client that has so much unread gets no more answers */
#define TCP_UPDATES 1024 /* of a connection that are not answered yet: no more is read */
#define CLIENT_PREFIX 7 /* octets of an IPv6 address that are one client */

struct connection {
	struct connection *next;
	struct connection **at; /* what points to this one */
	struct tcp *tcp;
	struct stream *stream;
	uint8_t client[16];
	struct addr peer;
	uint64_t idle; /* ms, while no update waits */
	struct way way; /* of updates */
	bool held, paused; /* the stream */
};

struct tcp {
	struct worker *worker;
	struct watch *watch;
	struct timer *resume;
	int fd;
	unsigned *room;
	struct connection *connections;
	uint8_t answer[2 + SERVE_TCP_MAX];
};

static void
connection_drop(void *arg)
{
	free(arg);
}

/* Out of the list at once; the memory later, since its own callbacks may be running. */
static void
connection_end(struct connection *c)
{
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	(*c->tcp->room)++;
	way_end(&c->way);
	stream_close(c->stream);
	loop_later(worker_loop(c->tcp->worker), connection_drop, c);
}

/* --- answers that come later --- */

static struct connection *
connection_of(struct way *way)
{
	return (struct connection *)((uint8_t *)way - offsetof(struct connection, way));
}

/* One more update is on its way: it is not the client who is idle. */
static void
connection_wait(struct connection *c)
{
	if (c->way.n == 1) {
		stream_set_idle(c->stream, 0);
		stream_owe(c->stream, TCP_IDLE);
	}
	if (c->way.n >= TCP_UPDATES && !c->paused) {
		c->paused = true;
		stream_pause(c->stream, true);
	}
}

static void
connection_answer(struct way *way, const struct datagram *to, uint8_t *message, size_t n)
{
	struct connection *c = connection_of(way);

	(void)to;
	if (!c->held)
		stream_hold(c->stream, true);
	c->held = true;
	put_u16(message - 2, (uint16_t)n);
	if (stream_write(c->stream, message - 2, 2 + n) != 0)
		connection_end(c);
}

static void
connection_flush(struct way *way)
{
	struct connection *c = connection_of(way);

	c->held = false;
	stream_hold(c->stream, false);
	if (c->way.n == 0) {
		stream_set_idle(c->stream, c->idle);
		stream_owe(c->stream, 0);
	}
	if (c->paused && c->way.n <= TCP_UPDATES / 2) {
		c->paused = false;
		stream_pause(c->stream, false);
	}
}

/* --- queries --- */

static long
connection_data(void *arg, const uint8_t *p, size_t n)
{
	struct connection *c = arg;
	struct tcp *tcp = c->tcp;
	size_t length = n >= 2 ? (size_t)get_u16(p) : 0;
	size_t answer;

	if (n < 2 || n - 2 < length)
		return 0;
	answer = serve(worker_begin(tcp->worker),
	    &(struct asker){
		.transport = TRANSPORT_TCP, .address = addr_octets(&c->peer), .way = &c->way},
	    (struct bytes){p + 2, length}, tcp->answer + 2);
	worker_end(tcp->worker);
	worker_datagrams(tcp->worker);
	if (answer == SERVE_LATER) {
		connection_wait(c);
		return (long)(2 + length);
	}
	/* what is dropped in silence over UDP has no business on a connection at all */
	if (answer == 0)
		return -1;
	put_u16(tcp->answer, (uint16_t)answer);
	if (stream_write(c->stream, tcp->answer, 2 + answer) != 0)
		return -1;
	return (long)(2 + length);
}

static void
connection_closed(void *arg, const char *why)
{
	struct connection *c = arg;

	if (stream_idled(why))
		stats_add(worker_counters(c->tcp->worker), STAT_TCP_TIMEOUT, 1);
	connection_end(c);
}

static const struct stream_ops connection_ops = {
    .data = connection_data,
    .closed = connection_closed,
};

/* IPv6 clients have whole prefixes to come from. */
static void
client_of(const struct addr *peer, uint8_t client[16])
{
	addr_to_octets(peer, client);
	if (peer->sa.sa_family == AF_INET6)
		memset(client + CLIENT_PREFIX, 0, 16 - CLIENT_PREFIX);
}

static bool
tcp_has_room(const struct tcp *tcp, const uint8_t client[16])
{
	unsigned n = 0;

	if (*tcp->room == 0)
		return false;
	for (const struct connection *c = tcp->connections; c != NULL; c = c->next)
		n += memcmp(c->client, client, 16) == 0;
	return n < TCP_CLIENT;
}

static void
connection_start(struct tcp *tcp, int fd, const uint8_t client[16], const struct addr *peer)
{
	struct connection *c = calloc(1, sizeof(*c));
	uint64_t idle = *tcp->room < TCP_CONNECTIONS / 4 ? TCP_IDLE / 8 : TCP_IDLE;

	if (c == NULL) {
		close(fd);
		return;
	}
	c->tcp = tcp;
	c->idle = idle;
	c->way = (struct way){.owner = worker_errands(tcp->worker),
	    .send = connection_answer,
	    .flush = connection_flush};
	memcpy(c->client, client, 16);
	c->peer = *peer;
	c->stream =
	    stream_new(worker_loop(tcp->worker), fd, &connection_ops, c, TCP_IN, TCP_OUT, idle);
	if (c->stream == NULL) {
		free(c);
		return;
	}
	c->next = tcp->connections;
	c->at = &tcp->connections;
	if (c->next != NULL)
		c->next->at = &c->next;
	tcp->connections = c;
	(*tcp->room)--;
	stats_add(worker_counters(tcp->worker), STAT_TCP_ACCEPTED, 1);
}

static void
tcp_accept_failed(struct tcp *tcp)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return;
	/* no descriptors, no memory: the connection stays queued, and trying at once would spin */
	stats_add(worker_counters(tcp->worker), STAT_TCP_PAUSED, 1);
	watch_set(tcp->watch, 0);
	timer_start(tcp->resume, TCP_PAUSE);
}

static void
tcp_ready(void *arg, int fd, unsigned events)
{
	struct tcp *tcp = arg;

	(void)events;
	for (int i = 0; i < TCP_ACCEPTS; i++) {
		uint8_t client[16];
		struct addr peer;
		int new = sock_accept(fd, &peer);

		if (new < 0) {
			tcp_accept_failed(tcp);
			return;
		}
		worker_datagrams(tcp->worker);
		client_of(&peer, client);
		if (tcp_has_room(tcp, client)) {
			connection_start(tcp, new, client, &peer);
			continue;
		}
		stats_add(worker_counters(tcp->worker), STAT_TCP_LIMIT, 1);
		close(new);
	}
}

static void
tcp_resume(void *arg)
{
	struct tcp *tcp = arg;

	watch_set(tcp->watch, LOOP_READ);
}

int
tcp_new(struct worker *worker, int fd, unsigned *room, struct tcp **out)
{
	struct tcp *tcp = calloc(1, sizeof(*tcp));

	if (tcp == NULL) {
		close(fd);
		return -MAP_ENOMEM;
	}
	tcp->worker = worker;
	tcp->fd = fd;
	tcp->room = room;
	tcp->watch = watch_new(worker_loop(worker), fd, LOOP_READ, tcp_ready, tcp);
	tcp->resume = timer_new(worker_loop(worker), tcp_resume, tcp);
	if (tcp->watch == NULL || tcp->resume == NULL) {
		tcp_free(tcp);
		return -MAP_ENOMEM;
	}
	*out = tcp;
	return 0;
}

void
tcp_free(struct tcp *tcp)
{
	if (tcp == NULL)
		return;
	while (tcp->connections != NULL)
		connection_end(tcp->connections);
	timer_free(tcp->resume);
	watch_free(tcp->watch);
	close(tcp->fd);
	free(tcp);
}
