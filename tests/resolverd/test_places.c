/*
 * test_places.c - where one mapping after the other sends a session, and what it is to leave, as words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/errors.h"
#include "resolverd/places.h"

static struct places places;
static struct paths_places out;
static struct result result;
static char said[512];

static int
fresh(void **state)
{
	(void)state;
	places = (struct places){.n = 0};
	return 0;
}

static void
address(uint8_t out16[16], unsigned n)
{
	static const uint8_t base[16] = {0x20, 0x01, 0x0d, 0xb8};

	memcpy(out16, base, 16);
	out16[15] = (uint8_t)n;
}

/* One more locator of the mapping, and a pair to it from this host's only address. */
static void
published(unsigned n, uint8_t flags)
{
	struct found_identity *id = &result.identities[0];

	address(id->locators[id->n_locators].locator.address, n);
	id->locators[id->n_locators++].locator.flags = flags;
	address(result.pairs[result.n_pairs].source, 0xff);
	address(result.pairs[result.n_pairs].destination, n);
	result.pairs[result.n_pairs++].flags = flags;
}

/* The next mapping has these: numbers in hex, each with "!" when it is drained and "~" when it is a backup. */
static void
mapping(const char *text)
{
	unsigned n;
	int used;

	memset(&result, 0, sizeof result);
	result.n_identities = 1;
	while (sscanf(text, "%x%n", &n, &used) == 1) {
		uint8_t flags = 0;

		for (text += used; *text == '!' || *text == '~'; text++)
			flags |= *text == '!' ? ELOC_DRAIN : ELOC_BACKUP;
		published(n, flags);
	}
}

static const char *
take(void)
{
	size_t n = 0;

	said[0] = '\0';
	places_take(&places, &result, &out);
	for (size_t i = 0; i < out.n; i++)
		n += (size_t)snprintf(said + n, sizeof said - n, "%s%x%s", i > 0 ? " " : "",
		    out.pairs[i].destination[15], out.pairs[i].backup ? "~" : "");
	for (size_t i = 0; i < out.n_given_up; i++)
		n += (size_t)snprintf(said + n, sizeof said - n, "%s%x", i > 0 ? " " : ", not ",
		    out.given_up[i][15]);
	return said;
}

/* Each mapping follows the one before. */
static void
test_one_after_the_other(void **state)
{
	static const struct {
		const char *mapping, *expected;
	} rows[] = {
	    {"a b", "a b"}, {"a b c", "a b c"}, /* a new one */
	    {"a! b c", "b c, not a"}, /* drained */
	    {"b c", "b c, not a"}, /* and then gone */
	    {"c", "c, not b a"}, /* a lost one */
	    {"a c~", "a c~, not b"}, /* one that is back, and a backup */
	    {"a! c~!", "a c~"}, /* nowhere else to go */
	    {"d", "d, not c b a"}, {"d", "d, not c b a"}, /* as long as it stays so */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		mapping(rows[i].mapping);
		if (strcmp(take(), rows[i].expected) != 0)
			fail_msg("row %zu: %s", i, said);
	}
}

/* What a part of the mapping would have that cannot be had is not given up; what is seen to be drained is. */
static void
test_not_whole(void **state)
{
	static const struct {
		enum verdict set;
		int error;
		const char *expected;
	} rows[] = {
	    {VERDICT_SECURE, 0, "b, not c a"}, {VERDICT_INSECURE, 0, "b, not c a"},
	    {VERDICT_MISSING, 0, "b, not c a"}, {VERDICT_BOGUS, 0, "b, not c"},
	    {VERDICT_MALFORMED, 0, "b, not c"}, {VERDICT_SERVER, 0, "b, not c"},
	    {VERDICT_TIMEOUT, 0, "b, not c"},
	    {VERDICT_SECURE, -MAP_EBOGUS, "b, not c"}, /* of another identity */
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fresh(state);
		mapping("a b c");
		assert_string_equal(take(), "a b c");
		mapping("b c!");
		result.identities[0].n_sets = 1;
		result.identities[0].sets[0].edge.dnssec = rows[i].set;
		result.identities[result.n_identities++].error = rows[i].error;
		if (strcmp(take(), rows[i].expected) != 0)
			fail_msg("row %zu: %s", i, said);
	}
}

/* The order says nothing of what is published, however much that is; and pairs are as many as a session may have. */
static void
test_many(void **state)
{
	(void)state;
	mapping("1 2 3 4 5 6 7 8 9 a b c d e f 10 11 12 13 14");
	assert_string_equal(take(), "1 2 3 4 5 6 7 8");
	mapping("14 13 12 11 10 f e d c b a 9 8 7 6 5 4 3 2 1");
	assert_string_equal(take(), "14 13 12 11 10 f e d");
	mapping("14 13 12 11 10 f e d c b a 9 8 7 6 5 4 3 2");
	assert_string_equal(take(), "14 13 12 11 10 f e d, not 1");
}

/* A site that changes its prefix again and again: the one before is always among what is left. */
static void
test_renumbered(void **state)
{
	char text[16], expected[24];

	(void)state;
	for (unsigned n = 1; n < 100; n++) {
		snprintf(text, sizeof text, "%x", n);
		mapping(text);
		take();
		snprintf(expected, sizeof expected, ", not %x", n - 1);
		if (n > 1 && strncmp(strchr(said, ','), expected, strlen(expected)) != 0)
			fail_msg("prefix %x: %s", n, said);
		assert_true(out.n_given_up == (n - 1 < MANAGED_PAIRS ? n - 1 : MANAGED_PAIRS));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_one_after_the_other, fresh),
	    cmocka_unit_test_setup(test_not_whole, fresh),
	    cmocka_unit_test_setup(test_many, fresh),
	    cmocka_unit_test_setup(test_renumbered, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
