/*
 * diag.c - one line for the operator; nothing else is decided here.
 */
#include "core/sys/diag.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *diag_program = "eidmap";
/* set by a reload while other threads write */
static _Atomic enum diag_level diag_limit = DIAG_INFO;
static bool diag_journal;

/* sd-daemon(3)'s level prefixes, when standard error is the journal. */
static const char *const diag_prefix[] = {"<3>", "<4>", "<6>", "<7>"};
static const char *const diag_word[] = {"error", "warn", "info", "debug"};

void
diag_init(const char *program, enum diag_level level)
{
	diag_program = program;
	atomic_store_explicit(&diag_limit, level, memory_order_relaxed);
	diag_journal = getenv("JOURNAL_STREAM") != NULL;
}

void
diag_set_level(enum diag_level level)
{
	atomic_store_explicit(&diag_limit, level, memory_order_relaxed);
}

int
diag_level_from(const char *word)
{
	for (int i = 0; i < (int)(sizeof diag_word / sizeof diag_word[0]); i++)
		if (strcmp(word, diag_word[i]) == 0)
			return i;
	return -1;
}

/* One write for one line, so that threads do not mix theirs. */
__attribute__((format(printf, 2, 0))) static void
diag_line(enum diag_level level, const char *format, va_list args)
{
	char text[8192 + 256]; /* CONF_MESSAGE, and what follows from it */
	int n;

	if (level > atomic_load_explicit(&diag_limit, memory_order_relaxed))
		return;
	n = vsnprintf(text, sizeof text, format, args);
	if (n < 0)
		return;
	if (diag_journal)
		fprintf(stderr, "%s%s\n", diag_prefix[level], text);
	else
		fprintf(stderr, "%s: %s: %s\n", diag_program, diag_word[level], text);
}

#define DIAG_BODY(level)                \
	va_list args;                   \
	va_start(args, format);         \
	diag_line(level, format, args); \
	va_end(args)

void
diag_error(const char *format, ...)
{
	DIAG_BODY(DIAG_ERROR);
}

void
diag_warn(const char *format, ...)
{
	DIAG_BODY(DIAG_WARN);
}

void
diag_info(const char *format, ...)
{
	DIAG_BODY(DIAG_INFO);
}

void
diag_debug(const char *format, ...)
{
	DIAG_BODY(DIAG_DEBUG);
}

void
diag_fatal(const char *format, ...)
{
	DIAG_BODY(DIAG_ERROR);
	exit(1);
}
