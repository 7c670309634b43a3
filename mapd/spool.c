/*
 * spool.c - what a client sends piece by piece, kept in a file without a name until it is whole.
 * A file, so that a large zone costs page cache and not memory; it ends with the process.
 */
#include "mapd/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "mapd/lock.h"

#define SPOOL_MAX ((size_t)4 << 30)

struct spool {
	int fd;
	size_t n;
	void *map;
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
	return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO ? -MAP_EDISK
										    : -MAP_ESYS;
}

int
spool_new(const char *directory, struct spool **out)
{
	struct spool *spool = calloc(1, sizeof *spool);

	if (spool == NULL)
		return -MAP_ENOMEM;
	spool->fd = spool_file(directory);
	if (spool->fd < 0) {
		free(spool); /* keeps errno */
		return spool_error(errno);
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
	close(spool->fd);
	free(spool);
}

int
spool_add(struct spool *spool, struct bytes octets)
{
	ssize_t n;

	if (octets.n > SPOOL_MAX - spool->n)
		return -MAP_ELIMIT;
	while (octets.n > 0) {
		n = write(spool->fd, octets.p, octets.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return spool_error(n < 0 ? errno : EIO);
		octets.p += n;
		octets.n -= (size_t)n;
		spool->n += (size_t)n;
	}
	return 0;
}

int
spool_map(struct spool *spool, struct bytes *out)
{
	*out = (struct bytes){NULL, 0};
	if (spool->n == 0)
		return 0;
	spool->map = mmap(NULL, spool->n, PROT_READ, MAP_PRIVATE, spool->fd, 0);
	if (spool->map == MAP_FAILED) {
		spool->map = NULL;
		return -MAP_ESYS;
	}
	*out = (struct bytes){spool->map, spool->n};
	return 0;
}
