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

#define SIGNERS 4 /* keys that sign a zone at once */

/* What a key signs. */
#define SIGNS_KEYS 1     /* the DNSKEY set */
#define SIGNS_CHILD 2    /* CDS and CDNSKEY (RFC 7344 4.1: by a key that the parent knows) */
#define SIGNS_DATA 4     /* all else */

/* A key at work. */
struct signer {
	const struct secret *secret; /* borrowed */
	uint16_t tag;
	uint8_t algorithm;
	uint8_t signs; /* SIGNS_* */
};

/* Who signs a zone, and when. */
struct signers {
	struct name apex; /* lower case */
	uint64_t now;     /* seconds since 1970 */
	uint64_t random;  /* state of the jitter on expiration */
	size_t n;
	struct signer of[SIGNERS];
};

/* No signer yet of apex. */
int signers_init(struct signers *signers, const struct name *apex, uint64_t now) NONNULL MUST_CHECK;
/* Adds secret, whose DNSKEY RDATA is dnskey. -MAP_ESPACE */
int signers_add(struct signers *signers, const struct secret *secret, struct bytes dnskey,
    uint8_t signs) NONNULL MUST_CHECK;
/* Those that sign sets of type; returns how many. */
size_t signers_of(const struct signers *signers, uint16_t type, const struct signer *out[SIGNERS])
    NONNULL;
/* Whether a set of type has a signature of each that signs it, and of none besides. */
bool signers_match(const struct signers *signers, uint16_t type, const struct bytes *signatures,
    size_t n) NONNULL;

/* One signature: prepared, then computed. */
struct signature {
	const struct secret *secret;
	struct rrsig sig;
	struct bytes message; /* borrowed from the writer it was prepared in */
	uint8_t octets[SIGNATURE_SIZE];
	int error;
};

/* Prepares signer's signature of set; the octets to sign are appended to messages. -MAP_ESPACE */
int sign_prepare(struct signers *signers, const struct signer *signer, const struct rrset *set,
    struct wr *messages, struct signature *out) NONNULL MUST_CHECK;
/* Signatures that are computed together. */
struct sign_run {
	struct signature *first;
	size_t n;
};
/* Begins to compute all, one run at a time; sign_wait() helps and ends it: 0 or the first error. */
void sign_start(struct pool *pool, struct sign_run *run) NONNULL;
int sign_wait(struct pool *pool, const struct sign_run *run) NONNULL MUST_CHECK;
/* Appends the RRSIG's RDATA. */
void sign_put(struct wr *wr, const struct signature *signature) NONNULL;

/* When an RRSIG of these must be renewed, in seconds of RFC 1982: half its life, or with 4 of 14 days
 * left. */
uint32_t sign_due(uint16_t covered, uint32_t expiration);
/* The earlier of two times of RFC 1982. */
uint32_t sign_earlier(uint32_t a, uint32_t b);

#endif
