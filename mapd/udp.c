/*
 * udp.c - queries in datagrams, received and answered in batches.
 * Knows nothing of DNS but that a message goes in and another comes out.
 */
#include "mapd/udp.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "mapd/errand.h"

#define UDP_QUERY_MAX 4096 /* longer ones are cut by the kernel and dropped */
#define UDP_ROUNDS 8 /* batches before the loop looks at other descriptors */

struct udp {
	struct worker *worker;
	struct watch *watch;
	int fd;
	struct datagram batch[SOCK_BATCH];
	uint8_t query[SOCK_BATCH][UDP_QUERY_MAX];
	uint8_t answer[SOCK_BATCH][SERVE_UDP_MAX];
	struct way way; /* of updates */
	int n_later; /* answers of theirs that are to go out together */
	struct datagram later[SOCK_BATCH];
	uint8_t later_answer[SOCK_BATCH][SERVE_UDP_MAX];
};

static bool
source_is_real(const struct addr *peer)
{
	/* nobody listens at port 0: whoever sends from there wants something else */
	return peer->sa.sa_family == AF_INET ? peer->in4.sin_port != 0
					     : peer->in6.sin6_port != 0;
}

static int
udp_answer(struct udp *udp, const struct serve *s, int n)
{
	struct asker asker = {.transport = TRANSPORT_UDP, .way = &udp->way};
	int answers = 0;

	for (int i = 0; i < n; i++) {
		struct datagram *d = &udp->batch[i];
		struct bytes query = {udp->query[i], d->n};

		d->buffer = udp->answer[i];
		if (source_is_real(&d->peer)) {
			asker.address = addr_octets(&d->peer);
			asker.datagram = d;
			d->n = serve(s, &asker, query, udp->answer[i]);
			if (d->n == SERVE_LATER)
				d->n = 0;
		} else {
			stats_add(s->stats, STAT_DROP_SOURCE, 1);
			d->n = 0;
		}
		answers += d->n > 0;
	}
	return answers;
}

/*
 * One batch; true: there may be more. The snapshot comes after the questions: who was told that a change is durable,
 * and asks then, must see it.
 */
static bool
udp_round(struct udp *udp)
{
	struct stats *stats = worker_counters(udp->worker);
	int n, answers, sent;

	for (int i = 0; i < SOCK_BATCH; i++)
		udp->batch[i].buffer = udp->query[i];
	n = sock_receive(udp->fd, udp->batch, SOCK_BATCH);
	if (n < 0)
		stats_add(stats, STAT_UDP_RECEIVE_ERROR, 1);
	if (n <= 0)
		return false;
	answers = udp_answer(udp, worker_begin(udp->worker), n);
	worker_end(udp->worker);
	sent = answers > 0 ? sock_send(udp->fd, udp->batch, n) : 0;
	if (sent < answers)
		stats_add(stats, STAT_UDP_SEND_ERROR, (uint64_t)(answers - sent));
	return n == SOCK_BATCH;
}

void
udp_turn(struct udp *udp)
{
	for (int i = 0; i < UDP_ROUNDS && udp_round(udp); i++)
		;
}

static void
udp_ready(void *arg, int fd, unsigned events)
{
	(void)fd;
	(void)events;
	udp_turn(arg);
}

/* --- answers that come later --- */

static void
udp_flush(struct way *way)
{
	struct udp *udp = (struct udp *)((uint8_t *)way - offsetof(struct udp, way));
	int n = udp->n_later, sent;

	udp->n_later = 0;
	if (n == 0)
		return;
	sent = sock_send(udp->fd, udp->later, n);
	if (sent < n)
		stats_add(worker_counters(udp->worker), STAT_UDP_SEND_ERROR,
		    (uint64_t)(n - (sent > 0 ? sent : 0)));
}

static void
udp_answer_later(struct way *way, const struct datagram *to, uint8_t *message, size_t n)
{
	struct udp *udp = (struct udp *)((uint8_t *)way - offsetof(struct udp, way));
	struct datagram *d = &udp->later[udp->n_later];

	*d = *to;
	d->buffer = udp->later_answer[udp->n_later];
	d->n = n;
	memcpy(d->buffer, message, n);
	if (++udp->n_later == SOCK_BATCH)
		udp_flush(way);
}

bool
udp_send(struct udp *udp, const struct addr *to, struct bytes octets)
{
	uint8_t buffer[SERVE_UDP_MAX];
	struct datagram d = {.buffer = buffer, .n = octets.n, .peer = *to};

	if (octets.n > sizeof(buffer))
		return false;
	memcpy(buffer, octets.p, octets.n);
	return sock_send(udp->fd, &d, 1) == 1;
}

int
udp_new(struct worker *worker, int fd, struct udp **out)
{
	struct udp *udp = calloc(1, sizeof(*udp));

	if (udp == NULL) {
		close(fd);
		return -MAP_ENOMEM;
	}
	udp->worker = worker;
	udp->fd = fd;
	udp->way = (struct way){
	    .owner = worker_errands(worker), .send = udp_answer_later, .flush = udp_flush};
	for (int i = 0; i < SOCK_BATCH; i++)
		udp->batch[i].max = UDP_QUERY_MAX;
	udp->watch = watch_new(worker_loop(worker), fd, LOOP_READ, udp_ready, udp);
	if (udp->watch == NULL) {
		udp_free(udp);
		return -MAP_ENOMEM;
	}
	*out = udp;
	return 0;
}

void
udp_free(struct udp *udp)
{
	if (udp == NULL)
		return;
	way_end(&udp->way);
	watch_free(udp->watch);
	close(udp->fd);
	free(udp);
}
