/*
 * mac.c - the MACs of crypto.h, by OpenSSL.
 * Knows octets and keys; knows nothing of DNS. Everything here may be called from any thread.
 */
#include "core/sys/crypto.h"

#include <pthread.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "core/wire/errors.h"

static const struct {
	const char *digest;
	size_t size;
} hashes[] = {
    [CRYPTO_MAC_NONE] = {NULL, 0},
    [CRYPTO_HMAC_SHA1] = {"SHA1", 20},
    [CRYPTO_HMAC_SHA224] = {"SHA224", 28},
    [CRYPTO_HMAC_SHA256] = {"SHA256", 32},
    [CRYPTO_HMAC_SHA384] = {"SHA384", 48},
    [CRYPTO_HMAC_SHA512] = {"SHA512", 64},
};

#define HASHES (sizeof hashes / sizeof hashes[0])

/*
 * A context of each that has its digest and no key: what is copied of it looks nothing up and takes no lock. Made
 * once, never freed, and read only afterwards.
 */
static EVP_MAC_CTX *mac_hmac[HASHES];
static EVP_MAC_CTX *mac_siphash;
static pthread_once_t mac_once = PTHREAD_ONCE_INIT;

static EVP_MAC_CTX *
context_make(const char *name, const OSSL_PARAM *params)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, name, NULL);
	EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;

	if (ctx != NULL && EVP_MAC_CTX_set_params(ctx, params) != 1) {
		EVP_MAC_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_MAC_free(mac);
	return ctx;
}

static void
mac_make(void)
{
	size_t size = 8;
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
	    OSSL_PARAM_construct_end(),
	};

	mac_siphash = context_make("SIPHASH", params);
	for (size_t i = CRYPTO_HMAC_SHA1; i < HASHES; i++) {
		/* OpenSSL's parameters are not const, and this one is only read */
		char *digest = (char *)(uintptr_t)hashes[i].digest;

		params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
		mac_hmac[i] = context_make("HMAC", params);
	}
}

static int
mac_compute(const EVP_MAC_CTX *template, const void *key, size_t key_n, const void *p, size_t n,
    uint8_t *out, size_t size)
{
	EVP_MAC_CTX *ctx = template != NULL ? EVP_MAC_CTX_dup(template) : NULL;
	size_t out_n = 0;
	/* A NULL key means "the key of before" to EVP_MAC_init(). */
	bool ok = ctx != NULL && EVP_MAC_init(ctx, key_n > 0 ? key : "", key_n, NULL) == 1 &&
		  EVP_MAC_update(ctx, p, n) == 1 &&
		  EVP_MAC_final(ctx, out, &out_n, size) == 1 && out_n == size;

	EVP_MAC_CTX_free(ctx);
	if (ok)
		return 0;
	ERR_clear_error();
	return -MAP_ECRYPTO;
}

size_t
crypto_mac_size(enum crypto_mac mac)
{
	return (size_t)mac < HASHES ? hashes[mac].size : 0;
}

int
crypto_hmac(
    enum crypto_mac mac, const void *key, size_t key_n, const void *p, size_t n, uint8_t *out)
{
	size_t size = crypto_mac_size(mac);

	if (size == 0)
		return -MAP_ECRYPTO;
	pthread_once(&mac_once, mac_make);
	return mac_compute(mac_hmac[mac], key, key_n, p, n, out, size);
}

int
crypto_hmac_sha256(const void *key, size_t key_n, const void *p, size_t n, uint8_t out[32])
{
	return crypto_hmac(CRYPTO_HMAC_SHA256, key, key_n, p, n, out);
}

int
crypto_siphash(const uint8_t key[16], const void *p, size_t n, uint8_t out[8])
{
	pthread_once(&mac_once, mac_make);
	return mac_compute(mac_siphash, key, 16, p, n, out, 8);
}
