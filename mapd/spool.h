/*
 * spool.h - what a client sends piece by piece, kept in a file without a name until it is whole.
 */
#ifndef MAPD_SPOOL_H
#define MAPD_SPOOL_H

#include "core/wire/bytes.h"

struct spool;

/* directory is on the disk that has room for a database. -MAP_ESYS, errno says why. */
int spool_new(const char *directory, struct spool **out);
void spool_free(struct spool *spool); /* NULL allowed; unmaps, and the file is gone */
/* -MAP_ELIMIT: too much; -MAP_EDISK: disk full; -MAP_ESYS. */
int spool_add(struct spool *spool, struct bytes octets) MUST_CHECK;
/* All of it; borrowed until spool_free(). Nothing is added afterwards. -MAP_ESYS */
int spool_map(struct spool *spool, struct bytes *out) MUST_CHECK;

#endif
