/*
 * keyfile.h - key files: BIND's private-key format v1.3, which nsupdate, ldns and BIND read too.
 */
#ifndef TRUST_KEYFILE_H
#define TRUST_KEYFILE_H

#include "core/sys/crypto.h"
#include "core/wire/bytes.h"

/* Reads FILE.private; refuses one that others may read (message in why, caller's buffer). */
int keyfile_read(const char *path, struct crypto_key **out, char *why, size_t max);
/* The same from its text, which may hold anything; name is what why calls it. */
int keyfile_scan(
    const char *name, struct bytes text, struct crypto_key **out, char *why, size_t max);
/* Makes path (0600, must not exist, written and synced before it appears under that name). */
int keyfile_write(const char *path, const struct crypto_key *key, char *why, size_t max);

#endif
