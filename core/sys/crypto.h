/*
 * crypto.h - digests, MACs, signatures, random octets: the only user of OpenSSL's EVP.
 * Knows octets and keys; knows nothing of DNS. All return 0 or -MAP_ECRYPTO unless said.
 */
#ifndef SYS_CRYPTO_H
#define SYS_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRYPTO_ECDSAP256 13 /* DNSSEC algorithm numbers */
#define CRYPTO_ED25519 15
#define CRYPTO_SIGNATURE 64

struct crypto_key; /* private or public; immutable, may be shared between threads */

size_t crypto_public_size(int algorithm); /* 32 or 64; 0: unknown algorithm */
int crypto_key_generate(int algorithm, struct crypto_key **out);
int crypto_key_from_private(int algorithm, const uint8_t secret[32], struct crypto_key **out);
int crypto_key_from_public(int algorithm, const uint8_t *key, size_t n, struct crypto_key **out);
int crypto_key_public(const struct crypto_key *key, uint8_t out[64]); /* octets as in DNSKEY */
int crypto_key_secret(const struct crypto_key *key, uint8_t out[32]); /* caller wipes it */
int crypto_key_algorithm(const struct crypto_key *key);
void crypto_key_free(struct crypto_key *key); /* NULL allowed */

/* Signatures as DNSSEC has them: 64 octets for both algorithms. */
int crypto_sign(const struct crypto_key *key, const void *p, size_t n, uint8_t out[64]);
/* One of several signatures that are made together: p and n are signed into out. */
struct crypto_job {
	const struct crypto_key *key;
	const void *p;
	size_t n;
	uint8_t *out; /* CRYPTO_SIGNATURE octets */
	int error;
};
#define CRYPTO_JOBS 32
/* Makes them, each with its error; with P-256 at half the cost of one by one. At most CRYPTO_JOBS. */
void crypto_sign_many(struct crypto_job *jobs, size_t n);
/* 0: valid; -MAP_ESIG: not; -MAP_ECRYPTO: could not be computed. */
int crypto_verify(const struct crypto_key *key, const void *p, size_t n, const uint8_t *sig,
    size_t sig_n);
/*
 * Makes of a signature, in place, the one that stands for all that anybody can make of it: with P-256, r | s and
 * r | order - s are valid for the same; with Ed25519 there is one alone. A valid one stays valid.
 */
void crypto_signature_fold(int algorithm, uint8_t sig[CRYPTO_SIGNATURE]);

int crypto_sha1(const void *p, size_t n, uint8_t out[20]);
int crypto_sha256(const void *p, size_t n, uint8_t out[32]);
int crypto_sha384(const void *p, size_t n, uint8_t out[48]);
/* cSHAKE128 (SP 800-185) with N empty and S = custom; with 16 octets of S and 8 out, the HHIT hash.
 * custom_n is at most 100. */
int crypto_cshake128_any(const void *custom, size_t custom_n, const void *p, size_t n, uint8_t *out,
    size_t out_n);
int crypto_cshake128(const uint8_t custom[16], const void *p, size_t n, uint8_t *out, size_t out_n);

enum crypto_mac {
	CRYPTO_MAC_NONE,
	CRYPTO_HMAC_SHA1,
	CRYPTO_HMAC_SHA224,
	CRYPTO_HMAC_SHA256,
	CRYPTO_HMAC_SHA384,
	CRYPTO_HMAC_SHA512
};
#define CRYPTO_MAC 64 /* octets of the longest */
size_t crypto_mac_size(enum crypto_mac mac); /* 0: none */
/* out gets crypto_mac_size() octets. */
int crypto_hmac(enum crypto_mac mac, const void *key, size_t key_n, const void *p, size_t n,
    uint8_t *out);
int crypto_hmac_sha256(const void *key, size_t key_n, const void *p, size_t n, uint8_t out[32]);
/* SipHash-2-4, 64 bits, of at least one octet. */
int crypto_siphash(const uint8_t key[16], const void *p, size_t n, uint8_t out[8]);
bool crypto_equal(const void *a, const void *b, size_t n); /* in constant time */
int crypto_random(void *p, size_t n);
void crypto_wipe(void *p, size_t n);

#endif
