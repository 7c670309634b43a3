/*
 * freshness.h - which identities were looked up past the cache a moment ago.
 */
#ifndef RESOLVERD_FRESHNESS_H
#define RESOLVERD_FRESHNESS_H

#include "core/wire/eid.h"

#define FRESHNESS_MS 1000 /* at most one look-up past the cache in this time (protocol 6) */

struct freshness;

struct freshness *freshness_new(void); /* NULL: out of memory */
void freshness_free(struct freshness *freshness); /* NULL allowed */

/* Whether id may be looked up past the cache now (ms); then it counts as done. */
bool freshness_take(struct freshness *freshness, const struct eid *id, uint64_t now) NONNULL;

#endif
