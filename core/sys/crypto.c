/*
 * crypto.c - digests, signatures, random octets, by OpenSSL.
 * Knows octets and keys; knows nothing of DNS. Everything here may be called from any thread.
 */
#include "core/sys/crypto.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "core/sys/ecdsa.h"
#include "core/wire/errors.h"

#define SECRET_SIZE 32
#define P256_POINT 65 /* 04 | x | y */
#define CSHAKE_RATE 168 /* octets of a block of cSHAKE128 */
#define CSHAKE_CUSTOM 100 /* longest customization string taken: the padding stays one block */

struct crypto_key {
	/* Of a P-256 key made when it is first needed: it costs ten times what tells whether a key file is right. */
	_Atomic(EVP_PKEY *) pkey;
	int algorithm;
	bool is_private;
	BIGNUM *secret; /* of a private P-256 key, as ecdsa.c wants it */
	EC_KEY *point; /* of a public P-256 key, as ecdsa.c wants it */
	uint8_t public[64];
};

/* Fetched once and never freed: fetching costs more than most digests. Read only afterwards. */
static struct {
	EVP_MD *sha256;
	EVP_MD *sha384;
	EVP_MD *kmac128;
} crypto_fetched;
static pthread_once_t crypto_once = PTHREAD_ONCE_INIT;

static void
crypto_fetch(void)
{
	crypto_fetched.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	crypto_fetched.sha384 = EVP_MD_fetch(NULL, "SHA384", NULL);
	crypto_fetched.kmac128 = EVP_MD_fetch(NULL, "KECCAK-KMAC-128", NULL);
}

/* OpenSSL's error queue belongs to the thread and would grow with every forged signature. */
static int
crypto_done(int error)
{
	ERR_clear_error();
	return error;
}

size_t
crypto_public_size(int algorithm)
{
	switch (algorithm) {
	case CRYPTO_ECDSAP256:
		return 64;
	case CRYPTO_ED25519:
		return 32;
	default:
		return 0;
	}
}

/* The private number of a key that OpenSSL has made. */
static bool
key_take_secret(struct crypto_key *key, EVP_PKEY *pkey)
{
	uint8_t octets[SECRET_SIZE];
	BIGNUM *number = NULL;
	bool ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
		  BN_bn2binpad(number, octets, sizeof octets) == sizeof octets;

	BN_clear_free(number);
	if (ok)
		key->secret = ecdsa_secret(octets, key->public);
	crypto_wipe(octets, sizeof octets);
	return key->secret != NULL;
}

/* The key takes pkey over, also on an error. */
static int
key_wrap(int algorithm, EVP_PKEY *pkey, bool is_private, struct crypto_key **out)
{
	struct crypto_key *key = calloc(1, sizeof *key);
	uint8_t point[P256_POINT];
	size_t n = sizeof point;
	bool ok;

	if (key == NULL) {
		EVP_PKEY_free(pkey);
		return -MAP_ENOMEM;
	}
	atomic_init(&key->pkey, pkey);
	key->algorithm = algorithm;
	key->is_private = is_private;
	if (algorithm == CRYPTO_ED25519) {
		n = sizeof key->public;
		ok = EVP_PKEY_get_raw_public_key(pkey, key->public, &n) == 1 && n == 32;
	} else {
		ok = EVP_PKEY_get_octet_string_param(
			 pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &n) == 1 &&
		     n == P256_POINT && point[0] == 4;
		if (ok)
			memcpy(key->public, point + 1, 64);
		ok = ok && (!is_private || key_take_secret(key, pkey));
	}
	if (!ok) {
		crypto_key_free(key);
		return crypto_done(-MAP_ECRYPTO);
	}
	*out = key;
	return crypto_done(0);
}

int
crypto_key_generate(int algorithm, struct crypto_key **out)
{
	EVP_PKEY *pkey = NULL;

	if (algorithm == CRYPTO_ED25519)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else if (algorithm == CRYPTO_ECDSAP256)
		pkey = EVP_EC_gen("P-256");
	if (pkey == NULL)
		return crypto_done(-MAP_ECRYPTO);
	return key_wrap(algorithm, pkey, true, out);
}

/* A P-256 key out of its point and its private number. */
static EVP_PKEY *
p256_build(const uint8_t point[P256_POINT], const BIGNUM *secret)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;

	if (build != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(
		build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
	    OSSL_PARAM_BLD_push_octet_string(
		build, OSSL_PKEY_PARAM_PUB_KEY, point, P256_POINT) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret))
		params = OSSL_PARAM_BLD_to_param(build);
	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* A private P-256 key without OpenSSL's form of it. */
static int
p256_from_secret(const uint8_t secret[SECRET_SIZE], struct crypto_key **out)
{
	struct crypto_key *key = calloc(1, sizeof *key);

	if (key == NULL)
		return -MAP_ENOMEM;
	key->algorithm = CRYPTO_ECDSAP256;
	key->is_private = true;
	key->secret = ecdsa_secret(secret, key->public);
	if (key->secret == NULL) {
		crypto_key_free(key);
		return crypto_done(-MAP_ECRYPTO);
	}
	*out = key;
	return crypto_done(0);
}

static int
p256_from_public(const uint8_t public[64], struct crypto_key **out)
{
	struct crypto_key *key = calloc(1, sizeof *key);

	if (key == NULL)
		return -MAP_ENOMEM;
	key->algorithm = CRYPTO_ECDSAP256;
	memcpy(key->public, public, sizeof key->public);
	key->point = ecdsa_public(public);
	if (key->point == NULL) {
		crypto_key_free(key);
		return crypto_done(-MAP_ECRYPTO);
	}
	*out = key;
	return 0;
}

static EVP_PKEY *
p256_from_key(const struct crypto_key *key)
{
	uint8_t point[P256_POINT] = {4}, octets[SECRET_SIZE];
	BIGNUM *number = BN_secure_new();
	EVP_PKEY *pkey = NULL;

	memcpy(point + 1, key->public, sizeof key->public);
	if (number != NULL && ecdsa_octets(key->secret, octets) &&
	    BN_bin2bn(octets, sizeof octets, number) != NULL)
		pkey = p256_build(point, number);
	crypto_wipe(octets, sizeof octets);
	BN_clear_free(number);
	return pkey;
}

/* OpenSSL's form of a key, borrowed; NULL: it cannot be made. */
static EVP_PKEY *
key_pkey(const struct crypto_key *shared)
{
	/* What is added here is not what the key is: to all others it stays as it was. */
	struct crypto_key *key = (struct crypto_key *)(uintptr_t)shared;
	EVP_PKEY *pkey = atomic_load(&key->pkey), *none = NULL;

	if (pkey != NULL)
		return pkey;
	pkey = p256_from_key(key);
	if (pkey == NULL || atomic_compare_exchange_strong(&key->pkey, &none, pkey))
		return pkey;
	EVP_PKEY_free(pkey); /* another thread was faster */
	return none;
}

int
crypto_key_from_private(int algorithm, const uint8_t secret[32], struct crypto_key **out)
{
	EVP_PKEY *pkey = NULL;

	if (algorithm == CRYPTO_ED25519)
		pkey =
		    EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, SECRET_SIZE);
	else if (algorithm == CRYPTO_ECDSAP256)
		return p256_from_secret(secret, out);
	if (pkey == NULL)
		return crypto_done(-MAP_ECRYPTO);
	return key_wrap(algorithm, pkey, true, out);
}

int
crypto_key_from_public(int algorithm, const uint8_t *octets, size_t n, struct crypto_key **out)
{
	EVP_PKEY *pkey;

	if (n == 0 || n != crypto_public_size(algorithm))
		return -MAP_ECRYPTO;
	if (algorithm == CRYPTO_ECDSAP256)
		return p256_from_public(octets, out);
	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, octets, n);
	if (pkey == NULL)
		return crypto_done(-MAP_ECRYPTO);
	return key_wrap(algorithm, pkey, false, out);
}

int
crypto_key_public(const struct crypto_key *key, uint8_t out[64])
{
	memcpy(out, key->public, crypto_public_size(key->algorithm));
	return 0;
}

int
crypto_key_secret(const struct crypto_key *key, uint8_t out[32])
{
	size_t n = SECRET_SIZE;
	bool ok;

	if (!key->is_private)
		return -MAP_ECRYPTO;
	if (key->algorithm == CRYPTO_ED25519)
		ok = EVP_PKEY_get_raw_private_key(key_pkey(key), out, &n) == 1 &&
		     n == SECRET_SIZE;
	else
		ok = ecdsa_octets(key->secret, out);
	return crypto_done(ok ? 0 : -MAP_ECRYPTO);
}

int
crypto_key_algorithm(const struct crypto_key *key)
{
	return key->algorithm;
}

void
crypto_key_free(struct crypto_key *key)
{
	if (key == NULL)
		return;
	BN_clear_free(key->secret);
	ecdsa_public_free(key->point);
	EVP_PKEY_free(atomic_load(&key->pkey));
	free(key);
}

/* DNSSEC has r | s, OpenSSL a DER SEQUENCE of them. */
static bool
ecdsa_to_octets(const uint8_t *der, size_t n, uint8_t out[CRYPTO_SIGNATURE])
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
	bool ok = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32) == 32 &&
		  BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32) == 32;

	ECDSA_SIG_free(sig);
	return ok;
}

int
crypto_sign(const struct crypto_key *key, const void *p, size_t n, uint8_t out[64])
{
	bool is_ecdsa = key->algorithm == CRYPTO_ECDSAP256;
	EVP_MD_CTX *ctx;
	EVP_PKEY *pkey;
	uint8_t sig[80]; /* DER of two 256-bit numbers is at most 72 */
	size_t sig_n = sizeof sig;
	bool ok;

	if (!key->is_private)
		return -MAP_ECRYPTO;
	pthread_once(&crypto_once, crypto_fetch);
	pkey = key_pkey(key);
	ctx = EVP_MD_CTX_new();
	ok = ctx != NULL && pkey != NULL &&
	     EVP_DigestSignInit(
		 ctx, NULL, is_ecdsa ? crypto_fetched.sha256 : NULL, NULL, pkey) == 1 &&
	     EVP_DigestSign(ctx, sig, &sig_n, p, n) == 1;
	EVP_MD_CTX_free(ctx);
	if (ok && is_ecdsa)
		ok = ecdsa_to_octets(sig, sig_n, out);
	else if (ok && sig_n == CRYPTO_SIGNATURE)
		memcpy(out, sig, CRYPTO_SIGNATURE);
	else
		ok = false;
	return crypto_done(ok ? 0 : -MAP_ECRYPTO);
}

/* Those of the jobs that are ECDSA's, together. */
static void
jobs_sign_ecdsa(struct crypto_job *jobs, size_t n)
{
	struct ecdsa_item items[CRYPTO_JOBS];
	size_t n_items = 0;
	bool ok;

	for (size_t i = 0; i < n; i++) {
		struct crypto_job *job = &jobs[i];
		struct ecdsa_item *item = &items[n_items];

		if (job->key->secret == NULL)
			continue;
		job->error = crypto_sha256(job->p, job->n, item->digest);
		item->secret = job->key->secret;
		item->out = job->out;
		n_items += job->error == 0;
	}
	ok = n_items == 0 || ecdsa_sign(items, n_items);
	for (size_t i = 0; i < n && !ok; i++)
		if (jobs[i].key->secret != NULL)
			jobs[i].error = crypto_done(-MAP_ECRYPTO);
}

void
crypto_sign_many(struct crypto_job *jobs, size_t n)
{
	assert(n <= CRYPTO_JOBS);
	jobs_sign_ecdsa(jobs, n);
	for (size_t i = 0; i < n; i++)
		if (jobs[i].key->secret == NULL)
			jobs[i].error =
			    crypto_sign(jobs[i].key, jobs[i].p, jobs[i].n, jobs[i].out);
}

static int
p256_verify(const struct crypto_key *key, const void *p, size_t n, const uint8_t *sig)
{
	EC_KEY *point = key->is_private ? ecdsa_public(key->public) : key->point;
	uint8_t digest[32];
	int error = crypto_sha256(p, n, digest), valid = -1;

	if (error == 0 && point != NULL)
		valid = ecdsa_verify(point, digest, sig);
	if (key->is_private)
		ecdsa_public_free(point);
	if (valid < 0)
		return crypto_done(-MAP_ECRYPTO);
	return crypto_done(valid == 1 ? 0 : -MAP_ESIG);
}

int
crypto_verify(
    const struct crypto_key *key, const void *p, size_t n, const uint8_t *sig, size_t sig_n)
{
	EVP_MD_CTX *ctx;
	EVP_PKEY *pkey;
	int result = -MAP_ECRYPTO;

	if (sig_n != CRYPTO_SIGNATURE)
		return -MAP_ESIG;
	if (key->algorithm == CRYPTO_ECDSAP256)
		return p256_verify(key, p, n, sig);
	pkey = key_pkey(key);
	ctx = EVP_MD_CTX_new();
	if (ctx != NULL && pkey != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1)
		result = EVP_DigestVerify(ctx, sig, sig_n, p, n) == 1 ? 0 : -MAP_ESIG;
	EVP_MD_CTX_free(ctx);
	return crypto_done(result);
}

void
crypto_signature_fold(int algorithm, uint8_t sig[CRYPTO_SIGNATURE])
{
	if (algorithm == CRYPTO_ECDSAP256)
		ecdsa_lesser(sig + 32);
}

static int
digest_once(const EVP_MD *md, const void *p, size_t n, uint8_t *out)
{
	if (md == NULL || EVP_Digest(p, n, out, NULL, md, NULL) != 1)
		return crypto_done(-MAP_ECRYPTO);
	return 0;
}

/*
 * The hash of NSEC3, three times for a name that does not exist. By the older calls, whose state is on the
 * stack: whatever goes through EVP takes memory from the heap for each digest, a context that is kept too.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
int
crypto_sha1(const void *p, size_t n, uint8_t out[20])
{
	SHA_CTX ctx;

	if (SHA1_Init(&ctx) != 1 || SHA1_Update(&ctx, p, n) != 1 || SHA1_Final(out, &ctx) != 1)
		return crypto_done(-MAP_ECRYPTO);
	return 0;
}
#pragma GCC diagnostic pop

int
crypto_sha256(const void *p, size_t n, uint8_t out[32])
{
	pthread_once(&crypto_once, crypto_fetch);
	return digest_once(crypto_fetched.sha256, p, n, out);
}

int
crypto_sha384(const void *p, size_t n, uint8_t out[48])
{
	pthread_once(&crypto_once, crypto_fetch);
	return digest_once(crypto_fetched.sha384, p, n, out);
}

/*
 * SP 800-185 3.3: bytepad(encode_string("") | encode_string(S), 168), then the input. OpenSSL's
 * KECCAK-KMAC-128 is the sponge of cSHAKE128 with its domain bits; the first block is ours.
 */
int
crypto_cshake128_any(
    const void *custom, size_t custom_n, const void *p, size_t n, uint8_t *out, size_t out_n)
{
	uint8_t block[CSHAKE_RATE] = {0x01, CSHAKE_RATE, 0x01, 0x00};
	size_t bits = custom_n * 8;
	size_t at = 4;
	EVP_MD_CTX *ctx;
	bool ok;

	if (custom_n > CSHAKE_CUSTOM)
		return -MAP_ECRYPTO;
	if (bits > 0xff) {
		block[at++] = 2; /* left_encode() of the length in bits */
		block[at++] = (uint8_t)(bits >> 8);
	} else {
		block[at++] = 1;
	}
	block[at++] = (uint8_t)bits;
	memcpy(block + at, custom, custom_n);
	pthread_once(&crypto_once, crypto_fetch);
	ctx = EVP_MD_CTX_new();
	ok = ctx != NULL && crypto_fetched.kmac128 != NULL &&
	     EVP_DigestInit_ex2(ctx, crypto_fetched.kmac128, NULL) == 1 &&
	     EVP_DigestUpdate(ctx, block, sizeof block) == 1 &&
	     EVP_DigestUpdate(ctx, p, n) == 1 && EVP_DigestFinalXOF(ctx, out, out_n) == 1;
	EVP_MD_CTX_free(ctx);
	return crypto_done(ok ? 0 : -MAP_ECRYPTO);
}

int
crypto_cshake128(const uint8_t custom[16], const void *p, size_t n, uint8_t *out, size_t out_n)
{
	return crypto_cshake128_any(custom, 16, p, n, out, out_n);
}

bool
crypto_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

int
crypto_random(void *p, size_t n)
{
	uint8_t *at = p;

	while (n > 0) {
		int part = n > 1 << 20 ? 1 << 20 : (int)n;

		if (RAND_bytes(at, part) != 1)
			return crypto_done(-MAP_ECRYPTO);
		at += part;
		n -= (size_t)part;
	}
	return 0;
}

void
crypto_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}
