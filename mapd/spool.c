/*
 * spool.c - what a client sends piece by piece, kept until it is whole: a little in memory, more in a file
 * without a name, so that a large zone costs page cache and not memory; it ends with the process. To make and
 * delete a file for each small zone takes longer than to load it.
 */
#include "mapd/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "mapd/lock.h"

#define SPOOL_MAX ((size_t)4 << 30)
#define SPOOL_MEMORY 32768 /* octets that need no file */

struct spool {
	int fd; /* -1: all is in memory */
	size_t n;
	void *map;
	char *directory;
	uint8_t *memory;
};

/* Without a name from the start, so that a crash leaves nothing; not every file system can do that. */
static int
spool_file(const char *directory)
{
	char path[LOCK_PATH + 16];
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	snprintf(path, sizeof path, "%s/spool.XXXXXX", directory);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(path);
	return fd;
}

static int
spool_error(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO ||
		       error == EROFS
		   ? -MAP_EDISK
		   : -MAP_ESYS;
}

int
spool_new(const char *directory, struct spool **out)
{
	struct spool *spool = calloc(1, sizeof *spool);

	if (spool == NULL)
		return -MAP_ENOMEM;
	spool->fd = -1;
	spool->directory = strdup(directory);
	spool->memory = malloc(SPOOL_MEMORY);
	if (spool->directory == NULL || spool->memory == NULL) {
		spool_free(spool);
		return -MAP_ENOMEM;
	}
	*out = spool;
	return 0;
}

void
spool_free(struct spool *spool)
{
	if (spool == NULL)
		return;
	if (spool->map != NULL)
		munmap(spool->map, spool->n);
	if (spool->fd >= 0)
		close(spool->fd);
	free(spool->memory);
	free(spool->directory);
	free(spool);
}

static int
spool_write(struct spool *spool, struct bytes octets)
{
	ssize_t n;

	while (octets.n > 0) {
		n = write(spool->fd, octets.p, octets.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return spool_error(n < 0 ? errno : EIO);
		octets.p += n;
		octets.n -= (size_t)n;
	}
	return 0;
}

/* What is in memory goes into a file. */
static int
spool_move(struct spool *spool)
{
	spool->fd = spool_file(spool->directory);
	if (spool->fd < 0)
		return spool_error(errno);
	return spool_write(spool, (struct bytes){spool->memory, spool->n});
}

int
spool_add(struct spool *spool, struct bytes octets)
{
	int rc = 0;

	if (octets.n > SPOOL_MAX - spool->n)
		return -MAP_ELIMIT;
	if (spool->fd < 0 && octets.n <= SPOOL_MEMORY - spool->n) {
		if (octets.n > 0)
			memcpy(spool->memory + spool->n, octets.p, octets.n);
		spool->n += octets.n;
		return 0;
	}
	if (spool->fd < 0)
		rc = spool_move(spool);
	if (rc == 0)
		rc = spool_write(spool, octets);
	if (rc == 0)
		spool->n += octets.n;
	return rc;
}

int
spool_map(struct spool *spool, struct bytes *out)
{
	*out = (struct bytes){spool->memory, spool->n};
	if (spool->n == 0 || spool->fd < 0)
		return 0;
	spool->map = mmap(NULL, spool->n, PROT_READ, MAP_PRIVATE, spool->fd, 0);
	if (spool->map == MAP_FAILED) {
		spool->map = NULL;
		return -MAP_ESYS;
	}
	*out = (struct bytes){spool->map, spool->n};
	return 0;
}
