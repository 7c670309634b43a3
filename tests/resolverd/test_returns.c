/*
 * test_returns.c - pairs that were left, looked at while a session would use them, and then forgotten; with a clock, timers and probes
 * on paper.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolverd/returns.h"
#include "resolverd/ways.h"
#include "tests/resolverd/clockwork.h"

#define LOOKS 100

static struct returns *returns;
static bool wanted, answers, answered, busy;
static unsigned looks, offers;
static heartbeat_fn *check_fn;
static void *check_arg;

/* --- linked with --wrap --- */

int __wrap_heartbeat_start(struct heartbeat *heartbeat, const struct heartbeat_plan *plan,
    heartbeat_fn *fn, void *arg, struct heartbeat_check **out);
void __wrap_heartbeat_cancel(struct heartbeat_check *check);

int
__wrap_heartbeat_start(struct heartbeat *heartbeat, const struct heartbeat_plan *plan,
    heartbeat_fn *fn, void *arg, struct heartbeat_check **out)
{
	(void)heartbeat;
	assert_int_equal(plan->n, 1);
	looks++;
	check_fn = fn;
	check_arg = arg;
	*out = (struct heartbeat_check *)&looks;
	return 0;
}

void
__wrap_heartbeat_cancel(struct heartbeat_check *check)
{
	(void)check;
}

/* --- */

static struct prober_way
way(void)
{
	return (struct prober_way){
	    .local = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .remote = {0x20, 0x01, 0x0d, 0xb8}};
}

static bool
returned(void *arg, const struct prober_way *of, bool lives)
{
	struct prober_way is = way();

	(void)arg;
	assert_true(prober_way_equal(of, &is));
	answered = lives;
	offers++;
	return !busy;
}

static bool
is_wanted(void *arg, const struct prober_way *of)
{
	(void)arg;
	(void)of;
	return wanted;
}

static const struct returns_ops ops = {returned, is_wanted};

static void
open_with(struct heartbeat *heartbeat)
{
	struct hold_rule rule = HOLD_RULE;

	now = 100000;
	n_timers = 0;
	looks = offers = 0;
	wanted = answers = answered = busy = false;
	check_fn = NULL;
	assert_int_equal(
	    returns_open((struct loop *)&now, heartbeat, &rule, &ops, NULL, &returns), 0);
}

/* The timer and what it starts. False: it does not run. */
static bool
step(void)
{
	struct heartbeat_outcome outcome = {.beat = answers ? BEAT_ALIVE : BEAT_SILENT};

	if (timers[0].due == 0)
		return false;
	now = timers[0].due;
	clockwork_fire(&timers[0]);
	if (check_fn != NULL) {
		heartbeat_fn *fn = check_fn;

		check_fn = NULL;
		fn(check_arg, &outcome, 1);
	}
	return true;
}

/* Its sessions are over: neither probes nor offers go on, whatever of it is known. */
static void
test_unwanted(void **state)
{
	struct prober_way w = way();

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		open_with(i < 2 ? (struct heartbeat *)&now : NULL);
		returns_left(returns, &w, i % 2 == 0);
		for (unsigned k = 0; k < LOOKS && step(); k++)
			;
		assert_int_equal(timers[0].due, 0);
		assert_int_equal(looks, i < 2 ? WAYS_UNASKED : 0);
		assert_int_equal(offers, 0);
		returns_close(returns);
	}
}

/* As long as a session would use it, it is looked at; who never answered a probe is offered each time. */
static void
test_wanted(void **state)
{
	struct prober_way w = way();

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		open_with((struct heartbeat *)&now);
		wanted = true;
		returns_left(returns, &w, i == 0);
		for (unsigned k = 0; k < LOOKS; k++)
			assert_true(step());
		assert_int_equal(looks, LOOKS);
		assert_int_equal(offers, i == 0 ? 0 : LOOKS);
		assert_false(answered);
		answers = true;
		assert_true(step());
		assert_int_equal(offers, i == 0 ? 1 : LOOKS + 1);
		assert_true(answered);
		assert_false(step()); /* it lives */
		returns_close(returns);
	}
}

/* It answers, and cannot be used now: that is told at each look, until it can. */
static void
test_busy(void **state)
{
	struct prober_way w = way();

	(void)state;
	open_with((struct heartbeat *)&now);
	answers = busy = true;
	returns_left(returns, &w, true);
	for (unsigned k = 1; k <= LOOKS; k++) {
		assert_true(step());
		assert_int_equal(offers, k);
	}
	busy = false;
	assert_true(step());
	assert_int_equal(offers, LOOKS + 1);
	assert_false(step());
	returns_close(returns);
}

/* An address that others use is to be offered a few times, and anew after an end that no offer made. */
static void
test_spent(void **state)
{
	struct prober_way w = way();

	(void)state;
	assert_false(returns_spent(NULL, w.local));
	returns_spend(NULL, w.local);
	open_with(NULL);
	for (unsigned i = 0; i < 4; i++) {
		assert_false(returns_spent(returns, w.local));
		returns_offered(returns, w.local);
		returns_spend(returns, w.local);
		now += 500;
		returns_ended(returns, w.local);
	}
	assert_true(returns_spent(returns, w.local));
	returns_unheard(returns, w.local);
	assert_true(returns_spent(returns, w.local));
	now += 500;
	returns_ended(returns, w.local);
	assert_false(returns_spent(returns, w.local));
	for (unsigned i = 0; i < 4; i++)
		returns_spend(returns, w.local);
	assert_true(returns_spent(returns, w.local));
	returns_left(returns, &w, true);
	assert_false(returns_spent(returns, w.local));
	returns_close(returns);
}

/* The peer looks at what it left: it is offered where it is wanted, at once, and then as seldom as what flaps. */
static void
test_sign(void **state)
{
	struct prober_way w = way(), other = way();
	struct hold_rule rule = HOLD_RULE;

	(void)state;
	open_with((struct heartbeat *)&now);
	returns_sign(NULL, &w);
	returns_ended(NULL, w.local);
	wanted = true;
	returns_sign(returns, &w); /* no path was there */
	assert_int_equal(offers, 0);
	other.local[15] = 2;
	returns_ended(returns, other.local);
	returns_ended(returns, w.local);
	wanted = false;
	returns_sign(returns, &other); /* what others are asked for is nothing to this one */
	wanted = true;
	returns_sign(returns, &w);
	assert_int_equal(offers, 1);
	assert_true(answered);
	for (uint64_t end = now + rule.hold_ms - 1; now < end; now++)
		returns_sign(returns, &w);
	assert_int_equal(offers, 1);
	for (uint64_t end = now + 600000; now < end; now += 10)
		returns_sign(returns, &w);
	assert_true(offers >= 10 && offers <= 17); /* each minute, after 1, 2, 4 .. 32 s */
	assert_int_equal(looks, 0);
	returns_close(returns);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_unwanted),
	    cmocka_unit_test(test_wanted),
	    cmocka_unit_test(test_busy),
	    cmocka_unit_test(test_spent),
	    cmocka_unit_test(test_sign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
