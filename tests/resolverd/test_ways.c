/*
 * test_ways.c - when a pair that died may be used again, and when it is looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolverd/ways.h"

/* Addresses by their last octet: ours A and B, the peer's C and D. */
enum { A = 0xa, B = 0xb, C = 0xc, D = 0xd };

static struct ways ways;

static struct prober_way
way(unsigned local, unsigned remote)
{
	struct prober_way w = {
	    .local = {0x20, 0x01, 0x0d, 0xb8}, .remote = {0x20, 0x01, 0x0d, 0xb8}};

	w.local[15] = (uint8_t)local;
	w.remote[14] = (uint8_t)(remote >> 8);
	w.remote[15] = (uint8_t)remote;
	return w;
}

static int
fresh(void **state)
{
	(void)state;
	ways = (struct ways){.rule = HOLD_RULE};
	return 0;
}

static void
test_flapping(void **state)
{
	struct prober_way w = way(A, C), due;
	uint64_t now = 100000, wait = HOLD_MS;

	(void)state;
	for (unsigned i = 0; i < 8; i++) { /* it dies again as soon as it lives */
		ways_died(&ways, &w, false, now);
		assert_true(ways_is_dead(&ways, &w));
		assert_false(ways_may(&ways, &w));
		assert_int_equal(ways_next(&ways), now + wait);
		assert_int_equal(ways_due(&ways, now + wait - 1, &due, 1), 0);
		ways_hurry(&ways, NULL, now + 1); /* whatever changes, and whoever says so */
		assert_int_equal(ways_due(&ways, now + wait - 1, &due, 1), 0);
		assert_int_equal(ways_due(&ways, now + wait, &due, 1), 1);
		assert_true(prober_way_equal(&due, &w));
		now += wait;
		assert_true(ways_lived(&ways, &w, now));
		assert_false(ways_lived(&ways, &w, now));
		assert_true(ways_may(&ways, &w));
		now += 300;
		wait = wait * 2 < HOLD_MAX ? wait * 2 : HOLD_MAX;
	}
	now += 2 * HOLD_MAX + 1; /* it was good for a long time */
	ways_died(&ways, &w, false, now);
	assert_int_equal(ways_next(&ways), now + HOLD_MS);
}

/* The rule is the configuration's: here what flaps waits no longer each time, or three times as long. */
static void
test_flapping_by_rule(void **state)
{
	static const struct hold_rule rules[] = {{200, 60000, 1}, {500, 3000, 3}};
	static const uint64_t waits[][3] = {{200, 200, 200}, {500, 1500, 3000}};
	struct prober_way w = way(A, C);
	uint64_t now = 100000;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		ways = (struct ways){.rule = rules[i]};
		for (size_t k = 0; k < 3; k++) {
			ways_died(&ways, &w, false, now);
			assert_int_equal(ways_next(&ways), now + waits[i][k]);
			now += waits[i][k];
			assert_true(ways_lived(&ways, &w, now));
		}
	}
}

/* One may try it, and only one; a second death while it is dead changes nothing. */
static void
test_trial(void **state)
{
	struct prober_way w = way(A, C);

	(void)state;
	ways_try(&ways, &w);
	assert_true(ways_may(&ways, &w)); /* nothing is known of it */
	ways_died(&ways, &w, false, 100000);
	ways_died(&ways, &w, false, 100500);
	assert_int_equal(ways_next(&ways), 100000 + HOLD_MS);
	ways_try(&ways, &w);
	assert_true(ways_may(&ways, &w));
	assert_false(ways_may(&ways, &w));
	assert_true(ways_lived(&ways, &w, 110000));
	ways_died(&ways, &w, true, 120000); /* its peer answers probes: they tell */
	ways_try(&ways, &w);
	assert_false(ways_may(&ways, &w));
}

/* A pair whose sessions are over is looked at for a while, and then no more. */
static void
test_unasked(void **state)
{
	struct prober_way w = way(A, C), other = way(A, D), due[2];
	uint64_t now = 100000;

	(void)state;
	ways_died(&ways, &w, true, now);
	ways_died(&ways, &other, true, now);
	for (unsigned i = 0; i < 100; i++) {
		now += WAYS_LOOK_MAX;
		(void)ways_due(&ways, now, due, 2);
		assert_true(ways_is_dead(&ways, &w));
	}
	assert_int_equal(ways_due(&ways, now + WAYS_LOOK_MAX, due, 2), 1);
	assert_true(prober_way_equal(&due[0], &w));
	assert_int_equal(ways.n, 1);
}

/* One that is back by the first look each time is no less looked at when it dies once more: nobody had to ask for it. */
static void
test_looked_at_anew(void **state)
{
	struct prober_way w = way(A, C), due[1];
	uint64_t now = 100000;

	(void)state;
	for (unsigned i = 0; i <= 2 * WAYS_UNASKED; i++, now += 60000) {
		ways_died(&ways, &w, true, now);
		assert_int_equal(ways_due(&ways, now + HOLD_MS, due, 1), 1);
		assert_true(ways_lived(&ways, &w, now + HOLD_MS));
	}
}

/* The memory is bounded; the dead are kept before those that live again. */
static void
test_bounded(void **state)
{
	struct prober_way w;

	(void)state;
	for (unsigned i = 0; i < WAYS_MAX; i++) {
		w = way(A, i);
		ways_died(&ways, &w, false, 100000 + i);
	}
	w = way(A, 5);
	assert_true(ways_lived(&ways, &w, 200000));
	w = way(B, 1);
	ways_died(&ways, &w, false, 200000);
	assert_int_equal(ways.n, WAYS_MAX);
	assert_true(ways_is_dead(&ways, &w));
	w = way(A, 0);
	assert_true(ways_is_dead(&ways, &w));
}

/* Each of many peers keeps its own: those that are gone, in whatever order, are gone alone. */
static void
test_many(void **state)
{
	uint64_t now = 100000;
	struct prober_way w, due[8];
	size_t n, looked = 0;

	(void)state;
	for (unsigned i = 0; i < WAYS_MAX; i++) {
		w = way(A, i);
		ways_died(&ways, &w, true, now);
		ways_took(&ways, &w, 1000 * i);
	}
	for (unsigned round = 0; round < 2 * WAYS_UNASKED;
	     round++) { /* somebody asks for every third */
		now += WAYS_LOOK_MAX;
		looked = 0;
		while ((n = ways_due(&ways, now, due, 8)) > 0)
			looked += n;
		for (unsigned i = 0; i < WAYS_MAX; i += 3) {
			w = way(A, i);
			assert_true(ways_is_dead(&ways, &w));
		}
	}
	assert_int_equal(looked, (WAYS_MAX + 2) / 3);
	assert_int_equal(ways.n, looked);
	for (unsigned i = 0; i < WAYS_MAX; i++) {
		w = way(A, i);
		assert_int_equal(ways_is_dead(&ways, &w), i % 3 == 0);
		if (i % 3 == 0)
			assert_int_equal(
			    ways_patience(&ways, &w), 3 * i + WAYS_LOOK_MAX / WAYS_PATIENCE);
		w = way(B, i);
		assert_false(ways_is_dead(&ways, &w));
	}
}

/* More are dead than can be looked at before the first are due again: each has its turn, and none is forgotten before the others. */
static void
test_turns(void **state)
{
	enum { MANY = 1000, LOOK_MS = 140 };
	static unsigned looks[MANY];
	struct prober_way due[5];
	uint64_t now = 100000;

	(void)state;
	memset(looks, 0, sizeof looks);
	for (unsigned i = 0; i < MANY; i++) {
		struct prober_way w = way(A, i);

		ways_died(&ways, &w, true, now);
	}
	now += HOLD_MS;
	for (unsigned round = 0; round < 10 * MANY / 5; round++, now += LOOK_MS) {
		size_t n = ways_due(&ways, now, due, 5);

		assert_int_equal(n, 5);
		for (size_t i = 0; i < n; i++)
			looks[due[i].remote[14] << 8 | due[i].remote[15]]++;
	}
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(looks[i], 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_flapping, fresh),
	    cmocka_unit_test_setup(test_flapping_by_rule, fresh),
	    cmocka_unit_test_setup(test_trial, fresh),
	    cmocka_unit_test_setup(test_unasked, fresh),
	    cmocka_unit_test_setup(test_looked_at_anew, fresh),
	    cmocka_unit_test_setup(test_bounded, fresh),
	    cmocka_unit_test_setup(test_many, fresh),
	    cmocka_unit_test_setup(test_turns, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
