/*
 * watches.c - watches.def and watch_options.def as tables.
 */
#include "resolverd/watches.h"

#include <stddef.h>
#include <string.h>

#include "core/sys/conf.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"

static const struct watch_row watch_rows[WATCHES] = {
#define X(name, word, beat, signs, sources, probes, gap, lead, patience, stall) \
	[name] = {beat, signs, sources, probes, gap, lead, patience, stall},
#include "resolverd/watches.def"
#undef X
};

struct watch_option_row {
	const char *word;
	size_t at; /* of an unsigned in a row */
	enum watch_unit unit;
	unsigned least, most;
	const char *expected;
};

static const struct watch_option_row option_rows[WATCH_OPTIONS] = {
#define WATCH_EXPECTED_WATCH_TIME(least, most) "a time from " #least "ms to " #most "ms"
#define WATCH_EXPECTED_WATCH_COUNT(least, most) "a number from " #least " to " #most
#define X(member, word, unit, least, most)                                                \
	[WATCH_OPTION_##member] = {word, offsetof(struct watch_row, member), unit, least, \
	    most, WATCH_EXPECTED_##unit(least, most)},
#include "resolverd/watch_options.def"
#undef X
};

const struct watch_row *
watch_row(enum watch_class of)
{
	return &watch_rows[of];
}

const char *
watch_option_word(enum watch_option option)
{
	return option_rows[option].word;
}

int
watch_option_set(
    struct watch_row *row, enum watch_option option, const char *text, const char **expected)
{
	const struct watch_option_row *o = &option_rows[option];
	uint64_t value;
	int error = o->unit == WATCH_TIME
			? conf_time(text, &value)
			: text_decimal_read(text, strlen(text), o->most, &value);

	*expected = o->expected;
	if (error < 0 || value < o->least || value > o->most)
		return -MAP_ETEXT;
	memcpy((char *)row + o->at, &(unsigned){(unsigned)value}, sizeof(unsigned));
	return 0;
}
