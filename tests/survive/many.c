/*
 * many.c - opens and closes sessions to a name, one after the other: "many NAME PORT COUNT udp|tcp". Says when it has done all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmap/map.h"

int
main(int argc, char **argv)
{
	unsigned long n = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
	unsigned flags = argc == 5 && strcmp(argv[4], "udp") == 0 ? MAP_DATAGRAM : 0;
	struct map *map;

	if (n == 0 || map_open(&map) != 0) {
		fputs("usage: many NAME PORT COUNT udp|tcp\n", stderr);
		return 2;
	}
	for (unsigned long i = 0; i < n; i++) {
		int fd = map_connect(map, NULL, argv[1], argv[2], flags);

		if (fd < 0) {
			fprintf(stderr, "many: session %lu: %s: %s\n", i, map_error_text(fd),
			    map_why(map));
			return 1;
		}
		close(fd);
	}
	printf("done %lu\n", n);
	fflush(stdout);
	pause(); /* until it is killed: its sockets are closed, its context is not */
	return 0;
}
