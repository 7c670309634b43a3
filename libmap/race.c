/*
 * race.c - attempts to connect, side by side.
 */
#include "libmap/race.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "libmap/transport.h"

struct attempt {
	struct waiter waiter; /* first: it is what epoll tells */
	struct race *race;
	uint64_t started_us;
	uint64_t due; /* ms; 0: not open */
	bool ready;
};

struct race {
	struct map *map;
	uint16_t port;
	bool require_mptcp, plain;
	size_t n, next, open;
	uint64_t next_at;
	char why[CONTEXT_WHY];
	size_t why_n;
	race_fn *fn;
	void (*wake)(void *arg);
	void *arg;
	struct race_pair *pairs;
	struct attempt attempts[]; /* one for each pair */
};

static uint64_t
race_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

struct race *
race_new(
    struct map *map, const struct race_pair *pairs, size_t n, uint16_t port, bool require_mptcp)
{
	struct race *race = calloc(1, sizeof *race + n * sizeof race->attempts[0]);

	if (race == NULL)
		return NULL;
	race->pairs = calloc(n + 1, sizeof *pairs);
	if (race->pairs == NULL) {
		free(race);
		return NULL;
	}
	memcpy(race->pairs, pairs, n * sizeof *pairs);
	race->map = map;
	race->port = port;
	race->require_mptcp = require_mptcp;
	race->n = n;
	return race;
}

void
race_tell(struct race *race, race_fn *fn, void (*wake)(void *arg), void *arg)
{
	race->fn = fn;
	race->wake = wake;
	race->arg = arg;
}

static void
race_shut(struct attempt *attempt)
{
	context_unwatch(&attempt->waiter);
	close(attempt->waiter.fd);
	attempt->due = 0;
	attempt->race->open--;
}

void
race_free(struct race *race)
{
	if (race == NULL)
		return;
	for (size_t i = 0; i < race->next; i++)
		if (race->attempts[i].due != 0)
			race_shut(&race->attempts[i]);
	free(race->pairs);
	free(race);
}

static void
race_mark(const struct race *race, size_t i, bool worked)
{
	struct pair_mark mark = {.worked = worked};
	uint64_t us = race_now_us() - race->attempts[i].started_us;

	memcpy(mark.source, race->pairs[i].source, 16);
	memcpy(mark.destination, race->pairs[i].destination, 16);
	mark.rtt_us = worked ? (us < UINT32_MAX ? (uint32_t)us : UINT32_MAX) : 0;
	agent_mark(race->map, &mark);
}

static void
race_failed(struct race *race, size_t i, const char *why)
{
	char source[64], destination[64];
	int n;

	race_mark(race, i, false);
	n = snprintf(race->why + race->why_n, sizeof race->why - race->why_n,
	    "%s%s from %s: %s", race->why_n > 0 ? "; " : "",
	    address_print(race->pairs[i].destination, destination),
	    address_print(race->pairs[i].source, source), why);
	if (n > 0)
		race->why_n += (size_t)n;
	if (race->why_n >= sizeof race->why)
		race->why_n = sizeof race->why - 1;
	race->next_at = 0; /* an error: the next at once */
}

static void
race_event(struct waiter *waiter, uint32_t events)
{
	struct attempt *attempt = (struct attempt *)(void *)waiter;
	struct race *race = attempt->race;

	(void)events;
	attempt->ready = true;
	race->wake(race->arg);
}

static int
race_connect(const struct race *race, int fd, size_t i)
{
	struct sockaddr_storage address;
	socklen_t n = transport_address(race->pairs[i].source, 0, &address);
	int on = 1;

	/* spares ports; where it is refused, one port more is used */
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
	if (bind(fd, (const struct sockaddr *)(const void *)&address, n) < 0)
		return -MAP_ESYS;
	n = transport_address(race->pairs[i].destination, race->port, &address);
	if (connect(fd, (const struct sockaddr *)(const void *)&address, n) == 0 ||
	    errno == EINPROGRESS)
		return 0;
	return -MAP_ESYS;
}

/* How long pair i has before the next begins: a short turn when it is not known to work and the next is,
 * so that a dead provider costs those who know better next to nothing. */
static uint64_t
race_turn(const struct race *race, size_t i)
{
	uint64_t ms;

	if (i + 1 == race->n || race->pairs[i].rtt_us != 0 || race->pairs[i + 1].rtt_us == 0)
		return RACE_NEXT_MS;
	ms = 2 * (uint64_t)race->pairs[i + 1].rtt_us / 1000;
	if (ms < RACE_KNOWN_MS)
		return RACE_KNOWN_MS;
	return ms < RACE_NEXT_MS ? ms : RACE_NEXT_MS;
}

static void
race_start(struct race *race, uint64_t now)
{
	size_t i = race->next++;
	struct attempt *attempt = &race->attempts[i];
	int family = address_is_ipv4(race->pairs[i].destination) ? AF_INET : AF_INET6;
	bool mptcp;

	attempt->race = race;
	attempt->started_us = race_now_us();
	attempt->waiter.map = race->map;
	attempt->waiter.fn = race_event;
	attempt->waiter.fd = transport_socket(family, &mptcp);
	race->next_at = now + race_turn(race, i);
	if (attempt->waiter.fd < 0) {
		race_failed(race, i, strerror(errno));
		return;
	}
	attempt->due = now + RACE_OPEN_MS;
	race->open++;
	if (race_connect(race, attempt->waiter.fd, i) < 0 ||
	    context_watch(&attempt->waiter, EPOLLOUT) < 0) {
		race_failed(race, i, strerror(errno));
		race_shut(attempt);
	}
}

/* An attempt's outcome, if it has one. True: it won. */
static bool
race_check(struct race *race, size_t i, uint64_t now)
{
	struct attempt *attempt = &race->attempts[i];
	int error = 0;
	socklen_t n = sizeof error;

	if (attempt->due == 0)
		return false;
	if (attempt->ready) {
		attempt->ready = false;
		if (getsockopt(attempt->waiter.fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
			error = errno;
		if (error == 0 && race->require_mptcp &&
		    !sessions_is_mptcp(attempt->waiter.fd)) {
			race->plain = true;
			race_failed(race, i, "answers, but not with MPTCP");
			race_shut(attempt);
			return false;
		}
		if (error == 0)
			return true;
		race_failed(race, i, strerror(error));
		race_shut(attempt);
	} else if (attempt->due <= now) {
		race_failed(race, i, "no answer in 2 s");
		race_shut(attempt);
	}
	return false;
}

/* Who was asked well before the winner and did not answer is known to be worse: half a turn is, as
 * clocks of ms and us differ by one at the end of a whole one. */
static void
race_mark_losers(struct race *race, size_t winner)
{
	uint64_t now = race_now_us();

	for (size_t i = 0; i < race->next; i++)
		if (i != winner && race->attempts[i].due != 0 &&
		    now - race->attempts[i].started_us >= RACE_NEXT_MS * 1000 / 2)
			race_mark(race, i, false);
}

static void
race_won(struct race *race, size_t i)
{
	struct attempt *attempt = &race->attempts[i];

	race_mark(race, i, true);
	race_mark_losers(race, i);
	context_unwatch(&attempt->waiter);
	attempt->due = 0;
	race->open--;
	race->fn(race->arg, 0, "", attempt->waiter.fd, i);
}

/* Whether the next pair may start: its time has come, and its group's. */
static bool
race_may_start(const struct race *race, uint64_t now)
{
	size_t i = race->next;

	if (i == race->n || race->next_at > now)
		return false;
	return i == 0 || race->pairs[i].group == race->pairs[i - 1].group || race->open == 0;
}

static uint64_t
race_due(const struct race *race)
{
	uint64_t due = race->next < race->n ? race->next_at : UINT64_MAX;

	if (race->next > 0 && race->next < race->n && race->open > 0 &&
	    race->pairs[race->next].group != race->pairs[race->next - 1].group)
		due = UINT64_MAX;
	for (size_t i = 0; i < race->next; i++)
		if (race->attempts[i].due != 0 && race->attempts[i].due < due)
			due = race->attempts[i].due;
	return due;
}

bool
race_run(struct race *race, uint64_t *due)
{
	uint64_t now = context_now();

	for (size_t i = 0; i < race->next; i++)
		if (race_check(race, i, now)) {
			race_won(race, i);
			return false;
		}
	if (race->open == 0)
		race->next_at = 0; /* a new group, or nothing left to wait for */
	while (race_may_start(race, now))
		race_start(race, now);
	if (race->open == 0 && race->next == race->n) {
		race->fn(
		    race->arg, race->plain ? -MAP_ETRANSPORT : -MAP_ECONNECT, race->why, -1, 0);
		return false;
	}
	*due = race_due(race);
	return true;
}
