/*
 * test_addresses.c - which addresses of a host stand for its exits, where nobody is to learn who it is; tables on paper.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>

#include <cmocka.h>

#include "resolverd/addresses.h"

static struct addresses all;

/* FLAGS: t temporary, d deprecated, l of its link's own scope, x without a carrier. */
static void
row(const char *address, uint8_t length, uint32_t ifindex, const char *flags)
{
	struct local_address *row = &all.list[all.n++];

	*row = (struct local_address){.length = length,
	    .ifindex = ifindex,
	    .running = strchr(flags, 'x') == NULL,
	    .global = strchr(flags, 'l') == NULL,
	    .deprecated = strchr(flags, 'd') != NULL,
	    .temporary = strchr(flags, 't') != NULL};
	assert_int_equal(inet_pton(AF_INET6, address, row->address), 1);
}

/* NULL ends what is expected. */
static void
expect(size_t max, const char *const *expected)
{
	uint8_t list[8][16];
	char text[INET6_ADDRSTRLEN];
	size_t n = addresses_places(&all, list, max);

	for (size_t i = 0; i < n; i++) {
		assert_non_null(expected[i]);
		assert_string_equal(
		    inet_ntop(AF_INET6, list[i], text, sizeof text), expected[i]);
	}
	assert_null(expected[n]);
	all.n = 0;
}

/* A temporary address stands for its exit, wherever it is in the list; a deprecated one for none. */
static void
test_temporary(void **state)
{
	(void)state;
	row("2001:db8:a::1", 64, 2, "");
	row("2001:db8:b::7", 64, 2, "t");
	row("2001:db8:a::7", 64, 2, "t");
	row("2001:db8:a::8", 64, 2, "t");
	row("2001:db8:b::1", 64, 2, "");
	row("2001:db8:c::7", 64, 2, "td");
	row("2001:db8:c::1", 64, 2, "");
	row("2001:db8:d::1", 64, 2, "d");
	row("2001:db8:a::9", 128, 2, "");
	expect(
	    8, (const char *const[]){"2001:db8:b::7", "2001:db8:a::7", "2001:db8:c::1", NULL});
}

/* The same prefix on another link is another exit. */
static void
test_links(void **state)
{
	(void)state;
	row("2001:db8:a::1", 64, 2, "");
	row("2001:db8:a::2", 64, 3, "");
	row("2001:db8:b::1", 64, 3, "x");
	row("fe80::1", 64, 3, "l");
	row("2001:db8:a::3", 64, 3, "");
	expect(8, (const char *const[]){"2001:db8:a::1", "2001:db8:a::2", NULL});
}

/* Many of one family leave room for the other. */
static void
test_families(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		char text[32] = "::ffff:172.17.0.1";

		text[12] = (char)('0' + i); /* 172.10 to 172.13 */
		row(text, 112, 10 + i, "");
	}
	row("2001:db8:a::1", 64, 2, "");
	row("2001:db8:b::1", 64, 2, "");
	row("2001:db8:c::1", 64, 2, "");
	expect(4, (const char *const[]){"2001:db8:a::1", "::ffff:172.10.0.1", "2001:db8:b::1",
		      "::ffff:172.11.0.1", NULL});
	expect(4, (const char *const[]){NULL});
	row("2001:db8:a::1", 64, 2, "");
	row("2001:db8:b::1", 64, 2, "");
	expect(1, (const char *const[]){"2001:db8:a::1", NULL});
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_temporary),
	    cmocka_unit_test(test_links),
	    cmocka_unit_test(test_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
