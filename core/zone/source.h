/*
 * source.h - a zone file as logical entries: words of one record or directive, with comments gone and
 * parentheses closed (RFC 1035 5.1).
 */
#ifndef ZONE_SOURCE_H
#define ZONE_SOURCE_H

#include <stdio.h>

#include "core/wire/bytes.h"

#define ENTRY_MAX (512 * 1024) /* characters: the longest RDATA in hex, and much white space */

struct source;

struct entry {
	char **words; /* as written: with quotes and escapes */
	size_t n;
	bool blank; /* begins with white space: the owner is the one before */
	unsigned line; /* where it begins */
	const char *why; /* of an error */
};

/* Reads from file, which it closes at the end. NULL: out of memory, file is closed. */
struct source *source_new(FILE *file) NONNULL;
void source_free(struct source *source);
/*
 * The next entry, borrowed until the next call. 1; 0 at the end; -MAP_ETEXT with why and line set,
 * after which the next call goes on behind the bad line; -MAP_ENOMEM, -MAP_ESYS.
 */
int source_next(struct source *source, struct entry *entry) NONNULL MUST_CHECK;

#endif
