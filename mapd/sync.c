/*
 * sync.c - when the disk is waited for, of commits that did not: updates: batched.
 * Knows how long, and that it may fail; knows nothing of what is committed.
 */
#include "mapd/sync.h"

#include "core/sys/diag.h"
#include "core/sys/loop.h"
#include "core/wire/errors.h"

#define SYNC_SAID 60 /* seconds between lines of the log */

void
sync_put_off(struct sync *sync, uint64_t now)
{
	if (sync->lazy || store_set_lazy(sync->store, true) != 0)
		return;
	sync->lazy = true;
	sync->since = now;
}

uint64_t
sync_wait(const struct sync *sync, uint64_t loss, uint64_t now)
{
	uint64_t most = sync->failed ? SYNC_RETRY : loss, gone = now - sync->since;

	if (!sync->lazy)
		return UINT64_MAX;
	return gone < most ? most - gone : 0;
}

int
sync_end(struct sync *sync, uint64_t now)
{
	unsigned left_out;
	int rc = 0;

	if (!sync->lazy)
		return 0;
	rc = store_sync(sync->store);
	if (rc == 0)
		rc = store_set_lazy(sync->store, false);
	sync->lazy = sync->failed = rc != 0;
	sync->since = now;
	if (rc != 0 && remark_may(&sync->said, 1, SYNC_SAID, clock_seconds(), &left_out))
		diag_error(
		    "database: what was changed last is not on the disk, tried again in %d s, "
		    "nothing is changed until then: %s",
		    SYNC_RETRY / 1000, error_text(rc));
	return rc;
}
