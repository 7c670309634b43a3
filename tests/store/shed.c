/*
 * shed.c - a database of its own and a change of it, for tables that no zone is needed for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/shed.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct shed shed;
static struct snapshot *then;

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

int
shed_setup(void **state)
{
	char why[512];

	(void)state;
	memset(&shed, 0, sizeof shed);
	snprintf(shed.directory, sizeof shed.directory, "/tmp/test_shed.XXXXXX");
	if (mkdtemp(shed.directory) == NULL)
		return -1;
	return store_open(shed.directory, (size_t)64 << 20, &shed.store, why, sizeof why);
}

int
shed_teardown(void **state)
{
	(void)state;
	if (shed.change != NULL)
		change_abort(shed.change);
	snapshot_free(then);
	then = NULL;
	store_close(shed.store);
	return nftw(shed.directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void
shed_begin(void)
{
	assert_int_equal(change_begin(shed.store, &shed.change), 0);
}

void
shed_commit(void)
{
	struct change *change = shed.change;

	shed.change = NULL;
	assert_int_equal(change_commit(change), 0);
}

size_t
shed_count(enum table table)
{
	struct bytes key = {NULL, 0}, value;
	size_t n = 0;

	for (bool more = change_ceiling(shed.change, table, key, &key, &value); more;
	     more = change_next(shed.change, table, &key, &value))
		n++;
	assert_int_equal(change_error(shed.change), 0);
	return n;
}

void
shed_watch(void)
{
	if (shed.change != NULL)
		shed_commit();
	if (then == NULL)
		assert_int_equal(snapshot_new(shed.store, &then), 0);
	assert_int_equal(snapshot_take(then), 0);
	shed_begin();
}

size_t
shed_changed(enum table table)
{
	struct bytes key = {NULL, 0}, value, old;
	size_t n = 0, same = 0, before = 0;

	for (bool more = change_ceiling(shed.change, table, key, &key, &value); more;
	     more = change_next(shed.change, table, &key, &value), n++)
		same += snapshot_get(then, table, key, &old) && bytes_equal(old, value);
	key = (struct bytes){NULL, 0};
	for (bool more = snapshot_ceiling(then, table, key, &key, &old); more;
	     more = snapshot_next(then, table, &key, &old))
		before++;
	return n - same + (before > n ? before - n : 0);
}

/* Four labels of octets that each take two in a key, but for the last. */
struct name
shed_longest(uint8_t last)
{
	static const uint8_t lengths[] = {63, 63, 63, 61};
	struct name name = {0};

	for (size_t i = 0; i < sizeof lengths; i++) {
		name.w[name.n++] = lengths[i];
		for (uint8_t k = 0; k < lengths[i]; k++)
			name.w[name.n++] = k % 2;
	}
	name.w[1] = last;
	name.w[name.n++] = 0;
	return name;
}
