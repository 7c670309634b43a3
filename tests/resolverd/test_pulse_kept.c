/*
 * test_pulse_kept.c - is an address that died kept back as long as it does not answer, and no longer? And is what ended for another reason
 * looked for?
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/resolverd/pulsework.h"

/* Of a session by both addresses the first dies: its path goes with its address. */
static void
die(bool probed)
{
	begin();
	pass(100);
	pulse_renew(pulse, &list[0], "silent", probed);
	if (!kept)
		return;
	memmove(list, list + 1, --n_list * sizeof list[0]);
}

/* What is dead for all who are by it is offered when it answers, and not before: a peer's kernel would try it in vain, and counts that. */
static void
test_kept_until_it_answers(void **state)
{
	(void)state;
	put_both(1, r);
	die(true);
	assert_true(kept);
	pass(HOUR_MS);
	assert_true(kept);
	answers = true;
	pass(9000);
	assert_false(kept);
	assert_int_equal(offers, 1);
	pass(HOUR_MS / 10);
	assert_in_range(offers, 1, 2); /* on paper it is not joined */
	end();
}

/* One that began by it, and has nothing else, keeps it meanwhile. */
static void
test_kept_and_used(void **state)
{
	(void)state;
	put_both(1, r);
	die(true);
	assert_true(kept);
	put(2, a, r);
	answers = true;
	pass(HOUR_MS / 10);
	assert_true(kept);
	put(2, b, r);
	pass(9000);
	assert_false(kept);
	end();
}

/* Its peer says so first. */
static void
test_kept_until_a_sign(void **state)
{
	struct prober_way way = prober_way_of(a, r);

	(void)state;
	put_both(1, r);
	die(true);
	assert_true(kept);
	pulse_unheard(pulse);
	pulse_sign(pulse, &way, false);
	assert_false(kept);
	end();
}

/* A session that begins may be another peer's, who can come there. */
static void
test_kept_until_a_session(void **state)
{
	(void)state;
	put_both(1, r);
	die(true);
	pass(10000);
	assert_true(kept);
	pulse->begun = true;
	pass(200);
	assert_false(kept);
	assert_int_equal(offers, 1);
	end();
}

/* The session that began came there itself: its path is not taken away so soon, though it may have another one by now; that of another one
 * is. Nor is one that is not seen yet. */
static void
test_kept_by_a_session(void **state)
{
	(void)state;
	put_both(1, r);
	die(true);
	put(2, a, r);
	put(2, b, r);
	pulse->begun = true;
	pulse->newest = 2;
	pass(200);
	assert_true(kept);
	put(3, b, r2);
	pulse->begun = true;
	pulse->newest = 3;
	pass(200);
	assert_false(kept);
	end();
	put_both(1, r);
	die(true);
	pass(10000);
	pulse->begun = pulse->news = true;
	pulse->debt_us = 1000000;
	pass(200);
	assert_true(kept);
	assert_true(pulse->begun);
	pulse->debt_us = 0;
	pass(200);
	assert_false(kept);
	end();
}

/* Its path from a to r2. */
static void
lose(uint32_t token, int error)
{
	struct prober_way way = prober_way_of(a, r2);

	pulse_ended(pulse, token, &way, error);
	pulse->running = true;
	timer_start(pulse->timer, 15);
}

/*
 * The only path of a session that began here to one of its peer's addresses has ended: it is probed from where the session is, which the
 * peer takes for a wish to be offered it again, and nothing is offered here. Not so where the session has one again, or is not to have one,
 * or is over, or was accepted, or where there never was one.
 */
static void
test_lost(void **state)
{
	enum { SOUGHT, RESET, REFUSED, SILENT, ACCEPTED, BACK, GONE, OVER, GIVEN_UP, TURNS };

	(void)state;
	for (unsigned turn = 0; turn < TURNS; turn++) {
		begin();
		put(1, b, r);
		put(1, b, r2);
		list[0].began = list[1].began = turn != ACCEPTED;
		pulse->news = answers = true;
		pass(20);
		if (turn != BACK)
			n_list = 1;
		lose(1, turn == RESET	  ? ECONNRESET
			: turn == REFUSED ? ECONNREFUSED
			: turn == SILENT  ? ETIMEDOUT
					  : ECONNABORTED);
		pass(500);
		if (turn == GONE)
			n_list = 0;
		over = turn == OVER;
		gives_up = turn == GIVEN_UP;
		checks = 0;
		pass(2500);
		if (checks != (turn <= RESET))
			fail_msg("turn %u: %u checks", turn, checks);
		if (turn <= RESET) {
			assert_memory_equal(looked.ways[0].local, b, 16);
			assert_memory_equal(looked.ways[0].remote, r2, 16);
		}
		assert_int_equal(pulse->n_lost, turn <= RESET);
		assert_int_equal(offers, 0);
		end();
	}
}

/* Who does not offer it is asked some more times. */
static void
test_lost_for_good(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) {
		begin();
		put(1, b, r);
		pulse->news = true;
		pass(20);
		checks = 0;
		lose(1, 0);
		pass(12000);
		assert_in_range(checks, 2, 4);
		assert_int_equal(pulse->n_lost, 1);
		if (turn == 1)
			put(1, b, r2);
		pass(60000);
		assert_int_equal(pulse->n_lost, 0);
		checks = 0;
		pass(HOUR_MS);
		assert_in_range(checks, 0, 20); /* what is silent is forgotten */
		end();
	}
}

/* Many end at once: there is room for some, each once. */
static void
test_many_lost(void **state)
{
	(void)state;
	begin();
	for (uint32_t token = 1; token <= 64; token++)
		put(token, b, r);
	pulse->news = true;
	pass(20);
	for (uint32_t i = 2; i < 130; i++) {
		lose(i / 2, 0);
		assert_int_equal(pulse->n_lost, i / 2 < PULSE_CHECKS ? i / 2 : PULSE_CHECKS);
	}
	answers = true;
	pass(60000);
	assert_int_equal(pulse->n_lost, 0);
	end();
}

/* All sessions are over: nobody would tell of it, and the next one is whose it is. */
static void
test_kept_for_nobody(void **state)
{
	(void)state;
	put_both(1, r);
	die(true);
	n_list = 0;
	pass(HOUR_MS);
	put(2, b, r2);
	pulse->begun = true;
	pulse->running = true;
	timer_start(pulse->timer, 15);
	pass(200);
	assert_false(kept);
	end();
}

/* Where another peer's path may live by it nobody is kept from it; nor where nothing will tell that it answers. */
static void
test_not_kept(void **state)
{
	(void)state;
	put_both(1, r);
	put_both(2, r2);
	die(true);
	assert_false(kept);
	assert_int_equal(offers, 1);
	end();
	put_both(1, r);
	die(false);
	assert_false(kept);
	assert_int_equal(offers, 1);
	end();
	put_both(1, r);
	put_both(2, r2);
	list[2].unacked = 1; /* as silent */
	die(true);
	assert_true(kept);
	end();
	/* two addresses of the same peer: what the session has there was probed, too, and is no other peer's */
	put(1, a, r);
	put(1, a, r2);
	put(1, b, r);
	put(2, a, r2);
	put(2, b, r2);
	die(true);
	assert_true(kept);
	end();
	/* but not all that a session has is, when it has many */
	put(1, a, r);
	put(1, a, r2);
	for (size_t i = 0; i < SILENCE_OTHERS; i++)
		put(1, b, r);
	die(true);
	assert_false(kept);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kept_until_it_answers),
	    cmocka_unit_test(test_kept_and_used),
	    cmocka_unit_test(test_kept_until_a_sign),
	    cmocka_unit_test(test_kept_until_a_session),
	    cmocka_unit_test(test_kept_by_a_session),
	    cmocka_unit_test(test_lost),
	    cmocka_unit_test(test_lost_for_good),
	    cmocka_unit_test(test_many_lost),
	    cmocka_unit_test(test_kept_for_nobody),
	    cmocka_unit_test(test_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
