/*
 * group.c - several loads made durable together: one commit, and one wait for the new keys.
 * Knows the order of what must be on the disk; knows nothing of jobs, nor of what a zone holds.
 */
#include "mapd/group.h"

#include <stdlib.h>

#include "core/wire/errors.h"
#include "mapd/load.h"

/* Writes one zone into the change; when that fails, the change is as it was before. */
static void
group_write(
    struct work *work, struct change **change, struct loading *loading, struct group_load *load)
{
	load->error = change_savepoint(*change);
	if (load->error != 0)
		return;
	load->error = load_write(work, loading, change, false);
	if (load->error == 0 && !load_is_nothing(loading))
		load->error = change_keep(*change);
	else
		change_undo(*change);
}

/* Keys first: what the database refers to is on the disk before it. */
static int
group_commit(struct work *work, struct change *change)
{
	char why[512]; /* what is wrong is said when each zone is loaded alone */
	int rc = keyring_sync(work->ring, why, sizeof why);

	if (rc == 0)
		return change_commit(change);
	change_abort(change);
	return rc;
}

/* 0: each has its answer. Else nothing was changed, and those whose error is 0 have none. */
static int
group_try(struct work *work, struct loading *loading, struct group_load *loads, size_t n)
{
	struct change *change;
	size_t good = 0;
	int rc;

	for (size_t i = 0; i < n; i++) {
		loading[i].drop = loads[i].drop;
		loads[i].error =
		    load_plan(work, &loading[i], loads[i].zone, loads[i].records, loads[i].out);
	}
	rc = change_begin(work->store, &change);
	if (rc == 0) {
		keyring_hold(work->ring);
		for (size_t i = 0; i < n; i++) {
			if (loads[i].error == 0)
				group_write(work, &change, &loading[i], &loads[i]);
			good += loads[i].error == 0;
		}
		rc = group_commit(work, change);
		if (good == 0)
			rc = 0;
	}
	for (size_t i = 0; i < n; i++)
		load_end(work, &loading[i], loads[i].error != 0 ? loads[i].error : rc);
	return rc;
}

static void
group_alone(struct work *work, struct group_load *load)
{
	struct loading loading = {.alone = true, .drop = load->drop};

	load->error = load_run(work, &loading, load->zone, load->records, load->out);
}

void
group_load(struct work *work, struct group_load *loads, size_t n)
{
	struct loading *loading = n > 1 ? calloc(n, sizeof *loading) : NULL;
	int rc = loading == NULL ? -MAP_ENOMEM : group_try(work, loading, loads, n);

	free(loading);
	/* What stops the commit of all, such as a full disk, need not stop each. */
	for (size_t i = 0; i < n && rc != 0; i++)
		if (loading == NULL || loads[i].error == 0)
			group_alone(work, &loads[i]);
}
