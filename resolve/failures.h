/*
 * failures.h - questions that failed a moment ago, so that they are not asked again at once.
 */
#ifndef RESOLVE_FAILURES_H
#define RESOLVE_FAILURES_H

#include "core/wire/result.h"

#define FAILURE_SECONDS 5 /* server errors and time-outs are remembered so long (protocol 6) */

struct failures;

struct failures *failures_new(void); /* NULL: out of memory */
void failures_free(struct failures *failures); /* NULL allowed */
/* Remembers edge from now (ms) on; may forget another. */
void failures_put(struct failures *failures, const struct name *name, uint16_t type,
    const struct edge *edge, uint64_t now) NONNULL;
/* The failure, borrowed until the next call, or NULL. */
const struct edge *failures_find(struct failures *failures, const struct name *name, uint16_t type,
    uint64_t now) NONNULL;

#endif
