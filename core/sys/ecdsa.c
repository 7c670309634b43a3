/*
 * ecdsa.c - P-256 signatures (FIPS 186-5 6.4), several at once, by OpenSSL's curve and numbers.
 * Each of OpenSSL's own signatures inverts its nonce, which is a third of its time; here one inversion serves all
 * (Montgomery's trick). Knows numbers; knows nothing of keys' files and formats.
 */
#include "core/sys/ecdsa.h"

#include <pthread.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>

/* Made once and never freed. Read only afterwards. */
static struct {
	EC_GROUP *group;
	const BIGNUM *order;
	BN_MONT_CTX *mont; /* modulo order */
} curve;
static pthread_once_t curve_once = PTHREAD_ONCE_INIT;

/* Numbers of one call. A name that ends in _m: in Montgomery's form. */
struct run {
	BN_CTX *ctx; /* its numbers are wiped when it is freed */
	EC_POINT *point;
	size_t n; /* nonces, the blind one included */
	BIGNUM *k_m[ECDSA_MANY + 1];
	BIGNUM *product_m[ECDSA_MANY + 1]; /* of k_m[0] to here */
	BIGNUM *r[ECDSA_MANY + 1];
	BIGNUM *inverse_m, *s, *t;
};

static void
curve_make(void)
{
	BN_CTX *ctx = BN_CTX_new();
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	BN_MONT_CTX *mont = BN_MONT_CTX_new();

	if (ctx != NULL && group != NULL && mont != NULL &&
	    BN_MONT_CTX_set(mont, EC_GROUP_get0_order(group), ctx) == 1) {
		curve.group = group;
		curve.order = EC_GROUP_get0_order(group);
		curve.mont = mont;
	} else {
		EC_GROUP_free(group);
		BN_MONT_CTX_free(mont);
	}
	BN_CTX_free(ctx);
}

static bool
curve_is_there(void)
{
	pthread_once(&curve_once, curve_make);
	return curve.group != NULL;
}

/* x | y of number times the base point. */
static bool
point_make(const BIGNUM *number, uint8_t octets[64], BN_CTX *ctx)
{
	EC_POINT *point = EC_POINT_new(curve.group);
	bool ok = false;
	BIGNUM *x, *y;

	BN_CTX_start(ctx);
	x = BN_CTX_get(ctx);
	y = BN_CTX_get(ctx);
	if (point != NULL && y != NULL)
		ok = EC_POINT_mul(curve.group, point, number, NULL, NULL, ctx) == 1 &&
		     EC_POINT_get_affine_coordinates(curve.group, point, x, y, ctx) == 1 &&
		     BN_bn2binpad(x, octets, 32) == 32 &&
		     BN_bn2binpad(y, octets + 32, 32) == 32;
	BN_CTX_end(ctx);
	EC_POINT_free(point);
	return ok;
}

BIGNUM *
ecdsa_secret(const uint8_t octets[32], uint8_t public[64])
{
	BIGNUM *number = BN_secure_new(), *secret = BN_secure_new();
	BN_CTX *ctx = BN_CTX_secure_new();
	bool ok = number != NULL && secret != NULL && ctx != NULL && curve_is_there() &&
		  BN_bin2bn(octets, 32, number) != NULL && !BN_is_zero(number) &&
		  BN_cmp(number, curve.order) < 0;

	if (ok) {
		BN_set_flags(number, BN_FLG_CONSTTIME);
		ok = point_make(number, public, ctx) &&
		     BN_to_montgomery(secret, number, curve.mont, ctx) == 1;
	}
	if (!ok) {
		BN_clear_free(secret);
		secret = NULL;
	}
	BN_clear_free(number);
	BN_CTX_free(ctx);
	return secret;
}

bool
ecdsa_octets(const BIGNUM *secret, uint8_t octets[32])
{
	BIGNUM *number = BN_secure_new();
	BN_CTX *ctx = BN_CTX_secure_new();
	bool ok = number != NULL && ctx != NULL &&
		  BN_from_montgomery(number, secret, curve.mont, ctx) == 1 &&
		  BN_bn2binpad(number, octets, 32) == 32;

	BN_clear_free(number);
	BN_CTX_free(ctx);
	return ok;
}

static bool
run_init(struct run *run, size_t n)
{
	run->n = n + 1;
	run->point = EC_POINT_new(curve.group);
	run->ctx = BN_CTX_secure_new();
	if (run->point == NULL || run->ctx == NULL)
		return false;
	BN_CTX_start(run->ctx);
	for (size_t i = 0; i < run->n; i++) {
		run->k_m[i] = BN_CTX_get(run->ctx);
		run->product_m[i] = BN_CTX_get(run->ctx);
		run->r[i] = BN_CTX_get(run->ctx);
	}
	run->inverse_m = BN_CTX_get(run->ctx);
	run->s = BN_CTX_get(run->ctx);
	run->t = BN_CTX_get(run->ctx);
	return run->t != NULL; /* when one fails, so do all that follow */
}

static void
run_fini(struct run *run)
{
	EC_POINT_clear_free(run->point);
	if (run->ctx != NULL)
		BN_CTX_end(run->ctx);
	BN_CTX_free(run->ctx);
}

static bool
times(BIGNUM *to, const BIGNUM *a, const BIGNUM *b, BN_CTX *ctx)
{
	return BN_mod_mul_montgomery(to, a, b, curve.mont, ctx) == 1;
}

/*
 * A number from 1 to order - 1, as OpenSSL's own signatures have it: of random octets, the secret and the digest,
 * so that a generator that repeats itself (a machine that was copied while it ran) repeats no nonce for another
 * message. Without item: of random octets alone.
 */
static bool
nonce_draw(struct run *run, BIGNUM *k, const struct ecdsa_item *item)
{
	int ok;

	do
		ok = item == NULL ? BN_priv_rand_range_ex(k, curve.order, 0, run->ctx)
				  : BN_generate_dsa_nonce(k, curve.order, item->secret,
					item->digest, sizeof item->digest, run->ctx);
	while (ok == 1 && BN_is_zero(k));
	return ok == 1;
}

/* A nonce, and what is published of it: r = x(k G) mod order. */
static bool
nonce_make(struct run *run, size_t i, const struct ecdsa_item *item)
{
	BIGNUM *k = run->t;

	if (!nonce_draw(run, k, item))
		return false;
	BN_set_flags(k, BN_FLG_CONSTTIME);
	if (EC_POINT_mul(curve.group, run->point, k, NULL, NULL, run->ctx) != 1 ||
	    EC_POINT_get_affine_coordinates(
		curve.group, run->point, run->r[i], NULL, run->ctx) != 1 ||
	    BN_nnmod(run->r[i], run->r[i], curve.order, run->ctx) != 1 ||
	    BN_is_zero(run->r[i]) ||
	    BN_to_montgomery(run->k_m[i], k, curve.mont, run->ctx) != 1)
		return false;
	if (i == 0)
		return BN_copy(run->product_m[0], run->k_m[0]) != NULL;
	return times(run->product_m[i], run->product_m[i - 1], run->k_m[i], run->ctx);
}

/*
 * All nonces, and the inverse of their product. The first nonce signs nothing: it blinds the product, so that
 * how long the inversion takes says nothing about the others.
 */
static bool
nonces_make(struct run *run, const struct ecdsa_item *items)
{
	BIGNUM *product = run->s;

	for (size_t i = 0; i < run->n; i++)
		if (!nonce_make(run, i, i == 0 ? NULL : &items[i - 1]))
			return false;
	return BN_from_montgomery(product, run->product_m[run->n - 1], curve.mont, run->ctx) ==
		   1 &&
	       BN_mod_inverse(product, product, curve.order, run->ctx) != NULL &&
	       BN_to_montgomery(run->inverse_m, product, curve.mont, run->ctx) == 1;
}

/* s = (digest + r secret) / k, where inverse_m is that of the product of all nonces up to i. */
static bool
item_sign(struct run *run, size_t i, struct ecdsa_item *item)
{
	BIGNUM *s = run->s, *t = run->t;

	if (!times(s, run->r[i], item->secret, run->ctx) ||
	    BN_bin2bn(item->digest, sizeof item->digest, t) == NULL)
		return false;
	if (BN_cmp(t, curve.order) >= 0 && BN_sub(t, t, curve.order) != 1)
		return false;
	if (BN_mod_add_quick(s, s, t, curve.order) != 1 ||
	    !times(t, run->inverse_m, run->product_m[i - 1], run->ctx) || /* 1 / k */
	    !times(s, s, t, run->ctx) || BN_is_zero(s) ||
	    !times(run->inverse_m, run->inverse_m, run->k_m[i], run->ctx))
		return false;
	return BN_bn2binpad(run->r[i], item->out, 32) == 32 &&
	       BN_bn2binpad(s, item->out + 32, 32) == 32;
}

bool
ecdsa_sign(struct ecdsa_item *items, size_t n)
{
	struct run run;
	bool ok;

	if (n > ECDSA_MANY || !curve_is_there())
		return false;
	ok = run_init(&run, n) && nonces_make(&run, items);
	for (size_t i = n; i > 0 && ok; i--)
		ok = item_sign(&run, i, &items[i - 1]);
	run_fini(&run);
	return ok;
}

/*
 * By the older calls, which copy a curve that is there: EVP makes one of its parameters for each key, and that costs
 * a third of what the check itself does. They refuse a point that is not on the curve.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
EC_KEY *
ecdsa_public(const uint8_t public[64])
{
	uint8_t octets[65] = {4};
	EC_KEY *key = curve_is_there() ? EC_KEY_new() : NULL;
	bool ok;

	if (key == NULL)
		return NULL;
	memcpy(octets + 1, public, 64);
	ok = EC_KEY_set_group(key, curve.group) == 1 &&
	     EC_KEY_oct2key(key, octets, sizeof octets, NULL) == 1;
	if (!ok) {
		EC_KEY_free(key);
		key = NULL;
	}
	return key;
}

void
ecdsa_public_free(EC_KEY *key)
{
	EC_KEY_free(key);
}

int
ecdsa_verify(const EC_KEY *key, const uint8_t digest[32], const uint8_t signature[64])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature, 32, NULL), *s = BN_bin2bn(signature + 32, 32, NULL);
	int valid = -1;

	if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
	} else {
		/* it only reads the key: its type has no const */
		valid = ECDSA_do_verify(digest, 32, sig, (EC_KEY *)(uintptr_t)key);
	}
	ECDSA_SIG_free(sig);
	return valid;
}
#pragma GCC diagnostic pop

void
ecdsa_lesser(uint8_t s[32])
{
	static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e,
	    0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
	uint8_t other[32];
	int borrow = 0;

	for (int i = 31; i >= 0; i--) {
		int digit = order[i] - s[i] - borrow;

		borrow = digit < 0;
		other[i] = (uint8_t)digit;
	}
	if (borrow == 0 && memcmp(other, s, sizeof other) < 0)
		memcpy(s, other, sizeof other);
}
