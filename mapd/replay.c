/*
 * replay.c - messages that were accepted before.
 * Knows what a message is known again by, and how that is kept on the disk; knows nothing of what it asked for.
 */
#include "mapd/replay.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "mapd/meta.h"
#include "mapd/node.h"
#include "mapd/traces.h"
#include "mapd/work.h"

#define ROW_KEY 12
#define ROW_ENTRY (1 + 4 + 8 + 1)
#define ROW_SIG0 (TRACE_KEY + 4)
#define SWEEP 4 /* entries looked at for each that is noted */
#define SWEEP_FULL \
	65536 /* and in a second without room: a millisecond's, of up to 16 million */
#define ROWS_GONE 16 /* rows removed with a commit, at most */

struct replay {
	pthread_mutex_t lock;
	struct traces *traces;
	struct undo *undo;
	size_t n_undo, max_undo;
	uint8_t *row; /* of what is pending */
	size_t row_n, row_max;
	uint32_t row_over; /* when all of it is over */
	uint64_t rows; /* number of the next */
	uint64_t swept; /* seconds: when many traces were last looked at */
};

int
replay_new(struct replay **out)
{
	struct replay *replay = calloc(1, sizeof *replay);

	if (replay == NULL)
		return -MAP_ENOMEM;
	pthread_mutex_init(&replay->lock, NULL);
	*out = replay;
	return traces_new(&replay->traces);
}

void
replay_free(struct replay *replay)
{
	if (replay == NULL)
		return;
	pthread_mutex_destroy(&replay->lock);
	traces_free(replay->traces);
	free(replay->undo);
	free(replay->row);
	free(replay);
}

/* --- messages --- */

static struct trace
trace_of(const struct proposal *p, unsigned rcode)
{
	struct trace t = {.digest = get_u64(p->digest),
	    .sig0 = p->seal == SEALED_SIG0,
	    .rcode = (uint8_t)rcode};

	if (t.sig0) {
		memcpy(t.id, p->actor.key, TRACE_KEY);
		t.inception = p->sig0.inception;
		t.expires = p->sig0.expiration;
	} else {
		t.expires = (uint32_t)(p->tsig.time + p->tsig.fudge);
	}
	return t;
}

static enum replay_answer
replay_find_once(struct replay *replay, const struct proposal *proposal, bool pending,
    uint64_t now, unsigned *rcode)
{
	struct trace t = trace_of(proposal, 0);
	enum replay_answer answer = REPLAY_NEW;
	uint32_t inception, messages = 0;
	bool is_pending = false;

	if (traces_find(replay->traces, t.digest, now, &t.rcode, &is_pending)) {
		*rcode = t.rcode;
		answer = pending || !is_pending ? REPLAY_KNOWN : REPLAY_NEW;
	} else if (trace_is_over(t.expires, now) || traces_forgot(replay->traces, t.expires)) {
		answer = REPLAY_OVER;
	} else if (t.sig0 && traces_find_key(replay->traces, t.id, &inception, &messages) &&
		   serial_after(inception, t.inception)) {
		answer = REPLAY_OLD;
	} else if (messages >= REPLAY_OF_KEY || traces_count(replay->traces) >= TRACES_MOST) {
		answer = REPLAY_FULL;
	}
	return answer;
}

/* Where nothing is noted, nothing is swept: too many may be those that can come no more. Those of one key are few, and are
 * looked at whenever there seem to be too many; all others once a second. */
static enum replay_answer
replay_find(struct replay *replay, const struct proposal *proposal, bool pending, uint64_t now,
    unsigned *rcode)
{
	enum replay_answer answer;

	pthread_mutex_lock(&replay->lock);
	answer = replay_find_once(replay, proposal, pending, now, rcode);
	if (answer == REPLAY_FULL) {
		if (proposal->seal == SEALED_SIG0)
			traces_sweep_key(replay->traces, proposal->actor.key, now);
		if (replay->swept != now)
			traces_sweep(replay->traces, SWEEP_FULL, now);
		replay->swept = now;
		answer = replay_find_once(replay, proposal, pending, now, rcode);
	}
	pthread_mutex_unlock(&replay->lock);
	return answer;
}

bool
replay_knows(struct replay *replay, const uint8_t digest[32], uint64_t now, unsigned *rcode)
{
	bool found, pending = false;
	uint8_t code = 0;

	pthread_mutex_lock(&replay->lock);
	found = traces_find(replay->traces, get_u64(digest), now, &code, &pending);
	pthread_mutex_unlock(&replay->lock);
	*rcode = code;
	return found && !pending;
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
		wr_copy(&wr, t->id, TRACE_KEY);
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
	traces_sweep(replay->traces, SWEEP, now);
	rc = traces_add(replay->traces, &t, true, &replay->undo[replay->n_undo]);
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
		    key.n != ROW_KEY || !trace_is_over(get_u32(key.p), now))
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
	work_put_clock(change, now); /* no row that goes is of later */
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
			traces_keep(replay->traces, undo);
		else
			traces_undo(replay->traces, undo);
	}
	pthread_mutex_unlock(&replay->lock);
	replay->row_n = 0;
}

size_t
replay_count(struct replay *replay)
{
	size_t n;

	pthread_mutex_lock(&replay->lock);
	n = traces_count(replay->traces);
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
			rd_copy(&rd, t.id, TRACE_KEY);
			t.inception = rd_u32(&rd);
		}
		if (rd.error != 0)
			return -MAP_EDATABASE;
		if (!trace_is_over(t.expires, now)) {
			rc = traces_add(replay->traces, &t, false, &undo);
			continue;
		}
		traces_forget(replay->traces, t.expires);
		if (t.sig0 && !trace_is_over(t.inception + REPLAY_WINDOW, now))
			rc = traces_add_key(replay->traces, &t);
		else if (t.sig0)
			traces_forget(replay->traces, t.inception + REPLAY_WINDOW);
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
	uint64_t last = meta_clock_get(change);
	int rc = 0;

	/* rows that went were over by then; the clock may have been set back since, and may be at any time */
	if (last > 0)
		traces_forget(replay->traces, (uint32_t)(last - 1));
	for (; more && rc == 0; more = change_next(change, TABLE_REPLAY, &key, &value)) {
		if (key.n != ROW_KEY)
			return -MAP_EDATABASE;
		if (get_u64(key.p + 4) >= replay->rows)
			replay->rows = get_u64(key.p + 4) + 1;
		if (trace_is_over(get_u32(key.p), now))
			traces_forget(replay->traces, get_u32(key.p));
		else
			rc = row_read(replay, value, now);
	}
	return rc != 0 ? rc : change_error(change);
}
