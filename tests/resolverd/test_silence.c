/*
 * test_silence.c - which path is held to be silent, and which must not be, from looks on paper.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/resolverd/looks.h"

static void
test_sender_sees_no_acknowledgement(void **state)
{
	unsigned steps = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		acknowledge(0);
		assert_false(step());
	}
	look.list[0].unacked = 8;
	do {
		acknowledge(1); /* the kernel goes on by the other path */
		assert_true(++steps < 10);
	} while (!step());
	assert_int_equal(verdict.flow.local[15], A);
	assert_true(verdict.owes);
	assert_true(verdict.ms >= SILENCE_FLOOR_MS && verdict.ms <= SILENCE_FLOOR_MS + 30);
}

/* Suspicion is earlier, and costs nothing: a moment and two round trips; the others of the session are its controls. */
static void
test_suspects(void **state)
{
	struct silence_suspect suspects[2];

	(void)state;
	for (int i = 0; i < 20; i++) {
		acknowledge(0);
		acknowledge(1);
		look.list[0].unacked = 2;
		assert_false(step());
		assert_int_equal(silence_suspects(silence, now, suspects, 2), 0);
	}
	acknowledge(1);
	assert_false(step()); /* 15 ms since it was heard */
	assert_int_equal(silence_suspects(silence, now, suspects, 2), 1);
	assert_int_equal(suspects[0].flow.local[15], A);
	assert_int_equal(suspects[0].ms, 15);
	assert_int_equal(suspects[0].n_others, 1);
	assert_int_equal(suspects[0].others[0].local[15], B);
	assert_int_equal(silence_suspects(silence, now, suspects, 0), 0);
	look.list[0].rtt_us = 40000; /* of a long way that is no silence yet */
	acknowledge(1);
	assert_false(step());
	assert_int_equal(silence_suspects(silence, now, suspects, 2), 0);
	look.list[0].rtt_us = 100;
	look.list[0].unacked = 1; /* one alone may be acknowledged late */
	assert_false(step());
	assert_int_equal(silence_suspects(silence, now, suspects, 2), 0);
}

/* The peer still sends by it, but nothing that went out there arrives: suspect all the same. It is no silence, though, which would
 * speak for itself where no probes can tell. */
static void
test_suspect_while_heard(void **state)
{
	struct silence_suspect suspect;

	(void)state;
	assert_false(step());
	look.list[0].unacked = 8;
	for (int i = 0; i < 30; i++) {
		look.list[0].segments_in++;
		acknowledge(1);
		assert_false(step());
		assert_int_equal(silence_suspects(silence, now, &suspect, 1), i > 0);
	}
	assert_true(suspect.owes);
	assert_int_equal(suspect.flow.local[15], A);
	assert_int_equal(suspect.ms, 29 * 15);
	assert_int_equal(silence_since(silence, &look.list[0], true, now), 29 * 15);
	assert_int_equal(silence_since(silence, &look.list[0], false, now), 0);
	acknowledge(0);
	acknowledge(1);
	assert_false(step());
	assert_int_equal(silence_suspects(silence, now, &suspect, 1), 0);
}

static void
test_suspects_of_one_path_are_none(void **state)
{
	struct silence_suspect suspects[2];

	(void)state;
	look.n = 1;
	look.list[0].unacked = 5;
	for (int i = 0; i < 10; i++)
		assert_false(step());
	assert_int_equal(silence_suspects(silence, now, suspects, 2), 0);
}

/* Left is only what all can spare, is ours, and was not left just now. */
static void
test_leave(void **state)
{
	struct silence_judge none = {own, 0, confirm, NULL, HOLD_RULE};
	uint8_t a[16] = {[15] = A}, other[16] = {[15] = 0xc};

	(void)state;
	look.list[0].unacked = 5;
	for (int i = 0; i < 3; i++) {
		acknowledge(1);
		assert_false(step());
	}
	assert_false(silence_leave(silence, other, now, &judge, false)); /* nobody's here */
	assert_false(silence_leave(silence, a, now, &none, false)); /* not announced by us */
	assert_true(silence_leave(silence, a, now, &judge, false));
	assert_false(silence_leave(silence, a, now, &judge, false)); /* just now */
	assert_false(silence_leave(silence, a, now + 500, &judge, true));
	assert_true(silence_leave(silence, a, now + 2000, &judge, false));
	assert_false(silence_leave(silence, a, now + 3500, &judge, false)); /* it flaps */
	assert_true(silence_leave(silence, a, now + 3500, &judge, true));
	assert_false(silence_leave(silence, a, now + 3600, &judge, true));
	look.n = 1; /* the other path is gone: nobody can spare this one */
	assert_false(step());
	assert_false(silence_leave(silence, a, now + 60000, &judge, false));
}

static void
test_receiver_sees_a_hole(void **state)
{
	unsigned steps = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		carry(0, true);
		assert_false(step());
	}
	do {
		carry(1, false); /* behind the piece that is lost */
		assert_true(++steps < 10);
	} while (!step());
	assert_int_equal(verdict.flow.local[15], A);
	assert_false(verdict.owes);
}

/* Never leave a working pair for an unproved one: nothing was heard by the other path since. */
static void
test_both_silent_moves_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		acknowledge(0);
		assert_false(step());
	}
	look.list[0].unacked = 8;
	for (int i = 0; i < 100; i++)
		assert_false(step());
}

static void
test_idle_is_not_silent(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		carry(0, true);
		assert_false(step());
	}
	for (int i = 0; i < 200; i++)
		assert_false(step());
	assert_false(silence_is_busy(silence));
	assert_true(silence_has_several(silence));
}

/* A lone segment may be acknowledged 200 ms late. */
static void
test_delayed_acknowledgement(void **state)
{
	(void)state;
	assert_false(step());
	look.list[0].unacked = 1;
	for (int i = 0; i < 14; i++) {
		acknowledge(1);
		assert_false(step());
	}
}

static void
test_long_round_trip_gets_patience(void **state)
{
	(void)state;
	look.list[0].rtt_us = 100000;
	look.list[0].rttvar_us = 10000;
	assert_false(step());
	look.list[0].unacked = 8;
	for (int i = 0; i < 20; i++) { /* 300 ms = 60 + 2 x 100 + 4 x 10 */
		acknowledge(1);
		assert_false(step());
	}
	acknowledge(1);
	assert_true(step());
}

/* Another session has nothing but this path: it must not lose it. */
static void
test_last_path_of_another_session_is_kept(void **state)
{
	(void)state;
	look.n = 3;
	look.n_sessions = 2;
	look.list[2] = look.list[0];
	look.list[2].token = 9;
	look.sessions[1].token = 9;
	assert_false(step());
	look.list[0].unacked = 8;
	for (int i = 0; i < 50; i++) {
		acknowledge(1);
		assert_false(step());
	}
}

static void
test_idle_third_path_is_not_accused(void **state)
{
	bool said = false;

	(void)state;
	look.n = 3;
	look.list[2] = look.list[1]; /* idle, also by B */
	look.list[2].local_port++;
	for (int i = 0; i < 50; i++) {
		carry(0, true);
		assert_false(step());
	}
	for (int i = 0; i < 10 && !said; i++) {
		carry(2, false);
		said = step();
	}
	assert_true(said);
	assert_int_equal(verdict.flow.local[15], A);
}

/* A path that keeps failing is taken out ever more rarely. */
static void
test_verdicts_are_held_down(void **state)
{
	unsigned verdicts = 0;

	(void)state;
	assert_false(step());
	look.list[0].unacked = 8;
	for (int i = 0; i < 2000; i++) { /* 30 s */
		acknowledge(1);
		verdicts += step();
	}
	assert_int_equal(verdicts, 5); /* at once, then 1, 2, 4, 8 s apart */
}

static void
test_not_ours(void **state)
{
	struct silence_judge other = {own + 1, 1, confirm, NULL, HOLD_RULE};

	(void)state;
	assert_false(step());
	look.list[0].unacked = 8;
	for (int i = 0; i < 50; i++) {
		acknowledge(1);
		now += 15;
		assert_false(silence_look(silence, &look, now, &other, &verdict));
	}
}

/* The only path: another one may be found where the session is managed, or began here. */
static void
test_lone(void **state)
{
	struct silence_suspect suspects[2];
	const struct {
		bool managed, began;
		size_t suspects;
	} rows[] = {{false, false, 0}, {false, true, 1}, {true, false, 1}, {true, true, 1}};

	(void)state;
	look.n = 1;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		look.list[0].managed = rows[i].managed;
		look.list[0].began = rows[i].began;
		look.list[0].unacked = 0;
		acknowledge(0);
		assert_false(step());
		assert_int_equal(silence_has_several(silence), rows[i].suspects == 1);
		look.list[0].unacked = 2;
		assert_false(step());
		assert_false(step());
		assert_int_equal(silence_suspects(silence, now, suspects, 2), rows[i].suspects);
		if (rows[i].suspects > 0)
			assert_int_equal(suspects[0].n_others, 0);
		for (int k = 0; k < 20; k++) /* and is never left */
			assert_false(step());
	}
}

/* Looks that bring data, then some that do not. How many are suspect then, and whether for having stopped. */
static size_t
stopped_after(int with, int without, bool *stopped)
{
	struct silence_suspect suspects[2];
	size_t n;

	for (int i = 0; i < with; i++) {
		carry(0, true);
		assert_false(step());
	}
	for (int i = 0; i < without; i++)
		assert_false(step());
	n = silence_suspects(silence, now, suspects, 2);
	*stopped = n == 1 && suspects[0].stopped;
	if (*stopped)
		assert_in_range(suspects[0].ms, SILENCE_STOPPED_MS, now);
	return n;
}

/* Who only receives is owed nothing. That a stream stopped is no sign but where it came for a while, by the only path, which this
 * end chose. */
static void
test_stopped(void **state)
{
	bool stopped;

	(void)state;
	look.n = 1;
	look.list[0].began = true;
	assert_int_equal(stopped_after(0, 40, &stopped), 0); /* never anything */
	assert_int_equal(stopped_after(1, 10, &stopped), 0); /* a word */
	for (int i = 0; i < 10; i++) /* words, with pauses */
		assert_int_equal(stopped_after(5, 10, &stopped), 0);
	assert_int_equal(stopped_after(30, 6, &stopped), 0); /* a stream, and a short pause */
	assert_int_equal(stopped_after(0, 1, &stopped), 1);
	assert_true(stopped);
	look.list[0].unacked = 2; /* what is owed counts for more */
	assert_int_equal(stopped_after(0, 3, &stopped), 1);
	assert_false(stopped);
	look.list[0].unacked = 0;
	look.list[0].managed = true;
	assert_int_equal(stopped_after(0, 1, &stopped), 0);
	look.list[0].managed = look.list[0].began = false;
	assert_int_equal(stopped_after(0, 1, &stopped), 0);
	look.list[0].began = true;
	assert_int_equal(stopped_after(0, 1, &stopped), 1);
	look.n = 2;
	assert_int_equal(stopped_after(0, 1, &stopped), 0);
}

/* Paths of a managed session count by pairs, and harm nobody else: not one whose only path is by the same address. */
static void
test_managed_by_pairs(void **state)
{
	unsigned steps = 0;

	(void)state;
	memcpy(look.list[1].local, look.list[0].local, 16);
	look.list[1].remote[15] = 1;
	look.list[2] = look.list[0];
	look.list[2].token = 8;
	look.n = 3;
	for (unsigned managed = 0; managed < 2; managed++) {
		look.list[0].managed = look.list[1].managed = managed != 0;
		look.list[0].unacked = 0;
		acknowledge(0);
		acknowledge(1);
		assert_false(step());
		look.list[0].unacked = 8;
		for (steps = 0; steps < 20; steps++) {
			acknowledge(1);
			if (step())
				break;
		}
		assert_int_equal(steps < 20, managed);
	}
	assert_int_equal(verdict.flow.token, 7);
	assert_int_equal(verdict.flow.remote[15], 0);
}

/* The handshake of a path that has just joined is no data: a sender, to whom none comes, has idle paths that withhold none. */
static void
test_new_path_brings_no_data(void **state)
{
	(void)state;
	look.n = 1;
	for (int i = 0; i < 20; i++)
		assert_false(step());
	look.n = 2;
	look.list[1].managed = look.list[0].managed = true;
	for (int i = 0; i < 20; i++) {
		acknowledge(1);
		assert_false(step());
	}
}

/* What a datagram may take is told from the shortest round trip, not from those that late acknowledgements made long. */
static void
test_round_trips(void **state)
{
	struct subflow s = {.rtt_us = 40000};

	(void)state;
	assert_int_equal(subflow_round_trip(&s), 40000);
	s.min_rtt_us = 300;
	assert_int_equal(subflow_round_trip(&s), 600);
	s.min_rtt_us = 30000;
	assert_int_equal(subflow_round_trip(&s), 40000);
}

/* How long a path was silent, for who asks later. */
static void
test_since(void **state)
{
	(void)state;
	assert_false(step());
	assert_false(step());
	acknowledge(1);
	assert_false(step());
	assert_int_equal(silence_since(silence, &look.list[0], false, now), 30);
	assert_int_equal(silence_since(silence, &look.list[1], false, now), 0);
	assert_int_equal(
	    silence_since(silence, &look.list[0], true, now), 0); /* nothing is out */
	assert_true(silence_is_quiet(silence, &look.list[0], 30, now));
	assert_false(silence_is_quiet(silence, &look.list[0], 31, now));
	assert_false(silence_is_quiet(silence, &look.list[1], 30, now));
	look.list[0].rtt_us = 20000; /* its answers may be on their way */
	assert_false(silence_is_quiet(silence, &look.list[0], 30, now));
	look.list[0].token = 9; /* it is gone */
	assert_int_equal(silence_since(silence, &look.list[0], false, now), 0);
}

/* Without confirmation nothing is left, and no hold begins; who is asked gets the controls. */
static void
test_confirmed(void **state)
{
	(void)state;
	assert_false(step());
	look.list[0].unacked = 8;
	confirms = false;
	asked.ms = 0;
	for (int i = 0; i < 50; i++) {
		acknowledge(1);
		assert_false(step());
	}
	assert_int_equal(asked.flow.local[15], A);
	assert_true(asked.ms > SILENCE_FLOOR_MS);
	assert_int_equal(asked.n_others, 1);
	assert_int_equal(asked.others[0].local[15], B);
	confirms = true;
	acknowledge(1);
	assert_true(step());
}

/* As many sessions as a server has: the dead path that all of them have is found, and those that have another too are asked for
 * once, not once for each. */
static void
test_many_sessions(void **state)
{
	enum { SESSIONS = 20000 };
	struct subflow *many = calloc(2 * SESSIONS, sizeof *many);
	struct subflow_session *theirs = calloc(SESSIONS, sizeof *theirs);
	bool said = false;

	(void)state;
	assert_non_null(many);
	assert_non_null(theirs);
	for (uint32_t i = 0; i < 2 * SESSIONS; i++) {
		many[i] = flows[i % 2];
		many[i].token = 7 + i / 2;
		theirs[i / 2].token = 7 + i / 2;
	}
	look = (struct subflows){.n = 2 * SESSIONS,
	    .n_sessions = SESSIONS,
	    .complete = true,
	    .list = many,
	    .sessions = theirs};
	assert_false(step());
	for (uint32_t i = 0; i < SESSIONS; i++)
		many[2 * i].unacked = 8;
	for (int i = 0; i < 20 && !said; i++) {
		for (uint32_t k = 0; k < SESSIONS; k++)
			acknowledge(2 * k + 1);
		said = step();
	}
	assert_true(said);
	assert_int_equal(verdict.flow.local[15], A);
	/* the first one has nothing else any more: then it is nobody's to leave */
	memmove(many + 1, many + 2, (2 * SESSIONS - 2) * sizeof *many);
	look.n--;
	for (int i = 0; i < 100; i++) {
		for (uint32_t k = 1; k < SESSIONS; k++)
			acknowledge(2 * k);
		assert_false(step());
	}
	free(many);
	free(theirs);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, look_setup, look_teardown)
	const struct CMUnitTest tests[] = {
	    T(test_sender_sees_no_acknowledgement),
	    T(test_suspects),
	    T(test_suspect_while_heard),
	    T(test_suspects_of_one_path_are_none),
	    T(test_leave),
	    T(test_receiver_sees_a_hole),
	    T(test_both_silent_moves_nothing),
	    T(test_idle_is_not_silent),
	    T(test_delayed_acknowledgement),
	    T(test_long_round_trip_gets_patience),
	    T(test_last_path_of_another_session_is_kept),
	    T(test_idle_third_path_is_not_accused),
	    T(test_verdicts_are_held_down),
	    T(test_not_ours),
	    T(test_lone),
	    T(test_stopped),
	    T(test_managed_by_pairs),
	    T(test_new_path_brings_no_data),
	    T(test_round_trips),
	    T(test_since),
	    T(test_confirmed),
	    T(test_many_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
