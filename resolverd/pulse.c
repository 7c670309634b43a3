/*
 * pulse.c - when to look: woken by the kernel's events of sessions, asleep when there is nothing to
 * watch. What is seen is judged by silence.c.
 */
#include "resolverd/pulse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "resolverd/silence.h"

#define PULSE_BUSY_MS 15
#define PULSE_IDLE_MS 100
/* A look may cost at most one part in this many of the time between looks. */
#define PULSE_SHARE 20

struct pulse {
	struct netlink *events, *diag;
	struct watch *watch;
	struct timer *timer;
	struct silence *silence;
	struct subflows *seen;
	bool running;
	const struct pulse_ops *ops;
	void *arg;
};

static void
pulse_next(struct pulse *pulse, uint64_t cost_us)
{
	uint64_t ms = silence_is_busy(pulse->silence) ? PULSE_BUSY_MS : PULSE_IDLE_MS;

	pulse->running = silence_has_several(pulse->silence);
	if (ms < cost_us * PULSE_SHARE / 1000)
		ms = cost_us * PULSE_SHARE / 1000;
	if (pulse->running)
		timer_start(pulse->timer, ms);
}

static void
pulse_beat(void *arg)
{
	struct pulse *pulse = arg;
	uint64_t started = loop_now_us();
	uint8_t own[MPTCP_ENDPOINTS][16];
	size_t n = pulse->ops->own(pulse->arg, own, MPTCP_ENDPOINTS);
	struct silence_verdict verdict;
	char text[EID_TEXT];

	if (subflows_read(pulse->diag, pulse->seen) < 0) {
		diag_warn("paths: sessions cannot be read: %s", strerror(errno));
		pulse->running = false;
		return;
	}
	if (silence_look(pulse->silence, pulse->seen, loop_now_ms(), own, n, &verdict)) {
		diag_info("path %s: silent for %llu ms (%s) while others carry on",
		    address_print(verdict.address, text), (unsigned long long)verdict.ms,
		    verdict.owes ? "acknowledges nothing" : "data is missing");
		pulse->ops->silent(pulse->arg, verdict.address);
	}
	pulse_next(pulse, loop_now_us() - started);
}

/* Whatever happened to a session: look soon. */
static void
pulse_heard(void *arg, const struct nlmsghdr *message)
{
	struct pulse *pulse = arg;

	(void)message;
	if (!pulse->running) {
		pulse->running = true;
		timer_start(pulse->timer, PULSE_BUSY_MS);
	}
}

static void
pulse_ready(void *arg, int fd, unsigned events)
{
	struct pulse *pulse = arg;

	(void)fd;
	(void)events;
	if (netlink_events(pulse->events, pulse_heard, pulse) < 0 && !pulse->running) {
		pulse->running = true;
		timer_start(pulse->timer, PULSE_BUSY_MS);
	}
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
		rc = subflows_read(pulse->diag, pulse->seen);
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
	pulse->arg = arg;
	pulse->silence = silence_new();
	pulse->seen = calloc(1, sizeof *pulse->seen);
	if (pulse->silence != NULL && pulse->seen != NULL)
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
	watch_free(pulse->watch);
	timer_free(pulse->timer);
	netlink_close(pulse->events);
	netlink_close(pulse->diag);
	silence_free(pulse->silence);
	free(pulse->seen);
	free(pulse);
}
