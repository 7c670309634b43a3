/*
 * load.h - a zone on its way into the store, in steps: so that several can share a commit.
 */
#ifndef MAPD_LOAD_H
#define MAPD_LOAD_H

#include "mapd/build.h"
#include "mapd/work.h"

/* One zone, from load_plan() to load_end(). */
struct loading {
	struct plan plan;
	struct zone zone, before;
	struct outcome *out; /* borrowed */
	uint64_t now;
	bool alone;
	bool opened; /* the zone's keys were not in memory before: they stay only with the change */
	bool edit; /* made by one, which knows the names that keep step with what it changes */
	bool drop; /* the claims of its names too, all in the same change */
	bool anew; /* not compared with what is stored, whose proofs were judged when they came */
};

/* Checks the records, which are borrowed until load_end(). 0, or -MAP_E... with what is wrong in out. */
int load_plan(struct work *work, struct loading *loading, const struct name *apex,
    struct bytes records, struct outcome *out) NONNULL MUST_CHECK;
/*
 * Writes the zone into *change. Alone: when it is big, what is written is committed on the way, and *change is
 * then another one; NULL after an error. Else all stays in *change, also after an error.
 */
int load_write(struct work *work, struct loading *loading, struct change **change, bool alone)
    NONNULL MUST_CHECK;
/* All of this of one zone alone, as loading has asked for it; durable when 0. */
int load_run(struct work *work, struct loading *loading, const struct name *apex,
    struct bytes records, struct outcome *out) NONNULL MUST_CHECK;
/* Nothing is to be written: its change need not be committed. */
bool load_is_nothing(const struct loading *loading) NONNULL;
/* Told what became of it: durable when 0. No change may be open. */
void load_end(struct work *work, struct loading *loading, int rc) NONNULL;

/* The serial that the plan's zone gets: never lower than one before (RFC 1982). */
uint32_t load_serial(struct change *change, const struct plan *plan) NONNULL;
/* The key of the build's zone, and who signs with it. */
int load_signers(struct work *work, struct build *build, struct signers *signers, uint64_t now,
    struct outcome *out) NONNULL MUST_CHECK;
/* The zone's row, and what goes with it, into build's change. */
void load_put(struct build *build, uint64_t now) NONNULL;

#endif
