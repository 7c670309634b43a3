/*
 * settings.c - writes server, stub-zone and forward-zone clauses; checks what libunbound would not.
 */
#include "config.h"

#include "resolve/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/sys/sock.h"
#include "core/wire/eid.h"
#include "core/wire/errors.h"

/*
 * Protocol 6. What is not a matter of the protocol: outgoing-range and -tcp, since a silent server
 * must not hold all of libunbound's few sockets; infra-host-ttl, since a server that was silent is
 * to be found again within seconds; aggressive-nsec, since a new name must not stay denied for
 * longer than cache-max-negative-ttl. All contexts get the same: some of these, cache-max-ttl
 * among them, are globals of libunbound, and the last context would decide for all.
 */
static const char settings_server[] = "server:\n"
				      "\tminimal-responses: no\n"
				      "\tval-clean-additional: yes\n"
				      "\tqname-minimisation: no\n"
				      "\taggressive-nsec: no\n"
				      "\tprefetch: no\n"
				      "\tserve-expired: no\n"
				      "\trrset-roundrobin: no\n"
				      "\tcache-max-ttl: 300\n"
				      "\tcache-max-negative-ttl: 30\n"
				      "\tval-bogus-ttl: 5\n"
				      "\tinfra-host-ttl: 5\n"
				      "\ttrust-anchor-signaling: no\n"
				      "\toutgoing-range: 8192\n"
				      "\toutgoing-num-tcp: 64\n"
				      "\tunblock-lan-zones: yes\n"
				      "\tdo-not-query-localhost: no\n";

/* Zones that libunbound answers by itself with NXDOMAIN, whatever the stubs say. */
static const char *const settings_open_zones[] = {
    "test.",
    "8.b.d.0.1.0.0.2.ip6.arpa.",
    "2.0.192.in-addr.arpa.",
    "100.51.198.in-addr.arpa.",
    "113.0.203.in-addr.arpa.",
};

/* libunbound accepts an address that it cannot use, and fails at the first question. */
static int
servers_put(
    FILE *file, const char *clause, const char *const *servers, size_t n, char *why, size_t max)
{
	for (size_t i = 0; i < n; i++) {
		struct addr addr;
		if (addr_scan(servers[i], 53, &addr) != 0) {
			snprintf(why, max, "server %s: expected ADDRESS@PORT", servers[i]);
			return -MAP_ECONFIG;
		}
		fprintf(file, "\t%s-addr: %s\n", clause, servers[i]);
	}
	return 0;
}

static int
zone_put(FILE *file, const struct resolver_stub *stub, bool cached, char *why, size_t max)
{
	char zone[NAME_TEXT];

	name_print(&stub->zone, zone);
	if (strpbrk(zone, "\"\\") != NULL || stub->n == 0) {
		snprintf(why, max, "stub %s: %s", zone,
		    stub->n == 0 ? "no servers" : "a name that libunbound cannot be told");
		return -MAP_ECONFIG;
	}
	fprintf(file, "server:\n\tlocal-zone: \"%s\" transparent\n", zone);
	fprintf(file, "stub-zone:\n\tname: \"%s\"\n\tstub-no-cache: %s\n", zone,
	    cached ? "no" : "yes");
	return servers_put(file, "stub", stub->servers, stub->n, why, max);
}

static void
server_put(FILE *file, const struct settings *settings)
{
	/* what is asked aside is seldom, and has its answers beside those of the others */
	unsigned most = settings->source != NULL ? 4 : 16; /* MB */
	char text[EID_TEXT];

	fputs(settings_server, file);
	fprintf(file, "\tmsg-cache-size: %um\n\trrset-cache-size: %um\n\tkey-cache-size: %um\n",
	    most, most * 2, most / 4);
	/* else libunbound goes on asking a silent server for much longer than anybody waits here */
	fprintf(file, "\tinfra-cache-max-rtt: %llu\n", (unsigned long long)settings->silent_ms);
	for (size_t i = 0; i < sizeof settings_open_zones / sizeof settings_open_zones[0]; i++)
		fprintf(file, "\tlocal-zone: \"%s\" transparent\n", settings_open_zones[i]);
	if (settings->source != NULL)
		fprintf(
		    file, "\toutgoing-interface: %s\n", address_print(settings->source, text));
}

static int
settings_put(FILE *file, const struct settings *settings, char *why, size_t max)
{
	const struct resolver_options *options = settings->options;
	int error = 0;

	server_put(file, settings);
	for (size_t i = 0; error == 0 && i < options->n_stubs; i++)
		error = zone_put(file, &options->stubs[i], settings->cached, why, max);
	if (error != 0 || options->n_forwarders == 0)
		return error;
	fprintf(file, "forward-zone:\n\tname: \".\"\n\tforward-no-cache: %s\n",
	    settings->cached ? "no" : "yes");
	return servers_put(
	    file, "forward", options->forwarders, options->n_forwarders, why, max);
}

int
settings_open(const struct settings *settings, char *why, size_t max)
{
	int fd = memfd_create("settings", MFD_CLOEXEC);
	int copy = fd >= 0 ? dup(fd) : -1;
	FILE *file = copy >= 0 ? fdopen(copy, "w") : NULL;
	int error = 0;

	if (file == NULL) {
		snprintf(why, max, "memfd_create: %s", strerror(errno));
		error = -MAP_ESYS;
	} else {
		error = settings_put(file, settings, why, max);
	}
	if (file != NULL && fclose(file) != 0 && error == 0) {
		snprintf(why, max, "memfd: %s", strerror(errno));
		error = -MAP_ESYS;
	}
	if (file == NULL && copy >= 0)
		close(copy);
	if (error != 0 && fd >= 0)
		close(fd);
	return error != 0 ? error : fd;
}
