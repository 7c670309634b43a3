/*
 * chaos.h - what a server says of itself in class CH (RFC 4892): by default nothing.
 */
#ifndef MAPD_CHAOS_H
#define MAPD_CHAOS_H

#include "core/wire/reply.h"

#define CHAOS_TEXT 255 /* one character-string of TXT */

/* Empty: refused. */
struct chaos {
	char version[CHAOS_TEXT + 1];
	char identity[CHAOS_TEXT + 1];
};

/* Answers the question; false: nothing is said of that. */
bool chaos_put(const struct chaos *chaos, const struct question *q, struct reply *r) NONNULL;

#endif
