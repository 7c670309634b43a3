/*
 * exits.c - doubts become checks, checks become verdicts; a bad one is looked at again until it is good.
 * Knows sources and routes; knows nothing of sessions, and changes no route.
 */
#include "resolverd/exits.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "resolverd/addresses.h"

#define EXITS_PROBES 4
#define EXITS_GAP_MS 100
#define EXITS_PATIENCE_MS 600
#define EXITS_SETTLE_MS 200 /* routes change in bursts */
#define EXITS_GROUPS                                                                       \
	(RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | \
	    RTMGRP_LINK)

struct exit_row {
	struct exits *exits;
	struct exit_state state;
	struct heartbeat_check *check; /* NULL: none under way */
	struct route routes[2]; /* of the source and of its control, as the check began */
	uint64_t again; /* when to look again; 0: never */
	uint64_t wait;
};

struct exits {
	struct heartbeat *heartbeat;
	struct netlink *route, *events;
	struct watch *watch;
	struct timer *timer;
	exits_fn *fn; /* NULL: nobody is told */
	void *arg;
	uint64_t
	    sweep; /* ms: when to see which sources this host still has; 0: with the next check */
	struct addresses addresses;
	size_t n;
	struct exit_row rows[EXITS_MAX];
};

static const struct {
	const char *word;
	bool bad;
} exit_rows[EXITS] = {
#define X(name, word, bad) [name] = {word, bad},
#include "resolverd/exits.def"
#undef X
};

const char *
exit_word(enum exit_verdict verdict)
{
	return exit_rows[verdict].word;
}

bool
exit_is_bad(enum exit_verdict verdict)
{
	return exit_rows[verdict].bad;
}

enum exit_verdict
exits_judge(const struct heartbeat_outcome outcomes[2], const struct route routes[2])
{
	static const enum exit_verdict verdicts[BEATS] = {
	    [BEAT_INWARD] = EXIT_DEAD,
	    [BEAT_SILENT] = EXIT_DEAD,
	    [BEAT_UNREACHABLE] = EXIT_UNREACHABLE,
	    [BEAT_PROHIBITED] = EXIT_FILTERED,
	    [BEAT_NOROUTE] = EXIT_NO_ROUTE,
	};

	if (beat_lives(outcomes[0].beat))
		return EXIT_WORKS;
	if (!beat_lives(outcomes[1].beat))
		return EXIT_UNKNOWN;
	if (!routes[0].there)
		return EXIT_NO_ROUTE;
	/* the way out of another source, which that one's provider has no reason to carry */
	if (route_equal(&routes[0], &routes[1]))
		return EXIT_WRONG_ROUTE;
	return verdicts[outcomes[0].beat];
}

static struct exit_row *
exits_find(const struct exits *exits, const uint8_t source[16])
{
	for (size_t i = 0; i < exits->n; i++)
		if (memcmp(exits->rows[i].state.source, source, 16) == 0)
			return (struct exit_row *)(uintptr_t)&exits->rows[i];
	return NULL;
}

/* Its row; a new one in place of what was looked at longest ago. NULL: all are being checked. */
static struct exit_row *
exits_row(struct exits *exits, const uint8_t source[16])
{
	struct exit_row *row = exits_find(exits, source);

	if (row != NULL)
		return row;
	if (exits->n < EXITS_MAX) {
		row = &exits->rows[exits->n++];
	} else {
		for (size_t i = 0; i < EXITS_MAX; i++)
			if (exits->rows[i].check == NULL &&
			    (row == NULL || exits->rows[i].state.checked < row->state.checked))
				row = &exits->rows[i];
		if (row == NULL)
			return NULL;
	}
	*row = (struct exit_row){.exits = exits, .state.verdict = EXIT_UNKNOWN};
	memcpy(row->state.source, source, 16);
	return row;
}

/* The story of a verdict in words, for the log and mapctl. */
static void
exit_tell(struct exit_state *state)
{
	char gateway[EID_TEXT], other[EID_TEXT], name[IF_NAMESIZE] = "";
	static const uint8_t none[16];

	state->why[0] = '\0';
	if (state->verdict == EXIT_WRONG_ROUTE)
		snprintf(state->why, sizeof state->why, "leaves by %s on %s, as %s does",
		    memcmp(state->route.gateway, none, 16) != 0
			? address_print(state->route.gateway, gateway)
			: "the link",
		    if_indextoname(state->route.ifindex, name) != NULL ? name : "?",
		    address_print(state->control, other));
	else if (state->verdict == EXIT_UNREACHABLE || state->verdict == EXIT_FILTERED)
		snprintf(
		    state->why, sizeof state->why, "says %s", address_print(state->by, other));
	else if (exit_is_bad(state->verdict))
		snprintf(state->why, sizeof state->why, "where %s gets an answer",
		    address_print(state->control, other));
}

static void
exits_schedule(struct exits *exits)
{
	uint64_t now = loop_now_ms(), due = UINT64_MAX;

	if (exits->sweep != 0)
		due = exits->sweep;
	for (size_t i = 0; i < exits->n; i++)
		if (exits->rows[i].check == NULL && exits->rows[i].again != 0 &&
		    exits->rows[i].again < due)
			due = exits->rows[i].again;
	if (due == UINT64_MAX)
		timer_stop(exits->timer);
	else
		timer_start(exits->timer, due > now ? due - now : 0);
}

static void
exit_set(struct exit_row *row, enum exit_verdict verdict)
{
	struct exit_state *state = &row->state;
	enum exit_verdict was = state->verdict;
	uint64_t now = loop_now_ms();
	char source[EID_TEXT], to[EID_TEXT];

	state->checked = now;
	if (verdict == EXIT_UNKNOWN && now - state->since < EXITS_FORGET_MS)
		verdict = was; /* the destination is dead as well: nothing is learnt */
	if (verdict != was)
		state->since = now;
	state->verdict = verdict;
	exit_tell(state);
	row->wait = verdict == was && row->wait != 0 ? row->wait * 2 : EXITS_AGAIN_MS;
	if (row->wait > EXITS_AGAIN_MAX)
		row->wait = EXITS_AGAIN_MAX;
	row->again = exit_is_bad(verdict) ? now + row->wait : 0;
	if (verdict != was && (exit_is_bad(verdict) || exit_is_bad(was)))
		diag_info("exit of %s: %s%s%s (tried: %s)",
		    address_print(state->source, source), exit_word(verdict),
		    state->why[0] != '\0' ? ": " : "", state->why,
		    address_print(state->destination, to));
	exits_schedule(row->exits);
	if (verdict == EXIT_WORKS && exit_is_bad(was) && row->exits->fn != NULL)
		row->exits->fn(row->exits->arg, state->source);
}

static void
exit_checked(void *arg, const struct heartbeat_outcome *outcomes, size_t n)
{
	struct exit_row *row = arg;

	(void)n;
	row->check = NULL;
	row->state.route = row->routes[0];
	memcpy(row->state.by, outcomes[0].by, 16);
	exit_set(row, exits_judge(outcomes, row->routes));
}

static void
exit_check(struct exit_row *row)
{
	struct exits *exits = row->exits;
	struct exit_state *state = &row->state;
	struct heartbeat_plan plan = {.n = 2,
	    .probes = EXITS_PROBES,
	    .gap_ms = EXITS_GAP_MS,
	    .patience_ms = EXITS_PATIENCE_MS};

	row->again = 0;
	state->checked = loop_now_ms();
	for (size_t i = 0; i < 2; i++) {
		const uint8_t *from = i == 0 ? state->source : state->control;

		memcpy(plan.ways[i].local, from, 16);
		memcpy(plan.ways[i].remote, state->destination, 16);
		plan.ways[i].port = PROBE_PORT;
		row->routes[i] = route_ask(exits->route, from, state->destination);
	}
	if (heartbeat_start(exits->heartbeat, &plan, exit_checked, row, &row->check) < 0)
		row->again = loop_now_ms() + EXITS_AGAIN_MS; /* too many are under way */
}

/* The last row takes its place. A check under way tells its row where it was: that one begins anew. */
static void
exit_forget(struct exit_row *row)
{
	struct exits *exits = row->exits;
	struct exit_row *last = &exits->rows[--exits->n];

	heartbeat_cancel(row->check);
	if (row == last)
		return;
	*row = *last;
	if (row->check == NULL)
		return;
	heartbeat_cancel(row->check);
	row->check = NULL;
	row->again = loop_now_ms();
}

/* A source that this host has no more would never work again. */
static void
exits_forget_gone(struct exits *exits)
{
	char source[EID_TEXT];

	exits->sweep = 0;
	if (addresses_read(exits->route, &exits->addresses) < 0) {
		exits->sweep = loop_now_ms() + EXITS_AGAIN_MS;
		return;
	}
	for (size_t i = exits->n; i-- > 0;) {
		struct exit_state *state = &exits->rows[i].state;

		if (addresses_find(&exits->addresses, state->source) != NULL)
			continue;
		if (exit_is_bad(state->verdict))
			diag_info("exit of %s: the address is gone",
			    address_print(state->source, source));
		exit_forget(&exits->rows[i]);
	}
}

static void
exits_due(void *arg)
{
	struct exits *exits = arg;
	uint64_t now = loop_now_ms();

	exits_forget_gone(exits);
	for (size_t i = 0; i < exits->n; i++)
		if (exits->rows[i].again != 0 && exits->rows[i].again <= now &&
		    exits->rows[i].check == NULL)
			exit_check(&exits->rows[i]);
	exits_schedule(exits);
}

bool
exits_may_doubt(const struct exits *exits, const uint8_t source[16])
{
	const struct exit_row *row = exits_find(exits, source);

	return row == NULL || (row->check == NULL && !exit_is_bad(row->state.verdict) &&
				  loop_now_ms() - row->state.checked >= EXITS_PAUSE_MS);
}

/* The row of a source that is not being looked at already, with what it is to be compared with. */
static struct exit_row *
exits_suspect(struct exits *exits, const uint8_t source[16], const uint8_t control[16],
    const uint8_t destination[16])
{
	struct exit_row *row = exits_may_doubt(exits, source) ? exits_row(exits, source) : NULL;

	if (row != NULL) {
		memcpy(row->state.control, control, 16);
		memcpy(row->state.destination, destination, 16);
	}
	return row;
}

void
exits_doubt(struct exits *exits, const uint8_t source[16], const uint8_t control[16],
    const uint8_t destination[16])
{
	struct exit_row *row = exits_suspect(exits, source, control, destination);

	if (row == NULL)
		return;
	exit_check(row);
	exits_schedule(exits);
}

void
exits_no_route(struct exits *exits, const uint8_t source[16], const uint8_t control[16],
    const uint8_t destination[16])
{
	struct exit_row *row = exits_suspect(exits, source, control, destination);

	if (row != NULL)
		exit_set(row, EXIT_NO_ROUTE);
}

void
exits_worked(struct exits *exits, const uint8_t source[16])
{
	struct exit_row *row = exits_find(exits, source);

	if (row != NULL && exit_is_bad(row->state.verdict))
		exit_set(row, EXIT_WORKS);
}

enum exit_verdict
exits_verdict(const struct exits *exits, const uint8_t source[16])
{
	const struct exit_row *row = exits_find(exits, source);

	return row != NULL ? row->state.verdict : EXIT_UNKNOWN;
}

const struct exit_state *
exits_at(const struct exits *exits, size_t i)
{
	return i < exits->n ? &exits->rows[i].state : NULL;
}

/* What was bad may be good now; what is still bad may have another cause. */
static void
exits_heard(void *arg, const struct nlmsghdr *message)
{
	struct exits *exits = arg;
	uint64_t soon = loop_now_ms() + EXITS_SETTLE_MS;

	(void)message;
	if (exits->n > 0 && exits->sweep == 0)
		exits->sweep = soon;
	for (size_t i = 0; i < exits->n; i++)
		if (exit_is_bad(exits->rows[i].state.verdict)) {
			/* events without end do not put it off */
			if (exits->rows[i].again == 0 || exits->rows[i].again > soon)
				exits->rows[i].again = soon;
			exits->rows[i].wait = 0;
		}
}

static void
exits_ready(void *arg, int fd, unsigned events)
{
	struct exits *exits = arg;

	(void)fd;
	(void)events;
	if (netlink_events(exits->events, exits_heard, exits) < 0)
		exits_heard(exits, NULL); /* some were lost */
	exits_schedule(exits);
}

int
exits_open(struct loop *loop, struct heartbeat *heartbeat, struct exits **out)
{
	struct exits *exits = calloc(1, sizeof *exits);
	int rc = exits != NULL ? 0 : -MAP_ENOMEM;

	*out = NULL;
	if (rc == 0) {
		exits->heartbeat = heartbeat;
		rc = netlink_open(NETLINK_ROUTE, 0, &exits->route);
	}
	if (rc == 0)
		rc = netlink_open(NETLINK_ROUTE, EXITS_GROUPS, &exits->events);
	if (rc == 0) {
		exits->timer = timer_new(loop, exits_due, exits);
		exits->watch =
		    watch_new(loop, netlink_fd(exits->events), LOOP_READ, exits_ready, exits);
		if (exits->timer == NULL || exits->watch == NULL)
			rc = -MAP_ENOMEM;
	}
	if (rc != 0) {
		exits_close(exits);
		return rc;
	}
	*out = exits;
	return 0;
}

void
exits_tell(struct exits *exits, exits_fn *fn, void *arg)
{
	exits->fn = fn;
	exits->arg = arg;
}

void
exits_close(struct exits *exits)
{
	if (exits == NULL)
		return;
	for (size_t i = 0; i < exits->n; i++)
		heartbeat_cancel(exits->rows[i].check);
	watch_free(exits->watch);
	timer_free(exits->timer);
	netlink_close(exits->route);
	netlink_close(exits->events);
	free(exits);
}
