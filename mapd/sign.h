/*
 * sign.h - signatures over RRsets (RFC 4034 3): prepared one by one, computed together.
 * Knows how long a signature lives; knows nothing of where records come from or go to.
 */
#ifndef MAPD_SIGN_H
#define MAPD_SIGN_H

#include "core/wire/dnssec.h"
#include "core/wire/rrset.h"
#include "mapd/keyring.h"
#include "mapd/pool.h"

#define SIGN_RDATA (18 + NAME_WIRE + SIGNATURE_SIZE) /* longest RRSIG RDATA */

/* Who signs a zone, and when. */
struct signer {
	const struct secret *secret; /* borrowed */
	struct name apex;            /* lower case */
	uint16_t tag;
	uint8_t algorithm;
	uint64_t now;    /* seconds since 1970 */
	uint64_t random; /* state of the jitter on expiration */
};

/* The signer of apex with secret, whose DNSKEY RDATA is dnskey. */
int signer_init(struct signer *signer, const struct name *apex, const struct secret *secret,
    struct bytes dnskey, uint64_t now) NONNULL MUST_CHECK;

/* One signature: prepared, then computed. */
struct signature {
	const struct secret *secret;
	struct rrsig sig;
	struct bytes message; /* borrowed from the writer it was prepared in */
	uint8_t octets[SIGNATURE_SIZE];
	int error;
};

/* Prepares the signature of set; the octets to sign are appended to messages. -MAP_ESPACE */
int sign_prepare(struct signer *signer, const struct rrset *set, struct wr *messages,
    struct signature *out) NONNULL MUST_CHECK;
/* Computes all; 0 or the first error. */
int sign_compute(struct pool *pool, struct signature *signatures, size_t n) MUST_CHECK;
/* Appends the RRSIG's RDATA. */
void sign_put(struct wr *wr, const struct signature *signature) NONNULL;

/* When an RRSIG of these must be renewed, in seconds of RFC 1982: half its life, or with 4 of 14 days
 * left. */
uint32_t sign_due(uint16_t covered, uint32_t expiration);
/* The earlier of two times of RFC 1982. */
uint32_t sign_earlier(uint32_t a, uint32_t b);

#endif
