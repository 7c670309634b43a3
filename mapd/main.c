/*
 * main.c - the command line of mapd.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/detach.h"
#include "core/sys/diag.h"
#include "core/sys/option.h"
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

__attribute__((format(printf, 1, 2))) static int
fail_usage(const char *format, ...)
{
	va_list args;

	fputs("mapd: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("; mapd -h lists the options\n", stderr);
	return 2;
}

static int
take_config(struct arguments *args, const char *word)
{
	const char *why = option_path_refusal(word);
	char text[OPTION_TEXT];

	if (why != NULL)
		return fail_usage("-c %s: %s", option_short(word, text), why);
	args->daemon.config = word;
	args->daemon.named = true;
	return -1;
}

static int
take_ready_fd(struct arguments *args, const char *word)
{
	char text[OPTION_TEXT];

	args->daemon.ready_fd = option_descriptor(word);
	args->foreground = true;
	if (args->daemon.ready_fd >= 0)
		return -1;
	return fail_usage("--ready-fd %s: no open descriptor; expected the number of one",
	    option_short(word, text));
}

/* -1: go on; else the exit status. */
static int
argument_take(struct arguments *args, int option, char *const *argv)
{
	char text[OPTION_TEXT];

	switch (option) {
	case 'c':
		return take_config(args, optarg);
	case 'f':
		args->foreground = true;
		return -1;
	case 'v':
		args->daemon.verbose = true;
		return -1;
	case OPTION_CHECK:
		args->check = true;
		return -1;
	case OPTION_READY_FD:
		return take_ready_fd(args, optarg);
	case 'V':
		puts("mapd " PACKAGE_VERSION);
		return 0;
	case 'h':
		fputs(usage, stdout);
		return 0;
	default:
		return fail_usage("%s", option_wrong(option, argv, long_options, text));
	}
}

static int
arguments_read(int argc, char **argv, struct arguments *args)
{
	int option, status = -1;
	char text[OPTION_TEXT];

	opterr = 0;
	while (status < 0 &&
	       (option = getopt_long(argc, argv, ":c:fvVh", long_options, NULL)) != -1)
		status = argument_take(args, option, argv);
	if (status < 0 && optind < argc)
		return fail_usage("%s: an extra word; expected options only",
		    option_short(argv[optind], text));
	return status;
}

static int
check(const struct daemon_options *options)
{
	char message[CONFIG_MESSAGE];
	struct config *config = NULL;
	const char *why = "";
	int error = daemon_configure(options, &config, message, sizeof(message));

	/* what root may do, the user may not */
	if (error == 0 && geteuid() == 0 && priv_drop(config->user, false, &why) != 0) {
		snprintf(message, sizeof(message), "%s: user %s: %s", options->config,
		    config->user, why);
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
		return check(&args.daemon);
	/* a service manager wants its children where it put them */
	if (!args.foreground && getenv("NOTIFY_SOCKET") == NULL) {
		args.daemon.ready_fd = detach();
		if (args.daemon.ready_fd < 0)
			diag_fatal("cannot leave the terminal: %s", strerror(errno));
		args.daemon.detached = true;
	}
	return daemon_run(&args.daemon);
}
