/*
 * zonekey.h - the key of a zone: its row in the store, its files, and the records made of it.
 */
#ifndef MAPD_ZONEKEY_H
#define MAPD_ZONEKEY_H

#include "core/wire/cursor.h"
#include "core/wire/name.h"
#include "mapd/keyring.h"
#include "mapd/store.h"

#define ZONEKEY_DNSKEY (4 + KEYRING_PUBLIC)
#define ZONEKEY_DS (4 + 32)
#define ZONEKEY_PREFIX (2 + NAME_KEY) /* key of a row: u16 length, ordered key of the apex, u16 tag */
#define ZONEKEY_TTL 3600

/* TABLE_KEYS: u8 version | u8 algorithm | u64 made | u16 length, DNSKEY RDATA | base name */
struct zonekey {
	uint8_t algorithm;
	uint16_t tag;
	uint64_t made; /* seconds since 1970 */
	size_t dnskey_n;
	uint8_t dnskey[ZONEKEY_DNSKEY]; /* RDATA */
	char base[KEYRING_BASE];	/* of its files */
};

/* Every row of apex's keys begins so. */
size_t zonekey_prefix(const struct name *apex, uint8_t key[ZONEKEY_PREFIX]) NONNULL;
int zonekey_read(struct bytes value, struct zonekey *out) NONNULL MUST_CHECK;
struct bytes zonekey_dnskey(const struct zonekey *key) NONNULL;
/* RDATA of the DS for the parent, and of a CDS: SHA-256. */
int zonekey_ds(const struct name *apex, const struct zonekey *key, uint8_t rdata[ZONEKEY_DS])
    NONNULL MUST_CHECK;

/*
 * The key of apex with its secret: the one in change; else one whose files are in the ring already;
 * else a new one of algorithm, put into both. why says what is wrong.
 */
int zonekey_open(struct keyring *ring, struct change *change, const struct name *apex,
    int algorithm, struct zonekey *key, struct secret **secret, char *why, size_t max) MUST_CHECK;

#endif
