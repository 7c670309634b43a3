/*
 * routes.c - events of NETLINK_ROUTE, and what they mean to the sessions that are guarded.
 */
#include "resolverd/routes.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "core/wire/errors.h"
#include "resolverd/addresses.h"
#include "resolverd/follow.h"
#include "resolverd/guard.h"
#include "resolverd/route.h"

#define ROUTES_SETTLE_MS 10 /* they come in bursts */
#define ROUTES_SHARE \
	25 /* a look at all sessions may cost one part in so many of the time between */
#define ROUTES_TURN 64 /* sessions that ask for their mapping in one turn of the loop */
#define GROUP(n) (1u << ((n)-1))

struct routes {
	struct sessions *sessions;
	struct netlink *events, *route;
	struct watch *watch;
	struct timer *timer, *turn;
	bool settles; /* timer runs */
	bool asks, again; /* turn runs; and when all have asked, they are to ask once more */
	uint64_t rest,
	    asks_rest; /* ms: when the next look, and the next asking of all, may be */
	uint64_t asked; /* number of the session that asked last: the younger ones have */
	uint64_t cost_us; /* of this asking so far */
	enum trigger trigger; /* of what was heard */
};

/* Whether packets of the session can leave from where it is: the kernel finds routes from addresses that are not there, too. */
static bool
routes_lead(const struct routes *routes, const struct addresses *addresses,
    const struct session_note *note)
{
	return (addresses == NULL || addresses_find(addresses, note->source) != NULL) &&
	       route_ask(routes->route, note->source, note->destination).there;
}

/* All ask for their mapping again, a few in each turn, since to rank its pairs takes many questions about routes. */
static void
routes_ask(struct routes *routes)
{
	uint64_t now = loop_now_ms();

	routes->again = routes->asks;
	if (routes->asks)
		return;
	routes->asks = true;
	routes->asked = UINT64_MAX;
	routes->cost_us = 0;
	timer_start(routes->turn, routes->asks_rest > now ? routes->asks_rest - now : 0);
}

static void
routes_turned(void *arg)
{
	struct routes *routes = arg;
	uint64_t started = clock_spent_us();
	struct session *s = sessions_next(routes->sessions, NULL);
	unsigned n = 0;

	while (s != NULL && s->id >= routes->asked)
		s = sessions_next(routes->sessions, s);
	for (; s != NULL && n < ROUTES_TURN; s = sessions_next(routes->sessions, s)) {
		routes->asked = s->id;
		if (s->follow == NULL)
			continue;
		follow_again(s->follow);
		n++;
	}
	routes->cost_us += clock_spent_us() - started;
	if (s != NULL) {
		timer_start(routes->turn, 0);
		return;
	}
	routes->asks = false;
	routes->asks_rest = loop_now_ms() + routes->cost_us * ROUTES_SHARE / 1000;
	if (routes->again)
		routes_ask(routes);
}

/* Those that can still be sent from where they are are left alone; those that are lost are looked at again. */
static void
routes_settled(void *arg)
{
	struct routes *routes = arg;
	struct addresses *addresses = calloc(1, sizeof *addresses);
	uint64_t started = clock_spent_us();

	routes->settles = false;
	if (addresses != NULL && addresses_read(routes->route, addresses) != 0) {
		free(addresses);
		addresses = NULL;
	}
	for (struct session *s = sessions_next(routes->sessions, NULL); s != NULL;
	     s = sessions_next(routes->sessions, s)) {
		if (s->guard == NULL)
			continue;
		if (routes_lead(routes, addresses, &s->note))
			guard_retry(s->guard);
		else
			guard_sign(s->guard, routes->trigger);
	}
	free(addresses);
	routes_ask(routes);
	routes->rest = loop_now_ms() + (clock_spent_us() - started) * ROUTES_SHARE / 1000;
}

/* Events without end do not put it off. */
static void
routes_settle(struct routes *routes)
{
	uint64_t soon = loop_now_ms() + ROUTES_SETTLE_MS;

	if (routes->settles || sessions_next(routes->sessions, NULL) == NULL)
		return;
	routes->settles = true;
	timer_start(
	    routes->timer, ROUTES_SETTLE_MS + (routes->rest > soon ? routes->rest - soon : 0));
}

static void
routes_heard(void *arg, const struct nlmsghdr *message)
{
	struct routes *routes = arg;
	bool link = message->nlmsg_type == RTM_NEWLINK || message->nlmsg_type == RTM_DELLINK ||
		    message->nlmsg_type == RTM_NEWADDR || message->nlmsg_type == RTM_DELADDR;

	/* an address takes its routes with it: then that is the cause */
	if (link || !routes->settles)
		routes->trigger = link ? TRIGGER_LINK : TRIGGER_ROUTE;
	routes_settle(routes);
}

static void
routes_ready(void *arg, int fd, unsigned events)
{
	struct routes *routes = arg;

	(void)fd;
	(void)events;
	if (netlink_events(routes->events, routes_heard, routes) < 0) { /* some were lost */
		routes->trigger = TRIGGER_ROUTE;
		routes_settle(routes);
	}
}

int
routes_open(struct loop *loop, struct sessions *sessions, struct routes **out)
{
	struct routes *routes = calloc(1, sizeof *routes);
	unsigned groups = GROUP(RTNLGRP_LINK) | GROUP(RTNLGRP_IPV4_IFADDR) |
			  GROUP(RTNLGRP_IPV6_IFADDR) | GROUP(RTNLGRP_IPV4_ROUTE) |
			  GROUP(RTNLGRP_IPV6_ROUTE) | GROUP(RTNLGRP_IPV4_RULE) |
			  GROUP(RTNLGRP_IPV6_RULE);
	int rc = routes != NULL ? 0 : -MAP_ENOMEM;

	*out = NULL;
	if (rc == 0) {
		routes->sessions = sessions;
		rc = netlink_open(NETLINK_ROUTE, groups, &routes->events);
	}
	if (rc == 0)
		rc = netlink_open(NETLINK_ROUTE, 0, &routes->route);
	if (rc == 0) {
		routes->timer = timer_new(loop, routes_settled, routes);
		routes->turn = timer_new(loop, routes_turned, routes);
		routes->watch = watch_new(
		    loop, netlink_fd(routes->events), LOOP_READ, routes_ready, routes);
		if (routes->timer == NULL || routes->turn == NULL || routes->watch == NULL)
			rc = -MAP_ENOMEM;
	}
	if (rc != 0) {
		routes_close(routes);
		return rc;
	}
	*out = routes;
	return 0;
}

void
routes_close(struct routes *routes)
{
	if (routes == NULL)
		return;
	watch_free(routes->watch);
	timer_free(routes->timer);
	timer_free(routes->turn);
	netlink_close(routes->events);
	netlink_close(routes->route);
	free(routes);
}
