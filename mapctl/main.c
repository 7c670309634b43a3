/*
 * main.c - mapctl: controls mapd and resolverd, and makes identities. Reads its own options; the
 * commands are rows of command.c.
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "core/wire/errors.h"
#include "mapctl/command.h"
#include "mapctl/control.h"

int
main(int argc, char **argv)
{
	struct mapctl m = {.socket = NULL};
	enum status status;
	int option;

	while ((option = getopt(argc, argv, "+s:jhV")) != -1) {
		switch (option) {
		case 's':
			m.socket = optarg;
			break;
		case 'j':
			m.json = true;
			break;
		case 'h':
			command_help();
			return STATUS_DONE;
		case 'V':
			puts("mapctl " PACKAGE_VERSION);
			return STATUS_DONE;
		default:
			fputs("mapctl: mapctl -h says what can be asked for\n", stderr);
			return STATUS_USAGE;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 0) {
		command_help();
		return STATUS_USAGE;
	}
	if (argc == 1 && strcmp(argv[0], "-") == 0)
		status = command_batch(&m);
	else
		status = command_run(&m, argc, argv);
	control_close(&m);
	if (fflush(stdout) != 0 && status == STATUS_DONE)
		status = fail(&m, STATUS_WRONG, -MAP_ESYS, "standard output cannot be written");
	return (int)status;
}
