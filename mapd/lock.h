/*
 * lock.h - the directory of the database: made, on a local disk, held by one process.
 */
#ifndef MAPD_LOCK_H
#define MAPD_LOCK_H

#include <stddef.h>

#define LOCK_PATH 4096

/* A descriptor that holds directory until it is closed, or -MAP_EDATABASE with why. */
int lock_take(const char *directory, char *why, size_t max);

#endif
