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

/* A stream comes by a alone, and stops. */
static void
receives(void)
{
	lone();
	list[0].unacked = 0;
	for (unsigned ms = 0; ms < 400; ms += 5) {
		list[0].segments_in++;
		list[0].octets_in += 1000;
		received += 1000;
		pass(5);
	}
	assert_int_equal(offers, 0);
}

/* Who only receives leaves it as soon: its peer waits to hear that, or for its own timers. A path of another session is no reason. */
static void
test_left_by_who_receives(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		begin();
		receives();
		until_offered();
		pass(5 * i);
		tell_joined(2);
		joined();
		assert_false(kept);
		tell_joined(1);
		pass(30);
		assert_true(kept);
		end();
	}
}

/* It answers, when another path has come: it had paused. */
static void
test_not_left_when_it_answers(void **state)
{
	(void)state;
	begin();
	receives();
	until_offered();
	answerer = a;
	checks = 0;
	joined();
	pass(10000);
	assert_false(kept);
	assert_int_equal(checks, 1);
	end();
}

/* Another path has come: this one answered before, and nothing is looked at for that. */
static void
test_joined_idle(void **state)
{
	(void)state;
	begin();
	receives();
	answerer = a;
	pass(300);
	assert_true(checks > 0);
	checks = 0;
	joined();
	tell_joined(1);
	pass(10000);
	assert_int_equal(checks, 0);
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

/* Nor is it looked at time and again then, when it owes nothing. */
static void
test_looked_at_once(void **state)
{
	(void)state;
	begin();
	receives();
	put(2, a, r2); /* which keeps it */
	until_offered();
	checks = 0;
	n_list = 1;
	joined();
	put(2, a, r2);
	tell_joined(1);
	pass(10000);
	assert_int_equal(checks, 1);
	assert_false(kept);
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
	    cmocka_unit_test(test_left_by_who_receives),
	    cmocka_unit_test(test_not_left_when_it_answers),
	    cmocka_unit_test(test_joined_idle),
	    cmocka_unit_test(test_looked_at_once),
	    cmocka_unit_test(test_not_at_others_cost),
	    cmocka_unit_test(test_lone_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
