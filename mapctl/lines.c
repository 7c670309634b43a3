/*
 * lines.c - standard input as lines, and whether the next one is there already.
 * Not stdio's: what that holds back cannot be asked for, and who waits for an answer sends no more.
 */
#include "mapctl/lines.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES_READ 65536

static char *
lines_end(const struct lines *lines)
{
	return lines->n > lines->at
		   ? memchr(lines->text + lines->at, '\n', lines->n - lines->at)
		   : NULL;
}

/* Reads some more behind what is there; an error is the end. */
static void
lines_read(struct lines *lines)
{
	ssize_t n;

	if (lines->at > 0)
		memmove(lines->text, lines->text + lines->at, lines->n - lines->at);
	lines->n -= lines->at;
	lines->at = 0;
	if (lines->max - lines->n < LINES_READ) { /* room for the NUL too */
		char *more = realloc(lines->text, lines->n + 2 * LINES_READ);

		if (more == NULL) {
			lines->ended = true;
			return;
		}
		lines->text = more;
		lines->max = lines->n + 2 * LINES_READ;
	}
	do
		n = read(lines->fd, lines->text + lines->n, LINES_READ - 1);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		lines->n += (size_t)n;
	else
		lines->ended = true;
}

bool
lines_is_ready(struct lines *lines)
{
	struct pollfd input = {.fd = lines->fd, .events = POLLIN};

	while (lines_end(lines) == NULL && !lines->ended) {
		if (poll(&input, 1, 0) == 0)
			return false;
		lines_read(lines);
	}
	return true;
}

char *
lines_next(struct lines *lines)
{
	char *line, *end;

	while ((end = lines_end(lines)) == NULL && !lines->ended)
		lines_read(lines);
	if (lines->at == lines->n)
		return NULL;
	line = lines->text + lines->at;
	if (end == NULL) /* the last one has none */
		end = lines->text + lines->n;
	lines->at = (size_t)(end - lines->text) + (end < lines->text + lines->n ? 1 : 0);
	*end = '\0';
	return line;
}

void
lines_fini(struct lines *lines)
{
	free(lines->text);
	*lines = (struct lines){.fd = lines->fd};
}
