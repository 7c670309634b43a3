/*
 * many.c - opens and closes sessions to a name, one after the other: "many NAME PORT COUNT udp|tcp". Over each an octet goes there
 * and comes back. One is closed when the next one stands: by then the agent, which is told of them in order, has heard of it. Says
 * when it has done all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "libmap/map.h"

#define MANY_PATIENCE_S 5

/* An octet and its echo; a datagram may be lost. */
static int
exchange(int fd)
{
	struct timeval patience = {.tv_sec = MANY_PATIENCE_S};
	char octet = 'x';

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
		       send(fd, &octet, 1, MSG_NOSIGNAL) == 1 && recv(fd, &octet, 1, 0) == 1
		   ? 0
		   : -1;
}

int
main(int argc, char **argv)
{
	unsigned long n = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
	unsigned flags = argc == 5 && strcmp(argv[4], "udp") == 0 ? MAP_DATAGRAM : 0;
	struct map *map;
	int last = -1;

	if (n == 0 || map_open(&map) != 0) {
		fputs("usage: many NAME PORT COUNT udp|tcp\n", stderr);
		return 2;
	}
	for (unsigned long i = 0; i <= n;
	     i++) { /* and one more, so that the last one is heard of */
		int fd = map_connect(map, NULL, argv[1], argv[2], flags);

		if (fd < 0) {
			fprintf(stderr, "many: session %lu: %s: %s\n", i, map_error_text(fd),
			    map_why(map));
			return 1;
		}
		if (exchange(fd) != 0) {
			fprintf(stderr, "many: session %lu: its octet does not come back\n", i);
			return 1;
		}
		if (last >= 0)
			close(last);
		last = fd;
	}
	close(last);
	printf("done %lu\n", n);
	fflush(stdout);
	pause(); /* until it is killed: its sockets are closed, its context is not */
	return 0;
}
