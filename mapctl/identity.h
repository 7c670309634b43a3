/*
 * identity.h - identities made, shown and proved; no daemon is asked.
 */
#ifndef MAPCTL_IDENTITY_H
#define MAPCTL_IDENTITY_H

#include "core/sys/crypto.h"
#include "core/wire/eid.h"
#include "mapctl/command.h"

enum status identity_new(struct mapctl *m, int argc, char **argv);
enum status identity_show(struct mapctl *m, int argc, char **argv);
enum status identity_sign(struct mapctl *m, int argc, char **argv);

#define IDENTITY_EXPIRE_MAX (7 * 86400) /* seconds: how far a resolver lets a proof reach */

/* "24h" to seconds, at most 7 days. */
enum status expire_scan(const struct mapctl *m, const char *text, uint32_t *seconds);
/* "512 3 15 <base64>", of KEY RDATA. */
int key_rdata_print(struct bytes rdata, char *text, size_t max);

/* Who allocates: what an identity is made or shown with. */
struct allocation {
	bool has_realm;
	struct realm realm;
	bool has_key_realm;
	struct name key_realm;
	int raa, hda; /* -1: not given */
};

/* Reads --realm, --key-realm, --raa and --hda, and no other option; optind is left behind them. */
enum status allocation_options(
    const struct mapctl *m, struct allocation *by, int argc, char **argv);
/* One of them: its letter is r, k, a or h. */
enum status allocation_option(
    const struct mapctl *m, struct allocation *by, int option, const char *text);
/* They go together. */
enum status allocation_check(const struct mapctl *m, const struct allocation *by);
/* A name as the value of an option. */
enum status option_name(
    const struct mapctl *m, const char *what, const char *text, struct name *out);
/* The identity of a key, and where it is looked up. */
enum status identity_of_key(const struct mapctl *m, const struct allocation *by,
    const struct crypto_key *key, struct eid *id, struct name *owner);

#endif
