/*
 * test_journal.c - how much is kept of a zone's past, and when it is gone; what single lines of edits do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/past.h"

#include <stdio.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"
#include "mapd/renew.h"

/* One record set at a name, and committed. */
static void
set_good(const char *owner, const char *type, const char *text)
{
	uint8_t rdata[512];
	struct wr wr = wr_init(rdata, sizeof rdata);
	struct line line = {.verb = LINE_SET, .number = 1, .ttl = 300, .has_rdata = true};
	const char *why;

	line.type = (uint16_t)rrtype_scan(type, strlen(type));
	assert_int_equal(name_scan(owner, strlen(owner), &shop.apex, &line.owner), 0);
	assert_int_equal(zone_scan_rdata(line.type, text, &shop.apex, &wr, &why), 0);
	line.rdata = wr_done(&wr);
	lines_fini(&lines);
	assert_int_equal(lines_add(&lines, &line), 0);
	if (edit_run() != 0)
		fail_msg("%s%s", amend->judge.errors, shop.outcome.why);
}

static void
small_zone(uint64_t journal)
{
	shop.rules.journal = journal;
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add("a", 300, "A", "192.0.2.1");
	shop_add("b", 300, "EPID", "10 2001:3f:fe00:a05::1");
	shop_load_good();
}

/* Bounded, the oldest go first; over the end of the serials; off and on again. */
static void
test_journal_bounds(void **state)
{
	struct journal_head head;
	char text[32];
	uint32_t id;
	int n;

	(void)state;
	small_zone(8192);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(text, sizeof text, "192.0.2.%u", i + 1);
		set_good("www", "A", text);
		n = journal_walk(&head);
		assert_true(n > 0 && head.octets <= 8192);
		if (i == 3)
			assert_int_equal(head.first, 1);
	}
	assert_true(head.first > 30 && n > 2);
	/* serials are arithmetic: the oldest may have the greatest number */
	set_good("@", "SOA", "ns hostmaster 2147483690 3600 600 86400 60");
	set_good("@", "SOA", "ns hostmaster 4294967295 3600 600 86400 60");
	for (unsigned i = 0; i < 50; i++) {
		snprintf(text, sizeof text, "192.0.2.%u", i + 1);
		set_good("www", "TXT", text);
		assert_true(journal_walk(&head) > 0 && head.octets <= 8192);
	}
	assert_true(head.first < 100 && head.last == shop_zone().serial);
	/* a difference that is too large alone; none at all */
	shop.rules.journal = 100;
	set_good("www", "A", "192.0.2.200");
	assert_int_equal(journal_walk(&head), 0);
	shop.rules.journal = 8192;
	set_good("www", "A", "192.0.2.201");
	assert_int_equal(journal_walk(&head), 1);
	shop.rules.journal = 0;
	set_good("www", "A", "192.0.2.202");
	assert_int_equal(journal_walk(&head), 0);
	shop.rules.journal = 8192;
	set_good("www", "A", "192.0.2.203");
	assert_int_equal(journal_walk(&head), 1);
	/* gone with the zone */
	id = shop_zone().id;
	assert_int_equal(work_remove(&shop.work, &shop.apex, &shop.outcome), 0);
	edit_fini();
	small_zone(8192);
	assert_int_not_equal(shop_zone().id, id);
	assert_int_equal(journal_walk(&head), 0);
	edit_fini();
}

/* What changes every proof of absence is made anew, and has no past. */
static void
test_whole(void **state)
{
	static uint8_t a[GARDEN_OCTETS], b[GARDEN_OCTETS];
	struct journal_head head;
	struct bytes edited, anew;
	struct zone before;

	(void)state;
	small_zone(1 << 20);
	set_good("www", "A", "192.0.2.9");
	assert_int_equal(journal_walk(&head), 1);
	before = shop_zone();
	set_good("@", "SOA", "ns hostmaster 1 3600 600 86400 30");
	assert_false(shop.outcome.revised);
	assert_int_not_equal(shop_zone().id, before.id);
	assert_int_equal(shop_zone().serial, before.serial + 1);
	assert_int_equal(shop_zone().negative_ttl, 30);
	assert_int_equal(journal_walk(&head), 0);
	edited = garden_digest(a);
	assert_int_equal(work_remove(&shop.work, &shop.apex, &shop.outcome), 0);
	shop_begin("zone.test.");
	shop_add("@", 300, "NS", "ns");
	shop_add("@", 300, "SOA", "ns hostmaster 1 3600 600 86400 30");
	shop_add("a", 300, "A", "192.0.2.1");
	shop_add("b", 300, "EPID", "10 2001:3f:fe00:a05::1");
	shop_add("www", 300, "A", "192.0.2.9");
	shop_load_good();
	anew = garden_digest(b);
	assert_true(bytes_equal(edited, anew));
	edit_fini();
}

/* More than one transaction takes: made anew too. */
static void
test_too_much(void **state)
{
	struct planted record = {.type = RR_A, .ttl = 60, .rdata = {192, 0, 2, 1}, .n = 4};
	char owner[16];

	(void)state;
	small_zone(1 << 20);
	for (unsigned i = 0; i < 9000; i++) {
		int n = snprintf(owner, sizeof owner, "n%u.x", i);

		assert_int_equal(name_scan(owner, (size_t)n, &shop.apex, &record.owner), 0);
		line_put(LINE_SET, &record, false);
	}
	assert_int_equal(edit_run(), 0);
	assert_false(shop.outcome.revised);
	assert_int_equal(shop_zone().records, 9004);
	assert_int_equal(shop_zone().names, 9003);
	assert_int_equal(shop_zone().serial, 2);
	edit_fini();
}

/* Each step of a renewal moves the serial, and leaves a difference too. */
static void
test_renewals(void **state)
{
	struct renew renew = {0};
	struct journal_head head;
	uint64_t now = clock_seconds() + 11 * 86400;
	unsigned moved = 0;
	uint32_t from;

	(void)state;
	small_zone(1 << 20);
	set_good("www", "A", "192.0.2.9");
	while (renew.walking || renew_start(&renew, &shop.work, now)) {
		from = shop_zone().serial;
		dump_take(&old);
		assert_int_equal(renew_step(&renew, &shop.work, now), 0);
		if (shop_zone().serial == from)
			continue;
		assert_int_equal(shop_zone().serial, from + 1);
		journal_judge(from);
		moved++;
	}
	assert_true(moved >= 2);
	assert_int_equal(journal_walk(&head), 1 + (int)moved);
	edit_fini();
}

/* What lines say of sets and names; limits. */
static void
test_lines(void **state)
{
	struct line line = {.verb = LINE_UNSET, .number = 1};
	struct planted record = {.type = RR_A, .ttl = 60, .rdata = {192, 0, 2, 1}, .n = 4};

	(void)state;
	small_zone(0);
	assert_int_equal(name_scan("a", 1, &shop.apex, &record.owner), 0);
	lines_fini(&lines);
	line_put(LINE_SET, &record, false); /* the same with another TTL */
	assert_int_equal(edit_run(), 0);
	assert_int_equal(shop.outcome.added, 1);
	assert_int_equal(shop.outcome.removed, 1);
	assert_int_equal(shop.outcome.records, 4);
	assert_int_equal(edit_run(), 0);
	assert_true(shop.outcome.unchanged);
	lines_fini(&lines);
	line.owner = record.owner;
	assert_int_equal(lines_add(&lines, &line), 0);
	assert_int_equal(edit_run(), 0);
	assert_int_equal(shop_zone().names, 2);
	assert_int_equal(edit_run(), -MAP_ENOTFOUND);
	assert_string_equal(shop.outcome.why, "a.zone.test.: no such records to unset");
	for (unsigned i = lines.count; i < LINES_MOST; i++)
		assert_int_equal(lines_add(&lines, &line), 0);
	assert_int_equal(lines_add(&lines, &line), -MAP_ELIMIT);
	edit_fini();
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {CASE(test_journal_bounds), CASE(test_whole),
	    CASE(test_too_much), CASE(test_renewals), CASE(test_lines)};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
