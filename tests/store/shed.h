/*
 * shed.h - a database of its own and a change of it, for tables that no zone is needed for.
 */
#ifndef TESTS_STORE_SHED_H
#define TESTS_STORE_SHED_H

#include "core/wire/name.h"
#include "mapd/store.h"

extern struct shed {
	char directory[64];
	struct store *store;
	struct change *change; /* NULL: none is open */
} shed;

/* For each test. */
int shed_setup(void **state);
int shed_teardown(void **state);
void shed_begin(void);
void shed_commit(void);

size_t shed_count(enum table table); /* entries, in the change */
/* Commits, notes what all tables hold, begins a change; then how many entries of one are not as they were. */
void shed_watch(void);
size_t shed_changed(enum table table);

/* A name whose key is as long as any can be. */
struct name shed_longest(uint8_t last);

#endif
