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

/* The same in steps, so that many files can be waited for together. */
#define KEYFILE_PATH 4096
struct keyfile_draft {
	int fd;
	bool named, appeared;
	char path[KEYFILE_PATH];
	char temporary[KEYFILE_PATH]; /* where it is until it appears */
};
/* Writes it under another name. */
int keyfile_draft(struct keyfile_draft *draft, const char *path, const struct crypto_key *key,
    char *why, size_t max);
/* Lets the system begin to store it. */
void keyfile_draft_start(struct keyfile_draft *draft);
/* Waits until it is stored, then gives it its name, which the folder's fsync() makes durable. */
int keyfile_draft_appear(struct keyfile_draft *draft, char *why, size_t max);
/* Ends a draft; one that is not to be kept goes, and so does its name. */
void keyfile_draft_drop(struct keyfile_draft *draft, bool keep);

#endif
