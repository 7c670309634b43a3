/*
 * ecdsa.h - P-256 signatures, made several at once, and checked; only crypto.c includes it.
 */
#ifndef SYS_ECDSA_H
#define SYS_ECDSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/bn.h>
#include <openssl/ec.h>

#define ECDSA_MANY 32 /* in one call */

/* One signature: r | s into out. */
struct ecdsa_item {
	const BIGNUM *secret; /* of ecdsa_secret() */
	uint8_t digest[32];
	uint8_t *out; /* 64 octets */
};

/*
 * The private number of 32 octets as ecdsa_sign() wants it, and its public point; BN_clear_free() frees it.
 * NULL: it is no key, or out of memory.
 */
BIGNUM *ecdsa_secret(const uint8_t octets[32], uint8_t public[64]);
/* Its octets again. */
bool ecdsa_octets(const BIGNUM *secret, uint8_t octets[32]);
/* Signs all (at most ECDSA_MANY); false: none. */
bool ecdsa_sign(struct ecdsa_item *items, size_t n);

/* A public key of x | y, which ecdsa_public_free() frees. NULL: no point of the curve, or out of memory. */
EC_KEY *ecdsa_public(const uint8_t public[64]);
void ecdsa_public_free(EC_KEY *key); /* NULL allowed */
/* 1: r | s is the key's signature; 0: it is not; -1: it cannot be told. */
int ecdsa_verify(const EC_KEY *key, const uint8_t digest[32], const uint8_t signature[64]);
/* Of s and order - s, which make r | s a signature of the same, the lesser; what is no s stays as it is. */
void ecdsa_lesser(uint8_t s[32]);

#endif
