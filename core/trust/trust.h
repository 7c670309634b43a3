/*
 * trust.h - what an identity key proves: joins the octets of core/wire with the sums of core/sys.
 */
#ifndef TRUST_TRUST_H
#define TRUST_TRUST_H

#include "core/sys/crypto.h"
#include "core/wire/eid.h"
#include "core/wire/mapping.h"
#include "core/wire/reference.h"

/* The HHIT of a key under the left 64 bits; the key identity of a key in a realm. */
int trust_hhit(const uint8_t left[8], const uint8_t key[32], uint8_t address[16]) MUST_CHECK;
int trust_digest(int algorithm, struct bytes key, uint8_t digest[EID_DIGEST]) MUST_CHECK;
/* The key is the identity's: 0; -MAP_EKEY; -MAP_EUNKNOWN: not self-certifying. */
int trust_key_check(const struct eid *id, int algorithm, struct bytes key) NONNULL MUST_CHECK;

/*
 * Verifies the proof found in a set (index i of rdata) for id at owner, at now (seconds).
 * 0; -MAP_EKEY (foreign), -MAP_EEXPIRED (also: too far ahead), -MAP_ESIG, -MAP_EFORMAT,
 * -MAP_EREVOKED (verified, and it revokes), -MAP_EUNKNOWN (id is not self-certifying, or the proof
 * is of an algorithm not known here). A revocation counts whatever its expiry.
 */
int trust_proof_verify(const struct eid *id, const struct name *owner, const struct bytes *rdata,
    size_t n, size_t i, uint64_t now, struct proof *out) NONNULL MUST_CHECK;
/* Appends the ELOC RDATA of a proof made by key over the other records (rdata without a proof). */
int trust_proof_sign(const struct crypto_key *key, const struct name *owner,
    const struct bytes *rdata, size_t n, uint64_t serial_ms, uint32_t expiry, uint8_t flags,
    struct wr *out) NONNULL MUST_CHECK;

/* A reference's text verified at now: 0, -MAP_EEXPIRED, -MAP_EKEY, -MAP_ESIG, -MAP_EREFERENCE. */
int trust_reference_verify(const char *text, const struct reference *ref, uint64_t now) NONNULL MUST_CHECK;
/* Fills by, key, exp and sig, and prints: -MAP_ESPACE, -MAP_EKEY (not Ed25519, or not by's key). */
int trust_reference_sign(struct reference *ref, const struct crypto_key *key, const struct eid *by,
    uint64_t exp, char text[REFERENCE_TEXT]) NONNULL MUST_CHECK;

/* DS digest (SHA-256) and NSEC3 hash, for who signs and who answers. */
int trust_ds(const struct name *owner, struct bytes dnskey, uint8_t digest[32]) NONNULL MUST_CHECK;
int trust_nsec3(const struct name *name, uint8_t hash[20]) NONNULL MUST_CHECK;

#endif
