/*
 * pairs.h - the ways to reach a result's identities from this host, ranked for who asked.
 */
#ifndef RESOLVERD_PAIRS_H
#define RESOLVERD_PAIRS_H

#include "core/wire/result.h"
#include "resolverd/heartbeat.h"
#include "resolverd/liveness.h"

struct pairs; /* this host's addresses and what became of pairs; owned by the loop's thread */

/* gai is the policy file (gai.conf(5)); missing is as good as empty. -MAP_ESYS, -MAP_ENOMEM */
int pairs_open(const char *gai, struct pairs **out) NONNULL MUST_CHECK;
void pairs_close(struct pairs *pairs); /* NULL allowed */
void pairs_policy(struct pairs *pairs, const char *gai) NONNULL; /* reads the file again */
/* From now on what becomes of pairs raises doubts of exits, and sources of bad ones come last. Borrowed; NULL: no more. */
struct exits;
void pairs_observe(struct pairs *pairs, struct exits *exits) __attribute__((nonnull(1)));

/* For whom pairs are ranked. */
struct pairs_wanted {
	const struct result *local; /* what became of the look-up of an identity of this host, whose usable
	                               locators alone are then sources, in its own order; NULL: any address is */
	const struct wishes *wishes; /* the caller's */
	const struct wishes *usual;  /* what the configuration has for his class */
	uint32_t user;               /* whose marks count, beside those of LIVENESS_ALL */
};

/*
 * Fills result->pairs: each usable identity's locators from each source address of the same family
 * that has a route there now. None left for a result without error makes it -MAP_ENOROUTE, or
 * -MAP_ENOLOCATOR when there is no locator at all, with why; an error of wanted->local becomes the result's.
 */
void pairs_fill(struct pairs *pairs, struct result *result, const struct pairs_wanted *wanted, uint64_t now) NONNULL;
/* addresses_places() of this host, as in struct resolver_options; arg: pairs. */
size_t pairs_places(void *arg, uint8_t (*list)[16], size_t max) NONNULL;
/* How many are held to have worked, or failed, now. */
size_t pairs_count(const struct pairs *pairs, enum liveness_state state, uint64_t now) NONNULL;
/* What this host itself found out of one. */
enum liveness_state pairs_known(const struct pairs *pairs, const struct prober_way *way, uint64_t now) NONNULL;
/* What a check of n ways found: silence is a failure only where another of them answers. */
void pairs_checked(struct pairs *pairs, const struct prober_way *ways, const struct heartbeat_outcome *outcomes, size_t n,
    uint64_t now) NONNULL;
/* What became of one, for a user, or LIVENESS_ALL where this host itself found it out. */
void pairs_mark(struct pairs *pairs, uint32_t user, const struct pair_mark *mark, uint64_t now) NONNULL;

#endif
