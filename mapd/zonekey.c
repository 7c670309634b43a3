/*
 * zonekey.c - the key of a zone: found in the store, adopted from its files, or made.
 * Knows zones and DNSKEY records; the secret itself stays in the keyring.
 */
#include "mapd/zonekey.h"

#include <stdio.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/trust/trust.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"

#define DNSKEY_PROTOCOL 3
#define DIGEST_SHA256 2
#define ZONEKEY_TEXT 2048

size_t
zonekey_prefix(const struct name *apex, uint8_t key[ZONEKEY_PREFIX])
{
	size_t n = name_key(apex, key + 2);

	put_u16(key, (uint16_t)n);
	return 2 + n;
}

int
zonekey_read(struct bytes value, struct zonekey *out)
{
	struct rd rd = rd_init(value);
	struct bytes dnskey, base;

	if (rd_u8(&rd) != 1)
		rd_fail(&rd, -MAP_EFORMAT);
	out->algorithm = rd_u8(&rd);
	out->made = rd_u64(&rd);
	dnskey = rd_bytes(&rd, rd_u16(&rd));
	base = rd_rest(&rd);
	if (rd.error == 0 && (dnskey.n > sizeof out->dnskey || base.n >= sizeof out->base))
		rd_fail(&rd, -MAP_EFORMAT);
	if (rd.error != 0)
		return rd.error;
	memcpy(out->dnskey, dnskey.p, dnskey.n);
	out->dnskey_n = dnskey.n;
	memcpy(out->base, base.p, base.n);
	out->base[base.n] = '\0';
	out->tag = dnssec_key_tag(dnskey);
	return 0;
}

static void
zonekey_put(struct change *change, const struct name *apex, const struct zonekey *key)
{
	uint8_t row[ZONEKEY_PREFIX + 2], octets[64 + ZONEKEY_DNSKEY + KEYRING_BASE];
	size_t n = zonekey_prefix(apex, row);
	struct wr wr = wr_init(octets, sizeof octets);

	put_u16(row + n, key->tag);
	wr_u8(&wr, 1);
	wr_u8(&wr, key->algorithm);
	wr_u64(&wr, key->made);
	wr_u16(&wr, (uint16_t)key->dnskey_n);
	wr_bytes(&wr, zonekey_dnskey(key));
	wr_copy(&wr, key->base, strlen(key->base));
	change_put(change, TABLE_KEYS, (struct bytes){row, n + 2}, wr_done(&wr));
}

struct bytes
zonekey_dnskey(const struct zonekey *key)
{
	return (struct bytes){key->dnskey, key->dnskey_n};
}

int
zonekey_ds(const struct name *apex, const struct zonekey *key, uint8_t rdata[ZONEKEY_DS])
{
	put_u16(rdata, key->tag);
	rdata[2] = key->algorithm;
	rdata[3] = DIGEST_SHA256;
	return trust_ds(apex, zonekey_dnskey(key), rdata + 4);
}

/*
 * "Kexample.org.+013+": BIND's form of file names. Octets that a file name or a shell may stumble
 * over are %XX.
 */
static int
zonekey_beginning(const struct name *apex, int algorithm, char *to, size_t max)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t at = 1, n = 0;
	uint8_t left = 0;

	if (max < 2)
		return -MAP_ESPACE;
	to[n++] = 'K';
	for (left = apex->w[0]; left != 0 && n + 4 < max; left = apex->w[at++]) {
		for (; left > 0 && n + 4 < max; left--, at++)
			if (strchr(plain, apex->w[at]) != NULL && apex->w[at] != 0)
				to[n++] = (char)apex->w[at];
			else
				n += (size_t)snprintf(to + n, max - n, "%%%02x", apex->w[at]);
		to[n++] = '.';
	}
	if (apex->w[0] == 0)
		to[n++] = '.';
	if (n + 4 >= max || (size_t)snprintf(to + n, max - n, "+%03d+", algorithm) >= max - n)
		return -MAP_ESPACE;
	return 0;
}

/* Everything but the files, from the secret. */
static int
zonekey_describe(const struct name *apex, const struct secret *secret, struct zonekey *key)
{
	struct wr wr = wr_init(key->dnskey, sizeof key->dnskey);
	uint8_t public[KEYRING_PUBLIC];
	char beginning[KEYRING_BASE - 5];

	key->algorithm = (uint8_t)secret_algorithm(secret);
	wr_u16(&wr, DNSKEY_ZONE | DNSKEY_SEP);
	wr_u8(&wr, DNSKEY_PROTOCOL);
	wr_u8(&wr, key->algorithm);
	wr_copy(&wr, public, secret_public(secret, public));
	key->dnskey_n = wr.n;
	key->tag = dnssec_key_tag(wr_done(&wr));
	if (wr.error != 0 ||
	    zonekey_beginning(apex, key->algorithm, beginning, sizeof beginning) != 0)
		return -MAP_ESPACE;
	snprintf(key->base, sizeof key->base, "%s%05u", beginning, key->tag);
	return 0;
}

static int
zonekey_text(const struct name *apex, const struct zonekey *key, char text[ZONEKEY_TEXT])
{
	char name[NAME_TEXT], base64[128];
	int n = text_base64_put(
	    base64, sizeof base64, (struct bytes){key->dnskey + 4, key->dnskey_n - 4});

	if (n < 0)
		return n;
	snprintf(text, ZONEKEY_TEXT,
	    "; key %u of %s, signs the zone and its keys\n%s %d IN DNSKEY %u %u %u %s\n",
	    key->tag, name_print(apex, name), name, ZONEKEY_TTL, (unsigned)get_u16(key->dnskey),
	    key->dnskey[2], key->algorithm, base64);
	return 0;
}

/* A key whose files an operator put there, or that was made just before a crash. */
static int
zonekey_adopt(struct keyring *ring, const struct name *apex, int algorithm, struct zonekey *key,
    struct secret **secret, char *why, size_t max)
{
	char beginning[KEYRING_BASE - 5], base[KEYRING_BASE];
	int rc;

	if (zonekey_beginning(apex, algorithm, beginning, sizeof beginning) != 0)
		return -MAP_ENOTFOUND;
	if (!keyring_find(ring, beginning, base))
		return -MAP_ENOTFOUND;
	rc = keyring_get(ring, base, secret, why, max);
	if (rc == 0)
		rc = zonekey_describe(apex, *secret, key);
	if (rc == 0 && strcmp(base, key->base) != 0) {
		snprintf(why, max, "%s.private: its key tag is %u", base, key->tag);
		rc = -MAP_EKEY;
	}
	return rc;
}

static int
zonekey_make(struct keyring *ring, const struct name *apex, int algorithm, struct zonekey *key,
    struct secret **secret, char *why, size_t max)
{
	char text[ZONEKEY_TEXT];
	int rc = keyring_make(algorithm, secret);

	if (rc == 0)
		rc = zonekey_describe(apex, *secret, key);
	if (rc == 0)
		rc = zonekey_text(apex, key, text);
	if (rc != 0) {
		snprintf(why, max, "no key can be made: %s", error_text(rc));
		return rc;
	}
	return keyring_put(ring, *secret, key->base, text, why, max);
}

/* The secret of a row, which must be the one the row was made with. */
static int
zonekey_match(struct keyring *ring, const struct name *apex, const struct zonekey *key,
    struct secret **secret, char *why, size_t max)
{
	struct zonekey found = {0};
	char inner[512] = "";
	int rc = keyring_get(ring, key->base, secret, inner, sizeof inner);

	if (rc == 0)
		rc = zonekey_describe(apex, *secret, &found);
	if (rc == 0 && !bytes_equal(zonekey_dnskey(&found), zonekey_dnskey(key))) {
		snprintf(
		    inner, sizeof inner, "%s.private: another key than the zone's", key->base);
		rc = -MAP_EKEY;
	}
	if (rc != 0) /* a file that others may read is there, and the words say what to do */
		snprintf(why, max, "key %u: %s%s", key->tag, inner,
		    rc == -MAP_EREFUSED ? "" : ": restore the file from a backup");
	return rc;
}

int
zonekey_open(struct keyring *ring, struct change *change, const struct name *apex,
    int algorithm, struct zonekey *key, struct secret **secret, char *why, size_t max)
{
	uint8_t prefix[ZONEKEY_PREFIX];
	size_t n = zonekey_prefix(apex, prefix);
	struct bytes found, value;
	int rc;

	*secret = NULL;
	memset(key, 0, sizeof *key);
	if (change_ceiling(change, TABLE_KEYS, (struct bytes){prefix, n}, &found, &value) &&
	    found.n == n + 2 && memcmp(found.p, prefix, n) == 0) {
		rc = zonekey_read(value, key);
		if (rc != 0)
			snprintf(why, max, "its key's row is malformed");
		else
			rc = zonekey_match(ring, apex, key, secret, why, max);
	} else {
		rc = zonekey_adopt(ring, apex, algorithm, key, secret, why, max);
		if (rc == -MAP_ENOTFOUND)
			rc = zonekey_make(ring, apex, algorithm, key, secret, why, max);
		key->made = clock_seconds();
		if (rc == 0)
			zonekey_put(change, apex, key);
	}
	if (rc != 0) {
		secret_free(*secret);
		*secret = NULL;
	}
	return rc;
}
