/*
 * later.h - what only an edit can write of some names of a zone, put off until what it depends on is durable.
 * Its lines are made of what is stored then.
 */
#ifndef MAPD_LATER_H
#define MAPD_LATER_H

#include "mapd/commit.h"

struct later {
	const struct name *apex;
	const char *label; /* what they are lines of */
	size_t n; /* names; the caller has them by their numbers */
	/* Tries on the desk of the zone what is to become of a name. */
	int (*name)(void *arg, struct commit *commit, struct desk *desk, size_t i);
	/* What is to be durable with that or not at all. */
	void (*beside)(void *arg, struct change *change, size_t i);
	void *arg;
};

/*
 * Does them all in one edit, or, where that is refused, by halves down to one, so that none holds up another, and
 * one that cannot be done costs few edits more. Returns how many were not done; why: what was said of the last.
 */
size_t later_run(struct work *work, const struct later *later, char why[PLAN_WHY]) NONNULL MUST_CHECK;

#endif
