/*
 * test_budget.c - so many a second in all and of one source, also when all ask at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <cmocka.h>

#include "mapd/budget.h"

#define SECOND 1000000u
#define START (1000 * (uint64_t)SECOND)

static struct budget *budget;

static bool
take(uint32_t source, uint64_t us)
{
	uint8_t octets[CLAIM_SOURCE] = {4};

	put_u32(octets + 1, source);
	return budget_take(budget, octets, us);
}

static void
test_of_a_source(void **state)
{
	unsigned n = 0;

	(void)state;
	/* a second's worth at once, then at the rate */
	assert_true(take(1, START));
	assert_true(take(1, START));
	assert_false(take(1, START));
	assert_false(take(1, START + SECOND / 2 - 1));
	assert_true(take(1, START + SECOND / 2));
	assert_false(take(1, START + SECOND / 2 + 1));
	assert_true(take(2, START));
	for (uint64_t us = START + 10 * SECOND; us < START + 20 * SECOND; us += 1000)
		n += take(3, us);
	assert_int_equal(n, 21);
	/* who was refused pays nothing for it */
	assert_true(take(3, START + 21 * SECOND));
}

static void
test_in_all(void **state)
{
	uint64_t us = START + 100 * SECOND;
	unsigned n = 0;

	(void)state;
	for (uint32_t source = 1000; source < 3000; source++)
		n += take(source, us);
	assert_int_equal(n, BUDGET_ALL);
	for (uint32_t source = 1000; source < 3000; source++)
		n += take(source + 10000, us + SECOND);
	assert_int_equal(n, 2 * BUDGET_ALL);
}

static void
test_set(void **state)
{
	uint64_t us = START + 200 * SECOND;
	unsigned n = 0;

	(void)state;
	budget_set(budget, 0, 2);
	assert_false(take(1, us));
	budget_set(budget, 200, 0);
	assert_false(take(1, us));
	budget_set(budget, 1000000, 1000000);
	for (unsigned i = 0; i < 1000; i++)
		n += take(1, us);
	assert_int_equal(n, 1000);
	budget_set(budget, BUDGET_ALL, BUDGET_SOURCE);
}

static _Atomic unsigned taken;

static void *
crowd(void *arg)
{
	uint32_t first = *(const uint32_t *)arg;

	for (uint32_t i = 0; i < 5000; i++)
		atomic_fetch_add(&taken, take(first + i, START + 300 * SECOND));
	return NULL;
}

static void
test_at_once(void **state)
{
	pthread_t thread[4];
	uint32_t first[4];

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		first[i] = 100000 + 5000 * (i / 2);
		assert_int_equal(pthread_create(&thread[i], NULL, crowd, &first[i]), 0);
	}
	for (unsigned i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(taken, BUDGET_ALL);
}

static int
setup(void **state)
{
	(void)state;
	return budget_new(&budget);
}

static int
teardown(void **state)
{
	(void)state;
	budget_free(budget);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_of_a_source),
	    cmocka_unit_test(test_in_all),
	    cmocka_unit_test(test_set),
	    cmocka_unit_test(test_at_once),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
