/*
 * watches.c - watches.def as a table.
 */
#include "resolverd/watches.h"

static const struct watch_row watch_rows[WATCHES] = {
#define X(name, word, beat, signs, sources, probes, gap, lead, patience, stall) \
	[name] = {beat, signs, sources, probes, gap, lead, patience, stall},
#include "resolverd/watches.def"
#undef X
};

const struct watch_row *
watch_row(enum watch_class of)
{
	return &watch_rows[of];
}
