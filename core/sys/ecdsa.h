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

/* The private number as ecdsa_sign() wants it; BN_clear_free() frees it. NULL: out of memory. */
BIGNUM *ecdsa_secret(const BIGNUM *number);
/* Signs all (at most ECDSA_MANY); false: none. */
bool ecdsa_sign(struct ecdsa_item *items, size_t n);

#endif
