/*
 * test_environment.c - the directory that a database is in: links, file systems, and who else reads it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "mapd/keyring.h"
#include "mapd/lock.h"
#include "mapd/store.h"
#include "tests/store/disk.h"

#define MAP_SIZE ((size_t)32 << 20)
#define BIG 100000
#define READERS 514 /* two for each of 256 workers, and two more */

static char folder[64];
static char directory[80]; /* in it */
static char why[512];
static long file_system; /* what statfs() says; 0: what it is */

/* The kernel's, in the place of the C library's, for all of this program. */
int
statfs(const char *path, struct statfs *out)
{
	int rc = (int)syscall(SYS_statfs, path, out);

	if (rc == 0 && file_system != 0)
		out->f_type = file_system;
	return rc;
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
	file_system = 0;
	snprintf(folder, sizeof folder, "/tmp/test_environment.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(directory, sizeof directory, "%s/db", folder);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* A path in the folder; of the last four calls. */
static const char *
in(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static struct store *
open_store(const char *path)
{
	struct store *store = NULL;

	if (store_open(path, MAP_SIZE, &store, why, sizeof why) != 0)
		fail_msg("%s", why);
	return store;
}

static void
refused(const char *path, const char *file, const char *part)
{
	struct store *store = NULL;

	why[0] = '\0';
	assert_int_equal(store_open(path, MAP_SIZE, &store, why, sizeof why), -MAP_EDATABASE);
	if (strstr(why, file) == NULL || strstr(why, part) == NULL)
		fail_msg("'%s' does not say '%s' and '%s'", why, file, part);
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
assert_file(const char *path, const char *text)
{
	char got[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(got, 1, sizeof got - 1, file), strlen(text));
	fclose(file);
	assert_string_equal(got, text);
}

static void
test_nfs(void **state)
{
	(void)state;
	file_system = 0x6969; /* statfs(2): NFS_SUPER_MAGIC */
	refused(directory, directory, "is on NFS: the database needs a local file system");
	assert_int_not_equal(access(in("db/data.mdb"), F_OK), 0);
	file_system = 0;
	store_close(open_store(directory));
}

/* By a link to it somebody else could have it open; one that leads nowhere is no database that is not there yet. */
static void
test_link_to_file(void **state)
{
	struct stat st;

	(void)state;
	store_close(open_store(directory));
	assert_int_equal(mkdir(in("other"), 0700), 0);
	assert_int_equal(symlink("../db/data.mdb", in("other/data.mdb")), 0);
	refused(in("other"), "other/data.mdb", "symbolic link");
	assert_int_equal(rename(in("db/data.mdb"), in("db/away")), 0);
	refused(in("other"), "other/data.mdb", "symbolic link");
	assert_int_equal(lstat(in("other/data.mdb"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_not_equal(access(in("db/data.mdb"), F_OK), 0);
}

/* What is written to a lock is not written through a link. */
static void
test_link_to_lock(void **state)
{
	static const char *const locks[] = {"db/lock", "db/lock.mdb"};

	(void)state;
	write_file(in("victim"), "precious");
	assert_int_equal(mkdir(directory, 0700), 0);
	for (size_t i = 0; i < sizeof locks / sizeof locks[0]; i++) {
		assert_int_equal(symlink("../victim", in(locks[i])), 0);
		refused(directory, "db", "symbolic links");
		assert_file(in("victim"), "precious");
		assert_int_equal(unlink(in(locks[i])), 0);
	}
	store_close(open_store(directory));
}

/* A directory may have another name: it is one and the same database. */
static void
test_link_to_directory(void **state)
{
	struct store *store = open_store(directory);

	(void)state;
	assert_int_equal(symlink("db", in("name")), 0);
	refused(in("name"), "name", "in use by process");
	store_close(store);
	store_close(open_store(in("name")));
}

/* A key's public half is written by another name first, which nobody else's file lies behind. */
static void
test_link_to_key(void **state)
{
	static const char base[] = "Kzone.test.+013+00001";
	struct secret *secret, *same;
	struct keyring *ring;

	(void)state;
	write_file(in("victim"), "precious");
	assert_int_equal(keyring_open(in("keys"), &ring, why, sizeof why), 0);
	assert_int_equal(symlink("../victim", in("keys/.Kzone.test.+013+00001.key")), 0);
	assert_int_equal(keyring_make(13, &secret), 0);
	if (keyring_put(ring, secret, base, "public\n", why, sizeof why) != 0)
		fail_msg("%s", why);
	assert_file(in("victim"), "precious");
	assert_file(in("keys/Kzone.test.+013+00001.key"), "public\n");
	assert_int_equal(keyring_get(ring, base, &same, why, sizeof why), 0);
	secret_free(same);
	/* where a link stands, though it leads nowhere, is no room for a secret */
	assert_int_equal(symlink("../elsewhere", in("keys/Kzone.test.+013+00002.private")), 0);
	assert_int_not_equal(
	    keyring_put(ring, secret, "Kzone.test.+013+00002", "public\n", why, sizeof why), 0);
	assert_int_not_equal(access(in("elsewhere"), F_OK), 0);
	secret_free(secret);
	keyring_close(ring);
}

/* As many as mapd takes with the most workers; the one too many is refused, and there is room when one has gone. */
static void
test_readers(void **state)
{
	static struct snapshot *snaps[4096];
	struct store *store = open_store(directory);
	size_t n = 0;
	int rc = 0;

	(void)state;
	while (n < sizeof snaps / sizeof snaps[0] && (rc = snapshot_new(store, &snaps[n])) == 0)
		n++;
	assert_int_equal(rc, -MAP_ELIMIT);
	assert_true(n >= READERS);
	snapshot_free(snaps[--n]);
	assert_int_equal(snapshot_new(store, &snaps[n]), 0);
	assert_int_equal(snapshot_take(snaps[n++]), 0);
	while (n > 0)
		snapshot_free(snaps[--n]);
	store_close(store);
}

/* Another program, which reads what is there now until it is killed; returns when it does. */
static pid_t
reader_start(void)
{
	int ready[2];
	MDB_env *env;
	MDB_txn *txn;
	pid_t pid;
	char word;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, TABLE_COUNT) != 0 ||
		    mdb_env_open(env, directory, MDB_RDONLY, 0600) != 0 ||
		    mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 ||
		    write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &word, 1), 1);
	close(ready[0]);
	return pid;
}

/* Writes one value again and again; returns how many octets the file has then. */
static size_t
rewrite(struct store *store, unsigned times)
{
	static uint8_t big[BIG] = {1};
	struct change *change;
	size_t used, size;

	for (unsigned i = 0; i < times; i++) {
		assert_int_equal(change_begin(store, &change), 0);
		change_put(change, TABLE_NODES, (struct bytes){(const uint8_t *)"k", 1},
		    (struct bytes){big, sizeof big});
		assert_int_equal(change_commit(change), 0);
	}
	store_usage(store, &used, &size);
	return used;
}

static void
test_reader_is_killed(void **state)
{
	struct store *store = open_store(directory);
	size_t before, during;
	pid_t pid;

	(void)state;
	before = rewrite(store, 10);
	assert_true(rewrite(store, 50) <= before + 2 * BIG); /* what was freed is used again */
	pid = reader_start();
	before = rewrite(store, 5);
	store_reap(store); /* it lives: what it sees stays */
	during = rewrite(store, 50);
	assert_true(during > before + 40 * BIG);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	store_reap(store);
	assert_true(rewrite(store, 500) <= during + 2 * BIG);
	store_close(store);
}

/* The write that ends a commit fails: LMDB will not even read any more, so the process ends, and the next one has what was committed. */
static void
test_head_fails(void **state)
{
	static const struct bytes key = {(const uint8_t *)"k", 1},
				  lost = {(const uint8_t *)"l", 1};
	struct store *store;
	struct snapshot *snap;
	struct change *change;
	struct bytes value;
	int status = 0;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		store = open_store(directory);
		(void)rewrite(store, 1);
		if (snapshot_new(store, &snap) != 0 || change_begin(store, &change) != 0)
			_exit(2);
		change_put(change, TABLE_NODES, lost, key);
		disk_head_failures = 1;
		if (change_commit(change) != -MAP_EDISK)
			_exit(3);
		_exit(snapshot_take(snap) == 0 ? 4 : 5);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	store = open_store(directory);
	assert_int_equal(snapshot_new(store, &snap), 0);
	assert_int_equal(snapshot_take(snap), 0);
	assert_true(snapshot_get(snap, TABLE_NODES, key, &value));
	assert_false(snapshot_get(snap, TABLE_NODES, lost, &value));
	snapshot_free(snap);
	store_close(store);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {CASE(test_nfs), CASE(test_link_to_file),
	    CASE(test_link_to_lock), CASE(test_link_to_directory), CASE(test_link_to_key),
	    CASE(test_readers), CASE(test_reader_is_killed), CASE(test_head_fails)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
