/*
 * keyring.h - the private keys of zones: octets in, signature out.
 * Knows files and keys by their base name; knows no zone. A secret never leaves keyring.c.
 */
#ifndef MAPD_KEYRING_H
#define MAPD_KEYRING_H

#include "core/wire/bytes.h"

#define KEYRING_BASE 256 /* octets of a file's base name, and the NUL */
#define KEYRING_PUBLIC 64
#define KEYRING_SIGNATURE 64

struct keyring;
struct secret; /* a key; immutable, may be used by many threads */

/* The keys in directory, which is made (0700) if it is not there. why says what is wrong. */
int keyring_open(const char *directory, struct keyring **out, char *why, size_t max);
void keyring_close(struct keyring *ring); /* NULL allowed; the secrets got are freed before */

/* A new key, not yet stored. */
int keyring_make(int algorithm, struct secret **out);
/*
 * Stores a new key as BASE.private (0600) and BASE.key, which holds text; both are on the disk when
 * it returns. -MAP_EEXIST
 */
int keyring_put(struct keyring *ring, const struct secret *secret, const char *base,
    const char *text, char *why, size_t max);
/*
 * From here to keyring_sync(), which must follow, keyring_put() does not wait for the disk: keyring_sync()
 * does, once for all. When it fails, none of them is there; their secrets must be forgotten.
 */
void keyring_hold(struct keyring *ring) NONNULL;
int keyring_sync(struct keyring *ring, char *why, size_t max) NONNULL MUST_CHECK;
/* Reads BASE.private. */
int keyring_get(struct keyring *ring, const char *base, struct secret **out, char *why, size_t max);
/* The stored key number n (from 0) whose base name begins so and ends in 5 digits; false: no more. */
bool keyring_find(
    struct keyring *ring, const char *beginning, size_t n, char base[KEYRING_BASE]);
/* A key from a file's text (BIND's private-key-format), not yet stored. */
int keyring_scan(struct bytes text, struct secret **out, char *why, size_t max);
/* Files of a key that is in use no more get the suffix ".retired", so that it is not found again. */
int keyring_retire(struct keyring *ring, const char *base, char *why, size_t max);

int secret_algorithm(const struct secret *secret);
/* The public key's octets as in DNSKEY; returns how many. */
size_t secret_public(const struct secret *secret, uint8_t to[KEYRING_PUBLIC]);
int secret_sign(const struct secret *secret, struct bytes message,
    uint8_t signature[KEYRING_SIGNATURE]) MUST_CHECK;
/* Several at once, which costs less. */
struct secret_job {
	const struct secret *secret;
	struct bytes message;
	uint8_t *signature; /* KEYRING_SIGNATURE octets */
	int error;
};
#define SECRET_MANY 32
/* At most SECRET_MANY, each with its error. */
void secret_sign_many(struct secret_job *jobs, size_t n) NONNULL;
void secret_free(struct secret *secret); /* NULL allowed */

#endif
