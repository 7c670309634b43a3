/*
 * conclude.h - what a look-up found, as the result its caller gets.
 */
#ifndef RESOLVE_CONCLUDE_H
#define RESOLVE_CONCLUDE_H

#include "resolve/naming.h"

#define LIFETIME_MAX 300 /* seconds; the caps of libunbound's caches are the same */

/*
 * Fills result from a name's part (NULL when an identity was asked for) and the identities, best
 * first, under flags at now (seconds).
 */
void conclude_result(struct result *result, const struct naming *naming,
    struct found_identity *const *found, size_t n, unsigned flags, uint64_t now)
    __attribute__((nonnull(1)));

#endif
