/*
 * zonekey.h - the key of a zone: its row in the store, its files, and the records made of it.
 */
#ifndef MAPD_ZONEKEY_H
#define MAPD_ZONEKEY_H

#include "core/wire/cursor.h"
#include "core/wire/name.h"
#include "mapd/keyring.h"
#include "mapd/roll.h"
#include "mapd/store.h"

#define ZONEKEY_DNSKEY (4 + KEYRING_PUBLIC)
#define ZONEKEY_DS (4 + 32)
#define ZONEKEY_PREFIX (2 + NAME_KEY) /* key of a row: u16 length, ordered key of the apex, u16 tag */
#define ZONEKEY_TTL ROLL_DNSKEY_TTL

/*
 * TABLE_KEYS: u8 version (2) | u8 algorithm | u8 role | u8 side | u64 made | u64 since | u16 length,
 * DNSKEY RDATA | base name. Version 1 had neither role and side (a combined key in use) nor since.
 */
struct zonekey {
	uint8_t algorithm;
	uint8_t role; /* ROLE_* */
	uint8_t side; /* enum key_side */
	uint16_t tag;
	uint64_t made;	/* seconds since 1970 */
	uint64_t since; /* that it is on this side */
	size_t dnskey_n;
	uint8_t dnskey[ZONEKEY_DNSKEY]; /* RDATA */
	char base[KEYRING_BASE];	/* of its files */
};

/* Every row of apex's keys begins so. */
size_t zonekey_prefix(const struct name *apex, uint8_t key[ZONEKEY_PREFIX]) NONNULL;
int zonekey_read(struct bytes value, struct zonekey *out) NONNULL MUST_CHECK;
void zonekey_put(struct change *change, const struct name *apex, const struct zonekey *key) NONNULL;
void zonekey_remove(
    struct change *change, const struct name *apex, const struct zonekey *key) NONNULL;
struct bytes zonekey_dnskey(const struct zonekey *key) NONNULL;
/* RDATA of the DS for the parent, and of a CDS: SHA-256. */
int zonekey_ds(const struct name *apex, const struct zonekey *key, uint8_t rdata[ZONEKEY_DS])
    NONNULL MUST_CHECK;
/* "csk", "ksk", "zsk"; ROLE_* of such a word, 0: of none. */
const char *zonekey_role_word(uint8_t role);
uint8_t zonekey_role(const char *word) NONNULL;

/*
 * Each fills in key and *secret, or says in why what is wrong; side, made and since are the caller's.
 * The secret of a row, which must be the one the row was made with.
 */
int zonekey_match(struct keyring *ring, const struct name *apex, const struct zonekey *key,
    struct secret **secret, char *why, size_t max) MUST_CHECK;
/*
 * A key whose files an operator put there, or that was made just before a crash: the only one of algorithm
 * with that role (ROLE_KSK: or a combined one). -MAP_ENOTFOUND: there is none; -MAP_EKEY: several.
 */
int zonekey_adopt(struct keyring *ring, const struct name *apex, int algorithm, uint8_t role,
    struct zonekey *key, struct secret **secret, char *why, size_t max) MUST_CHECK;
/* A new one, whose files are on the disk when it returns. */
int zonekey_make(struct keyring *ring, const struct name *apex, int algorithm, uint8_t role,
    struct zonekey *key, struct secret **secret, char *why, size_t max) MUST_CHECK;
/* One from outside, in BIND's private-key-format; its files are on the disk when it returns. */
int zonekey_import(struct keyring *ring, const struct name *apex, struct bytes text, uint8_t role,
    struct zonekey *key, struct secret **secret, char *why, size_t max) MUST_CHECK;

#endif
