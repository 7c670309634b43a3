/*
 * command.c - the table of commands, finding a row and running it, one line at a time in a batch.
 */
#include "mapctl/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "mapctl/daemon.h"
#include "mapctl/identity.h"
#include "mapctl/output.h"
#include "mapctl/zonefile.h"

#define LINE_WORDS 64
#define MAPD RUNSTATEDIR "/mapd/control"
#define RESOLVERD RUNSTATEDIR "/resolverd/control"

static const struct command commands[] = {
#define X(words, arguments, help, run, parameter, show, socket) \
	{words, arguments, help, run, parameter, show, socket},
#include "mapctl/commands.def"
#undef X
};

#define COMMANDS (sizeof commands / sizeof commands[0])

enum status
fail(const struct mapctl *m, enum status status, int error, const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (m->json) {
		json_t *answer = json_pack(
		    "{s:b, s:s, s:s}", "ok", 0, "code", error_name(error), "error", text);

		/* What cannot be said in UTF-8 is still an error. */
		if (answer == NULL)
			answer = json_pack("{s:b, s:s, s:s}", "ok", 0, "code",
			    error_name(error), "error", error_text(error));
		output_json(answer);
		json_decref(answer);
	} else {
		fprintf(stderr, "mapctl: %s\n", text);
	}
	return status;
}

enum status
usage(const struct mapctl *m, const char *cause)
{
	return fail(m, STATUS_USAGE, -MAP_EUSAGE, "%s; usage: mapctl %s%s%s", cause,
	    m->command->words, m->command->arguments[0] != '\0' ? " " : "",
	    m->command->arguments);
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

enum status
command_run(struct mapctl *m, int argc, char **argv)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		int words = words_match(commands[i].words, argc, argv);

		if (words == 0)
			continue;
		m->command = &commands[i];
		return m->command->run(m, argc - words + 1, argv + words - 1);
	}
	return fail(m, STATUS_USAGE, -MAP_EUSAGE,
	    "%s%s%s: no such command; mapctl -h lists them", argv[0], argc > 1 ? " " : "",
	    argc > 1 ? argv[1] : "");
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

enum status
command_batch(struct mapctl *m)
{
	enum status first = STATUS_DONE;
	char *line = NULL, *words[LINE_WORDS];
	size_t max = 0;
	unsigned number = 0;

	m->batch = true;
	while (getline(&line, &max, stdin) > 0) {
		enum status status;
		int n = line_split(line, words);

		number++;
		if (n == 0)
			continue;
		words[n > 0 ? n : 0] = NULL;
		if (n < 0)
			status = fail(m, STATUS_USAGE, -MAP_EUSAGE,
			    "standard input:%u: a quote is not closed, or too many words",
			    number);
		else
			status = command_run(m, n, words);
		fflush(stdout);
		if (status != STATUS_DONE && !m->json)
			fprintf(stderr, "mapctl: standard input:%u: failed\n", number);
		if (first == STATUS_DONE)
			first = status;
	}
	free(line);
	return first;
}
