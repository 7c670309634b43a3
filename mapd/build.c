/*
 * build.c - a planned zone written into the store: nodes with signatures, and the chain of denial.
 * Knows when to begin another transaction; knows nothing of who asked for the zone.
 */
#include "mapd/build.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/wire/errors.h"
#include "mapd/gather.h"

#define BUILD_COMMIT 16384 /* nodes and denial records in one transaction */

/* Begins another transaction when this one is long enough. */
static int
build_commit(struct build *build)
{
	uint64_t written = batch_sum(build->batch)->written + batch_sum(build->behind)->written;
	int rc;

	if (build->store == NULL || written - build->committed < BUILD_COMMIT)
		return 0;
	build->committed = written;
	rc = change_commit(build->change);
	build->change = NULL;
	if (rc == 0)
		rc = change_begin(build->store, &build->change);
	return rc;
}

/*
 * What was gathered is signed behind, while what was signed before is written and more is gathered: so
 * neither the disk nor this thread keeps the others from signing.
 */
static int
build_flush(struct build *build)
{
	struct batch *full = build->batch;
	int rc = batch_sign(build->behind);

	batch_start(full);
	build->batch = build->behind;
	build->behind = full;
	if (rc == 0)
		rc = batch_put(build->batch, build->change);
	return rc != 0 ? rc : build_commit(build);
}

/* Writes all that is still on its way. */
static int
build_end(struct build *build)
{
	int rc = build_flush(build);

	if (rc == 0)
		rc = batch_sign(build->behind);
	if (rc == 0)
		rc = batch_put(build->behind, build->change);
	return rc;
}

static int
build_node(struct build *build, size_t i, struct gathered *g)
{
	const struct plan_entry *entry = &build->plan->entries[i];
	int rc = 0;

	if (!batch_fits(build->batch, entry->records, RRSET_NAME))
		rc = build_flush(build);
	if (rc == 0)
		rc = gather_name(build, i, g);
	if (rc != 0)
		return rc;
	batch_node(build->batch, build->zone->id, &g->name, entry->flags);
	for (size_t k = 0; k < g->n; k++)
		batch_set(build->batch, &g->sets[k],
		    gather_is_signed(entry->flags, g->sets[k].type) ? build->signers : NULL);
	return 0;
}

static int
build_denial(
    struct build *build, const struct hashed *at, const struct hashed *next, struct gathered *g)
{
	int rc = 0;

	if (!batch_fits(build->batch, build->plan->entries[at->entry].records, RRSET_NAME))
		rc = build_flush(build);
	if (rc == 0)
		rc = gather_nsec3(build, at, next, g);
	if (rc != 0)
		return rc;
	batch_denial(build->batch, build->zone->id, at->hash);
	batch_set(build->batch, &g->sets[0], build->signers);
	return 0;
}

static int
build_chain(struct build *build, struct gathered *g)
{
	struct hashed *hashed;
	size_t n;
	int rc = gather_hashes(build, &hashed, &n);

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = build_denial(build, &hashed[i], &hashed[(i + 1) % n], g);
	free(hashed);
	return rc;
}

int
build_zone(struct build *build)
{
	struct gathered *g = malloc(sizeof *g);
	const struct batch_sum *sum;
	int rc = g == NULL ? -MAP_ENOMEM : 0;

	build->why[0] = '\0';
	build->committed = 0;
	batch_reset(build->batch);
	batch_reset(build->behind);
	for (size_t i = 0; i < build->plan->n && rc == 0; i++)
		rc = build_node(build, i, g);
	if (rc == 0 && build->zone->denial == DENIAL_NSEC3)
		rc = build_chain(build, g);
	if (rc == 0)
		rc = build_end(build);
	batch_sum_add(build->batch, build->behind);
	batch_reset(build->behind);
	sum = batch_sum(build->batch);
	build->zone->resign = sum->resign;
	build->zone->expires = sum->expires;
	build->zone->names = build->plan->names;
	build->zone->records = build->plan->total;
	free(g);
	if (rc != 0) {
		if (build->why[0] == '\0')
			snprintf(build->why, sizeof build->why, "%s", error_text(rc));
		if (build->store != NULL) {
			change_abort(build->change);
			build->change = NULL;
		}
	}
	return rc;
}
