/*
 * pulse.c - when to look: woken by the kernel's events of sessions, asleep when there is nothing to
 * watch. What is seen is judged by silence.c.
 */
#include "resolverd/pulse_own.h"

#include <errno.h>
#include <linux/mptcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "resolverd/liveness.h"
#include "resolverd/stories.h"

#define PULSE_BUSY_MS 15
#define PULSE_PROBING_MS 5 /* the same where a suspicion is worth a probe */
#define PULSE_IDLE_MS 100 /* at most, while nothing happens */
#define PULSE_ALL_MS 1000 /* from a look at all that the machine has to the next */
#define PULSE_BLIND_MS 1000 /* after the kernel did not tell */
/* A look may cost at most one part in this many of the time between looks: of a CPU, since what it waits for one is no cost, and on
 * a busy machine dead paths would be found late. */
#define PULSE_SHARE 25
/* The same of looks at all that the machine has, where the others are cheaper; so much at once is no reason to put one off. */
#define PULSE_ALL_SHARE 50
#define PULSE_ALL_US 10000

static void
pulse_next(struct pulse *pulse, uint64_t cost_us)
{
	uint64_t busy = pulse->heartbeat != NULL ? PULSE_PROBING_MS : PULSE_BUSY_MS;
	uint64_t ms = silence_is_busy(pulse->silence) ? busy : 2 * pulse->pause_ms;

	/* step by step: between two looks there may be none of a stream's octets */
	ms = ms < PULSE_IDLE_MS ? ms : PULSE_IDLE_MS;
	ms = ms > busy ? ms : busy;
	pulse->pause_ms = ms;
	pulse->running =
	    silence_has_several(pulse->silence) || pulse->begun || pulse->n_lost > 0;
	if (ms < cost_us * PULSE_SHARE / 1000)
		ms = cost_us * PULSE_SHARE / 1000;
	if (pulse->running)
		timer_start(pulse->timer, ms);
}

/* Once: who is told of paths time and again would put it off for all. */
void
pulse_hasten(struct pulse *pulse)
{
	if (!pulse->running || pulse->blind || pulse->hastened)
		return;
	pulse->hastened = true;
	timer_start(pulse->timer, PULSE_PROBING_MS);
}

/* Whether all is to be read: what begins is an event, and each second, since an event may be heard before its path stands. */
static bool
pulse_is_behind(struct pulse *pulse)
{
	uint64_t now = loop_now_ms(), paid = (now - pulse->paid_at) * 1000 / PULSE_ALL_SHARE;

	pulse->debt_us -= pulse->debt_us < paid ? pulse->debt_us : paid;
	pulse->paid_at = now;
	return pulse->debt_us <= PULSE_ALL_US &&
	       (pulse->news || now - pulse->all_at >= PULSE_ALL_MS);
}

/* A handshake whose packets waited, for a link's neighbours say, tells nothing of the way, and is all that the kernel knows until data was
 * acknowledged: a probe that took less there knows better. */
static void
pulse_time(const struct pulse *pulse, struct subflow *flow)
{
	struct prober_way way = prober_way_of(flow->local, flow->remote);
	struct heartbeat_outcome lately;

	if (flow->delivered > 1 || pulse->heartbeat == NULL ||
	    !heartbeat_lately(pulse->heartbeat, &way, LIVENESS_WORKED_MS, &lately) ||
	    lately.rtt_us == 0 || lately.rtt_us >= flow->rtt_us)
		return;
	flow->rtt_us = lately.rtt_us;
	flow->rttvar_us = lately.rtt_us / 2; /* as after the first measure (RFC 6298 2.2) */
}

int
pulse_read(struct pulse *pulse)
{
	uint64_t started = clock_spent_us(), spent;
	size_t n = pulse->seen.n;
	bool many = !pulse->seen.complete || n * pulse->one_us > pulse->all_us;
	bool all = many || pulse_is_behind(pulse);
	int rc = all ? subflows_read(pulse->diag, &pulse->seen)
		     : subflows_again(pulse->diag, &pulse->seen);

	spent = clock_spent_us() - started;
	if (all) {
		pulse->news = rc < 0;
		pulse->all_at = loop_now_ms();
		pulse->all_us = spent;
		pulse->debt_us += many ? 0 : spent;
		pulse->aside_us += many ? 0 : spent;
	} else if (n > 0) {
		pulse->one_us = spent / n;
	}
	if (rc < 0)
		pulse->seen.complete = false; /* what was read until then is not all */
	else if (all)
		pulse_all_seen(pulse);
	for (size_t i = 0; rc == 0 && i < pulse->seen.n; i++) {
		pulse_time(pulse, &pulse->seen.list[i]);
		if (pulse->manage != NULL)
			pulse->seen.list[i].managed =
			    manage_has(pulse->manage, pulse->seen.list[i].token);
	}
	return rc;
}

static void
pulse_beat(void *arg)
{
	struct pulse *pulse = arg;
	uint64_t started = clock_spent_us();
	uint8_t own[MPTCP_ENDPOINTS][16];
	struct silence_judge judge = pulse_judge(pulse, own);
	struct silence_verdict verdict;
	char local[EID_TEXT], remote[EID_TEXT], why[80];
	int rc;

	pulse->aside_us = 0;
	pulse->hastened = false;
	rc = pulse_read(pulse);
	if (rc < 0) {
		if (!pulse->blind)
			diag_warn("paths: sessions cannot be read: %s; asked again each second",
			    rc == -MAP_ESYS ? strerror(errno) : error_text(rc));
		pulse->blind = true;
		timer_start(pulse->timer, PULSE_BLIND_MS);
		return;
	}
	pulse->blind = false;
	if (pulse->begun && !pulse->news) { /* else it is not among what was seen */
		pulse->begun = false;
		pulse_offer_kept(pulse);
	}
	pulse_seek_lost(pulse);
	if (silence_look(pulse->silence, &pulse->seen, loop_now_ms(), &judge, &verdict)) {
		snprintf(why, sizeof why, "silent for %llu ms (%s) while others carry on",
		    (unsigned long long)verdict.ms,
		    verdict.owes ? "acknowledges nothing" : "data is missing");
		diag_info("path from %s to %s: %s", address_print(verdict.flow.local, local),
		    address_print(verdict.flow.remote, remote), why);
		if (verdict.flow.managed)
			manage_lose(pulse->manage, &verdict.flow, false);
		else
			pulse_renew(pulse, &verdict.flow, why, false);
	} else if (pulse->heartbeat != NULL) {
		pulse_suspect(pulse);
		pulse_take_hint(pulse);
		pulse_relieve(pulse);
	}
	pulse_next(pulse, clock_spent_us() - started - pulse->aside_us);
}

/* Whatever happened to a session: look soon. */
static void
pulse_heard(void *arg, const struct nlmsghdr *message)
{
	struct pulse *pulse = arg;
	struct mptcp_event event;

	(void)mptcp_event_read(message, &event);
	pulse->news |= event.kind == MPTCP_EVENT_CREATED ||
		       event.kind == MPTCP_EVENT_ESTABLISHED ||
		       event.kind == MPTCP_EVENT_SUB_ESTABLISHED;
	if (event.kind == MPTCP_EVENT_ESTABLISHED) {
		pulse->begun = true;
		pulse->newest = event.token;
	}
	if (event.kind == MPTCP_EVENT_SUB_ESTABLISHED) {
		pulse->company->count(pulse->company->arg, PATH_JOINED);
		if (pulse->manage == NULL) /* else it tells, of all sessions */
			stories_joined(pulse->company, event.token, &event.path);
		pulse_joined(pulse, event.token);
	}
	if (event.kind == MPTCP_EVENT_SUB_CLOSED) {
		struct prober_way way = prober_way_of(event.path.local, event.path.remote);

		pulse_ended(pulse, event.token, &way, event.error);
	}
	if (event.kind == MPTCP_LISTENER_CREATED ||
	    (event.kind == MPTCP_EVENT_ESTABLISHED && event.server))
		pulse->ops->accepts(pulse->arg);
	if (!pulse->running) {
		pulse->running = true;
		timer_start(pulse->timer, PULSE_BUSY_MS);
	}
}

void
pulse_hear(struct pulse *pulse)
{
	if (netlink_events(pulse->events, pulse_heard, pulse) == 0)
		return;
	pulse_unheard(pulse);
	pulse->news = pulse->begun = true;
	if (!pulse->running) {
		pulse->running = true;
		timer_start(pulse->timer, PULSE_BUSY_MS);
	}
}

static void
pulse_ready(void *arg, int fd, unsigned events)
{
	(void)fd;
	(void)events;
	pulse_hear(arg);
}

static int
pulse_start(struct loop *loop, const struct mptcp *mptcp, struct pulse *pulse)
{
	int rc = netlink_open(NETLINK_GENERIC, 0, &pulse->events);

	if (rc == 0)
		rc = netlink_join(pulse->events, mptcp_event_group(mptcp));
	if (rc == 0)
		rc = netlink_open(NETLINK_SOCK_DIAG, 0, &pulse->diag);
	if (rc == 0)
		rc = pulse_read(pulse);
	if (rc < 0)
		return rc;
	pulse->timer = timer_new(loop, pulse_beat, pulse);
	pulse->watch =
	    watch_new(loop, netlink_fd(pulse->events), LOOP_READ, pulse_ready, pulse);
	if (pulse->timer == NULL || pulse->watch == NULL)
		return -MAP_ENOMEM;
	pulse->running = true; /* there may be sessions already */
	timer_start(pulse->timer, PULSE_BUSY_MS);
	return 0;
}

int
pulse_open(struct loop *loop, const struct mptcp *mptcp, const struct pulse_ops *ops, void *arg,
    struct pulse **out)
{
	struct pulse *pulse = calloc(1, sizeof *pulse);
	int rc = -MAP_ENOMEM;

	*out = NULL;
	if (pulse == NULL)
		return rc;
	pulse->ops = ops;
	pulse->loop = loop;
	pulse->arg = arg;
	pulse->silence = silence_new();
	if (pulse->silence != NULL)
		rc = pulse_start(loop, mptcp, pulse);
	if (rc == 0) {
		*out = pulse;
		return 0;
	}
	if (rc == -MAP_ESYS && errno == ENOENT) {
		diag_info("paths: the kernel shows no MPTCP sockets; its own timers alone move "
			  "sessions");
		rc = 0;
	}
	pulse_close(pulse);
	return rc;
}

void
pulse_close(struct pulse *pulse)
{
	if (pulse == NULL)
		return;
	for (size_t i = 0; i < PULSE_CHECKS; i++)
		heartbeat_cancel(pulse->suspicions[i].check);
	returns_close(pulse->returns);
	watch_free(pulse->watch);
	timer_free(pulse->timer);
	netlink_close(pulse->events);
	netlink_close(pulse->diag);
	silence_free(pulse->silence);
	subflows_clear(&pulse->seen);
	free(pulse);
}
