/*
 * realms.h - the local table (realms.yaml): under which names identities of a prefix are found.
 */
#ifndef RESOLVE_REALMS_H
#define RESOLVE_REALMS_H

#include "core/wire/eid.h"

/*
 * Reads the file; a missing or empty one is an empty table. -MAP_ECONFIG with "FILE:LINE: ..." in
 * why. The rows are freed with free().
 */
int realms_load(const char *path, struct realm **out, size_t *n, char *why, size_t max);
/* The row with the longest prefix that covers id, or NULL. */
const struct realm *realms_find(const struct realm *rows, size_t n, const struct eid *id);

#endif
