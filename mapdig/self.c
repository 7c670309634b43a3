/*
 * self.c - a look-up made by mapdig itself, with the library that resolverd uses.
 */
#include "mapdig/ask.h"

#include <string.h>
#include <unistd.h>

#include "core/sys/conf.h"
#include "core/sys/option.h"
#include "core/sys/sock.h"
#include "core/wire/errors.h"
#include "resolve/anchors.h"
#include "resolve/lookup.h"

/* Debian's dns-root-data has the root's; a realm without it needs -a. */
static const char *const self_anchors[] = {
    SYSCONFDIR "/eidmap/trust-anchors", "/usr/share/dns/root.key"};

struct wait {
	struct loop *loop;
	struct result *result;
};

static void
self_done(void *arg, const struct result *result)
{
	struct wait *wait = arg;

	*wait->result = *result;
	loop_stop(wait->loop);
}

int
ask_servers_read(const struct options *options, struct ask_servers *out, char *why, size_t max)
{
	out->n = 0;
	for (size_t i = 0; i < options->servers.n; i++) {
		struct addr addr;
		char text[ADDR_TEXT], begins[OPTION_TEXT];

		if (addr_scan(options->servers.words[i], options->port, &addr) != 0) {
			snprintf(why, max,
			    "@%s: not an address; expected @ADDRESS, and -p PORT",
			    option_short(options->servers.words[i], begins));
			return -MAP_EUSAGE;
		}
		snprintf(out->texts[i], sizeof out->texts[i], "%s", addr_print(&addr, text));
		out->list[i] = out->texts[i];
		out->n++;
	}
	return 0;
}

/* Each -a must be what it is taken for, before anything is asked. */
static int
self_check_anchors(const struct option_list *anchors, char *why, size_t max)
{
	char cause[CONF_MESSAGE];
	int error = 0;

	for (size_t i = 0; i < anchors->n && error == 0; i++)
		error = anchors_check(anchors->words[i], cause, sizeof cause);
	if (error != 0)
		snprintf(why, max, "-a: %s; expected " ANCHORS_EXPECTED, cause);
	return error;
}

/* -a, or the first of the usual places that is there. */
static int
self_find_anchors(
    const struct options *options, struct resolver_options *r, char *why, size_t max)
{
	r->anchors = options->anchors.words;
	r->n_anchors = options->anchors.n;
	if (r->n_anchors > 0)
		return self_check_anchors(&options->anchors, why, max);
	for (size_t i = 0; i < sizeof self_anchors / sizeof self_anchors[0]; i++)
		if (access(self_anchors[i], R_OK) == 0) {
			r->anchors = &self_anchors[i];
			r->n_anchors = 1;
			return 0;
		}
	if (options->insecure)
		return 0; /* then nothing can be secure, and nothing has to */
	snprintf(why, max, "no trust anchor: neither %s nor %s is there; expected -a FILE",
	    self_anchors[0], self_anchors[1]);
	return -MAP_ECONFIG;
}

int
ask_self(const struct options *options, const struct ask_servers *servers,
    const struct realm *realms, size_t n_realms, const struct resolve_request *request,
    struct result *result, char *why, size_t max)
{
	struct resolver_options r = {.forwarders = servers->list,
	    .n_forwarders = servers->n,
	    .realms = realms,
	    .n_realms = n_realms,
	    .private_locators = options->private_locators};
	struct wait wait = {NULL, result};
	struct resolver *resolver = NULL;
	struct lookup *lookup;
	size_t load = 0;
	int error = self_find_anchors(options, &r, why, max);

	if (error != 0)
		return error;
	error = loop_new(&wait.loop);
	if (error != 0)
		return error;
	error = resolver_open(wait.loop, &r, &resolver, why, max);
	if (error == 0) {
		error = lookup_start(resolver, request,
		    &(struct lookup_asker){self_done, &wait, &load}, &lookup);
		if (error == 0)
			loop_run(wait.loop);
		else
			snprintf(why, max, "%s", error_text(error));
	}
	resolver_close(resolver);
	loop_free(wait.loop);
	return error;
}
