/*
 * build.h - a planned zone written into the store: nodes with signatures, and the chain of denial.
 */
#ifndef MAPD_BUILD_H
#define MAPD_BUILD_H

#include "mapd/batch.h"
#include "mapd/keyset.h"
#include "mapd/plan.h"

struct build {
	const struct plan *plan;
	const struct keyset *keys;
	struct signers *signers;
	struct batch *batch;
	struct batch *behind; /* the other one, which is signed while this one is filled */
	struct store *store;   /* NULL: all stays in change, also after an error */
	struct change *change; /* open; replaced by another one when much was written */
	struct zone *zone;     /* id, serial, denial and negative_ttl given; the rest is filled */
	uint64_t committed;    /* records of the store in transactions before */
	char why[PLAN_WHY];
};

/*
 * Writes all of the zone under zone->id, which nothing refers to yet. In several transactions when it
 * is big: change then is the last one, not committed. On an error change is aborted, and NULL.
 */
int build_zone(struct build *build) NONNULL MUST_CHECK;

#endif
