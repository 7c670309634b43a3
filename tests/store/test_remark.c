/*
 * test_remark.c - how many lines the log gets: so many in so many seconds, and how many were left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mapd/remark.h"

#define NOW 1790000000

static void
test_a_minute(void **state)
{
	struct remark remark = {0};
	unsigned left_out = 99;

	(void)state;
	assert_true(remark_may(&remark, 1, 60, NOW, &left_out));
	assert_int_equal(left_out, 0);
	for (unsigned i = 0; i < 60; i++)
		for (unsigned k = 0; k < 1000; k++)
			assert_false(remark_may(&remark, 1, 60, NOW + i, &left_out));
	assert_true(remark_may(&remark, 1, 60, NOW + 60, &left_out));
	assert_int_equal(left_out, 60000);
	assert_false(remark_may(&remark, 1, 60, NOW + 119, &left_out));
	assert_true(remark_may(&remark, 1, 60, NOW + 500, &left_out));
	assert_int_equal(left_out, 1);
}

static void
test_ten_a_second(void **state)
{
	struct remark remark = {0};
	unsigned left_out, said = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		for (unsigned k = 0; k < 25; k++)
			said += remark_may(&remark, 10, 1, NOW + i, &left_out);
	assert_int_equal(said, 30);
	assert_true(remark_may(&remark, 10, 1, NOW + 3, &left_out));
	assert_int_equal(left_out, 15);
}

/* Who waited for the old time to come again would be silent for as long as the clock was wrong. */
static void
test_clock_goes_back(void **state)
{
	struct remark remark = {0};
	unsigned left_out;

	(void)state;
	assert_true(remark_may(&remark, 1, 60, NOW + 864000, &left_out));
	assert_true(remark_may(&remark, 1, 60, NOW, &left_out));
	assert_false(remark_may(&remark, 1, 60, NOW + 59, &left_out));
	assert_true(remark_may(&remark, 1, 60, NOW + 60, &left_out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_minute),
	    cmocka_unit_test(test_ten_a_second), cmocka_unit_test(test_clock_goes_back)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
