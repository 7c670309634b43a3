/*
 * keyset.c - the keys of one zone: opened, completed, and what they come to in the zone.
 * Knows rows of keys and rolls; knows nothing of the zone's content.
 */
#include "mapd/keyset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

#define ROLL_VERSION 1

size_t
keyset_roll_key(const struct name *apex, uint8_t key[sizeof KEYSET_ROLLS + NAME_KEY])
{
	size_t n = sizeof KEYSET_ROLLS - 1;

	memcpy(key, KEYSET_ROLLS, n);
	return n + name_key(apex, key + n);
}

int
keyset_read_roll(struct bytes value, struct roll *out)
{
	struct rd rd = rd_init(value);

	if (rd_u8(&rd) != ROLL_VERSION)
		rd_fail(&rd, -MAP_EFORMAT);
	out->kind = rd_u8(&rd);
	out->phase = rd_u8(&rd);
	out->since = rd_u64(&rd);
	out->walked = rd_u64(&rd);
	out->seen = rd_u64(&rd);
	out->ds_ttl = rd_u32(&rd);
	out->data_ttl = rd_u32(&rd);
	if (rd.error == 0 && roll_phase(out->kind, out->phase) == NULL)
		rd_fail(&rd, -MAP_EFORMAT);
	return rd_end(&rd);
}

void
keyset_put_roll(struct change *change, const struct keyset *set)
{
	uint8_t octets[sizeof KEYSET_ROLLS + NAME_KEY], row[64];
	struct bytes key = {octets, keyset_roll_key(&set->apex, octets)};
	struct wr wr = wr_init(row, sizeof row);
	const struct roll *roll = &set->roll;

	if (roll->kind == ROLL_NONE) {
		change_remove(change, TABLE_META, key);
		return;
	}
	wr_u8(&wr, ROLL_VERSION);
	wr_u8(&wr, roll->kind);
	wr_u8(&wr, roll->phase);
	wr_u64(&wr, roll->since);
	wr_u64(&wr, roll->walked);
	wr_u64(&wr, roll->seen);
	wr_u32(&wr, roll->ds_ttl);
	wr_u32(&wr, roll->data_ttl);
	change_put(change, TABLE_META, key, wr_done(&wr));
}

void
keyset_free(struct keyset *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->n; i++)
		secret_free(set->keys[i].secret);
	free(set);
}

static size_t
keyset_size(size_t keys)
{
	return sizeof(struct keyset) + keys * sizeof(struct keyset_key);
}

struct keyset *
keyset_copy(const struct keyset *set)
{
	struct keyset *copy = malloc(keyset_size(KEYSET_KEYS));

	if (copy == NULL)
		return NULL;
	memcpy(copy, set, keyset_size(set->n));
	copy->max = KEYSET_KEYS;
	return copy;
}

struct keyset *
keyset_trim(struct keyset *set)
{
	struct keyset *trimmed = realloc(set, keyset_size(set->n));

	if (trimmed == NULL)
		return set;
	trimmed->max = trimmed->n;
	return trimmed;
}

struct keyset_key *
keyset_find(struct keyset *set, uint16_t tag)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->keys[i].key.tag == tag)
			return &set->keys[i];
	return NULL;
}

int
keyset_add(struct keyset *set, const struct zonekey *key, struct secret *secret)
{
	if (set->n == set->max)
		return -MAP_ESPACE;
	if (keyset_find(set, key->tag) != NULL)
		return -MAP_EEXIST;
	set->keys[set->n].key = *key;
	set->keys[set->n++].secret = secret;
	return 0;
}

uint8_t
keyset_duties(const struct keyset *set, const struct zonekey *key)
{
	return roll_duties(&set->roll, key->role, (enum key_side)key->side);
}

struct keyset_wish
keyset_have(const struct keyset *set)
{
	struct keyset_wish have = {0};

	for (size_t i = 0; i < set->n; i++) {
		const struct zonekey *key = &set->keys[i].key;

		if (key->side != KEY_CURRENT && key->side != KEY_OLD)
			continue;
		have.algorithm = key->algorithm;
		have.split |= key->role != ROLE_CSK;
	}
	return have;
}

/* The rows of apex. */
static int
keyset_read(
    struct keyring *ring, struct change *change, struct keyset *set, char *why, size_t max)
{
	uint8_t prefix[ZONEKEY_PREFIX], octets[sizeof KEYSET_ROLLS + NAME_KEY];
	struct bytes row = {octets, keyset_roll_key(&set->apex, octets)}, found, value;
	size_t n = zonekey_prefix(&set->apex, prefix);
	struct secret *secret;
	struct zonekey key;
	bool any;
	int rc = 0;

	if (change_get(change, TABLE_META, row, &value))
		rc = keyset_read_roll(value, &set->roll);
	if (rc != 0)
		snprintf(why, max, "its roll's row is malformed");
	any = change_ceiling(change, TABLE_KEYS, (struct bytes){prefix, n}, &found, &value);
	while (rc == 0 && any && found.n == n + 2 && memcmp(found.p, prefix, n) == 0) {
		rc = zonekey_read(value, &key);
		if (rc == 0 && set->n == set->max)
			rc = -MAP_EFORMAT;
		if (rc != 0) {
			snprintf(
			    why, max, "a row of its keys is malformed, or there are too many");
			break;
		}
		secret = NULL;
		rc = zonekey_match(ring, &set->apex, &key, &secret, why, max);
		if (rc == 0)
			rc = keyset_add(set, &key, secret);
		if (rc != 0)
			secret_free(secret);
		any = change_next(change, TABLE_KEYS, &found, &value);
	}
	return rc;
}

/* One more key in use, with role. */
static int
keyset_gain(struct keyring *ring, struct change *change, struct keyset *set, uint8_t algorithm,
    uint8_t role, uint64_t now, char *why, size_t max)
{
	struct secret *secret;
	struct zonekey key;
	int rc = zonekey_adopt(ring, &set->apex, algorithm, role, &key, &secret, why, max);

	if (rc == -MAP_ENOTFOUND)
		rc = zonekey_make(ring, &set->apex, algorithm, role, &key, &secret, why, max);
	key.side = KEY_CURRENT;
	key.made = key.since = now;
	if (rc == 0) {
		rc = keyset_add(set, &key, secret);
		if (rc != 0)
			snprintf(why, max, "key %u: its tag is another key's too", key.tag);
	}
	if (rc == 0)
		zonekey_put(change, &set->apex, &key);
	else
		secret_free(secret);
	return rc;
}

/*
 * The algorithm of a zone that has no keys yet: that of the files that are there, for the database may have been
 * lost when another one was configured already; else the one that is wished for. *is_split: they are two keys.
 */
static int
keyset_files(struct keyring *ring, const struct name *apex, uint8_t *algorithm, bool *is_split,
    char *why, size_t max)
{
	static const uint8_t known[] = {ALGORITHM_ECDSAP256, ALGORITHM_ED25519};
	static const uint8_t roles[] = {ROLE_KSK, ROLE_ZSK};
	struct zonekey key, first = {0};
	struct secret *secret;

	for (size_t i = 0; i < sizeof known * sizeof roles; i++) {
		uint8_t role = roles[i % sizeof roles], tried = known[i / sizeof roles];
		int rc = zonekey_adopt(ring, apex, tried, role, &key, &secret, why, max);

		if (rc == -MAP_ENOTFOUND)
			continue;
		if (rc != 0)
			return rc;
		secret_free(secret);
		if (first.algorithm != 0 && first.algorithm != tried) {
			snprintf(why, max,
			    "%s.private and %s.private: keys of two algorithms: move those away"
			    " that the parent's DS is not of",
			    first.base, key.base);
			return -MAP_EKEY;
		}
		first = key;
		*algorithm = tried;
		*is_split |= role == ROLE_ZSK;
	}
	return 0;
}

/* Gives each duty to a key. */
static int
keyset_complete(struct keyring *ring, struct change *change, struct keyset *set,
    const struct keyset_wish *wish, uint64_t now, char *why, size_t max)
{
	uint8_t algorithm = wish->algorithm, has = 0;
	bool split = wish->split;
	int rc = 0;

	for (size_t i = 0; i < set->n; i++)
		if (set->keys[i].key.side == KEY_CURRENT || set->keys[i].key.side == KEY_OLD) {
			has |= set->keys[i].key.role;
			algorithm = set->keys[i].key.algorithm;
		}
	if (has == ROLE_CSK)
		return 0;
	/* files say it better than the configuration does */
	if (has == 0)
		rc = keyset_files(ring, &set->apex, &algorithm, &split, why, max);
	if (rc != 0)
		return rc;
	if (has == 0 && !split)
		return keyset_gain(ring, change, set, algorithm, ROLE_CSK, now, why, max);
	rc = (has & ROLE_KSK) != 0
		 ? 0
		 : keyset_gain(ring, change, set, algorithm, ROLE_KSK, now, why, max);
	if (rc == 0 && (has & ROLE_ZSK) == 0)
		rc = keyset_gain(ring, change, set, algorithm, ROLE_ZSK, now, why, max);
	return rc;
}

int
keyset_open(struct keyring *ring, struct change *change, const struct name *apex,
    const struct keyset_wish *wish, uint64_t now, struct keyset **out, char *why, size_t max)
{
	struct keyset *set = calloc(1, keyset_size(KEYSET_KEYS));
	int rc = -MAP_ENOMEM;

	if (set == NULL) {
		snprintf(why, max, "%s", error_text(rc));
		return rc;
	}
	set->max = KEYSET_KEYS;
	set->apex = *apex;
	name_fold(&set->apex);
	rc = keyset_read(ring, change, set, why, max);
	if (rc == 0 && wish != NULL)
		rc = keyset_complete(ring, change, set, wish, now, why, max);
	if (rc == 0)
		*out = set;
	else
		keyset_free(set);
	return rc;
}

int
keyset_signers(const struct keyset *set, uint64_t now, struct signers *out)
{
	int rc = signers_init(out, &set->apex, now);

	for (size_t i = 0; i < set->n && rc == 0; i++) {
		const struct zonekey *key = &set->keys[i].key;
		uint8_t duties = keyset_duties(set, key), signs = 0;

		if ((key->role & ROLE_KSK) != 0 && (duties & DUTY_PUBLISH) != 0)
			signs |= SIGNS_KEYS;
		if ((key->role & ROLE_KSK) != 0 && (duties & (DUTY_PUBLISH | DUTY_SIGN)) != 0)
			signs |= SIGNS_CHILD;
		if ((key->role & ROLE_ZSK) != 0 && (duties & DUTY_SIGN) != 0)
			signs |= SIGNS_DATA;
		if (signs != 0)
			rc = signers_add(out, set->keys[i].secret, zonekey_dnskey(key), signs);
	}
	return rc;
}

size_t
keyset_rdata(const struct keyset *set, uint16_t type, struct bytes rdata[KEYSET_KEYS],
    uint8_t digests[KEYSET_KEYS][ZONEKEY_DS])
{
	uint8_t needed = type == RR_DNSKEY ? DUTY_PUBLISH : DUTY_DS;
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		const struct zonekey *key = &set->keys[i].key;
		struct bytes one = zonekey_dnskey(key);
		size_t k = n;

		if ((keyset_duties(set, key) & needed) == 0)
			continue;
		if (type == RR_CDS) {
			if (zonekey_ds(&set->apex, key, digests[n]) != 0)
				return 0;
			one = (struct bytes){digests[n], ZONEKEY_DS};
		}
		for (; k > 0 && bytes_compare(rdata[k - 1], one) > 0; k--)
			rdata[k] = rdata[k - 1];
		rdata[k] = one;
		n++;
	}
	return n;
}

static bool
ds_is_of(struct bytes ds, const struct zonekey *key)
{
	return ds.n > 4 && get_u16(ds.p) == key->tag && ds.p[2] == key->algorithm;
}

bool
keyset_ds_match(const struct keyset *set, const struct bytes *ds, size_t n)
{
	uint8_t digest[ZONEKEY_DS];

	for (size_t i = 0; i < set->n; i++) {
		const struct zonekey *key = &set->keys[i].key;
		bool found = false;

		if ((key->role & ROLE_KSK) == 0 ||
		    (key->side != KEY_NEW && key->side != KEY_OLD))
			continue;
		if (zonekey_ds(&set->apex, key, digest) != 0)
			return false;
		for (size_t k = 0; k < n; k++)
			found |= key->side == KEY_OLD
				     ? ds_is_of(ds[k], key)
				     : bytes_equal(ds[k], (struct bytes){digest, ZONEKEY_DS});
		if (found != (key->side == KEY_NEW))
			return false;
	}
	return true;
}
