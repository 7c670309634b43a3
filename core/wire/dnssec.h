/*
 * dnssec.h - the octets of DNSSEC (RFC 4034, 5155): what is signed, key tags, bit maps, hashes' input.
 * Makes no signature and no digest: core/sys/crypto.h does, and the caller joins the two.
 */
#ifndef WIRE_DNSSEC_H
#define WIRE_DNSSEC_H

#include "core/wire/cursor.h"
#include "core/wire/name.h"
#include "core/wire/rrset.h"

#define ALGORITHM_ECDSAP256 13
#define ALGORITHM_ED25519 15
#define DNSKEY_ZONE 0x0100
#define DNSKEY_SEP 0x0001
#define SIGNATURE_SIZE 64 /* both algorithms */
#define NSEC3_HASH 20
#define NSEC3_LABEL 32 /* base32hex characters of a hash */

struct rrsig {
	uint16_t covered;
	uint8_t algorithm;
	uint8_t labels;
	uint32_t ttl;
	uint32_t expiration;
	uint32_t inception;
	uint16_t tag;
	struct name signer;
	struct bytes signature;
};

int rrsig_read(struct bytes rdata, struct rrsig *out) NONNULL MUST_CHECK;
/* RDATA; with an empty signature, the RDATA that is signed. */
void rrsig_put(struct wr *wr, const struct rrsig *sig) NONNULL;

uint16_t dnssec_key_tag(struct bytes dnskey_rdata);
/* Labels field of RFC 4034 3.1.3: without the root and a leading "*". */
unsigned dnssec_labels(const struct name *owner) NONNULL;
/*
 * Appends the octets to sign for set under sig (RFC 4034 3.1.8.1): RRSIG RDATA without signature,
 * then the records in canonical form and order, doubles dropped. -MAP_ESPACE. Owner expanded to
 * "*.<closest encloser>" when sig->labels is smaller than the owner's.
 */
int dnssec_signed(struct wr *wr, const struct rrsig *sig, const struct rrset *set) NONNULL MUST_CHECK;
/* Appends what a DS digest is taken over: owner in lower case, DNSKEY RDATA. */
void dnssec_ds_message(struct wr *wr, const struct name *owner, struct bytes dnskey) NONNULL;

/* Type bit maps: types ascending, without doubles. */
void dnssec_bitmap_put(struct wr *wr, const uint16_t *types, size_t n) NONNULL;
bool dnssec_bitmap_has(struct bytes bitmap, uint16_t type);

/* NSEC3 with 0 iterations and no salt: the hash is SHA-1 over the lower-case wire name. */
void nsec3_label(const uint8_t hash[NSEC3_HASH], char label[NSEC3_LABEL + 1]) NONNULL;
int nsec3_label_read(const uint8_t *label, size_t n, uint8_t hash[NSEC3_HASH]) NONNULL MUST_CHECK;

/* Serial arithmetic (RFC 1982): a is later than b. */
bool serial_after(uint32_t a, uint32_t b);

#endif
