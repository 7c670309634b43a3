/*
 * pairs.h - the ways to reach a result's identities from this host, ranked for who asked.
 */
#ifndef RESOLVERD_PAIRS_H
#define RESOLVERD_PAIRS_H

#include "core/wire/result.h"
#include "resolverd/liveness.h"

struct pairs; /* this host's addresses and what became of pairs; owned by the loop's thread */

/* gai is the policy file (gai.conf(5)); missing is as good as empty. -MAP_ESYS, -MAP_ENOMEM */
int pairs_open(const char *gai, struct pairs **out) NONNULL MUST_CHECK;
void pairs_close(struct pairs *pairs); /* NULL allowed */

/*
 * Fills result->pairs: each usable identity's locators from each source address of the same family
 * that has a route there now. None left for a result without error makes it -MAP_ENOROUTE, or
 * -MAP_ENOLOCATOR when there is no locator at all, with why.
 */
void pairs_fill(struct pairs *pairs, struct result *result, uint64_t now) NONNULL;
void pairs_mark(struct pairs *pairs, const struct pair_mark *mark, uint64_t now) NONNULL;

#endif
