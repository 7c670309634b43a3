/*
 * test_icmp.c - what errors that come back do to a check, genuine and forged. The prober is the test's own: forging ICMP takes
 * a raw socket, and what the kernel makes of it is not what is looked at here.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/eid.h"
#include "resolverd/heartbeat.h"

#define PROBES 3
#define PATIENCE_MS 5000

static const uint8_t here[16] = {0x20, 1, [15] = 1}, peer[16] = {0x20, 1, [15] = 2},
		     other[16] = {0x20, 1, [15] = 3}, router[16] = {0x20, 1, [15] = 4};

/* --- the prober: keeps what was sent, and does nothing else --- */

static const struct prober_ops *ops;
static void *ops_arg;
static struct probe sent[PROBES * 2];
static size_t n_sent;

int
prober_open(struct loop *loop, uint16_t port, const struct prober_ops *of, void *arg,
    struct prober **out)
{
	(void)loop;
	(void)port;
	ops = of;
	ops_arg = arg;
	*out = (struct prober *)&sent;
	return 0;
}

void
prober_close(struct prober *prober)
{
	(void)prober;
}

bool
prober_hears(const struct prober *prober)
{
	(void)prober;
	return true;
}

int
prober_send(struct prober *prober, const struct prober_way *way, const struct probe *probe)
{
	(void)prober;
	(void)way;
	assert_true(n_sent < sizeof sent / sizeof sent[0]);
	sent[n_sent++] = *probe;
	return 0;
}

struct prober_way
prober_way_of(const uint8_t local[16], const uint8_t remote[16])
{
	struct prober_way way = {.port = PROBE_PORT};

	memcpy(way.local, local, 16);
	memcpy(way.remote, remote, 16);
	return way;
}

bool
prober_way_equal(const struct prober_way *a, const struct prober_way *b)
{
	return memcmp(a->local, b->local, 16) == 0 && memcmp(a->remote, b->remote, 16) == 0;
}

size_t
prober_way_hash(const struct prober_way *way)
{
	return way->remote[15];
}

/* --- the checks --- */

static struct heartbeat_outcome got[HEARTBEAT_PAIRS];
static size_t n_got;

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
	n_got = n;
	memcpy(got, outcomes, n * sizeof *outcomes);
}

enum lie { TRUTH, LIE_TOKEN, LIE_DESTINATION, LIE_PAIR, LIE_NO_PAIR, LIE_SEQUENCE, LIE_ANSWER };

/* Each is said twice of the first pair, by whom and with which error; the second pair hears nothing. */
static const struct {
	enum lie lie;
	const uint8_t *by;
	int error;
	enum beat expected;
} rows[] = {
    {TRUTH, router, EHOSTUNREACH, BEAT_UNREACHABLE},
    {TRUTH, router, EACCES, BEAT_PROHIBITED},
    {TRUTH, peer, ECONNREFUSED, BEAT_CLOSED},
    {TRUTH, other, ECONNREFUSED, BEAT_UNREACHABLE}, /* whose port is closed does not matter */
    {LIE_TOKEN, router, EHOSTUNREACH, BEAT_SILENT},
    {LIE_TOKEN, peer, ECONNREFUSED, BEAT_SILENT},
    {LIE_DESTINATION, router, EHOSTUNREACH, BEAT_SILENT},
    {LIE_DESTINATION, other, ECONNREFUSED, BEAT_SILENT},
    {LIE_PAIR, router, EHOSTUNREACH, BEAT_SILENT}, /* the destination is the first pair's */
    {LIE_NO_PAIR, router, EHOSTUNREACH, BEAT_SILENT},
    {LIE_SEQUENCE, router, EHOSTUNREACH, BEAT_SILENT}, /* a number that was not sent yet */
    {LIE_ANSWER, router, EHOSTUNREACH, BEAT_SILENT}, /* what is quoted is none of our probes */
    {LIE_ANSWER, peer, ECONNREFUSED, BEAT_SILENT},
};

static void
tell_error(const struct probe *probe, enum lie lie, const uint8_t by[16], int error)
{
	struct prober_way way =
	    prober_way_of((const uint8_t[16]){0}, lie == LIE_DESTINATION ? router : peer);
	struct probe quoted = *probe;

	quoted.token ^= lie == LIE_TOKEN ? UINT64_C(1) << 40 : 0;
	quoted.pair = lie == LIE_PAIR ? 2 : lie == LIE_NO_PAIR ? 3 : quoted.pair;
	quoted.sequence += lie == LIE_SEQUENCE ? PROBES : 0;
	quoted.flags |= lie == LIE_ANSWER ? PROBE_ANSWER : 0;
	ops->failed(ops_arg, &way, &quoted, error, by);
}

static struct loop *loop;
static struct heartbeat *heartbeat;

static int
setup(void **state)
{
	(void)state;
	n_sent = n_got = 0;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(heartbeat_open(loop, 0, knows, NULL, &heartbeat), 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	heartbeat_close(heartbeat);
	loop_free(loop);
	return 0;
}

static void
check_start(void)
{
	struct heartbeat_plan plan = {.n = 2,
	    .ways = {prober_way_of(here, peer), prober_way_of(here, other)},
	    .probes = PROBES,
	    .gap_ms = 1,
	    .patience_ms = 1};
	struct heartbeat_check *check;

	n_sent = n_got = 0;
	assert_int_equal(heartbeat_start(heartbeat, &plan, told, NULL, &check), 0);
	while (n_sent < 2)
		loop_once(loop, 50);
	assert_int_equal(sent[0].pair, 1);
}

static void
check_end(void)
{
	uint64_t end = loop_now_ms() + PATIENCE_MS;

	while (n_got == 0 && loop_now_ms() < end)
		loop_once(loop, 50);
	assert_int_equal(n_got, 2);
}

static void
test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		check_start();
		for (unsigned times = 0; times < 2; times++)
			tell_error(&sent[0], rows[i].lie, rows[i].by, rows[i].error);
		check_end();
		if (got[0].beat != rows[i].expected || got[1].beat != BEAT_SILENT)
			fail_msg("row %zu: %s; and the other pair: %s", i,
			    beat_word(got[0].beat), beat_word(got[1].beat));
		if (rows[i].expected == BEAT_SILENT)
			assert_memory_equal(got[0].by, (const uint8_t[16]){0}, 16);
	}
}

/* An answer is not taken back by what comes after it, and a check that is over hears nothing. */
static void
test_late(void **state)
{
	struct prober_way way = prober_way_of(here, peer);
	struct probe answer;

	(void)state;
	check_start();
	answer = sent[0];
	answer.flags = PROBE_ANSWER;
	ops->heard(ops_arg, &way, &answer);
	tell_error(&sent[0], TRUTH, router, EHOSTUNREACH);
	tell_error(&sent[0], TRUTH, router, EHOSTUNREACH);
	check_end();
	assert_int_equal(got[0].beat, BEAT_ALIVE);
	tell_error(&sent[0], TRUTH, router, EHOSTUNREACH);
	check_start();
	check_end();
	assert_int_equal(got[0].beat, BEAT_SILENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_late, setup, teardown),
	};

	return cmocka_run_group_tests_name("resolverd/icmp", tests, NULL, NULL);
}
