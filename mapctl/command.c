/*
 * command.c - the table of commands, finding a row and running it, one line at a time in a batch.
 */
#include "mapctl/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/option.h"
#include "core/wire/errors.h"
#include "mapctl/ahead.h"
#include "mapctl/daemon.h"
#include "mapctl/edit.h"
#include "mapctl/exits.h"
#include "mapctl/folk.h"
#include "mapctl/identity.h"
#include "mapctl/key.h"
#include "mapctl/lines.h"
#include "mapctl/output.h"
#include "mapctl/policy.h"
#include "mapctl/register.h"
#include "mapctl/session.h"
#include "mapctl/site.h"
#include "mapctl/zonefile.h"

#define LINE_WORDS 64
#define WORD_MAX 4096 /* characters of a word: a path, or a name with escapes */
#define MAPD RUNSTATEDIR "/mapd/control"
#define RESOLVERD RUNSTATEDIR "/resolverd/control"

static const struct command commands[] = {
#define X(words, arguments, help, run, parameter, show, socket) \
	{words, arguments, help, run, parameter, show, socket},
#include "mapctl/commands.def"
#undef X
};

#define COMMANDS (sizeof commands / sizeof commands[0])

/* Says text, which is complete. */
static void
fail_say(const struct mapctl *m, int error, const char *text)
{
	json_t *answer;

	ahead_drain(m->ahead); /* the answers to lines before come first */
	if (!m->json) {
		fprintf(stderr, "mapctl: %s\n", text);
		return;
	}
	answer =
	    json_pack("{s:b, s:s, s:s}", "ok", 0, "code", error_name(error), "error", text);
	/* What cannot be said in UTF-8 is still an error. */
	if (answer == NULL)
		answer = json_pack("{s:b, s:s, s:s}", "ok", 0, "code", error_name(error),
		    "error", error_text(error));
	output_json(answer);
	json_decref(answer);
}

enum status
fail(const struct mapctl *m, enum status status, int error, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	fail_say(m, error, text != NULL ? text : "out of memory");
	free(text);
	return status;
}

enum status
usage(const struct mapctl *m, const char *format, ...)
{
	char cause[WORD_MAX * 2];
	va_list args;

	va_start(args, format);
	vsnprintf(cause, sizeof cause, format, args);
	va_end(args);
	return fail(m, STATUS_USAGE, -MAP_EUSAGE, "%s; usage: mapctl %s%s%s", cause,
	    m->command->words, m->command->arguments[0] != '\0' ? " " : "",
	    m->command->arguments);
}

enum status
usage_option(const struct mapctl *m, int got, char *const *argv, const struct option *longs)
{
	char text[OPTION_TEXT];

	return usage(m, "%s", option_wrong(got, argv, longs, text));
}

enum status
path_check(const struct mapctl *m, const char *what, const char *path)
{
	const char *why = option_path_refusal(path);
	char text[OPTION_TEXT];

	return why == NULL ? STATUS_DONE
			   : usage(m, "%s %s: %s", what, option_short(path, text), why);
}

enum status
words_check(const struct mapctl *m, int argc, char *const *argv, const char *names)
{
	char text[OPTION_TEXT];

	for (int i = 0; i < argc; i++) {
		if (names[0] == '\0')
			return usage(m, "%s: an extra word", option_short(argv[i], text));
		names += strcspn(names, " ");
		names += strspn(names, " ");
	}
	if (names[0] == '\0')
		return STATUS_DONE;
	return usage(m, "%.*s: missing", (int)strcspn(names, " "), names);
}

void
command_help(void)
{
	puts("usage: mapctl [-s SOCKET] [-j] COMMAND...\n"
	     "       mapctl [-s SOCKET] [-j] -          one command a line from standard "
	     "input\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %s%s%s\n      %s\n", commands[i].words,
		    commands[i].arguments[0] != '\0' ? " " : "", commands[i].arguments,
		    commands[i].help);
}

/* How many of argv the words of a row take; 0: it is another command. */
static int
words_match(const char *words, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		size_t n = strcspn(words, " ");

		if (strlen(argv[i]) != n || memcmp(argv[i], words, n) != 0)
			return 0;
		if (words[n] == '\0')
			return i + 1;
		words += n + 1;
	}
	return 0;
}

/* The commands that begin with the word, or "" if none does. */
static void
words_list(const char *word, char *text, size_t max)
{
	size_t n = strlen(word), at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < COMMANDS; i++)
		if (strncmp(commands[i].words, word, n) == 0 && commands[i].words[n] == ' ' &&
		    at < max)
			at += (size_t)snprintf(
			    text + at, max - at, "%s%s", at > 0 ? ", " : "", commands[i].words);
}

static enum status
command_unknown(const struct mapctl *m, int argc, char **argv)
{
	char list[256], first[OPTION_TEXT], second[OPTION_TEXT];
	bool more = argc > 1;

	words_list(argv[0], list, sizeof list);
	if (list[0] == '\0')
		return fail(m, STATUS_USAGE, -MAP_EUSAGE,
		    "%s: no such command; mapctl -h lists them", option_short(argv[0], first));
	return fail(m, STATUS_USAGE, -MAP_EUSAGE, "%s%s%s: %s; expected one of %s",
	    option_short(argv[0], first), more ? " " : "",
	    more ? option_short(argv[1], second) : "",
	    more ? "no such command" : "a word is missing", list);
}

enum status
command_run(struct mapctl *m, int argc, char **argv)
{
	char text[OPTION_TEXT];

	for (int i = 0; i < argc; i++)
		if (strlen(argv[i]) > WORD_MAX)
			return fail(m, STATUS_USAGE, -MAP_EUSAGE,
			    "%s: a word of %zu characters; expected at most %d",
			    option_short(argv[i], text), strlen(argv[i]), WORD_MAX);
	for (size_t i = 0; i < COMMANDS; i++) {
		int words = words_match(commands[i].words, argc, argv);

		if (words == 0)
			continue;
		m->command = &commands[i];
		if (m->command->run != zonefile_load)
			ahead_drain(m->ahead);
		return m->command->run(m, argc - words + 1, argv + words - 1);
	}
	return command_unknown(m, argc, argv);
}

/* Cuts a line at white space; quotes hold a word together. -1: a quote is not closed, or too many
 * words. */
static int
line_split(char *line, char *words[LINE_WORDS])
{
	int n = 0;

	for (;;) {
		line += strspn(line, " \t\r\n");
		if (*line == '\0' || *line == '#')
			return n;
		if (n == LINE_WORDS - 1)
			return -1;
		if (*line == '"') {
			words[n++] = ++line;
			line = strchr(line, '"');
			if (line == NULL)
				return -1;
		} else {
			words[n++] = line;
			line += strcspn(line, " \t\r\n");
		}
		if (*line != '\0')
			*line++ = '\0';
	}
}

static enum status
line_run(struct mapctl *m, char *line, unsigned number)
{
	char *words[LINE_WORDS];
	int n = line_split(line, words);

	if (n == 0)
		return STATUS_DONE;
	words[n > 0 ? n : 0] = NULL;
	if (n > 0)
		return command_run(m, n, words);
	return fail(m, STATUS_USAGE, -MAP_EUSAGE,
	    "standard input:%u: a quote is not closed, or too many words", number);
}

enum status
command_batch(struct mapctl *m)
{
	struct lines input = {.fd = STDIN_FILENO};
	enum status status;
	char *line;

	m->ahead = ahead_new(m);
	if (m->ahead == NULL)
		return fail(m, STATUS_WRONG, -MAP_ENOMEM, "out of memory");
	for (unsigned number = 1;; number++) {
		/* Who sends the next line when this one is answered must not wait for ever. */
		if (!lines_is_ready(&input))
			ahead_drain(m->ahead);
		line = lines_next(&input);
		if (line == NULL)
			break;
		ahead_line(m->ahead, number);
		ahead_note(m->ahead, line_run(m, line, number));
	}
	ahead_drain(m->ahead);
	status = ahead_status(m->ahead);
	ahead_free(m->ahead);
	m->ahead = NULL;
	lines_fini(&input);
	return status;
}
