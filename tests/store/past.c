/*
 * past.c - what a zone is and was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/past.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"

struct dump old, new;
struct amend *amend;
struct lines lines;

static int
line_compare(const void *a, const void *b)
{
	return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

static void
dump_add(struct dump *dump, const struct name *owner, uint16_t type, uint32_t ttl,
    struct bytes rdata)
{
	struct rr rr = {owner, type, CLASS_IN, ttl, rdata};
	struct wr wr = wr_init(dump->octets + dump->used, sizeof dump->octets - dump->used);

	frame_record_put(&wr, &rr);
	assert_int_equal(wr.error, 0);
	assert_true(dump->n < LINES);
	dump->lines[dump->n++] = wr_done(&wr);
	dump->used += wr.n;
}

static void
dump_denial(struct dump *dump, struct bytes key, struct bytes value)
{
	uint8_t label[NSEC3_LABEL + 2] = {NSEC3_LABEL};
	struct denial denial;
	struct name owner;
	struct rd rd;

	assert_int_equal(denial_read(value, &denial), 0);
	nsec3_label(key.p + 4, (char *)label + 1);
	assert_int_equal(name_child(&shop.apex, label, &owner), 0);
	dump_add(dump, &owner, RR_NSEC3, denial.ttl, denial.rdata);
	rd = rd_init(denial.body);
	for (size_t i = 0; i < denial.signatures; i++)
		dump_add(dump, &owner, RR_RRSIG, denial.ttl, rd_bytes(&rd, rd_u16(&rd)));
}

static void
dump_node(struct dump *dump, struct bytes key, struct bytes value)
{
	struct node_set set;
	struct bytes rdata;
	struct node node;
	struct name owner;
	uint16_t type;
	size_t at = 0;

	assert_int_equal(node_key_name(key, &owner), 0);
	assert_int_equal(node_read(value, &node), 0);
	while (node_next(&node, &at, &set)) {
		size_t in = 0;

		while (node_set_next(&set, &in, &type, &rdata))
			dump_add(dump, &owner, type, set.ttl, rdata);
	}
}

void
dump_take(struct dump *dump)
{
	static const enum table tables[] = {TABLE_NODES, TABLE_DENIAL};
	struct bytes key, value;
	struct change *change;
	uint8_t prefix[4];
	bool more;

	dump->n = dump->used = 0;
	put_u32(prefix, shop_zone().id);
	assert_int_equal(change_begin(shop.store, &change), 0);
	for (int t = 0; t < 2; t++) {
		more =
		    change_ceiling(change, tables[t], (struct bytes){prefix, 4}, &key, &value);
		for (; more && memcmp(key.p, prefix, 4) == 0;
		     more = change_next(change, tables[t], &key, &value))
			(t == 0 ? dump_node : dump_denial)(dump, key, value);
	}
	change_abort(change);
	qsort(dump->lines, dump->n, sizeof dump->lines[0], line_compare);
}

/* Takes the records of a part out of the dump, or puts them in. */
static void
dump_apply(struct dump *dump, struct bytes part, uint32_t n, bool added)
{
	struct rd rd = rd_init(part);
	struct name owner;
	struct rr rr;
	uint32_t seen = 0;

	for (size_t at = 0; frame_record_read(&rd, &owner, &rr); at = part.n - rd_left(&rd)) {
		struct bytes line = {part.p + at, part.n - rd_left(&rd) - at};
		struct bytes *found =
		    bsearch(&line, dump->lines, dump->n, sizeof line, line_compare);

		assert_true(seen++ > 0 || rr.type == RR_SOA);
		if (added) {
			assert_null(found);
			dump_add(dump, &owner, rr.type, rr.ttl, rr.rdata);
			qsort(dump->lines, dump->n, sizeof dump->lines[0], line_compare);
			continue;
		}
		assert_non_null(found);
		memmove(found, found + 1,
		    (size_t)(dump->lines + dump->n - found - 1) * sizeof *found);
		dump->n--;
	}
	assert_int_equal(rd_end(&rd), 0);
	assert_int_equal(seen, n);
}

/* What went is not there any more: a record that stays is in no difference. */
static void
part_is_gone(struct bytes part)
{
	struct rd rd = rd_init(part);
	struct name owner;
	struct rr rr;

	for (size_t at = 0; frame_record_read(&rd, &owner, &rr); at = part.n - rd_left(&rd)) {
		struct bytes line = {part.p + at, part.n - rd_left(&rd) - at};

		assert_null(bsearch(&line, new.lines, new.n, sizeof line, line_compare));
	}
}

static bool
journal_head(struct change *change, uint32_t zone, struct journal_head *head)
{
	uint8_t octets[4];
	struct bytes value;

	put_u32(octets, zone);
	return change_get(change, TABLE_JOURNAL, (struct bytes){octets, 4}, &value) &&
	       journal_head_read(value, head) == 0;
}

void
journal_judge(uint32_t from)
{
	struct zone zone = shop_zone();
	uint8_t octets[JOURNAL_KEY];
	struct journal_head head;
	struct difference difference;
	struct change *change;
	struct bytes value;

	dump_take(&new);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_true(journal_head(change, zone.id, &head));
	assert_int_equal(head.last, zone.serial);
	assert_true(change_get(change, TABLE_JOURNAL,
	    (struct bytes){octets, journal_key(zone.id, from, octets)}, &value));
	assert_int_equal(difference_read(value, &difference), 0);
	assert_int_equal(difference.to, zone.serial);
	dump_apply(&old, difference.removed, difference.n_removed, false);
	dump_apply(&old, difference.added, difference.n_added, true);
	part_is_gone(difference.removed);
	change_abort(change);
	assert_int_equal(old.n, new.n);
	for (size_t i = 0; i < new.n; i++)
		assert_true(bytes_equal(old.lines[i], new.lines[i]));
}

int
journal_walk(struct journal_head *head)
{
	struct zone zone = shop_zone();
	struct change *change;
	uint8_t octets[JOURNAL_KEY];
	struct difference difference;
	struct bytes value;
	uint64_t sum = 0;
	uint32_t at;
	int n = 0;

	assert_int_equal(change_begin(shop.store, &change), 0);
	if (!journal_head(change, zone.id, head)) {
		change_abort(change);
		return 0;
	}
	for (at = head->first; at != zone.serial && n >= 0; n++)
		if (change_get(change, TABLE_JOURNAL,
			(struct bytes){octets, journal_key(zone.id, at, octets)}, &value) &&
		    difference_read(value, &difference) == 0) {
			at = difference.to;
			sum += value.n;
		} else
			n = -2;
	assert_int_equal(sum, head->octets);
	assert_int_equal(head->n, n);
	change_abort(change);
	return n;
}

int
edit_run(void)
{
	if (amend == NULL)
		amend = calloc(1, sizeof *amend);
	assert_non_null(amend);
	amend_fini(amend);
	*amend = (struct amend){.lines = &lines, .label = "edit"};
	return amend_run(&shop.work, &shop.apex, amend, &shop.outcome);
}

void
edit_fini(void)
{
	if (amend != NULL)
		amend_fini(amend);
	free(amend);
	amend = NULL;
	lines_fini(&lines);
}

void
edit_unset(const char *owner, uint16_t type)
{
	struct line line = {.verb = LINE_UNSET, .number = 1, .type = type};

	assert_int_equal(name_scan(owner, strlen(owner), &shop.apex, &line.owner), 0);
	lines_fini(&lines);
	assert_int_equal(lines_add(&lines, &line), 0);
	if (edit_run() != 0)
		fail_msg("%s: %s", owner, shop.outcome.why);
	edit_fini();
}

void
edit_unset_whole(const char *owner, uint16_t type)
{
	uint8_t rdata[256];
	struct wr wr = wr_init(rdata, sizeof rdata);
	struct line unset = {.verb = LINE_UNSET, .number = 1, .type = type};
	struct line soa = {.verb = LINE_SET,
	    .number = 2,
	    .owner = shop.apex,
	    .type = RR_SOA,
	    .ttl = 300,
	    .has_rdata = true};
	const char *cause = "";

	assert_int_equal(name_scan(owner, strlen(owner), &shop.apex, &unset.owner), 0);
	assert_int_equal(zone_scan_rdata(RR_SOA, "ns hostmaster 1 3600 600 86400 61",
			     &shop.apex, &wr, &cause),
	    0);
	soa.rdata = wr_done(&wr);
	lines_fini(&lines);
	assert_int_equal(lines_add(&lines, &unset), 0);
	assert_int_equal(lines_add(&lines, &soa), 0);
	assert_int_equal(edit_run(), 0);
	assert_false(shop.outcome.revised);
	edit_fini();
}

void
line_put(enum line_verb verb, const struct planted *record, bool whole_name)
{
	struct line line = {.verb = verb,
	    .number = lines.count + 1,
	    .owner = record->owner,
	    .type = whole_name ? 0 : record->type,
	    .ttl = record->ttl,
	    .has_rdata = !whole_name,
	    .rdata = {record->rdata, whole_name ? 0 : record->n}};

	assert_int_equal(lines_add(&lines, &line), 0);
}
