/*
 * main.c - resolverd's command line, its signals, its beginning and its end.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/sys/conf.h"
#include "core/sys/detach.h"
#include "core/sys/diag.h"
#include "core/sys/option.h"
#include "core/sys/priv.h"
#include "core/wire/errors.h"
#include "resolverd/agent.h"
#include "resolverd/control.h"
#include "resolverd/paths.h"
#include "resolverd/clients.h"

#define FILES_MAX 65536 /* descriptors: one for each client and each question upstream */

#define CONFIG_FILE SYSCONFDIR "/eidmap/resolverd.yaml"

static const char usage[] =
    "usage: resolverd [-c FILE] [-f] [-v] [--check] [--ready-fd N]\n"
    "       resolverd [-v] --restore\n"
    "       resolverd -V\n"
    "  -c FILE       configuration (" CONFIG_FILE ")\n"
    "  -f            stay in the foreground\n"
    "  -v            log everything\n"
    "  --check       only say whether the configuration is right\n"
    "  --restore     take back what killed ones left in the kernel's MPTCP, and end\n"
    "  --ready-fd N  write one octet to descriptor N when serving; implies -f\n"
    "  -V            print the version\n";

enum { OPTION_CHECK = 256, OPTION_READY_FD, OPTION_RESTORE };

static const struct option long_options[] = {
    {"check", no_argument, NULL, OPTION_CHECK},
    {"ready-fd", required_argument, NULL, OPTION_READY_FD},
    {"restore", no_argument, NULL, OPTION_RESTORE},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

struct options {
	const char *conf;
	bool named; /* by -c: it must be there */
	bool check;
	bool restore;
	bool foreground;
	bool detached;
	bool verbose;
	int ready_fd;
};

__attribute__((format(printf, 1, 2))) static int
usage_fail(const char *format, ...)
{
	va_list args;

	fputs("resolverd: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("; resolverd -h lists the options\n", stderr);
	return 2;
}

static int
take_conf(struct options *o, const char *word)
{
	const char *why = option_path_refusal(word);
	char text[OPTION_TEXT];

	if (why != NULL)
		return usage_fail("-c %s: %s", option_short(word, text), why);
	o->conf = word;
	o->named = true;
	return -1;
}

static int
take_ready_fd(struct options *o, const char *word)
{
	char text[OPTION_TEXT];

	o->ready_fd = option_descriptor(word);
	o->foreground = true;
	if (o->ready_fd >= 0)
		return -1;
	return usage_fail("--ready-fd %s: no open descriptor; expected the number of one",
	    option_short(word, text));
}

/* -1: go on; else the exit status. */
static int
option_take(struct options *o, int option, char *const *argv)
{
	char text[OPTION_TEXT];

	switch (option) {
	case 'c':
		return take_conf(o, optarg);
	case 'f':
		o->foreground = true;
		return -1;
	case 'v':
		o->verbose = true;
		return -1;
	case OPTION_CHECK:
		o->check = true;
		return -1;
	case OPTION_RESTORE:
		o->restore = true;
		return -1;
	case OPTION_READY_FD:
		return take_ready_fd(o, optarg);
	case 'V':
		printf("resolverd %s\n", PACKAGE_VERSION);
		return 0;
	case 'h':
		fputs(usage, stdout);
		return 0;
	default:
		return usage_fail("%s", option_wrong(option, argv, long_options, text));
	}
}

static int
options_read(struct options *o, int argc, char **argv)
{
	int option, status = -1;
	char text[OPTION_TEXT];

	opterr = 0;
	while (status < 0 &&
	       (option = getopt_long(argc, argv, ":c:fvhV", long_options, NULL)) != -1)
		status = option_take(o, option, argv);
	if (status < 0 && optind < argc)
		return usage_fail("%s: an extra word; expected options only",
		    option_short(argv[optind], text));
	return status;
}

static void
files_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= FILES_MAX)
		return;
	limit.rlim_cur = limit.rlim_max < FILES_MAX ? limit.rlim_max : FILES_MAX;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		diag_warn("descriptors: the limit cannot be raised");
}

static void
on_stop(void *arg)
{
	struct agent *agent = arg;

	diag_info("resolverd: stops");
	loop_stop(agent->loop);
}

static void
on_reload(void *arg)
{
	struct agent *agent = arg;
	char why[CONF_MESSAGE];

	if (agent_reload(agent, why, sizeof why) != 0)
		diag_error("%s; the configuration stays as it was", why);
	else
		diag_info("configuration %s: read anew", agent->conf_path);
}

static void
signals_take(struct agent *agent)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	if (sigaction(SIGPIPE, &ignore, NULL) != 0 ||
	    loop_on_signal(agent->loop, SIGTERM, on_stop, agent) != 0 ||
	    loop_on_signal(agent->loop, SIGINT, on_stop, agent) != 0 ||
	    loop_on_signal(agent->loop, SIGHUP, on_reload, agent) != 0)
		diag_fatal("signals: cannot be taken");
}

/* Sockets and the ledger of paths while we may still make them; then the user; threads come last,
 * with the contexts. 0, or -MAP_E... with the cause in why, or said. */
static int
agent_start(struct agent *agent, char *why, size_t max)
{
	unsigned keep = agent->conf->paths != PATHS_OFF ? PRIV_NET_ADMIN : 0;
	const char *reason = NULL;
	int error = clients_open(agent, agent->conf->socket, &agent->clients, why, max);

	if (error != 0) {
		conf_accuse(agent->conf, "socket", why, max);
		return error;
	}
	error = control_open(agent, agent->conf->control, &agent->control, why, max);
	if (error != 0) {
		conf_accuse(agent->conf, "control", why, max);
		return error;
	}
	*why = '\0';
	error = agent_open_paths(agent);
	if (error != 0)
		return error;
	error = priv_drop(agent->conf->user, keep, &reason);
	if (error != 0) {
		snprintf(why, max, "user %s: %s", agent->conf->user, reason);
		return error;
	}
	error = conf_verify(agent->conf, why, max);
	if (error == 0)
		error = agent_open(agent, why, max);
	if (error != 0)
		return error;
	*why = '\0';
	error = agent_open_watch(agent);
	if (error == 0)
		error = paths_start(agent->paths, agent->loop);
	if (error == 0 && priv_seccomp() != 0)
		diag_warn("seccomp: not available: system calls are not restricted");
	return error;
}

static int
check(struct agent *agent)
{
	const char *reason = NULL;
	char why[CONF_MESSAGE];

	/* What root may read, the user may not. */
	if (geteuid() == 0 && priv_drop(agent->conf->user, 0, &reason) != 0)
		diag_fatal("user %s: %s", agent->conf->user, reason);
	if (conf_verify(agent->conf, why, sizeof why) != 0)
		diag_fatal("%s", why);
	if (agent_open(agent, why, sizeof why) != 0)
		diag_fatal("%s: %s", agent->conf_path, why);
	agent_close(agent);
	loop_free(agent->loop);
	return 0;
}

/* A service manager wants its children where it put them. */
static void
options_detach(struct options *options)
{
	if (options->check || options->foreground || getenv("NOTIFY_SOCKET") != NULL)
		return;
	options->ready_fd = detach();
	if (options->ready_fd < 0)
		diag_fatal("cannot leave the terminal: %s", strerror(errno));
	options->detached = true;
}

int
main(int argc, char **argv)
{
	struct options options = {.conf = CONFIG_FILE, .ready_fd = -1};
	struct agent agent = {.stats = {0}};
	int status = options_read(&options, argc, argv);
	char why[CONF_MESSAGE];

	if (status >= 0)
		return status;
	diag_init("resolverd", options.verbose ? DIAG_DEBUG : DIAG_INFO);
	if (options.restore)
		return paths_restore() == 0 ? 0 : 1;
	agent.conf_path = options.conf;
	agent.conf_named = options.named;
	if (agent_configure(&agent, &agent.conf, why, sizeof why) != 0)
		diag_fatal("%s", why);
	diag_set_level(options.verbose ? DIAG_DEBUG : agent.conf->log);
	options_detach(&options);
	files_raise();
	if (loop_new(&agent.loop) != 0)
		diag_fatal("event loop: cannot be made");
	if (options.check)
		return check(&agent);
	signals_take(&agent);
	if (agent_start(&agent, why, sizeof why) != 0) {
		if (why[0] != '\0')
			diag_error("%s", why);
		status = 1;
		goto close;
	}
	diag_info("resolverd %s: serves %s", PACKAGE_VERSION, agent.conf->socket);
	priv_ready(options.ready_fd);
	if (options.detached)
		detach_finish();
	loop_run(agent.loop);
	status = 0;
close:
	agent_close(&agent);
	loop_free(agent.loop);
	return status;
}
