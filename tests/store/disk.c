/*
 * disk.c - stands before fdatasync(), pwrite() and writev() of the whole process, LMDB's too.
 */
#include "tests/store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define DISK_HEADS 8192 /* octets of LMDB's meta pages */

void (*disk_before)(void), (*disk_after)(void), (*disk_fails)(void);
void (*disk_put)(off_t at, bool waited);
_Atomic unsigned disk_failures, disk_head_failures, disk_written;

int
fdatasync(int fd)
{
	int rc;

	if (disk_before != NULL)
		disk_before();
	disk_written = 0;
	if (disk_failures > 0) {
		disk_failures--;
		if (disk_fails != NULL)
			disk_fails();
		errno = EIO;
		return -1;
	}
	rc = (int)syscall(SYS_fdatasync, fd);
	if (disk_after != NULL)
		disk_after();
	return rc;
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t rc;

	if (at < DISK_HEADS && disk_head_failures > 0) {
		disk_head_failures--;
		errno = EIO;
		return -1;
	}
	rc = syscall(SYS_pwrite64, fd, p, n, at);
	disk_written += at >= DISK_HEADS;
	if (disk_put != NULL && at < DISK_HEADS)
		disk_put(at, (fcntl(fd, F_GETFL) & O_DSYNC) != 0);
	return rc;
}

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	disk_written++;
	return syscall(SYS_writev, fd, iov, n);
}
