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

#include "core/wire/errors.h"
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

/* What was by a, as it is left. */
static void
closed(void)
{
	list[0] = list[1];
	n_list = 1;
	pulse->news = true;
}

/* The check is under way. */
static void
until_looked_at(void)
{
	pending = true;
	checks = 0;
	for (unsigned i = 0; i < 100 && checks == 0; i++)
		pass(5);
	assert_int_equal(checks, 1);
}

/* Another path comes, and nothing is looked at for that. */
static void
join_is_no_reason(void)
{
	checks = 0;
	joined();
	tell_joined(1);
	pass(10000);
	assert_int_equal(checks, 0);
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

/* The dead one is left at once, and again the next time, though it flaps: nobody has to be spared that. */
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
		closed();
		pass(1000);
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
		tell_joined(1); /* one that does not stay */
		pass(150 + 5 * i);
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
	join_is_no_reason();
	end();
}

/* A session that has two paths does without the one that flaps. */
static void
test_flaps(void **state)
{
	(void)state;
	begin();
	answers = true;
	answerer = b;
	for (unsigned i = 0; i < 3; i++) {
		n_list = 0;
		put_both(1, r);
		list[0].unacked = 3;
		kept = false;
		pulse->news = true;
		pulse->running = true;
		timer_start(pulse->timer, 5);
		carries_on(150);
		assert_int_equal(kept, i < 2);
		closed();
		pass(1000);
	}
	end();
}

/* Another session by a, a long way; its acknowledgements are under way. */
static void
put_second(bool busy)
{
	struct subflow *second = &list[n_list];

	put(2, a, r2);
	second->local_port = 9;
	second->rtt_us = second->min_rtt_us = 60000;
	second->unacked = busy ? 3 : 0;
}

/* Another one's peer is reached by it, at rest or in mid-stream: once more is too soon. */
static void
test_not_at_others_cost(void **state)
{
	(void)state;
	for (unsigned busy = 0; busy < 2; busy++) {
		begin();
		for (unsigned i = 0; i < 2; i++) {
			lone();
			until_offered();
			joined();
			carries_on(50);
			assert_true(kept);
			closed();
			pass(1000);
		}
		lone();
		put_second(busy);
		until_offered();
		n_list = 1;
		joined();
		put_second(busy);
		put(2, b, r2);
		list[3].local_port = 10;
		for (unsigned i = 0; i < 40; i++) {
			list[1].segments_in++;
			list[2].segments_in += i % 12 == 6;
			list[2].delivered += i % 12 == 6;
			list[3].segments_in++;
			pass(5);
		}
		assert_false(kept);
		assert_int_equal(offers, 1);
		end();
	}
}

/* Another session, which owes nothing, has nothing else as long: it is looked at ever more seldom, and left when that has. */
static void
test_kept_by_another(void **state)
{
	(void)state;
	begin();
	receives();
	put(2, a, r2);
	until_offered();
	checks = 0;
	n_list = 1;
	joined();
	put(2, a, r2);
	tell_joined(1);
	pass(10000);
	assert_in_range(checks, 2, 8);
	assert_false(kept);
	assert_int_equal(offers, 1);
	put(2, b, r2);
	offered = a; /* at once, as the other one may come by it */
	pass(20000);
	assert_int_equal(offers, 2);
	end();
}

/* It has been heard of since, and has nothing to say any more. */
static void
test_recovered(void **state)
{
	(void)state;
	begin();
	receives();
	until_offered();
	list[0].segments_in++;
	list[0].octets_in += 1000;
	received += 1000;
	pass(300);
	join_is_no_reason();
	end();
}

static void
goes(void)
{
	n_list = 1;
}

/* The other path is gone by the time that the probes are answered, which the last look does not know. */
static void
test_gone_meanwhile(void **state)
{
	(void)state;
	for (unsigned stream = 0; stream < 2; stream++) {
		begin();
		(stream ? receives : lone)();
		until_offered();
		joined();
		tell_joined(1);
		checks = 0;
		meanwhile = goes;
		for (unsigned i = 0; i < 20 && checks == 0; i++)
			pass(5);
		pass(10);
		assert_int_equal(n_list, 1);
		assert_false(kept);
		end();
	}
}

/* The kernel makes another path by itself while this one is looked at: that is seen when the look is over. */
static void
test_joined_under_way(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		begin();
		receives();
		until_looked_at();
		pass(200 + 5 * i);
		joined();
		tell_joined(1);
		pass(30);
		pending = false;
		pass(30);
		assert_true(kept);
		assert_int_equal(offers, 0);
		end();
	}
}

/* Nor is it taken away where looks cost too much for one at all that there is. */
static void
test_joined_unseen(void **state)
{
	(void)state;
	begin();
	lone();
	until_looked_at();
	pass(10);
	pulse->debt_us = 1000000;
	hidden = 1;
	joined();
	tell_joined(1);
	pending = false;
	pass(1000);
	assert_int_equal(offers, 0);
	end();
}

/* One that was told of has gone again. */
static void
test_joined_in_vain(void **state)
{
	(void)state;
	begin();
	lone();
	until_looked_at();
	tell_joined(1);
	pending = false;
	until_offered();
	end();
}

/* One by the same address is not what is waited for: that may come later. */
static void
test_joined_there_too(void **state)
{
	(void)state;
	begin();
	receives();
	answers = false;
	pass(300);
	put(1, a, r2);
	tell_joined(1);
	pass(5);
	checks = 0;
	pass(10000);
	assert_int_equal(checks, 0);
	answers = true;
	joined();
	tell_joined(1);
	pass(1000);
	assert_true(kept);
	end();
}

/* The path works, as other sessions show; it is quiet. */
static void
test_heard_of_by_others(void **state)
{
	(void)state;
	begin();
	receives();
	until_offered();
	checks = 0;
	joined();
	put(3, a, r);
	put(3, b, r);
	tell_joined(1);
	for (unsigned i = 0; i < 2000; i++) {
		list[2].segments_in++;
		pass(5);
	}
	assert_false(kept);
	assert_int_equal(checks, 1);
	end();
}

/* Events by the dozen do not put looks off. */
static void
test_many_events(void **state)
{
	(void)state;
	begin();
	receives();
	answers = false; /* nothing is found out */
	pass(300);
	reads = agains = 0;
	for (unsigned i = 0; i < 40; i++) {
		tell_joined(1);
		pass(5);
	}
	assert_in_range(reads + agains, 10, 41);
	end();
}

/* What a read that failed has left is not all. */
static void
test_unread(void **state)
{
	(void)state;
	begin();
	put_both(1, r);
	pulse->news = true;
	pass(20);
	fails = -MAP_ESYS;
	assert_int_equal(pulse_read(pulse), -MAP_ESYS);
	assert_false(pulse->seen.complete);
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
	    cmocka_unit_test(test_kept_by_another),
	    cmocka_unit_test(test_recovered),
	    cmocka_unit_test(test_gone_meanwhile),
	    cmocka_unit_test(test_joined_under_way),
	    cmocka_unit_test(test_joined_unseen),
	    cmocka_unit_test(test_joined_in_vain),
	    cmocka_unit_test(test_joined_there_too),
	    cmocka_unit_test(test_heard_of_by_others),
	    cmocka_unit_test(test_many_events),
	    cmocka_unit_test(test_unread),
	    cmocka_unit_test(test_flaps),
	    cmocka_unit_test(test_not_at_others_cost),
	    cmocka_unit_test(test_lone_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
