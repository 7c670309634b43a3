/*
 * main.c - the command line of mapd.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/detach.h"
#include "core/sys/diag.h"
#include "core/sys/priv.h"
#include "core/wire/errors.h"
#include "mapd/conf.h"
#include "mapd/daemon.h"

static const char usage[] =
    "usage: mapd [-c FILE] [-f] [-v] [--check] [--ready-fd N]\n"
    "       mapd -V\n"
    "  -c FILE       configuration (" CONFIG_FILE ")\n"
    "  -f            stay in the foreground\n"
    "  -v            log everything\n"
    "  --check       only say whether the configuration is right\n"
    "  --ready-fd N  write one octet to descriptor N when serving; implies -f\n"
    "  -V            print the version\n";

enum { OPTION_CHECK = 256, OPTION_READY_FD };

static const struct option long_options[] = {
    {"check", no_argument, NULL, OPTION_CHECK},
    {"ready-fd", required_argument, NULL, OPTION_READY_FD},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

struct arguments {
	struct daemon_options daemon;
	bool foreground;
	bool check;
};

static int
fail_usage(void)
{
	fputs(usage, stderr);
	return 2;
}

/* The descriptor's number, or -1. */
static int
descriptor_scan(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return *text == '\0' || *end != '\0' || n < 0 || n > 1000000 ? -1 : (int)n;
}

/* -1: go on; else the exit status. */
static int
arguments_read(int argc, char **argv, struct arguments *args)
{
	int option;

	while ((option = getopt_long(argc, argv, "c:fvVh", long_options, NULL)) != -1)
		switch (option) {
		case 'c':
			args->daemon.config = optarg;
			break;
		case 'f':
			args->foreground = true;
			break;
		case 'v':
			args->daemon.verbose = true;
			break;
		case OPTION_CHECK:
			args->check = true;
			break;
		case OPTION_READY_FD:
			args->daemon.ready_fd = descriptor_scan(optarg);
			args->foreground = true;
			if (args->daemon.ready_fd < 0)
				return fail_usage();
			break;
		case 'V':
			puts("mapd " PACKAGE_VERSION);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return fail_usage();
		}
	return optind == argc ? -1 : fail_usage();
}

static int
check(const char *path)
{
	char message[CONFIG_MESSAGE];
	struct config *config = NULL;
	const char *why = "";
	int error = config_load(path, &config, message, sizeof(message));

	/* what root may do, the user may not */
	if (error == 0 && geteuid() == 0 && priv_drop(config->user, false, &why) != 0) {
		snprintf(message, sizeof(message), "%s: user %s: %s", path, config->user, why);
		error = -MAP_ESYS;
	}
	if (error == 0)
		error = config_verify(config, message, sizeof(message));
	if (error != 0)
		fprintf(stderr, "%s\n", message);
	config_free(config);
	return error == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct arguments args = {.daemon = {.config = CONFIG_FILE, .ready_fd = -1}};
	int status = arguments_read(argc, argv, &args);

	if (status >= 0)
		return status;
	diag_init("mapd", DIAG_INFO);
	if (args.check)
		return check(args.daemon.config);
	/* a service manager wants its children where it put them */
	if (!args.foreground && getenv("NOTIFY_SOCKET") == NULL) {
		args.daemon.ready_fd = detach();
		if (args.daemon.ready_fd < 0)
			diag_fatal("cannot leave the terminal: %s", strerror(errno));
		args.daemon.detached = true;
	}
	return daemon_run(&args.daemon);
}
