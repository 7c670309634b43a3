/*
 * signs.h - what makes a pair suspect, and whether it is enough of it: values alone, with no clock of their own.
 */
#ifndef RESOLVERD_SIGNS_H
#define RESOLVERD_SIGNS_H

#include "resolverd/watches.h"

#define SIGNS_MOST 3     /* that can be wanted, and are kept */
#define SIGNS_MS 10000   /* older ones do not count, unless they come more seldom */

enum trigger {
#define X(name, word, source) name,
#include "resolverd/triggers.def"
#undef X
	TRIGGERS
};

const char *trigger_word(enum trigger trigger); /* a static string */

/* Of one pair; zero: none yet. */
struct signs {
	struct {
		uint64_t at; /* ms; 0: none */
		enum trigger trigger;
	} list[SIGNS_MOST]; /* the latest first */
};

void signs_note(struct signs *signs, enum trigger trigger, uint64_t now) NONNULL;
/* Whether they are as many, of as many sources, as the class wants. every: ms from one sign to the next where one source alone
 * sees them. */
bool signs_are_enough(const struct signs *signs, const struct watch_row *watch, uint64_t every, uint64_t now) NONNULL;

#endif
