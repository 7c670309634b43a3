/*
 * test_upstream.c - whom is a question put to, and which answer counts? By others where nobody answers, or badly; the clock, this host's
 * addresses and libunbound are on paper.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resolve/judge.h"
#include "tests/resolverd/clockwork.h"

#define PATIENCE_MS 4500

struct context {
	uint8_t source; /* the last octet of its address; 0: as the kernel chooses */
	bool open;
};

static struct context contexts[32];
static size_t n_contexts;
static struct put {
	uint8_t source;
	const struct context_question *question; /* NULL: it was answered */
} questions[32];
static size_t n_put, n_sources, told, load;
static uint8_t first_source; /* the last octet of this host's first address */
static enum verdict heard;
static bool refused;
static loop_fn *held; /* what is to be called later, where that is on paper, too */
static void *held_arg;
static bool holds;
static struct upstream *up;
static struct ask *ask;

/* --- linked with --wrap --- */

void __wrap_timer_stop(struct timer *timer);
void __wrap_loop_later(struct loop *loop, loop_fn *fn, void *arg);
int __wrap_context_open(struct loop *loop, const struct settings *settings,
    struct context **out, char *why, size_t max);
void __wrap_context_close(struct context *context);
bool __wrap_context_is_processing(const struct context *context);
const char *__wrap_context_ask(struct context *context, const struct name *name, uint16_t type,
    const struct context_question *question);
void __wrap_answer_judge(struct answer *answer, const struct name *name, uint16_t type,
    const struct context_result *result);

void
__wrap_timer_stop(struct timer *timer)
{
	((struct clockwork *)timer)->due = 0;
}

void
__wrap_loop_later(struct loop *loop, loop_fn *fn, void *arg)
{
	(void)loop;
	held = fn;
	held_arg = arg;
	if (!holds)
		fn(arg);
}

int
__wrap_context_open(struct loop *loop, const struct settings *settings, struct context **out,
    char *why, size_t max)
{
	(void)loop;
	if (refused && settings->source != NULL) {
		snprintf(why, max, "on paper");
		return -1;
	}
	assert_true(n_contexts < sizeof contexts / sizeof contexts[0]);
	*out = &contexts[n_contexts++];
	**out = (struct context){settings->source != NULL ? settings->source[15] : 0, true};
	return 0;
}

void
__wrap_context_close(struct context *context)
{
	if (context == NULL)
		return;
	assert_true(context->open);
	context->open = false;
}

bool
__wrap_context_is_processing(const struct context *context)
{
	assert_true(context->open);
	return false;
}

const char *
__wrap_context_ask(struct context *context, const struct name *name, uint16_t type,
    const struct context_question *question)
{
	(void)name;
	(void)type;
	assert_true(context->open);
	questions[n_put++] = (struct put){context->source, question};
	return NULL;
}

void
__wrap_answer_judge(struct answer *answer, const struct name *name, uint16_t type,
    const struct context_result *result)
{
	(void)name;
	(void)type;
	answer->edge.dnssec = (enum verdict)result->rcode;
}

/* --- */

static size_t
sources(void *arg, uint8_t (*list)[16], size_t max)
{
	size_t n = n_sources < max ? n_sources : max;

	(void)arg;
	memset(list, 0, n * sizeof *list);
	for (size_t i = 0; i < n; i++)
		list[i][15] = (uint8_t)(first_source + i);
	return n;
}

static void
hear(void *arg, const struct answer *answer)
{
	(void)arg;
	told++;
	heard = answer->edge.dnssec;
	ask_free(ask);
	ask = NULL;
}

static void
begin(size_t n)
{
	struct resolver_options options = {.sources = sources};
	char why[64];

	now = 100000;
	n_timers = n_contexts = n_put = told = load = 0;
	n_sources = n;
	first_source = 1;
	refused = holds = false;
	assert_int_equal(upstream_open((struct loop *)&now, &options, &up, why, sizeof why), 0);
}

/* Nothing is open any more, and nobody has anything in flight. */
static void
end(void)
{
	upstream_close(up);
	for (size_t i = 0; i < n_contexts; i++)
		assert_false(contexts[i].open);
	assert_int_equal(load, 0);
}

static void
question_of(enum upstream_context context)
{
	struct name name = {0};
	struct asking asking = {.context = context, .name = &name, .type = 1, .load = &load};

	n_put = told = 0;
	assert_int_equal(upstream_ask(up, &asking, hear, &now, &ask), 0);
}

static void
question(void)
{
	question_of(UPSTREAM_MAIN);
}

static void
pass(uint64_t ms)
{
	for (uint64_t until = now + ms; now < until; now++)
		if (timers[0].due != 0 && timers[0].due <= now)
			clockwork_fire(&timers[0]);
}

/* The i-th that was asked answers. */
static void
answer(size_t i, enum verdict verdict)
{
	struct context_result result = {.rcode = (int)verdict};
	const struct context_question *to = questions[i].question;

	assert_true(i < n_put);
	assert_non_null(to);
	questions[i].question = NULL;
	to->fn(to->arg, &result);
}

/* Who answers soon is the only one who is asked. */
static void
test_soon(void **state)
{
	(void)state;
	begin(2);
	question();
	pass(40);
	answer(0, VERDICT_SECURE);
	pass(PATIENCE_MS);
	assert_int_equal(n_put, 1);
	assert_int_equal(told, 1);
	assert_int_equal(heard, VERDICT_SECURE);
	end();
}

/* Nobody answers: it is asked by each address; the first answer counts, and the next question is put to all at once, for a while. */
static void
test_silent(void **state)
{
	(void)state;
	begin(2);
	question();
	pass(60);
	assert_int_equal(n_put, 3);
	assert_int_equal(questions[0].source, 0);
	assert_int_equal(questions[1].source, 1);
	assert_int_equal(questions[2].source, 2);
	answer(2, VERDICT_SECURE);
	assert_int_equal(told, 1);
	assert_int_equal(
	    load, 1); /* libunbound goes on; what is asked aside is nobody's load */
	answer(0, VERDICT_SERVER);
	answer(1, VERDICT_SERVER);
	assert_int_equal(told, 1);
	assert_int_equal(load, 0);
	question();
	assert_int_equal(n_put, 3);
	answer(0, VERDICT_INSECURE);
	assert_int_equal(heard, VERDICT_INSECURE);
	answer(1, VERDICT_SECURE);
	answer(2, VERDICT_SECURE);
	assert_int_equal(told, 1);
	pass(11000);
	question();
	assert_int_equal(n_put, 1);
	answer(0, VERDICT_SECURE);
	end();
}

/* What opened that while is somebody who answers late, or badly; that others are quicker when all are asked does not prolong it. */
static void
test_while(void **state)
{
	(void)state;
	begin(2);
	question();
	answer(0, VERDICT_SERVER);
	pass(60);
	answer(1, VERDICT_SECURE);
	for (unsigned i = 0; i < 9; i++) {
		question();
		assert_int_equal(n_put, 3);
		pass(i * 10);
		answer(2, VERDICT_SECURE);
		answer(0, VERDICT_SECURE);
		pass(1000);
	}
	pass(1000);
	question();
	assert_int_equal(n_put, 1);
	answer(0, VERDICT_SECURE);
	end();
}

/* A question that waits for longer than a poor answer would is none that others wait behind. */
static void
test_behind(void **state)
{
	struct ask *first;

	(void)state;
	begin(2);
	question();
	pass(60);
	answer(1, VERDICT_SECURE);
	question();
	first = ask;
	pass(600);
	question();
	answer(0, VERDICT_SERVER);
	pass(510);
	assert_int_equal(told, 1);
	assert_int_equal(heard, VERDICT_SERVER);
	pass(PATIENCE_MS);
	assert_int_equal(told, 2);
	ask_free(first);
	end();
}

/* Contexts that go past the cache are made when they are needed, meanwhile as well. */
static void
test_fresh(void **state)
{
	(void)state;
	begin(2);
	question();
	pass(60);
	answer(1, VERDICT_SECURE);
	question_of(UPSTREAM_FRESH);
	assert_int_equal(n_put, 1);
	pass(60);
	assert_int_equal(n_put, 3);
	answer(1, VERDICT_SECURE);
	assert_int_equal(told, 1);
	question_of(UPSTREAM_FRESH);
	assert_int_equal(n_put, 3);
	answer(2, VERDICT_SECURE);
	end();
}

/* Of poor answers that one counts which tells most; and it waits for those who say nothing no longer than half a second. */
static void
test_worse(void **state)
{
	(void)state;
	begin(2);
	question();
	answer(0, VERDICT_BOGUS);
	pass(60);
	answer(1, VERDICT_SERVER);
	answer(2, VERDICT_MALFORMED);
	assert_int_equal(heard, VERDICT_BOGUS);
	question();
	answer(0, VERDICT_SERVER);
	pass(490);
	assert_int_equal(told, 0);
	pass(20);
	assert_int_equal(told, 1);
	assert_int_equal(heard, VERDICT_SERVER);
	end();
	begin(2); /* the kernel's choice may be slow, and others of no use */
	question();
	pass(60);
	answer(1, VERDICT_SERVER);
	pass(1000);
	answer(2, VERDICT_BOGUS);
	assert_int_equal(told, 0);
	answer(0, VERDICT_SECURE);
	assert_int_equal(heard, VERDICT_SECURE);
	question();
	pass(1000);
	answer(1, VERDICT_BOGUS);
	assert_int_equal(told, 0);
	answer(0, VERDICT_SERVER);
	assert_int_equal(told, 1);
	assert_int_equal(heard, VERDICT_BOGUS);
	end();
}

/* Who has more in flight than he leaves to others is asked for by nobody else. */
static void
test_room(void **state)
{
	(void)state;
	begin(2);
	load = 512;
	question();
	pass(PATIENCE_MS + 10);
	assert_int_equal(n_put, 1);
	assert_int_equal(heard, VERDICT_TIMEOUT);
	answer(0, VERDICT_SECURE);
	load -= 512;
	end();
}

/* A failure that is known is told later, and by nobody else meanwhile; and not at all to who has left. */
static void
test_known(void **state)
{
	(void)state;
	for (unsigned leaves = 0; leaves < 2; leaves++) {
		begin(2);
		question();
		pass(60);
		for (size_t i = 0; i < 3; i++)
			answer(i, VERDICT_SERVER);
		holds = true;
		question();
		pass(60);
		assert_int_equal(n_put, 0);
		assert_int_equal(told, 0);
		if (leaves) {
			ask_free(ask);
			ask = NULL;
		}
		pass(600);
		held(held_arg);
		assert_int_equal(told, !leaves);
		holds = false;
		end();
	}
}

/* A poor answer counts when none is better, of whoever. */
static void
test_poor(void **state)
{
	static const enum verdict poor[] = {VERDICT_SERVER, VERDICT_BOGUS, VERDICT_MALFORMED};

	(void)state;
	for (size_t i = 0; i < sizeof poor / sizeof poor[0]; i++) {
		begin(2);
		question();
		answer(0, poor[i]);
		assert_int_equal(told, 0);
		pass(60);
		assert_int_equal(n_put, 3);
		answer(1, poor[i]);
		assert_int_equal(told, 0);
		answer(2, VERDICT_MISSING);
		assert_int_equal(told, 1);
		assert_int_equal(heard, VERDICT_MISSING);
		question();
		pass(60);
		for (size_t k = 0; k < 3; k++)
			answer(k, poor[i]);
		assert_int_equal(told, 1);
		assert_int_equal(heard, poor[i]);
		end();
	}
}

/* Who has one address has nobody else to ask, and is told at once. */
static void
test_one(void **state)
{
	(void)state;
	begin(1);
	question();
	pass(100);
	assert_int_equal(n_put, 1);
	answer(0, VERDICT_BOGUS);
	assert_int_equal(told, 1);
	question();
	pass(PATIENCE_MS + 10);
	assert_int_equal(told, 1);
	assert_int_equal(heard, VERDICT_TIMEOUT);
	end();
}

/* Nobody answers at all. What is in flight when that ends is freed. */
static void
test_never(void **state)
{
	(void)state;
	begin(4);
	question();
	pass(PATIENCE_MS + 10);
	assert_int_equal(n_put, 5);
	assert_int_equal(told, 1);
	assert_int_equal(heard, VERDICT_TIMEOUT);
	assert_int_equal(load, 1);
	end();
}

/* Addresses come and go; what is asked by one that went is still heard. */
static void
test_change(void **state)
{
	(void)state;
	begin(4);
	question();
	pass(60);
	first_source = 3;
	pass(PATIENCE_MS);
	assert_int_equal(told, 1);
	answer(1, VERDICT_SECURE); /* nobody waits */
	now += 6000; /* the failure is forgotten */
	question();
	pass(60);
	assert_int_equal(n_put, 4);
	for (size_t i = 1; i < n_put; i++)
		assert_in_range(questions[i].source, 3, 6); /* 2 has its place still */
	answer(2, VERDICT_SECURE);
	end();
}

/* What libunbound does not take is left out. */
static void
test_refused(void **state)
{
	(void)state;
	begin(0);
	refused = true;
	n_sources = 2;
	question();
	pass(60);
	assert_int_equal(n_put, 1);
	answer(0, VERDICT_SERVER);
	assert_int_equal(told, 1);
	assert_int_equal(heard, VERDICT_SERVER);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_soon),
	    cmocka_unit_test(test_silent),
	    cmocka_unit_test(test_while),
	    cmocka_unit_test(test_behind),
	    cmocka_unit_test(test_fresh),
	    cmocka_unit_test(test_poor),
	    cmocka_unit_test(test_worse),
	    cmocka_unit_test(test_room),
	    cmocka_unit_test(test_known),
	    cmocka_unit_test(test_one),
	    cmocka_unit_test(test_never),
	    cmocka_unit_test(test_change),
	    cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
