/*
 * upstream.c - libunbound behind one door: two contexts, their options, their traps.
 * Results are freed in one place, upstream_done(); a context ends outside of its callbacks.
 */
#include "config.h"

#include "resolve/upstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unbound.h>

#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "core/wire/message.h"
#include "core/wire/rrtype.h"
#include "resolve/anchors.h"
#include "resolve/answer.h"
#include "resolve/failures.h"
#include "resolve/log.h"
#include "resolve/stubs.h"

#define N(rows) (sizeof rows / sizeof rows[0])

#define TRY_MS 1500 /* one try at one server */
#define TRIES 3 /* then the question counts as not answered */
#define SILENT_LEAST_MS 1000 /* a server that was never asked counts as 376 ms away */
#define ASKS_MAX 8192 /* in flight, both contexts together; outgoing-range is the same */

struct asks {
	struct ask *first; /* in the order of their start */
	struct ask *last;
};

struct ask {
	struct upstream *up;
	struct asks *list; /* that it is in; NULL: none */
	struct ask *next;
	struct ask *previous;
	enum upstream_context context;
	struct name name;
	uint16_t type;
	size_t *load;
	bool asked; /* libunbound has it, and will tell */
	bool queued; /* an ask_tell() is on its way */
	bool freed; /* by its holder, while queued */
	bool done;
	uint64_t started;
	answer_fn *fn;
	void *arg;
	struct answer answer;
};

struct context {
	struct upstream *up;
	struct ub_ctx *ub;
	struct watch *watch;
};

struct upstream {
	struct loop *loop;
	struct context contexts[UPSTREAM_CONTEXTS];
	struct failures *failures;
	struct timer *silence;
	struct asks waiting;
	struct asks
	    given_up; /* libunbound goes on asking what nobody here waits for any more */
	size_t asked; /* that libunbound has, of both */
	uint64_t patience; /* ms until a question counts as not answered */
	bool expecting; /* the timer silence runs */
	int processing; /* depth of callbacks: a context must not end inside of one */
};

/*
 * Protocol 6. What is not a matter of the protocol: outgoing-range and -tcp, since a silent server
 * must not hold all of libunbound's few sockets; infra-host-ttl, since a server that was silent is
 * to be found again within seconds; aggressive-nsec, since a new name must not stay denied for
 * longer than cache-max-negative-ttl. Both contexts get the same: some of these, cache-max-ttl
 * among them, are globals of libunbound, and the last context would decide for all.
 */
static const char *const upstream_options[][2] = {
    {"minimal-responses:", "no"},
    {"val-clean-additional:", "yes"},
    {"qname-minimisation:", "no"},
    {"aggressive-nsec:", "no"},
    {"prefetch:", "no"},
    {"serve-expired:", "no"},
    {"rrset-roundrobin:", "no"},
    {"cache-max-ttl:", "300"},
    {"cache-max-negative-ttl:", "30"},
    {"val-bogus-ttl:", "5"},
    {"infra-host-ttl:", "5"},
    {"trust-anchor-signaling:", "no"},
    {"outgoing-range:", "8192"},
    {"outgoing-num-tcp:", "64"},
    {"msg-cache-size:", "16m"},
    {"rrset-cache-size:", "32m"},
    {"key-cache-size:", "4m"},
    {"unblock-lan-zones:", "yes"},
    {"do-not-query-localhost:", "no"},
};

/* Zones that libunbound answers by itself with NXDOMAIN, whatever the stubs say. */
static const char *const upstream_open_zones[] = {
    "test.",
    "8.b.d.0.1.0.0.2.ip6.arpa.",
    "2.0.192.in-addr.arpa.",
    "100.51.198.in-addr.arpa.",
    "113.0.203.in-addr.arpa.",
};

static void
ask_unlink(struct ask *ask)
{
	struct asks *list = ask->list;

	*(ask->previous != NULL ? &ask->previous->next : &list->first) = ask->next;
	*(ask->next != NULL ? &ask->next->previous : &list->last) = ask->previous;
	ask->next = ask->previous = NULL;
	ask->list = NULL;
}

static void
ask_link(struct ask *ask, struct asks *list)
{
	ask->list = list;
	ask->previous = list->last;
	*(list->last != NULL ? &list->last->next : &list->first) = ask;
	list->last = ask;
}

/* Nobody waits for it any more. Cancelling would only hide from us that libunbound goes on. */
static void
ask_leave(struct ask *ask)
{
	ask_unlink(ask);
	ask->done = true;
	if (ask->asked)
		ask_link(ask, &ask->up->given_up);
}

/* The answer is complete: its holder hears of it, and may free the ask in doing so. */
static void
ask_done(struct ask *ask)
{
	ask_leave(ask);
	ask->fn(ask->arg, &ask->answer);
}

static void
ask_charge(struct ask *ask)
{
	ask->asked = true;
	ask->up->asked++;
	++*ask->load;
}

static void
ask_discharge(struct ask *ask)
{
	ask->asked = false;
	ask->up->asked--;
	--*ask->load;
}

static void
ask_fail(struct ask *ask, enum verdict verdict, uint32_t ttl, const char *why)
{
	ask->answer.edge.dnssec = verdict;
	ask->answer.edge.ttl = ttl;
	snprintf(ask->answer.edge.why, sizeof ask->answer.edge.why, "%s", why);
}

static void
ask_destroy(struct ask *ask)
{
	answer_fini(&ask->answer);
	free(ask);
}

static void
silence_expect(struct upstream *up)
{
	uint64_t now = loop_now_ms();

	up->expecting = up->waiting.first != NULL;
	if (!up->expecting)
		return;
	uint64_t due = up->waiting.first->started + up->patience;
	timer_start(up->silence, due > now ? due - now : 1);
}

/* Questions that nobody answered: the list is in the order of their start. */
static void
silence_due(void *arg)
{
	struct upstream *up = arg;
	uint64_t now = loop_now_ms();

	up->processing++;
	while (up->waiting.first != NULL && up->waiting.first->started + up->patience <= now) {
		struct ask *ask = up->waiting.first;

		ask_fail(ask, VERDICT_TIMEOUT, FAILURE_SECONDS, "no server answered in time");
		failures_put(up->failures, &ask->name, ask->type, &ask->answer.edge, now);
		ask_done(ask);
	}
	up->processing--;
	silence_expect(up);
}

/* libunbound's result as an edge; test bogus first, since data is filled even then. */
static void
answer_judge(struct ask *ask, const struct ub_result *r)
{
	struct edge *edge = &ask->answer.edge;

	edge->ttl = r->ttl > 0 ? (uint32_t)r->ttl : 0;
	if (r->bogus) {
		ask_fail(ask, VERDICT_BOGUS, FAILURE_SECONDS,
		    r->why_bogus != NULL ? r->why_bogus : "validation failed");
	} else if (r->rcode != RCODE_NOERROR && r->rcode != RCODE_NXDOMAIN) {
		char why[RESULT_WHY];
		snprintf(why, sizeof why,
		    r->rcode == RCODE_SERVFAIL ? "no server gave a usable answer (SERVFAIL)"
					       : "server error, rcode %d",
		    r->rcode);
		ask_fail(ask, VERDICT_SERVER, FAILURE_SECONDS, why);
	} else if (!r->havedata) {
		edge->dnssec = VERDICT_MISSING;
		edge->denied = r->secure;
		snprintf(edge->why, sizeof edge->why, "%s",
		    r->nxdomain ? "the name does not exist" : "the name has no such record");
	} else {
		edge->dnssec = r->secure ? VERDICT_SECURE : VERDICT_INSECURE;
		if (!r->secure)
			snprintf(edge->why, sizeof edge->why, "the zone is not signed");
	}
}

static void
answer_make(struct ask *ask, const struct ub_result *r)
{
	struct answer *answer = &ask->answer;
	struct bytes packet = {r->answer_packet, r->answer_len > 0 ? (size_t)r->answer_len : 0};
	int error;

	answer_judge(ask, r);
	if (answer->edge.dnssec == VERDICT_BOGUS || answer->edge.dnssec == VERDICT_SERVER)
		return;
	error = answer_read(answer, packet, &ask->name, ask->type, clock_seconds());
	if (error == 0 && r->havedata && answer->set.n == 0)
		error = -MAP_EFORMAT;
	if (error != 0) {
		ask_fail(ask, VERDICT_MALFORMED, FAILURE_SECONDS, error_text(error));
		answer->set.n = answer->n_additional = 0;
	}
	if (answer->edge.dnssec != VERDICT_SECURE && answer->edge.dnssec != VERDICT_INSECURE)
		answer->set.n = answer->n_additional = 0;
}

/* From ub_process(): the one place where results are freed. */
static void
upstream_done(void *arg, int error, struct ub_result *result)
{
	struct ask *ask = arg;

	ask_discharge(ask);
	if (ask->done) {
		ub_resolve_free(result);
		ask_unlink(ask);
		if (ask->freed)
			ask_destroy(ask);
		return;
	}
	if (error != 0 || result == NULL)
		ask_fail(ask, VERDICT_SERVER, FAILURE_SECONDS, ub_strerror(error));
	else
		answer_make(ask, result);
	ub_resolve_free(result);
	if (ask->answer.edge.dnssec == VERDICT_SERVER)
		failures_put(
		    ask->up->failures, &ask->name, ask->type, &ask->answer.edge, loop_now_ms());
	ask_done(ask);
}

static void
context_readable(void *arg, int fd, unsigned events)
{
	struct context *context = arg;

	(void)fd, (void)events;
	context->up->processing++;
	ub_process(context->ub);
	context->up->processing--;
}

/* Answers that were known without asking are told outside of upstream_ask(). */
static void
ask_tell(void *arg)
{
	struct ask *ask = arg;

	ask->queued = false;
	if (ask->freed)
		ask_destroy(ask);
	else if (!ask->done)
		ask_done(ask);
}

static bool
ask_known(struct ask *ask)
{
	struct upstream *up = ask->up;
	const struct edge *failure =
	    failures_find(up->failures, &ask->name, ask->type, loop_now_ms());

	if (failure != NULL)
		ask->answer.edge = *failure;
	else if (!upstream_has_room(
		     up, *ask->load)) /* for others there may be: not to be kept */
		ask_fail(ask, VERDICT_SERVER, 0, "too many questions are in flight");
	return ask->answer.edge.dnssec != VERDICT_NONE;
}

bool
upstream_has_room(const struct upstream *up, size_t load)
{
	return up->asked < ASKS_MAX && load < ASKS_MAX - up->asked;
}

static void
ask_start(struct ask *ask)
{
	struct ub_ctx *ub = ask->up->contexts[ask->context].ub;
	char text[NAME_TEXT];
	int error = ub_resolve_async(
	    ub, name_print(&ask->name, text), ask->type, CLASS_IN, ask, upstream_done, NULL);

	if (error == 0)
		ask_charge(ask);
	else
		ask_fail(ask, VERDICT_SERVER, 1, ub_strerror(error));
}

int
upstream_ask(struct upstream *up, const struct asking *asking, answer_fn *fn, void *arg,
    struct ask **out)
{
	struct ask *ask = calloc(1, sizeof *ask);

	if (ask == NULL)
		return -MAP_ENOMEM;
	*ask = (struct ask){.up = up,
	    .context = asking->context,
	    .name = *asking->name,
	    .type = asking->type,
	    .load = asking->load,
	    .started = loop_now_ms(),
	    .fn = fn,
	    .arg = arg};
	if (!ask_known(ask))
		ask_start(ask);
	ask_link(ask, &up->waiting);
	if (!ask->asked) {
		ask->queued = true;
		loop_later(up->loop, ask_tell, ask);
	}
	if (!up->expecting)
		silence_expect(up);
	*out = ask;
	return 0;
}

const struct answer *
ask_answer(const struct ask *ask)
{
	return ask->done ? &ask->answer : NULL;
}

void
ask_free(struct ask *ask)
{
	if (ask == NULL)
		return;
	if (!ask->done)
		ask_leave(ask);
	ask->freed = true;
	if (!ask->asked && !ask->queued)
		ask_destroy(ask);
}

static int
context_set(struct ub_ctx *ub, const char *name, const char *value, char *why, size_t max)
{
	int error = ub_ctx_set_option(ub, name, value);

	if (error == 0)
		return 0;
	snprintf(why, max, "libunbound: %s %s: %s", name, value, ub_strerror(error));
	return -MAP_ECONFIG;
}

static uint64_t
upstream_patience(const struct resolver_options *options)
{
	return (uint64_t)(options->try_ms > 0 ? options->try_ms : TRY_MS) * TRIES;
}

static int
context_options(
    struct ub_ctx *ub, const struct resolver_options *options, char *why, size_t max)
{
	char zone[NAME_TEXT], open[NAME_TEXT + 16];
	uint64_t silent = upstream_patience(options);
	int error;

	/* else libunbound goes on asking a silent server for much longer than anybody waits here */
	snprintf(open, sizeof open, "%llu",
	    (unsigned long long)(silent > SILENT_LEAST_MS ? silent : SILENT_LEAST_MS));
	error = context_set(ub, "infra-cache-max-rtt:", open, why, max);
	for (size_t i = 0; error == 0 && i < N(upstream_options); i++)
		error =
		    context_set(ub, upstream_options[i][0], upstream_options[i][1], why, max);
	for (size_t i = 0; error == 0 && i < N(upstream_open_zones); i++) {
		snprintf(open, sizeof open, "%s transparent", upstream_open_zones[i]);
		error = context_set(ub, "local-zone:", open, why, max);
	}
	for (size_t i = 0; error == 0 && i < options->n_stubs; i++) {
		name_print(&options->stubs[i].zone, zone);
		snprintf(open, sizeof open, "%s transparent", zone);
		error = context_set(ub, "local-zone:", open, why, max);
	}
	return error;
}

/* Stubs and forwarders; those of fresh are asked past the cache. */
static int
context_stubs(struct ub_ctx *ub, const struct resolver_options *options, bool cached, char *why,
    size_t max)
{
	int fd = stubs_open(options, cached, why, max);
	char path[64];
	int error;

	if (fd < 0)
		return fd;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	error = ub_ctx_config(ub, path);
	close(fd);
	if (error == 0)
		return 0;
	snprintf(
	    why, max, "libunbound refuses the stubs or forwarders: %s", ub_strerror(error));
	return -MAP_ECONFIG;
}

/* Trust anchors; libunbound reads the files at the first question. */
static int
context_anchors(
    struct ub_ctx *ub, const struct resolver_options *options, char *why, size_t max)
{
	int error = 0;

	for (size_t i = 0; i < options->n_anchors && error == 0; i++) {
		error = anchors_check(options->anchors[i], why, max);
		if (error == 0 && ub_ctx_add_ta_file(ub, options->anchors[i]) != 0) {
			snprintf(why, max, "%.512s: libunbound refuses this name of a file",
			    options->anchors[i]);
			error = -MAP_ECONFIG;
		}
	}
	return error;
}

/* A bad value shows only at the first question: "initialization failure". */
static int
context_test(struct ub_ctx *ub)
{
	struct ub_result *result = NULL;
	int error = ub_resolve(ub, "localhost", RR_A, CLASS_IN, &result);

	ub_resolve_free(result);
	return error;
}

/* Which trust anchor file libunbound refuses after all: each alone in a context of its own. */
static int
anchors_blame(const struct resolver_options *options, char *why, size_t max)
{
	for (size_t i = 0; i < options->n_anchors; i++) {
		struct ub_ctx *ub = ub_ctx_create();
		int error = ub == NULL ? UB_NOMEM : ub_ctx_add_ta_file(ub, options->anchors[i]);

		if (error == 0) {
			ub_ctx_debugout(ub, log_open());
			error = context_test(ub);
		}
		ub_ctx_delete(ub);
		if (error != 0) {
			snprintf(why, max, "%.512s: libunbound refuses these trust anchors",
			    options->anchors[i]);
			return -MAP_ECONFIG;
		}
	}
	snprintf(why, max, "libunbound refuses its configuration (stubs, forwarders, anchors)");
	return -MAP_ECONFIG;
}

static int
context_open(struct context *context, enum upstream_context which,
    const struct resolver_options *options, char *why, size_t max)
{
	struct upstream *up = context->up;
	struct ub_ctx *ub = context->ub = ub_ctx_create();
	int error;

	if (ub == NULL) {
		snprintf(why, max, "libunbound: out of memory or descriptors");
		return -MAP_ENOMEM;
	}
	ub_ctx_debugout(ub, log_open());
	ub_ctx_async(ub, 1); /* a thread; 0 would fork */
	error = context_options(ub, options, why, max);
	if (error == 0)
		error = context_stubs(ub, options, which == UPSTREAM_MAIN, why, max);
	if (error == 0)
		error = context_anchors(ub, options, why, max);
	if (error != 0)
		return error;
	if (context_test(ub) != 0)
		return anchors_blame(options, why, max);
	context->watch = watch_new(up->loop, ub_fd(ub), LOOP_READ, context_readable, context);
	return context->watch == NULL ? -MAP_ENOMEM : 0;
}

int
upstream_open(struct loop *loop, const struct resolver_options *options, struct upstream **out,
    char *why, size_t max)
{
	struct upstream *up = calloc(1, sizeof *up);
	int error = up == NULL ? -MAP_ENOMEM : 0;

	snprintf(why, max, "out of memory");
	if (error != 0)
		return error;
	up->loop = loop;
	up->patience = upstream_patience(options);
	up->failures = failures_new();
	up->silence = timer_new(loop, silence_due, up);
	if (up->failures == NULL || up->silence == NULL || log_open() == NULL)
		error = -MAP_ENOMEM;
	for (int i = 0; error == 0 && i < UPSTREAM_CONTEXTS; i++) {
		up->contexts[i].up = up;
		error =
		    context_open(&up->contexts[i], (enum upstream_context)i, options, why, max);
	}
	if (error != 0) {
		upstream_close(up);
		up = NULL;
	}
	*out = up;
	return error;
}

static void
upstream_destroy(void *arg)
{
	struct upstream *up = arg;

	for (int i = 0; i < UPSTREAM_CONTEXTS; i++) {
		watch_free(up->contexts[i].watch);
		if (up->contexts[i].ub != NULL)
			ub_ctx_delete(up->contexts[i].ub);
	}
	while (up->given_up.first != NULL) {
		struct ask *ask = up->given_up.first;

		ask_unlink(ask);
		ask_discharge(ask);
		ask_destroy(ask);
	}
	timer_free(up->silence);
	failures_free(up->failures);
	free(up);
}

void
upstream_close(struct upstream *up)
{
	if (up == NULL)
		return;
	timer_stop(up->silence);
	if (up->processing > 0)
		loop_later(up->loop, upstream_destroy, up);
	else
		upstream_destroy(up);
}
