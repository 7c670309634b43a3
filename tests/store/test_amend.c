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

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/zone/reading.h"
#include "core/zone/zone.h"
#include "tests/store/past.h"

#define TEXT 65536

static bool
garden_has(const struct garden *g, const struct planted *record)
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
			const struct planted *x = &garden.records[i], *y = &garden.records[k];

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
		const struct planted *record = &garden.records[i];
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

	garden_seed(seed, true);
	shop.rules.journal = 1 << 20;
	garden_begin(denial);
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
	edit_fini();
}

static void
test_edits_nsec3(void **state)
{
	(void)state;
	edits(DENIAL_NSEC3, 3, 1000);
}

static void
test_edits_nsec(void **state)
{
	(void)state;
	edits(DENIAL_NSEC, 4, 1000);
}

/* What goes with an edit: a row of another table, or an error. */
static int
row_beside(void *arg, struct change *change)
{
	const int *error = arg;

	change_put(change, TABLE_PEOPLE, (struct bytes){(const uint8_t *)"key", 3},
	    (struct bytes){(const uint8_t *)"value", 5});
	return *error;
}

/* Whether the row is there; it is taken away again. */
static bool
row_is_there(void)
{
	struct bytes key = {(const uint8_t *)"key", 3}, value;
	struct change *change;
	bool there;

	assert_int_equal(change_begin(shop.store, &change), 0);
	there = change_get(change, TABLE_PEOPLE, key, &value);
	change_remove(change, TABLE_PEOPLE, key);
	assert_int_equal(change_commit(change), 0);
	return there;
}

/* An edit of one line with a row beside it; what amend_run() says. */
static int
beside_run(const char *type, const char *text, int error)
{
	struct amend edit = {.label = "edit", .lines = &lines, .beside = row_beside};
	uint8_t rdata[512];
	struct wr wr = wr_init(rdata, sizeof rdata);
	struct line line = {.verb = LINE_SET, .number = 1, .ttl = 300, .has_rdata = true};
	const char *cause = "";
	int rc;

	lines_fini(&lines);
	line.owner = shop.apex;
	line.type = (uint16_t)rrtype_scan(type, strlen(type));
	assert_int_equal(zone_scan_rdata(line.type, text, &shop.apex, &wr, &cause), 0);
	line.rdata = wr_done(&wr);
	assert_int_equal(lines_add(&lines, &line), 0);
	edit.beside_arg = &error;
	rc = amend_run(&shop.work, &shop.apex, &edit, &shop.outcome);
	amend_fini(&edit);
	return rc;
}

/* In place, without a difference, and as a whole: all of it is there, or nothing. */
static void
test_beside(void **state)
{
	static const char *const soas[] = {
	    "ns hostmaster 1 3600 600 86400 61", "ns hostmaster 1 3600 600 86400 62"};
	uint32_t serial;

	(void)state;
	garden_seed(5, false);
	shop.rules.journal = 1 << 20;
	garden_begin(DENIAL_NSEC3);
	serial = shop_zone().serial;
	assert_int_equal(beside_run("TXT", "one", -MAP_EEXIST), -MAP_EEXIST);
	assert_false(row_is_there());
	assert_int_equal(shop_zone().serial, serial);
	assert_int_equal(beside_run("TXT", "one", 0), 0);
	assert_true(row_is_there());
	assert_int_equal(shop_zone().serial, serial + 1);
	assert_int_equal(beside_run("TXT", "one", 0), 0);
	assert_true(shop.outcome.unchanged);
	assert_true(row_is_there());
	assert_int_equal(beside_run("TXT", "one", -MAP_EEXIST), -MAP_EEXIST);
	assert_false(row_is_there());
	assert_int_equal(shop_zone().serial, serial + 1);
	/* another TTL of denial: all of the zone is made anew */
	assert_int_equal(beside_run("SOA", soas[0], 0), 0);
	assert_false(shop.outcome.revised);
	assert_true(row_is_there());
	assert_int_equal(shop_zone().serial, serial + 2);
	assert_int_equal(beside_run("SOA", soas[1], -MAP_EEXIST), -MAP_EEXIST);
	assert_false(row_is_there());
	assert_int_equal(shop_zone().serial, serial + 2);
	lines_fini(&lines);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(test_edits_nsec3), CASE(test_edits_nsec), CASE(test_beside)};

	return cmocka_run_group_tests_name("amend", tests, NULL, NULL);
}
