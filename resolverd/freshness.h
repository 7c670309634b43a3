/*
 * freshness.h - which identities were looked up past the cache a moment ago.
 */
#ifndef RESOLVERD_FRESHNESS_H
#define RESOLVERD_FRESHNESS_H

#include "core/wire/eid.h"

#define FRESHNESS_MS 1000 /* at most one look-up past the cache in this time (protocol 6) */
#define FRESHNESS_LASTS_MS 300000 /* the cap on TTLs of the ordinary caches */

struct freshness;

struct freshness *freshness_new(void); /* NULL: out of memory */
void freshness_free(struct freshness *freshness); /* NULL allowed */

/* Whether id may be looked up past the cache now (ms); then it counts as done. */
bool freshness_take(struct freshness *freshness, const struct eid *id, uint64_t now) NONNULL;
/* Whether the ordinary caches may still hold what is older than what such a look-up found. */
bool freshness_lasts(const struct freshness *freshness, const struct eid *id, uint64_t now) NONNULL;

#endif
