/*
 * environment.h - what store.c and environment.c share: the only file that includes lmdb.h.
 */
#ifndef MAPD_ENVIRONMENT_H
#define MAPD_ENVIRONMENT_H

#include <lmdb.h>

#include "mapd/lock.h"
#include "mapd/store.h"

struct store {
	MDB_env *env;
	MDB_dbi dbi[TABLE_COUNT];
	int lock;
	bool in_doubt; /* the disk failed while commits were lazy; since then they are not */
	char path[LOCK_PATH];
};

/* Writes LMDB's last page again, and waits until all is there; fails as LMDB does. */
int store_rewrite(struct store *store) NONNULL MUST_CHECK;

#endif
