/*
 * test_pulse_lone.c - when the only path of a session has died, and another address comes: is the kernel's own path by it left alone, and
 * is the dead one left as soon as there is another?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/resolverd/pulsework.h"

/* Of a session by a alone nothing is acknowledged; b answers. */
static void
lone(void)
{
	n_list = 0;
	put(1, a, r);
	list[0].unacked = 3;
	kept = false;
	offers = 0;
	answers = true;
	answerer = offered = b;
	pulse->news = true;
	pulse->running = true;
	timer_start(pulse->timer, 5);
}

static void
until_offered(void)
{
	for (unsigned i = 0; i < 400 && offers == 0; i++)
		pass(5);
	assert_int_equal(offers, 1);
}

static void
joined(void)
{
	put(1, b, r);
	pulse->news = true;
}

/* By b. */
static void
carries_on(uint64_t ms)
{
	for (uint64_t i = 0; i < ms; i += 5) {
		list[n_list - 1].segments_in++;
		pass(5);
	}
}

/* It is offered once, as long as it may be coming. */
static void
test_offered(void **state)
{
	(void)state;
	begin();
	lone();
	until_offered();
	pass(100);
	assert_int_equal(offers, 1);
	end();
}

/* The kernel, which tries by itself too, has made a path just now, of which this process has not heard: it is not taken away. */
static void
test_joined_just_now(void **state)
{
	(void)state;
	begin();
	lone();
	unheard = joined;
	for (unsigned i = 0; i < 400 && unheard != NULL; i++)
		pass(5);
	assert_null(unheard);
	carries_on(1000);
	assert_int_equal(offers, 0);
	end();
}

/* The dead one is left at once, and again the next time, however near: nobody has to be spared that. */
static void
test_left_at_once(void **state)
{
	(void)state;
	begin();
	for (unsigned i = 0; i < 5; i++) {
		lone();
		until_offered();
		joined();
		assert_false(kept);
		carries_on(50);
		assert_true(kept);
		pass(500);
	}
	end();
}

/* Another one's peer is reached by it: once more is too soon. */
static void
test_not_at_others_cost(void **state)
{
	(void)state;
	begin();
	lone();
	until_offered();
	joined();
	carries_on(50);
	assert_true(kept);
	lone();
	put(2, a, r2);
	until_offered();
	n_list = 1;
	joined();
	put(2, a, r2);
	put(2, b, r2);
	for (unsigned i = 0; i < 40; i++) {
		list[1].segments_in++;
		list[2].segments_in++;
		list[3].segments_in++;
		pass(5);
	}
	assert_false(kept);
	assert_int_equal(offers, 1);
	end();
}

/* Since the path was lone it answered: what it owes by now is as any path's is. */
static void
test_lone_no_more(void **state)
{
	(void)state;
	begin();
	lone();
	until_offered();
	joined();
	carries_on(50);
	assert_true(kept);
	lone();
	until_offered();
	joined();
	answerer = a;
	carries_on(300);
	assert_false(kept);
	answerer = b;
	carries_on(300);
	assert_false(kept);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_offered),
	    cmocka_unit_test(test_joined_just_now),
	    cmocka_unit_test(test_left_at_once),
	    cmocka_unit_test(test_not_at_others_cost),
	    cmocka_unit_test(test_lone_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
