/*
 * fault.h - what a process says when a file that it has mapped cannot be read any more.
 */
#ifndef MAPD_FAULT_H
#define MAPD_FAULT_H

#include <stddef.h>

enum fault { FAULT_VERIFY, FAULT_DATABASE, FAULT_COUNT };

/*
 * From now on a SIGBUS inside of n octets at base ends the process with a line that names path and
 * what to do; base NULL: no longer. The first call takes the signal over. Not while threads that
 * read there run.
 */
void fault_watch(enum fault which, const void *base, size_t n, const char *path);

#endif
