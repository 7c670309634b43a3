/*
 * commit.h - updates that wait, done together: one transaction, durable before the first of them is answered.
 */
#ifndef MAPD_COMMIT_H
#define MAPD_COMMIT_H

#include "mapd/desk.h"
#include "mapd/proposal.h"
#include "mapd/work.h"

#define COMMIT_MOST 1024 /* updates of a transaction */

/* One transaction, and the zones that it changes. */
struct commit {
	struct work *work;
	struct change *change;
	struct desk *desks;
	size_t n_desks;
	bool behind; /* names were put off */
	uint64_t now;
	char why[PLAN_WHY];
};
int commit_begin(struct commit *commit, struct work *work) NONNULL MUST_CHECK;
/* The desk of a zone; NULL with *rc 0: there is no such zone. */
struct desk *commit_desk(struct commit *commit, const struct name *apex, int *rc) NONNULL;
/* What is tried on all desks is taken, or is not. */
void commit_keep(struct commit *commit) NONNULL;
void commit_drop(struct commit *commit) NONNULL;
/*
 * Of all desks but one (NULL: of none), takes what only an edit can write (all: everything) off the desk. It can
 * only be names that keep step: change has their rows (mapd/backlog.h), and commit_follow() does them.
 */
void commit_put_off(struct commit *commit, struct change *change, const struct desk *but, bool all);

/* Writes all desks, and what is to be remembered; durable when 0. */
int commit_end(struct commit *commit) NONNULL MUST_CHECK;
/* Does what was put off, once it is durable that it must be done. */
void commit_follow(struct commit *commit) NONNULL;
void commit_free(struct commit *commit) NONNULL; /* in every case; what did not end is undone */

/* Does all of a list of updates, linked by next, in its order, and calls done for them. */
void commit_updates(struct work *work, struct proposal *list) NONNULL;

#endif
