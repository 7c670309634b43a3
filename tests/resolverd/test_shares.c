/*
 * test_shares.c - checks that many users have under way: nobody has more than he leaves to others, in all and of one pair, and the
 * daemon's own always find room; who shares another one's is not counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/wire/errors.h"
#include "resolverd/account.h"
#include "resolverd/heartbeat.h"

#define MANY 1100 /* more than one may have, and more than there is room for */
#define CROWD 16 /* of users, each of whom takes what he gets */
#define OWN 100 /* that the daemon has of its own at the most, nearly */

static struct loop *loop;
static struct heartbeat *heartbeat;
static struct account hostile, honest, crowd[CROWD];
static struct heartbeat_check *checks[MANY];

static bool
knows(void *arg, const struct prober_way *way, bool warns)
{
	(void)arg;
	(void)way;
	(void)warns;
	return false;
}

static void
told(void *arg, const struct heartbeat_outcome *outcomes, size_t n)
{
	(void)arg;
	(void)outcomes;
	(void)n;
	fail();
}

static int
setup(void **state)
{
	(void)state;
	hostile = honest = (struct account){.clients = 1};
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(heartbeat_open(loop, 0, knows, NULL, &heartbeat), 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	heartbeat_close(heartbeat);
	assert_int_equal(hostile.checks + honest.checks, 0);
	loop_free(loop);
	return 0;
}

/* A pair of this host and an address of no host. */
static struct prober_way
way(unsigned number)
{
	struct prober_way out = {.local = {[10] = 0xff, 0xff, 127, 0, 0, 1},
	    .remote = {0x20, 0x01, 0x0d, 0xb8, [14] = (uint8_t)(number >> 8), (uint8_t)number},
	    .port = 9};

	return out;
}

/* Of a pair, and of another one beside it. */
static int
start(struct account *account, unsigned pair, unsigned beside, struct heartbeat_check **out)
{
	struct heartbeat_plan plan = {.account = account,
	    .n = 2,
	    .ways = {way(pair), way(beside)},
	    .probes = 20,
	    .gap_ms = 50,
	    .patience_ms = 500};

	return heartbeat_start(heartbeat, &plan, told, NULL, out);
}

/* How many are taken, of pairs from the first on; of one pair where each has another one beside it. */
static unsigned
starts(struct account *account, unsigned first, bool one_pair)
{
	unsigned n = 0;
	int rc = 0;

	while (n < MANY && rc == 0) {
		rc = start(
		    account, one_pair ? first : first + 2 * n, first + 2 * n + 1, &checks[n]);
		n += rc == 0;
	}
	assert_true(n == MANY || rc == -MAP_ELIMIT);
	return n;
}

static void
test_in_all(void **state)
{
	struct heartbeat_check *shared, *check;
	unsigned n;

	(void)state;
	n = starts(&hostile, 0, false);
	assert_in_range(n, 2 * OWN, MANY / 2);
	assert_int_equal(hostile.checks, n);
	assert_int_equal(start(&hostile, 0, 1, &shared), 0);
	heartbeat_cancel(checks[1]);
	assert_int_equal(start(&hostile, 2, 3, &checks[1]), 0);
	assert_int_equal(start(&hostile, 20000, 20001, &check), -MAP_ELIMIT);
	assert_int_equal(start(&honest, 20000, 20001, &check), 0);
	heartbeat_cancel(check);
	/* whoever began it */
	heartbeat_cancel(checks[0]);
	assert_int_equal(hostile.checks, n);
	heartbeat_cancel(shared);
	assert_int_equal(hostile.checks, n - 1);
	assert_true(starts(&honest, 10000, false) >= OWN);
	for (unsigned i = 0; i < CROWD; i++)
		n = starts(&crowd[i], 20000 + 1000 * i, false);
	assert_int_equal(n, 0); /* no user can have more */
	assert_in_range(starts(NULL, 40000, false), OWN, MANY - 1);
}

static void
test_of_one_pair(void **state)
{
	struct heartbeat_check *check;

	(void)state;
	assert_in_range(starts(&hostile, 0, true), 4, 8);
	assert_int_equal(start(&hostile, 20000, 0, &check), -MAP_ELIMIT);
	assert_int_equal(start(&hostile, 20000, 20001, &check), 0);
	assert_int_equal(start(&honest, 0, 10001, &check), 0);
	assert_int_equal(start(NULL, 0, 20001, &check), 0);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_in_all),
	    T(test_of_one_pair),
	};

	return cmocka_run_group_tests_name("resolverd/shares", tests, NULL, NULL);
}
