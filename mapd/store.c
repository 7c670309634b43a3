/*
 * store.c - ordered keys and values: snapshots that read, one change that writes.
 * Knows transactions; knows nothing of names, zones or records. A commit that returned is durable, unless lazy.
 */
#include "mapd/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "mapd/environment.h"
#include "mapd/verify.h"

/* A transaction as it is read: with a cursor for each table, opened when first needed. */
struct view {
	struct store *store;
	MDB_txn *txn; /* NULL: a snapshot is not taken, or a change has ended */
	MDB_cursor *cursor[TABLE_COUNT];
	bool bound[TABLE_COUNT]; /* the cursor belongs to txn */
	int error;
};

struct snapshot {
	struct view view;
	MDB_txn *txn; /* kept for life, renewed by each take */
};

struct change {
	struct view view;
	MDB_txn *around; /* the transaction around a savepoint */
	int around_error;
};

/*
 * A page that leads to all others could not be written. From then on LMDB refuses even to read, until the database is opened
 * anew; what was committed before stays on the disk as it is. Who watches over mapd starts it again.
 */
_Noreturn static void
store_panic(void)
{
	diag_error("database: the disk failed as it took a commit, and nothing more can be "
		   "read: mapd ends; what was "
		   "acknowledged is there when it is started again");
	_exit(1);
}

/* An error of LMDB or the kernel as ours. LMDB gives EIO for a write that a full disk cut short. */
static int
store_error(int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
		return -MAP_EFULL;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case EIO:
	case EROFS: /* so the kernel leaves a file system that fails */
		return -MAP_EDISK;
	case ENOMEM:
		return -MAP_ENOMEM;
	case MDB_PANIC:
		store_panic();
	default:
		return -MAP_EDATABASE;
	}
}

/* LMDB's values point to void that is not const; what they point to is never written. */
static MDB_val
store_value(struct bytes b)
{
	return (MDB_val){b.n, (void *)(uintptr_t)b.p};
}

static struct bytes
store_bytes(MDB_val v)
{
	return (struct bytes){v.mv_data, v.mv_size};
}

/* What was put: behind it is its sum, which every start looks at (verify.c). */
static struct bytes
store_content(MDB_val v)
{
	return (struct bytes){v.mv_data, v.mv_size < VERIFY_SUM ? 0 : v.mv_size - VERIFY_SUM};
}

/* Ends a reading: absent and failed both give false, and a failure is kept. */
static bool
view_found(struct view *view, int rc)
{
	if (rc != 0 && rc != MDB_NOTFOUND && view->error == 0)
		view->error = store_error(rc);
	return rc == 0;
}

/* The table's cursor in txn; NULL with the error kept. */
static MDB_cursor *
view_cursor(struct view *view, enum table table)
{
	int rc = 0;

	if (view->txn == NULL || view->error != 0)
		return NULL;
	if (view->cursor[table] == NULL)
		rc = mdb_cursor_open(view->txn, view->store->dbi[table], &view->cursor[table]);
	else if (!view->bound[table])
		rc = mdb_cursor_renew(view->txn, view->cursor[table]);
	view->bound[table] = rc == 0;
	return view_found(view, rc) ? view->cursor[table] : NULL;
}

static void
view_close_cursors(struct view *view)
{
	for (int i = 0; i < TABLE_COUNT; i++) {
		if (view->cursor[i] != NULL)
			mdb_cursor_close(view->cursor[i]);
		view->cursor[i] = NULL;
	}
}

static bool
view_get(struct view *view, enum table table, struct bytes key, struct bytes *value)
{
	MDB_val k = store_value(key);
	MDB_val v;

	if (view->txn == NULL || key.n == 0 || key.n > STORE_KEY)
		return false;
	if (!view_found(view, mdb_get(view->txn, view->store->dbi[table], &k, &v)))
		return false;
	*value = store_content(v);
	return true;
}

enum view_move { VIEW_FLOOR, VIEW_CEILING, VIEW_NEXT };

static int
view_move(MDB_cursor *cursor, enum view_move move, MDB_val *key, MDB_val *value)
{
	struct bytes wanted = store_bytes(*key);
	int rc;

	if (move == VIEW_NEXT)
		return mdb_cursor_get(cursor, key, value, MDB_NEXT);
	if (wanted.n == 0) /* LMDB has no empty key: it is below the first one */
		return move == VIEW_FLOOR ? MDB_NOTFOUND
					  : mdb_cursor_get(cursor, key, value, MDB_FIRST);
	rc = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
	if (move == VIEW_CEILING)
		return rc;
	if (rc == MDB_NOTFOUND)
		return mdb_cursor_get(cursor, key, value, MDB_LAST);
	if (rc != 0 || bytes_equal(store_bytes(*key), wanted))
		return rc;
	return mdb_cursor_get(cursor, key, value, MDB_PREV);
}

/* Moves the table's cursor; *found is what is looked for, then what was found. */
static bool
view_find(struct view *view, enum table table, enum view_move move, struct bytes *found,
    struct bytes *value)
{
	MDB_cursor *cursor = view_cursor(view, table);
	MDB_val k = store_value(*found);
	MDB_val v;

	if (cursor == NULL || !view_found(view, view_move(cursor, move, &k, &v)))
		return false;
	*found = store_bytes(k);
	*value = store_content(v);
	return true;
}

void
store_reap(struct store *store)
{
	int dead = 0;

	(void)mdb_reader_check(store->env, &dead);
}

int
snapshot_new(struct store *store, struct snapshot **out)
{
	struct snapshot *snap = calloc(1, sizeof *snap);
	int rc;

	if (snap == NULL)
		return -MAP_ENOMEM;
	snap->view.store = store;
	rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &snap->txn);
	if (rc != 0) {
		free(snap);
		return rc == MDB_READERS_FULL ? -MAP_ELIMIT : store_error(rc);
	}
	mdb_txn_reset(snap->txn);
	*out = snap;
	return 0;
}

void
snapshot_free(struct snapshot *snap)
{
	if (snap == NULL)
		return;
	view_close_cursors(&snap->view);
	mdb_txn_abort(snap->txn);
	free(snap);
}

int
snapshot_take(struct snapshot *snap)
{
	snapshot_release(snap);
	snap->view.error = store_error(mdb_txn_renew(snap->txn));
	if (snap->view.error == 0)
		snap->view.txn = snap->txn;
	return snap->view.error;
}

void
snapshot_release(struct snapshot *snap)
{
	if (snap->view.txn == NULL)
		return;
	mdb_txn_reset(snap->txn);
	memset(snap->view.bound, 0, sizeof snap->view.bound);
	snap->view.txn = NULL;
}

bool
snapshot_get(struct snapshot *snap, enum table table, struct bytes key, struct bytes *value)
{
	return view_get(&snap->view, table, key, value);
}

bool
snapshot_floor(struct snapshot *snap, enum table table, struct bytes key, struct bytes *found,
    struct bytes *value)
{
	*found = key;
	return view_find(&snap->view, table, VIEW_FLOOR, found, value);
}

bool
snapshot_ceiling(struct snapshot *snap, enum table table, struct bytes key, struct bytes *found,
    struct bytes *value)
{
	*found = key;
	return view_find(&snap->view, table, VIEW_CEILING, found, value);
}

bool
snapshot_next(struct snapshot *snap, enum table table, struct bytes *found, struct bytes *value)
{
	return view_find(&snap->view, table, VIEW_NEXT, found, value);
}

int
snapshot_error(const struct snapshot *snap)
{
	return snap->view.error;
}

int
change_begin(struct store *store, struct change **out)
{
	struct change *change = calloc(1, sizeof *change);
	int rc;

	if (change == NULL)
		return -MAP_ENOMEM;
	change->view.store = store;
	rc = mdb_txn_begin(store->env, NULL, 0, &change->view.txn);
	if (rc != 0) {
		free(change);
		return store_error(rc);
	}
	*out = change;
	return 0;
}

int
store_set_lazy(struct store *store, bool lazy)
{
	return store_error(
	    mdb_env_set_flags(store->env, MDB_NOMETASYNC, lazy && !store->in_doubt));
}

/*
 * Of a commit, or of waiting for the disk. What the kernel could not write is clean to it from then on, and the next
 * wait finds nothing to complain of (fsync(2)): so the last page of a lazy commit may be lost already.
 */
static int
store_waited(struct store *store, int rc)
{
	unsigned flags = 0;

	(void)mdb_env_get_flags(store->env, &flags);
	if (rc != 0 && (flags & MDB_NOMETASYNC) != 0) {
		store->in_doubt = true;
		(void)mdb_env_set_flags(store->env, MDB_NOMETASYNC, 0);
	}
	return store_error(rc);
}

int
store_sync(struct store *store)
{
	int rc;

	if (!store->in_doubt)
		return store_waited(store, mdb_env_sync(store->env, 1));
	rc = store_rewrite(store);
	store->in_doubt = rc != 0;
	return store_error(rc);
}

int
change_commit(struct change *change)
{
	int rc = change->view.error;

	if (change->around != NULL)
		change_undo(change);
	/* the next commit would write over the last page that is on the disk for sure, or what it leads to */
	if (rc == 0 && change->view.store->in_doubt)
		rc = store_sync(change->view.store);
	if (rc != 0) {
		change_abort(change);
		return rc;
	}
	view_close_cursors(&change->view);
	rc = store_waited(change->view.store, mdb_txn_commit(change->view.txn));
	free(change);
	return rc;
}

void
change_abort(struct change *change)
{
	if (change == NULL)
		return;
	if (change->around != NULL)
		change_undo(change);
	view_close_cursors(&change->view);
	mdb_txn_abort(change->view.txn);
	free(change);
}

int
change_savepoint(struct change *change)
{
	MDB_txn *child;
	int rc;

	if (change->view.error != 0)
		return change->view.error;
	view_close_cursors(&change->view);
	rc = change->around != NULL
		 ? EINVAL
		 : mdb_txn_begin(change->view.store->env, change->view.txn, 0, &child);
	if (!view_found(&change->view, rc))
		return change->view.error;
	change->around = change->view.txn;
	change->view.txn = child;
	return 0;
}

int
change_keep(struct change *change)
{
	int rc = change->view.error;

	if (rc != 0) {
		change_undo(change);
		return rc;
	}
	view_close_cursors(&change->view);
	rc = mdb_txn_commit(change->view.txn);
	change->view.txn = change->around;
	change->around = NULL;
	(void)view_found(&change->view, rc);
	return change->view.error;
}

void
change_undo(struct change *change)
{
	view_close_cursors(&change->view);
	mdb_txn_abort(change->view.txn);
	change->view.txn = change->around;
	change->view.error = 0; /* it was none when the savepoint began */
	change->around = NULL;
}

bool
change_get(struct change *change, enum table table, struct bytes key, struct bytes *value)
{
	return view_get(&change->view, table, key, value);
}

bool
change_floor(struct change *change, enum table table, struct bytes key, struct bytes *found,
    struct bytes *value)
{
	*found = key;
	return view_find(&change->view, table, VIEW_FLOOR, found, value);
}

bool
change_ceiling(struct change *change, enum table table, struct bytes key, struct bytes *found,
    struct bytes *value)
{
	*found = key;
	return view_find(&change->view, table, VIEW_CEILING, found, value);
}

bool
change_next(struct change *change, enum table table, struct bytes *found, struct bytes *value)
{
	return view_find(&change->view, table, VIEW_NEXT, found, value);
}

static int
change_write(struct change *change, enum table table, struct bytes key, struct bytes value,
    unsigned flags)
{
	MDB_val k = store_value(key);
	MDB_val v = {.mv_size = value.n + VERIFY_SUM};
	uint32_t sum = verify_sum(key, value);
	int rc = mdb_put(
	    change->view.txn, change->view.store->dbi[table], &k, &v, flags | MDB_RESERVE);

	if (rc != 0)
		return rc;
	if (value.n > 0)
		memcpy(v.mv_data, value.p, value.n);
	memcpy((uint8_t *)v.mv_data + value.n, &sum, VERIFY_SUM);
	return 0;
}

void
change_put(struct change *change, enum table table, struct bytes key, struct bytes value)
{
	if (change->view.error == 0)
		(void)view_found(&change->view, change_write(change, table, key, value, 0));
}

void
change_append(struct change *change, enum table table, struct bytes key, struct bytes value)
{
	int rc;

	if (change->view.error != 0)
		return;
	rc = change_write(change, table, key, value, MDB_APPEND);
	if (rc == MDB_KEYEXIST)
		change_put(change, table, key, value);
	else
		(void)view_found(&change->view, rc);
}

/* An absent key is nothing to remove; a wrong one (1 to 511 octets) is an error that sticks. */
void
change_remove(struct change *change, enum table table, struct bytes key)
{
	MDB_val k = store_value(key);

	if (change->view.error == 0)
		(void)view_found(&change->view,
		    mdb_del(change->view.txn, change->view.store->dbi[table], &k, NULL));
}

size_t
change_remove_prefix(struct change *change, enum table table, struct bytes prefix, size_t most)
{
	struct bytes found, value;
	size_t n = 0;

	while (n < most && change_ceiling(change, table, prefix, &found, &value) &&
	       found.n >= prefix.n &&
	       (prefix.n == 0 || memcmp(found.p, prefix.p, prefix.n) == 0)) {
		if (!view_found(&change->view, mdb_cursor_del(change->view.cursor[table], 0)))
			break;
		n++;
	}
	return n;
}

int
change_error(const struct change *change)
{
	return change->view.error;
}
