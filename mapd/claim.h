/*
 * claim.h - what is known of names that hosts registered: since when, from where, until when; and when each
 * must be looked at.
 *
 * TABLE_LEASES: ordered key of the owner -> u8 version | u64 since | u64 until | u64 key until |
 *               u32 lease | u32 key lease | u8 flags | 8 octets source
 * TABLE_EXPIRY: u32 time | ordered key of the owner -> u8 version. Not exact: an entry may come too early
 *               (a refresh moves the claim, not the entry), never too late.
 * TABLE_COUNTS: 'r' ordered key of the apex, or 's' source 'r' ordered key of the apex -> u8 version | u64
 */
#ifndef MAPD_CLAIM_H
#define MAPD_CLAIM_H

#include "core/wire/name.h"
#include "mapd/store.h"

#define CLAIM_SOURCE 8 /* family, then the octets of the /24 or /56, zero to the end */

#define CLAIM_HOST 0x01 /* registered by SRP's grammar (RFC 9665): its addresses are its locators too */

struct claim {
	uint64_t since; /* seconds since 1970 */
	uint64_t until, key_until; /* 0: no end */
	uint32_t lease, key_lease; /* as granted, seconds; 0: none */
	uint8_t flags;
	uint8_t source[CLAIM_SOURCE];
	bool counted; /* not stored: kept by claim_get() for claim_put() */
};

void claim_source(struct bytes address, uint8_t source[CLAIM_SOURCE]) NONNULL;
/* The claim of owner (lower case); false: none, or damaged. */
bool claim_get(struct change *change, const struct name *owner, struct claim *out) NONNULL;
/* Writes it, with its entry in EXPIRY, and counts it when it is new (apex: of its zone). */
void claim_put(struct change *change, const struct name *apex, const struct name *owner,
    const struct claim *claim) NONNULL;
/* Removes it and counts it down; entries in EXPIRY that are left are dropped when they are due. */
void claim_remove(
    struct change *change, const struct name *apex, const struct name *owner) NONNULL;
/* The same for those of the workers. */
bool claim_find(struct snapshot *snap, const struct name *owner, struct claim *out) NONNULL;
uint64_t claim_count(struct change *change, const struct name *apex) NONNULL;
uint64_t claim_count_source(struct change *change, const struct name *apex,
    const uint8_t source[CLAIM_SOURCE]) NONNULL;

/*
 * The first owners whose entry is due at now, at most max; their entries are removed (the caller puts claims
 * anew that are not due yet: claim_put()). Returns how many; *next is when there is more (UINT64_MAX: never).
 */
size_t claim_due(struct change *change, uint64_t now, struct name *owners, size_t max,
    uint64_t *next) NONNULL;

#endif
