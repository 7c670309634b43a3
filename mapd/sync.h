/*
 * sync.h - when the disk is waited for, of commits that did not: updates: batched.
 */
#ifndef MAPD_SYNC_H
#define MAPD_SYNC_H

#include "mapd/remark.h"
#include "mapd/store.h"

#define SYNC_RETRY 1000 /* ms until it is tried again, where nobody asks for it before */

/* Owned by the writer thread; zero but for the store at first. */
struct sync {
	struct store *store; /* borrowed */
	bool lazy; /* a crash of the host may undo commits */
	bool failed; /* when it was tried last */
	uint64_t since; /* of lazy: the first of them; of failed: the try; ms */
	struct remark said;
};

/* Commits do not wait from now (ms) on. If that cannot be, they do. */
void sync_put_off(struct sync *sync, uint64_t now) NONNULL;
/* How long sync_end() may still be put off, ms; UINT64_MAX: nothing is owed. loss: batched-loss, ms. */
uint64_t sync_wait(const struct sync *sync, uint64_t loss, uint64_t now) NONNULL;
/*
 * All that was committed is on the disk, and commits wait again, when 0. Costs nothing where nothing is owed. After
 * an error, which is logged, it is still owed, and commits fail as long as this would.
 */
int sync_end(struct sync *sync, uint64_t now) NONNULL MUST_CHECK;

#endif
