/*
 * test_crowd.c - many suspects, and many paths of one session: none is forgotten for another one, and nobody keeps us busy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/resolverd/looks.h"

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
#define T(name) cmocka_unit_test_setup_teardown(name, look_setup, look_teardown)
	const struct CMUnitTest tests[] = {
	    T(test_crowd),
	    T(test_suspects_in_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
