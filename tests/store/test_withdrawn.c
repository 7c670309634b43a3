/*
 * test_withdrawn.c - claims of what an operator takes away: a name by an edit, all names with their zone.
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
#include "mapd/group.h"
#include "mapd/people.h"

/* By another host, which knows of locators. */
static void
other_registers(unsigned rcode, const char *words)
{
	struct proposal *p = others_update("printer");

	petition_item(p, UPDATE_ADD, "printer", 300, "KEY", OTHER_KEY);
	petition_item(p, UPDATE_ADD, "printer", 60, "ELOC", "10 1 2001:db8::9");
	answers(p, rcode, words);
}

static size_t
rows(enum table table)
{
	struct bytes key = {0}, value;
	struct change *change;
	size_t n = 0;

	assert_int_equal(change_begin(shop.store, &change), 0);
	for (bool more = change_ceiling(change, table, key, &key, &value); more;
	     more = change_next(change, table, &key, &value))
		n++;
	change_abort(change);
	return n;
}

/* Who comes next is asked for the quota, and is no printer. */
static void
edit_takes_claim(uint16_t type, bool whole)
{
	struct claim claim;

	open_realm(DENIAL_NSEC3);
	register_printer(my_update("printer"), "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
	edit_unset("printer", RR_A);
	assert_true(claim_of("printer", &claim));
	assert_true(claim.flags & CLAIM_HOST);
	if (whole)
		edit_unset_whole("printer", type);
	else
		edit_unset("printer", type);
	assert_false(claim_of("printer", &claim));
	assert_int_equal(shop_claims(), 0);
	assert_int_equal(rows(TABLE_EXPIRY), 0);
	if (type != 0)
		edit_unset("printer", 0);
	shop.rule.policy.identities = 0;
	other_registers(RCODE_REFUSED, "as many names as it takes");
	shop.rule.policy.identities = 1;
	other_registers(RCODE_NOERROR, "");
	assert_int_equal(count("printer", "ELOC"), 1);
	assert_true(claim_of("printer", &claim));
	assert_false(claim.flags & CLAIM_HOST);
	assert_memory_equal(claim.source, claim_unproved, CLAIM_SOURCE);
}

static void
test_edit(void **state)
{
	(void)state;
	edit_takes_claim(0, false);
}

static void
test_edit_key(void **state)
{
	(void)state;
	edit_takes_claim(RR_KEY, false);
}

static void
test_edit_whole(void **state)
{
	(void)state;
	edit_takes_claim(0, true);
}

/* A host that goes from a name leaves what the operator has there, and no claim of it. */
static void
test_host_goes(void **state)
{
	struct proposal *p;
	struct claim claim;

	(void)state;
	open_realm(DENIAL_NSEC3);
	register_me();
	p = petition_new();
	petition_item(p, UPDATE_ADD, ME, 300, "TXT", "here");
	answers(p, RCODE_NOERROR, "");
	p = my_update(ME);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "KEY", NULL);
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(count(ME, "TXT"), 1);
	assert_false(claim_of(ME, &claim));
	assert_int_equal(shop_claims(), 0);
}

/* www, which another key claimed before it was assigned to me; epid: I registered there too. */
static void
share(bool epid)
{
	struct change *change;
	struct name me, name;
	struct proposal *p;

	open_realm(DENIAL_NSEC3);
	p = others_update("www");
	petition_item(p, UPDATE_ADD, "www", 300, "KEY", OTHER_KEY);
	petition_item(p, UPDATE_ADD, "www", 300, "A", "192.0.2.7");
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &me), 0);
	assert_int_equal(name_scan("www", 3, &shop.apex, &name), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_int_equal(assigned_put(change, &name, &me), 0);
	assert_int_equal(change_commit(change), 0);
	register_me();
	if (!epid)
		return;
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, "www", 60, "EPID", "10 b.example.");
	answers(p, RCODE_NOERROR, "");
}

static void
update_unset_key(void)
{
	struct proposal *p = petition_new();

	petition_item(p, UPDATE_DELETE_RRSET, "www", 0, "KEY", NULL);
	answers(p, RCODE_NOERROR, "");
}

static void
shared_ends(void)
{
	struct claim claim;

	assert_int_equal(count("www", "KEY"), 0);
	assert_int_equal(count("www", "EPID"), 1);
	assert_true(claim_of("www", &claim));
	claim_age("www", 1209600);
	while (expiry_step(&shop.work, 60) == 0)
		;
	assert_int_equal(count("www", "EPID"), 0);
	assert_int_equal(count("www", "A"), 1);
	assert_false(claim_of("www", &claim));
	assert_int_equal(shop_claims(), 1);
}

/* What the identity that has the name registered there ends with its lease, also when a stray KEY is taken away. */
static void
test_shared(void **state)
{
	(void)state;
	share(true);
	edit_unset("www", RR_KEY);
	shared_ends();
}

static void
test_shared_update(void **state)
{
	(void)state;
	share(true);
	update_unset_key();
	shared_ends();
}

/* Nothing of anybody's is left that a lease would end: addresses follow the mapping. */
static void
test_shared_not(void **state)
{
	(void)state;
	share(false);
	edit_unset("www", RR_KEY);
	assert_int_equal(shop_claims(), 1);
	assert_int_equal(count("www", "A"), 1);
}

static void
test_shared_not_update(void **state)
{
	(void)state;
	share(false);
	update_unset_key();
	assert_int_equal(shop_claims(), 1);
	assert_int_equal(count("www", "A"), 1);
}

/* So many claims in the zone apex of shop.h, right below it or further down, with leases. */
static void
claims_make(size_t n, const char *below)
{
	struct claim claim = {.since = 1, .until = 1 << 30, .key_until = 1 << 30};
	struct change *change;
	struct name name;
	char text[32];

	assert_int_equal(change_begin(shop.store, &change), 0);
	for (size_t i = 0; i < n; i++) {
		snprintf(text, sizeof text, "h%zu%s", i, below);
		assert_int_equal(name_scan(text, strlen(text), &shop.apex, &name), 0);
		claim_put(change, &shop.apex, &name, &claim);
	}
	assert_int_equal(change_commit(change), 0);
	assert_int_equal(shop_claims(), n);
}

static void
zone_is(const char *zone)
{
	assert_int_equal(name_from(zone, &shop.apex), 0);
}

/* A zone, one below it, and one beside it, with claims. */
static void
zones_make(size_t n)
{
	static const char *const others[] = {"h.zone.test.", "zone2.test."};

	open_realm(DENIAL_NSEC3);
	claims_make(n, "");
	for (size_t i = 0; i < 2; i++) {
		shop_begin(others[i]);
		shop_add_apex("1");
		shop_load_good();
		claims_make(3, "");
	}
	zone_is("zone.test.");
}

/* Of the zone that has gone nothing is left, of the others all. */
static void
only_others_are_left(void)
{
	assert_int_equal(shop_claims(), 0);
	assert_int_equal(rows(TABLE_LEASES), 6);
	assert_int_equal(rows(TABLE_EXPIRY), 6);
	zone_is("h.zone.test.");
	assert_int_equal(shop_claims(), 3);
	zone_is("zone2.test.");
	assert_int_equal(shop_claims(), 3);
}

/* More than a transaction removes. */
static void
test_zone_removed(void **state)
{
	(void)state;
	zones_make(2 * WORK_CLAIMS + 10);
	assert_int_equal(work_remove(&shop.work, &shop.apex, &shop.outcome), 0);
	only_others_are_left();
}

/* Killed behind the transaction that the zone went with: the next start does the rest. */
static void
test_removal_interrupted(void **state)
{
	struct change *change;
	uint8_t key[NAME_KEY];

	(void)state;
	zones_make(20);
	assert_int_equal(change_begin(shop.store, &change), 0);
	change_remove(change, TABLE_ZONES, (struct bytes){key, zone_meta_key(&shop.apex, key)});
	assert_int_equal(change_commit(change), 0);
	work_fini(&shop.work);
	assert_int_equal(work_init(&shop.work, shop.store, shop.keys, &shop.rules, 1, shop.why,
			     sizeof shop.why),
	    0);
	only_others_are_left();
}

/* Of a zone that comes below, the claims of its names are its own: they go with it, and not with the one above. */
static void
test_zone_below(void **state)
{
	(void)state;
	open_realm(DENIAL_NSEC3);
	claims_make(4, ".deep.h");
	shop_begin("deep.h.zone.test.");
	shop_add_apex("1");
	shop_load_good();
	assert_int_equal(shop_claims(), 4);
	zone_is("zone.test.");
	claims_make(5, ".h");
	shop_begin("h.zone.test.");
	shop_add_apex("1");
	shop_load_good();
	assert_int_equal(shop_claims(), 5);
	zone_is("zone.test.");
	assert_int_equal(shop_claims(), 0);
	assert_int_equal(work_sweep_claims(&shop.work, &shop.apex, &shop.apex), 0);
	assert_int_equal(rows(TABLE_LEASES), 9);
	zone_is("h.zone.test.");
	assert_int_equal(work_remove(&shop.work, &shop.apex, &shop.outcome), 0);
	assert_int_equal(rows(TABLE_LEASES), 4);
	zone_is("deep.h.zone.test.");
	assert_int_equal(shop_claims(), 4);
	assert_int_equal(work_remove(&shop.work, &shop.apex, &shop.outcome), 0);
	assert_int_equal(rows(TABLE_LEASES), 0);
	assert_int_equal(rows(TABLE_EXPIRY), 0);
	assert_int_equal(rows(TABLE_COUNTS), 0);
}

/* A load that drops what hosts registered: its commit has that too, and nothing need come behind it. */
static void
load_drops(size_t n, bool differs)
{
	static const char *const zones[] = {"zone.test.", "beside.test."};
	static uint8_t octets[2][4096];
	struct group_load loads[2];
	struct outcome outcomes[2];
	struct name apexes[2];

	zones_make(2 * WORK_CLAIMS + 10);
	for (size_t i = 0; i < n; i++) {
		shop_begin(zones[i]);
		shop_add_apex("1");
		if (differs)
			shop_add("new", 60, "A", "192.0.2.1");
		apexes[i] = shop.apex;
		assert_true(shop.records.n <= sizeof octets[i]);
		memcpy(octets[i], shop.octets, shop.records.n);
		loads[i] = (struct group_load){.zone = &apexes[i],
		    .records = {octets[i], shop.records.n},
		    .out = &outcomes[i],
		    .drop = i == 0};
	}
	group_load(&shop.work, loads, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(loads[i].error, 0);
	assert_int_equal(outcomes[0].unchanged, !differs);
	zone_is("zone.test.");
	only_others_are_left();
}

static void
test_load_drops(void **state)
{
	(void)state;
	load_drops(1, true);
}

static void
test_load_drops_unchanged(void **state)
{
	(void)state;
	load_drops(1, false);
}

static void
test_loads_drop(void **state)
{
	(void)state;
	load_drops(2, true);
}

static void
test_loads_drop_unchanged(void **state)
{
	(void)state;
	load_drops(2, false);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_edit),
	    TEST(test_edit_key),
	    TEST(test_edit_whole),
	    TEST(test_host_goes),
	    TEST(test_shared),
	    TEST(test_shared_update),
	    TEST(test_shared_not),
	    TEST(test_shared_not_update),
	    TEST(test_zone_removed),
	    TEST(test_removal_interrupted),
	    TEST(test_zone_below),
	    TEST(test_load_drops),
	    TEST(test_load_drops_unchanged),
	    TEST(test_loads_drop),
	    TEST(test_loads_drop_unchanged),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	close_realm();
	return failed;
}
