/*
 * test_amend.c - an edit must leave what a load of the whole zone would make, refuse what a check of the
 * whole zone would refuse in the same words, and its difference in the journal must lead from the one to the
 * other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "core/wire/rrtype.h"
#include "core/zone/reading.h"
#include "mapd/amend.h"
#include "mapd/journal.h"
#include "tests/store/garden.h"

#define LINES 40000
#define TEXT 65536

/* Each record of the zone as octets, sorted: signatures and denial too. */
struct dump {
	uint8_t octets[GARDEN_OCTETS];
	struct bytes lines[LINES];
	size_t n, used;
};

static struct dump old, new;
static struct amend *amend;
static struct lines lines;

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

static void
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

/* The journal's difference from a serial, applied to what was there then, gives what is there now. */
static void
journal_judge(uint32_t from)
{
	struct zone zone = shop_zone();
	uint8_t octets[JOURNAL_KEY];
	struct journal_head head;
	struct difference difference;
	struct change *change;
	struct bytes value;

	assert_int_equal(change_begin(shop.store, &change), 0);
	put_u32(octets, zone.id);
	assert_true(change_get(change, TABLE_JOURNAL, (struct bytes){octets, 4}, &value));
	assert_int_equal(journal_head_read(value, &head), 0);
	assert_int_equal(head.last, zone.serial);
	assert_true(change_get(change, TABLE_JOURNAL,
	    (struct bytes){octets, journal_key(zone.id, from, octets)}, &value));
	assert_int_equal(difference_read(value, &difference), 0);
	assert_int_equal(difference.to, zone.serial);
	dump_apply(&old, difference.removed, difference.n_removed, false);
	dump_apply(&old, difference.added, difference.n_added, true);
	change_abort(change);
	dump_take(&new);
	assert_int_equal(old.n, new.n);
	for (size_t i = 0; i < new.n; i++)
		assert_true(bytes_equal(old.lines[i], new.lines[i]));
}

static void
line_put(enum line_verb verb, const struct record *record, bool whole_name)
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

static bool
garden_has(const struct garden *g, const struct record *record)
{
	for (size_t i = 0; i < g->n; i++)
		if (record_compare(&g->records[i], record) == 0 &&
		    g->records[i].ttl == record->ttl)
			return true;
	return false;
}

/* To set a CNAME or DNAME where there is one replaces it. */
static void
garden_single(const struct garden *before)
{
	for (size_t i = 0; i < garden.n; i++)
		for (size_t k = 0; k < garden.n; k++) {
			const struct record *x = &garden.records[i], *y = &garden.records[k];

			if (i == k || (x->type != RR_CNAME && x->type != RR_DNAME) ||
			    x->type != y->type || !name_equal(&x->owner, &y->owner) ||
			    (!garden_has(before, x) && (garden_has(before, y) || k < i)))
				continue;
			memmove(&garden.records[i], &garden.records[i + 1],
			    (garden.n - i - 1) * sizeof garden.records[0]);
			garden.n--;
			i--;
			break;
		}
}

/* The lines that make the one of the other. */
static void
lines_make(const struct garden *before)
{
	lines_fini(&lines);
	for (size_t i = 0; i < before->n; i++)
		if (!garden_has(&garden, &before->records[i]))
			line_put(LINE_UNSET, &before->records[i], false);
	for (size_t i = 0; i < garden.n; i++)
		if (!garden_has(before, &garden.records[i]))
			line_put(LINE_SET, &garden.records[i], false);
}

static void
message_keep(void *arg, const char *message)
{
	char *text = arg;
	const char *cause = strstr(message, ": ");
	size_t n = strlen(text);

	snprintf(text + n, TEXT - n, "%s\n", cause + 2);
}

/* What core/zone says of the whole of it; what it mends is mended in the garden. */
static bool
garden_judge(char text[TEXT])
{
	struct zone_options options = {.warning = NULL};
	struct reading r;
	bool good;

	text[0] = '\0';
	assert_int_equal(reading_init(&r, &shop.apex, &options, message_keep, text), 0);
	r.files[r.n_files++] = strdup("garden");
	for (size_t i = 0; i < garden.n; i++) {
		const struct record *record = &garden.records[i];
		struct rr rr = {&record->owner, record->type, CLASS_IN, record->ttl,
		    {record->rdata, record->n}};

		assert_int_equal(records_add(&r.records, &rr, 0, (uint32_t)i + 1), 0);
	}
	assert_int_equal(reading_check(&r), 0);
	good = r.errors == 0;
	for (size_t i = 0, k = 0; i < r.records.n && good; i++) {
		struct zone_row *row = r.records.rows[i];

		/* its line is its old place in the garden, which is sorted in another way */
		garden.records[row->line - 1].ttl = row->ttl;
		if (row->left_out)
			garden.records[row->line - 1].n = 0;
		k++;
	}
	for (size_t i = garden.n; i-- > 0 && good;)
		if (garden.records[i].n == 0) {
			memmove(&garden.records[i], &garden.records[i + 1],
			    (garden.n - i - 1) * sizeof garden.records[0]);
			garden.n--;
		}
	reading_fini(&r);
	return good;
}

/* The messages without file and line. */
static void
words_only(const char *messages, char text[TEXT])
{
	char line[8192];

	text[0] = '\0';
	while (*messages != '\0') {
		size_t n = strcspn(messages, "\n");

		snprintf(line, sizeof line, "%.*s", (int)n, messages);
		/* the line of the edit is named */
		assert_memory_equal(line, "edit:", 5);
		assert_true(
		    (line[5] >= '1' && line[5] <= '9') || strstr(line, ": more ") != NULL);
		message_keep(text, line);
		messages += n + 1;
	}
}

static int
edit_run(void)
{
	amend_fini(amend);
	*amend = (struct amend){.lines = &lines, .label = "edit"};
	return amend_run(&shop.work, &shop.apex, amend, &shop.outcome);
}

static int
text_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The same lines, in any order and once each. */
static void
assert_same_words(const char *a, const char *b)
{
	static char copies[2][TEXT];
	char *words[2][200];
	size_t n[2] = {0, 0};

	snprintf(copies[0], TEXT, "%s", a);
	snprintf(copies[1], TEXT, "%s", b);
	for (int i = 0; i < 2; i++) {
		size_t kept = 0;
		char *rest;

		for (char *at = strtok_r(copies[i], "\n", &rest); at != NULL && n[i] < 200;
		     at = strtok_r(NULL, "\n", &rest))
			words[i][n[i]++] = at;
		qsort(words[i], n[i], sizeof words[i][0], text_compare);
		for (size_t k = 0; k < n[i]; k++)
			if (kept == 0 || strcmp(words[i][kept - 1], words[i][k]) != 0)
				words[i][kept++] = words[i][k];
		n[i] = kept;
	}
	for (size_t k = 0; k < n[0] && k < n[1]; k++)
		assert_string_equal(words[0][k], words[1][k]);
	assert_int_equal(n[0], n[1]);
}

static void
edits(uint8_t denial, uint32_t seed, unsigned rounds)
{
	static uint8_t a[GARDEN_OCTETS], b[GARDEN_OCTETS];
	static struct garden before;
	static char whole[TEXT], part[TEXT];
	unsigned refused = 0, done = 0, unchanged = 0;
	struct bytes in_place, anew;

	garden_seed(seed);
	shop.rules.journal = 1 << 20;
	garden_begin(denial);
	amend = calloc(1, sizeof *amend);
	assert_non_null(amend);
	for (unsigned i = 0; i < rounds; i++) {
		uint32_t from = shop_zone().serial;
		bool good;
		int rc;

		before = garden;
		for (unsigned k = 0; k <= dice(4); k++)
			garden_change();
		garden_single(&before);
		lines_make(&before);
		good = garden_judge(whole);
		dump_take(&old);
		rc = edit_run();
		if (rc != 0 && rc != -MAP_EFORMAT)
			fail_msg("round %u: %s", i, shop.outcome.why);
		if ((rc == 0) != good)
			fail_msg("round %u: the whole: %s\nthe edit: %s", i, whole,
			    amend->judge.errors);
		if (!good) {
			words_only(amend->judge.errors, part);
			assert_same_words(whole, part);
			garden = before;
			assert_int_equal(shop_zone().serial, from);
			refused++;
			continue;
		}
		if (shop.outcome.unchanged) {
			unchanged++;
			assert_int_equal(shop_zone().serial, from);
			continue;
		}
		assert_int_equal(shop_zone().serial, from + 1);
		journal_judge(from);
		done++;
		in_place = garden_digest(a);
		assert_int_equal(work_remove(&shop.work, &shop.apex, &shop.outcome), 0);
		if (garden_load() != 0)
			fail_msg("round %u: %s", i, shop.outcome.why);
		anew = garden_digest(b);
		if (!bytes_equal(in_place, anew))
			fail_msg("round %u: not what it would be anew", i);
	}
	print_message("%u records, %u done, %u refused, %u without effect\n",
	    (unsigned)garden.n, done, refused, unchanged);
	assert_true(done > rounds / 3 && refused > rounds / 20);
	amend_fini(amend);
	free(amend);
	lines_fini(&lines);
}

static void
test_edits_nsec3(void **state)
{
	(void)state;
	edits(DENIAL_NSEC3, 3, 1500);
}

static void
test_edits_nsec(void **state)
{
	(void)state;
	edits(DENIAL_NSEC, 4, 1500);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {CASE(test_edits_nsec3), CASE(test_edits_nsec)};

	return cmocka_run_group_tests_name("amend", tests, NULL, NULL);
}
