/*
 * test_routes.c - how often sessions are looked at, and ask for their mapping, while links and routes change without end; the clock,
 * the kernel and the sessions are on paper.
 */
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/errors.h"
#include "resolverd/addresses.h"
#include "resolverd/follow.h"
#include "resolverd/guard.h"
#include "resolverd/netlink.h"
#include "resolverd/routes.h"
#include "tests/resolverd/clockwork.h"

#define SESSIONS 500
#define ASK_US 200 /* what one costs to ask */
#define STORM_MS 60000

static watch_fn *ready;
static void *ready_arg;
static struct session list[SESSIONS + 1];
static struct session *first;
static unsigned asked[SESSIONS + 1], signs;
static struct routes *routes;

/* --- linked with --wrap --- */

struct watch *__wrap_watch_new(
    struct loop *loop, int fd, unsigned events, watch_fn *fn, void *arg);
void __wrap_watch_free(struct watch *watch);
int __wrap_netlink_open(int protocol, unsigned groups, struct netlink **out);
void __wrap_netlink_close(struct netlink *nl);
int __wrap_netlink_fd(const struct netlink *nl);
int __wrap_netlink_events(struct netlink *nl, netlink_fn *fn, void *arg);
int __wrap_addresses_read(struct netlink *route, struct addresses *out);
struct session *__wrap_sessions_next(const struct sessions *all, const struct session *after);
void __wrap_follow_again(struct follow *follow);
void __wrap_guard_sign(struct guard *guard, enum trigger trigger);

struct watch *
__wrap_watch_new(struct loop *loop, int fd, unsigned events, watch_fn *fn, void *arg)
{
	(void)loop;
	(void)fd;
	(void)events;
	ready = fn;
	ready_arg = arg;
	return (struct watch *)&ready;
}

void
__wrap_watch_free(struct watch *watch)
{
	(void)watch;
}

int
__wrap_netlink_open(int protocol, unsigned groups, struct netlink **out)
{
	(void)protocol;
	(void)groups;
	*out = (struct netlink *)(void *)&now; /* not looked into */
	return 0;
}

void
__wrap_netlink_close(struct netlink *nl)
{
	(void)nl;
}

int
__wrap_netlink_fd(const struct netlink *nl)
{
	(void)nl;
	return 0;
}

int
__wrap_netlink_events(struct netlink *nl, netlink_fn *fn, void *arg)
{
	struct nlmsghdr link = {.nlmsg_type = RTM_NEWLINK};

	(void)nl;
	fn(arg, &link);
	return 0;
}

int
__wrap_addresses_read(struct netlink *route, struct addresses *out)
{
	(void)route;
	out->n = 0;
	return 0;
}

struct session *
__wrap_sessions_next(const struct sessions *all, const struct session *after)
{
	(void)all;
	return after == NULL ? first : after->next;
}

void
__wrap_follow_again(struct follow *follow)
{
	asked[(unsigned *)follow - asked]++;
	spent_us += ASK_US;
}

void
__wrap_guard_sign(struct guard *guard, enum trigger trigger)
{
	assert_non_null(guard);
	assert_int_equal(trigger, TRIGGER_LINK);
	signs++;
}

/* --- */

/* The oldest is no MPTCP session: it is watched, and its address is gone. */
static int
fresh(void **state)
{
	(void)state;
	now = 100000;
	spent_us = n_timers = signs = 0;
	memset(asked, 0, sizeof asked);
	memset(list, 0, sizeof list);
	for (unsigned i = 0; i <= SESSIONS; i++) {
		list[i].id = SESSIONS + 1 - i;
		list[i].next = i < SESSIONS ? &list[i + 1] : NULL;
		if (i < SESSIONS)
			list[i].follow = (struct follow *)&asked[i];
		else
			list[i].guard = (struct guard *)&list[i];
	}
	first = &list[0];
	assert_int_equal(
	    routes_open((struct loop *)&now, (struct sessions *)&list, &routes), 0);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	routes_close(routes);
	return 0;
}

/* What is due is done, until nothing more is now. The most that one callback costs, us. */
static uint64_t
run(void)
{
	uint64_t most = 0;

	for (size_t i = 0; i < n_timers; i++) {
		uint64_t before = spent_us;

		if (timers[i].due == 0 || timers[i].due > now)
			continue;
		clockwork_fire(&timers[i]);
		if (spent_us - before > most)
			most = spent_us - before;
		i = SIZE_MAX; /* and all of them again */
	}
	return most;
}

/* One event: each asks once, soon, and the loop is not held up for all of them. */
static void
test_once(void **state)
{
	(void)state;
	ready(ready_arg, 0, 0);
	now += 20;
	assert_true(run() < SESSIONS * ASK_US / 4);
	for (unsigned i = 0; i < SESSIONS; i++)
		assert_int_equal(asked[i], 1);
	assert_int_equal(signs, 1);
	now += STORM_MS;
	run();
	assert_int_equal(asked[0], 1);
}

/* Events without end: all ask, and each as often, but it costs no more than its part of a CPU; what is watched does not wait for it. */
static void
test_storm(void **state)
{
	(void)state;
	for (unsigned ms = 0; ms < STORM_MS; ms++, now++) {
		ready(ready_arg, 0, 0);
		run();
	}
	assert_true(spent_us < STORM_MS * 1000 / 20);
	assert_true(signs > STORM_MS / 20);
	for (unsigned i = 0; i < SESSIONS; i++)
		assert_true(asked[i] > 10 && asked[i] + 1 >= asked[0] && asked[i] <= asked[0]);
	for (unsigned ms = 0; ms < 10000; ms++, now++) /* the last event is heeded, too */
		run();
	for (unsigned i = 0; i < SESSIONS; i++)
		assert_int_equal(asked[i], asked[0]);
}

/* The look, and the first turn of asking. */
static void
begin(void)
{
	ready(ready_arg, 0, 0);
	now += 20;
	for (size_t i = 0; i < n_timers; i++)
		if (timers[i].due != 0 && timers[i].due <= now) {
			clockwork_fire(&timers[i]);
		}
	assert_int_equal(asked[0], 1);
	assert_int_equal(asked[SESSIONS - 1], 0);
}

/* What changes while some have asked and others have not is asked about by all. */
static void
test_meanwhile(void **state)
{
	(void)state;
	begin();
	ready(ready_arg, 0, 0);
	now += 20;
	run();
	assert_int_equal(asked[0], 1);
	now += STORM_MS;
	run();
	for (unsigned i = 0; i < SESSIONS; i++)
		assert_int_equal(asked[i], 2);
}

/* Sessions that end while others have their turn take nobody's with them. */
static void
test_ends(void **state)
{
	(void)state;
	begin();
	first = &list[300];
	run();
	for (unsigned i = 300; i < SESSIONS; i++)
		assert_int_equal(asked[i], 1);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, end)
	const struct CMUnitTest tests[] = {
	    T(test_once), T(test_storm), T(test_meanwhile), T(test_ends)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
