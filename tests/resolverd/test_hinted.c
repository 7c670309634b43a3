/*
 * test_hinted.c - which path is looked at when a peer warns, and what counts as a sign that it lives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/resolverd/looks.h"

#define C 0xc

/* By the path from B. */
static bool
warned(struct silence_suspect *suspect)
{
	return silence_hinted(silence, look.list[1].local, look.list[1].remote, now, suspect);
}

/* Looks at which something came by the first path, or not, and by the third; by that of B always. */
static void
pass(int looks, bool first, bool third)
{
	for (int i = 0; i < looks; i++) {
		look.list[0].segments_in += first;
		look.list[2].segments_in += third;
		acknowledge(1);
		assert_false(step());
	}
}

static void
put_third(void)
{
	look.n = 3;
	look.list[2] = look.list[1];
	look.list[2].local_port++;
	look.list[2].local[15] = C;
}

/* Who has one address is watched too, as its peer may have several. */
static void
test_watched(void **state)
{
	(void)state;
	memcpy(look.list[0].local, look.list[1].local, 16);
	look.list[0].remote[15] = 99;
	(void)step();
	assert_true(silence_has_several(silence));
}

/* Not where its peer cannot mean that: who warns by the address itself, or where the session has no path; nor what is managed. */
static void
test_not_meant(void **state)
{
	struct silence_suspect suspect;

	(void)state;
	pass(20, true, false);
	assert_false(warned(&suspect));
	pass(2, false, false);
	assert_true(warned(&suspect));
	assert_int_equal(suspect.flow.local[15], A);
	assert_false(suspect.owes);
	assert_true(suspect.stopped);
	assert_int_equal(suspect.n_others, 1);
	assert_int_equal(suspect.others[0].local[15], B);
	assert_false(silence_hinted(
	    silence, look.list[0].local, look.list[0].remote, now, &suspect)); /* B is heard */
	assert_false(silence_hinted(silence, look.list[1].local, own[0], now, &suspect));
	look.list[0].managed = look.list[1].managed = true;
	pass(1, false, false);
	assert_false(warned(&suspect));
}

/* That which was heard of last; what has carried nothing for long is no more silent than before. */
static void
test_heard_last(void **state)
{
	struct silence_suspect suspect;

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		put_third();
		pass(20, true, true);
		pass(1, turn == 0, turn == 1);
		pass(2, false, false);
		assert_true(warned(&suspect));
		assert_int_equal(suspect.flow.local[15], turn == 0 ? A : C);
		assert_int_equal(suspect.n_others, 2);
		pass(SILENCE_HINTED_MS / 15 - 2, false, false);
		assert_true(warned(&suspect));
		pass(2, false, false);
		assert_false(warned(&suspect));
	}
}

/* A way that takes long is silent for two round trips before it seems so. */
static void
test_round_trips(void **state)
{
	struct silence_suspect suspect;

	(void)state;
	look.list[0].rtt_us = look.list[1].rtt_us = 100000;
	pass(20, true, false);
	pass(12, false, false);
	assert_false(warned(&suspect));
	pass(4, false, false);
	assert_true(warned(&suspect));
}

/* Anything by its addresses, whoever's it is, and what came by itself since the last look. */
static void
test_hears(void **state)
{
	struct subflow first;
	uint64_t since;

	(void)state;
	pass(20, true, false);
	pass(2, false, false);
	since = now;
	first = look.list[0];
	assert_false(silence_hears(silence, &look, &first, since));
	assert_true(silence_hears(silence, &look, &first, since - 30));
	look.list[0].segments_in++; /* not looked at yet */
	assert_true(silence_hears(silence, &look, &first, since));
	look.list[0].segments_in--;
	look.n = 3;
	look.n_sessions = 2;
	look.sessions[1].token = look.list[2].token = 8; /* another session begins there */
	memcpy(look.list[2].local, look.list[0].local, 16);
	pass(1, false, false);
	assert_true(silence_hears(silence, &look, &first, since));
	pass(1, false, false);
	assert_false(silence_hears(silence, &look, &first, now));
	look.n = 0; /* it is over */
	assert_true(silence_hears(silence, &look, &first, now));
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, look_setup, look_teardown)
	const struct CMUnitTest tests[] = {
	    T(test_watched),
	    T(test_not_meant),
	    T(test_heard_last),
	    T(test_round_trips),
	    T(test_hears),
	};

	return cmocka_run_group_tests_name("resolverd/hinted", tests, NULL, NULL);
}
