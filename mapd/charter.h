/*
 * charter.h - what holds for updates: the policy of each zone and the administrators' keys. A value that is never
 * changed, only replaced with the order that it came with.
 */
#ifndef MAPD_CHARTER_H
#define MAPD_CHARTER_H

#include "core/trust/seal.h"
#include "mapd/rules.h"

struct charter {
	struct name apex; /* lower case */
	struct policy policy;
};

struct charters;

/* Copied, with all that the rules borrow. -MAP_ENOMEM */
int charters_new(const struct rules *rules, struct charters **out) NONNULL MUST_CHECK;
void charters_free(struct charters *charters); /* wipes the secrets; NULL allowed */
/* The charter of a zone of the configuration by its apex (lower case), or NULL. */
const struct charter *charters_find(
    const struct charters *charters, const struct name *apex) NONNULL;
/* The keys of administrators. */
const struct tsig_key *charters_keys(const struct charters *charters, size_t *n) NONNULL;
/* Whether one of them has this name (lower case). */
bool charters_have_key(const struct charters *charters, const struct name *key) NONNULL;

#endif
