/*
 * watches.h - how patiently sessions are watched: a row for each way.
 */
#ifndef RESOLVERD_WATCHES_H
#define RESOLVERD_WATCHES_H

#include "core/wire/bytes.h"

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

/* A class's own, where the configuration says nothing else. */
const struct watch_row *watch_row(enum watch_class of);

enum watch_unit { WATCH_TIME, WATCH_COUNT };

/* What can be said of it. */
enum watch_option {
#define X(member, word, unit, least, most) WATCH_OPTION_##member,
#include "resolverd/watch_options.def"
#undef X
	WATCH_OPTIONS
};

const char *watch_option_word(enum watch_option option);
/* Sets one, from its text. -MAP_ETEXT, and *expected says what it takes: a static string. */
int watch_option_set(struct watch_row *row, enum watch_option option, const char *text, const char **expected) NONNULL MUST_CHECK;

#endif
