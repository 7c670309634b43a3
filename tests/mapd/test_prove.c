/*
 * test_prove.c - tokens: whose they are, how long they hold, how often they are sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/sys/crypto.h"
#include "mapd/prove.h"

#define NOW UINT64_C(1795457000)

static const uint8_t address[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
static const uint8_t other[16] = {0x20, 1, 0xd, 0xb8, [15] = 2};
static struct name owner, stranger;

static struct prover *
prover(const char *secret)
{
	struct prover *p = NULL;

	assert_int_equal(
	    prover_new((struct bytes){(const uint8_t *)secret, strlen(secret)}, &p), 0);
	return p;
}

static void
test_holds(void **state)
{
	struct prover *a = prover(""), *b = prover("");
	uint8_t tokens[(PROVE_MOST + 1) * PROVE_TOKEN] = {0};
	struct bytes one = {tokens, PROVE_TOKEN};
	uint64_t start = NOW / PROVE_PERIOD * PROVE_PERIOD;

	(void)state;
	assert_int_equal(prove_token(a, &owner, address, start, tokens), 0);
	for (uint64_t age = 0; age < 3 * PROVE_PERIOD; age++)
		assert_int_equal(
		    prove_holds(a, &owner, address, one, start + age), age < 2 * PROVE_PERIOD);
	assert_false(prove_holds(a, &owner, address, one, start - 1));
	assert_false(prove_holds(a, &owner, other, one, start));
	assert_false(prove_holds(a, &stranger, address, one, start));
	assert_false(prove_holds(b, &owner, address, one, start));
	assert_false(prove_holds(a, &owner, address, (struct bytes){tokens, 0}, start));
	assert_false(
	    prove_holds(a, &owner, address, (struct bytes){tokens, PROVE_TOKEN - 1}, start));
	/* among others, as many as there may be */
	memmove(tokens + (PROVE_MOST - 1) * PROVE_TOKEN, tokens, PROVE_TOKEN);
	tokens[0] ^= 1;
	assert_true(prove_holds(
	    a, &owner, address, (struct bytes){tokens, PROVE_MOST * PROVE_TOKEN}, start));
	assert_false(prove_holds(
	    a, &owner, address, (struct bytes){tokens, (PROVE_MOST + 1) * PROVE_TOKEN}, start));
	prover_free(a);
	prover_free(b);
}

/* The octets of protocol 8, and that who shares a secret knows them. */
static void
test_probe(void **state)
{
	struct prover *a = prover("a secret"), *b = prover("a secret"), *c = prover("another");
	uint8_t probe[PROVE_PROBE];
	struct bytes token = {probe + 24, PROVE_TOKEN};

	(void)state;
	assert_int_equal(prove_probe(a, &owner, address, NOW, probe), 0);
	assert_memory_equal(probe, "prove-1", 8);
	assert_memory_equal(probe + 8, address, 16);
	assert_true(prove_holds(a, &owner, address, token, NOW));
	assert_true(prove_holds(b, &owner, address, token, NOW));
	assert_false(prove_holds(c, &owner, address, token, NOW));
	prover_free(a);
	prover_free(b);
	prover_free(c);
}

static void
test_pause(void **state)
{
	struct prover *a = prover("a secret");
	uint8_t many[16] = {0x20, 1};
	unsigned n = 0;

	(void)state;
	assert_true(prove_may_probe(a, address, NOW));
	for (uint64_t i = 0; i < PROVE_PAUSE; i++)
		assert_false(prove_may_probe(a, address, NOW + i));
	assert_true(prove_may_probe(a, address, NOW + PROVE_PAUSE));
	/* the clock was set back: nobody waits for it to come again */
	assert_true(prove_may_probe(a, address, NOW - 1000));
	for (uint32_t i = 0; i < 1000; i++) {
		put_u32(many + 12, i);
		n += prove_may_probe(a, many, NOW + 100);
	}
	assert_true(n > 950);
	prover_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_holds),
	    cmocka_unit_test(test_probe),
	    cmocka_unit_test(test_pause),
	};

	if (name_from("a.open.test.", &owner) != 0 || name_from("b.open.test.", &stranger) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
