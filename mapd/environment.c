/*
 * environment.c - the database is opened, or refused with what to do.
 * Knows LMDB's files; knows nothing of transactions beyond the first, nor of what is stored.
 */
#include "mapd/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "mapd/fault.h"
#include "mapd/verify.h"

#define STORE_READERS 512
#define STORE_ADVICE "restore it from a backup, or move it away and load the zones again"
/* Stands beside the tables: the text is the version of what is in them. */
#define STORE_MARK "eidmap-mapd-1"
#define STORE_MARK_KEY "version"
#define STORE_TABLES_FIRST (TABLE_REPLAY + 1) /* later ones are made where they are missing */
#define STORE_NEW "new" /* a directory in ours: a database that is being made */
#define STORE_HEAD 512 /* octets of a page that its head fits in */
#define STORE_LOCKS 65536 /* octets of LMDB's table of readers, at least */

static const char *const store_names[TABLE_COUNT] = {
#define X(name, number, text) [number] = text,
#include "mapd/tables.def"
#undef X
};

/*
 * LMDB found its own pages inconsistent and would abort without a word on what to do. Nothing can
 * be trusted any more; what was committed before stays on the disk as it is.
 */
static void
store_assert(MDB_env *env, const char *message)
{
	const char *path = NULL;

	(void)mdb_env_get_path(env, &path);
	diag_error(
	    "database %s: corrupt (%s): " STORE_ADVICE, path != NULL ? path : "?", message);
	_exit(1);
}

static int
store_refuse(const struct store *store, int rc, char *why, size_t max)
{
	switch (rc) {
	case MDB_INVALID:
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_VERSION_MISMATCH:
		snprintf(why, max, "%s/data.mdb: foreign or corrupt (%s): %s", store->path,
		    mdb_strerror(rc), STORE_ADVICE);
		break;
	case ENOMEM:
		snprintf(why, max,
		    "%s: the map does not fit the address space: lower map-size:, or"
		    " raise the limit (ulimit -v)",
		    store->path);
		break;
	default:
		snprintf(why, max, "%s: %s", store->path, mdb_strerror(rc));
		break;
	}
	return -MAP_EDATABASE;
}

static int
store_refuse_file(
    const struct store *store, enum verified found, const char *what, char *why, size_t max)
{
	static const struct {
		const char *is, *advice;
	} words[] = {
	    [VERIFIED_TRUNCATED] = {"truncated", STORE_ADVICE},
	    [VERIFIED_CORRUPT] = {"corrupt", STORE_ADVICE},
	    [VERIFIED_VERSION] = {"written by another version of mapd",
		"use that version, or move the database away and load the zones again"},
	    [VERIFIED_FOREIGN] = {"another program's database, or one whose head is damaged",
		"give mapd a directory of its own (database:), or restore it from a backup"},
	    [VERIFIED_NOT] = {"cannot be looked at", "see what it says"},
	};

	snprintf(why, max, "%s/data.mdb: %s (%s): %s", store->path, words[found].is, what,
	    words[found].advice);
	return -MAP_EDATABASE;
}

static int
store_extend(const char *path, uint64_t size)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return -1;
	return (uint64_t)st.st_size >= size ? 0 : truncate(path, (off_t)size);
}

/* LMDB takes its file as it is, and so does not survive one that is damaged. */
static int
store_verify(const struct store *store, char *why, size_t max)
{
	const struct verify_want want = {.tables = store_names,
	    .n_tables = TABLE_COUNT,
	    .n_least = STORE_TABLES_FIRST,
	    .mark_key = {(const uint8_t *)STORE_MARK_KEY, sizeof STORE_MARK_KEY - 1},
	    .mark = {(const uint8_t *)STORE_MARK, sizeof STORE_MARK - 1}};
	char path[LOCK_PATH + 16], what[256];
	enum verified found;
	uint64_t size;

	snprintf(path, sizeof path, "%s/data.mdb", store->path);
	found = verify_file(path, &want, &size, what, sizeof what);
	if (found != VERIFIED_GOOD)
		return store_refuse_file(store, found, what, why, max);
	/* Free pages at the end may never have been written; what LMDB maps is then all there. */
	if (store_extend(path, size) != 0) {
		snprintf(why, max, "%s: %s", path, strerror(errno));
		return -MAP_EDATABASE;
	}
	return 0;
}

static int
store_tables(struct store *store, unsigned flags)
{
	MDB_val key = {sizeof STORE_MARK_KEY - 1, (void *)(uintptr_t)STORE_MARK_KEY};
	MDB_val mark = {sizeof STORE_MARK - 1, (void *)(uintptr_t)STORE_MARK};
	MDB_txn *txn;
	MDB_dbi main;
	int rc = mdb_txn_begin(store->env, NULL, 0, &txn);

	if (rc != 0)
		return rc;
	for (int i = 0; rc == 0 && i < TABLE_COUNT; i++)
		rc = mdb_dbi_open(txn, store_names[i],
		    flags | (i < STORE_TABLES_FIRST ? 0 : MDB_CREATE), &store->dbi[i]);
	if (rc == 0 && flags != 0)
		rc = mdb_dbi_open(txn, NULL, 0, &main);
	if (rc == 0 && flags != 0)
		rc = mdb_put(txn, main, &key, &mark, 0);
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

/* LMDB writes to a table of readers through a map: on a full disk that would be a SIGBUS. */
static int
store_reserve_locks(const char *directory)
{
	char path[LOCK_PATH + 32];
	int fd, rc;

	snprintf(path, sizeof path, "%s/lock.mdb", directory);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return errno;
	rc = posix_fallocate(fd, 0, STORE_LOCKS);
	close(fd);
	return rc;
}

static int
store_environment(struct store *store, const char *directory, size_t map_size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int dead = 0;
	int rc = store_reserve_locks(directory);

	if (rc == 0)
		rc = mdb_env_create(&store->env);
	if (rc != 0)
		return rc;
	(void)mdb_env_set_assert(store->env, store_assert);
	rc = mdb_env_set_maxdbs(store->env, TABLE_COUNT);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(store->env, STORE_READERS);
	if (rc == 0)
		rc = mdb_env_set_mapsize(store->env, (map_size + page - 1) / page * page);
	/* Snapshots belong to objects, not threads; they outlive the call that took them. */
	if (rc == 0)
		rc = mdb_env_open(store->env, directory, MDB_NOTLS, 0600);
	if (rc == 0)
		rc = mdb_reader_check(store->env, &dead);
	return rc;
}

static void
store_leave_environment(struct store *store)
{
	if (store->env == NULL)
		return;
	fault_watch(FAULT_DATABASE, NULL, 0, "");
	mdb_env_close(store->env);
	store->env = NULL;
}

/* LMDB does not tell where it maps its file; a value in it does. */
static int
store_watch(const struct store *store)
{
	MDB_val key = {sizeof STORE_MARK_KEY - 1, (void *)(uintptr_t)STORE_MARK_KEY}, mark;
	char path[LOCK_PATH + 16];
	MDB_envinfo info;
	MDB_stat stat;
	MDB_txn *txn;
	MDB_dbi main;
	int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);

	if (rc != 0)
		return rc;
	(void)mdb_env_info(store->env, &info);
	(void)mdb_env_stat(store->env, &stat);
	rc = mdb_dbi_open(txn, NULL, 0, &main);
	if (rc == 0)
		rc = mdb_get(txn, main, &key, &mark);
	snprintf(path, sizeof path, "%s/data.mdb", store->path);
	if (rc == 0)
		fault_watch(FAULT_DATABASE, verify_map_start(mark.mv_data, stat.ms_psize),
		    info.me_mapsize, path);
	mdb_txn_abort(txn);
	return rc;
}

static int
store_sync_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 || fsync(fd) != 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

/* Made beside and moved, so that what has the name of a database always is a whole one. */
static int
store_make(struct store *store, size_t map_size)
{
	char new[LOCK_PATH + 16], from[LOCK_PATH + 32], to[LOCK_PATH + 16];
	int rc;

	snprintf(new, sizeof new, "%s/" STORE_NEW, store->path);
	snprintf(to, sizeof to, "%s/data.mdb", store->path);
	snprintf(from, sizeof from, "%s/lock.mdb", new);
	(void)unlink(from);
	snprintf(from, sizeof from, "%s/data.mdb", new);
	(void)unlink(from);
	if (mkdir(new, 0700) != 0 && errno != EEXIST)
		return errno;
	rc = store_environment(store, new, map_size);
	if (rc == 0)
		rc = store_tables(store, MDB_CREATE);
	store_leave_environment(store);
	if (rc == 0 && rename(from, to) != 0)
		rc = errno;
	if (rc == 0)
		rc = store_sync_directory(store->path);
	(void)unlink(from);
	snprintf(from, sizeof from, "%s/lock.mdb", new);
	(void)unlink(from);
	(void)rmdir(new);
	return rc;
}

/*
 * The lock is the directory's: by two links two processes would write to one file. And in the place of one that leads
 * nowhere now, as to a disk that is not mounted, an empty database would be made.
 */
static bool
store_is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static int
store_open_whole(struct store *store, size_t map_size, char *why, size_t max)
{
	char path[LOCK_PATH + 16];
	int rc = 0;

	snprintf(path, sizeof path, "%s/data.mdb", store->path);
	if (store_is_link(path)) {
		snprintf(why, max,
		    "%s: is a symbolic link: name the directory that it leads to (database:), "
		    "or link that",
		    path);
		return -MAP_EDATABASE;
	}
	if (access(path, F_OK) != 0 && errno == ENOENT)
		rc = store_make(store, map_size);
	if (rc == 0) {
		rc = store_verify(store, why, max);
		if (rc != 0)
			return rc;
		rc = store_environment(store, store->path, map_size);
	}
	if (rc == 0)
		rc = store_watch(store);
	if (rc == 0)
		rc = store_tables(store, 0);
	return rc == 0 ? 0 : store_refuse(store, rc, why, max);
}

int
store_open(const char *directory, size_t map_size, struct store **out, char *why, size_t max)
{
	struct store *store = calloc(1, sizeof *store);
	int rc;

	if (store == NULL) {
		snprintf(why, max, "out of memory");
		return -MAP_ENOMEM;
	}
	store->lock = lock_take(directory, why, max);
	rc = store->lock < 0 ? store->lock : 0;
	snprintf(store->path, sizeof store->path, "%s", directory);
	if (rc == 0)
		rc = store_open_whole(store, map_size, why, max);
	if (rc != 0) {
		store_close(store);
		return rc;
	}
	*out = store;
	return 0;
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	store_leave_environment(store);
	if (store->lock >= 0)
		close(store->lock);
	free(store);
}

const char *
store_directory(const struct store *store)
{
	return store->path;
}

/* The two heads of the file, pages 0 and 1, are written in turn. */
int
store_rewrite(struct store *store)
{
	uint8_t head[STORE_HEAD];
	MDB_envinfo info;
	MDB_stat stat;
	off_t at;
	int fd, rc;

	rc = mdb_env_get_fd(store->env, &fd);
	if (rc == 0)
		rc = mdb_env_info(store->env, &info);
	if (rc == 0)
		rc = mdb_env_stat(store->env, &stat);
	if (rc != 0)
		return rc;
	at = (off_t)(info.me_last_txnid % 2 * stat.ms_psize);
	if (pread(fd, head, sizeof head, at) != (ssize_t)sizeof head ||
	    pwrite(fd, head, sizeof head, at) != (ssize_t)sizeof head)
		return EIO;
	return mdb_env_sync(store->env, 1);
}

void
store_usage(struct store *store, size_t *used, size_t *size)
{
	MDB_envinfo info;
	MDB_stat stat;

	*used = 0;
	*size = 0;
	if (mdb_env_info(store->env, &info) != 0 || mdb_env_stat(store->env, &stat) != 0)
		return;
	*used = (info.me_last_pgno + 1) * stat.ms_psize;
	*size = info.me_mapsize;
}
