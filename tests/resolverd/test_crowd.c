/*
 * test_crowd.c - many suspects, and many paths of one session: none is forgotten for another one, and nobody keeps us busy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolverd/silence.h"

#define A 0xa
#define B 0xb

static struct subflow flows[4];
static struct subflow_session sessions[4];
static struct subflows look;
static struct silence *silence;
static uint64_t now;
static uint8_t own[2][16];
static struct silence_verdict verdict;
static bool confirms; /* as probes would */
static struct silence_suspect asked;

static bool
confirm(void *arg, const struct silence_suspect *suspect)
{
	(void)arg;
	asked = *suspect;
	return confirms;
}

static struct silence_judge judge = {own, 2, confirm, NULL, {HOLD_MS, HOLD_MAX, HOLD_PENALTY}};

static int
setup(void **state)
{
	(void)state;
	memset(flows, 0, sizeof flows);
	memset(sessions, 0, sizeof sessions);
	look = (struct subflows){.list = flows, .sessions = sessions};
	look.complete = true;
	look.n = 2;
	look.n_sessions = 1;
	look.sessions[0].token = 7;
	for (unsigned i = 0; i < 2; i++) {
		own[i][15] = (uint8_t)(A + i);
		look.list[i].token = 7;
		look.list[i].local[15] = (uint8_t)(A + i);
		look.list[i].local_port = (uint16_t)(1000 + i);
		look.list[i].rtt_us = 100;
	}
	now = 1000;
	confirms = true;
	silence = silence_new();
	return silence == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	silence_free(silence);
	return 0;
}

/* One look, 15 ms after the last. */
static bool
step(void)
{
	now += 15;
	return silence_look(silence, &look, now, &judge, &verdict);
}

static void
acknowledge(unsigned flow)
{
	look.list[flow].segments_in += 4;
}

/* A session of more paths than any host has addresses is not judged: that would take as many looks as they have pairs. */
static void
test_crowd(void **state)
{
	enum { CROWD = 200 };
	static struct subflow crowd[CROWD];

	(void)state;
	memcpy(crowd, flows, 2 * sizeof crowd[0]);
	look.list = crowd;
	look.n = CROWD;
	for (unsigned i = 2; i < CROWD; i++) {
		look.list[i] = look.list[1];
		look.list[i].local_port = (uint16_t)(1000 + i);
	}
	assert_false(step());
	look.list[0].unacked = 8;
	for (unsigned i = 0; i < 20; i++) {
		acknowledge(1);
		assert_false(step());
	}
	look.n = 2;
	acknowledge(1);
	assert_true(step());
}

/* Of more suspects than there is room for each has its turn: those whose peer is gone for good are in nobody's way. */
static void
test_suspects_in_turns(void **state)
{
	enum { MANY = 100, ROOM = 32 };
	static struct subflow crowd[MANY];
	static struct subflow_session theirs[MANY];
	struct silence_suspect suspects[ROOM];
	bool had[MANY] = {false};

	(void)state;
	crowd[0] = flows[0];
	look.list = crowd;
	look.sessions = theirs;
	look.n = look.n_sessions = MANY;
	for (unsigned i = 0; i < MANY; i++) {
		look.list[i] = look.list[0];
		look.list[i].token = look.sessions[i].token = 7 + i;
		look.list[i].unacked = 2;
		look.list[i].managed = true;
	}
	assert_false(step());
	assert_false(step());
	for (unsigned n = 0; n < MANY; n += ROOM) {
		assert_int_equal(silence_suspects(silence, now, suspects, ROOM), ROOM);
		for (unsigned i = 0; i < ROOM; i++)
			had[suspects[i].flow.token - 7] = true;
	}
	for (unsigned i = 0; i < MANY; i++)
		assert_true(had[i]);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_crowd),
	    T(test_suspects_in_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
