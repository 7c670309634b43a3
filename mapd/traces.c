/*
 * traces.c - what is remembered of messages, in memory: two tables of slots.
 * Knows when a message can come no more; knows nothing of what it asked for, nor of the disk.
 */
#include "mapd/traces.h"

#include <stdlib.h>
#include <string.h>

#include "core/sys/scatter.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "mapd/replay.h"

/* A message, or a key: both are slots of a table. */
struct seen {
	uint64_t digest;
	uint32_t expires; /* seconds, RFC 1982 */
	uint32_t next; /* in its bucket */
	uint32_t key; /* slot of its key; TRACE_NONE: TSIG */
	uint32_t same; /* the next message of that key, or TRACE_NONE */
	uint8_t rcode;
	bool used, pending;
};

struct signer_key {
	uint8_t id[TRACE_KEY];
	uint32_t inception; /* the latest accepted */
	uint32_t over; /* when no earlier one can hold any more */
	uint32_t next;
	uint32_t messages; /* of it that are remembered ... */
	uint32_t first; /* ... the latest, or TRACE_NONE */
	bool used;
};

/* Slots with buckets: what both tables have. */
struct slots {
	uint32_t *buckets; /* slot, or TRACE_NONE */
	uint32_t n_buckets; /* a power of two */
	uint32_t n, max, free; /* free: the first unused below n, linked by next */
	uint32_t swept;
	uint32_t used;
};

struct traces {
	struct slots seen_slots, key_slots;
	struct seen *seen;
	struct signer_key *keys;
	uint32_t forgotten; /* until when what was dropped could come, at the latest */
	bool forgets; /* anything was */
};

int
traces_new(struct traces **out)
{
	struct traces *traces = calloc(1, sizeof *traces);

	if (traces == NULL)
		return -MAP_ENOMEM;
	traces->seen_slots.free = traces->key_slots.free = TRACE_NONE;
	*out = traces;
	return 0;
}

void
traces_free(struct traces *traces)
{
	if (traces == NULL)
		return;
	free(traces->seen_slots.buckets);
	free(traces->key_slots.buckets);
	free(traces->seen);
	free(traces->keys);
	free(traces);
}

size_t
traces_count(const struct traces *traces)
{
	return traces->seen_slots.used;
}

bool
trace_is_over(uint32_t when, uint64_t now)
{
	return serial_after((uint32_t)now, when);
}

static uint32_t
digest_bucket(const struct slots *slots, uint64_t digest)
{
	return scatter((const uint8_t *)&digest, sizeof digest) & (slots->n_buckets - 1);
}

static uint32_t
key_bucket(const struct slots *slots, const uint8_t id[TRACE_KEY])
{
	return scatter(id, TRACE_KEY) & (slots->n_buckets - 1);
}

static uint32_t
seen_find(const struct traces *traces, uint64_t digest)
{
	uint32_t at = TRACE_NONE;

	if (traces->seen_slots.n_buckets > 0)
		at = traces->seen_slots.buckets[digest_bucket(&traces->seen_slots, digest)];
	while (at != TRACE_NONE && traces->seen[at].digest != digest)
		at = traces->seen[at].next;
	return at;
}

static uint32_t
key_find(const struct traces *traces, const uint8_t id[TRACE_KEY])
{
	uint32_t at = TRACE_NONE;

	if (traces->key_slots.n_buckets > 0)
		at = traces->key_slots.buckets[key_bucket(&traces->key_slots, id)];
	while (at != TRACE_NONE && memcmp(traces->keys[at].id, id, TRACE_KEY) != 0)
		at = traces->keys[at].next;
	return at;
}

/* Room for one more slot of so many octets; false: there is none. */
static bool
slots_room(struct slots *slots, void **array, size_t size)
{
	uint32_t max = slots->max * 2 + 1024;
	void *more;

	if (slots->free != TRACE_NONE || slots->n < slots->max)
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
seen_link(struct traces *traces, uint32_t at)
{
	struct seen *seen = &traces->seen[at];
	uint32_t *bucket =
	    &traces->seen_slots.buckets[digest_bucket(&traces->seen_slots, seen->digest)];

	seen->next = *bucket;
	*bucket = at;
}

static void
key_link(struct traces *traces, uint32_t at)
{
	struct signer_key *key = &traces->keys[at];
	uint32_t *bucket = &traces->key_slots.buckets[key_bucket(&traces->key_slots, key->id)];

	key->next = *bucket;
	*bucket = at;
}

/* A slot for one more message; TRACE_NONE: no memory. */
static uint32_t
seen_slot(struct traces *traces)
{
	struct slots *slots = &traces->seen_slots;
	void *array = traces->seen;
	bool room = slots_room(slots, &array, sizeof *traces->seen);
	uint32_t at = slots->free;

	traces->seen = array;
	if (slots_spread(slots))
		for (uint32_t i = 0; i < slots->n; i++)
			if (traces->seen[i].used)
				seen_link(traces, i);
	if (!room || slots->n_buckets == 0)
		return TRACE_NONE;
	if (at != TRACE_NONE)
		slots->free = traces->seen[at].next;
	else
		at = slots->n++;
	slots->used++;
	return at;
}

static uint32_t
key_slot(struct traces *traces)
{
	struct slots *slots = &traces->key_slots;
	void *array = traces->keys;
	bool room = slots_room(slots, &array, sizeof *traces->keys);
	uint32_t at = slots->free;

	traces->keys = array;
	if (slots_spread(slots))
		for (uint32_t i = 0; i < slots->n; i++)
			if (traces->keys[i].used)
				key_link(traces, i);
	if (!room || slots->n_buckets == 0)
		return TRACE_NONE;
	if (at != TRACE_NONE)
		slots->free = traces->keys[at].next;
	else
		at = slots->n++;
	slots->used++;
	return at;
}

/* Its key forgets it; there are at most REPLAY_OF_KEY to be looked through. */
static void
seen_leave(struct traces *traces, uint32_t at)
{
	struct signer_key *key = &traces->keys[traces->seen[at].key];
	uint32_t *from = &key->first;

	while (*from != at)
		from = &traces->seen[*from].same;
	*from = traces->seen[at].same;
	key->messages--;
}

static void
seen_drop(struct traces *traces, uint32_t at)
{
	struct seen *seen = &traces->seen[at];
	uint32_t *from =
	    &traces->seen_slots.buckets[digest_bucket(&traces->seen_slots, seen->digest)];

	while (*from != at)
		from = &traces->seen[*from].next;
	*from = seen->next;
	if (seen->key != TRACE_NONE)
		seen_leave(traces, at);
	seen->used = false;
	seen->next = traces->seen_slots.free;
	traces->seen_slots.free = at;
	traces->seen_slots.used--;
}

static void
key_drop(struct traces *traces, uint32_t at)
{
	struct signer_key *key = &traces->keys[at];
	uint32_t *from = &traces->key_slots.buckets[key_bucket(&traces->key_slots, key->id)];

	while (*from != at)
		from = &traces->keys[*from].next;
	*from = key->next;
	key->used = false;
	key->next = traces->key_slots.free;
	traces->key_slots.free = at;
	traces->key_slots.used--;
}

void
traces_forget(struct traces *traces, uint32_t until)
{
	if (!traces->forgets || serial_after(until, traces->forgotten))
		traces->forgotten = until;
	traces->forgets = true;
}

bool
traces_forgot(const struct traces *traces, uint32_t expires)
{
	return traces->forgets && !serial_after(expires, traces->forgotten);
}

/* What can come no more is dropped. */
static void
seen_sweep(struct traces *traces, uint32_t at, uint64_t now)
{
	const struct seen *seen = &traces->seen[at];

	if (!seen->used || seen->pending || !trace_is_over(seen->expires, now))
		return;
	traces_forget(traces, seen->expires);
	seen_drop(traces, at);
}

static void
key_sweep(struct traces *traces, uint32_t at, uint64_t now)
{
	const struct signer_key *key = &traces->keys[at];

	if (!key->used || key->messages > 0 || !trace_is_over(key->over, now))
		return;
	traces_forget(traces, key->over);
	key_drop(traces, at);
}

void
traces_sweep(struct traces *traces, size_t some, uint64_t now)
{
	struct slots *s = &traces->seen_slots, *k = &traces->key_slots;

	for (size_t i = 0; i < some && i < s->n; i++, s->swept++)
		seen_sweep(traces, s->swept % s->n, now);
	for (size_t i = 0; i < some && i < k->n; i++, k->swept++)
		key_sweep(traces, k->swept % k->n, now);
}

/* The slot of a SIG(0)'s key, brought up to date; TRACE_NONE: no memory. */
static uint32_t
key_take(struct traces *traces, const struct trace *t, struct undo *undo)
{
	uint32_t at = key_find(traces, t->id);

	undo->key_is_new = at == TRACE_NONE;
	if (at == TRACE_NONE) {
		at = key_slot(traces);
		if (at == TRACE_NONE)
			return TRACE_NONE;
		traces->keys[at] = (struct signer_key){.first = TRACE_NONE,
		    .inception = t->inception,
		    .over = t->inception + REPLAY_WINDOW,
		    .used = true};
		memcpy(traces->keys[at].id, t->id, TRACE_KEY);
		key_link(traces, at);
	}
	undo->inception = traces->keys[at].inception;
	undo->over = traces->keys[at].over;
	if (serial_after(t->inception, undo->inception)) {
		traces->keys[at].inception = t->inception;
		traces->keys[at].over = t->inception + REPLAY_WINDOW;
	}
	return at;
}

int
traces_add(struct traces *traces, const struct trace *t, bool pending, struct undo *undo)
{
	*undo = (struct undo){.seen = TRACE_NONE, .key = TRACE_NONE};
	undo->seen = seen_slot(traces);
	if (undo->seen == TRACE_NONE)
		return -MAP_ENOMEM;
	traces->seen[undo->seen] = (struct seen){.digest = t->digest,
	    .expires = t->expires,
	    .key = TRACE_NONE,
	    .rcode = t->rcode,
	    .used = true,
	    .pending = pending};
	seen_link(traces, undo->seen);
	if (!t->sig0)
		return 0;
	undo->key = key_take(traces, t, undo);
	if (undo->key == TRACE_NONE) {
		seen_drop(traces, undo->seen);
		return -MAP_ENOMEM;
	}
	traces->seen[undo->seen].key = undo->key;
	traces->seen[undo->seen].same = traces->keys[undo->key].first;
	traces->keys[undo->key].first = undo->seen;
	traces->keys[undo->key].messages++;
	return 0;
}

int
traces_add_key(struct traces *traces, const struct trace *t)
{
	struct undo undo;

	return key_take(traces, t, &undo) != TRACE_NONE ? 0 : -MAP_ENOMEM;
}

void
traces_sweep_key(struct traces *traces, const uint8_t id[TRACE_KEY], uint64_t now)
{
	uint32_t at = key_find(traces, id), next;

	for (at = at != TRACE_NONE ? traces->keys[at].first : TRACE_NONE; at != TRACE_NONE;
	     at = next) {
		next = traces->seen[at].same;
		seen_sweep(traces, at, now);
	}
}

void
traces_undo(struct traces *traces, const struct undo *undo)
{
	seen_drop(traces, undo->seen);
	if (undo->key == TRACE_NONE)
		return;
	traces->keys[undo->key].inception = undo->inception;
	traces->keys[undo->key].over = undo->over;
	if (undo->key_is_new)
		key_drop(traces, undo->key);
}

void
traces_keep(struct traces *traces, const struct undo *undo)
{
	traces->seen[undo->seen].pending = false;
}

bool
traces_find(
    const struct traces *traces, uint64_t digest, uint64_t now, uint8_t *rcode, bool *pending)
{
	uint32_t at = seen_find(traces, digest);

	if (at == TRACE_NONE || trace_is_over(traces->seen[at].expires, now))
		return false;
	*rcode = traces->seen[at].rcode;
	*pending = traces->seen[at].pending;
	return true;
}

bool
traces_find_key(const struct traces *traces, const uint8_t id[TRACE_KEY], uint32_t *inception,
    uint32_t *messages)
{
	uint32_t at = key_find(traces, id);

	if (at == TRACE_NONE)
		return false;
	*inception = traces->keys[at].inception;
	*messages = traces->keys[at].messages;
	return true;
}
