/*
 * ledgers.c - which ledgers there are, whose, and who is alive. Knows files and locks; what stands
 * in a ledger is ledger.c's.
 *
 * Whoever looks at ledgers or makes one holds the lock on the file "lock" meanwhile, for a moment;
 * the lock on a ledger is held by the process that made it, for as long as it lives.
 */
#include "resolverd/ledgers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sys/diag.h"
#include "core/sys/priv.h"
#include "core/wire/errors.h"

#define LEDGERS_ABOVE RUNSTATEDIR "/resolverd"
#define LEDGERS_FOLDER LEDGERS_ABOVE "/paths"
#define LEDGERS_LOCK "lock"
#define LEDGERS_NAME 48 /* COOKIE.NUMBER */
#define LEDGERS_TRIES 1000 /* while others make and remove the folder */

struct ledgers {
	struct mptcp *mptcp;
	struct ledger_home home;
	int folder, lock, events;
	char name[LEDGERS_NAME];
	struct ledger *own;
};

/* ---- The folder ---- */

static void
ledgers_leave(struct ledgers *ledgers)
{
	if (ledgers->lock >= 0)
		close(ledgers->lock);
	if (ledgers->folder >= 0)
		close(ledgers->folder);
	ledgers->lock = ledgers->folder = -1;
}

static void
ledgers_free(struct ledgers *ledgers)
{
	int saved = errno;

	if (ledgers == NULL)
		return;
	ledger_free(ledgers->own);
	if (ledgers->events >= 0)
		close(ledgers->events);
	ledgers_leave(ledgers);
	free(ledgers);
	errno = saved;
}

static struct ledgers *
ledgers_new(void)
{
	struct ledgers *ledgers = calloc(1, sizeof *ledgers);

	if (ledgers != NULL)
		ledgers->folder = ledgers->lock = ledgers->events = -1;
	return ledgers;
}

static bool
ledgers_lock(const struct ledgers *ledgers, int operation)
{
	int rc;

	do
		rc = flock(ledgers->lock, operation);
	while (rc < 0 && errno == EINTR);
	return rc == 0;
}

/* ENOENT: what was there, or was made, has been removed meanwhile, or is not there and not made. */
static int
ledgers_open_folder(struct ledgers *ledgers, bool make)
{
	if (make && ((mkdir(LEDGERS_ABOVE, 0755) < 0 && errno != EEXIST) ||
			(mkdir(LEDGERS_FOLDER, 0755) < 0 && errno != EEXIST)))
		return -MAP_ESYS;
	ledgers->folder = open(LEDGERS_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (ledgers->folder < 0)
		return -MAP_ESYS;
	ledgers->lock = openat(ledgers->folder, LEDGERS_LOCK,
	    O_RDWR | O_CLOEXEC | O_NOFOLLOW | (make ? O_CREAT : 0), 0600);
	return ledgers->lock < 0 ? -MAP_ESYS : 0;
}

/*
 * Opens the folder and takes its lock; the last one that used it may be removing both meanwhile.
 * -MAP_ENOTFOUND: there is no folder, and none was to be made.
 */
static int
ledgers_enter(struct ledgers *ledgers, bool make)
{
	struct stat st;
	int rc;

	for (unsigned tries = 0; tries < LEDGERS_TRIES; tries++) {
		rc = ledgers_open_folder(ledgers, make);
		if (rc == 0 &&
		    (!ledgers_lock(ledgers, LOCK_EX) || fstat(ledgers->lock, &st) < 0))
			return -MAP_ESYS;
		if (rc == 0 && st.st_nlink > 0)
			return 0;
		if (rc < 0 && errno != ENOENT)
			return rc;
		if (rc < 0 && !make)
			return -MAP_ENOTFOUND;
		ledgers_leave(ledgers);
	}
	errno = ENOENT;
	return -MAP_ESYS;
}

/* Root makes no files that the owner of the folder cannot use: the next start may be his. */
static int
ledgers_give(const struct ledgers *ledgers, const char *user, int fd)
{
	struct stat folder, st;
	uid_t uid;
	gid_t gid;
	const char *why;

	if (geteuid() != 0)
		return 0;
	if (user != NULL && priv_user(user, &uid, &gid, &why) == 0 &&
	    fchown(ledgers->folder, uid, gid) < 0)
		return -MAP_ESYS;
	if (fstat(ledgers->folder, &folder) < 0 || fstat(fd, &st) < 0)
		return -MAP_ESYS;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid == folder.st_uid)
		return 0;
	return fchown(fd, folder.st_uid, folder.st_gid) < 0 ? -MAP_ESYS : 0;
}

/* With the lock held: no ledger is left, so the folder goes too. */
static void
ledgers_tidy(const struct ledgers *ledgers)
{
	const struct dirent *entry;
	int fd = openat(ledgers->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	bool empty = list != NULL;
	struct stat above;

	(void)unlinkat(ledgers->folder, LEDGER_NEW, 0); /* of one that was killed as it began */
	while (empty && (entry = readdir(list)) != NULL)
		empty = strcmp(entry->d_name, LEDGERS_LOCK) == 0 || entry->d_name[0] == '.';
	if (list != NULL)
		closedir(list);
	else if (fd >= 0)
		close(fd);
	if (!empty || unlinkat(ledgers->folder, LEDGERS_LOCK, 0) < 0 ||
	    rmdir(LEDGERS_FOLDER) < 0)
		return;
	/* a service manager's is not ours to remove */
	if (stat(LEDGERS_ABOVE, &above) == 0 && above.st_uid == geteuid() &&
	    rmdir(LEDGERS_ABOVE) < 0)
		diag_debug("%s: stays: %s", LEDGERS_ABOVE, strerror(errno));
}

/* ---- Looking through ---- */

/* Called for each other ledger of this namespace; dead is NULL when its process is alive, damaged
 * when it is not whole. 0, or what to complain of. */
typedef int ledgers_fn(
    struct ledgers *ledgers, const char *name, struct ledger *dead, bool damaged, void *arg);

static int
ledgers_look(struct ledgers *ledgers, const char *name, ledgers_fn *fn, void *arg)
{
	struct ledger *ledger = NULL;
	uint64_t cookie;
	unsigned number;
	int end = 0, rc;

	if (sscanf(name, "%" SCNu64 ".%u%n", &cookie, &number, &end) != 2 ||
	    name[end] != '\0' || strcmp(name, ledgers->name) == 0)
		return 0;
	rc = ledger_open(ledgers->folder, name, &ledger);
	if (rc == -MAP_EEXIST)
		rc = cookie == ledgers->home.cookie ? fn(ledgers, name, NULL, false, arg) : 0;
	else if (rc < 0 && rc != -MAP_EFORMAT)
		rc = cookie == ledgers->home.cookie && errno != ENOENT ? rc : 0;
	else if (ledger_home(ledger)->cookie == 0)
		rc = cookie == ledgers->home.cookie ? fn(ledgers, name, ledger, true, arg) : 0;
	else if (strcmp(ledger_home(ledger)->boot, ledgers->home.boot) != 0)
		rc = unlinkat(ledgers->folder, name, 0) < 0 ? -MAP_ESYS : 0;
	else if (ledger_home(ledger)->cookie == ledgers->home.cookie)
		rc = fn(ledgers, name, ledger, rc < 0, arg);
	else
		rc = 0;
	ledger_free(ledger);
	return rc;
}

/* All of them, also after an error; the first error. */
static int
ledgers_each(struct ledgers *ledgers, ledgers_fn *fn, void *arg, bool quiet)
{
	const struct dirent *entry;
	int fd = openat(ledgers->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	int error = 0, rc;

	if (list == NULL) {
		if (fd >= 0)
			close(fd);
		return -MAP_ESYS;
	}
	while ((entry = readdir(list)) != NULL) {
		rc = ledgers_look(ledgers, entry->d_name, fn, arg);
		if (rc < 0 && !quiet)
			diag_warn("paths: %s/%s: %s", LEDGERS_FOLDER, entry->d_name,
			    rc == -MAP_ESYS ? strerror(errno) : error_text(rc));
		if (error == 0)
			error = rc;
	}
	closedir(list);
	return error;
}

static int
ledgers_count_alive(
    struct ledgers *ledgers, const char *name, struct ledger *dead, bool damaged, void *arg)
{
	(void)ledgers, (void)name, (void)damaged;
	*(unsigned *)arg += dead == NULL;
	return 0;
}

static bool
ledgers_has_alive(struct ledgers *ledgers)
{
	unsigned alive = 0;

	(void)!ledgers_each(ledgers, ledgers_count_alive, &alive, true);
	return alive > 0;
}

/* A damaged one is set aside, so that it is complained of once and can be looked at. */
static int
ledgers_remove(const struct ledgers *ledgers, const char *name, bool damaged)
{
	char aside[LEDGERS_NAME + sizeof ".damaged"];

	if (!damaged)
		return unlinkat(ledgers->folder, name, 0) < 0 ? -MAP_ESYS : 0;
	snprintf(aside, sizeof aside, "%s.damaged", name);
	diag_warn(
	    "paths: %s/%s: damaged, now %s: what it listed may still be set; compare \"ip "
	    "mptcp endpoint\" and \"ip mptcp limits\"",
	    LEDGERS_FOLDER, name, aside);
	return renameat(ledgers->folder, name, ledgers->folder, aside) < 0 ? -MAP_ESYS : 0;
}

static int
ledgers_inherit_one(
    struct ledgers *ledgers, const char *name, struct ledger *dead, bool damaged, void *arg)
{
	int rc = dead != NULL ? ledger_inherit(ledgers->own, dead, ledgers->mptcp) : 0;

	if (dead == NULL || rc < 0)
		return rc;
	++*(unsigned *)arg;
	return ledgers_remove(ledgers, name, damaged);
}

static int
ledgers_inherit_all(struct ledgers *ledgers)
{
	size_t had = ledger_count(ledgers->own);
	unsigned dead = 0;
	int rc = ledgers_each(ledgers, ledgers_inherit_one, &dead, false);

	if (dead > 0)
		diag_info("paths: endpoints taken over from a resolverd that is gone: %zu",
		    ledger_count(ledgers->own) - had);
	return rc;
}

/* ---- A process's own ---- */

static int
ledgers_create(struct ledgers *ledgers, const char *user)
{
	int rc = ledgers_give(ledgers, user, ledgers->lock);

	for (unsigned number = 0; rc == 0; number++) {
		snprintf(ledgers->name, sizeof ledgers->name, "%" PRIu64 ".%u",
		    ledgers->home.cookie, number);
		if (faccessat(ledgers->folder, ledgers->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (errno != ENOENT)
			return -MAP_ESYS;
		break;
	}
	if (rc == 0)
		rc = ledger_create(
		    ledgers->folder, ledgers->name, &ledgers->home, &ledgers->own);
	return rc == 0 ? ledgers_give(ledgers, NULL, ledger_fd(ledgers->own)) : rc;
}

/* A file open for writing is closed when its process dies, and a ledger is removed when it stops. */
static void
ledgers_watch(struct ledgers *ledgers)
{
	ledgers->events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (ledgers->events >= 0 &&
	    inotify_add_watch(ledgers->events, LEDGERS_FOLDER, IN_CLOSE_WRITE | IN_DELETE) >= 0)
		return;
	diag_warn("paths: other resolverds are not heard dying: %s", strerror(errno));
	if (ledgers->events >= 0)
		close(ledgers->events);
	ledgers->events = -1;
}

int
ledgers_open(const char *user, struct mptcp *mptcp, struct ledgers **out)
{
	struct ledgers *ledgers = ledgers_new();
	int rc;

	if (ledgers == NULL)
		return -MAP_ENOMEM;
	ledgers->mptcp = mptcp;
	rc = ledger_home_get(&ledgers->home);
	if (rc == 0)
		rc = ledgers_enter(ledgers, true);
	if (rc == 0)
		rc = ledgers_create(ledgers, user);
	if (rc < 0) {
		diag_error("%s: %s: what is set could not be taken back after a kill, so it is "
			   "not set; \"paths: off\" goes without",
		    LEDGERS_FOLDER, rc == -MAP_ESYS ? strerror(errno) : error_text(rc));
		ledgers_free(ledgers);
		return rc == -MAP_ENOMEM ? rc : -MAP_ECONFIG;
	}
	(void)!ledgers_inherit_all(ledgers); /* what does not work is said, and tried again */
	ledgers_watch(ledgers);
	(void)ledgers_lock(ledgers, LOCK_UN);
	*out = ledgers;
	return 0;
}

struct ledger *
ledgers_own(struct ledgers *ledgers)
{
	return ledgers->own;
}

int
ledgers_fd(const struct ledgers *ledgers)
{
	return ledgers->events;
}

void
ledgers_drain(struct ledgers *ledgers)
{
	char events[4096];

	while (read(ledgers->events, events, sizeof events) > 0)
		continue;
}

bool
ledgers_inherit(struct ledgers *ledgers, bool *alone)
{
	*alone = false;
	if (!ledgers_lock(ledgers, LOCK_EX | LOCK_NB))
		return errno != EWOULDBLOCK;
	(void)!ledgers_inherit_all(ledgers);
	*alone = !ledgers_has_alive(ledgers);
	(void)ledgers_lock(ledgers, LOCK_UN);
	return true;
}

void
ledgers_close(struct ledgers *ledgers, const uint8_t (*spared)[16], size_t n, size_t *stayed)
{
	struct ledger *own = ledgers->own;
	unsigned undone;
	int rc;

	*stayed = 0;
	(void)ledgers_lock(ledgers, LOCK_EX);
	if (ledgers_has_alive(ledgers)) {
		diag_info("paths: left to another resolverd of this network namespace");
		ledgers_free(ledgers);
		return;
	}
	(void)!ledgers_inherit_all(ledgers);
	rc = ledger_undo(own, ledgers->mptcp, spared, n, &undone);
	*stayed = ledger_count(own);
	/* the folder may no longer be writable; an empty ledger says the same as none */
	if (rc == 0 && *stayed == 0 && unlinkat(ledgers->folder, ledgers->name, 0) < 0)
		diag_debug("%s/%s: %s", LEDGERS_FOLDER, ledgers->name, strerror(errno));
	ledgers_tidy(ledgers);
	ledgers_free(ledgers);
}

/* ---- For those that have none ---- */

static int
ledgers_sweep_one(
    struct ledgers *ledgers, const char *name, struct ledger *dead, bool damaged, void *arg)
{
	struct ledgers_swept *swept = arg;
	unsigned undone = 0;
	int rc;

	if (dead == NULL)
		return 0;
	swept->dead++;
	rc = ledgers->mptcp == NULL ? mptcp_open(&ledgers->mptcp) : 0;
	if (rc == 0)
		rc = ledger_undo(dead, ledgers->mptcp, NULL, 0, &undone);
	swept->undone += undone;
	return rc < 0 ? rc : ledgers_remove(ledgers, name, damaged);
}

int
ledgers_sweep(struct ledgers_swept *out)
{
	struct ledgers *ledgers = ledgers_new();
	int rc;

	*out = (struct ledgers_swept){0};
	if (ledgers == NULL)
		return -MAP_ENOMEM;
	rc = ledgers_enter(ledgers, false);
	if (rc == 0)
		rc = ledger_home_get(&ledgers->home);
	if (rc == 0) {
		out->alive = ledgers_has_alive(ledgers);
		if (!out->alive)
			rc = ledgers_each(ledgers, ledgers_sweep_one, out, false);
		ledgers_tidy(ledgers);
		mptcp_close(ledgers->mptcp);
	} else if (rc == -MAP_ENOTFOUND) {
		rc = 0;
	} else if (errno == EACCES || errno == EPERM) {
		rc = -MAP_EREFUSED;
	} else {
		diag_warn("%s: %s", LEDGERS_FOLDER, strerror(errno));
	}
	ledgers_free(ledgers);
	return rc;
}
