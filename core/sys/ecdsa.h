/*
 * ecdsa.h - P-256 signatures, several at once; only crypto.c includes it.
 */
#ifndef SYS_ECDSA_H
#define SYS_ECDSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/bn.h>

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

#endif
