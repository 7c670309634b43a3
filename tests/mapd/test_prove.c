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

/* Linked with --wrap. Of these is what says which places things have: by chance two that are looked at here could have the same. */
int __wrap_crypto_random(void *p, size_t n);

int
__wrap_crypto_random(void *p, size_t n)
{
	static int calls;

	memset(p, ++calls, n);
	return 0;
}

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

/* Another secret while tokens are out: they hold on, as new ones do, and others know those; not for more than one. */
static void
test_set(void **state)
{
	static const struct bytes second = {(const uint8_t *)"second", 6},
				  third = {(const uint8_t *)"third", 5}, none = {NULL, 0};
	struct prover *a = prover("first"), *b = prover("second");
	uint8_t before[PROVE_TOKEN], after[PROVE_TOKEN];
	struct bytes old = {before, PROVE_TOKEN}, new = {after, PROVE_TOKEN};

	(void)state;
	assert_int_equal(prove_token(a, &owner, address, NOW, before), 0);
	assert_int_equal(prover_set(a, none), 0);
	assert_int_equal(prover_set(a, second), 0);
	assert_int_equal(prover_set(a, second), 0);
	assert_int_equal(prove_token(a, &owner, address, NOW, after), 0);
	assert_true(prove_holds(a, &owner, address, old, NOW + PROVE_PERIOD));
	assert_false(prove_holds(a, &owner, address, old, NOW + 2 * PROVE_PERIOD));
	assert_true(prove_holds(a, &owner, address, new, NOW));
	assert_true(prove_holds(b, &owner, address, new, NOW));
	assert_false(prove_holds(b, &owner, address, old, NOW));
	assert_int_equal(prover_set(a, third), 0);
	assert_true(prove_holds(a, &owner, address, new, NOW));
	assert_false(prove_holds(a, &owner, address, old, NOW));
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

/* An address in network n of those that are not the address's own. */
static const uint8_t *
elsewhere(unsigned n)
{
	static uint8_t asker[16];

	memset(asker, 0, sizeof asker);
	memcpy(asker + 10, "\xff\xff\xc6\x12", 4);
	asker[14] = (uint8_t)n;
	asker[15] = 7;
	return asker;
}

static void
test_pause(void **state)
{
	struct prover *a = prover("a secret");
	const uint8_t *const askers[] = {NULL, address, other, elsewhere(0)};
	uint8_t many[16] = {0x20, 1};

	(void)state;
	for (size_t k = 0; k < sizeof askers / sizeof askers[0]; k++) {
		/* the places of the askers before are free again by then */
		uint64_t later = NOW + 100 + 1000 * k;
		unsigned n = 0;

		assert_true(prove_may_probe(a, address, askers[k], NOW));
		for (uint64_t i = 0; i < PROVE_PAUSE; i++)
			assert_false(prove_may_probe(a, address, askers[k], NOW + i));
		assert_true(prove_may_probe(a, address, askers[k], NOW + PROVE_PAUSE));
		assert_false(prove_may_probe(a, address, askers[k], NOW + PROVE_PAUSE - 1));
		/* the clock was set back: nobody waits for it to come again */
		assert_true(prove_may_probe(a, address, askers[k], NOW - 1000));
		for (uint32_t i = 0; i < 1000; i++) {
			put_u32(many + 12, i);
			n += prove_may_probe(
			    a, many, askers[k] == address ? many : askers[k], later);
		}
		assert_true(n > 950);
		put_u32(many + 8, (uint32_t)k + 1);
	}
	prover_free(a);
}

/* Whoever else asks, and how often: who is at the address, and its network, get their own. */
static void
test_others(void **state)
{
	struct prover *a = prover("a secret");
	const uint8_t neighbour[16] = {0x20, 1, 0xd, 0xb8, [6] = 0xff, [15] = 1};
	const uint8_t beyond[16] = {0x20, 1, 0xd, 0xb8, [6] = 1, [15] = 1};

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		uint64_t now = NOW + round * PROVE_PAUSE;
		unsigned n = 0;

		n += prove_may_probe(a, address, NULL, now);
		for (unsigned i = 0; i < 100; i++)
			n += prove_may_probe(a, address, elsewhere(i), now);
		assert_int_equal(n, PROVE_OTHERS);
		assert_false(prove_may_probe(a, address, beyond, now));
		/* a /56 is one place, and here the address's own */
		assert_true(prove_may_probe(a, address, other, now));
		assert_false(prove_may_probe(a, address, other, now));
		assert_true(prove_may_probe(a, address, address, now));
		assert_false(prove_may_probe(a, address, address, now));
		/* it is of one address that others have asked too much */
		assert_true(prove_may_probe(a, neighbour, elsewhere(1), now));
	}
	prover_free(a);
}

/* Nor at the turn of two pauses. */
static void
test_bound(void **state)
{
	struct prover *a = prover("a secret");
	unsigned sent[100] = {0}, all = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		/* at times often, at times hardly */
		for (unsigned k = 0; k < (i % 7 < 3 ? 1 : 20); k++)
			sent[i] += prove_may_probe(a, address, elsewhere(20 * i + k), NOW + i);
		all += sent[i];
	}
	for (unsigned i = 0; i + PROVE_PAUSE <= 100; i++) {
		unsigned n = 0;

		for (unsigned k = 0; k < PROVE_PAUSE; k++)
			n += sent[i + k];
		assert_true(n <= PROVE_OTHERS);
	}
	assert_true(all > 50);
	prover_free(a);
}

/* Protocol 8: in any 5 seconds 10 probes come to an address, whoever asks, and as often as he likes. */
static void
test_sum(void **state)
{
	struct prover *a = prover("a secret");
	unsigned sent[60] = {0}, all = 0;

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		for (unsigned k = 0; k < 100; k++) {
			sent[i] += prove_may_probe(a, address, elsewhere(k), NOW + i);
			sent[i] += prove_may_probe(a, address, NULL, NOW + i);
			sent[i] += prove_may_probe(a, address, other, NOW + i);
			sent[i] += prove_may_probe(a, address, address, NOW + i);
		}
		all += sent[i];
	}
	for (unsigned i = 0; i + 5 <= 60; i++)
		assert_int_equal(
		    sent[i] + sent[i + 1] + sent[i + 2] + sent[i + 3] + sent[i + 4], 10);
	assert_int_equal(all, 60 / 5 * 10);
	prover_free(a);
}

/* However many addresses somebody has to ask from and for, what another one needs is there. */
static void
test_many(void **state)
{
	struct prover *a = prover("a secret");
	uint8_t many[16] = {0x20, 1};
	unsigned n = 0;

	(void)state;
	for (uint32_t i = 0; i < 500000; i++) {
		put_u32(many + 12, i);
		(void)!prove_may_probe(a, many, many, NOW);
	}
	for (uint32_t i = 0; i < 100; i++) {
		memcpy(many, elsewhere(i), 16);
		n += prove_may_probe(a, many, many, NOW);
	}
	assert_int_equal(n, 100); /* one in 65536 has the mark of who has its place */
	prover_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_holds),
	    cmocka_unit_test(test_set),
	    cmocka_unit_test(test_probe),
	    cmocka_unit_test(test_pause),
	    cmocka_unit_test(test_others),
	    cmocka_unit_test(test_bound),
	    cmocka_unit_test(test_sum),
	    cmocka_unit_test(test_many),
	};

	if (name_from("a.open.test.", &owner) != 0 || name_from("b.open.test.", &stranger) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
