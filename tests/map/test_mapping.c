/*
 * test_mapping.c - sets of records: what a server refuses and why, text in any order, best first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/rrtype.h"
#include "tests/map/rows.h"

static int
record_scan(const char *type, const char *text, struct wr *wr, const char **why)
{
	char copy[1024], *words[16];
	size_t n;

	snprintf(copy, sizeof copy, "%s", text);
	n = row_words(copy, words);
	return strcmp(type, "EPID") == 0 ? epid_scan(words, n, &name_root, wr, why)
					 : eloc_scan(words, n, &name_root, wr, why);
}

static void
row_set(const struct row *row)
{
	struct realm realm;
	struct bytes rdata[MAPPING_SET];
	uint8_t octets[MAPPING_SET][256];
	char copy[1024], *rest = NULL;
	const char *why = NULL;
	size_t n = 0;

	assert_int_equal(realm_scan("2001:db8:ff00::/40=id.example.test", &realm, &why), 0);
	snprintf(copy, sizeof copy, "%s", row->field[0]);
	for (char *p = strtok_r(copy, ";", &rest); p != NULL; p = strtok_r(NULL, ";", &rest)) {
		struct wr wr = wr_init(octets[n], sizeof octets[n]);

		if (record_scan("ELOC", p, &wr, &why) != 0)
			fail_msg("line %u: %s", row->line, why);
		rdata[n++] = wr_done(&wr);
	}
	why = mapping_refusal(RR_ELOC, rdata, n, false, &realm, 1);
	assert_string_equal(why != NULL ? why : "-", row->field[1]);
}

static void
test_refusals(void **state)
{
	(void)state;
	assert_int_equal(rows_each("sets.txt", "set", row_set), 15);
}

static void
test_refusal_of_size_and_flags(void **state)
{
	static const uint8_t address[] = {0, 10, 0, 1, 0x01, 1, 192, 0, 2, 1};
	static const uint8_t epid[] = {0, 10, 0x20, 3, 0};
	struct bytes set[MAPPING_SET + 1], one = {address, sizeof address};
	struct eloc e;

	(void)state;
	assert_string_equal(
	    mapping_refusal(RR_ELOC, &one, 1, false, NULL, 0), "an ELOC with reserved flags");
	assert_int_equal(eloc_read(one, &e), 0); /* a reader ignores them */
	one = (struct bytes){epid, sizeof epid};
	assert_string_equal(
	    mapping_refusal(RR_EPID, &one, 1, false, NULL, 0), "an EPID with reserved flags");
	for (size_t i = 0; i <= MAPPING_SET; i++)
		set[i] = one;
	assert_string_equal(mapping_refusal(RR_EPID, set, MAPPING_SET + 1, false, NULL, 0),
	    "more than 16 records in one set");
}

static void
row_wrong(const struct row *row)
{
	uint8_t octets[512];
	struct wr wr = wr_init(octets, sizeof octets);
	const char *why = NULL;

	if (record_scan(row->field[0], row->field[1], &wr, &why) == 0)
		fail_msg("line %u: taken: %s", row->line, row->field[1]);
	assert_string_equal(why, row->field[2]);
}

static void
test_wrong_text(void **state)
{
	(void)state;
	assert_int_equal(rows_each("sets.txt", "wrong", row_wrong), 38);
}

/* Words in any order, names relative, upper case folded: one canonical text comes out. */
static void
test_text_is_made_canonical(void **state)
{
	static const char *const rows[][3] = {
	    {"ELOC", "10 1 192.0.2.1 probe=4177 path=a drain cap=tls,mptcp home",
		"10 1 192.0.2.1 home drain path=a cap=mptcp,tls probe=4177"},
	    {"ELOC", "10 1 via:0:0::10@SITE.Example. key65280=00FF",
		"10 1 via:::10@site.example. key65280=00ff"},
	    {"ELOC", "10 1 2001:DB8::1 key2=00000084", "10 1 2001:db8::1 key2=00000084"},
	    {"ELOC", "10 1 2001:db8::1 key2=00000003 key4=1051",
		"10 1 2001:db8::1 cap=mptcp,tls probe=4177"},
	    {"ELOC", "10 1 2001:db8::1 mandatory=path,cap cap=shim path=x",
		"10 1 2001:db8::1 mandatory=path,cap path=x cap=shim"},
	    {"EPID", "10 2001:DB8::1 successor temporary at=56/ID.Example.",
		"10 2001:db8::1 at=56/id.example. temporary successor"},
	    {"EPID", "10 WWW.Example.", "10 www.example."},
	};
	uint8_t octets[512];
	char text[RDATA_TEXT];
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct wr wr = wr_init(octets, sizeof octets);

		if (record_scan(rows[i][0], rows[i][1], &wr, &why) != 0)
			fail_msg("%s: %s", rows[i][1], why);
		assert_int_equal(strcmp(rows[i][0], "EPID") == 0
				     ? epid_print(wr_done(&wr), text, sizeof text)
				     : eloc_print(wr_done(&wr), text, sizeof text),
		    0);
		assert_string_equal(text, rows[i][2]);
	}
}

static void
test_relative_names(void **state)
{
	struct name origin = row_name("example.org.");
	char words_text[] = "10 1 via:::10@site", *words[16];
	uint8_t octets[256];
	struct wr wr = wr_init(octets, sizeof octets);
	char text[RDATA_TEXT];
	const char *why;

	(void)state;
	assert_int_equal(eloc_scan(words, row_words(words_text, words), &origin, &wr, &why), 0);
	assert_int_equal(eloc_print(wr_done(&wr), text, sizeof text), 0);
	assert_string_equal(text, "10 1 via:::10@site.example.org.");
	assert_int_equal(eloc_print(wr_done(&wr), text, strlen(text)), -MAP_ESPACE);
}

static void
test_sort(void **state)
{
	struct locator l[4] = {{.preference = 20, .weight = 1}, {.preference = 10, .weight = 2},
	    {.preference = 20, .weight = 3}, {.preference = 10, .weight = 4}};

	(void)state;
	locators_sort(l, 4);
	assert_int_equal(l[0].weight, 2);
	assert_int_equal(l[1].weight, 4);
	assert_int_equal(l[2].weight, 1);
	assert_int_equal(l[3].weight, 3);
	locators_sort(l, 0);
}

/* Every flag and parameter of a direct locator is carried over; reserved bits are not. */
static void
test_direct(void **state)
{
	static const uint8_t octets[] = {0, 10, 0, 50, 0xff, 1, 192, 0, 2, 1, 0, 1, 0, 1, 'a',
	    0, 2, 0, 4, 0, 0, 0, 3, 0, 4, 0, 2, 0x10, 0x51};
	struct eloc e;
	struct locator l;

	(void)state;
	assert_int_equal(eloc_read((struct bytes){octets, sizeof octets}, &e), 0);
	locator_direct(&e, &l);
	assert_int_equal(l.preference, 10);
	assert_int_equal(l.weight, 50);
	assert_int_equal(l.flags, ELOC_HOME | ELOC_BACKUP | ELOC_DRAIN);
	assert_int_equal(l.capabilities, CAP_MPTCP | CAP_TLS);
	assert_int_equal(l.probe, 4177);
	assert_string_equal(l.path, "a");
	assert_int_equal(l.composed, 0);
	assert_true(address_is_ipv4(l.address));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_refusal_of_size_and_flags),
	    cmocka_unit_test(test_wrong_text),
	    cmocka_unit_test(test_text_is_made_canonical),
	    cmocka_unit_test(test_relative_names),
	    cmocka_unit_test(test_sort),
	    cmocka_unit_test(test_direct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
