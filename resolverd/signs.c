/*
 * signs.c - triggers.def as a table, and the counting.
 */
#include "resolverd/signs.h"

#include <string.h>

enum sign_source {
	SOURCE_NONE,
	SOURCE_LINK,
	SOURCE_ROUTE,
	SOURCE_ICMP,
	SOURCE_HEARTBEAT,
	SOURCE_TRANSPORT,
	SOURCE_PROGRAM,
	SOURCE_MAPPING
};

struct trigger_row {
	const char *word;
	enum sign_source source;
};

static const struct trigger_row trigger_rows[TRIGGERS] = {
#define X(name, word, source) [name] = {word, source},
#include "resolverd/triggers.def"
#undef X
};

const char *
trigger_word(enum trigger trigger)
{
	return trigger_rows[trigger].word;
}

void
signs_note(struct signs *signs, enum trigger trigger, uint64_t now)
{
	memmove(&signs->list[1], &signs->list[0], (SIGNS_MOST - 1) * sizeof signs->list[0]);
	signs->list[0].at = now > 0 ? now : 1;
	signs->list[0].trigger = trigger;
}

bool
signs_are_enough(
    const struct signs *signs, const struct watch_row *watch, uint64_t every, uint64_t now)
{
	/* else a source that looks seldom could never give as many */
	uint64_t window = watch->signs * every > SIGNS_MS ? watch->signs * every : SIGNS_MS;
	unsigned n = 0, sources = 0, seen = 0;

	for (size_t i = 0; i < SIGNS_MOST; i++) {
		unsigned bit = 1u << trigger_rows[signs->list[i].trigger].source;

		if (signs->list[i].at == 0 || now - signs->list[i].at > window)
			continue;
		n++;
		sources += (seen & bit) == 0;
		seen |= bit;
	}
	return n >= watch->signs && sources >= watch->sources;
}
