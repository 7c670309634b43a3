/*
 * keyfile.h - key files: BIND's private-key format v1.3, which nsupdate, ldns and BIND read too.
 */
#ifndef TRUST_KEYFILE_H
#define TRUST_KEYFILE_H

#include "core/sys/crypto.h"

/* Reads FILE.private; refuses one that others may read (message in why, caller's buffer). */
int keyfile_read(const char *path, struct crypto_key **out, char *why, size_t max);
/* Makes path (0600, must not exist, written and synced before it appears under that name). */
int keyfile_write(const char *path, const struct crypto_key *key, char *why, size_t max);

#endif
