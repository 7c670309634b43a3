/*
 * seen.h - what was seen of each self-certifying identity: its last serial, its key, its revocation.
 * Bounded, and forgotten when the process ends.
 */
#ifndef RESOLVE_SEEN_H
#define RESOLVE_SEEN_H

#include "core/wire/eid.h"
#include "core/wire/mapping.h"

#define SEEN_MAX 100000
#define SEEN_REVOKED_SECONDS (30 * 86400)

struct seen;

struct seen *seen_new(size_t max);   /* NULL: out of memory */
void seen_free(struct seen *seen);   /* NULL allowed */
size_t seen_count(const struct seen *seen) NONNULL;

/*
 * Holds a verified proof (rdata: the whole record) against what was seen, and remembers it when
 * it is as new. 0; -MAP_ESTALE: older, or other content under the same serial; -MAP_EKEY: another
 * key than before; -MAP_EREVOKED: a revocation was seen in the last 30 days, or this is one.
 */
int seen_check(struct seen *seen, const struct eid *id, const struct proof *proof,
    struct bytes rdata, uint64_t now) NONNULL MUST_CHECK;
bool seen_is_revoked(struct seen *seen, const struct eid *id, uint64_t now) NONNULL;

#endif
