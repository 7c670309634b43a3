/*
 * test_site.c - a path of a prefix set changed: one signed difference, of what is stored then, or none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/site.h"
#include "tests/store/past.h"

static void
site_zone(void)
{
	shop.rules.journal = 1 << 20;
	shop_begin("example.org.");
	shop_add_apex("1");
	shop_add("host", 60, "ELOC", "10 50 2001:db8:a:1::10 path=isp-a");
	shop_add("ns", 300, "A", "192.0.2.1");
	shop_add("site", 60, "TXT", "beside");
	shop_add("site", 60, "ELOC", "10 40 net:2001:db8:b::/48 path=isp-b");
	shop_add("site", 60, "ELOC", "10 60 net:2001:db8:a::/48 path=isp-a key65280=0102");
	shop_add("site", 60, "ELOC", "20 40 net:2001:db8:c::/48 backup path=isp-b");
	shop_add("site", 60, "ELOC", "30 40 net:2001:db8:d::/48");
	shop_load_good();
}

static int
site_try(enum site_verb verb, const char *set, const char *path, uint16_t weight)
{
	struct site site = {.verb = verb, .weight = weight};

	assert_int_equal(name_from(set, &site.set), 0);
	snprintf(site.path, sizeof site.path, "%s", path);
	return site_run(&shop.work, &shop.apex, &site, &shop.outcome);
}

/* The prefix sets's records as text, in the order of the store, one a line. */
static const char *
site_text(void)
{
	static char all[5 * RDATA_TEXT];
	char text[RDATA_TEXT];
	uint8_t key[NODE_KEY];
	struct bytes value = {NULL, 0};
	struct draft draft = {0};
	struct zone zone = shop_zone();
	struct change *change;
	struct name set;
	struct eloc eloc;
	size_t at = 0, n = 0;

	assert_int_equal(name_from("site.example.org.", &set), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_true(change_get(
	    change, TABLE_NODES, (struct bytes){key, node_key(zone.id, &set, key)}, &value));
	assert_int_equal(draft_read(&draft, value), 0);
	while (site_next(&draft, &at, &eloc)) {
		assert_true(eloc_print(draft.records[at - 1].rdata, text, sizeof text) >= 0);
		for (const char *octet = text; *octet != '\0'; octet++)
			all[n++] = *octet;
		all[n++] = '\n';
	}
	all[n] = '\0';
	draft_fini(&draft);
	change_abort(change);
	return all;
}

#define B "10 40 net:2001:db8:b::/48"
#define A "net:2001:db8:a::/48 path=isp-a key65280=0102\n"
#define C "20 40 net:2001:db8:c::/48 backup"
#define D "30 40 net:2001:db8:d::/48\n"

static void
test_drain(void **state)
{
	(void)state;
	site_zone();
	dump_take(&old);
	assert_int_equal(site_try(SITE_DRAIN, "site.example.org.", "isp-b", 0), 0);
	assert_string_equal(
	    shop.outcome.done, "site.example.org. path isp-b: drained, serial 1 -> 2");
	assert_int_equal(shop_zone().serial, 2);
	journal_judge(1);
	assert_string_equal(
	    site_text(), B " drain path=isp-b\n10 60 " A C " drain path=isp-b\n" D);
	assert_int_equal(site_try(SITE_DRAIN, "site.example.org.", "isp-b", 0), 0);
	assert_true(shop.outcome.unchanged);
	assert_string_equal(
	    shop.outcome.done, "site.example.org. path isp-b: drained already, serial 2");
	assert_int_equal(shop_zone().serial, 2);
	dump_take(&old);
	assert_int_equal(site_try(SITE_RESTORE, "site.example.org.", "isp-b", 0), 0);
	assert_int_equal(shop_zone().serial, 3);
	journal_judge(2);
	assert_string_equal(site_text(), B " path=isp-b\n10 60 " A C " path=isp-b\n" D);
}

/* What is unknown among the parameters stays, and so does the TTL. */
static void
test_weight(void **state)
{
	(void)state;
	site_zone();
	dump_take(&old);
	assert_int_equal(site_try(SITE_WEIGHT, "site.example.org.", "isp-a", 65535), 0);
	assert_string_equal(
	    shop.outcome.done, "site.example.org. path isp-a: weight 65535, serial 1 -> 2");
	journal_judge(1);
	assert_string_equal(site_text(), B " path=isp-b\n10 65535 " A C " path=isp-b\n" D);
	/* one of two has it already */
	assert_int_equal(site_try(SITE_WEIGHT, "site.example.org.", "isp-b", 40), 0);
	assert_true(shop.outcome.unchanged);
}

static void
test_refused(void **state)
{
	(void)state;
	site_zone();
	assert_int_equal(site_try(SITE_DRAIN, "site.example.org.", "isp-c", 0), -MAP_ENOTFOUND);
	assert_string_equal(shop.outcome.why,
	    "site.example.org.: no record of path isp-c; the paths there: isp-b, isp-a");
	assert_int_equal(site_try(SITE_DRAIN, "host.example.org.", "isp-a", 0), -MAP_ENOTFOUND);
	assert_string_equal(shop.outcome.why,
	    "host.example.org.: no prefix set: no ELOC record net:... is there");
	assert_int_equal(
	    site_try(SITE_DRAIN, "nobody.example.org.", "isp-a", 0), -MAP_ENOTFOUND);
	assert_int_equal(shop_zone().serial, 1);
	assert_int_equal(name_from("example.com.", &shop.apex), 0);
	assert_int_equal(site_try(SITE_DRAIN, "site.example.com.", "isp-a", 0), -MAP_ENOTFOUND);
	assert_string_equal(shop.outcome.why, "not served here");
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(test_drain), CASE(test_weight), CASE(test_refused)};

	return cmocka_run_group_tests_name("site", tests, NULL, NULL);
}
