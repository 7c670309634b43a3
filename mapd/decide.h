/*
 * decide.h - one update judged on what is stored and on what those before it in the same commit changed: refused,
 * or taken onto the desk.
 */
#ifndef MAPD_DECIDE_H
#define MAPD_DECIDE_H

#include "mapd/commit.h"
#include "mapd/proposal.h"
#include "mapd/work.h"

/* What is to become of it. */
enum decision {
	DECIDED, /* refused, or taken: the verdict says which */
	DECIDED_WHOLE /* taken, but only an edit can write it: the desk is as it was, lines has it */
};

/*
 * Judges proposal at the commit's time; its verdict is set, and, unless it is dry, its claims and its memory of replays are
 * written. *what as above; lines is filled for DECIDED_WHOLE alone. 0, or an error after which the whole
 * transaction must be aborted.
 */
int decide(struct commit *commit, struct desk *desk, struct proposal *proposal, enum decision *what,
    struct lines *lines) NONNULL MUST_CHECK;

#endif
