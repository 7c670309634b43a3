/*
 * worker.h - a thread that answers: its own loop, sockets, snapshot, zones and counters.
 * main makes workers and posts to them; nothing is shared while they run.
 */
#ifndef MAPD_WORKER_H
#define MAPD_WORKER_H

#include <stdatomic.h>

#include "core/sys/loop.h"
#include "core/sys/sock.h"
#include "mapd/serve.h"

/* An address with the two descriptors that one worker has for it. */
struct listener {
	struct addr addr;
	int udp;
	int tcp;
};

/* What a worker is told: owned by the worker once it was posted. */
struct order {
	size_t n_listeners;
	struct listener *listeners; /* fd -1: keep the one that is open for that address */
	size_t n_realms;
	struct realm *realms;
	struct apexes *apexes;
	struct chaos chaos;
	struct cookies cookies; /* n 0: none are made */
	struct charters *charters; /* whose updates are taken */
	struct admission *admission; /* borrowed until worker_refuse(); NULL: no UPDATE is taken */
	_Atomic unsigned *waiting; /* borrowed: orders not obeyed yet, this one among them; NULL: nobody counts */
};
void order_free(struct order *order); /* closes descriptors that were not taken; NULL allowed */

struct worker;
struct errands;

int worker_new(struct store *store, unsigned number, struct worker **out);
/* Starts the thread; -MAP_ESYS. */
int worker_start(struct worker *worker);
/* Hands over a new order; from any thread. -MAP_ENOMEM */
int worker_post(struct worker *worker, struct order *order);
/*
 * From now on it passes no update on; waits until that is so. What it passed on before is still answered. -MAP_ENOMEM,
 * -MAP_ESYS
 */
int worker_refuse(struct worker *worker) MUST_CHECK;
/* Ends the thread and waits for it; what was passed on has come back by then. */
void worker_stop(struct worker *worker);
void worker_free(struct worker *worker); /* NULL allowed; stopped before */
const struct stats *worker_stats(const struct worker *worker);

/* For the transports, in the worker's thread. */
struct loop *worker_loop(struct worker *worker);
struct stats *worker_counters(struct worker *worker);
struct errands *worker_errands(struct worker *worker);
/* A snapshot for a batch of messages, to be ended before the loop goes on. */
const struct serve *worker_begin(struct worker *worker);
void worker_end(struct worker *worker);
/* Lets datagrams have their turn, unless they had it just now; not between begin and end. */
void worker_datagrams(struct worker *worker);

#endif
