/*
 * test_scatter.c - octets that somebody chose to be alike are spread over buckets as any others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/sys/scatter.h"

#define BUCKETS 4096
#define LONGEST 14 /* of as many: more is as likely as 4096 / 14! */

static unsigned chains[BUCKETS];

/* n octets that differ at one place alone; by their low bits, or the high ones. */
static void
spread(size_t n, size_t at, unsigned shift)
{
	uint8_t octets[SCATTER_MOST] = {0};
	unsigned longest = 0;

	memset(chains, 0, sizeof chains);
	for (uint32_t i = 0; i < BUCKETS; i++) {
		octets[at] = (uint8_t)i;
		octets[at + 1] = (uint8_t)(i >> 8);
		unsigned *chain = &chains[scatter(octets, n) >> shift & (BUCKETS - 1)];

		if (++*chain > longest)
			longest = *chain;
		assert_int_equal(scatter(octets, n) >> shift & (BUCKETS - 1), chain - chains);
	}
	assert_true(longest <= LONGEST);
}

static void
test_spread(void **state)
{
	(void)state;
	spread(2, 0, 0);
	spread(8, 0, 0);
	spread(8, 6, 20);
	spread(16, 7, 0);
	spread(23, 21, 0);
	spread(SCATTER_MOST, SCATTER_MOST - 2, 0);
}

/* What is longer is another, also when all that is more is nothing. */
static void
test_lengths(void **state)
{
	static const uint8_t nothing[SCATTER_MOST];
	unsigned longest = 0;

	(void)state;
	memset(chains, 0, sizeof chains);
	for (size_t n = 0; n <= SCATTER_MOST; n++) {
		unsigned *chain = &chains[scatter(nothing, n) & (BUCKETS - 1)];

		if (++*chain > longest)
			longest = *chain;
	}
	assert_true(longest <= LONGEST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_spread), cmocka_unit_test(test_lengths)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
