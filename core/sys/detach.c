/*
 * detach.c - leaving the terminal, not before the daemon serves.
 * Knows nothing of what it serves.
 */
#include "core/sys/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/wire/errors.h"

int
detach(void)
{
	int ends[2];
	uint8_t octet;
	ssize_t n;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -MAP_ESYS;
	child = fork();
	if (child < 0) {
		close(ends[0]);
		close(ends[1]);
		return -MAP_ESYS;
	}
	if (child == 0) {
		close(ends[0]);
		return setsid() < 0 ? -MAP_ESYS : ends[1];
	}
	close(ends[1]);
	do
		n = read(ends[0], &octet, 1);
	while (n < 0 && errno == EINTR);
	_exit(n == 1 ? 0 : 1);
}

void
detach_finish(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (isatty(STDERR_FILENO)) /* a file or a pipe is somebody's log */
		dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}
