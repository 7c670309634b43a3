/*
 * test_shared.c - names that two may change: a host that came first and the identity that the name was assigned to since; a zone
 * and one below it that was never delegated; an update that is too much for its zone, and those in the same commit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/realm.h"

#include <stdio.h>
#include <string.h>

#include "core/wire/message.h"
#include "core/wire/rrtype.h"
#include "mapd/expiry.h"
#include "mapd/lines.h"
#include "mapd/people.h"

static void
printer_is_mine(void)
{
	struct change *change;
	struct name me, name;

	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &me), 0);
	assert_int_equal(name_scan("printer", 7, &shop.apex, &name), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_int_equal(assigned_put(change, &name, &me), 0);
	assert_int_equal(change_commit(change), 0);
}

/* A printer of another key, which is assigned to me then. */
static void
share(uint8_t denial)
{
	open_realm(denial);
	register_printer(
	    others_update("printer"), "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=");
	assert_int_equal(count("printer", "ELOC"), 1);
	printer_is_mine();
	register_me();
}

/* What I have at the name that was assigned to me, with an address of mine. */
static void
update_mine(const char *address, const char *epid)
{
	struct proposal *p = my_update(ME);

	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", address);
	petition_item(p, UPDATE_ADD, "printer", 60, "EPID", epid);
	ask_lease(p, 7200, 604800);
	answers(p, RCODE_NOERROR, "");
}

/* The addresses there are mine then, and no locators of a host. */
static void
test_moves(void **state)
{
	(void)state;
	share(DENIAL_NSEC3);
	update_mine("10 1 192.0.2.2", "10 a.example.");
	update_mine("10 1 192.0.2.3", "10 b.example.");
	update_mine("10 1 192.0.2.4", "10 c.example.");
	assert_int_equal(count("printer", "EPID"), 3);
	assert_int_equal(count("printer", "A"), 1);
	assert_int_equal(count("printer", "ELOC"), 1);
}

/* The KEY is not mine: neither is its lease, nor is it mine to end. */
static void
test_key_stays(void **state)
{
	struct claim before, after;
	struct proposal *p;

	(void)state;
	share(DENIAL_NSEC3);
	claim_age("printer", 1000);
	assert_true(claim_of("printer", &before));
	update_mine("10 1 192.0.2.2", "10 a.example.");
	assert_true(claim_of("printer", &after));
	assert_int_equal(after.key_until, before.key_until);
	assert_int_equal(after.lease, 7200);
	p = my_update(ME);
	petition_item(p, UPDATE_DELETE_RRSET, "printer", 0, "EPID", NULL);
	ask_lease(p, 0, 0);
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(count("printer", "EPID"), 0);
	assert_int_equal(count("printer", "KEY"), 1);
	assert_true(claim_of("printer", &after));
	assert_int_equal(after.key_until, before.key_until);
	claim_age("printer", 86400);
	while (expiry_step(&shop.work, 60) == 0)
		;
	assert_int_equal(count("printer", "KEY"), 0);
	assert_false(claim_of("printer", &after));
	assert_int_equal(shop_claims(), 1);
}

/* A name that is mine alone, by what I registered there. */
static void
register_there(void)
{
	open_realm(DENIAL_NSEC3);
	printer_is_mine();
	register_me();
	update_mine("10 1 192.0.2.2", "10 a.example.");
	assert_int_equal(shop_claims(), 2);
}

/* Whoever takes away the last of it, nobody has the name any more. */
static void
test_emptied(void **state)
{
	struct proposal *p;

	(void)state;
	register_there();
	p = petition_new();
	petition_item(p, UPDATE_DELETE_NAME, "printer", 0, NULL, NULL);
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(shop_claims(), 1);
}

static void
test_emptied_by_edit(void **state)
{
	(void)state;
	register_there();
	edit_unset("printer", 0);
	assert_int_equal(shop_claims(), 1);
}

/* A zone below has its names, though nothing was delegated: an update to the zone above neither changes nor frees them. */
static void
test_zone_below(void **state)
{
	struct proposal *p;
	struct claim claim;

	(void)state;
	open_realm(DENIAL_NSEC3);
	p = others_update("h.sub");
	petition_item(p, UPDATE_ADD, "h.sub", 300, "KEY", OTHER_KEY);
	answers(p, RCODE_NOERROR, "");
	shop_begin("sub.zone.test.");
	shop_add_apex("1");
	shop_load_good();
	assert_int_equal(shop_claims(), 1);
	assert_int_equal(name_from("zone.test.", &shop.apex), 0);
	p = others_update("h.sub");
	petition_item(p, UPDATE_DELETE_NAME, "h.sub", 0, NULL, NULL);
	answers(p, RCODE_REFUSED, "belongs to another zone");
	assert_true(claim_of("h.sub", &claim));
	p = petition_new(); /* an administrator may */
	petition_item(p, UPDATE_DELETE_NAME, "h.sub", 0, NULL, NULL);
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(count("h.sub", "KEY"), 0);
	assert_true(claim_of("h.sub", &claim));
}

/* By configuration the zone's denial is another one since: no host chooses when that is done. */
static void
test_denial_stays(void **state)
{
	uint32_t id;

	(void)state;
	open_realm(DENIAL_NSEC);
	printer_is_mine();
	register_me();
	id = shop_zone().id;
	shop.rule.denial = DENIAL_NSEC3;
	update_mine("10 1 192.0.2.2", "10 a.example.");
	assert_int_equal(count("printer", "EPID"), 1);
	assert_int_equal(shop_zone().denial, DENIAL_NSEC);
	assert_int_equal(shop_zone().id, id);
}

/* More records than an edit has, in a zone where nothing less can write it: it is refused, and nobody else is. */
static void
test_too_much(void **state)
{
	enum { NAMES = 12, RECORDS = LINES_MOST / NAMES + 1 };
	struct proposal *p, *more;
	char name[16], text[24];

	(void)state;
	open_realm(DENIAL_NSEC);
	shop_begin("zone.test.");
	shop_add_apex("2");
	for (unsigned i = 0; i < NAMES * RECORDS; i++) {
		snprintf(name, sizeof name, "n%c", 'a' + (char)(i / RECORDS));
		snprintf(text, sizeof text, "10.0.%u.%u", i % RECORDS / 250, i % RECORDS % 250);
		shop_add(name, 60, "A", text);
	}
	shop_load_good();
	more = my_update(ME);
	petition_item(more, UPDATE_ADD, ME, 300, "KEY", MY_KEY);
	petition_item(more, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.1");
	p = petition_new();
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(name, sizeof name, "n%c", 'a' + (char)i);
		petition_item(p, UPDATE_DELETE_NAME, name, 0, NULL, NULL);
	}
	petitions_run();
	assert_int_equal(more->verdict.rcode, RCODE_NOERROR);
	assert_int_equal(p->verdict.rcode, RCODE_REFUSED);
	assert_non_null(strstr(p->verdict.text, "in parts"));
	petitions_free();
	assert_int_equal(count(ME, "ELOC"), 1);
	assert_int_equal(count("na", "A"), RECORDS);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_moves),
	    TEST(test_key_stays),
	    TEST(test_emptied),
	    TEST(test_emptied_by_edit),
	    TEST(test_zone_below),
	    TEST(test_denial_stays),
	    TEST(test_too_much),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	close_realm();
	return failed;
}
