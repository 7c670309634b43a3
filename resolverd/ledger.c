/*
 * ledger.c - the list of one process's changes, in a small text file, and undone from it.
 * Knows how to take an endpoint or a limit back; knows nothing about why it was set.
 *
 * The lines are of one length that divides a page, and each change is one write of one line: a kill
 * leaves the old line or the new one, never half of it. The first says whose it is, the second has
 * the limits, each further one an endpoint; "-" is one that is free.
 */
#include "resolverd/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/sys/diag.h"
#include "core/wire/eid.h"
#include "core/wire/errors.h"

#define LEDGER_LINE 128
#define LEDGER_FIXED 2 /* lines before the endpoints */
#define LEDGER_SIZE ((LEDGER_FIXED + LEDGER_ENDPOINTS) * LEDGER_LINE)

/* One raising of the limits. */
struct ledger_raise {
	bool is_set;
	uint64_t at; /* ns since the machine was started: orders those of several processes */
	struct mptcp_limits had, want;
};

struct ledger {
	int fd;
	bool own; /* made here: changes go to the file */
	struct ledger_home home;
	struct ledger_raise raise;
	size_t n;
	struct mptcp_endpoint endpoints[LEDGER_ENDPOINTS];
};

int
ledger_home_get(struct ledger_home *out)
{
	socklen_t size = sizeof out->cookie;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	int rc = -1;

	memset(out, 0, sizeof *out);
	if (fd >= 0) {
		n = read(fd, out->boot, sizeof out->boot - 1);
		close(fd);
	}
	if (n <= 0)
		return -MAP_ESYS;
	out->boot[strcspn(out->boot, "\n")] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		rc = getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &out->cookie, &size);
		close(fd);
	}
	return rc == 0 ? 0 : -MAP_ESYS;
}

/* ---- Writing ---- */

static void
ledger_line(char line[LEDGER_LINE], const char *text)
{
	memset(line, ' ', LEDGER_LINE);
	memcpy(line, text, strlen(text));
	line[LEDGER_LINE - 1] = '\n';
}

static int
ledger_write(struct ledger *ledger, size_t at, const char *text)
{
	char line[LEDGER_LINE];

	if (!ledger->own)
		return 0;
	ledger_line(line, text);
	return pwrite(ledger->fd, line, LEDGER_LINE, (off_t)(at * LEDGER_LINE)) == LEDGER_LINE
		   ? 0
		   : -MAP_ESYS;
}

static int
ledger_write_raise(struct ledger *ledger, const struct ledger_raise *raise)
{
	char text[LEDGER_LINE] = "-";

	if (raise->is_set)
		snprintf(text, sizeof text, "limits %u %u %u %u %" PRIu64 " manager %u %u",
		    raise->had.subflows, raise->had.add_addr_accepted, raise->want.subflows,
		    raise->want.add_addr_accepted, raise->at, raise->had.manager,
		    raise->want.manager);
	return ledger_write(ledger, 1, text);
}

static int
ledger_write_endpoint(struct ledger *ledger, size_t i, const struct mptcp_endpoint *endpoint)
{
	char text[LEDGER_LINE] = "-", address[EID_TEXT];

	if (endpoint != NULL)
		snprintf(text, sizeof text, "endpoint %u %u %.48s", endpoint->id,
		    endpoint->flags, address_print(endpoint->address, address));
	return ledger_write(ledger, LEDGER_FIXED + i, text);
}

/* All lines at once, into a file that nobody reads yet. */
static int
ledger_fill(const struct ledger *ledger)
{
	char text[LEDGER_SIZE], head[LEDGER_LINE];
	ssize_t n;

	snprintf(head, sizeof head, "eidmap paths 2 %s %" PRIu64, ledger->home.boot,
	    ledger->home.cookie);
	ledger_line(text, head);
	for (size_t at = LEDGER_LINE; at < LEDGER_SIZE; at += LEDGER_LINE)
		ledger_line(text + at, "-");
	n = pwrite(ledger->fd, text, sizeof text, 0);
	if (n >= 0 && n < (ssize_t)sizeof text)
		errno = ENOSPC;
	return n == (ssize_t)sizeof text ? 0 : -MAP_ESYS;
}

static struct ledger *
ledger_new(int fd, bool own)
{
	struct ledger *ledger = calloc(1, sizeof *ledger);

	if (ledger == NULL) {
		close(fd);
		return NULL;
	}
	ledger->fd = fd;
	ledger->own = own;
	return ledger;
}

void
ledger_free(struct ledger *ledger)
{
	int saved = errno;

	if (ledger == NULL)
		return;
	close(ledger->fd);
	free(ledger);
	errno = saved;
}

int
ledger_create(int folder, const char *name, const struct ledger_home *home, struct ledger **out)
{
	struct ledger *ledger;
	int fd, saved;

	if (unlinkat(folder, LEDGER_NEW, 0) < 0 && errno != ENOENT)
		return -MAP_ESYS;
	fd = openat(
	    folder, LEDGER_NEW, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -MAP_ESYS;
	ledger = ledger_new(fd, true);
	if (ledger == NULL)
		return -MAP_ENOMEM;
	ledger->home = *home;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && ledger_fill(ledger) == 0 &&
	    renameat(folder, LEDGER_NEW, folder, name) == 0) {
		*out = ledger;
		return 0;
	}
	saved = errno;
	unlinkat(folder, LEDGER_NEW, 0);
	errno = saved;
	ledger_free(ledger);
	return -MAP_ESYS;
}

/* ---- Reading ---- */

static size_t
ledger_find(const struct ledger *ledger, const struct mptcp_endpoint *endpoint)
{
	size_t i = 0;

	while (i < ledger->n &&
	       (ledger->endpoints[i].id != endpoint->id ||
		   memcmp(ledger->endpoints[i].address, endpoint->address, 16) != 0))
		i++;
	return i;
}

static int
ledger_read_endpoint(struct ledger *ledger, const char *line)
{
	struct mptcp_endpoint endpoint = {0};
	unsigned id, flags;
	char address[64];

	if (sscanf(line, "endpoint %u %u %63s", &id, &flags, address) != 3 || id == 0 ||
	    id > 255 || ledger->n == LEDGER_ENDPOINTS ||
	    address_scan(address, strlen(address), endpoint.address) < 0)
		return -MAP_EFORMAT;
	endpoint.id = (uint8_t)id;
	endpoint.flags = flags;
	/* killed in a drop: it may be there twice */
	if (ledger_find(ledger, &endpoint) == ledger->n)
		ledger->endpoints[ledger->n++] = endpoint;
	return 0;
}

static int
ledger_read_line(struct ledger *ledger, size_t at, const char *line)
{
	struct ledger_raise *raise = &ledger->raise;

	if (at == 0)
		return sscanf(line, "eidmap paths 2 %39s %" SCNu64, ledger->home.boot,
			   &ledger->home.cookie) == 2
			   ? 0
			   : -MAP_EFORMAT;
	if (line[0] == '-' && line[1] == ' ')
		return 0;
	if (at >= LEDGER_FIXED)
		return ledger_read_endpoint(ledger, line);
	raise->is_set = sscanf(line, "limits %u %u %u %u %" SCNu64 " manager %u %u",
			    &raise->had.subflows, &raise->had.add_addr_accepted,
			    &raise->want.subflows, &raise->want.add_addr_accepted, &raise->at,
			    &raise->had.manager, &raise->want.manager) >= 5;
	return raise->is_set ? 0 : -MAP_EFORMAT;
}

/* As much as makes sense; without a first line nothing does. */
static int
ledger_read(struct ledger *ledger)
{
	char text[LEDGER_SIZE + 1], line[LEDGER_LINE];
	ssize_t n = pread(ledger->fd, text, sizeof text, 0);
	size_t lines = n > 0 ? (size_t)n / LEDGER_LINE : 0;
	int rc = n == LEDGER_SIZE ? 0 : -MAP_EFORMAT;

	if (n < 0)
		return -MAP_ESYS;
	if (lines > LEDGER_FIXED + LEDGER_ENDPOINTS)
		lines = LEDGER_FIXED + LEDGER_ENDPOINTS;
	for (size_t at = 0; at < lines; at++) {
		memcpy(line, text + at * LEDGER_LINE, LEDGER_LINE);
		if (line[LEDGER_LINE - 1] != '\n')
			rc = -MAP_EFORMAT;
		line[LEDGER_LINE - 1] = '\0';
		if (ledger_read_line(ledger, at, line) < 0)
			rc = -MAP_EFORMAT;
		if (at == 0 && rc < 0 && ledger->home.cookie == 0)
			break;
	}
	return rc;
}

int
ledger_open(int folder, const char *name, struct ledger **out)
{
	/* for reading only, so that closing it is no event for those who watch the folder */
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct ledger *ledger;
	struct stat st;
	int rc;

	if (fd < 0)
		return -MAP_ESYS;
	ledger = ledger_new(fd, false);
	if (ledger == NULL)
		return -MAP_ENOMEM;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		rc = errno == EWOULDBLOCK ? -MAP_EEXIST : -MAP_ESYS;
	else if (fstat(fd, &st) < 0)
		rc = -MAP_ESYS;
	else
		rc = S_ISREG(st.st_mode) ? ledger_read(ledger) : -MAP_EFORMAT;
	if (rc == 0 || rc == -MAP_EFORMAT)
		*out = ledger;
	else
		ledger_free(ledger);
	return rc;
}

int
ledger_fd(const struct ledger *ledger)
{
	return ledger->fd;
}

const struct ledger_home *
ledger_home(const struct ledger *ledger)
{
	return &ledger->home;
}

/* ---- Changes ---- */

static bool
numbers_equal(const struct mptcp_limits *a, const struct mptcp_limits *b)
{
	return a->subflows == b->subflows && a->add_addr_accepted == b->add_addr_accepted;
}

static bool
limits_equal(const struct mptcp_limits *a, const struct mptcp_limits *b)
{
	return numbers_equal(a, b) && a->manager == b->manager;
}

/* What is left of now when a raise is taken back. The limits and the manager are set by different commands: who has changed the
 * ones since has not chosen the other. */
static struct mptcp_limits
raise_before(const struct ledger_raise *raise, const struct mptcp_limits *now)
{
	struct mptcp_limits before = *now;

	if (!raise->is_set)
		return before;
	if (numbers_equal(now, &raise->want)) {
		before.subflows = raise->had.subflows;
		before.add_addr_accepted = raise->had.add_addr_accepted;
	}
	if (now->manager == raise->want.manager)
		before.manager = raise->had.manager;
	return before;
}

static uint64_t
ledger_now(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct mptcp_limits
ledger_before(const struct ledger *ledger, const struct mptcp_limits *now)
{
	return raise_before(&ledger->raise, now);
}

int
ledger_limits(
    struct ledger *ledger, const struct mptcp_limits *had, const struct mptcp_limits *want)
{
	struct ledger_raise raise = {.at = ledger_now(), .had = *had, .want = *want};
	int rc;

	raise.had = ledger_before(ledger, had);
	raise.is_set = !limits_equal(&raise.had, &raise.want);
	rc = ledger_write_raise(ledger, &raise);
	if (rc == 0)
		ledger->raise = raise;
	return rc;
}

int
ledger_put(struct ledger *ledger, const struct mptcp_endpoint *endpoint)
{
	int rc;

	if (ledger->n == LEDGER_ENDPOINTS)
		return -MAP_ESPACE;
	rc = ledger_write_endpoint(ledger, ledger->n, endpoint);
	if (rc == 0)
		ledger->endpoints[ledger->n++] = *endpoint;
	return rc;
}

/* The last one takes its line before it leaves its own: for a moment it is there twice. */
static void
ledger_drop_at(struct ledger *ledger, size_t i)
{
	size_t last = --ledger->n;

	ledger->endpoints[i] = ledger->endpoints[last];
	if ((i != last && ledger_write_endpoint(ledger, i, &ledger->endpoints[i]) < 0) ||
	    ledger_write_endpoint(ledger, last, NULL) < 0)
		diag_warn("paths: the ledger cannot be written: %s", strerror(errno));
}

void
ledger_drop(struct ledger *ledger, const struct mptcp_endpoint *endpoint)
{
	size_t i = ledger_find(ledger, endpoint);

	if (i < ledger->n)
		ledger_drop_at(ledger, i);
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

/* ---- What was left ---- */

/*
 * Two raised the limits. If the later one had what the earlier one set, what was before both is
 * what the earlier had; else somebody set them in between, and what he set is to come back.
 */
static struct ledger_raise
ledger_raise_join(const struct ledger_raise *a, const struct ledger_raise *b)
{
	const struct ledger_raise *first = a->at <= b->at ? a : b, *later = first == a ? b : a;
	struct ledger_raise joined = *later;

	if (!a->is_set || !b->is_set)
		return a->is_set ? *a : *b;
	joined.had = raise_before(first, &later->had);
	return joined;
}

int
ledger_inherit(struct ledger *heir, const struct ledger *dead, struct mptcp *mptcp)
{
	struct mptcp_endpoint list[MPTCP_ENDPOINTS];
	struct ledger_raise raise = ledger_raise_join(&heir->raise, &dead->raise);
	struct mptcp_limits now, before;
	size_t n;
	int rc = mptcp_endpoints(mptcp, list, MPTCP_ENDPOINTS, &n);

	if (rc == 0)
		rc = mptcp_limits_get(mptcp, &now);
	for (size_t i = 0; rc == 0 && i < dead->n; i++)
		if (mptcp_endpoint_stands(&dead->endpoints[i], list, n) &&
		    ledger_find(heir, &dead->endpoints[i]) == heir->n)
			rc = ledger_put(heir, &dead->endpoints[i]);
	if (rc < 0)
		return rc;
	before = raise_before(&raise, &now);
	raise.is_set = !limits_equal(&before, &now);
	rc = ledger_write_raise(heir, &raise);
	if (rc == 0)
		heir->raise = raise;
	return rc;
}

static int
ledger_undo_limits(struct ledger *ledger, struct mptcp *mptcp, unsigned *undone)
{
	struct mptcp_limits now, before;
	int rc;

	if (!ledger->raise.is_set)
		return 0;
	rc = mptcp_limits_get(mptcp, &now);
	if (rc == 0)
		before = raise_before(&ledger->raise, &now);
	if (rc == 0 && !limits_equal(&before, &now)) {
		rc = mptcp_limits_set(mptcp, &before);
		*undone += rc == 0;
	}
	if (rc < 0) {
		diag_warn("paths: limits not set back: %s", strerror(errno));
		return rc;
	}
	ledger->raise.is_set = false;
	return ledger_write_raise(ledger, &ledger->raise);
}

static bool
ledger_is_spared(const uint8_t address[16], const uint8_t (*spared)[16], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(spared[i], address, 16) == 0)
			return true;
	return false;
}

int
ledger_undo(struct ledger *ledger, struct mptcp *mptcp, const uint8_t (*spared)[16],
    size_t n_spared, unsigned *undone)
{
	struct mptcp_endpoint list[MPTCP_ENDPOINTS];
	size_t n, i = 0;
	int rc = mptcp_endpoints(mptcp, list, MPTCP_ENDPOINTS, &n), failed = rc;

	*undone = 0;
	if (rc < 0)
		diag_warn("paths: endpoints cannot be read: %s", strerror(errno));
	while (rc == 0 && i < ledger->n) {
		const struct mptcp_endpoint ours = ledger->endpoints[i];

		if (!mptcp_endpoint_stands(&ours, list, n)) {
			ledger_drop_at(ledger, i);
		} else if (ledger_is_spared(ours.address, spared, n_spared)) {
			i++;
		} else if (mptcp_endpoint_remove(mptcp, &ours) == 0) {
			ledger_drop_at(ledger, i);
			++*undone;
		} else if (errno == EINVAL) { /* gone since the list was read */
			ledger_drop_at(ledger, i);
		} else {
			diag_warn(
			    "paths: endpoint %u not removed: %s", ours.id, strerror(errno));
			failed = -MAP_ESYS;
			i++;
		}
	}
	rc = ledger_undo_limits(ledger, mptcp, undone);
	return failed < 0 ? failed : rc;
}
