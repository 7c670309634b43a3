/*
 * watches.h - how patiently sessions are watched: a row for each way.
 */
#ifndef RESOLVERD_WATCHES_H
#define RESOLVERD_WATCHES_H

enum watch_class {
#define X(name, word, beat, signs, sources, probes, gap, lead, patience, stall) name,
#include "resolverd/watches.def"
#undef X
	WATCHES
};

/* See watches.def. */
struct watch_row {
	unsigned beat_ms, signs, sources, probes, gap_ms, lead, patience_ms, stall_ms;
};

const struct watch_row *watch_row(enum watch_class of);

#endif
