/*
 * errand.c - answers of updates: back from whatever thread to the worker's, built, sealed, sent.
 * Knows messages; sockets only as what takes one.
 */
#include "mapd/errand.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/wire/errors.h"

struct errand {
	struct errand *next, **at; /* among those of its way */
	struct errands *errands;
	struct way *way; /* NULL: it has ended */
	enum transport transport;
	struct datagram to; /* UDP */
	bool has_cookie;
	uint8_t cookie[REPLY_COOKIE];
};

struct errands {
	struct errands_options options;
	struct admission *admission;
	struct way *touched; /* to be flushed */
	uint8_t message[2 + SERVE_TCP_MAX];
	/* From other threads: the last one first, and whether the loop does not know of them yet. */
	_Atomic(struct proposal *) returned;
	_Atomic bool unposted;
};

int
errands_new(const struct errands_options *options, struct errands **out)
{
	struct errands *errands = calloc(1, sizeof *errands);

	if (errands == NULL)
		return -MAP_ENOMEM;
	errands->options = *options;
	*out = errands;
	return 0;
}

void
errands_set(struct errands *errands, struct admission *admission)
{
	errands->admission = admission;
}

void *
errand_remember(const struct asker *asker, const uint8_t *cookie)
{
	struct way *way = asker->way;
	struct errand *errand = calloc(1, sizeof *errand);

	if (errand == NULL)
		return NULL;
	errand->errands = way->owner;
	errand->way = way;
	errand->transport = asker->transport;
	if (asker->datagram != NULL)
		errand->to = *asker->datagram;
	errand->has_cookie = cookie != NULL;
	if (cookie != NULL)
		memcpy(errand->cookie, cookie, REPLY_COOKIE);
	errand->next = way->errands;
	errand->at = &way->errands;
	if (errand->next != NULL)
		errand->next->at = &errand->next;
	way->errands = errand;
	way->n++;
	return errand;
}

void
errand_forget(void *origin)
{
	struct errand *errand = origin;

	if (errand->way != NULL) {
		*errand->at = errand->next;
		if (errand->next != NULL)
			errand->next->at = errand->at;
		errand->way->n--;
	}
	free(errand);
}

void
way_end(struct way *way)
{
	way->ended = true;
	while (way->errands != NULL) {
		struct errand *errand = way->errands;

		way->errands = errand->next;
		errand->way = NULL;
		errand->next = NULL;
		errand->at = NULL;
	}
	way->n = 0;
}

static void
way_touch(struct errands *errands, struct way *way)
{
	if (way->touched)
		return;
	way->touched = true;
	way->next = errands->touched;
	errands->touched = way;
}

static void
ways_flush(struct errands *errands)
{
	while (errands->touched != NULL) {
		struct way *way = errands->touched;

		errands->touched = way->next;
		way->touched = false;
		if (!way->ended)
			way->flush(way);
	}
}

/* The answer's length; 0: there can be none. */
static size_t
answer_build(const struct errand *errand, const struct proposal *p, uint8_t *out)
{
	const struct verdict *verdict = &p->verdict;
	bool datagram = errand->transport == TRANSPORT_UDP;
	struct wr wr = wr_init(out, datagram ? SERVE_UDP_MAX : SERVE_TCP_MAX);
	struct reply r;

	reply_start(&r, out, datagram ? reply_size(&p->message) : SERVE_TCP_MAX, &p->message);
	if (errand->has_cookie && r.edns)
		reply_cookie(&r, errand->cookie);
	if (verdict->lease.present)
		reply_lease(&r, &verdict->lease);
	/* where it does not fit 512 octets the names are absurdly long, and the answer is longer */
	if (p->seal == SEALED_TSIG)
		(void)!reply_keep(&r, seal_tsig_room(&p->tsig.key, &p->tsig.algorithm));
	if (verdict->ede != EDE_NONE)
		reply_ede(&r, (enum ede)verdict->ede, verdict->text);
	wr.n = reply_finish(&r, verdict->rcode);
	if (p->seal == SEALED_TSIG &&
	    seal_tsig_answer(&p->key, &p->tsig, TSIG_NOERROR, clock_seconds(), &wr) != 0)
		return 0;
	return wr.n;
}

/* Never more octets than came (no amplification), never to a port where nobody listens. */
static void
probes_send(struct errands *errands, const struct proposal *p, uint64_t now)
{
	const struct verdict *verdict = &p->verdict;
	const struct prove_option *option = &p->update.prove;
	struct prover *prover = admission_prover(errands->admission);
	unsigned most = verdict->n_prove < PROVE_MOST ? verdict->n_prove : PROVE_MOST;
	uint8_t probe[PROVE_PROBE];
	struct addr to;

	if (!option->present || option->port == 0)
		return;
	if (most > p->wire.n / PROVE_PROBE)
		most = (unsigned)(p->wire.n / PROVE_PROBE);
	for (unsigned i = 0; i < most; i++) {
		const uint8_t *address = verdict->prove[i];

		if (!prove_may_probe(prover, address, p->shown ? p->address : NULL, now) ||
		    prove_probe(prover, &p->actor.name, address, now, probe) != 0)
			continue;
		addr_from_octets(address, option->port, &to);
		if (errands->options.probe(
			errands->options.arg, &to, (struct bytes){probe, sizeof probe}))
			stats_add(errands->options.stats, STAT_UPDATE_PROBES, 1);
	}
}

static void
errand_answer(struct errands *errands, struct proposal *p)
{
	struct errand *errand = p->origin;
	struct way *way = errand->way;
	uint64_t now = clock_seconds();
	enum stat stat = update_stat(&p->verdict);
	size_t n;

	stats_add(errands->options.stats, stat, 1);
	if (p->verdict.rcode == RCODE_BADCOOKIE && !errand->has_cookie)
		p->verdict.rcode =
		    RCODE_REFUSED; /* there is none that he could come back with */
	if (errands->admission != NULL) {
		if (p->verdict.rcode != RCODE_NOERROR && stat != STAT_UPDATE_PREREQUISITE &&
		    stat != STAT_UPDATE_REPLAYED)
			update_log(errands->admission, p, now);
		if (p->verdict.n_prove > 0)
			probes_send(errands, p, now);
	}
	n = way != NULL ? answer_build(errand, p, errands->message + 2) : 0;
	if (n > 0) {
		way->send(way, &errand->to, errands->message + 2, n);
		way_touch(errands, way);
	} else
		stats_add(errands->options.stats, STAT_UPDATE_LOST, 1);
	errand_forget(errand);
	proposal_free(p);
}

void
errands_answer(struct errands *errands)
{
	struct proposal *list = atomic_exchange(&errands->returned, NULL), *ordered = NULL;

	while (list != NULL) {
		struct proposal *next = list->next;

		list->next = ordered;
		ordered = list;
		list = next;
	}
	while (ordered != NULL) {
		struct proposal *next = ordered->next;

		errand_answer(errands, ordered);
		errands->options.turn(errands->options.arg);
		ordered = next;
	}
	ways_flush(errands);
}

static void
errands_posted(void *arg)
{
	errands_answer(arg);
}

/* A chain whose first is last, to be handed over at once. */
static void
errands_return(struct errands *errands, struct proposal *chain, struct proposal *last)
{
	struct proposal *before = atomic_load(&errands->returned);

	do
		last->next = before;
	while (!atomic_compare_exchange_weak(&errands->returned, &before, chain));
	if (before != NULL && !atomic_exchange(&errands->unposted, false))
		return; /* the loop was told when the first of them came */
	/* out of memory: the next one that comes back tells it, or the end of the worker */
	if (loop_post(errands->options.loop, errands_posted, errands) != 0)
		atomic_store(&errands->unposted, true);
}

void
errand_done(struct proposal *list)
{
	while (list != NULL) {
		const struct errand *first = list->origin;
		struct errands *errands = first->errands;
		struct proposal *chain = NULL, *last = list, **at = &list;

		while (*at != NULL) {
			struct proposal *p = *at;

			if (((const struct errand *)p->origin)->errands != errands) {
				at = &p->next;
				continue;
			}
			*at = p->next;
			p->next = chain;
			chain = p;
		}
		errands_return(errands, chain, last);
	}
}

void
errands_free(struct errands *errands)
{
	struct proposal *p;

	if (errands == NULL)
		return;
	while ((p = errands->returned) != NULL) {
		errands->returned = p->next;
		errand_forget(p->origin);
		proposal_free(p);
	}
	free(errands);
}
