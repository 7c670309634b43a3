/*
 * test_traces.c - what is remembered of messages and keys, beside a list that remembers the same; and that what can come no
 * more counts for nobody; and that what is forgotten stays refused when the clock goes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "mapd/replay.h"
#include "mapd/traces.h"

#define KEYS 5
#define MODEL 4096
#define STEPS 200000

/* A message as the list has it. */
struct row {
	uint64_t digest;
	uint32_t expires, key; /* key: KEYS for TSIG */
	bool used;
};

static struct traces *traces;
static struct row model[MODEL];
static uint64_t state_of_random;

static uint32_t
any(uint32_t below)
{
	state_of_random = state_of_random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state_of_random >> 33) % below;
}

static int
setup(void **state)
{
	(void)state;
	memset(model, 0, sizeof model);
	state_of_random = 4177;
	return traces_new(&traces);
}

static int
teardown(void **state)
{
	(void)state;
	traces_free(traces);
	return 0;
}

static struct trace
trace(uint64_t digest, uint32_t key, uint32_t now, uint32_t life)
{
	struct trace t = {.digest = digest,
	    .expires = now + life,
	    .sig0 = key < KEYS,
	    .inception = now,
	    .rcode = 3};

	memset(t.id, (int)key + 1, sizeof t.id);
	return t;
}

/* How many of a key are remembered; 0 also where it is not known. */
static uint32_t
messages(uint32_t key)
{
	struct trace t = trace(0, key, 0, 0);
	uint32_t inception, n = 0;

	return traces_find_key(traces, t.id, &inception, &n) ? n : 0;
}

static uint32_t
living(uint32_t key, uint32_t now)
{
	uint32_t n = 0;

	for (size_t i = 0; i < MODEL; i++)
		n += model[i].used && model[i].key == key && model[i].expires >= now;
	return n;
}

static void
test_over_counts_no_more(void **state)
{
	struct trace t;
	struct undo undo;
	uint32_t inception, n;

	(void)state;
	for (uint32_t i = 0; i < REPLAY_OF_KEY; i++) {
		t = trace(i + 1, 0, 1000, i < 60 ? 10 : 100);
		assert_int_equal(traces_add(traces, &t, i == 0, &undo), 0);
	}
	assert_int_equal(messages(0), REPLAY_OF_KEY);
	traces_sweep_key(traces, t.id, 1010);
	assert_int_equal(messages(0), REPLAY_OF_KEY);
	traces_sweep_key(traces, t.id, 1011);
	assert_int_equal(
	    messages(0), 5); /* four that hold on, and the first, which is not durable yet */
	t = trace(0, 1, 1000, 10);
	traces_sweep_key(traces, t.id, 1011); /* a key that is not known */
	/* of one that is over its key's inception alone is told on */
	assert_int_equal(traces_add_key(traces, &t), 0);
	assert_true(traces_find_key(traces, t.id, &inception, &n));
	assert_int_equal(inception, 1000);
	assert_int_equal(n, 0);
	assert_int_equal(traces_count(traces), 5);
	t.inception = 990;
	assert_int_equal(traces_add_key(traces, &t), 0);
	assert_true(traces_find_key(traces, t.id, &inception, &n));
	assert_int_equal(inception, 1000); /* the latest */
}

/* Messages come, are undone, and swept in both ways; at any moment what can still come is there, and counted. */
static void
test_beside_a_list(void **state)
{
	uint64_t digest = 0;
	uint32_t now = UINT32_MAX - 500; /* the turn of the clock is among it */

	(void)state;
	for (unsigned step = 0; step < STEPS; step++) {
		uint32_t key = any(KEYS + 1);
		struct row *row = &model[any(MODEL)];
		struct trace t = trace(++digest, key, now, any(20));
		struct undo undo;
		uint8_t rcode = 0;
		bool pending;

		if (!row->used || (int32_t)(row->expires - now) < 0) {
			assert_int_equal(traces_add(traces, &t, true, &undo), 0);
			if (any(10) == 0) {
				traces_undo(traces, &undo);
				assert_false(
				    traces_find(traces, digest, now, &rcode, &pending));
			} else {
				traces_keep(traces, &undo);
				*row = (struct row){digest, t.expires, key, true};
			}
		} else {
			assert_true(traces_find(traces, row->digest, now, &rcode, &pending));
			assert_int_equal(rcode, 3);
			assert_false(pending);
		}
		if (any(4) == 0)
			traces_sweep(traces, any(8), now);
		if (any(50) == 0 && key < KEYS) {
			traces_sweep_key(traces, t.id, now);
			if (now < UINT32_MAX - 100 && now > 1000)
				assert_int_equal(messages(key), living(key, now));
		}
		now += any(50) == 0;
	}
	for (uint32_t key = 0; key < KEYS; key++) {
		struct trace t = trace(0, key, now, 0);

		traces_sweep_key(traces, t.id, now + 100);
		assert_int_equal(messages(key), 0);
	}
	traces_sweep(traces, MODEL * 100, now + 100);
	assert_int_equal(traces_count(traces), 0);
}

/* --- a clock that is set back --- */

#define T UINT64_C(1800000000) /* seconds */

static struct proposal
message(enum proposal_seal seal, uint64_t number, uint64_t now)
{
	struct proposal p = {.seal = seal};

	put_u64(p.digest, number);
	memset(p.actor.key, (int)number + 1, TRACE_KEY);
	p.tsig.time = now;
	p.tsig.fudge = 300;
	p.sig0.inception = (uint32_t)now;
	p.sig0.expiration = (uint32_t)now + 300;
	return p;
}

static void
note(struct replay *replay, const struct proposal *p, uint64_t now)
{
	assert_int_equal(replay_note(replay, p, 0, now), 0);
	replay_end(replay, true);
}

/* What was taken is swept when its time is over, and its key too; then its time comes again. */
static void
test_clock_goes_back(void **state)
{
	static const enum proposal_seal seals[] = {SEALED_SIG0, SEALED_TSIG};

	(void)state;
	for (size_t i = 0; i < sizeof seals / sizeof seals[0]; i++) {
		struct proposal taken = message(seals[i], 1, T),
				late = message(seals[i], 2, T + 2000), honest;
		struct replay *replay;
		unsigned rcode;

		assert_int_equal(replay_new(&replay), 0);
		assert_int_equal(replay_judge(replay, &taken, T, &rcode), REPLAY_NEW);
		note(replay, &taken, T);
		assert_int_equal(replay_judge(replay, &taken, T + 100, &rcode), REPLAY_KNOWN);
		/* each sweeps a few before it is noted itself */
		for (unsigned turn = 0; turn < 2; turn++, late.digest[0]++)
			note(replay, &late, T + 2000);
		assert_int_equal(replay_count(replay), 2);
		assert_int_equal(replay_judge(replay, &taken, T + 100, &rcode), REPLAY_OVER);
		assert_int_equal(replay_look(replay, &taken, T + 100, &rcode), REPLAY_OVER);
		/* one that holds for longer than what was forgotten can be none of it */
		honest = message(seals[i], 3, T + 100);
		assert_int_equal(replay_judge(replay, &honest, T + 100, &rcode),
		    seals[i] == SEALED_SIG0 ? REPLAY_OVER : REPLAY_NEW);
		honest = message(seals[i], 3, T + REPLAY_WINDOW - 299);
		assert_int_equal(
		    replay_judge(replay, &honest, T + REPLAY_WINDOW - 299, &rcode), REPLAY_NEW);
		replay_free(replay);
	}
}

/* Microseconds of a CPU that so many messages, each by a key of its own, cost to remember and to find. */
static uint64_t
cost(bool chosen)
{
	enum { MANY = 20000 };
	struct timespec before, after;
	struct undo undo;
	uint32_t inception, n;
	bool pending;
	uint8_t rcode;

	traces_free(traces);
	assert_int_equal(traces_new(&traces), 0);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	for (uint32_t i = 0; i < 2 * MANY;
	     i++) { /* the first is the last in its chain by then */
		uint32_t number = i % MANY + 1;
		struct trace t = trace(chosen ? (uint64_t)number << 32 : number, 0, 1000, 100);

		memset(t.id, 0, sizeof t.id);
		memcpy(t.id + (chosen ? 8 : 0), &number, sizeof number);
		if (i < MANY)
			assert_int_equal(traces_add(traces, &t, false, &undo), 0);
		assert_true(traces_find(traces, t.digest, 1000, &rcode, &pending));
		assert_true(traces_find_key(traces, t.id, &inception, &n));
	}
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	return (uint64_t)(after.tv_sec - before.tv_sec) * 1000000 +
	       (uint64_t)(after.tv_nsec - before.tv_nsec) / 1000;
}

/* Who makes keys and messages that look alike in whatever octets finds none of them in one chain. */
static void
test_chosen(void **state)
{
	uint64_t usual;

	(void)state;
	usual = cost(false);
	assert_true(cost(true) < 10 * usual);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_over_counts_no_more, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_beside_a_list, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_chosen, setup, teardown),
	    cmocka_unit_test(test_clock_goes_back),
	};

	return cmocka_run_group_tests_name("mapd/traces", tests, NULL, NULL);
}
