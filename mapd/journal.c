/*
 * journal.c - what each change of a zone took away and added, record by record.
 * Knows the stored form of names and denial; knows nothing of who changes them, and why.
 */
#include "mapd/journal.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "core/wire/rrtype.h"

#define JOURNAL_GATHERED ((size_t)256 << 20) /* octets; a larger difference is none */
#define JOURNAL_SLICE 65536 /* entries removed at once */
#define HEAD_SIZE 21
#define DIFFERENCE_HEAD 25

/* A record that comes or goes; one that does both is neither. */
struct line {
	size_t at, n; /* in octets */
	uint16_t type;
	bool added;
	bool dropped;
};

struct journal {
	struct zone before;
	uint8_t *octets;
	size_t n, max;
	struct line *lines;
	uint32_t *order;
	size_t n_lines, max_lines;
	bool failed; /* out of memory, or too much */
};

int
journal_new(struct journal **out)
{
	*out = calloc(1, sizeof **out);
	return *out == NULL ? -MAP_ENOMEM : 0;
}

static void
journal_empty(struct journal *journal)
{
	free(journal->octets);
	free(journal->lines);
	free(journal->order);
	*journal = (struct journal){0};
}

void
journal_free(struct journal *journal)
{
	if (journal == NULL)
		return;
	journal_empty(journal);
	free(journal);
}

void
journal_begin(struct journal *journal, const struct zone *before)
{
	journal_empty(journal);
	journal->before = *before;
}

/* Room for one more line of n octets; false: there is none, and no difference comes of this. */
static bool
journal_room(struct journal *journal, size_t n)
{
	if (journal->failed || journal->n + n > JOURNAL_GATHERED)
		goto fail;
	if (n > journal->max - journal->n) {
		size_t max = journal->max * 2 + n + 4096;
		uint8_t *more = realloc(journal->octets, max);

		if (more == NULL)
			goto fail;
		journal->octets = more;
		journal->max = max;
	}
	if (journal->n_lines == journal->max_lines) {
		size_t max = journal->max_lines * 2 + 64;
		struct line *more = realloc(journal->lines, max * sizeof *more);

		if (more == NULL)
			goto fail;
		journal->lines = more;
		journal->max_lines = max;
	}
	return true;
fail:
	journal->failed = true;
	return false;
}

static void
journal_add(struct journal *journal, const struct rr *rr, bool added)
{
	size_t n = rr->owner->n + 8u + rr->rdata.n;
	struct wr wr;

	if (!journal_room(journal, n))
		return;
	wr = wr_init(journal->octets + journal->n, n);
	frame_record_put(&wr, rr);
	journal->lines[journal->n_lines++] =
	    (struct line){.at = journal->n, .n = wr.n, .type = rr->type, .added = added};
	journal->n += wr.n;
}

static void
note_set(
    struct journal *journal, const struct name *owner, const struct node_set *set, bool added)
{
	struct rr rr = {.owner = owner, .class = CLASS_IN, .ttl = set->ttl};
	size_t at = 0;

	while (node_set_next(set, &at, &rr.type, &rr.rdata))
		journal_add(journal, &rr, added);
}

/* Sets that are the same octets are not looked into. */
static void
note_node(struct journal *journal, struct bytes key, struct bytes before, struct bytes after)
{
	struct node node[2] = {{0}, {0}};
	struct node_set set[2];
	struct name owner;
	size_t at[2] = {0, 0};
	bool more[2];

	if (node_key_name(key, &owner) != 0 ||
	    (before.p != NULL && node_read(before, &node[0]) != 0) ||
	    (after.p != NULL && node_read(after, &node[1]) != 0)) {
		journal->failed = true;
		return;
	}
	for (int i = 0; i < 2; i++)
		more[i] = node[i].body.n > 0 && node_next(&node[i], &at[i], &set[i]);
	while (more[0] || more[1]) {
		bool first = more[0] && (!more[1] || set[0].type <= set[1].type);
		bool second = more[1] && (!more[0] || set[1].type <= set[0].type);

		if (!first || !second || set[0].ttl != set[1].ttl ||
		    !bytes_equal(set[0].wire, set[1].wire)) {
			if (first)
				note_set(journal, &owner, &set[0], false);
			if (second)
				note_set(journal, &owner, &set[1], true);
		}
		if (first)
			more[0] = node_next(&node[0], &at[0], &set[0]);
		if (second)
			more[1] = node_next(&node[1], &at[1], &set[1]);
	}
}

static void
note_denial(struct journal *journal, struct bytes key, struct bytes value, bool added)
{
	uint8_t label[NSEC3_LABEL + 2] = {NSEC3_LABEL};
	struct denial denial;
	struct name owner;
	struct rr rr = {&owner, RR_NSEC3, CLASS_IN, 0, {NULL, 0}};
	struct rd rd;

	if (value.p == NULL)
		return;
	if (key.n != DENIAL_KEY || denial_read(value, &denial) != 0) {
		journal->failed = true;
		return;
	}
	nsec3_label(key.p + 4, (char *)label + 1);
	if (name_child(&journal->before.apex, label, &owner) != 0) {
		journal->failed = true;
		return;
	}
	rr.ttl = denial.ttl;
	rr.rdata = denial.rdata;
	journal_add(journal, &rr, added);
	rr.type = RR_RRSIG;
	rd = rd_init(denial.body);
	for (size_t i = 0; i < denial.signatures; i++) {
		rr.rdata = rd_bytes(&rd, rd_u16(&rd));
		if (rd.error == 0)
			journal_add(journal, &rr, added);
	}
}

void
journal_note(struct journal *journal, enum table table, struct bytes key, struct bytes before,
    struct bytes after)
{
	if (journal->failed)
		return;
	if (table == TABLE_NODES) {
		note_node(journal, key, before, after);
		return;
	}
	note_denial(journal, key, before, false);
	note_denial(journal, key, after, true);
}

static int
line_compare(const void *a, const void *b, void *arg)
{
	const struct journal *journal = arg;
	const struct line *x = &journal->lines[*(const uint32_t *)a];
	const struct line *y = &journal->lines[*(const uint32_t *)b];
	int order = bytes_compare((struct bytes){journal->octets + x->at, x->n},
	    (struct bytes){journal->octets + y->at, y->n});

	return order != 0 ? order : (int)x->added - (int)y->added;
}

static bool
line_equal(const struct journal *journal, const struct line *x, const struct line *y)
{
	return bytes_equal((struct bytes){journal->octets + x->at, x->n},
	    (struct bytes){journal->octets + y->at, y->n});
}

/* A name can be written twice in one change, and a set can lose one record of many: what both come and go. */
static void
journal_cancel(struct journal *journal)
{
	struct line *lines = journal->lines;
	size_t n = journal->n_lines;

	journal->order = malloc((n + 1) * sizeof journal->order[0]);
	if (journal->order == NULL) {
		journal->failed = true;
		return;
	}
	for (size_t i = 0; i < n; i++)
		journal->order[i] = (uint32_t)i;
	qsort_r(journal->order, n, sizeof journal->order[0], line_compare, journal);
	for (size_t i = 0, end; i < n; i = end) {
		size_t removed = 0, pairs;

		for (end = i; end < n && line_equal(journal, &lines[journal->order[i]],
					     &lines[journal->order[end]]);
		     end++)
			removed += !lines[journal->order[end]].added;
		pairs = removed < end - i - removed ? removed : end - i - removed;
		for (size_t k = 0; k < pairs; k++) {
			lines[journal->order[i + k]].dropped = true;
			lines[journal->order[end - 1 - k]].dropped = true;
		}
	}
}

/* The records of one part, the SOA first; returns how many. */
static uint32_t
journal_part(const struct journal *journal, bool added, struct wr *wr)
{
	uint32_t n = 0;

	for (int soa = 1; soa >= 0; soa--)
		for (size_t i = 0; i < journal->n_lines; i++) {
			const struct line *line = &journal->lines[i];

			if (line->dropped || line->added != added ||
			    (line->type == RR_SOA) != (soa == 1))
				continue;
			wr_copy(wr, journal->octets + line->at, line->n);
			n++;
		}
	return n;
}

/* The value of a difference; caller frees. */
static uint8_t *
journal_value(struct journal *journal, uint32_t to, uint64_t now, struct bytes *out)
{
	size_t max = DIFFERENCE_HEAD + journal->n;
	uint8_t *octets;
	struct wr wr;

	journal_cancel(journal);
	octets = journal->failed ? NULL : malloc(max);
	if (octets == NULL)
		return NULL;
	wr = wr_init(octets, max);
	wr_u8(&wr, NODE_VERSION);
	wr_u32(&wr, to);
	wr_u64(&wr, now);
	wr.n = DIFFERENCE_HEAD;
	put_u32(octets + 13, journal_part(journal, false, &wr));
	put_u32(octets + 21, (uint32_t)(wr.n - DIFFERENCE_HEAD));
	put_u32(octets + 17, journal_part(journal, true, &wr));
	*out = wr_done(&wr);
	return octets;
}

size_t
journal_key(uint32_t zone, uint32_t from, uint8_t key[JOURNAL_KEY])
{
	put_u32(key, zone);
	put_u32(key + 4, from);
	return JOURNAL_KEY;
}

int
journal_head_read(struct bytes value, struct journal_head *out)
{
	struct rd rd = rd_init(value);

	if (rd_u8(&rd) != NODE_VERSION)
		rd_fail(&rd, -MAP_EFORMAT);
	out->n = rd_u32(&rd);
	out->octets = rd_u64(&rd);
	out->first = rd_u32(&rd);
	out->last = rd_u32(&rd);
	return rd_end(&rd);
}

int
difference_read(struct bytes value, struct difference *out)
{
	struct rd rd = rd_init(value);

	if (rd_u8(&rd) != NODE_VERSION)
		rd_fail(&rd, -MAP_EFORMAT);
	out->to = rd_u32(&rd);
	out->time = rd_u64(&rd);
	out->n_removed = rd_u32(&rd);
	out->n_added = rd_u32(&rd);
	out->removed = rd_bytes(&rd, rd_u32(&rd));
	out->added = rd_rest(&rd);
	return rd_end(&rd);
}

static void
head_put(struct change *change, struct bytes key, const struct journal_head *head)
{
	uint8_t octets[HEAD_SIZE];
	struct wr wr = wr_init(octets, sizeof octets);

	wr_u8(&wr, NODE_VERSION);
	wr_u32(&wr, head->n);
	wr_u64(&wr, head->octets);
	wr_u32(&wr, head->first);
	wr_u32(&wr, head->last);
	change_put(change, TABLE_JOURNAL, key, wr_done(&wr));
}

static void
journal_drop(struct change *change, struct bytes zone, struct journal_head *head)
{
	while (
	    change_remove_prefix(change, TABLE_JOURNAL, zone, JOURNAL_SLICE) == JOURNAL_SLICE)
		continue;
	*head = (struct journal_head){0};
}

/* The oldest one goes; false: it is not there, and the journal is none. */
static bool
journal_trim(struct change *change, uint32_t zone, struct journal_head *head)
{
	uint8_t octets[JOURNAL_KEY];
	struct bytes key = {octets, journal_key(zone, head->first, octets)}, value;
	struct difference oldest;

	if (!change_get(change, TABLE_JOURNAL, key, &value) ||
	    difference_read(value, &oldest) != 0)
		return false;
	head->n--;
	head->octets -= value.n;
	head->first = oldest.to;
	change_remove(change, TABLE_JOURNAL, key);
	return true;
}

/* Whether a difference begins at that serial. */
static bool
journal_has(struct change *change, uint32_t zone, uint32_t from)
{
	uint8_t octets[JOURNAL_KEY];
	struct bytes value;

	return change_get(change, TABLE_JOURNAL,
	    (struct bytes){octets, journal_key(zone, from, octets)}, &value);
}

void
journal_end(struct journal *journal, struct change *change, const struct zone *after,
    uint64_t now, uint64_t most)
{
	uint32_t zone = journal->before.id, from = journal->before.serial;
	struct journal_head head = {0};
	uint8_t prefix[4], octets[JOURNAL_KEY];
	struct bytes key = {prefix, sizeof prefix}, value;
	uint8_t *made = NULL;
	bool any;

	put_u32(prefix, zone);
	any = change_get(change, TABLE_JOURNAL, key, &value) &&
	      journal_head_read(value, &head) == 0;
	if (most > 0)
		made = journal_value(journal, after->serial, now, &value);
	if (any && (made == NULL || head.last != from || value.n > most))
		journal_drop(change, key, &head);
	if (made == NULL || value.n > most)
		goto free_all;
	/* serials went around their circle: what begins where this one ends would lead back to here */
	while (head.n > 0 && journal_has(change, zone, after->serial))
		if (!journal_trim(change, zone, &head))
			journal_drop(change, key, &head);
	while (head.n > 0 && (head.octets + value.n > most || head.n == JOURNAL_MOST))
		if (!journal_trim(change, zone, &head))
			journal_drop(change, key, &head);
	if (head.n == 0)
		head.first = from;
	head.n++;
	head.octets += value.n;
	head.last = after->serial;
	change_put(change, TABLE_JOURNAL,
	    (struct bytes){octets, journal_key(zone, from, octets)}, value);
	head_put(change, key, &head);
free_all:
	free(made);
	journal_empty(journal);
}
