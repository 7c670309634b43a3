/*
 * lines.h - standard input as lines, and whether the next one is there already.
 */
#ifndef MAPCTL_LINES_H
#define MAPCTL_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct lines {
	int fd;
	char *text;
	size_t n, max; /* octets in text */
	size_t at;     /* of the next line */
	bool ended;
};

/* Whether lines_next() returns without waiting. */
bool lines_is_ready(struct lines *lines);
/* The next line without its end, borrowed until the next call; NULL: there is none. */
char *lines_next(struct lines *lines);
void lines_fini(struct lines *lines);

#endif
