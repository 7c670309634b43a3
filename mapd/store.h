/*
 * store.h - ordered keys and values on LMDB: the only user of lmdb.h.
 * Knows nothing of DNS. One environment, one writer, a snapshot for each worker.
 */
#ifndef MAPD_STORE_H
#define MAPD_STORE_H

#include "core/wire/bytes.h"

enum table {
#define X(name, number, text) TABLE_##name = number,
#include "mapd/tables.def"
#undef X
	TABLE_COUNT
};

#define STORE_KEY 511

struct store;
struct snapshot; /* owned by one worker */
struct change;   /* the write transaction; owned by the writer thread */

/*
 * Opens (and makes, if it is not there) the database in directory. One process only: a second one,
 * a foreign or corrupt file, or another version is -MAP_EDATABASE with what to do in why.
 */
int store_open(const char *directory, size_t map_size, struct store **out, char *why, size_t max);
void store_close(struct store *store); /* NULL allowed; all snapshots released before */
const char *store_directory(const struct store *store); /* as it was opened */
/*
 * Lets go of what processes read that are there no more, as a backup that was killed: what they saw stays in the
 * file, and it grows. Cheap while nobody else reads.
 */
void store_reap(struct store *store);
/* Used and whole size of the map in octets. */
void store_usage(struct store *store, size_t *used, size_t *size);

/*
 * Whether a commit may return before its last page is on the disk: a crash of the host may then undo the last
 * commits since store_sync(), and nothing else; the database stays whole. Durable at first. When the disk fails, all
 * commits fail until those before are there, and are durable until store_sync() was 0 and they are set lazy again.
 */
int store_set_lazy(struct store *store, bool lazy) MUST_CHECK;
int store_sync(struct store *store) MUST_CHECK;

int snapshot_new(struct store *store, struct snapshot **out);
void snapshot_free(struct snapshot *snap);
/* Takes the newest state; values got are borrowed until release. */
int snapshot_take(struct snapshot *snap) MUST_CHECK;
void snapshot_release(struct snapshot *snap);
/* The value at key; false: absent, or an error (then counted by snapshot_error()). */
bool snapshot_get(struct snapshot *snap, enum table table, struct bytes key, struct bytes *value);
/* The entry at the largest key <= key (floor), or the smallest key >= key (ceiling); found is set
 * to its key. */
bool snapshot_floor(struct snapshot *snap, enum table table, struct bytes key, struct bytes *found,
    struct bytes *value);
bool snapshot_ceiling(struct snapshot *snap, enum table table, struct bytes key,
    struct bytes *found, struct bytes *value);
/* The next entry after found of the last floor, ceiling or next on this table. */
bool snapshot_next(struct snapshot *snap, enum table table, struct bytes *found,
    struct bytes *value);
int snapshot_error(const struct snapshot *snap); /* sticky until the next take */

/* A write transaction keeps its first error; commit of a failed one is an abort and returns it. */
int change_begin(struct store *store, struct change **out);
int change_commit(struct change *change) MUST_CHECK; /* durable when 0 */
void change_abort(struct change *change);
/* A savepoint inside: change_keep() or change_undo() ends it. */
int change_savepoint(struct change *change);
int change_keep(struct change *change);
void change_undo(struct change *change);
bool change_get(struct change *change, enum table table, struct bytes key, struct bytes *value);
bool change_floor(struct change *change, enum table table, struct bytes key, struct bytes *found,
    struct bytes *value);
bool change_ceiling(struct change *change, enum table table, struct bytes key,
    struct bytes *found, struct bytes *value);
bool change_next(struct change *change, enum table table, struct bytes *found,
    struct bytes *value);
void change_put(struct change *change, enum table table, struct bytes key, struct bytes value);
/* A put whose key is most likely above all keys of the table: pages are filled, not halved. */
void change_append(struct change *change, enum table table, struct bytes key, struct bytes value);
void change_remove(struct change *change, enum table table, struct bytes key);
/* Removes the first keys that start with prefix, at most that many; returns how many. */
size_t change_remove_prefix(struct change *change, enum table table, struct bytes prefix,
    size_t most);
int change_error(const struct change *change);

#endif
