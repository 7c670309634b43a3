/*
 * ledger.c - the list of own changes, kept in one small text file and undone from it.
 * Knows how to take an endpoint or a limit back; knows nothing about why it was set.
 */
#include "resolverd/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sys/diag.h"
#include "core/wire/eid.h"
#include "core/wire/errors.h"

#define LEDGER_TEXT 8192
#define LEDGER_HEAD "eidmap paths 1\n"

struct ledger {
	struct mptcp *mptcp;
	char *path;
	int fd;
	uint64_t namespace[2]; /* device and inode of this network namespace */
	bool limited;
	struct mptcp_limits had, want;
	size_t n;
	struct mptcp_endpoint endpoints[MPTCP_ENDPOINTS];
};

static int
ledger_namespace(uint64_t namespace[2])
{
	struct stat st;

	if (stat("/proc/self/ns/net", &st) < 0)
		return -MAP_ESYS;
	namespace[0] = st.st_dev;
	namespace[1] = st.st_ino;
	return 0;
}

/* One write of a few hundred octets: a kill leaves the old text or the new one. */
static int
ledger_save(struct ledger *ledger)
{
	char text[LEDGER_TEXT], address[EID_TEXT];
	size_t n;

	n = (size_t)snprintf(text, sizeof text,
	    LEDGER_HEAD "namespace %" PRIu64 " %" PRIu64 "\n", ledger->namespace[0],
	    ledger -> namespace[1]);
	if (ledger->limited)
		n += (size_t)snprintf(text + n, sizeof text - n, "limits %u %u %u %u\n",
		    ledger->had.subflows, ledger->had.add_addr_accepted, ledger->want.subflows,
		    ledger->want.add_addr_accepted);
	for (size_t i = 0; i < ledger->n; i++) {
		address_print(ledger->endpoints[i].address, address);
		n += (size_t)snprintf(text + n, sizeof text - n, "endpoint %u %u %s\n",
		    ledger->endpoints[i].id, ledger->endpoints[i].flags, address);
	}
	if (pwrite(ledger->fd, text, n, 0) != (ssize_t)n || ftruncate(ledger->fd, (off_t)n) < 0)
		return -MAP_ESYS;
	return 0;
}

static int
ledger_load_endpoint(struct ledger *ledger, const char *line)
{
	struct mptcp_endpoint endpoint = {0};
	unsigned id, flags;
	char address[64];

	if (sscanf(line, "endpoint %u %u %63s", &id, &flags, address) != 3 || id == 0 ||
	    id > 255 || ledger->n == MPTCP_ENDPOINTS ||
	    address_scan(address, strlen(address), endpoint.address) < 0)
		return -MAP_EFORMAT;
	endpoint.id = (uint8_t)id;
	endpoint.flags = flags;
	ledger->endpoints[ledger->n++] = endpoint;
	return 0;
}

static int
ledger_load_line(struct ledger *ledger, const char *line)
{
	uint64_t ns[2];

	if (strncmp(line, "endpoint ", 9) == 0)
		return ledger_load_endpoint(ledger, line);
	if (sscanf(line, "namespace %" SCNu64 " %" SCNu64, &ns[0], &ns[1]) == 2)
		return memcmp(ns, ledger->namespace, sizeof ns) == 0 ? 0 : -MAP_ESTALE;
	if (sscanf(line, "limits %u %u %u %u", &ledger->had.subflows,
		&ledger->had.add_addr_accepted, &ledger->want.subflows,
		&ledger->want.add_addr_accepted) == 4) {
		ledger->limited = true;
		return 0;
	}
	return -MAP_EFORMAT;
}

/* -MAP_ESTALE: it is about another namespace; nothing of it concerns us. */
static int
ledger_load(struct ledger *ledger)
{
	char text[LEDGER_TEXT + 1], *line, *rest;
	ssize_t n = pread(ledger->fd, text, LEDGER_TEXT, 0);
	int rc = 0;

	if (n <= 0)
		return n < 0 ? -MAP_ESYS : 0;
	text[n] = '\0';
	if (strncmp(text, LEDGER_HEAD, strlen(LEDGER_HEAD)) != 0)
		return -MAP_EFORMAT;
	rest = text + strlen(LEDGER_HEAD);
	while (rc == 0 && (line = strsep(&rest, "\n")) != NULL && *line != '\0')
		rc = ledger_load_line(ledger, line);
	return rc;
}

static bool
ledger_in_force(const struct mptcp_endpoint *ours, const struct mptcp_endpoint *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].id == ours->id && list[i].flags == ours->flags &&
		    memcmp(list[i].address, ours->address, 16) == 0)
			return true;
	return false;
}

/* Only what still stands as it was set; what somebody changed since is his. Returns how much. */
static unsigned
ledger_undo(struct ledger *ledger)
{
	struct mptcp_endpoint list[MPTCP_ENDPOINTS];
	struct mptcp_limits now;
	unsigned undone = 0;
	size_t n = 0;

	if (mptcp_endpoints(ledger->mptcp, list, MPTCP_ENDPOINTS, &n) < 0)
		diag_warn("paths: endpoints cannot be read: %s", strerror(errno));
	for (size_t i = 0; i < ledger->n; i++) {
		if (!ledger_in_force(&ledger->endpoints[i], list, n))
			continue;
		if (mptcp_endpoint_remove(ledger->mptcp, &ledger->endpoints[i]) == 0)
			undone++;
		else
			diag_warn("paths: endpoint %u not removed: %s", ledger->endpoints[i].id,
			    strerror(errno));
	}
	ledger->n = 0;
	if (ledger->limited && mptcp_limits_get(ledger->mptcp, &now) == 0 &&
	    memcmp(&now, &ledger->want, sizeof now) == 0) {
		if (mptcp_limits_set(ledger->mptcp, &ledger->had) == 0)
			undone++;
		else
			diag_warn("paths: limits not set back: %s", strerror(errno));
	}
	ledger->limited = false;
	return undone;
}

static int
ledger_take_over(struct ledger *ledger)
{
	int rc = ledger_load(ledger);
	unsigned undone;

	if (rc == -MAP_EFORMAT) {
		diag_error("%s: not a ledger of paths: remove it if nothing else needs it",
		    ledger->path);
		return -MAP_ECONFIG;
	}
	if (rc == -MAP_ESTALE) {
		ledger->n = 0;
		ledger->limited = false;
		rc = 0;
	}
	undone = ledger_undo(ledger);
	if (undone > 0)
		diag_info(
		    "paths: %u changes of a predecessor that was killed are undone", undone);
	if (rc < 0 || ledger_save(ledger) < 0) {
		diag_error("%s: %s", ledger->path, strerror(errno));
		return -MAP_ECONFIG;
	}
	return 0;
}

static void
ledger_free(struct ledger *ledger)
{
	if (ledger->fd >= 0)
		close(ledger->fd);
	free(ledger->path);
	free(ledger);
}

int
ledger_open(const char *path, struct mptcp *mptcp, struct ledger **out)
{
	struct ledger *ledger = calloc(1, sizeof *ledger);
	int rc;

	if (ledger == NULL)
		return -MAP_ENOMEM;
	ledger->mptcp = mptcp;
	ledger->path = strdup(path);
	ledger->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (ledger->path == NULL || ledger->fd < 0 || ledger_namespace(ledger->namespace) < 0 ||
	    flock(ledger->fd, LOCK_EX | LOCK_NB) < 0) {
		diag_error("%s: %s", path,
		    errno == EWOULDBLOCK ? "in use by another resolverd" : strerror(errno));
		ledger_free(ledger);
		return -MAP_ECONFIG;
	}
	rc = ledger_take_over(ledger);
	if (rc < 0) {
		ledger_free(ledger);
		return rc;
	}
	*out = ledger;
	return 0;
}

void
ledger_close(struct ledger *ledger)
{
	if (ledger == NULL)
		return;
	ledger_undo(ledger);
	/* the folder may no longer be writable; an empty file says the same as none */
	if (unlink(ledger->path) < 0 && ftruncate(ledger->fd, 0) < 0)
		diag_warn("%s: %s", ledger->path, strerror(errno));
	ledger_free(ledger);
}

int
ledger_limits(
    struct ledger *ledger, const struct mptcp_limits *had, const struct mptcp_limits *want)
{
	ledger->limited = memcmp(had, want, sizeof *had) != 0;
	ledger->had = *had;
	ledger->want = *want;
	return ledger_save(ledger);
}

int
ledger_put(struct ledger *ledger, const struct mptcp_endpoint *endpoint)
{
	if (ledger->n == MPTCP_ENDPOINTS)
		return -MAP_ESPACE;
	ledger->endpoints[ledger->n++] = *endpoint;
	return ledger_save(ledger);
}

void
ledger_drop(struct ledger *ledger, const struct mptcp_endpoint *endpoint)
{
	size_t kept = 0;

	for (size_t i = 0; i < ledger->n; i++)
		if (ledger->endpoints[i].id != endpoint->id)
			ledger->endpoints[kept++] = ledger->endpoints[i];
	ledger->n = kept;
	if (ledger_save(ledger) < 0)
		diag_warn("%s: %s", ledger->path, strerror(errno));
}

size_t
ledger_count(const struct ledger *ledger)
{
	return ledger->n;
}

const struct mptcp_endpoint *
ledger_at(const struct ledger *ledger, size_t i)
{
	return &ledger->endpoints[i];
}
