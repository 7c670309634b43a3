/*
 * manage.c - events of sessions in, commands over them out; between them managed.c.
 */
#include "resolverd/manage_own.h"

#include <errno.h>
#include <linux/mptcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/eid.h"
#include "core/wire/errors.h"

#define MANAGE_MAX 65536 /* sessions; further ones are left with the path they have */
/* From one sign of life that is followed to the next: all sessions are gone through, and anybody may have made it up. */
#define MANAGE_SIGN_MS 5
#define MANAGE_SIGN_SHARE 25 /* and signs take at most one part in this many of a CPU */
/* A session is held to be cut off for so long after it was found so: longer than from one check of its path to the next. */
#define MANAGE_CUT_MS 4000
#define MANAGE_CUT_AGAIN_MS 10000 /* after that it is so anew */

static struct managed **
manage_place(struct manage *manage, uint32_t token)
{
	return &manage->places[token * 0x9e3779b1u >> 20];
}

static struct managed *
manage_find(const struct manage *manage, uint32_t token)
{
	struct managed *m = *manage_place((struct manage *)(uintptr_t)manage, token);

	while (m != NULL && m->token != token)
		m = m->chain;
	return m;
}

static struct managed *
manage_new(struct manage *manage, uint32_t token)
{
	struct managed **place = manage_place(manage, token), *m;

	m = manage->n < MANAGE_MAX ? calloc(1, sizeof *m) : NULL;
	if (m == NULL)
		return NULL;
	*m = (struct managed){.token = token,
	    .began = loop_now_ms(),
	    .chain = *place,
	    .next = manage->list,
	    .link = &manage->list};
	if (m->next != NULL)
		m->next->link = &m->next;
	manage->list = *place = m;
	manage->n++;
	return m;
}

static void
manage_forget(struct manage *manage, struct managed *m)
{
	struct managed **at = manage_place(manage, m->token);

	while (*at != m)
		at = &(*at)->chain;
	*at = m->chain;
	*m->link = m->next;
	if (m->next != NULL)
		m->next->link = m->link;
	if (manage->cursor == m)
		manage->cursor = m->next;
	manage->n--;
	free(m);
}

/* --- what others find out --- */

bool
manage_has(const struct manage *manage, uint32_t token)
{
	const struct managed *m = manage_find(manage, token);

	return m != NULL && !m->foreign && m->n_paths > 0;
}

size_t
manage_count(const struct manage *manage)
{
	return manage->n;
}

size_t
manage_spares(struct manage *manage, uint32_t token, struct prober_way *out, size_t max)
{
	const struct managed *m = manage_find(manage, token);
	struct managed_world world = manage_world(manage);

	return m != NULL ? managed_spares(m, &world, out, max) : 0;
}

void
manage_died(struct manage *manage, const struct subflow *flow, bool probed)
{
	struct prober_way way = prober_way_of(flow->local, flow->remote);

	ways_died(&manage->ways, &way, probed, loop_now_ms());
	ways_took(&manage->ways, &way, subflow_round_trip(flow));
}

void
manage_lose(struct manage *manage, const struct subflow *flow, bool probed)
{
	struct managed *m = manage_find(manage, flow->token);

	manage_died(manage, flow, probed);
	if (m != NULL)
		manage_act(manage, m);
	manage_sweep(manage);
	manage_plan(manage);
}

void
manage_cut(struct manage *manage, const struct subflow *flow)
{
	struct managed *m = manage_find(manage, flow->token);
	uint64_t now = loop_now_ms();
	struct mptcp_path path = {.local_port = flow->local_port};
	struct managed_path *found;

	if (m == NULL)
		return;
	memcpy(path.local, flow->local, 16);
	memcpy(path.remote, flow->remote, 16);
	found = managed_path(m, &path);
	if (found != NULL)
		found->mute = true;
	if (manage->cut < now)
		manage->rtt_us = 0;
	if (m->cut + MANAGE_CUT_AGAIN_MS < now)
		m->cut_since = manage->cut_since = now;
	if (manage->rtt_us < subflow_round_trip(flow))
		manage->rtt_us = subflow_round_trip(flow);
	m->cut = manage->cut = now + MANAGE_CUT_MS;
	manage_plan(manage);
}

/* A mark that is as it was changes nothing, and is told to the peer all the same (RFC 8684 3.3.8). */
static void
manage_ask(struct manage *manage, struct managed *m, const struct prober_way *way)
{
	const struct mptcp_path *paths[MANAGED_PATHS];
	size_t n = managed_asks(m, way, loop_now_ms(), paths);

	for (size_t i = 0; i < n; i++)
		if (mptcp_set_backup(manage->mptcp, m->token, paths[i]) < 0)
			diag_debug("session %08x: a path cannot be asked for", m->token);
}

void
manage_sign(struct manage *manage, const struct prober_way *way)
{
	uint64_t now = loop_now_ms(), started, rest;

	if (ways_is_dead(&manage->ways, way)) {
		ways_hurry(&manage->ways, way, now);
		manage_plan(manage);
		return;
	}
	if (now < manage->sign_rest)
		return;
	started = clock_spent_us();
	for (struct managed *m = manage->list; m != NULL; m = m->next) {
		manage_ask(manage, m, way);
		if (managed_sign(m, way, now))
			manage_act(manage, m);
	}
	rest = (clock_spent_us() - started) * MANAGE_SIGN_SHARE / 1000;
	manage->sign_rest = now + (rest < MANAGE_SIGN_MS ? MANAGE_SIGN_MS : rest);
}

void
manage_addresses(struct manage *manage, const struct managed_own *own, size_t n)
{
	if (n == manage->n_own && memcmp(manage->own, own, n * sizeof *own) == 0)
		return; /* links have much to tell */
	manage->n_own = n < MANAGED_OWN ? n : MANAGED_OWN;
	memcpy(manage->own, own, manage->n_own * sizeof *own);
	ways_hurry(&manage->ways, NULL, loop_now_ms());
	manage_hurry(manage, NULL);
	manage_plan(manage);
}

void
manage_map(struct manage *manage, uint32_t token, const struct paths_places *places)
{
	struct managed *m = manage_find(manage, token);

	if (m == NULL)
		return;
	m->n_pairs = places->n;
	memcpy(m->pairs, places->pairs, sizeof m->pairs);
	m->n_given_up = places->n_given_up;
	memcpy(m->given_up, places->given_up, sizeof m->given_up);
	manage_act(manage, m);
}

/* --- events --- */

/* The mute paths of a session that had nothing else: another one carries now. */
static void
manage_settle_cut(struct manage *manage, struct managed *m)
{
	struct prober_way ways[MANAGED_PATHS];
	size_t n = managed_settle(m, loop_now_ms(), ways);

	for (size_t i = 0; i < n; i++) {
		ways_died(&manage->ways, &ways[i], false, loop_now_ms());
		ways_took(&manage->ways, &ways[i], manage->rtt_us);
	}
}

/* A handshake went through there. */
static void
manage_passed(struct manage *manage, const struct mptcp_path *path)
{
	struct prober_way way = prober_way_of(path->local, path->remote);

	if (ways_lived(&manage->ways, &way, loop_now_ms()))
		manage_hurry(manage, &way);
}

static void
manage_began(struct manage *manage, const struct mptcp_event *event)
{
	struct managed *m = manage_find(manage, event->token);

	if (m == NULL)
		m = manage_new(manage, event->token);
	if (m == NULL)
		return;
	m->first = event->path;
	m->server = event->server;
	m->ours = true;
	(void)managed_put(m, &event->path, true, loop_now_ms());
	manage_passed(manage, &event->path);
}

/* What a peer announces is tried: it may not be where no peer can be, or here. */
static void
manage_announced(struct manage *manage, struct managed *m, const struct mptcp_event *event)
{
	struct managed_address address = {
	    .port = event->path.remote_port, .id = event->path.remote_id};

	memcpy(address.address, event->path.remote, 16);
	for (size_t i = 0; i < manage->n_own; i++)
		if (memcmp(manage->own[i].address, address.address, 16) == 0)
			return;
	managed_heard(m, &address);
	manage_act(manage, m);
}

static void
manage_established(struct manage *manage, const struct mptcp_event *event)
{
	struct managed *m = manage_find(manage, event->token);

	if (m == NULL) {
		manage_began(manage, event);
		m = manage_find(manage, event->token);
	}
	if (m == NULL)
		return;
	m->ready = true;
	manage_act(manage, m);
}

static void
manage_joined(struct manage *manage, struct managed *m, const struct mptcp_event *event)
{
	if (!managed_put(m, &event->path, true, loop_now_ms()))
		return;
	manage_tell(manage, m, &event->path, "joined", "");
	manage_passed(manage, &event->path);
	if (m->cut != 0)
		manage_settle_cut(manage, m);
	manage_act(manage, m);
}

static void
manage_fell(struct manage *manage, struct managed *m, const struct mptcp_event *event)
{
	struct managed_path *path = managed_path(m, &event->path);

	if (path == NULL)
		return;
	if (path->up)
		manage_tell(manage, m, &event->path, "ended", "");
	managed_fell(path, loop_now_ms());
	manage->waits = true;
	manage_plan(manage);
}

static void
manage_heard(void *arg, const struct nlmsghdr *message)
{
	struct manage *manage = arg;
	struct mptcp_event event;
	struct managed *m;

	if (!mptcp_event_read(message, &event))
		return;
	if (event.kind == MPTCP_EVENT_CREATED)
		manage_began(manage, &event);
	else if (event.kind == MPTCP_EVENT_ESTABLISHED)
		manage_established(manage, &event);
	m = manage_find(manage, event.token);
	if (m == NULL)
		return;
	switch (event.kind) {
	case MPTCP_EVENT_CLOSED:
		manage_forget(manage, m);
		break;
	case MPTCP_EVENT_SUB_ESTABLISHED:
		manage_joined(manage, m, &event);
		break;
	case MPTCP_EVENT_SUB_CLOSED:
		manage_fell(manage, m, &event);
		break;
	case MPTCP_EVENT_ANNOUNCED:
		manage_announced(manage, m, &event);
		break;
	case MPTCP_EVENT_REMOVED:
		managed_withdrawn(m, event.path.remote_id);
		break;
	default: /* priorities: what this end asks for is known */
		break;
	}
}

/* --- what is there already, or was not heard of --- */

/* Which numbers an earlier one has given to our addresses, also to those that no path is by just now: the kernel takes no other
 * for them. */
static void
manage_learn(struct manage *manage, struct managed *m)
{
	struct mptcp_endpoint list[MPTCP_ENDPOINTS];
	size_t n;

	if (mptcp_numbers(manage->mptcp, m->token, list, MPTCP_ENDPOINTS, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		struct managed_address own = {.id = list[i].id,
		    .announced = (list[i].flags & MPTCP_PM_ADDR_FLAG_SIGNAL) != 0};

		memcpy(own.address, list[i].address, 16);
		managed_number(m, &own);
	}
}

static void
manage_take(struct manage *manage, const struct subflow *flow)
{
	struct managed *m = manage_find(manage, flow->token);
	struct mptcp_path path = {.local_port = flow->local_port,
	    .remote_port = flow->remote_port,
	    .local_id = flow->local_id,
	    .remote_id = flow->remote_id,
	    .backup = flow->backup};

	memcpy(path.local, flow->local, 16);
	memcpy(path.remote, flow->remote, 16);
	if (m == NULL) {
		m = manage_new(manage, flow->token);
		if (m == NULL)
			return;
		m->first = path; /* or the first that is left of it */
		m->server = !flow->began;
		manage_learn(manage, m);
	}
	if (!flow->joined)
		m->first = path;
	m->ready = true; /* else the first command says otherwise */
	(void)managed_put(m, &path, true, loop_now_ms());
}

/* Whether it still stands is seen next; what did not stand waits as before, or who can bring about such a loss had all of it
 * tried again, in all sessions. */
static void
manage_lost(struct managed_path *path)
{
	if (!path->up)
		return;
	managed_fell(path, loop_now_ms());
	path->wait = 0;
}

/* Without it paths that ended would be held to stand, and sessions that are over to go on: it is tried again, but where the kernel
 * shows none. */
static void
manage_unread(struct manage *manage, int rc)
{
	bool shown = !subflows_absent(rc);

	if (!manage->blind)
		diag_warn("paths: sessions cannot be read: %s",
		    rc == -MAP_ESYS ? strerror(errno) : error_text(rc));
	manage->blind = true;
	if (shown)
		manage_overrun(manage);
}

static void
manage_read(struct manage *manage)
{
	struct subflows seen = {.n = 0};
	int rc;

	manage->read_at = loop_now_ms();
	rc = subflows_read(manage->diag, &seen);
	if (rc < 0) {
		manage_unread(manage, rc);
		subflows_clear(&seen);
		return;
	}
	manage->blind = false;
	for (struct managed *m = manage->list, *next; m != NULL && seen.complete; m = next) {
		next = m->next;
		if (!subflows_live(&seen, m->token)) {
			manage_forget(manage, m);
			continue;
		}
		for (size_t i = 0; i < m->n_paths; i++)
			manage_lost(&m->paths[i]);
	}
	for (size_t i = 0; i < seen.n; i++) /* of what is over nobody would tell the end */
		if (subflows_live(&seen, seen.list[i].token))
			manage_take(manage, &seen.list[i]);
	subflows_clear(&seen);
	manage_sweep(manage);
}

void
manage_reread(void *arg)
{
	struct manage *manage = arg;

	manage->rereads = false;
	diag_debug("paths: events of sessions were lost; read anew");
	manage_read(manage);
}

void
manage_overrun(struct manage *manage)
{
	uint64_t passed = loop_now_ms() - manage->read_at;

	if (manage->rereads)
		return;
	manage->rereads = true;
	timer_start(manage->reread, passed < MANAGE_READ_MS ? MANAGE_READ_MS - passed : 0);
}

static void
manage_events_ready(void *arg, int fd, unsigned events)
{
	struct manage *manage = arg;

	(void)fd;
	(void)events;
	if (netlink_events(manage->events, manage_heard, manage) < 0)
		manage_overrun(manage);
}

static int
manage_listen(struct manage *manage)
{
	int rc = netlink_open(NETLINK_GENERIC, 0, &manage->events);

	if (rc == 0)
		rc = netlink_join(manage->events, mptcp_event_group(manage->mptcp));
	if (rc == 0)
		rc = netlink_open(NETLINK_SOCK_DIAG, 0, &manage->diag);
	if (rc < 0)
		return rc;
	manage->tick = timer_new(manage->loop, manage_ticked, manage);
	manage->turn = timer_new(manage->loop, manage_turned, manage);
	manage->reread = timer_new(manage->loop, manage_reread, manage);
	manage->watch = watch_new(
	    manage->loop, netlink_fd(manage->events), LOOP_READ, manage_events_ready, manage);
	return manage->tick != NULL && manage->turn != NULL && manage->reread != NULL &&
		       manage->watch != NULL
		   ? 0
		   : -MAP_ENOMEM;
}

int
manage_open(struct loop *loop, struct mptcp *mptcp, const struct paths_company *company,
    struct manage **out)
{
	struct manage *manage = calloc(1, sizeof *manage);
	int rc;

	*out = NULL;
	if (manage == NULL)
		return -MAP_ENOMEM;
	manage->loop = loop;
	manage->mptcp = mptcp;
	manage->company = company;
	manage->ways.rule = company->flap;
	for (size_t i = 0; i < LOOKS; i++)
		manage->looks[i].manage = manage;
	rc = manage_listen(manage);
	if (rc < 0) {
		manage_close(manage);
		return rc;
	}
	manage_read(manage);
	*out = manage;
	return 0;
}

void
manage_close(struct manage *manage)
{
	if (manage == NULL)
		return;
	for (size_t i = 0; i < LOOKS; i++)
		heartbeat_cancel(manage->looks[i].check);
	while (manage->list != NULL)
		manage_forget(manage, manage->list);
	timer_free(manage->tick);
	timer_free(manage->turn);
	timer_free(manage->reread);
	watch_free(manage->watch);
	netlink_close(manage->events);
	netlink_close(manage->diag);
	free(manage);
}
