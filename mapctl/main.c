/*
 * main.c - mapctl: controls mapd and resolverd, and makes identities. Reads its own options; the
 * commands are rows of command.c.
 */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "core/sys/option.h"
#include "core/sys/sock.h"
#include "core/wire/errors.h"
#include "mapctl/command.h"
#include "mapctl/control.h"

/* A socket's path, which must be one before a daemon is looked for there. */
static enum status
take_socket(struct mapctl *m, const char *word)
{
	char text[OPTION_TEXT];

	m->socket = word;
	if (word[0] != '\0' && strlen(word) <= SOCK_PATH)
		return STATUS_DONE;
	return fail(m, STATUS_USAGE, -MAP_EUSAGE,
	    "-s %s: %s; expected a path of at most %d characters", option_short(word, text),
	    word[0] != '\0' ? "too long for a socket" : "an empty word", SOCK_PATH);
}

/* Reads what stands before the command; *ended: there is nothing more to do. */
static enum status
options_read(struct mapctl *m, int argc, char **argv, bool *ended)
{
	static const struct option none[] = {{NULL, 0, NULL, 0}};
	enum status status = STATUS_DONE;
	char text[OPTION_TEXT];
	int option;

	opterr = 0;
	while (status == STATUS_DONE && !*ended &&
	       (option = getopt_long(argc, argv, "+:s:jhV", none, NULL)) != -1) {
		switch (option) {
		case 's':
			status = take_socket(m, optarg);
			break;
		case 'j':
			m->json = true;
			break;
		case 'h':
			command_help();
			*ended = true;
			break;
		case 'V':
			puts("mapctl " PACKAGE_VERSION);
			*ended = true;
			break;
		default:
			status = fail(m, STATUS_USAGE, -MAP_EUSAGE,
			    "%s; mapctl -h says what can be asked for",
			    option_wrong(option, argv, none, text));
		}
	}
	return status;
}

/* The command, or the commands of standard input. */
static enum status
words_run(struct mapctl *m, int argc, char **argv)
{
	char text[OPTION_TEXT];

	if (argc == 0)
		return fail(
		    m, STATUS_USAGE, -MAP_EUSAGE, "a command is missing; mapctl -h lists them");
	if (strcmp(argv[0], "-") != 0)
		return command_run(m, argc, argv);
	if (argc > 1)
		return fail(m, STATUS_USAGE, -MAP_EUSAGE,
		    "%s: an extra word; expected nothing behind -",
		    option_short(argv[1], text));
	return command_batch(m);
}

int
main(int argc, char **argv)
{
	struct mapctl m = {.socket = NULL};
	bool ended = false;
	enum status status = options_read(&m, argc, argv, &ended);

	if (status == STATUS_DONE && !ended)
		status = words_run(&m, argc - optind, argv + optind);
	control_close(&m);
	if (fflush(stdout) != 0 && status == STATUS_DONE)
		status = fail(&m, STATUS_WRONG, -MAP_ESYS, "standard output cannot be written");
	return (int)status;
}
