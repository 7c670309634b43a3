/*
 * deny.h - proofs that something is not there, copied from what the signer stored.
 */
#ifndef MAPD_DENY_H
#define MAPD_DENY_H

#include "core/wire/reply.h"
#include "mapd/lookup.h"

#define DENY_RECORDS 24 /* a chain of 16 wildcards and one proof of absence */

/* The proofs of one answer: none is put twice. */
struct deny {
	struct snapshot *snap;
	const struct zone *zone;
	struct reply *reply;
	unsigned n;
	const uint8_t *done[DENY_RECORDS]; /* where those that are in the answer are stored */
};

void deny_init(struct deny *deny, struct snapshot *snap, const struct zone *zone,
    struct reply *reply) NONNULL;
/*
 * Each appends to the authority section what proves the outcome of name's look-up: 0; -MAP_ESPACE: it
 * does not fit; -MAP_ENOTFOUND: the zone has no such proof, -MAP_EDATABASE: nor a readable one.
 */
/* NODATA; also that a cut has no DS. */
int deny_type(struct deny *deny, const struct name *name, const struct found *found) NONNULL;
int deny_name(struct deny *deny, const struct name *name, const struct found *found) NONNULL;
/* An answer came from the wildcard below the encloser of so many labels: nothing closer exists. */
int deny_closer(struct deny *deny, const struct name *name, unsigned encloser) NONNULL;

#endif
