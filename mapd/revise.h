/*
 * revise.h - what a plan changes in a zone that is stored; only that is written and signed.
 */
#ifndef MAPD_REVISE_H
#define MAPD_REVISE_H

#include "mapd/build.h"
#include "mapd/gather.h"

struct revision;

/*
 * Compares the plan of build with the zone stored as before, whose id, key and denial stay. 0: *out is what
 * differs, or NULL when that is so much that the zone is better built anew; caller frees. Or -MAP_E...
 * with why in build.
 */
int revise_find(
    struct build *build, const struct zone *before, struct revision **out) NONNULL MUST_CHECK;
void revise_free(struct revision *revision); /* NULL allowed */

/* Records that come and go, the SOA's serial apart; both 0 and nothing else: the zone is the same. */
struct revised {
	bool differs;
	uint64_t added, removed;
};
struct revised revise_sum(const struct revision *revision) NONNULL;

/*
 * Writes it into build's change, with the SOA of zone->serial; signatures of sets that stay are kept.
 * zone->resign and the rest are brought up to date. On an error the change cannot be used.
 */
int revise_write(struct build *build, const struct revision *revision) NONNULL MUST_CHECK;

/* What mapd puts into a zone by itself is no record of it. */
bool revise_is_data(uint16_t type);
/* SOA RDATA is compared without its serial. */
bool revise_rdata_equal(uint16_t type, struct bytes a, struct bytes b);
/* Puts entry i of the plan into the batch; signatures of sets that stay as they are stored are kept. */
int revise_name(struct build *build, size_t i, struct gathered *g) NONNULL MUST_CHECK;

#endif
