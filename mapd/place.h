/*
 * place.h - a directory that is there for us, or can be made.
 */
#ifndef MAPD_PLACE_H
#define MAPD_PLACE_H

#include <stddef.h>

/*
 * 0 if path is a directory that we may read and write, or one can be made there, where above is made
 * first; else -MAP_ESYS with "PATH: cause" in why. Makes nothing.
 */
int place_check(const char *path, const char *above, char *why, size_t max);

#endif
