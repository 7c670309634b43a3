/*
 * work.c - what the writer thread works with: keys, and the table of zones.
 * Knows the database as a whole; knows nothing of jobs and sockets.
 */
#include "mapd/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/crypto.h"
#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "mapd/claim.h"
#include "mapd/meta.h"
#include "mapd/replay.h"

#define WORK_SLICE 8192 /* entries removed in one transaction */
#define WORK_CLOCK_BEHIND 3600 /* seconds the clock may be behind the last change */

bool
work_zone(struct change *change, const struct name *apex, struct zone *out)
{
	uint8_t key[NAME_KEY];
	struct bytes value;

	return change_get(change, TABLE_ZONES, (struct bytes){key, zone_meta_key(apex, key)},
		   &value) &&
	       zone_meta_read(value, out) == 0;
}

bool
work_zone_of(struct change *change, const struct name *name, struct zone *out)
{
	struct name apex = *name;

	while (!work_zone(change, &apex, out)) {
		if (name_labels(&apex) == 0)
			return false;
		name_parent(&apex, 1, &apex);
	}
	return true;
}

bool
work_zone_next(struct change *change, uint8_t key[NAME_KEY], size_t *n, struct zone *out)
{
	struct bytes found, value;

	if (!change_ceiling(change, TABLE_ZONES, (struct bytes){key, *n}, &found, &value))
		return false;
	if (*n > 0 && bytes_equal(found, (struct bytes){key, *n}) &&
	    !change_next(change, TABLE_ZONES, &found, &value))
		return false;
	if (found.n > NAME_KEY || zone_meta_read(value, out) != 0)
		return false;
	memcpy(key, found.p, found.n);
	*n = found.n;
	return true;
}

void
work_zone_put(struct change *change, const struct zone *zone)
{
	uint8_t key[NAME_KEY], octets[NAME_WIRE + 64];
	struct wr wr = wr_init(octets, sizeof octets);

	zone_meta_put(&wr, zone);
	change_put(change, TABLE_ZONES, (struct bytes){key, zone_meta_key(&zone->apex, key)},
	    wr_done(&wr));
}

/* Where the key of apex is, or would be. */
static size_t
work_key_place(const struct work *work, const struct name *apex)
{
	size_t low = 0, high = work->n_keys;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (name_compare(&work->keys[middle]->apex, apex) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
work_key_is_at(const struct work *work, size_t at, const struct name *apex)
{
	return at < work->n_keys && name_equal(&work->keys[at]->apex, apex);
}

static int
work_key_insert(struct work *work, size_t at, struct keyset *set)
{
	if (work->n_keys == work->max_keys) {
		size_t max = work->max_keys == 0 ? 16 : 2 * work->max_keys;
		struct keyset **more = realloc(work->keys, max * sizeof *more);

		if (more == NULL)
			return -MAP_ENOMEM;
		work->keys = more;
		work->max_keys = max;
	}
	memmove(
	    &work->keys[at + 1], &work->keys[at], (work->n_keys - at) * sizeof work->keys[0]);
	work->keys[at] = set;
	work->n_keys++;
	return 0;
}

struct keyset *
work_keys_known(const struct work *work, const struct name *apex)
{
	size_t at = work_key_place(work, apex);

	return work_key_is_at(work, at, apex) ? work->keys[at] : NULL;
}

int
work_keys(struct work *work, struct change *change, const struct name *apex,
    const struct keyset **out, char *why, size_t max)
{
	struct keyset_wish wish = {
	    rules_algorithm(work->rules, apex), rules_split(work->rules, apex)};
	struct keyset *set = work_keys_known(work, apex);
	int rc;

	*out = set;
	if (set != NULL)
		return 0;
	rc = keyset_open(work->ring, change, apex, &wish, clock_seconds(), &set, why, max);
	if (rc == 0) {
		set = keyset_trim(set);
		rc = work_key_insert(work, work_key_place(work, apex), set);
	}
	if (rc != 0) {
		keyset_free(rc == -MAP_ENOMEM ? set : NULL);
		return rc;
	}
	/* a look at all zones is dear while many are loaded */
	if (set->roll.kind != ROLL_NONE || rules_have_lifetime(work->rules, apex))
		work->roll_at = 0;
	*out = set;
	return 0;
}

int
work_keys_take(struct work *work, struct keyset *set)
{
	size_t at = work_key_place(work, &set->apex);

	work->roll_at = 0;
	set = keyset_trim(set);
	if (!work_key_is_at(work, at, &set->apex))
		return work_key_insert(work, at, set);
	/* secrets that both have are the new one's */
	free(work->keys[at]);
	work->keys[at] = set;
	return 0;
}

void
work_forget(struct work *work, const struct name *apex)
{
	size_t at = work_key_place(work, apex);

	if (!work_key_is_at(work, at, apex))
		return;
	keyset_free(work->keys[at]);
	work->n_keys--;
	memmove(
	    &work->keys[at], &work->keys[at + 1], (work->n_keys - at) * sizeof work->keys[0]);
}

static void
work_due_take(struct work_due *due, const struct zone *zone)
{
	if (due->any && !serial_after(due->at, zone->resign))
		return;
	due->any = true;
	due->at = zone->resign;
	due->id = zone->id;
	due->apex = zone->apex;
}

void
work_due_note(struct work *work, const struct zone *zone)
{
	struct work_due *due = &work->due;

	/* another one may be the first now */
	if (due->any && name_equal(&due->apex, &zone->apex))
		due->known = false;
	else
		work_due_take(due, zone);
}

bool
work_due_find(struct work *work)
{
	struct work_due due = {.known = true};
	struct change *change;
	uint8_t key[NAME_KEY];
	struct zone zone;
	size_t n = 0;

	if (!work->due.known) {
		if (change_begin(work->store, &change) != 0)
			return false;
		while (work_zone_next(change, key, &n, &zone))
			work_due_take(&due, &zone);
		due.known = change_error(change) == 0;
		change_abort(change);
		work->due = due;
	}
	return work->due.known && work->due.any;
}

int
work_sweep(struct work *work, uint32_t id)
{
	static const enum table tables[] = {TABLE_NODES, TABLE_DENIAL, TABLE_JOURNAL};
	uint8_t octets[4];
	struct bytes prefix = {octets, sizeof octets};
	struct change *change;
	size_t n, i = 0;
	int rc = 0;

	put_u32(octets, id);
	while (i < sizeof tables / sizeof tables[0] && rc == 0) {
		rc = change_begin(work->store, &change);
		if (rc != 0)
			return rc;
		n = change_remove_prefix(change, tables[i], prefix, WORK_SLICE);
		rc = change_commit(change);
		if (n < WORK_SLICE)
			i++;
	}
	return rc;
}

int
work_sweep_claims(struct work *work, const struct name *apex, const struct name *from)
{
	struct name last = *from;
	struct change *change;
	bool more = true;
	int rc = 0;

	while (more && rc == 0) {
		rc = change_begin(work->store, &change);
		if (rc != 0)
			return rc;
		more = claim_forget(change, apex, &last, WORK_CLAIMS);
		rc = change_commit(change);
	}
	return rc;
}

static int
id_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The ids of all zones, ascending; caller frees. */
static int
work_ids(struct change *change, uint32_t **ids, size_t *n)
{
	uint8_t key[NAME_KEY];
	size_t key_n = 0, max = 0;
	struct zone zone;

	*ids = NULL;
	*n = 0;
	while (work_zone_next(change, key, &key_n, &zone)) {
		if (*n == max) {
			uint32_t *more;

			max = max == 0 ? 64 : 2 * max;
			more = realloc(*ids, max * sizeof *more);
			if (more == NULL)
				return -MAP_ENOMEM;
			*ids = more;
		}
		(*ids)[(*n)++] = zone.id;
	}
	if (*n > 0)
		qsort(*ids, *n, sizeof **ids, id_compare);
	return change_error(change);
}

/* The first id at or after *id under which there is something, but no zone; false: none. */
static bool
work_orphan(
    struct change *change, enum table table, const uint32_t *ids, size_t n, uint32_t *id)
{
	struct bytes found, value;
	uint8_t octets[4];

	for (;; (*id)++) {
		put_u32(octets, *id);
		if (!change_ceiling(change, table, (struct bytes){octets, 4}, &found, &value) ||
		    found.n < 4)
			return false;
		*id = get_u32(found.p);
		if (n == 0 || bsearch(id, ids, n, sizeof *ids, id_compare) == NULL)
			return true;
	}
}

static int
work_sweep_table(struct work *work, enum table table)
{
	struct change *change;
	uint32_t id = 0, *ids;
	bool found = true;
	size_t n;
	int rc = 0;

	while (found && rc == 0) {
		rc = change_begin(work->store, &change);
		if (rc != 0)
			return rc;
		rc = work_ids(change, &ids, &n);
		found = rc == 0 && work_orphan(change, table, ids, n, &id);
		free(ids);
		change_abort(change);
		if (found)
			rc = work_sweep(work, id);
	}
	return rc;
}

/* Claims in a zone that is not there: its removal was interrupted. */
static int
work_sweep_claimed(struct work *work)
{
	struct name apex = {0};
	struct change *change;
	struct zone zone;
	bool found = true;
	int rc = 0;

	while (found && rc == 0) {
		rc = change_begin(work->store, &change);
		if (rc != 0)
			return rc;
		do
			found = claim_zone_next(change, &apex);
		while (found && work_zone(change, &apex, &zone));
		rc = change_error(change);
		change_abort(change);
		if (found && rc == 0)
			rc = work_sweep_claims(work, &apex, &apex);
	}
	return rc;
}

/* A load or a removal that was interrupted leaves content under an id that is no zone's. */
static int
work_sweep_orphans(struct work *work)
{
	int rc = work_sweep_table(work, TABLE_NODES);

	if (rc == 0)
		rc = work_sweep_table(work, TABLE_DENIAL);
	if (rc == 0)
		rc = work_sweep_table(work, TABLE_JOURNAL);
	return rc == 0 ? work_sweep_claimed(work) : rc;
}

int
work_check_clock(struct change *change, uint64_t now, char *why, size_t max)
{
	uint64_t last = meta_clock_get(change);

	if (now + WORK_CLOCK_BEHIND >= last)
		return 0;
	snprintf(why, max,
	    "the clock is %llu s behind the database's last change: set it; or, if it was ahead"
	    " then, move the database away (the keys stay) and load the zones again",
	    (unsigned long long)(last - now));
	return -MAP_EREFUSED;
}

void
work_put_clock(struct change *change, uint64_t now)
{
	if (now > meta_clock_get(change))
		meta_clock_put(change, now);
}

static int
work_open_keys(struct work *work, char *why, size_t max)
{
	const struct keyset *opened;
	char name[NAME_TEXT], inner[1024];
	struct change *change;
	uint8_t key[NAME_KEY];
	struct zone zone;
	size_t n = 0;
	int rc = change_begin(work->store, &change);

	if (rc != 0) {
		snprintf(why, max, "database: %s", error_text(rc));
		return rc;
	}
	rc = work_check_clock(change, clock_seconds(), why, max);
	while (rc == 0 && work_zone_next(change, key, &n, &zone)) {
		rc = work_keys(work, change, &zone.apex, &opened, inner, sizeof inner);
		if (rc != 0)
			snprintf(why, max, "zone %s: %s", name_print(&zone.apex, name), inner);
	}
	change_abort(change);
	return rc;
}

void
work_compare_zone(const struct work *work, const struct zone *zone)
{
	const struct keyset *keys = work_keys_known(work, &zone->apex);

	rules_compare(work->rules, zone, keys != NULL && keyset_have(keys).split);
}

int
work_compare(struct work *work)
{
	struct change *change;
	uint8_t key[NAME_KEY];
	struct zone zone;
	size_t n = 0;
	int rc = change_begin(work->store, &change);

	if (rc != 0)
		return rc;
	while (work_zone_next(change, key, &n, &zone))
		work_compare_zone(work, &zone);
	change_abort(change);
	return 0;
}

/* The messages that were accepted before the last end. */
static int
work_remember(struct work *work)
{
	struct change *change;
	int rc = replay_new(&work->replay);

	if (rc == 0)
		rc = change_begin(work->store, &change);
	if (rc != 0)
		return rc;
	rc = replay_load(work->replay, change, clock_seconds());
	change_abort(change);
	return rc;
}

int
work_init(struct work *work, struct store *store, const char *keys, const struct rules *rules,
    unsigned threads, char *why, size_t max)
{
	int rc;

	memset(work, 0, sizeof *work);
	work->store = store;
	work->rules = rules;
	rc = keyring_open(keys, &work->ring, why, max);
	if (rc != 0)
		return rc;
	rc = pool_new(threads > 0 ? threads - 1 : 0, &work->pool);
	if (rc == 0)
		rc = batch_new(work->pool, &work->batch);
	if (rc == 0)
		rc = journal_new(&work->journal);
	if (rc == 0)
		rc = work_remember(work);
	if (rc == 0)
		rc = batch_new(work->pool, &work->behind);
	if (rc == 0) {
		work->scratch = calloc(WORK_SCRATCH, sizeof *work->scratch);
		rc = work->scratch == NULL ? -MAP_ENOMEM : work_sweep_orphans(work);
	}
	if (rc != 0)
		snprintf(why, max, "database: %s", error_text(rc));
	else
		rc = work_open_keys(work, why, max);
	if (rc != 0)
		work_fini(work);
	return rc;
}

void
work_fini(struct work *work)
{
	for (size_t i = 0; i < work->n_keys; i++)
		keyset_free(work->keys[i]);
	free(work->keys);
	free(work->scratch);
	batch_free(work->batch);
	journal_free(work->journal);
	replay_free(work->replay);
	batch_free(work->behind);
	pool_free(work->pool);
	keyring_close(work->ring);
	memset(work, 0, sizeof *work);
}
