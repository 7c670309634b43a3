/*
 * pairs.c - candidates out of a result, this host's addresses and its routes; select.c ranks them.
 */
#include "resolverd/pairs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/crypto.h"
#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "resolverd/addresses.h"
#include "resolverd/exits.h"
#include "resolverd/own.h"
#include "resolverd/route.h"
#include "resolverd/select.h"

#define PAIRS_LIVENESS 4096
#define PAIRS_GAI_MAX 65536
#define PAIRS_SOURCES 32 /* of one locator: no host has so many exits */
#define PAIRS_ROUTES 1024 /* questions to the kernel for one result, 10 us each and more */

struct pairs {
	struct netlink *route; /* for asking */
	struct netlink *events; /* tells that addresses are no longer what was read */
	bool fresh;
	struct addresses addresses;
	size_t n_sources;
	const struct local_address *sources[ADDRESSES_MAX]; /* in the order of their turns */
	const struct result
	    *local; /* whose locators alone are sources now; NULL: any address is */
	struct liveness *liveness;
	struct exits *exits; /* NULL: not observed */
	struct policy policy;
	struct select_candidate candidates[SELECT_MAX];
};

void
pairs_policy(struct pairs *pairs, const char *path)
{
	char *text;
	ssize_t n = 0;
	unsigned wrong;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	policy_default(&pairs->policy);
	if (fd < 0)
		return;
	text = malloc(PAIRS_GAI_MAX);
	if (text != NULL)
		n = read(fd, text, PAIRS_GAI_MAX);
	wrong = n > 0 ? policy_read(&pairs->policy, text, (size_t)n) : 0;
	if (wrong > 0)
		diag_warn("%s: %u lines are not understood and not used", path, wrong);
	free(text);
	close(fd);
}

int
pairs_open(const char *gai, struct pairs **out)
{
	struct pairs *pairs = calloc(1, sizeof *pairs);
	int rc;

	if (pairs == NULL)
		return -MAP_ENOMEM;
	pairs_policy(pairs, gai);
	pairs->liveness = liveness_new(PAIRS_LIVENESS);
	rc = pairs->liveness == NULL ? -MAP_ENOMEM
				     : netlink_open(NETLINK_ROUTE, 0, &pairs->route);
	if (rc == 0)
		rc = netlink_open(NETLINK_ROUTE, addresses_groups(), &pairs->events);
	if (rc < 0) {
		pairs_close(pairs);
		return rc;
	}
	*out = pairs;
	return 0;
}

void
pairs_close(struct pairs *pairs)
{
	if (pairs == NULL)
		return;
	liveness_free(pairs->liveness);
	netlink_close(pairs->route);
	netlink_close(pairs->events);
	free(pairs);
}

/* That pairs of it failed was its exit's fault. */
static void
pairs_works(void *arg, const uint8_t source[16])
{
	liveness_forgive(((struct pairs *)arg)->liveness, source);
}

void
pairs_observe(struct pairs *pairs, struct exits *exits)
{
	pairs->exits = exits;
	if (exits != NULL)
		exits_tell(exits, pairs_works, pairs);
}

/* One source failed where another of this host worked: then it may be the exit. Which of the two is told first depends on
 * how it failed. */
static void
pairs_doubt(struct pairs *pairs, const struct pair_mark *mark, uint64_t now)
{
	uint8_t other[16];
	const uint8_t *bad = mark->worked ? other : mark->source,
		      *good = mark->worked ? mark->source : other;

	if ((!mark->worked && !exits_may_doubt(pairs->exits, mark->source)) ||
	    addresses_find(&pairs->addresses, mark->source) == NULL ||
	    !liveness_other(pairs->liveness, mark, !mark->worked, now, other) ||
	    addresses_find(&pairs->addresses, other) == NULL)
		return;
	exits_doubt(pairs->exits, bad, good, mark->destination);
}

size_t
pairs_count(const struct pairs *pairs, enum liveness_state state, uint64_t now)
{
	return liveness_count(pairs->liveness, state, now);
}

enum liveness_state
pairs_known(const struct pairs *pairs, const struct prober_way *way, uint64_t now)
{
	uint32_t rtt_us;

	return liveness_get(pairs->liveness,
	    &(struct liveness_question){LIVENESS_ALL, way->local, way->remote}, now, &rtt_us);
}

void
pairs_mark(struct pairs *pairs, uint32_t user, const struct pair_mark *mark, uint64_t now)
{
	liveness_mark(pairs->liveness, user, mark, now);
	if (pairs->exits == NULL)
		return;
	if (mark->worked)
		exits_worked(pairs->exits, mark->source);
	pairs_doubt(pairs, mark, now);
}

void
pairs_checked(struct pairs *pairs, const struct prober_way *ways,
    const struct heartbeat_outcome *outcomes, size_t n, uint64_t now)
{
	bool any_lives = false;

	for (size_t i = 0; i < n; i++)
		any_lives |= beat_lives(outcomes[i].beat);
	for (size_t i = 0; any_lives && i < n; i++) {
		struct pair_mark mark = {
		    .worked = beat_lives(outcomes[i].beat), .rtt_us = outcomes[i].rtt_us};

		memcpy(mark.source, ways[i].local, 16);
		memcpy(mark.destination, ways[i].remote, 16);
		pairs_mark(pairs, LIVENESS_ALL, &mark, now);
	}
}

static void
pairs_heard(void *arg, const struct nlmsghdr *message)
{
	(void)message;
	((struct pairs *)arg)->fresh = false;
}

/* How many addresses of the same exit are to be tried before the i-th. */
static size_t
pairs_turn(const struct addresses *all, size_t i)
{
	const struct local_address *me = &all->list[i];
	unsigned lesser = me->deprecated * 2u + me->temporary;
	size_t turn = 0;

	for (size_t k = 0; k < all->n; k++) {
		const struct local_address *other = &all->list[k];
		unsigned theirs = other->deprecated * 2u + other->temporary;

		turn += k != i && other->global && other->running &&
			addresses_share_exit(me, other) &&
			(theirs < lesser || (theirs == lesser && k < i));
	}
	return turn;
}

/* The addresses that can be sources, the best of each exit first, then the second of each, and so on:
 * where there are too many, no exit is left out for the many addresses of another. */
static void
pairs_sources(struct pairs *pairs)
{
	const struct addresses *all = &pairs->addresses;
	size_t turns[ADDRESSES_MAX], most = 0;

	for (size_t i = 0; i < all->n; i++) {
		turns[i] = SIZE_MAX;
		if (!all->list[i].global || !all->list[i].running)
			continue;
		turns[i] = pairs_turn(all, i);
		most = turns[i] > most ? turns[i] : most;
	}
	pairs->n_sources = 0;
	for (size_t turn = 0; turn <= most; turn++)
		for (size_t i = 0; i < all->n; i++)
			if (turns[i] == turn)
				pairs->sources[pairs->n_sources++] = &all->list[i];
}

static void
pairs_refresh(struct pairs *pairs)
{
	if (netlink_events(pairs->events, pairs_heard, pairs) < 0)
		pairs->fresh = false;
	if (pairs->fresh)
		return;
	pairs->fresh = addresses_read(pairs->route, &pairs->addresses) == 0;
	pairs_sources(pairs);
}

size_t
pairs_places(void *arg, uint8_t (*list)[16], size_t max)
{
	struct pairs *pairs = arg;

	pairs_refresh(pairs);
	return addresses_places(&pairs->addresses, list, max);
}

/* The source as its own identity publishes it, or NULL. */
static const struct locator *
pairs_published(const struct result *local, const uint8_t source[16])
{
	for (size_t i = 0; local != NULL && i < local->n_identities; i++) {
		const struct found_identity *id = &local->identities[i];

		for (size_t l = 0; id->error == 0 && l < id->n_locators; l++)
			if (memcmp(id->locators[l].locator.address, source, 16) == 0)
				return &id->locators[l].locator;
	}
	return NULL;
}

/* Of a pair that has a route, that its source has none to another destination says nothing. */
static enum exit_verdict
pairs_exit(const struct pairs *pairs, const uint8_t source[16])
{
	enum exit_verdict verdict =
	    pairs->exits != NULL ? exits_verdict(pairs->exits, source) : EXIT_UNKNOWN;

	return verdict != EXIT_NO_ROUTE ? verdict : EXIT_UNKNOWN;
}

/* What is left for one of so many, and at least one as long as there is any. */
static size_t
pairs_share(size_t room, size_t of)
{
	return room < of ? room > 0 : room / of;
}

static size_t
pairs_locators(const struct result *result)
{
	size_t n = 0;

	for (size_t i = 0; i < result->n_identities; i++)
		if (result->identities[i].error == 0)
			n += result->identities[i].n_locators;
	return n;
}

/* What pairs_candidates() has done so far, and has still to do. */
struct pairs_progress {
	size_t n; /* candidates */
	size_t asked; /* questions for routes */
	size_t locators; /* that are left, this one included */
	uint64_t now;
	uint32_t user;
};

/* The candidates to one locator: its share of all, and of the questions, so that the first locators do
 * not use up what belongs to the others, and nobody's set keeps the loop for long. */
static void
pairs_to(
    struct pairs *pairs, struct pairs_progress *p, size_t identity, const struct locator *to)
{
	size_t share = pairs_share(SELECT_MAX - p->n, p->locators);
	size_t questions = pairs_share(PAIRS_ROUTES - p->asked, p->locators);
	size_t first = p->n;
	const uint8_t *stranded = NULL; /* a source without a route there; the last will do */

	p->locators--;
	share = share < PAIRS_SOURCES ? share : PAIRS_SOURCES;
	for (size_t s = 0; s < pairs->n_sources && share > 0 && questions > 0; s++) {
		const struct local_address *from = pairs->sources[s];
		const struct locator *published = pairs_published(pairs->local, from->address);
		struct select_candidate *c = &pairs->candidates[p->n];

		if (address_is_ipv4(from->address) != address_is_ipv4(to->address) ||
		    (pairs->local != NULL && published == NULL))
			continue;
		questions--;
		p->asked++;
		if (!route_ask(pairs->route, from->address, to->address).there) {
			stranded = from->address;
			continue;
		}
		*c = (struct select_candidate){.source_length = from->length,
		    .deprecated = from->deprecated,
		    .temporary = from->temporary,
		    .identity = (uint8_t)identity,
		    .to = to,
		    .from = published,
		    .exit = pairs_exit(pairs, from->address)};
		memcpy(c->source, from->address, 16);
		c->live = liveness_get(pairs->liveness,
		    &(struct liveness_question){p->user, c->source, to->address}, p->now,
		    &c->rtt_us);
		p->n++;
		share--;
	}
	if (pairs->exits != NULL && stranded != NULL && p->n > first)
		exits_no_route(
		    pairs->exits, stranded, pairs->candidates[first].source, to->address);
}

static size_t
pairs_candidates(struct pairs *pairs, const struct result *result, uint32_t user, uint64_t now)
{
	struct pairs_progress p = {
	    .locators = pairs_locators(result), .now = now, .user = user};

	pairs_refresh(pairs);
	for (size_t i = 0; i < result->n_identities; i++) {
		const struct found_identity *id = &result->identities[i];
		bool own = own_is_identity(id, pairs->local, &pairs->addresses);

		for (size_t l = 0; id->error == 0 && l < id->n_locators; l++) {
			const struct locator *to = &id->locators[l].locator;

			if (own_is_in_the_way(to, own, &pairs->addresses))
				p.locators--; /* its share is for the others */
			else
				pairs_to(pairs, &p, i, to);
		}
	}
	return p.n;
}

static uint32_t
pairs_random(void *arg)
{
	uint32_t random = 0;

	(void)arg;
	/* without it the draw is merely not random */
	if (crypto_random(&random, sizeof random) < 0)
		diag_debug("pairs: no random octets");
	return random;
}

static void
pairs_none(struct result *result, const struct result *local)
{
	size_t locators = pairs_locators(result);

	result->error = locators > 0 ? -MAP_ENOROUTE : -MAP_ENOLOCATOR;
	if (locators == 0)
		snprintf(result->why, sizeof result->why, "0 locators");
	else
		snprintf(result->why, sizeof result->why,
		    "no %s has a route to any of %zu locators",
		    local != NULL ? "address of this host that the local identity publishes"
				  : "address of this host",
		    locators);
}

void
pairs_fill(
    struct pairs *pairs, struct result *result, const struct pairs_wanted *wanted, uint64_t now)
{
	const struct result *local = wanted->local;
	struct select_input in = {.candidates = pairs->candidates,
	    .policy = &pairs->policy,
	    .wishes = wanted->wishes,
	    .usual = wanted->usual,
	    .random = pairs_random};

	result->n_pairs = 0;
	if (result->error != 0)
		return;
	if (local != NULL && local->error != 0) {
		result->error = local->error;
		snprintf(result->why, sizeof result->why, "the local identity: %.*s",
		    (int)sizeof result->why - 24, local->why);
		return;
	}
	pairs->local = local;
	in.n = pairs_candidates(pairs, result, wanted->user, now);
	pairs->local = NULL;
	result->n_pairs = select_rank(&in, result->pairs, RESULT_PAIRS);
	if (result->n_pairs == 0)
		pairs_none(result, local);
}
