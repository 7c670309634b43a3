/*
 * request.c - joins equal look-ups in flight, and hands the one result to all who wait for it.
 * Knows results as octets; knows nothing of connections.
 */
#include "resolverd/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "resolverd/cache.h"
#include "resolverd/freshness.h"

#define REQUESTS_MAX 8192 /* look-ups in flight */
#define REQUEST_PLACES 1024
#define REQUEST_KEY (64 + 2 * NAME_WIRE)
/* Bits that leave the result as it is. */
#define JOIN_FLAGS (RESOLVE_FLAGS & ~(RESOLVE_PAIRS | RESOLVE_LIVE))

struct request {
	struct request *chain;
	struct requests *requests;
	struct account *account; /* of who began it */
	struct lookup *lookup;
	struct ticket *tickets;
	struct resolve_request asked;
	size_t place;
	size_t key_n;
	uint8_t key[REQUEST_KEY]; /* as in the cache */
};

struct ticket {
	struct request *request;
	struct ticket *next;
	struct ticket **link;
	struct timer *timer;
	struct resolve_request asked;
	ticket_fn *fn;
	void *arg;
};

struct requests {
	struct agent *agent;
	struct freshness *freshness;
	size_t n;
	struct request *places[REQUEST_PLACES];
	struct result result; /* for what has to be changed before it is sent */
	uint8_t payload[FRAME_MAX - FRAME_HEADER];
};

static void
ticket_free(struct ticket *t)
{
	*t->link = t->next;
	if (t->next != NULL)
		t->next->link = t->link;
	timer_free(t->timer);
	free(t);
}

static void
request_unlink(struct request *r)
{
	struct request **at = &r->requests->places[r->place];

	while (*at != r)
		at = &(*at)->chain;
	*at = r->chain;
	r->requests->n--;
}

/* Its account may go with it, and not before: what is told may have ended the user's last client. */
static void
request_destroy(struct request *r)
{
	r->account->lookups--;
	account_put(&r->requests->agent->accounts, r->account);
	free(r);
}

static void
request_free(struct request *r)
{
	lookup_cancel(r->lookup);
	while (r->tickets != NULL)
		ticket_free(r->tickets);
	request_unlink(r);
	request_destroy(r);
}

struct requests *
requests_new(struct agent *agent)
{
	struct requests *requests = calloc(1, sizeof *requests);

	if (requests == NULL)
		return NULL;
	requests->agent = agent;
	requests->freshness = freshness_new();
	if (requests->freshness == NULL) {
		free(requests);
		return NULL;
	}
	return requests;
}

void
requests_free(struct requests *requests)
{
	if (requests == NULL)
		return;
	for (size_t i = 0; i < REQUEST_PLACES; i++)
		while (requests->places[i] != NULL)
			request_free(requests->places[i]);
	freshness_free(requests->freshness);
	free(requests);
}

struct bytes
requests_error(struct requests *requests, const struct resolve_request *request, int error,
    const char *why)
{
	struct wr wr = wr_init(requests->payload, sizeof requests->payload);
	struct result *result = &requests->result;

	result->error = error;
	snprintf(result->why, sizeof result->why, "%s", why);
	result->kind = request->id.form == EID_NAME ? RESULT_EPID : RESULT_IDENTITY;
	result->asked = (struct name){.n = 0};
	if (request->id.form == EID_NAME)
		result->asked = request->id.name;
	result->name = (struct edge){.dnssec = VERDICT_NONE};
	result->lifetime = 0;
	result->cached = false;
	result->n_identities = result->n_pairs = 0;
	result_put(&wr, result);
	return wr_done(&wr);
}

static const struct {
	int error;
	enum stat stat;
} result_stats[] = {
    {0, STAT_RESULT_OK},
    {-MAP_ENOTFOUND, STAT_RESULT_NOTFOUND},
    {-MAP_EBOGUS, STAT_RESULT_BOGUS},
    {-MAP_ETIMEOUT, STAT_RESULT_TIMEOUT},
};

static void
result_count(struct agent *agent, int error)
{
	enum stat stat = STAT_RESULT_ERROR;

	for (size_t i = 0; i < sizeof result_stats / sizeof result_stats[0]; i++)
		if (result_stats[i].error == error)
			stat = result_stats[i].stat;
	agent_count(agent, stat);
}

static void
result_keep(struct request *r, const struct result *found)
{
	struct requests *requests = r->requests;
	struct agent *agent = requests->agent;
	struct wr wr = wr_init(requests->payload, sizeof requests->payload);
	size_t lifetime_at;

	requests->result = *found;
	requests->result.cached = true;
	if (cache_encode(&wr, &requests->result, &lifetime_at) == 0)
		agent->stats[STAT_CACHE_EVICTED] +=
		    cache_put(agent->cache, (struct bytes){r->key, r->key_n}, &requests->result,
			wr_done(&wr), lifetime_at, loop_now_ms());
}

/* Tells all who wait, and ends the request; without a payload, that memory ran out. It leaves the
 * table first, since clients may ask again at once. */
static void
request_tell(struct request *r, struct bytes payload)
{
	struct requests *requests = r->requests;

	request_unlink(r);
	while (r->tickets != NULL) {
		struct ticket *t = r->tickets;
		struct resolve_request asked = t->asked;
		ticket_fn *fn = t->fn;
		void *arg = t->arg;

		ticket_free(t);
		fn(arg, payload.n > 0
			    ? payload
			    : requests_error(requests, &asked, -MAP_ENOMEM, "out of memory"));
	}
	request_destroy(r);
}

static void request_done(void *arg, const struct result *found);

static int
request_start(struct request *r)
{
	struct agent *agent = r->requests->agent;
	struct resolve_request asked = r->asked;

	/* its own end is for all who may join: each client's deadline is its ticket's */
	if (asked.deadline < agent->conf->deadline)
		asked.deadline = (uint32_t)agent->conf->deadline;
	return lookup_start(agent->resolver, &asked,
	    &(struct lookup_asker){request_done, r, &r->account->asks}, &r->lookup);
}

/* An older proof than one seen before may be no replay, but only what libunbound held: then the newer
 * one is found past it. */
static bool
request_retry_stale(struct request *r, const struct result *found)
{
	if (found->error != -MAP_ESTALE || r->asked.flags & RESOLVE_FRESH ||
	    !freshness_take(r->requests->freshness, &r->asked.id, loop_now_ms()))
		return false;
	r->asked.flags |= RESOLVE_FRESH;
	agent_count(r->requests->agent, STAT_REQUEST_FRESH);
	return request_start(r) == 0;
}

static void
request_done(void *arg, const struct result *found)
{
	struct request *r = arg;
	struct requests *requests = r->requests;
	uint8_t *payload;

	r->lookup = NULL;
	if (request_retry_stale(r, found))
		return;
	result_count(requests->agent, found->error);
	result_keep(r, found);
	struct wr wr = wr_init(requests->payload, sizeof requests->payload);
	result_put(&wr, found);
	struct bytes b = wr_done(&wr);
	/* own memory: what the callbacks ask for may be written into requests->payload */
	payload = malloc(b.n + 1);
	if (payload != NULL)
		memcpy(payload, b.p, b.n);
	request_tell(r, (struct bytes){payload, payload != NULL ? b.n : 0});
	free(payload);
}

static void
ticket_due(void *arg)
{
	struct ticket *t = arg;
	struct resolve_request asked = t->asked;
	struct requests *requests = t->request->requests;
	ticket_fn *fn = t->fn;
	void *ticket_arg = t->arg;

	ticket_free(t); /* the look-up goes on, for who asks next */
	fn(ticket_arg,
	    requests_error(requests, &asked, -MAP_ETIMEOUT, "no answer within the deadline"));
}

static int
ticket_new(struct request *r, const struct resolve_request *asked,
    const struct request_asker *asker, struct ticket **out)
{
	struct agent *agent = r->requests->agent;
	struct ticket *t = calloc(1, sizeof *t);

	if (t == NULL)
		return -MAP_ENOMEM;
	*t = (struct ticket){.request = r, .asked = *asked, .fn = asker->fn, .arg = asker->arg};
	t->timer = timer_new(agent->loop, ticket_due, t);
	if (t->timer == NULL) {
		free(t);
		return -MAP_ENOMEM;
	}
	timer_start(t->timer, asked->deadline > 0 ? asked->deadline : agent->conf->deadline);
	t->next = r->tickets;
	t->link = &r->tickets;
	if (t->next != NULL)
		t->next->link = &t->next;
	r->tickets = t;
	*out = t;
	return 0;
}

static size_t
request_place(struct bytes key)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < key.n; i++)
		hash = (hash ^ key.p[i]) * 16777619u;
	return (hash ^ hash >> 16) % REQUEST_PLACES;
}

/* An equal look-up in flight; one past the cache is equal only to another such. */
static struct request *
request_find(struct requests *requests, const struct resolve_request *asked, struct bytes key)
{
	struct request *r = requests->places[request_place(key)];

	while (r != NULL && !((r->asked.flags & JOIN_FLAGS) == (asked->flags & JOIN_FLAGS) &&
				r->key_n == key.n && memcmp(r->key, key.p, key.n) == 0))
		r = r->chain;
	return r;
}

static int
request_new(struct requests *requests, const struct resolve_request *asked, struct bytes key,
    struct account *account, struct request **out)
{
	struct request *r = calloc(1, sizeof *r);
	int error;

	if (r == NULL)
		return -MAP_ENOMEM;
	r->requests = requests;
	r->account = account;
	r->asked = *asked;
	memcpy(r->key, key.p, key.n);
	r->key_n = key.n;
	error = request_start(r);
	if (error != 0) {
		free(r);
		return error;
	}
	r->place = request_place(key);
	r->chain = requests->places[r->place];
	requests->places[r->place] = r;
	requests->n++;
	account->lookups++;
	*out = r;
	return 0;
}

/* Of look-ups, and of questions upstream, nobody may have more in flight than he leaves to others. */
static bool
request_has_room(const struct requests *requests, const struct account *account)
{
	return account_allows(account->lookups, requests->n, REQUESTS_MAX) &&
	       resolver_has_room(requests->agent->resolver, account->asks);
}

/* Past the cache only so often: a second look in that time is an ordinary one, unless the first is
 * still on its way. What is held for this client then, or NULL. */
static const struct cached *
request_cached(
    struct requests *requests, struct resolve_request *asked, struct bytes key, uint64_t now)
{
	const struct cached *cached;

	if (asked->flags & RESOLVE_FRESH && request_find(requests, asked, key) == NULL &&
	    !freshness_take(requests->freshness, &asked->id, now))
		asked->flags &= (uint16_t)~RESOLVE_FRESH;
	if (key.n == 0 || asked->flags & RESOLVE_FRESH)
		return NULL;
	cached = cache_find(requests->agent->cache, key, now);
	/* what libunbound holds may be older than what was found past it, and is gone for */
	if (cached == NULL && freshness_lasts(requests->freshness, &asked->id, now))
		asked->flags |= RESOLVE_FRESH;
	return cached;
}

int
requests_ask(struct requests *requests, const struct resolve_request *request,
    const struct request_asker *asker, struct bytes *now, struct ticket **out)
{
	struct agent *agent = requests->agent;
	struct resolve_request asked = *request;
	uint8_t octets[REQUEST_KEY];
	struct wr wr = wr_init(octets, sizeof octets);
	const struct cached *cached;
	struct request *r;
	int error = 0;

	*now = (struct bytes){NULL, 0};
	*out = NULL;
	agent_count(agent, STAT_REQUEST);
	cache_key(&wr, request);
	struct bytes key = wr_done(&wr);
	cached = request_cached(requests, &asked, key, loop_now_ms());
	if (cached != NULL) {
		agent_count(agent, STAT_REQUEST_CACHED);
		*now = cached->payload;
		return 0;
	}
	r = request_find(requests, &asked, key);
	if (r != NULL) {
		agent_count(agent, STAT_REQUEST_JOINED);
	} else if (!request_has_room(requests, asker->account)) {
		agent_count(agent, STAT_REQUEST_LIMITED);
		*now = requests_error(requests, request, -MAP_ELIMIT,
		    "too many look-ups of this user are in flight");
		return 0;
	} else {
		if (asked.flags & RESOLVE_FRESH)
			agent_count(agent, STAT_REQUEST_FRESH);
		error = key.n == 0 ? -MAP_EUSAGE
				   : request_new(requests, &asked, key, asker->account, &r);
		if (error == -MAP_EUSAGE) {
			*now = requests_error(requests, request, error,
			    "legacy addresses allowed and proof required at once");
			return 0;
		}
	}
	return error != 0 ? error : ticket_new(r, request, asker, out);
}

void
ticket_cancel(struct ticket *ticket)
{
	struct request *r;

	if (ticket == NULL)
		return;
	r = ticket->request;
	agent_count(r->requests->agent, STAT_REQUEST_CANCELLED);
	ticket_free(ticket);
	if (r->tickets == NULL && r->lookup != NULL)
		request_free(r);
}

void
requests_halt(struct requests *requests)
{
	for (size_t i = 0; i < REQUEST_PLACES; i++)
		for (struct request *r = requests->places[i]; r != NULL; r = r->chain) {
			lookup_cancel(r->lookup);
			r->lookup = NULL;
		}
}

/* A callback cannot end a request that is still halted, so that the next one stays. */
void
requests_restart(struct requests *requests)
{
	for (size_t i = 0; i < REQUEST_PLACES; i++) {
		struct request *next;
		for (struct request *r = requests->places[i]; r != NULL; r = next) {
			next = r->chain;
			if (request_start(r) != 0)
				request_tell(r, (struct bytes){NULL, 0});
		}
	}
}
