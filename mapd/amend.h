/*
 * amend.h - an edit of a zone: its lines checked, shown, and written; the cost is that of what they touch.
 */
#ifndef MAPD_AMEND_H
#define MAPD_AMEND_H

#include "mapd/lines.h"
#include "mapd/judge.h"
#include "mapd/work.h"

/* One edit as the writer does it. */
struct amend {
	const struct lines *lines; /* borrowed */
	const char *label; /* what they are lines of */
	bool dry; /* nothing is written */
	bool steps; /* names that keep step with what it changes are in it, or noted already */
	/*
	 * What is to be durable with the edit or not at all: called with the change before its commit, also when
	 * nothing of the zone differs, and not when dry. Its error is the edit's. NULL: nothing goes with it.
	 */
	int (*beside)(void *arg, struct change *change);
	void *beside_arg;
	/* the answer; amend_fini() frees it */
	struct judge judge;
	uint8_t *records; /* as frame_record_put() writes them */
	struct bytes removed, added; /* in them */
};

/*
 * Does the edit of the zone apex; durable when 0. -MAP_EFORMAT: the zone would not be loaded, as
 * judge.errors say; -MAP_ENOTFOUND and others with out->why.
 */
int amend_run(struct work *work, const struct name *apex, struct amend *amend,
    struct outcome *out) NONNULL MUST_CHECK;
void amend_fini(struct amend *amend) NONNULL;
/*
 * The same from beginning to end, for changes whose difference nobody wants to see: of a refusal out->why has
 * what the check said first, a renewal that goes on is told, and amend needs no amend_fini().
 */
int amend_change(struct work *work, const struct name *apex, struct amend *amend,
    struct outcome *out) NONNULL MUST_CHECK;

#endif
