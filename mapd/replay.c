/*
 * replay.c - messages that were accepted before.
 * Two tables in memory: messages by their digest, SIG(0) keys by themselves with the latest inception. Knows
 * when a message can come no more; knows nothing of what it asked for.
 */
#include "mapd/replay.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "mapd/node.h"

#define KEY_ID 16
#define NONE UINT32_MAX
#define SEEN_MOST (16u << 20)
#define ROW_KEY 12
#define ROW_ENTRY (1 + 4 + 8 + 1)
#define ROW_SIG0 (KEY_ID + 4)
#define SWEEP 4 /* entries looked at for each that is noted */
#define ROWS_GONE 16 /* rows removed with a commit, at most */

/* A message, or a key: both are slots of a table. */
struct seen {
	uint64_t digest;
	uint32_t expires; /* seconds, RFC 1982 */
	uint32_t next; /* in its bucket */
	uint32_t key; /* slot of its key; NONE: TSIG */
	uint8_t rcode;
	bool used, pending;
};

struct signer_key {
	uint8_t id[KEY_ID];
	uint32_t inception; /* the latest accepted */
	uint32_t over; /* when no earlier one can hold any more */
	uint32_t next;
	uint32_t messages; /* of it that are remembered */
	bool used;
};

/* Slots with buckets: what both tables have. */
struct slots {
	uint32_t *buckets; /* slot, or NONE */
	uint32_t n_buckets; /* a power of two */
	uint32_t n, max, free; /* free: the first unused below n, linked by next */
	uint32_t swept;
	uint32_t used;
};

/* To be put back when the commit fails. */
struct undo {
	uint32_t seen, key;
	uint32_t inception, over; /* of the key, before */
	bool key_is_new;
};

struct replay {
	pthread_mutex_t lock;
	struct slots seen_slots, key_slots;
	struct seen *seen;
	struct signer_key *keys;
	struct undo *undo;
	size_t n_undo, max_undo;
	uint8_t *row; /* of what is pending */
	size_t row_n, row_max;
	uint32_t row_over; /* when all of it is over */
	uint64_t rows; /* number of the next */
};

int
replay_new(struct replay **out)
{
	struct replay *replay = calloc(1, sizeof *replay);

	if (replay == NULL)
		return -MAP_ENOMEM;
	pthread_mutex_init(&replay->lock, NULL);
	replay->seen_slots.free = replay->key_slots.free = NONE;
	*out = replay;
	return 0;
}

void
replay_free(struct replay *replay)
{
	if (replay == NULL)
		return;
	pthread_mutex_destroy(&replay->lock);
	free(replay->seen_slots.buckets);
	free(replay->key_slots.buckets);
	free(replay->seen);
	free(replay->keys);
	free(replay->undo);
	free(replay->row);
	free(replay);
}

/* --- the tables --- */

static bool
is_over(uint32_t when, uint64_t now)
{
	return serial_after((uint32_t)now, when);
}

static uint32_t
digest_bucket(const struct slots *slots, uint64_t digest)
{
	return (uint32_t)digest & (slots->n_buckets - 1);
}

static uint32_t
key_bucket(const struct slots *slots, const uint8_t id[KEY_ID])
{
	return get_u32(id) & (slots->n_buckets - 1);
}

static uint32_t
seen_find(const struct replay *replay, uint64_t digest)
{
	uint32_t at = NONE;

	if (replay->seen_slots.n_buckets > 0)
		at = replay->seen_slots.buckets[digest_bucket(&replay->seen_slots, digest)];
	while (at != NONE && replay->seen[at].digest != digest)
		at = replay->seen[at].next;
	return at;
}

static uint32_t
key_find(const struct replay *replay, const uint8_t id[KEY_ID])
{
	uint32_t at = NONE;

	if (replay->key_slots.n_buckets > 0)
		at = replay->key_slots.buckets[key_bucket(&replay->key_slots, id)];
	while (at != NONE && memcmp(replay->keys[at].id, id, KEY_ID) != 0)
		at = replay->keys[at].next;
	return at;
}

/* Room for one more slot of so many octets; false: there is none. */
static bool
slots_room(struct slots *slots, void **array, size_t size)
{
	uint32_t max = slots->max * 2 + 1024;
	void *more;

	if (slots->free != NONE || slots->n < slots->max)
		return true;
	more = realloc(*array, (size_t)max * size);
	if (more == NULL)
		return false;
	*array = more;
	slots->max = max;
	return true;
}

/* New buckets, all empty, when there are fewer than slots; false: it stays as it is, or there are none. */
static bool
slots_spread(struct slots *slots)
{
	uint32_t n = slots->n_buckets == 0 ? 1024 : slots->n_buckets * 2, *buckets;

	if (slots->used < slots->n_buckets)
		return false;
	buckets = malloc((size_t)n * sizeof *buckets);
	if (buckets == NULL)
		return false;
	free(slots->buckets);
	memset(buckets, 0xff, (size_t)n * sizeof *buckets);
	slots->buckets = buckets;
	slots->n_buckets = n;
	return true;
}

static void
seen_link(struct replay *replay, uint32_t at)
{
	struct seen *seen = &replay->seen[at];
	uint32_t *bucket =
	    &replay->seen_slots.buckets[digest_bucket(&replay->seen_slots, seen->digest)];

	seen->next = *bucket;
	*bucket = at;
}

static void
key_link(struct replay *replay, uint32_t at)
{
	struct signer_key *key = &replay->keys[at];
	uint32_t *bucket = &replay->key_slots.buckets[key_bucket(&replay->key_slots, key->id)];

	key->next = *bucket;
	*bucket = at;
}

/* A slot for one more message; NONE: no memory. */
static uint32_t
seen_slot(struct replay *replay)
{
	struct slots *slots = &replay->seen_slots;
	void *array = replay->seen;
	bool room = slots_room(slots, &array, sizeof *replay->seen);
	uint32_t at = slots->free;

	replay->seen = array;
	if (slots_spread(slots))
		for (uint32_t i = 0; i < slots->n; i++)
			if (replay->seen[i].used)
				seen_link(replay, i);
	if (!room || slots->n_buckets == 0)
		return NONE;
	if (at != NONE)
		slots->free = replay->seen[at].next;
	else
		at = slots->n++;
	slots->used++;
	return at;
}

static uint32_t
key_slot(struct replay *replay)
{
	struct slots *slots = &replay->key_slots;
	void *array = replay->keys;
	bool room = slots_room(slots, &array, sizeof *replay->keys);
	uint32_t at = slots->free;

	replay->keys = array;
	if (slots_spread(slots))
		for (uint32_t i = 0; i < slots->n; i++)
			if (replay->keys[i].used)
				key_link(replay, i);
	if (!room || slots->n_buckets == 0)
		return NONE;
	if (at != NONE)
		slots->free = replay->keys[at].next;
	else
		at = slots->n++;
	slots->used++;
	return at;
}

static void
seen_drop(struct replay *replay, uint32_t at)
{
	struct seen *seen = &replay->seen[at];
	uint32_t *from =
	    &replay->seen_slots.buckets[digest_bucket(&replay->seen_slots, seen->digest)];

	while (*from != at)
		from = &replay->seen[*from].next;
	*from = seen->next;
	if (seen->key != NONE)
		replay->keys[seen->key].messages--;
	seen->used = false;
	seen->next = replay->seen_slots.free;
	replay->seen_slots.free = at;
	replay->seen_slots.used--;
}

static void
key_drop(struct replay *replay, uint32_t at)
{
	struct signer_key *key = &replay->keys[at];
	uint32_t *from = &replay->key_slots.buckets[key_bucket(&replay->key_slots, key->id)];

	while (*from != at)
		from = &replay->keys[*from].next;
	*from = key->next;
	key->used = false;
	key->next = replay->key_slots.free;
	replay->key_slots.free = at;
	replay->key_slots.used--;
}

/* Looks at some, and drops what can come no more. */
static void
replay_sweep(struct replay *replay, size_t some, uint64_t now)
{
	struct slots *s = &replay->seen_slots, *k = &replay->key_slots;

	for (size_t i = 0; i < some && s->n > 0; i++, s->swept++) {
		const struct seen *seen = &replay->seen[s->swept % s->n];

		if (seen->used && !seen->pending && is_over(seen->expires, now))
			seen_drop(replay, s->swept % s->n);
	}
	for (size_t i = 0; i < some && k->n > 0; i++, k->swept++) {
		const struct signer_key *key = &replay->keys[k->swept % k->n];

		if (key->used && key->messages == 0 && is_over(key->over, now))
			key_drop(replay, k->swept % k->n);
	}
}

/* --- messages --- */

/* A message as it is remembered. */
struct trace {
	uint64_t digest;
	uint32_t expires;
	bool sig0;
	uint8_t id[KEY_ID];
	uint32_t inception;
	uint8_t rcode;
};

static struct trace
trace_of(const struct proposal *p, unsigned rcode)
{
	struct trace t = {.digest = get_u64(p->digest),
	    .sig0 = p->seal == SEALED_SIG0,
	    .rcode = (uint8_t)rcode};

	if (t.sig0) {
		memcpy(t.id, p->actor.key, KEY_ID);
		t.inception = p->sig0.inception;
		t.expires = p->sig0.expiration;
	} else {
		t.expires = (uint32_t)(p->tsig.time + p->tsig.fudge);
	}
	return t;
}

static enum replay_answer
replay_find(struct replay *replay, const struct proposal *proposal, bool pending, uint64_t now,
    unsigned *rcode)
{
	struct trace t = trace_of(proposal, 0);
	enum replay_answer answer = REPLAY_NEW;
	uint32_t at, key;

	pthread_mutex_lock(&replay->lock);
	at = seen_find(replay, t.digest);
	key = t.sig0 ? key_find(replay, t.id) : NONE;
	if (at != NONE && !is_over(replay->seen[at].expires, now)) {
		if (pending || !replay->seen[at].pending) {
			*rcode = replay->seen[at].rcode;
			answer = REPLAY_KNOWN;
		}
	} else if (key != NONE && serial_after(replay->keys[key].inception, t.inception)) {
		answer = REPLAY_OLD;
	} else if ((key != NONE && replay->keys[key].messages >= REPLAY_OF_KEY) ||
		   replay->seen_slots.used >= SEEN_MOST) {
		answer = REPLAY_FULL;
	}
	pthread_mutex_unlock(&replay->lock);
	return answer;
}

enum replay_answer
replay_look(
    struct replay *replay, const struct proposal *proposal, uint64_t now, unsigned *rcode)
{
	return replay_find(replay, proposal, false, now, rcode);
}

enum replay_answer
replay_judge(
    struct replay *replay, const struct proposal *proposal, uint64_t now, unsigned *rcode)
{
	return replay_find(replay, proposal, true, now, rcode);
}

/* The slot of a SIG(0)'s key, brought up to date; NONE: no memory. */
static uint32_t
key_take(struct replay *replay, const struct trace *t, struct undo *undo)
{
	uint32_t at = key_find(replay, t->id);

	undo->key_is_new = at == NONE;
	if (at == NONE) {
		at = key_slot(replay);
		if (at == NONE)
			return NONE;
		replay->keys[at] = (struct signer_key){.inception = t->inception,
		    .over = t->inception + REPLAY_WINDOW,
		    .used = true};
		memcpy(replay->keys[at].id, t->id, KEY_ID);
		key_link(replay, at);
	}
	undo->inception = replay->keys[at].inception;
	undo->over = replay->keys[at].over;
	if (serial_after(t->inception, undo->inception)) {
		replay->keys[at].inception = t->inception;
		replay->keys[at].over = t->inception + REPLAY_WINDOW;
	}
	return at;
}

static int
trace_add(struct replay *replay, const struct trace *t, bool pending, struct undo *undo)
{
	*undo = (struct undo){.seen = NONE, .key = NONE};
	undo->seen = seen_slot(replay);
	if (undo->seen == NONE)
		return -MAP_ENOMEM;
	replay->seen[undo->seen] = (struct seen){.digest = t->digest,
	    .expires = t->expires,
	    .key = NONE,
	    .rcode = t->rcode,
	    .used = true,
	    .pending = pending};
	seen_link(replay, undo->seen);
	if (!t->sig0)
		return 0;
	undo->key = key_take(replay, t, undo);
	if (undo->key == NONE) {
		seen_drop(replay, undo->seen);
		return -MAP_ENOMEM;
	}
	replay->seen[undo->seen].key = undo->key;
	replay->keys[undo->key].messages++;
	return 0;
}

static void
trace_undo(struct replay *replay, const struct undo *undo)
{
	seen_drop(replay, undo->seen);
	if (undo->key == NONE)
		return;
	replay->keys[undo->key].inception = undo->inception;
	replay->keys[undo->key].over = undo->over;
	if (undo->key_is_new)
		key_drop(replay, undo->key);
}

/* Room for one more to be undone, and for its part of the row. */
static int
note_room(struct replay *replay)
{
	if (replay->n_undo == replay->max_undo) {
		size_t max = replay->max_undo * 2 + 256;
		struct undo *more = realloc(replay->undo, max * sizeof *more);

		if (more == NULL)
			return -MAP_ENOMEM;
		replay->undo = more;
		replay->max_undo = max;
	}
	if (replay->row_max - replay->row_n < 1 + ROW_ENTRY + ROW_SIG0) {
		size_t max = replay->row_max * 2 + 8192;
		uint8_t *more = realloc(replay->row, max);

		if (more == NULL)
			return -MAP_ENOMEM;
		replay->row = more;
		replay->row_max = max;
	}
	return 0;
}

static void
row_add(struct replay *replay, const struct trace *t)
{
	struct wr wr = wr_init(replay->row, replay->row_max);

	wr.n = replay->row_n;
	if (wr.n == 0) {
		wr_u8(&wr, NODE_VERSION);
		replay->row_over = t->expires;
	}
	wr_u8(&wr, t->rcode);
	wr_u32(&wr, t->expires);
	wr_u64(&wr, t->digest);
	wr_u8(&wr, t->sig0);
	if (t->sig0) {
		wr_copy(&wr, t->id, KEY_ID);
		wr_u32(&wr, t->inception);
	}
	replay->row_n = wr.n;
	/* a key's latest inception outlives the message */
	if (t->sig0 && serial_after(t->inception + REPLAY_WINDOW, replay->row_over))
		replay->row_over = t->inception + REPLAY_WINDOW;
	if (serial_after(t->expires, replay->row_over))
		replay->row_over = t->expires;
}

int
replay_note(
    struct replay *replay, const struct proposal *proposal, unsigned rcode, uint64_t now)
{
	struct trace t = trace_of(proposal, rcode);
	int rc = note_room(replay);

	if (rc != 0)
		return rc;
	pthread_mutex_lock(&replay->lock);
	replay_sweep(replay, SWEEP, now);
	rc = trace_add(replay, &t, true, &replay->undo[replay->n_undo]);
	pthread_mutex_unlock(&replay->lock);
	if (rc != 0)
		return rc;
	replay->n_undo++;
	row_add(replay, &t);
	return 0;
}

bool
replay_noted(const struct replay *replay)
{
	return replay->n_undo > 0;
}

/* The oldest rows go when all of them is over. */
static void
rows_trim(struct change *change, uint64_t now)
{
	uint8_t first[ROW_KEY] = {0};
	struct bytes key, value;

	for (int i = 0; i < ROWS_GONE; i++) {
		if (!change_ceiling(change, TABLE_REPLAY, (struct bytes){first, sizeof first},
			&key, &value) ||
		    key.n != ROW_KEY || !is_over(get_u32(key.p), now))
			return;
		memcpy(first, key.p, ROW_KEY);
		change_remove(change, TABLE_REPLAY, (struct bytes){first, sizeof first});
	}
}

void
replay_put(struct replay *replay, struct change *change, uint64_t now)
{
	uint8_t key[ROW_KEY];

	if (replay->row_n == 0)
		return;
	rows_trim(change, now);
	put_u32(key, replay->row_over);
	put_u64(key + 4, replay->rows++);
	change_put(change, TABLE_REPLAY, (struct bytes){key, sizeof key},
	    (struct bytes){replay->row, replay->row_n});
}

void
replay_end(struct replay *replay, bool durable)
{
	pthread_mutex_lock(&replay->lock);
	while (replay->n_undo > 0) {
		const struct undo *undo = &replay->undo[--replay->n_undo];

		if (durable)
			replay->seen[undo->seen].pending = false;
		else
			trace_undo(replay, undo);
	}
	pthread_mutex_unlock(&replay->lock);
	replay->row_n = 0;
}

size_t
replay_count(struct replay *replay)
{
	size_t n;

	pthread_mutex_lock(&replay->lock);
	n = replay->seen_slots.used;
	pthread_mutex_unlock(&replay->lock);
	return n;
}

/* --- at the start --- */

static int
row_read(struct replay *replay, struct bytes value, uint64_t now)
{
	struct rd rd = rd_init(value);
	struct undo undo;
	int rc = 0;

	if (rd_u8(&rd) != NODE_VERSION)
		return -MAP_EDATABASE;
	while (rc == 0 && rd_left(&rd) > 0) {
		struct trace t = {.rcode = rd_u8(&rd)};

		t.expires = rd_u32(&rd);
		t.digest = rd_u64(&rd);
		t.sig0 = rd_u8(&rd) != 0;
		if (t.sig0) {
			rd_copy(&rd, t.id, KEY_ID);
			t.inception = rd_u32(&rd);
		}
		if (rd.error != 0)
			return -MAP_EDATABASE;
		if (!is_over(t.expires, now) ||
		    (t.sig0 && !is_over(t.inception + REPLAY_WINDOW, now)))
			rc = trace_add(replay, &t, false, &undo);
	}
	return rc;
}

int
replay_load(struct replay *replay, struct change *change, uint64_t now)
{
	uint8_t first[ROW_KEY] = {0};
	struct bytes key, value;
	bool more = change_ceiling(
	    change, TABLE_REPLAY, (struct bytes){first, sizeof first}, &key, &value);
	int rc = 0;

	for (; more && rc == 0; more = change_next(change, TABLE_REPLAY, &key, &value)) {
		if (key.n != ROW_KEY)
			return -MAP_EDATABASE;
		if (get_u64(key.p + 4) >= replay->rows)
			replay->rows = get_u64(key.p + 4) + 1;
		if (!is_over(get_u32(key.p), now))
			rc = row_read(replay, value, now);
	}
	return rc != 0 ? rc : change_error(change);
}
