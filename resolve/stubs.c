/*
 * stubs.c - writes stub-zone and forward-zone clauses; checks what libunbound would not.
 */
#include "config.h"

#include "resolve/stubs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/sys/sock.h"
#include "core/wire/errors.h"

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
	fprintf(file, "stub-zone:\n\tname: \"%s\"\n\tstub-no-cache: %s\n", zone,
	    cached ? "no" : "yes");
	return servers_put(file, "stub", stub->servers, stub->n, why, max);
}

int
stubs_open(const struct resolver_options *options, bool cached, char *why, size_t max)
{
	int fd = memfd_create("stubs", MFD_CLOEXEC);
	int copy = fd >= 0 ? dup(fd) : -1;
	FILE *file = copy >= 0 ? fdopen(copy, "w") : NULL;
	int error = 0;

	if (file == NULL) {
		snprintf(why, max, "memfd_create: %s", strerror(errno));
		error = -MAP_ESYS;
	}
	for (size_t i = 0; error == 0 && i < options->n_stubs; i++)
		error = zone_put(file, &options->stubs[i], cached, why, max);
	if (error == 0 && options->n_forwarders > 0) {
		fprintf(file, "forward-zone:\n\tname: \".\"\n\tforward-no-cache: %s\n",
		    cached ? "no" : "yes");
		error = servers_put(
		    file, "forward", options->forwarders, options->n_forwarders, why, max);
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
