/*
 * test_exits.c - what a probe of a source and one of its control mean, and two routes: the whole table on paper.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolverd/exits.h"

enum routes { OWN, SHARED, NONE };

struct row {
	enum beat source, control;
	enum routes routes;
	enum exit_verdict verdict;
};

static const struct row rows[] = {
    {BEAT_ALIVE, BEAT_ALIVE, OWN, EXIT_WORKS},
    {BEAT_CLOSED, BEAT_ALIVE, OWN, EXIT_WORKS},
    {BEAT_ALIVE, BEAT_SILENT, SHARED, EXIT_WORKS},
    {BEAT_ALIVE, BEAT_ALIVE, SHARED, EXIT_WORKS}, /* the site sees to it behind its gateway */
    {BEAT_SILENT, BEAT_ALIVE, OWN, EXIT_DEAD},
    {BEAT_SILENT, BEAT_CLOSED, OWN, EXIT_DEAD},
    {BEAT_INWARD, BEAT_ALIVE, OWN, EXIT_DEAD},
    {BEAT_UNREACHABLE, BEAT_ALIVE, OWN, EXIT_UNREACHABLE},
    {BEAT_PROHIBITED, BEAT_ALIVE, OWN, EXIT_FILTERED},
    {BEAT_NOROUTE, BEAT_ALIVE, OWN, EXIT_NO_ROUTE},
    {BEAT_NOROUTE, BEAT_ALIVE, NONE, EXIT_NO_ROUTE},
    {BEAT_SILENT, BEAT_ALIVE, NONE, EXIT_NO_ROUTE},
    {BEAT_SILENT, BEAT_ALIVE, SHARED, EXIT_WRONG_ROUTE},
    {BEAT_PROHIBITED, BEAT_ALIVE, SHARED, EXIT_WRONG_ROUTE},
    /* the destination may be dead: nothing is learnt of the exit */
    {BEAT_SILENT, BEAT_SILENT, OWN, EXIT_UNKNOWN},
    {BEAT_SILENT, BEAT_UNREACHABLE, SHARED, EXIT_UNKNOWN},
    {BEAT_UNREACHABLE, BEAT_INWARD, OWN, EXIT_UNKNOWN},
    {BEAT_NOROUTE, BEAT_NOROUTE, NONE, EXIT_UNKNOWN},
};

static void
test_judge(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *row = &rows[i];
		struct heartbeat_outcome outcomes[2] = {
		    {.beat = row->source}, {.beat = row->control}};
		struct route routes[2] = {
		    {.there = row->routes != NONE, .ifindex = 2, .gateway = {1}},
		    {.there = true, .ifindex = 2, .gateway = {row->routes == SHARED ? 1 : 2}}};
		enum exit_verdict verdict = exits_judge(outcomes, routes);

		if (verdict != row->verdict)
			fail_msg("row %zu: %s, not %s", i, exit_word(verdict),
			    exit_word(row->verdict));
	}
}

/* The same neighbour of the same link, and known to be so. */
static void
test_routes(void **state)
{
	static const struct route way = {true, 2, {1}}, other_link = {true, 3, {1}},
				  none = {false, 2, {1}}, unsure = {true, 0, {0}};

	(void)state;
	assert_true(route_equal(&way, &way));
	assert_false(route_equal(&way, &other_link));
	assert_false(route_equal(&none, &none));
	assert_false(route_equal(&unsure, &unsure));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_judge),
	    cmocka_unit_test(test_routes),
	};

	return cmocka_run_group_tests_name("resolverd/exits", tests, NULL, NULL);
}
