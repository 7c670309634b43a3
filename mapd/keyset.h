/*
 * keyset.h - the keys of one zone with their secrets, and the roll they are in.
 */
#ifndef MAPD_KEYSET_H
#define MAPD_KEYSET_H

#include "mapd/sign.h"
#include "mapd/zonekey.h"

#define KEYSET_KEYS 16
#define KEYSET_ROLLS "roll " /* TABLE_META: then the ordered key of the apex -> struct roll */

/* owned by the writer thread */
struct keyset {
	struct name apex; /* lower case */
	struct roll roll;
	size_t n, max; /* keys, and room for them: one that is kept has no more than it needs */
	struct keyset_key {
		struct zonekey key;
		struct secret *secret;
	} keys[];
};

/* What to make where there is nothing. */
struct keyset_wish {
	uint8_t algorithm;
	bool split; /* a key-signing and a zone-signing key, not a combined one */
};

/*
 * Opens the keys of apex: those in change; a duty that none has is given to one whose files are in the ring
 * already, else to a new one, which is put into both. why says what is wrong. Caller frees.
 */
int keyset_open(struct keyring *ring, struct change *change, const struct name *apex,
    const struct keyset_wish *wish, uint64_t now, struct keyset **out, char *why, size_t max)
    MUST_CHECK;
void keyset_free(struct keyset *set); /* NULL allowed */
/*
 * A copy that shares the secrets, with room for more keys, to be changed and then kept or dropped with free().
 * NULL: no memory.
 */
struct keyset *keyset_copy(const struct keyset *set) NONNULL;
/* The same set in no more room than it needs. */
struct keyset *keyset_trim(struct keyset *set) NONNULL MUST_CHECK;

/* The key with that tag; NULL: none. */
struct keyset_key *keyset_find(struct keyset *set, uint16_t tag) NONNULL;
/* Adds one; the secret is taken over when it is 0. -MAP_ESPACE, -MAP_EEXIST: its tag is there already */
int keyset_add(struct keyset *set, const struct zonekey *key, struct secret *secret) NONNULL;
/* What a key of the set does now. */
uint8_t keyset_duties(const struct keyset *set, const struct zonekey *key) NONNULL;
/* The algorithm in use, and whether the duties are split. */
struct keyset_wish keyset_have(const struct keyset *set) NONNULL;

/* Who signs, at now. */
int keyset_signers(const struct keyset *set, uint64_t now, struct signers *out) NONNULL MUST_CHECK;
/*
 * RDATA of DNSKEY, CDS or CDNSKEY in canonical order; digests holds those of CDS. Returns how many. Borrowed
 * from both.
 */
size_t keyset_rdata(const struct keyset *set, uint16_t type, struct bytes rdata[KEYSET_KEYS],
    uint8_t digests[KEYSET_KEYS][ZONEKEY_DS]) NONNULL;
#define KEYSET_MADE(X) X(RR_DNSKEY) X(RR_CDS) X(RR_CDNSKEY)

/*
 * Whether a parent with these DS is as the roll wants it: one of each new key-signing key (SHA-256), none of
 * an old one.
 */
bool keyset_ds_match(const struct keyset *set, const struct bytes *ds, size_t n) NONNULL;

/* The row of the roll; kind ROLL_NONE removes it. */
void keyset_put_roll(struct change *change, const struct keyset *set) NONNULL;
int keyset_read_roll(struct bytes value, struct roll *out) NONNULL MUST_CHECK;
/* Its key; returns how many octets. */
size_t keyset_roll_key(const struct name *apex, uint8_t key[sizeof KEYSET_ROLLS + NAME_KEY]) NONNULL;

#endif
