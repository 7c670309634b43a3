/*
 * test_ecdsa.c - core/sys/ecdsa at its edges, checked by the equation itself: digests that are no smaller than
 * the group's order, the greatest key, and random octets that repeat or do not come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/rand.h>

#include "core/sys/ecdsa.h"

/* Whether r | s is the signature of digest by the key whose public point is x | y (FIPS 186-5 6.4.2). */
static bool
is_signature(const uint8_t public[64], const uint8_t digest[32], const uint8_t sig[64])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	const BIGNUM *order = EC_GROUP_get0_order(group);
	EC_POINT *point = EC_POINT_new(group);
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *r = BN_bin2bn(sig, 32, NULL), *s = BN_bin2bn(sig + 32, 32, NULL);
	BIGNUM *e = BN_bin2bn(digest, 32, NULL), *x = BN_bin2bn(public, 32, NULL);
	BIGNUM *y = BN_bin2bn(public + 32, 32, NULL);
	bool ok = EC_POINT_set_affine_coordinates(group, point, x, y, ctx) == 1 &&
		  !BN_is_zero(r) && !BN_is_zero(s) && BN_cmp(r, order) < 0 &&
		  BN_cmp(s, order) < 0 && BN_mod_inverse(s, s, order, ctx) != NULL &&
		  BN_mod_mul(e, e, s, order, ctx) == 1 &&
		  BN_mod_mul(s, r, s, order, ctx) == 1 &&
		  EC_POINT_mul(group, point, e, point, s, ctx) == 1 &&
		  EC_POINT_get_affine_coordinates(group, point, x, NULL, ctx) == 1 &&
		  BN_nnmod(x, x, order, ctx) == 1 && BN_cmp(x, r) == 0;

	BN_free(r);
	BN_free(s);
	BN_free(e);
	BN_free(x);
	BN_free(y);
	BN_CTX_free(ctx);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return ok;
}

/* What is signed verifies, with another digest or numbers out of range it does not; no other points are keys. */
static void
verifies(const uint8_t public[64], const struct ecdsa_item items[4], const uint8_t order[32])
{
	static const uint8_t zero[32], most[32] = {255, 255, 255, 255, 255};
	const uint8_t *wrong[] = {zero, order, most};
	EC_KEY *key = ecdsa_public(public);
	uint8_t sig[64];

	assert_non_null(key);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(ecdsa_verify(key, items[i].digest, items[i].out), 1);
		/* digests 0 and order are the same number */
		assert_int_equal(ecdsa_verify(key, items[i ^ 2].digest, items[i].out), 0);
	}
	for (size_t i = 0; i < 3; i++)
		for (size_t half = 0; half < 64; half += 32) {
			memcpy(sig, items[0].out, sizeof sig);
			memcpy(sig + half, wrong[i], 32);
			assert_int_equal(ecdsa_verify(key, items[0].digest, sig), 0);
		}
	ecdsa_public_free(key);
	memcpy(sig, public, sizeof sig);
	sig[63] ^= 1;
	assert_null(ecdsa_public(sig));
	memset(sig, 0, sizeof sig);
	assert_null(ecdsa_public(sig));
	memset(sig, 255, sizeof sig);
	assert_null(ecdsa_public(sig));
}

/* 0, and what is not below the order of the group, are digests too, and no keys. */
static void
test_edges(void **state)
{
	static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e,
	    0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
	uint8_t octets[32], public[64], out[4][64];
	struct ecdsa_item items[4] = {{NULL}};
	BIGNUM *secret;

	(void)state;
	memset(octets, 0, sizeof octets);
	assert_null(ecdsa_secret(octets, public));
	assert_null(ecdsa_secret(order, public));
	memcpy(octets, order, sizeof octets);
	octets[31]--; /* the greatest key there is */
	secret = ecdsa_secret(octets, public);
	assert_non_null(secret);
	for (size_t i = 0; i < 4; i++)
		items[i] = (struct ecdsa_item){.secret = secret, .out = out[i]};
	memcpy(items[1].digest, order, 32);
	memcpy(items[2].digest, octets, 32);
	memset(items[3].digest, 255, 32);
	assert_true(ecdsa_sign(items, 4));
	for (size_t i = 0; i < 4; i++)
		assert_true(is_signature(public, items[i].digest, out[i]));
	verifies(public, items, order);
	out[0][63] ^= 1;
	assert_false(is_signature(public, items[0].digest, out[0]));
	assert_false(ecdsa_sign(items, ECDSA_MANY + 1));
	BN_clear_free(secret);
}

/* Of s and order - s the lesser; 0 and what is above the order have no other. */
static void
test_lesser(void **state)
{
	static const struct {
		uint8_t first, rest, last; /* octets */
		bool greater;
	} rows[] = {{0, 0, 0, false}, {0, 0, 1, false}, {0x7f, 0, 0, false},
	    {0x7f, 0xff, 0xff, true}, {0x80, 0, 0, true}, {0xff, 0, 0, true},
	    {0xff, 0xff, 0xff, false}};
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	const BIGNUM *order = EC_GROUP_get0_order(group);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t s[32], before[32], sum[32], whole[32];
		BIGNUM *a, *b;

		memset(s, rows[i].rest, sizeof s);
		s[0] = rows[i].first;
		s[31] = rows[i].last;
		memcpy(before, s, sizeof s);
		ecdsa_lesser(s);
		assert_int_equal(memcmp(s, before, sizeof s) != 0, rows[i].greater);
		if (!rows[i].greater)
			continue;
		assert_true(memcmp(s, before, sizeof s) < 0);
		a = BN_bin2bn(s, 32, NULL);
		b = BN_bin2bn(before, 32, NULL);
		assert_int_equal(BN_add(a, a, b), 1);
		assert_int_equal(BN_bn2binpad(a, sum, 32), 32);
		assert_int_equal(BN_bn2binpad(order, whole, 32), 32);
		assert_memory_equal(sum, whole, 32);
		BN_free(a);
		BN_free(b);
	}
	EC_GROUP_free(group);
}

static unsigned repeated; /* octets since the generator began anew */
static bool broken;

static int
repeating_bytes(unsigned char *p, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = (unsigned char)(repeated++ * 167 + 13);
	return broken ? 0 : 1;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
/* A generator that says the same again gives no two messages the same nonce; one that fails signs nothing. */
static void
test_generator_that_repeats(void **state)
{
	static const RAND_METHOD repeating = {.bytes = repeating_bytes};
	uint8_t octets[32] = {7}, public[64], out[2][64];
	struct ecdsa_item item = {.digest = {1}};
	BIGNUM *secret = ecdsa_secret(octets, public);

	(void)state;
	assert_non_null(secret);
	item.secret = secret;
	assert_int_equal(RAND_set_rand_method(&repeating), 1);
	for (int i = 0; i < 2; i++) {
		repeated = 0;
		item.out = out[i];
		item.digest[0]++;
		assert_true(ecdsa_sign(&item, 1));
		assert_true(is_signature(public, item.digest, out[i]));
	}
	broken = true;
	assert_false(ecdsa_sign(&item, 1));
	assert_int_equal(RAND_set_rand_method(RAND_OpenSSL()), 1);
	assert_memory_not_equal(out[0], out[1], 32);
	BN_clear_free(secret);
}
#pragma GCC diagnostic pop

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_edges),
	    cmocka_unit_test(test_lesser),
	    cmocka_unit_test(test_generator_that_repeats),
	};

	return cmocka_run_group_tests_name("ecdsa", tests, NULL, NULL);
}
