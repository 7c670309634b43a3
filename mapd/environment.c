/*
 * environment.c - the database is opened, or refused with what to do.
 * Knows LMDB's files; knows nothing of transactions beyond the first, nor of what is stored.
 */
#include "mapd/environment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sys/diag.h"
#include "core/wire/errors.h"

#define STORE_READERS 512
/* What stands at META "version": the octet every value begins with, and this text. */
#define STORE_MARK "\001eidmap-mapd-1"
#define STORE_MARK_KEY "version"
/* A commit may leave its last few pages unwritten when they are free ones; more is a loss. */
#define STORE_SHORT_PAGES 64

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
	    "database %s: corrupt (%s): restore it from a backup, or move it away and load the"
	    " zones again",
	    path != NULL ? path : "?", message);
	_exit(1);
}

static int
store_refuse(const struct store *store, int rc, char *why, size_t max)
{
	const char *advice =
	    "restore it from a backup, or move it away and load the zones again";

	switch (rc) {
	case MDB_INVALID:
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_VERSION_MISMATCH:
		snprintf(why, max, "%s/data.mdb: foreign or corrupt (%s): %s", store->path,
		    mdb_strerror(rc), advice);
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

/* Every entry of a table is there; own ones begin with the version octet, unlike a lost page. */
static int
store_walk_table(MDB_txn *txn, MDB_dbi dbi, bool own)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(txn, dbi, &cursor);

	if (rc != 0)
		return rc;
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
		if (own && (value.mv_size == 0 || *(const uint8_t *)value.mv_data != 1))
			break;
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc != 0 ? rc : MDB_CORRUPTED;
}

static int
store_walk(struct store *store, char *why, size_t max)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);

	if (rc != 0)
		return store_refuse(store, rc, why, max);
	rc = store_walk_table(txn, 0, false); /* LMDB's own list of free pages */
	for (int i = 0; i < TABLE_COUNT && rc == 0; i++)
		rc = store_walk_table(txn, store->dbi[i], true);
	mdb_txn_abort(txn);
	return rc == 0 ? 0 : store_refuse(store, rc, why, max);
}

/* How long the file is, and must be for the newest state. */
static int
store_sizes(const struct store *store, mdb_filehandle_t *fd, off_t *size, off_t *need)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct stat st;
	int rc;

	rc = mdb_env_info(store->env, &info);
	if (rc == 0)
		rc = mdb_env_stat(store->env, &stat);
	if (rc == 0)
		rc = mdb_env_get_fd(store->env, fd);
	if (rc != 0)
		return rc;
	if (fstat(*fd, &st) != 0)
		return errno;
	*size = st.st_size;
	*need = (off_t)((info.me_last_pgno + 1) * stat.ms_psize);
	return *need > *size + (off_t)(STORE_SHORT_PAGES * stat.ms_psize) ? MDB_CORRUPTED : 0;
}

/* Tables are opened once; a new database gets the mark, any other must have it. */
static int
store_tables(struct store *store, char *why, size_t max)
{
	MDB_val key = {sizeof STORE_MARK_KEY - 1, (void *)(uintptr_t)STORE_MARK_KEY};
	MDB_val mark = {sizeof STORE_MARK - 1, (void *)(uintptr_t)STORE_MARK};
	MDB_val value;
	MDB_stat stat;
	MDB_txn *txn;
	int rc;

	rc = mdb_txn_begin(store->env, NULL, 0, &txn);
	if (rc != 0)
		return store_refuse(store, rc, why, max);
	rc = mdb_stat(txn, 1, &stat);
	for (int i = 0; rc == 0 && i < TABLE_COUNT; i++)
		rc = mdb_dbi_open(
		    txn, store_names[i], stat.ms_entries == 0 ? MDB_CREATE : 0, &store->dbi[i]);
	if (rc == 0 && stat.ms_entries == 0)
		rc = mdb_put(txn, store->dbi[TABLE_META], &key, &mark, 0);
	if (rc == 0)
		rc = mdb_get(txn, store->dbi[TABLE_META], &key, &value);
	if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE) {
		snprintf(why, max,
		    "%s: is another program's database: give mapd a directory of its"
		    " own (database:)",
		    store->path);
		goto abort;
	}
	if (rc == 0 && (value.mv_size != mark.mv_size ||
			   memcmp(value.mv_data, mark.mv_data, mark.mv_size) != 0)) {
		snprintf(why, max,
		    "%s: written by another version of mapd: use that version, or move"
		    " the database away and load the zones again",
		    store->path);
		goto abort;
	}
	if (rc != 0) {
		store_refuse(store, rc, why, max);
		goto abort;
	}
	rc = mdb_txn_commit(txn);
	return rc == 0 ? 0 : store_refuse(store, rc, why, max);
abort:
	mdb_txn_abort(txn);
	return -MAP_EDATABASE;
}

static int
store_environment(struct store *store, size_t map_size, char *why, size_t max)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int dead = 0;
	int rc;

	rc = mdb_env_create(&store->env);
	if (rc != 0)
		return store_refuse(store, rc, why, max);
	(void)mdb_env_set_assert(store->env, store_assert);
	rc = mdb_env_set_maxdbs(store->env, TABLE_COUNT);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(store->env, STORE_READERS);
	if (rc == 0)
		rc = mdb_env_set_mapsize(store->env, (map_size + page - 1) / page * page);
	/* Snapshots belong to objects, not threads; they outlive the call that took them. */
	if (rc == 0)
		rc = mdb_env_open(store->env, store->path, MDB_NOTLS, 0600);
	if (rc == 0)
		rc = mdb_reader_check(store->env, &dead);
	return rc == 0 ? 0 : store_refuse(store, rc, why, max);
}

/*
 * LMDB does not look at the file's length; reading a page beyond its end would be SIGBUS. A file
 * that is shorter than its last page by very little may miss only free pages: it is made whole,
 * and then every entry is read.
 */
static int
store_open_whole(struct store *store, char *why, size_t max)
{
	mdb_filehandle_t fd;
	off_t size = 0, need = 0;
	int rc = store_sizes(store, &fd, &size, &need);

	if (rc == 0 && size < need && ftruncate(fd, need) != 0)
		rc = errno;
	if (rc != 0 && size < need) {
		snprintf(why, max,
		    "%s/data.mdb: truncated (%lld of %lld octets): restore it from a backup, "
		    "or move"
		    " it away and load the zones again",
		    store->path, (long long)size, (long long)need);
		return -MAP_EDATABASE;
	}
	rc = rc != 0 ? store_refuse(store, rc, why, max) : store_tables(store, why, max);
	if (rc == 0 && size < need)
		rc = store_walk(store, why, max);
	if (rc != 0 && size < need &&
	    ftruncate(fd, size) != 0) /* as it was: refused next time too */
		diag_error("%s/data.mdb: %s", store->path, strerror(errno));
	return rc;
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
		rc = store_environment(store, map_size, why, max);
	if (rc == 0)
		rc = store_open_whole(store, why, max);
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
	if (store->env != NULL)
		mdb_env_close(store->env);
	if (store->lock >= 0)
		close(store->lock);
	free(store);
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
