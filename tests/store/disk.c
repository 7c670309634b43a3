/*
 * disk.c - stands before fdatasync() of the whole process, LMDB's too.
 */
#include "tests/store/disk.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

void (*disk_before)(void), (*disk_after)(void);

int
fdatasync(int fd)
{
	int rc;

	if (disk_before != NULL)
		disk_before();
	rc = (int)syscall(SYS_fdatasync, fd);
	if (disk_after != NULL)
		disk_after();
	return rc;
}
