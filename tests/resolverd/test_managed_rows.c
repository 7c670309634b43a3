/*
 * test_managed_rows.c - a session with more paths, addresses, announcements or signs than there is room for: none of them keeps it from
 * what it needs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/resolverd/acts.h"

/* More addresses than a session may have paths: it has some to each of the peer's, and from as many of ours. */
static void
test_many_unmapped(void **state)
{
	struct managed_address heard = {.id = 3};
	struct prober_way spares[MANAGED_PAIRS];

	(void)state;
	have(8, A, B, 1, 2, 3, 4, 5, 6);
	assert_string_equal(acts_are(), "join b-c, join 1-c, join 2-c, join 3-c, join 4-c, "
					"join 5-c, join 6-c");
	address(heard.address, D);
	managed_heard(&m, &heard);
	assert_string_equal(acts_are(), "join b-d, join 1-c, join 2-d, join 3-c, join 4-d, "
					"join 5-c, join 6-d");
	assert_int_equal(managed_spares(&m, &world, spares, 1), 1);
	assert_int_equal(spares[0].remote[15], D);
	m.joins = 0;
	world.n_own = 3; /* a third address of the peer */
	address(heard.address, 0xe);
	heard.id = 4;
	managed_heard(&m, &heard);
	assert_string_equal(acts_are(), "join b-d, join 1-e, join b-c, join a-d, join a-e, "
					"join 1-c, join 1-d");
	m.joins = 0; /* and six more */
	for (heard.id = 5; heard.id < 11; heard.id++) {
		heard.address[15]++;
		managed_heard(&m, &heard);
	}
	world.n_own = 2;
	assert_string_equal(acts_are(), "join b-d, join a-e, join b-f, join a-10, join b-11, "
					"join a-12, join b-13");
	m.joins = 0; /* the same where it moved away from what its mapping has it at */
	have(8, A, B, 1, 2, 3, 4, 5, 6);
	map(0xf, C, false);
	map(0xf, C, true);
	map(0xf, D, false);
	assert_string_equal(acts_are(), "join b-d, join 1-c, join 2-d, join 3-c, join 4-d, "
					"join 5-c, join 6-d");
}

/* Numbers of addresses go round, past those that are taken: the kernel knows no two addresses by one. */
static void
test_numbers(void **state)
{
	struct mptcp_path withdrawn = path(D, C, 0, 0);

	(void)state;
	m.server = true;
	have(3, A, B, D);
	assert_string_equal(acts_are(), "announce b");
	assert_int_equal(acts[0].path.local_id, 1);
	m.own[0].announced = true;
	for (unsigned i = 0; i < 600; i++) { /* one is withdrawn, and announced again */
		assert_string_equal(acts_are(), "announce d");
		assert_int_not_equal(acts[0].path.local_id, 0);
		assert_int_not_equal(acts[0].path.local_id, 1);
		assert_int_equal(managed_forget(&m, &withdrawn), acts[0].path.local_id);
	}
}

/* A host that moves often has a number for each address that it has now: those of the past are given up. */
static void
test_moved_often(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * MANAGED_PATHS; i++) {
		for (size_t k = 0; k < m.n_paths; k++)
			managed_fell(&m.paths[k], world.now);
		have(1, 0x20 + i);
		world.now += MANAGED_JOIN_MAX;
		(void)acts_are();
		assert_int_equal(n_acts, 1);
		assert_int_equal(acts[0].kind, ACT_JOIN);
		assert_int_equal(acts[0].path.local[15], 0x20 + i);
		assert_true(managed_put(&m, &acts[0].path, true, world.now));
	}
}

/* A peer that announces address after address is not followed to all of them. */
static void
test_many_announced(void **state)
{
	struct managed_address heard = {.id = 1};
	unsigned joins = 0;

	(void)state;
	have(1, A);
	for (unsigned i = 0; i < 100; i++) {
		address(heard.address, 0x40 + i);
		managed_heard(&m, &heard);
		(void)acts_are();
		for (size_t k = 0; k < n_acts; k++, joins++)
			(void)managed_put(&m, &acts[k].path, false, world.now);
		world.now += 10;
	}
	assert_int_equal(joins, MANAGED_JOINS);
	world.now += MANAGED_JOINS_MS;
	assert_string_not_equal(acts_are(), "");
}

/* Nor is who makes up probes of a pair that does not answer followed so often that none are left for an address that appears. */
static void
test_many_signs(void **state)
{
	struct prober_way made_up = way(B, C);

	(void)state;
	assert_string_equal(acts_are(), "join b-c");
	assert_true(managed_put(&m, &acts[0].path, false, world.now));
	for (unsigned i = 0; i < 25; i++) {
		world.now += MANAGED_SIGN_MS;
		if (!managed_sign(&m, &made_up, world.now))
			continue;
		assert_string_equal(acts_are(), "join b-c");
		assert_true(managed_put(&m, &acts[0].path, false, world.now));
	}
	assert_int_equal(m.joins, MANAGED_SIGNED);
	have(3, A, B, 0xe);
	assert_string_equal(acts_are(), "join b-c, join e-c");
	world.now += MANAGED_JOINS_MS;
	assert_true(managed_sign(&m, &made_up, world.now));
}

/* A peer probes at an address: what stands by it he may have left. It is asked for once a second, and when it ends made anew soon; else
 * that waits. Only by who began the session, and not for ever. */
static void
test_asked(void **state)
{
	const struct mptcp_path *asked[MANAGED_PATHS];
	struct prober_way looks = way(A, C), elsewhere = way(A, 0xe);

	(void)state;
	up(A, D, 0);
	up(B, C, 0);
	assert_int_equal(managed_asks(&m, &elsewhere, world.now, asked), 0);
	managed_fell(&m.paths[1], world.now);
	assert_int_equal(m.paths[1].wait, MANAGED_JOIN_MS);
	up(A, D, 0);
	assert_int_equal(managed_asks(&m, &looks, world.now, asked), 2);
	assert_memory_equal(asked[0]->local, looks.local, 16);
	assert_memory_equal(asked[1]->local, looks.local, 16);
	world.now += MANAGED_ASK_MS - 1;
	assert_int_equal(managed_asks(&m, &looks, world.now, asked), 0);
	world.now++;
	assert_int_equal(managed_asks(&m, &looks, world.now, asked), 2);
	managed_fell(&m.paths[0], world.now);
	assert_int_equal(m.paths[0].wait, MANAGED_SIGN_MS);
	world.now += MANAGED_ASK_MS;
	assert_int_equal(managed_asks(&m, &looks, world.now, asked), 1);
	assert_true(managed_sign(&m, &looks, world.now));
	assert_int_equal(m.paths[0].wait, 0);
	managed_fell(&m.paths[1],
	    world.now); /* one that the probe did not come by, but to its address */
	world.now += MANAGED_SIGN_MS;
	assert_true(managed_sign(&m, &looks, world.now));
	assert_int_equal(m.paths[1].wait, 0);
	up(A, D, 0);
	up(A, C, 0); /* it stands anew */
	managed_fell(&m.paths[0], world.now);
	assert_int_equal(m.paths[0].wait, MANAGED_JOIN_MS);
	m.joins = MANAGED_SIGNED;
	m.joins_since = world.now += MANAGED_ASK_MS;
	assert_int_equal(managed_asks(&m, &looks, world.now, asked), 0);
	m.joins = 0;
	m.server = true;
	assert_int_equal(managed_asks(&m, &looks, world.now, asked), 0);
	m.server = false;
	assert_int_equal(managed_asks(&m, &looks, world.now, asked), 1);
}

/* What ends as its peer takes the address back is not missed by the peer, though he looked here just before: who is in trouble looks
 * everywhere. And each try that fails has the next one wait, from the usual time on. */
static void
test_asked_withdrawn(void **state)
{
	const struct mptcp_path *asked[MANAGED_PATHS];
	struct prober_way looks = way(A, C);
	struct mptcp_path again = path(A, C, 0, 0);

	(void)state;
	up(A, D, 0);
	m.paths[1].path.remote_id = 2;
	assert_int_equal(managed_asks(&m, &looks, world.now, asked), 2);
	managed_withdrawn(&m, 2);
	managed_fell(&m.paths[1], world.now);
	assert_int_equal(m.paths[1].wait, MANAGED_JOIN_MS);
	managed_fell(&m.paths[0], world.now);
	assert_int_equal(m.paths[0].wait, MANAGED_SIGN_MS);
	assert_true(managed_put(&m, &again, false, world.now));
	assert_int_equal(m.paths[0].wait, MANAGED_JOIN_MS);
	assert_true(managed_put(&m, &again, false, world.now));
	assert_int_equal(m.paths[0].wait, 2 * MANAGED_JOIN_MS);
}

/* More paths than there is room for; those that do not stand make room. */
static void
test_many(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANAGED_PAIRS - 1; i++)
		up(0x20 + i, C, 1 + i);
	map(B, D, false);
	assert_string_equal(acts_are(), "leave 20-c!, leave 21-c!, leave 22-c!, leave 23-c!, "
					"leave 24-c!, leave 25-c!, leave 26-c!, join b-d");
	for (size_t i = 1; i < m.n_paths; i++)
		managed_fell(&m.paths[i], world.now);
	for (unsigned i = MANAGED_PAIRS; i < MANAGED_PATHS; i++) {
		struct mptcp_path more = path(0x20 + i, C, 1 + i, 0);

		assert_true(managed_put(&m, &more, false, world.now));
	}
	assert_int_equal(m.n_paths, MANAGED_PATHS);
	assert_string_equal(acts_are(), "join b-d");
	assert_true(managed_put(&m, &acts[0].path, false, world.now));
	assert_int_equal(m.n_paths, MANAGED_PATHS);
}

/* It has all the paths that it may have, and none is any good: another one is made before these are left. */
static void
test_crowded(void **state)
{
	(void)state;
	have(1, A);
	for (unsigned i = 1; i < MANAGED_PAIRS; i++)
		up(A, C + i * 0x10, 0);
	map(A, D, false);
	assert_string_equal(acts_are(), "");
	m.n_given_up = MANAGED_PAIRS;
	for (unsigned i = 0; i < MANAGED_PAIRS; i++)
		address(m.given_up[i], C + i * 0x10);
	assert_string_equal(acts_are(), "join a-d");
	m.n_given_up = 0;
	for (size_t i = 0; i < MANAGED_PAIRS; i++)
		m.paths[i].mute = true;
	assert_string_equal(acts_are(), ""); /* once, and not now */
	m.cut = world.now + 1000;
	assert_string_equal(acts_are(), "join a-d");
	m.cut = 0;
	for (unsigned i = 0; i < MANAGED_PAIRS; i++) {
		struct prober_way dead = way(A, C + i * 0x10);

		ways_died(&ways, &dead, true, world.now);
	}
	assert_string_equal(acts_are(), "join a-d");
	assert_true(managed_put(&m, &acts[0].path, true, world.now));
	assert_string_equal(acts_are(), "leave a-c!, leave a-1c!, leave a-2c!, leave a-3c!, "
					"leave a-4c!, leave a-5c!, leave a-6c!, leave a-7c!");
}

/* The same of a host that has left as many addresses as it may be by: there are numbers for those that it has now. */
static void
test_crowded_numbers(void **state)
{
	(void)state;
	managed_fell(&m.paths[0], world.now);
	for (unsigned i = 1; i <= MANAGED_PAIRS; i++)
		up(0x20 + i, C, i);
	have(1, B);
	assert_string_equal(acts_are(), "join b-c");
}

/* A dead pair may be tried once by whichever session: one that has no handshake left leaves it to others, and to itself later. */
static void
test_trial(void **state)
{
	struct prober_way dead = way(B, C);

	(void)state;
	ways_died(&ways, &dead, false, world.now);
	assert_true(ways_try(&ways, &dead));
	m.joins_since = world.now;
	m.joins = MANAGED_JOINS;
	assert_string_equal(acts_are(), "");
	world.now += MANAGED_JOINS_MS;
	assert_string_equal(acts_are(), "join b-c");
	m.joins = 0;
	assert_string_equal(acts_are(), "");
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup(name, fresh)
	const struct CMUnitTest tests[] = {T(test_many_unmapped), T(test_numbers),
	    T(test_moved_often), T(test_many_announced), T(test_many_signs), T(test_asked),
	    T(test_asked_withdrawn), T(test_many), T(test_crowded), T(test_crowded_numbers),
	    T(test_trial)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
