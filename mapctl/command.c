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
    {"id new",
	"[--realm PREFIX=SUFFIX | --raa N --hda N | --key-realm NAME] [--name NAME] "
	"[--locator L]... [--via HOSTPART@SET]... [--p256] [--dir DIR] [--expire 24h]",
	"make a key and the records of its identity, with proof", identity_new, NULL, NULL,
	NULL},
    {"id show", "[--realm PREFIX=SUFFIX | --key-realm NAME] FILE|IDENTITY|REFERENCE",
	"say what a key file, an identity or an eid: reference is", identity_show, NULL,
	output_fields, NULL},
    {"id sign",
	"--key FILE [--realm PREFIX=SUFFIX] [--expire 24h] [--serial-now] [--revoke] < RECORDS",
	"make or replace the proof of the ELOC records on standard input", identity_sign, NULL,
	NULL, NULL},
    {"zone check", "[--private-locators] [--realm PREFIX=SUFFIX]... ZONE FILE",
	"say whether a zone file would be loaded", zonefile_check, NULL, output_message, NULL},
    {"zone load", "[--private-locators] [--realm PREFIX=SUFFIX]... ZONE FILE",
	"make or replace a zone", zonefile_load, NULL, output_message, MAPD},
    {"zone list", "", "the zones served", daemon_ask, NULL, output_table, MAPD},
    {"zone status", "ZONE", "serial, size, signatures and keys of a zone", daemon_ask, "zone",
	output_fields, MAPD},
    {"zone dump", "ZONE", "all records of a zone, signatures included", daemon_dump, "zone",
	daemon_dump_done, MAPD},
    {"zone remove", "ZONE", "take a zone out of service and out of the database", daemon_ask,
	"zone", output_message, MAPD},
    {"key list", "ZONE", "the keys that sign a zone", daemon_ask, "zone", output_table, MAPD},
    {"key ds", "ZONE", "the DS records for the parent of a zone", daemon_ask, "zone", output_ds,
	MAPD},
    {"status", "", "version, up time and counters", daemon_ask, NULL, output_fields, MAPD},
    {"reload", "", "read the configuration again", daemon_ask, NULL, output_message, MAPD},
    {"log", "error|warn|info|debug", "how much is written to the log", daemon_ask, "level",
	output_message, MAPD},
    {"stop", "", "end the daemon", daemon_ask, NULL, output_message, MAPD},
    {"cache flush", "", "drop all results that resolverd holds", daemon_ask, NULL,
	output_message, RESOLVERD},
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
