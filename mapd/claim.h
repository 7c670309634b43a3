/*
 * claim.h - what is known of names that hosts registered: since when, from where, until when; and when each
 * must be looked at.
 *
 * TABLE_LEASES: ordered key of the owner -> u8 version | u64 since | u64 until | u64 key until |
 *               u32 lease | u32 key lease | u8 flags | 8 octets source |
 *               u64 time of its entry in EXPIRY | u8 labels of the apex
 * TABLE_EXPIRY: 5 octets time | ordered key of the owner -> u8 version. One entry of a claim, which may come
 *               too early (a refresh moves the claim, not the entry), never too late.
 * TABLE_COUNTS: 'r' apex, or 's' source, apex -> u8 version | u64; the apex in wire form, lower case
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
	/* kept by claim_get() for claim_put(), nobody else's: what is written already */
	bool counted;
	uint8_t counted_source[CLAIM_SOURCE];
	uint8_t counted_labels; /* of the apex */
	uint64_t entry; /* in EXPIRY; 0: there is none */
};

/* Of all who have not shown theirs: they share what one source may claim. */
extern const uint8_t claim_unproved[CLAIM_SOURCE];
/* The source of an address of 4 or 16 octets; an IPv4-mapped one is IPv4's. */
void claim_source(struct bytes address, uint8_t source[CLAIM_SOURCE]) NONNULL;
/* The claim of owner (lower case); false: none, or damaged. */
bool claim_get(struct change *change, const struct name *owner, struct claim *out) NONNULL;
/*
 * Writes it: one put, when it is a refresh of what claim_get() gave. Its entry in EXPIRY is written when there is
 * none, or one that comes too late; it is counted when it is new (apex: of its zone).
 */
void claim_put(struct change *change, const struct name *apex, const struct name *owner,
    const struct claim *claim) NONNULL;
/* Removes it with its entry, and counts it down where it was counted, which another apex does not change. */
void claim_remove(
    struct change *change, const struct name *apex, const struct name *owner) NONNULL;
/*
 * Removes the claims that are counted in the zone apex, of at most so many names from *last on (apex: from the first).
 * True: there are more, from *last on, which was moved there.
 */
bool claim_forget(struct change *change, const struct name *apex, struct name *last, size_t most)
    NONNULL MUST_CHECK;
/* The zone apex is new: claims of its names, which were counted in a zone above, are counted in it. */
void claim_adopt(struct change *change, const struct name *apex) NONNULL;
/* The next zone after *apex (n 0: the first) that claims are counted in; false: there is none. */
bool claim_zone_next(struct change *change, struct name *apex) NONNULL;
/* The same for those of the workers. */
bool claim_find(struct snapshot *snap, const struct name *owner, struct claim *out) NONNULL;
uint64_t claim_count(struct change *change, const struct name *apex) NONNULL;
uint64_t claim_count_source(struct change *change, const struct name *apex,
    const uint8_t source[CLAIM_SOURCE]) NONNULL;

/*
 * The first owners whose claim must be looked at now: until or key_until has come. At most max entries are
 * taken away; those that came too early are put where they belong, and not returned. What is returned must be put
 * (claim_put()) or removed in the same change, or nobody looks at it again. Returns how many, which may be none
 * though there is more; *next is when to look again (UINT64_MAX: never; now or before: there is more).
 */
size_t claim_due(struct change *change, uint64_t now, struct name *owners, size_t max,
    uint64_t *next) NONNULL;

#endif
