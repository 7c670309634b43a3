/*
 * group.h - several loads made durable together: one commit, and one wait for the new keys.
 */
#ifndef MAPD_GROUP_H
#define MAPD_GROUP_H

#include "mapd/work.h"

#define GROUP_LOADS 64
#define GROUP_OCTETS ((size_t)1 << 20) /* of records in all: a larger zone goes alone */

/* One of the loads; its answer is what work_load() would have given. */
struct group_load {
	const struct name *zone; /* borrowed, as records and out */
	struct bytes records;
	struct outcome *out;
	bool drop; /* the claims of its names too */
	int error;
};

/*
 * Makes or replaces the zones in this order, at most GROUP_LOADS. One that fails leaves nothing behind, and
 * the others as if it had not been among them.
 */
void group_load(struct work *work, struct group_load *loads, size_t n) NONNULL;

#endif
