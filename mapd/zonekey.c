/*
 * zonekey.c - a key of a zone: its row, its files, and the records made of it.
 * Knows zones and DNSKEY records; the secret itself stays in the keyring.
 */
#include "mapd/zonekey.h"

#include <stdio.h>
#include <string.h>

#include "core/sys/crypto.h"
#include "core/trust/trust.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"

#define DNSKEY_PROTOCOL 3
#define DIGEST_SHA256 2
#define ZONEKEY_TEXT 2048
#define ZONEKEY_VERSION 2
#define ZONEKEY_FILE \
	220 /* octets of a zone's name in a file's: with all else and .private.retired, 255 */

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
	uint8_t version = rd_u8(&rd);
	struct bytes dnskey, base;

	if (version != 1 && version != ZONEKEY_VERSION)
		rd_fail(&rd, -MAP_EFORMAT);
	out->algorithm = rd_u8(&rd);
	out->role = version == 1 ? ROLE_CSK : rd_u8(&rd);
	out->side = version == 1 ? KEY_CURRENT : rd_u8(&rd);
	out->made = rd_u64(&rd);
	out->since = version == 1 ? out->made : rd_u64(&rd);
	dnskey = rd_bytes(&rd, rd_u16(&rd));
	base = rd_rest(&rd);
	if (rd.error == 0 && (dnskey.n > sizeof out->dnskey || base.n >= sizeof out->base ||
				 out->side > KEY_SPARE))
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

static struct bytes
zonekey_row(const struct name *apex, const struct zonekey *key, uint8_t row[ZONEKEY_PREFIX + 2])
{
	size_t n = zonekey_prefix(apex, row);

	put_u16(row + n, key->tag);
	return (struct bytes){row, n + 2};
}

void
zonekey_put(struct change *change, const struct name *apex, const struct zonekey *key)
{
	uint8_t row[ZONEKEY_PREFIX + 2], octets[64 + ZONEKEY_DNSKEY + KEYRING_BASE];
	struct wr wr = wr_init(octets, sizeof octets);

	wr_u8(&wr, ZONEKEY_VERSION);
	wr_u8(&wr, key->algorithm);
	wr_u8(&wr, key->role);
	wr_u8(&wr, key->side);
	wr_u64(&wr, key->made);
	wr_u64(&wr, key->since);
	wr_u16(&wr, (uint16_t)key->dnskey_n);
	wr_bytes(&wr, zonekey_dnskey(key));
	wr_copy(&wr, key->base, strlen(key->base));
	change_put(change, TABLE_KEYS, zonekey_row(apex, key, row), wr_done(&wr));
}

void
zonekey_remove(struct change *change, const struct name *apex, const struct zonekey *key)
{
	uint8_t row[ZONEKEY_PREFIX + 2];

	change_remove(change, TABLE_KEYS, zonekey_row(apex, key, row));
}

static const struct role {
	const char *word;
	uint8_t role;
	const char *says;
} roles[] = {{"csk", ROLE_CSK, "signs the zone and its keys"},
    {"ksk", ROLE_KSK, "signs the zone's keys"}, {"zsk", ROLE_ZSK, "signs the zone"}};

const char *
zonekey_role_word(uint8_t role)
{
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if (roles[i].role == role)
			return roles[i].word;
	return "?";
}

uint8_t
zonekey_role(const char *word)
{
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if (strcmp(roles[i].word, word) == 0)
			return roles[i].role;
	return 0;
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
 * The name as it can stand in a file's: octets that a file name or a shell may stumble over are %XX. Returns how
 * many there are, which may be more than were put.
 */
static size_t
zonekey_name(const struct name *apex, char *to, size_t max)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t at = 1, n = 0;

	for (uint8_t left = apex->w[0]; left != 0; left = apex->w[at++]) {
		for (; left > 0; left--, at++) {
			bool is_plain = apex->w[at] != 0 && strchr(plain, apex->w[at]) != NULL;

			n += (size_t)snprintf(n < max ? to + n : NULL, n < max ? max - n : 0,
			    is_plain ? "%c" : "%%%02x", apex->w[at]);
		}
		n += (size_t)snprintf(n < max ? to + n : NULL, n < max ? max - n : 0, ".");
	}
	return n > 0 ? n : (size_t)snprintf(to, max, ".");
}

/*
 * "Kexample.org.+013+": BIND's form of file names. Of a name that does not fit there is the beginning, and
 * its SHA-256: "Kaaaa~0123...+013+".
 */
static int
zonekey_beginning(const struct name *apex, int algorithm, char *to, size_t max)
{
	char name[ZONEKEY_FILE + 1], hex[2 * 32 + 1];
	uint8_t digest[32];

	if (zonekey_name(apex, name, sizeof name) > ZONEKEY_FILE) {
		if (crypto_sha256(apex->w, apex->n, digest) != 0 ||
		    text_hex_put(hex, sizeof hex, (struct bytes){digest, sizeof digest}) < 0)
			return -MAP_ECRYPTO;
		snprintf(name + ZONEKEY_FILE - sizeof hex, sizeof hex + 1, "~%s", hex);
	}
	if ((size_t)snprintf(to, max, "K%s+%03d+", name, algorithm) >= max)
		return -MAP_ESPACE;
	return 0;
}

/* Everything but the files, from the secret; its role is given. */
static int
zonekey_describe(const struct name *apex, const struct secret *secret, struct zonekey *key)
{
	struct wr wr = wr_init(key->dnskey, sizeof key->dnskey);
	uint8_t public[KEYRING_PUBLIC];
	char beginning[KEYRING_BASE - 5];

	key->algorithm = (uint8_t)secret_algorithm(secret);
	wr_u16(&wr, DNSKEY_ZONE | ((key->role & ROLE_KSK) != 0 ? DNSKEY_SEP : 0));
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
	const char *says = "";
	char name[NAME_TEXT], base64[128];
	int n = text_base64_put(
	    base64, sizeof base64, (struct bytes){key->dnskey + 4, key->dnskey_n - 4});

	if (n < 0)
		return n;
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if (roles[i].role == key->role)
			says = roles[i].says;
	snprintf(text, ZONEKEY_TEXT, "; key %u of %s, %s\n%s %d IN DNSKEY %u %u %u %s\n",
	    key->tag, name_print(apex, name), says, name, ZONEKEY_TTL,
	    (unsigned)get_u16(key->dnskey), key->dnskey[2], key->algorithm, base64);
	return 0;
}

static int
zonekey_store(struct keyring *ring, const struct name *apex, const struct zonekey *key,
    const struct secret *secret, char *why, size_t max)
{
	char text[ZONEKEY_TEXT];
	int rc = zonekey_text(apex, key, text);

	if (rc == 0)
		return keyring_put(ring, secret, key->base, text, why, max);
	snprintf(why, max, "key %u: %s", key->tag, error_text(rc));
	return rc;
}

/* The key of BASE.private, if it has that role: a base name ends in the tag, which the flags are part of. */
static int
zonekey_try(struct keyring *ring, const struct name *apex, const char *base, uint8_t role,
    struct zonekey *key, struct secret **secret, char *why, size_t max)
{
	struct zonekey other = {.role = role == ROLE_ZSK ? ROLE_KSK : ROLE_ZSK};
	int rc = keyring_get(ring, base, secret, why, max);

	*key = (struct zonekey){.role = role};
	if (rc == 0)
		rc = zonekey_describe(apex, *secret, key);
	if (rc == 0 && strcmp(base, key->base) == 0)
		return 0;
	if (rc == 0)
		rc = zonekey_describe(apex, *secret, &other);
	if (rc == 0 && strcmp(base, other.base) == 0)
		rc = -MAP_ENOTFOUND;
	else if (rc == 0) {
		snprintf(why, max, "%s.private: its key tag is %u", base, key->tag);
		rc = -MAP_EKEY;
	}
	secret_free(*secret);
	*secret = NULL;
	return rc;
}

int
zonekey_adopt(struct keyring *ring, const struct name *apex, int algorithm, uint8_t role,
    struct zonekey *key, struct secret **secret, char *why, size_t max)
{
	char beginning[KEYRING_BASE - 5], base[KEYRING_BASE];
	struct secret *found;
	struct zonekey one;
	int rc;

	*secret = NULL;
	if (zonekey_beginning(apex, algorithm, beginning, sizeof beginning) != 0)
		return -MAP_ENOTFOUND;
	for (size_t i = 0; keyring_find(ring, beginning, i, base); i++) {
		rc = zonekey_try(ring, apex, base, role, &one, &found, why, max);
		if (rc == -MAP_ENOTFOUND)
			continue;
		if (rc == 0 && *secret != NULL) {
			/* which one the parent's DS is of cannot be told from here */
			snprintf(why, max,
			    "%s.private and %s.private: two keys for one duty: move the one "
			    "away"
			    " that is not to be used",
			    key->base, base);
			secret_free(found);
			rc = -MAP_EKEY;
		}
		if (rc != 0) {
			secret_free(*secret);
			*secret = NULL;
			return rc;
		}
		*key = one;
		*secret = found;
	}
	return *secret != NULL ? 0 : -MAP_ENOTFOUND;
}

int
zonekey_make(struct keyring *ring, const struct name *apex, int algorithm, uint8_t role,
    struct zonekey *key, struct secret **secret, char *why, size_t max)
{
	int rc = keyring_make(algorithm, secret);

	*key = (struct zonekey){.role = role};
	if (rc == 0)
		rc = zonekey_describe(apex, *secret, key);
	if (rc == 0)
		return zonekey_store(ring, apex, key, *secret, why, max);
	snprintf(why, max, "no key can be made: %s", error_text(rc));
	return rc;
}

int
zonekey_import(struct keyring *ring, const struct name *apex, struct bytes text, uint8_t role,
    struct zonekey *key, struct secret **secret, char *why, size_t max)
{
	int rc = keyring_scan(text, secret, why, max);

	*key = (struct zonekey){.role = role};
	if (rc == 0)
		rc = zonekey_describe(apex, *secret, key);
	if (rc == 0)
		rc = zonekey_store(ring, apex, key, *secret, why, max);
	return rc;
}

int
zonekey_match(struct keyring *ring, const struct name *apex, const struct zonekey *key,
    struct secret **secret, char *why, size_t max)
{
	struct zonekey found = {.role = key->role};
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
