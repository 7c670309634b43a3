/*
 * test_exit_rows.c - the life of what is known of exits, by a clock on paper: which sources are looked at, when, and until when;
 * addresses, routes and probes are stand-ins here. What a check means is test_exits.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/errors.h"
#include "resolverd/addresses.h"
#include "resolverd/exits.h"
#include "tests/resolverd/paper.h"

#define SOURCES 4
#define CONTROL 9 /* the source that works */

static struct exits *exits;
static watch_fn *hear;
static void *hear_arg;
static bool have[SOURCES], readable; /* this host's addresses, and whether it can be asked */
static unsigned checks[SOURCES], works;

/* --- what exits.c stands on --- */

static uint8_t nl;

int
netlink_open(int bus, unsigned groups, struct netlink **out)
{
	(void)bus;
	(void)groups;
	*out = (struct netlink *)(void *)&nl;
	return 0;
}

void
netlink_close(struct netlink *of)
{
	(void)of;
}

int
netlink_fd(const struct netlink *of)
{
	(void)of;
	return -1;
}

int
netlink_events(struct netlink *of, netlink_fn *fn, void *arg)
{
	(void)of;
	fn(arg, NULL);
	return 0;
}

struct watch *
watch_new(struct loop *loop, int fd, unsigned events, watch_fn *fn, void *arg)
{
	(void)loop;
	(void)fd;
	(void)events;
	hear = fn;
	hear_arg = arg;
	return (struct watch *)(void *)&nl;
}

void
watch_free(struct watch *watch)
{
	(void)watch;
}

int
addresses_read(struct netlink *route, struct addresses *out)
{
	(void)route;
	out->n = 0;
	for (uint8_t i = 0; i < SOURCES; i++)
		if (have[i])
			out->list[out->n++].address[15] = i;
	return readable ? 0 : -MAP_ESYS;
}

const struct local_address *
addresses_find(const struct addresses *list, const uint8_t address[16])
{
	for (size_t i = 0; i < list->n; i++)
		if (list->list[i].address[15] == address[15])
			return &list->list[i];
	return NULL;
}

struct route
route_ask(struct netlink *route, const uint8_t source[16], const uint8_t destination[16])
{
	(void)route;
	(void)destination;
	return (struct route){.there = true, .ifindex = 1u + source[15]};
}

bool
route_equal(const struct route *a, const struct route *b)
{
	return a->ifindex == b->ifindex;
}

/* --- the scene --- */

/* Nothing is heard but by the control, and by a source that works. */
static enum beat
beat_of(const struct prober_way *way)
{
	if (way->local[15] == CONTROL || way->local[15] == works)
		return BEAT_ALIVE;
	checks[way->local[15]]++;
	return BEAT_SILENT;
}

static void
doubt(unsigned source)
{
	const uint8_t from[16] = {[15] = (uint8_t)source}, control[16] = {[15] = CONTROL},
		      to[16] = {1};

	exits_doubt(exits, from, control, to);
}

/* Addresses or routes change. */
static void
change(void)
{
	hear(hear_arg, -1, LOOP_READ);
}

static enum exit_verdict
verdict(unsigned source)
{
	const uint8_t from[16] = {[15] = (uint8_t)source};

	return exits_verdict(exits, from);
}

static size_t
listed(void)
{
	size_t n = 0;

	while (exits_at(exits, n) != NULL)
		n++;
	return n;
}

static int
setup(void **state)
{
	(void)state;
	paper_begin();
	paper_beat = beat_of;
	memset(checks, 0, sizeof checks);
	for (size_t i = 0; i < SOURCES; i++)
		have[i] = true;
	readable = true;
	works = CONTROL;
	return exits_open((struct loop *)(void *)&nl, (struct heartbeat *)(void *)&nl, &exits);
}

static int
teardown(void **state)
{
	(void)state;
	exits_close(exits);
	return 0;
}

/* A bad source is looked at until it works, and ever more seldom. */
static void
test_bad(void **state)
{
	(void)state;
	doubt(1);
	paper_pass(1000);
	assert_int_equal(verdict(1), EXIT_DEAD);
	paper_pass(600000);
	assert_int_equal(verdict(1), EXIT_DEAD);
	checks[1] = 0;
	paper_pass(EXITS_AGAIN_MAX * 2 + 2000);
	assert_int_equal(checks[1], 2 * 2); /* of a check it is asked for twice */
}

/* One that this host has no more is forgotten, and probed no more; the others stay what they are. */
static void
test_gone(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SOURCES; i++)
		doubt(i);
	paper_pass(1000);
	assert_int_equal(listed(), SOURCES);
	have[1] = false;
	change();
	paper_pass(1000);
	assert_int_equal(listed(), SOURCES - 1);
	assert_int_equal(verdict(1), EXIT_UNKNOWN);
	for (unsigned i = 0; i < SOURCES; i++)
		if (i != 1)
			assert_int_equal(verdict(i), EXIT_DEAD);
	memset(checks, 0, sizeof checks);
	paper_pass(600000);
	for (unsigned i = 0; i < SOURCES; i++)
		assert_int_equal(checks[i] > 0, i != 1);
}

/* One that works, too, which nothing else would have looked at again. */
static void
test_gone_well(void **state)
{
	(void)state;
	works = 1;
	doubt(1);
	paper_pass(1000);
	assert_int_equal(verdict(1), EXIT_WORKS);
	change();
	paper_pass(1000);
	assert_int_equal(listed(), 1);
	have[1] = false;
	change();
	paper_pass(1000);
	assert_int_equal(listed(), 0);
}

/* Also while it is being looked at, and the one that takes its place in the table is, too. */
static void
test_gone_under_check(void **state)
{
	(void)state;
	doubt(0);
	doubt(1);
	change();
	paper_pass(100); /* the sweep is due in half a check */
	have[0] = false;
	paper_pass(2000);
	assert_int_equal(listed(), 1);
	assert_int_equal(verdict(1), EXIT_DEAD);
	have[1] = false;
	change();
	paper_pass(1000);
	assert_int_equal(listed(), 0);
}

/* Nobody told of it: then that is seen at the next look. */
static void
test_gone_unheard(void **state)
{
	(void)state;
	doubt(1);
	paper_pass(1000);
	have[1] = false;
	paper_pass(EXITS_AGAIN_MS + 1000);
	assert_int_equal(listed(), 0);
}

/* A host that cannot be asked for its addresses has all of them. */
static void
test_unreadable(void **state)
{
	(void)state;
	doubt(1);
	paper_pass(1000);
	have[1] = readable = false;
	change();
	paper_pass(10000);
	assert_int_equal(verdict(1), EXIT_DEAD);
	readable = true;
	paper_pass(EXITS_AGAIN_MS);
	assert_int_equal(listed(), 0);
}

/* Too many checks are under way: a doubt waits. */
static void
test_full(void **state)
{
	(void)state;
	paper_full = true;
	doubt(1);
	paper_full = false;
	assert_int_equal(verdict(1), EXIT_UNKNOWN);
	paper_pass(EXITS_AGAIN_MS + 1000);
	assert_int_equal(verdict(1), EXIT_DEAD);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_bad),
	    T(test_gone),
	    T(test_gone_well),
	    T(test_gone_under_check),
	    T(test_gone_unheard),
	    T(test_unreadable),
	    T(test_full),
	};

	return cmocka_run_group_tests_name("resolverd/exit_rows", tests, NULL, NULL);
}
