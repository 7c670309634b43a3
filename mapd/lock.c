/*
 * lock.c - keeps a second process (and a second opening by this one) out of a directory.
 * Knows the kernel's file locks, which end with the process; knows nothing of what is inside.
 */
#include "mapd/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/wire/errors.h"

#define LOCK_NFS 0x6969 /* statfs(2): NFS_SUPER_MAGIC */

static int
lock_refuse(int fd, const char *path, char *why, size_t max)
{
	snprintf(why, max, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -MAP_EDATABASE;
}

static int
lock_held(int fd, const char *directory, char *why, size_t max)
{
	char holder[32] = "";
	ssize_t n = pread(fd, holder, sizeof holder - 1, 0);

	holder[n > 0 ? strcspn(holder, "\n") : 0] = '\0';
	snprintf(why, max,
	    "%s: in use by process %s: one mapd serves a database; stop the other, or give "
	    "this one"
	    " a directory of its own (database:)",
	    directory, holder[0] != '\0' ? holder : "?");
	close(fd);
	return -MAP_EDATABASE;
}

int
lock_take(const char *directory, char *why, size_t max)
{
	char path[LOCK_PATH + 16];
	char holder[32];
	struct statfs fs;
	int fd, n;

	if (strlen(directory) >= LOCK_PATH) {
		snprintf(why, max, "%.64s...: path too long", directory);
		return -MAP_EDATABASE;
	}
	if (mkdir(directory, 0700) != 0 && errno != EEXIST)
		return lock_refuse(-1, directory, why, max);
	/* LMDB's locks and memory map need a local file system. */
	if (statfs(directory, &fs) == 0 && fs.f_type == LOCK_NFS) {
		snprintf(why, max, "%s: is on NFS: the database needs a local file system",
		    directory);
		return -MAP_EDATABASE;
	}
	snprintf(path, sizeof path, "%s/lock", directory);
	/* what is written there must not end up elsewhere */
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return lock_refuse(-1, path, why, max);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return lock_held(fd, directory, why, max);
	n = snprintf(holder, sizeof holder, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, holder, (size_t)n, 0) != n)
		return lock_refuse(fd, path, why, max);
	return fd;
}
