/*
 * register.c - "register" and "register withdraw": options, and a loop until it is done.
 * What goes over the wire is register/'s; what is printed is registered.c's.
 */
#include "mapctl/register.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/conf.h"
#include "core/sys/option.h"
#include "core/trust/keyfile.h"
#include "core/wire/errors.h"
#include "mapctl/identity.h"
#include "mapctl/locators.h"

#define SERVER "127.0.0.1@53"
#define PORT 53
#define WHY 1200

struct registering {
	struct mapctl *m;
	struct allocation by;
	const char *key_path, *tsig_path, *server;
	bool has_zone, dry_run;
	enum build_verb verb;
	struct locators locators;
	struct content content;
	struct registration_options options;
	struct crypto_key *key;
	struct tsig_key *tsig;
	size_t n_tsig;
	struct loop *loop;
	enum status status;
};

static const struct option longs[] = {{"server", required_argument, NULL, 's'},
    {"key", required_argument, NULL, 'i'}, {"realm", required_argument, NULL, 'r'},
    {"key-realm", required_argument, NULL, 'k'}, {"raa", required_argument, NULL, 'a'},
    {"hda", required_argument, NULL, 'h'}, {"zone", required_argument, NULL, 'z'},
    {"locator", required_argument, NULL, 'l'}, {"via", required_argument, NULL, 'v'},
    {"name", required_argument, NULL, 'n'}, {"lease", required_argument, NULL, 'L'},
    {"key-lease", required_argument, NULL, 'K'}, {"expire", required_argument, NULL, 'e'},
    {"tsig", required_argument, NULL, 't'}, {"udp", no_argument, NULL, 'u'},
    {"no-proof", no_argument, NULL, 'P'}, {"dry-run", no_argument, NULL, 'd'},
    {"keep", no_argument, NULL, 'w'}, {"release", no_argument, NULL, 'x'}, {NULL, 0, NULL, 0}};

static enum status
lease_scan(const struct mapctl *m, const char *what, const char *text, uint32_t *seconds)
{
	char begins[OPTION_TEXT];
	uint64_t ms;

	if (conf_time(text, &ms) != 0 || ms < 1000 || ms / 1000 > INT32_MAX)
		return usage(m, "--%s %s: no such time; expected 1s or more, as in 2h", what,
		    option_short(text, begins));
	*seconds = (uint32_t)(ms / 1000);
	return STATUS_DONE;
}

static enum status
name_add(struct registering *g, const char *text)
{
	struct name name;
	enum status status = option_name(g->m, "name", text, &name);

	if (status == STATUS_DONE && content_name_add(&g->content, &name) != 0)
		return usage(g->m, "--name %s: more than %d", text, CONTENT_NAMES);
	return status;
}

static enum status
server_scan(struct registering *g, const char *text)
{
	char begins[OPTION_TEXT];

	if (addr_scan(text, PORT, &g->options.server) != 0)
		return usage(g->m, "--server %s: no address; expected one as in 192.0.2.1@53",
		    option_short(text, begins));
	return STATUS_DONE;
}

/* Options without a value. */
static enum status
flag_take(struct registering *g, int option, char *const *argv)
{
	switch (option) {
	case 'u':
		g->options.datagram = true;
		break;
	case 'P':
		g->content.proof = false;
		break;
	case 'd':
		g->dry_run = true;
		break;
	case 'w':
		g->options.keep = true;
		break;
	case 'x':
		g->verb = BUILD_RELEASE;
		break;
	default:
		return usage_option(g->m, option, argv, longs);
	}
	return STATUS_DONE;
}

static enum status
option_take(struct registering *g, int option, char *const *argv)
{
	switch (option) {
	case 's':
		return server_scan(g, optarg);
	case 'i':
		return path_check(g->m, "--key", g->key_path = optarg);
	case 't':
		return path_check(g->m, "--tsig", g->tsig_path = optarg);
	case 'r':
	case 'k':
	case 'a':
	case 'h':
		return allocation_option(g->m, &g->by, option, optarg);
	case 'z':
		g->has_zone = true;
		return option_name(g->m, "zone", optarg, &g->content.zone);
	case 'l':
	case 'v':
		return locators_option(g->m, &g->locators, option, optarg);
	case 'n':
		return name_add(g, optarg);
	case 'L':
		return lease_scan(g->m, "lease", optarg, &g->content.lease);
	case 'K':
		return lease_scan(g->m, "key-lease", optarg, &g->content.key_lease);
	case 'e':
		return expire_scan(g->m, optarg, &g->content.expire);
	default:
		return flag_take(g, option, argv);
	}
}

/* Which options a command has not. */
static enum status
option_belongs(const struct registering *g, int option)
{
	const char *foreign = g->verb == BUILD_REGISTER ? "x" : "lvLePw";

	if (strchr(foreign, option) == NULL)
		return STATUS_DONE;
	for (const struct option *o = longs; o->name != NULL; o++)
		if (o->val == option)
			return usage(g->m, "--%s: not an option of this command", o->name);
	return STATUS_DONE;
}

static enum status
options_read(struct registering *g, int argc, char **argv)
{
	enum status status = STATUS_DONE;
	int option;

	optind = 0;
	opterr = 0;
	while (status == STATUS_DONE &&
	       (option = getopt_long(argc, argv, "+:", longs, NULL)) != -1) {
		status = option_belongs(g, option);
		if (status == STATUS_DONE)
			status = option_take(g, option, argv);
	}
	if (status == STATUS_DONE)
		status = words_check(g->m, argc - optind, argv + optind, "");
	if (status == STATUS_DONE)
		status = allocation_check(g->m, &g->by);
	if (status != STATUS_DONE)
		return status;
	if (g->key_path == NULL)
		return usage(g->m, "--key: missing");
	if (g->verb == BUILD_REGISTER && g->locators.n == 0)
		return usage(g->m, "--locator or --via: missing");
	if (g->options.keep && g->m->ahead != NULL)
		return usage(g->m, "--keep: in a batch the next line would never come");
	if (g->options.keep && g->dry_run)
		return usage(g->m, "--keep: not with --dry-run");
	return locators_check(g->m, &g->locators, &g->by);
}

static enum status
keys_read(struct registering *g)
{
	char why[WHY];
	int error = keyfile_read(g->key_path, &g->key, why, sizeof why);

	if (error == 0 && g->tsig_path != NULL)
		error = tsig_keys_load(g->tsig_path, &g->tsig, &g->n_tsig, why, sizeof why);
	if (error != 0)
		return fail(g->m, error == -MAP_EREFUSED ? STATUS_REFUSED : STATUS_WRONG, error,
		    "%s", why);
	if (g->tsig_path != NULL && g->n_tsig != 1)
		return fail(g->m, STATUS_WRONG, -MAP_ECONFIG, "%s: %zu keys; expected one",
		    g->tsig_path, g->n_tsig);
	g->options.tsig = g->tsig;
	return STATUS_DONE;
}

/* What the options and the key together say. */
static enum status
content_make(struct registering *g)
{
	struct content *content = &g->content;
	enum status status;
	char why[CONTENT_WHY];
	int error = 0;

	status = identity_of_key(g->m, &g->by, g->key, &content->id, &content->owner);
	if (status != STATUS_DONE)
		return status;
	content->key = g->key;
	if (!g->has_zone && !g->by.has_realm && !g->by.has_key_realm)
		return usage(g->m, "--zone: missing, and no realm that it could be taken from");
	if (!g->has_zone)
		content->zone = g->by.has_key_realm ? g->by.key_realm : g->by.realm.suffix;
	name_fold(&content->zone);
	for (size_t i = 0; i < g->locators.n && error == 0; i++)
		error = content_locator_add(content, g->locators.rdata[i]);
	if (error != 0)
		return usage(g->m, "the locators: %s", error_text(error));
	error = content_check(content, why);
	if (error == -MAP_EUSAGE)
		return usage(g->m, "%s", why);
	return error == 0 ? STATUS_DONE : fail(g->m, STATUS_WRONG, error, "%s", why);
}

static void
changed(void *arg, const struct registration_status *status)
{
	struct registering *g = arg;

	if (status->state == REGISTRATION_ASKING || status->state == REGISTRATION_PROVING)
		return;
	g->status = registered_show(g->m, &g->content, status);
	if (!g->options.keep || status->next == 0)
		loop_stop(g->loop);
}

static void
ended(void *arg)
{
	struct registering *g = arg;

	g->status = STATUS_DONE;
	loop_stop(g->loop);
}

static enum status
registration_run(struct registering *g)
{
	struct registration *registration = NULL;
	int error = loop_new(&g->loop);

	if (error == 0 && g->options.keep)
		error = loop_on_signal(g->loop, SIGTERM, ended, g);
	if (error == 0 && g->options.keep)
		error = loop_on_signal(g->loop, SIGINT, ended, g);
	if (error == 0)
		error = registration_new(
		    g->loop, &g->content, &g->options, changed, g, &registration);
	if (error != 0) {
		loop_free(g->loop);
		return fail(g->m, STATUS_WRONG, error, "%s", error_text(error));
	}
	registration_ask(registration, g->verb);
	loop_run(g->loop);
	registration_free(registration);
	loop_free(g->loop);
	return g->status;
}

static enum status
registering_run(struct mapctl *m, enum build_verb verb, int argc, char **argv)
{
	struct registering g = {.m = m, .by = {.raa = -1, .hda = -1}, .verb = verb};
	enum status status;

	content_init(&g.content);
	addr_scan(SERVER, PORT, &g.options.server);
	status = options_read(&g, argc, argv);
	if (status == STATUS_DONE)
		status = keys_read(&g);
	if (status == STATUS_DONE)
		status = content_make(&g);
	if (status == STATUS_DONE && g.dry_run)
		status = message_show(m, &(struct wanted){g.verb, &g.content, &g.options});
	else if (status == STATUS_DONE)
		status = registration_run(&g);
	crypto_key_free(g.key);
	if (g.tsig != NULL)
		crypto_wipe(g.tsig, g.n_tsig * sizeof *g.tsig);
	free(g.tsig);
	return status;
}

enum status
register_run(struct mapctl *m, int argc, char **argv)
{
	return registering_run(m, BUILD_REGISTER, argc, argv);
}

enum status
register_withdraw(struct mapctl *m, int argc, char **argv)
{
	return registering_run(m, BUILD_WITHDRAW, argc, argv);
}
