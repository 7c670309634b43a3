/*
 * worker.c - a thread that answers: loop, sockets, snapshot, zones and counters of its own.
 * Knows when a snapshot is held; knows nothing of messages.
 */
#include "mapd/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "mapd/charter.h"
#include "mapd/errand.h"
#include "mapd/tcp.h"
#include "mapd/udp.h"

#define WORKER_TURN 500 /* us at most that connections keep datagrams waiting */

/* An address that is open. */
struct port {
	struct port *next;
	struct addr addr;
	struct udp *udp;
	struct tcp *tcp;
};

struct worker {
	struct loop *loop;
	pthread_t thread;
	bool running;
	unsigned number;
	unsigned tcp_room;
	uint64_t turned; /* when datagrams had their turn among connections, us */
	struct snapshot *snap;
	struct zones *zones;
	struct port *ports;
	struct order *order; /* what holds now; its realms are in use */
	struct serve serve;
	struct updates updates;
	struct update_flood flood;
	struct errands *errands;
	struct stats stats;
};

/* A message to the worker's thread. */
struct post {
	struct worker *worker;
	struct order *order;
};

/* From now on it is not waited for. */
static void
order_count_down(struct order *order)
{
	if (order->waiting != NULL)
		atomic_fetch_sub(order->waiting, 1);
	order->waiting = NULL;
}

void
order_free(struct order *order)
{
	if (order == NULL)
		return;
	order_count_down(order);
	for (size_t i = 0; i < order->n_listeners; i++) {
		if (order->listeners[i].udp >= 0)
			close(order->listeners[i].udp);
		if (order->listeners[i].tcp >= 0)
			close(order->listeners[i].tcp);
	}
	free(order->listeners);
	free(order->realms);
	apexes_free(order->apexes);
	charters_free(order->charters);
	free(order);
}

static bool
worker_probe(void *arg, const struct addr *to, struct bytes probe)
{
	struct worker *w = arg;

	for (struct port *port = w->ports; port != NULL; port = port->next)
		if (port->addr.sa.sa_family == to->sa.sa_family)
			return udp_send(port->udp, to, probe);
	return false;
}

static void
worker_turn(void *arg)
{
	worker_datagrams(arg);
}

static int
worker_errands_new(struct worker *w)
{
	struct errands_options options = {.loop = w->loop,
	    .stats = &w->stats,
	    .probe = worker_probe,
	    .turn = worker_turn,
	    .arg = w};

	return errands_new(&options, &w->errands);
}

int
worker_new(struct store *store, unsigned number, struct worker **out)
{
	struct worker *w = aligned_alloc(64, (sizeof(*w) + 63) / 64 * 64);
	int error;

	if (w == NULL)
		return -MAP_ENOMEM;
	*w = (struct worker){.number = number, .tcp_room = TCP_CONNECTIONS};
	error = loop_new(&w->loop);
	if (error == 0)
		error = snapshot_new(store, &w->snap);
	if (error == 0)
		error = zones_new(&w->zones);
	if (error == 0)
		error = worker_errands_new(w);
	if (error != 0) {
		worker_free(w);
		return error;
	}
	w->updates = (struct updates){.flood = &w->flood,
	    .remember = errand_remember,
	    .forget = errand_forget,
	    .done = errand_done};
	w->serve = (struct serve){.zones = w->zones, .stats = &w->stats};
	*out = w;
	return 0;
}

static void
port_free(struct port *port)
{
	udp_free(port->udp);
	tcp_free(port->tcp);
	free(port);
}

void
worker_free(struct worker *w)
{
	if (w == NULL)
		return;
	while (w->ports != NULL) {
		struct port *next = w->ports->next;

		port_free(w->ports);
		w->ports = next;
	}
	loop_free(w->loop);
	errands_free(w->errands);
	snapshot_free(w->snap);
	zones_free(w->zones);
	order_free(w->order);
	free(w);
}

const struct stats *
worker_stats(const struct worker *w)
{
	return &w->stats;
}

struct loop *
worker_loop(struct worker *w)
{
	return w->loop;
}

struct stats *
worker_counters(struct worker *w)
{
	return &w->stats;
}

struct errands *
worker_errands(struct worker *w)
{
	return w->errands;
}

const struct serve *
worker_begin(struct worker *w)
{
	/* without a snapshot every query gets SERVFAIL: better than silence, and it is counted */
	w->serve.snap = snapshot_take(w->snap) == 0 ? w->snap : NULL;
	if (w->serve.snap != NULL && zones_refresh(w->zones, w->snap) != 0) {
		snapshot_release(w->snap);
		w->serve.snap = NULL;
	}
	w->serve.now = clock_seconds();
	w->serve.us = loop_now_us();
	return &w->serve;
}

void
worker_end(struct worker *w)
{
	if (w->serve.snap != NULL)
		snapshot_release(w->snap);
	w->serve.snap = NULL;
}

/*
 * The loop goes through whatever is ready: a thousand connections with 64 KiB of queries each are seconds.
 * Datagrams do not wait for that: their buffer is full after some thousand of them.
 */
void
worker_datagrams(struct worker *w)
{
	uint64_t now = loop_now_us();

	if (now - w->turned < WORKER_TURN)
		return;
	for (struct port *port = w->ports; port != NULL; port = port->next)
		udp_turn(port->udp);
	w->turned = loop_now_us();
}

static struct port *
port_take(struct worker *w, const struct addr *addr)
{
	for (struct port **at = &w->ports; *at != NULL; at = &(*at)->next)
		if (addr_equal(&(*at)->addr, addr)) {
			struct port *port = *at;

			*at = port->next;
			return port;
		}
	return NULL;
}

static struct port *
port_new(struct worker *w, struct listener *listener)
{
	struct port *port = calloc(1, sizeof(*port));
	int error = port == NULL ? -MAP_ENOMEM : 0;
	char text[ADDR_TEXT];

	if (error == 0) {
		port->addr = listener->addr;
		error = udp_new(w, listener->udp, &port->udp);
		listener->udp = -1;
	}
	if (error == 0) {
		error = tcp_new(w, listener->tcp, &w->tcp_room, &port->tcp);
		listener->tcp = -1;
	}
	if (error == 0)
		return port;
	diag_error("listen %s: %s", addr_print(&listener->addr, text), error_text(error));
	if (port != NULL)
		port_free(port);
	return NULL;
}

/* Opens what is new, keeps what stays, closes the rest. */
static void
worker_obey(void *arg)
{
	struct post *post = arg;
	struct worker *w = post->worker;
	struct order *order = post->order;
	struct port *ports = NULL, *port;

	free(post);
	for (size_t i = 0; i < order->n_listeners; i++) {
		port = port_take(w, &order->listeners[i].addr);
		if (port == NULL && order->listeners[i].udp >= 0)
			port = port_new(w, &order->listeners[i]);
		if (port == NULL)
			continue;
		port->next = ports;
		ports = port;
	}
	while ((port = w->ports) != NULL) {
		w->ports = port->next;
		port_free(port);
	}
	w->ports = ports;
	w->serve.realms = order->realms;
	w->serve.n_realms = order->n_realms;
	w->serve.apexes = order->apexes;
	w->serve.chaos = &order->chaos;
	w->serve.cookies = order->cookies.n > 0 ? &order->cookies : NULL;
	w->updates.charters = order->charters;
	w->updates.admission = order->admission;
	w->serve.updates = order->admission != NULL ? &w->updates : NULL;
	errands_set(w->errands, order->admission);
	order_free(w->order);
	w->order = order;
	order_count_down(order);
}

int
worker_post(struct worker *w, struct order *order)
{
	struct post *post = malloc(sizeof(*post));
	int error;

	if (post == NULL)
		return -MAP_ENOMEM;
	*post = (struct post){w, order};
	error = loop_post(w->loop, worker_obey, post);
	if (error != 0)
		free(post);
	return error;
}

static void *
worker_run(void *arg)
{
	struct worker *w = arg;

	loop_run(w->loop);
	return NULL;
}

int
worker_start(struct worker *w)
{
	sigset_t all, before;
	int error;

	/* signals are main's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&w->thread, NULL, worker_run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	w->running = error == 0;
	return error == 0 ? 0 : -MAP_ESYS;
}

/* A word to the worker's thread, and that it was heard. */
struct word {
	struct worker *worker;
	int heard; /* eventfd */
};

static void
worker_obey_refuse(void *arg)
{
	struct word *word = arg;
	uint64_t one = 1;

	word->worker->updates.admission = NULL;
	while (write(word->heard, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

int
worker_refuse(struct worker *w)
{
	struct word word = {.worker = w, .heard = eventfd(0, EFD_CLOEXEC)};
	uint64_t one;
	int error = 0;

	if (word.heard < 0)
		return -MAP_ESYS;
	if (!w->running)
		w->updates.admission = NULL;
	else
		error = loop_post(w->loop, worker_obey_refuse, &word);
	if (w->running && error == 0)
		while (read(word.heard, &one, sizeof(one)) < 0 && errno == EINTR)
			;
	close(word.heard);
	return error;
}

static void
worker_end_loop(void *arg)
{
	struct worker *w = arg;

	errands_answer(w->errands);
	loop_stop(w->loop);
}

void
worker_stop(struct worker *w)
{
	if (!w->running)
		return;
	if (loop_post(w->loop, worker_end_loop, w) != 0)
		return; /* out of memory: the process ends anyway */
	pthread_join(w->thread, NULL);
	w->running = false;
}
