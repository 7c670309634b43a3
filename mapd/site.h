/*
 * site.h - a site's prefix set (protocol 3) changed as a whole: one of its paths drained, restored, weighted.
 * Done by the writer, on what is stored at that moment.
 */
#ifndef MAPD_SITE_H
#define MAPD_SITE_H

#include "core/wire/mapping.h"
#include "mapd/draft.h"
#include "mapd/work.h"

enum site_verb { SITE_DRAIN, SITE_RESTORE, SITE_WEIGHT };

struct site {
	enum site_verb verb;
	struct name set; /* lower case; holds ELOC records of kind net6 */
	char path[PATH_MAX_TEXT];
	uint16_t weight; /* WEIGHT */
};

/*
 * The next prefix of a set: *at 0 at first, then behind it. False: no more. What of it cannot be read is
 * passed over; out->params is borrowed from the draft.
 */
bool site_next(const struct draft *draft, size_t *at, struct eloc *out) NONNULL;

/*
 * Changes all records of the set that have the path; durable when 0, and done says what it came to, also that
 * nothing had to change (unchanged). -MAP_ENOTFOUND: no such set, or no record of that path; out->why says
 * which paths there are.
 */
int site_run(struct work *work, const struct name *apex, const struct site *site,
    struct outcome *out) NONNULL MUST_CHECK;

#endif
