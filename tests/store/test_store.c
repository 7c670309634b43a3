/*
 * test_store.c - the database: what is refused at opening, and what transactions keep.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "mapd/store.h"

#define MAP_SIZE ((size_t)64 << 20)

static char directory[64];
static char why[512];

static struct bytes
b(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int
setup(void **state)
{
	(void)state;
	snprintf(directory, sizeof directory, "/tmp/test_store.XXXXXX");
	return mkdtemp(directory) == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	return nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static struct store *
open_store(void)
{
	struct store *store = NULL;

	if (store_open(directory, MAP_SIZE, &store, why, sizeof why) != 0)
		fail_msg("%s", why);
	return store;
}

static void
assert_refused(const char *part)
{
	struct store *store = NULL;

	why[0] = '\0';
	assert_int_equal(
	    store_open(directory, MAP_SIZE, &store, why, sizeof why), -MAP_EDATABASE);
	if (strstr(why, part) == NULL)
		fail_msg("'%s' does not say '%s'", why, part);
}

static void
put(struct store *store, const char *key, const char *value)
{
	struct change *change;

	assert_int_equal(change_begin(store, &change), 0);
	change_put(change, TABLE_NODES, b(key), b(value));
	assert_int_equal(change_commit(change), 0);
}

static void
assert_at(struct snapshot *snap, const char *key, const char *value)
{
	struct bytes v;

	if (value == NULL) {
		assert_false(snapshot_get(snap, TABLE_NODES, b(key), &v));
		assert_int_equal(snapshot_error(snap), 0);
		return;
	}
	assert_true(snapshot_get(snap, TABLE_NODES, b(key), &v));
	assert_true(bytes_equal(v, b(value)));
}

static void
test_snapshot_is_a_state(void **state)
{
	struct store *store = open_store();
	struct snapshot *snap, *other;

	(void)state;
	put(store, "k", "\001old");
	assert_int_equal(snapshot_new(store, &snap), 0);
	assert_int_equal(snapshot_new(store, &other), 0); /* two in one thread (NOTLS) */
	assert_at(snap, "k", NULL); /* not taken yet */
	assert_int_equal(snapshot_take(snap), 0);
	put(store, "k", "\001new");
	assert_at(snap, "k", "\001old");
	assert_int_equal(snapshot_take(other), 0);
	assert_at(other, "k", "\001new");
	assert_int_equal(snapshot_take(snap), 0); /* released and taken anew */
	assert_at(snap, "k", "\001new");
	snapshot_release(snap);
	assert_at(snap, "k", NULL);
	snapshot_free(snap);
	snapshot_free(other);
	store_close(store);
	store = open_store(); /* and it is still there */
	assert_int_equal(snapshot_new(store, &snap), 0);
	assert_int_equal(snapshot_take(snap), 0);
	assert_at(snap, "k", "\001new");
	snapshot_free(snap);
	store_close(store);
}

static void
assert_found(bool found, struct bytes key, const char *expected)
{
	assert_int_equal(found, expected != NULL);
	if (expected != NULL)
		assert_true(bytes_equal(key, b(expected)));
}

static void
test_floor_ceiling_next(void **state)
{
	static const char *const rows[][3] = {/* asked, floor, ceiling */
	    {"a", NULL, "b"}, {"b", "b", "b"}, {"c", "b", "d"}, {"d", "d", "d"},
	    {"da", "d", "f"}, {"f", "f", "f"}, {"g", "f", NULL}, {"", NULL, "b"}};
	struct store *store = open_store();
	struct snapshot *snap;
	struct bytes key, value;

	(void)state;
	assert_int_equal(snapshot_new(store, &snap), 0);
	assert_int_equal(snapshot_take(snap), 0);
	assert_false(snapshot_floor(snap, TABLE_NODES, b("x"), &key, &value)); /* empty table */
	snapshot_release(snap);
	put(store, "b", "\0011");
	put(store, "d", "\0012");
	put(store, "f", "\0013");
	assert_int_equal(snapshot_take(snap), 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool found = snapshot_floor(snap, TABLE_NODES, b(rows[i][0]), &key, &value);

		assert_found(found, key, rows[i][1]);
		found = snapshot_ceiling(snap, TABLE_NODES, b(rows[i][0]), &key, &value);
		assert_found(found, key, rows[i][2]);
	}
	assert_true(snapshot_ceiling(snap, TABLE_NODES, b("c"), &key, &value));
	assert_found(snapshot_next(snap, TABLE_NODES, &key, &value), key, "f");
	assert_false(snapshot_next(snap, TABLE_NODES, &key, &value));
	assert_int_equal(snapshot_error(snap), 0);
	/* a cursor outlives its state: taken again, it sees the new one */
	put(store, "e", "\0014");
	assert_int_equal(snapshot_take(snap), 0);
	assert_found(snapshot_ceiling(snap, TABLE_NODES, b("da"), &key, &value), key, "e");
	snapshot_free(snap);
	store_close(store);
}

static void
test_change(void **state)
{
	struct store *store = open_store();
	struct snapshot *snap;
	struct change *change;
	struct bytes key, value;

	(void)state;
	assert_int_equal(change_begin(store, &change), 0);
	change_put(change, TABLE_NODES, b("keep"), b("\001"));
	assert_int_equal(change_savepoint(change), 0);
	change_put(change, TABLE_NODES, b("undone"), b("\001"));
	change_remove(change, TABLE_NODES, b("keep"));
	assert_false(change_get(change, TABLE_NODES, b("keep"), &value));
	change_undo(change);
	assert_true(change_get(change, TABLE_NODES, b("keep"), &value));
	assert_int_equal(change_savepoint(change), 0);
	change_append(change, TABLE_NODES, b("kept"), b("\001"));
	change_append(change, TABLE_NODES, b("before"), b("\001")); /* not above: a plain put */
	assert_int_equal(change_keep(change), 0);
	change_remove(change, TABLE_NODES, b("absent"));
	assert_int_equal(change_error(change), 0);
	assert_true(change_floor(change, TABLE_NODES, b("zzz"), &key, &value));
	assert_true(bytes_equal(key, b("kept")));
	assert_int_equal(change_commit(change), 0);

	assert_int_equal(change_begin(store, &change), 0);
	change_put(change, TABLE_NODES, b("aborted"), b("\001"));
	change_abort(change);

	assert_int_equal(change_begin(store, &change), 0);
	change_put(change, TABLE_NODES, b("lost with the error"), b("\001"));
	change_put(change, TABLE_NODES, b(""), b("\001")); /* no key: the error sticks */
	assert_int_not_equal(change_error(change), 0);
	assert_int_equal(change_commit(change), -MAP_EDATABASE);

	assert_int_equal(snapshot_new(store, &snap), 0);
	assert_int_equal(snapshot_take(snap), 0);
	assert_at(snap, "keep", "\001");
	assert_at(snap, "kept", "\001");
	assert_at(snap, "before", "\001");
	assert_at(snap, "undone", NULL);
	assert_at(snap, "aborted", NULL);
	assert_at(snap, "lost with the error", NULL);
	snapshot_free(snap);
	store_close(store);
}

static void
test_remove_prefix(void **state)
{
	struct store *store = open_store();
	struct snapshot *snap;
	struct change *change;
	char key[32];

	(void)state;
	assert_int_equal(change_begin(store, &change), 0);
	for (int i = 0; i < 3000; i++) {
		snprintf(key, sizeof key, "p%c%04d", "abc"[i % 3], i);
		change_put(change, TABLE_NODES, b(key), b("\001value that takes some room"));
	}
	assert_int_equal(change_remove_prefix(change, TABLE_NODES, b("pb"), 600), 600);
	assert_int_equal(change_remove_prefix(change, TABLE_NODES, b("pb"), 600), 400);
	assert_int_equal(change_remove_prefix(change, TABLE_NODES, b("pb"), 600), 0);
	assert_int_equal(change_commit(change), 0);
	assert_int_equal(snapshot_new(store, &snap), 0);
	assert_int_equal(snapshot_take(snap), 0);
	assert_at(snap, "pa0000", "\001value that takes some room");
	assert_at(snap, "pb0001", NULL);
	assert_at(snap, "pb2998", NULL);
	assert_at(snap, "pc2999", "\001value that takes some room");
	snapshot_free(snap);
	store_close(store);
}

static void
test_full(void **state)
{
	static char big[100000];
	struct store *store = NULL;
	struct change *change;
	struct snapshot *snap;
	struct bytes value;
	char key[32];

	(void)state;
	assert_int_equal(store_open(directory, 1 << 20, &store, why, sizeof why), 0);
	put(store, "before", "\001");
	assert_int_equal(change_begin(store, &change), 0);
	memset(big, 1, sizeof big);
	for (int i = 0; i < 20; i++) {
		snprintf(key, sizeof key, "%d", i);
		change_put(
		    change, TABLE_NODES, b(key), (struct bytes){(uint8_t *)big, sizeof big});
	}
	assert_int_equal(change_commit(change), -MAP_EFULL);
	put(store, "after", "\001"); /* a full transaction harms only itself */
	assert_int_equal(snapshot_new(store, &snap), 0);
	assert_int_equal(snapshot_take(snap), 0);
	assert_true(snapshot_get(snap, TABLE_NODES, b("before"), &value));
	assert_false(snapshot_get(snap, TABLE_NODES, b("0"), &value));
	assert_true(snapshot_get(snap, TABLE_NODES, b("after"), &value));
	snapshot_free(snap);
	store_close(store);
}

static void
test_second_is_refused(void **state)
{
	struct store *store = open_store();
	int status = 0;
	pid_t pid;

	(void)state;
	assert_refused("in use by process");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *mine = NULL;

		_exit(store_open(directory, MAP_SIZE, &mine, why, sizeof why) == -MAP_EDATABASE
			  ? 0
			  : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	store_close(store);
	store_close(open_store());
}

static void
write_file(const char *text, size_t n)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/data.mdb", directory);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, text, n, 0), n);
	close(fd);
}

static void
test_foreign_file(void **state)
{
	static char page[8192] = "this is not a database";

	(void)state;
	write_file(page, sizeof page);
	assert_refused("another program's database");
	assert_refused("restore it from a backup");
}

static void
test_short_file(void **state)
{
	(void)state;
	write_file("short", 5);
	assert_refused("another program's database");
}

static void
test_foreign_environment(void **state)
{
	char text[] = "kv";
	MDB_val key = {1, text}, value = {1, text + 1};
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	(void)state;
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_open(env, directory, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
	assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	assert_refused("another program's database");
}

static void
test_other_version(void **state)
{
	char text[] = "version", mark[] = "eidmap-mapd-0";
	MDB_val key = {sizeof text - 1, text}, value = {sizeof mark - 1, mark};
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	(void)state;
	store_close(open_store());
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_open(env, directory, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
	assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	assert_refused("another version of mapd");
	assert_refused("use that version");
}

/* Takes tables away, as a version did not have them. */
static void
drop(const char *const *tables, size_t n)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, TABLE_COUNT), 0);
	assert_int_equal(mdb_env_open(env, directory, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(mdb_dbi_open(txn, tables[i], 0, &dbi), 0);
		assert_int_equal(mdb_drop(txn, dbi, 1), 0);
	}
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

/* A database of before the first updates: what is missing is made, what should be there is not. */
static void
test_older_tables(void **state)
{
	static const char *const newer[] = {"expiry", "counts", "people", "assigned"};
	struct store *store = open_store();
	struct snapshot *snap;
	struct change *change;
	struct bytes value;

	(void)state;
	put(store, "k", "\001value");
	store_close(store);
	drop(newer, sizeof newer / sizeof newer[0]);
	for (int round = 0; round < 2; round++) {
		store = open_store();
		assert_int_equal(snapshot_new(store, &snap), 0);
		assert_int_equal(snapshot_take(snap), 0);
		assert_at(snap, "k", "\001value");
		for (enum table table = TABLE_EXPIRY; table <= TABLE_BACKLOG; table++)
			assert_int_equal(snapshot_get(snap, table, b("x"), &value), round == 1);
		assert_int_equal(snapshot_error(snap), 0);
		snapshot_free(snap);
		assert_int_equal(change_begin(store, &change), 0);
		for (enum table table = TABLE_EXPIRY; table <= TABLE_BACKLOG; table++)
			change_put(change, table, b("x"), b("\001"));
		assert_int_equal(change_commit(change), 0);
		store_close(store);
	}
	drop(newer + 1, 1);
	store_close(open_store());
	drop((const char *const[]){"replay"}, 1);
	assert_refused("table replay is missing");
}

static void
test_empty_file(void **state)
{
	(void)state;
	write_file("", 0);
	assert_refused("truncated (it is empty)");
}

/* What a process left that was killed while it made a database. */
static void
test_interrupted_making(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof path, "%s/new", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/new/data.mdb", directory);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	store_close(open_store());
	snprintf(path, sizeof path, "%s/new", directory);
	assert_int_equal(access(path, F_OK), -1);
}

static void
test_truncated(void **state)
{
	struct store *store = open_store();
	struct change *change;
	char path[128], key[32];

	(void)state;
	assert_int_equal(change_begin(store, &change), 0);
	for (int i = 0; i < 20000; i++) {
		snprintf(key, sizeof key, "%d", i);
		change_put(change, TABLE_NODES, b(key),
		    b("\001value that takes some room, as nodes do"));
	}
	assert_int_equal(change_commit(change), 0);
	store_close(store);
	snprintf(path, sizeof path, "%s/data.mdb", directory);
	assert_int_equal(truncate(path, 40960), 0);
	assert_refused("truncated");
}

static void
test_last_page_lost(void **state)
{
	struct store *store = open_store();
	struct change *change;
	char path[128], key[32];
	struct stat st;

	(void)state;
	assert_int_equal(change_begin(store, &change), 0);
	for (int i = 0; i < 2000; i++) {
		snprintf(key, sizeof key, "%04d", i);
		change_append(change, TABLE_NODES, b(key), b("\001value that takes some room"));
	}
	assert_int_equal(change_commit(change), 0);
	store_close(store);
	snprintf(path, sizeof path, "%s/data.mdb", directory);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 4096), 0);
	assert_refused("truncated");
	assert_refused("truncated"); /* looking at it did not make it whole */
}

/* mdb_copy, with and without -c, of a database that has seen some changes. */
static void
test_backup(void **state)
{
	char from[64], data[128], copy[128], key[32];
	struct store *store = open_store();
	struct change *change;
	MDB_env *env;

	(void)state;
	for (int round = 0; round < 5; round++) {
		assert_int_equal(change_begin(store, &change), 0);
		for (int i = 0; i < 3000; i++) {
			snprintf(key, sizeof key, "%d", i * (round + 1));
			change_put(change, TABLE_NODES, b(key), b("some value"));
		}
		change_remove_prefix(change, TABLE_NODES, b("1"), 700);
		assert_int_equal(change_commit(change), 0);
	}
	store_close(store);
	snprintf(from, sizeof from, "%s", directory);
	for (unsigned compact = 0; compact < 2; compact++) {
		assert_int_equal(mdb_env_create(&env), 0);
		assert_int_equal(mdb_env_open(env, from, MDB_RDONLY, 0600), 0);
		snprintf(data, sizeof data, "%s/copy", from);
		assert_int_equal(mkdir(data, 0700), 0);
		assert_int_equal(mdb_env_copy2(env, data, compact ? MDB_CP_COMPACT : 0), 0);
		mdb_env_close(env);
		snprintf(copy, sizeof copy, "%s/copy/data.mdb", from);
		snprintf(data, sizeof data, "%s/data.mdb", from);
		assert_int_equal(rename(copy, data), 0);
		snprintf(data, sizeof data, "%s/copy", from);
		assert_int_equal(rmdir(data), 0);
		store_close(open_store());
	}
}

static void
test_unwritable_place(void **state)
{
	struct store *store = NULL;

	(void)state;
	assert_int_equal(
	    store_open("/proc/db", MAP_SIZE, &store, why, sizeof why), -MAP_EDATABASE);
	assert_string_equal(why, "/proc/db: No such file or directory");
	assert_int_equal(
	    store_open("/proc/no/db", MAP_SIZE, &store, why, sizeof why), -MAP_EDATABASE);
	assert_string_equal(why, "/proc/no/db: No such file or directory");
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {CASE(test_snapshot_is_a_state),
	    CASE(test_floor_ceiling_next), CASE(test_change), CASE(test_remove_prefix),
	    CASE(test_full), CASE(test_second_is_refused), CASE(test_foreign_file),
	    CASE(test_short_file), CASE(test_foreign_environment), CASE(test_other_version),
	    CASE(test_older_tables), CASE(test_empty_file), CASE(test_interrupted_making),
	    CASE(test_truncated), CASE(test_backup), CASE(test_last_page_lost),
	    CASE(test_unwritable_place)};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
