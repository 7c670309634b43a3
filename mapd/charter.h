/*
 * charter.h - what holds for the updates of each zone: its policy and its administrators' keys. A value that is
 * never changed, only replaced with the order that it came with.
 */
#ifndef MAPD_CHARTER_H
#define MAPD_CHARTER_H

#include "core/trust/seal.h"
#include "mapd/policy.h"

struct charter {
	struct name apex; /* lower case */
	struct policy policy;
	const struct tsig_key *keys;
	size_t n_keys;
};

struct charters;

/* Copied, with the lists they borrow. -MAP_ENOMEM */
int charters_new(const struct charter *rows, size_t n, struct charters **out) MUST_CHECK;
void charters_free(struct charters *charters); /* wipes the secrets; NULL allowed */
/* The charter of the zone apex (lower case), or NULL. */
const struct charter *charters_find(
    const struct charters *charters, const struct name *apex) NONNULL;
/* Whether a TSIG key of any zone has this name (lower case). */
bool charters_have_key(const struct charters *charters, const struct name *key) NONNULL;

#endif
