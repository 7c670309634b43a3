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
	char path[LOCK_PATH];
};

#endif
