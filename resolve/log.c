/*
 * log.c - what libunbound says, as lines of our own log.
 */
#include "config.h"

#include "resolve/log.h"

#include "core/sys/diag.h"

static ssize_t
log_write(void *cookie, const char *text, size_t n)
{
	size_t line = n;

	(void)cookie;
	while (line > 0 && text[line - 1] == '\n')
		line--;
	if (line > 0)
		diag_debug("libunbound: %.*s", (int)line, text);
	return (ssize_t)n;
}

FILE *
log_open(void)
{
	static const cookie_io_functions_t functions = {.write = log_write};
	static FILE *log;

	if (log == NULL) {
		log = fopencookie(NULL, "w", functions);
		if (log != NULL)
			setvbuf(log, NULL, _IOLBF, 512);
	}
	return log;
}
