/*
 * main.c - resolverd's command line, its signals, its beginning and its end.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/sys/diag.h"
#include "core/sys/priv.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"
#include "resolverd/agent.h"
#include "resolverd/control.h"
#include "resolverd/session.h"

#define FILES_MAX 65536 /* descriptors: one for each client and each question upstream */

struct options {
	const char *conf;
	bool check;
	bool verbose;
	int ready_fd;
};

static const char usage[] =
    "usage: resolverd [-c FILE] [-f] [--check] [--ready-fd N] [-v] [-V]\n"
    "  -c FILE        configuration (default " SYSCONFDIR "/eidmap/resolverd.yaml)\n"
    "  -f             stay in the foreground, which resolverd always does\n"
    "  --check        check the configuration and exit with 0 or 1\n"
    "  --ready-fd N   write one octet to descriptor N when serving\n"
    "  -v             log at level debug\n"
    "  -V             print the version\n";

static void
usage_exit(const char *word)
{
	fprintf(stderr, "resolverd: %s: not understood\n%s", word, usage);
	exit(2);
}

static void
options_read(struct options *o, int argc, char **argv)
{
	uint64_t fd;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-c") == 0 && i + 1 < argc) {
			o->conf = argv[++i];
		} else if (strcmp(argv[i], "-f") == 0) {
			continue;
		} else if (strcmp(argv[i], "--check") == 0) {
			o->check = true;
		} else if (strcmp(argv[i], "--ready-fd") == 0 && i + 1 < argc) {
			if (text_decimal_read(argv[i + 1], strlen(argv[i + 1]), 65535, &fd) !=
			    0)
				usage_exit(argv[i + 1]);
			o->ready_fd = (int)fd;
			i++;
		} else if (strcmp(argv[i], "-v") == 0) {
			o->verbose = true;
		} else if (strcmp(argv[i], "-V") == 0) {
			printf("resolverd %s\n", PACKAGE_VERSION);
			exit(0);
		} else if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			fputs(usage, stdout);
			exit(0);
		} else {
			usage_exit(argv[i]);
		}
	}
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
	char why[512];

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

/* Sockets while we may still make them; then the user; threads come last, with the contexts. */
static void
agent_start(struct agent *agent)
{
	const char *reason = NULL;
	char why[512];

	if (sessions_open(agent, agent->conf->socket, &agent->sessions, why, sizeof why) != 0 ||
	    control_open(agent, agent->conf->control, &agent->control, why, sizeof why) != 0)
		diag_fatal("%s", why);
	if (priv_drop(agent->conf->user, agent->conf->paths != PATHS_OFF, &reason) != 0)
		diag_fatal("user %s: %s", agent->conf->user, reason);
	if (agent_open(agent, why, sizeof why) != 0)
		diag_fatal("%s", why);
	if (agent_open_paths(agent) != 0)
		diag_fatal("paths: cannot be set; \"paths: off\" goes without");
	if (priv_seccomp() != 0)
		diag_warn("seccomp: not available: system calls are not restricted");
}

int
main(int argc, char **argv)
{
	struct options options = {.conf = SYSCONFDIR "/eidmap/resolverd.yaml", .ready_fd = -1};
	struct agent agent = {.stats = {0}};
	char why[512];

	diag_init("resolverd", DIAG_INFO);
	options_read(&options, argc, argv);
	agent.conf_path = options.conf;
	if (conf_open(options.conf, &agent.conf, why, sizeof why) != 0)
		diag_fatal("%s", why);
	diag_set_level(options.verbose ? DIAG_DEBUG : agent.conf->log);
	files_raise();
	if (loop_new(&agent.loop) != 0)
		diag_fatal("event loop: cannot be made");
	if (options.check) {
		if (agent_open(&agent, why, sizeof why) != 0)
			diag_fatal("%s: %s", options.conf, why);
	} else {
		signals_take(&agent);
		agent_start(&agent);
		diag_info("resolverd %s: serves %s", PACKAGE_VERSION, agent.conf->socket);
		priv_ready(options.ready_fd);
		loop_run(agent.loop);
	}
	agent_close(&agent);
	loop_free(agent.loop);
	return 0;
}
