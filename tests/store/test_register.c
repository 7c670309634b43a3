/*
 * test_register.c - what hosts register: whose it is, how long it stays, and what keeps step with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/realm.h"

#include <stdio.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/message.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"
#include "mapd/claim.h"
#include "mapd/expiry.h"
#include "mapd/people.h"
#include "mapd/prove.h"
#include "mapd/replay.h"

static void
test_first_come(void **state)
{
	struct proposal *p;
	struct claim claim;
	uint32_t serial;

	(void)state;
	open_realm(DENIAL_NSEC3);
	register_me();
	assert_int_equal(count(ME, "ELOC"), 1);
	assert_int_equal(count(ME, "KEY"), 1);
	assert_true(claim_of(ME, &claim));
	assert_int_equal(claim.lease, 7200);
	assert_int_equal(claim.key_lease, 14 * 86400);
	/* a key that does not hash to the identity */
	p = others_update(ME);
	petition_item(p, UPDATE_ADD, ME, 300, "KEY", OTHER_KEY);
	answers(p, RCODE_REFUSED, "");
	/* a host's name is whose key comes first */
	p = others_update("printer");
	petition_item(p, UPDATE_ADD, "printer", 300, "KEY", OTHER_KEY);
	petition_item(p, UPDATE_ADD, "printer", 300, "A", "192.0.2.7");
	answers(p, RCODE_NOERROR, "");
	p = my_update("printer");
	petition_item(p, UPDATE_ADD, "printer", 300, "KEY", MY_KEY);
	answers(p, RCODE_YXDOMAIN, "since");
	/* and nobody's beside it */
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, "printer", 300, "A", "192.0.2.8");
	answers(p, RCODE_REFUSED, "");
	assert_int_equal(count("printer", "A"), 1);
	/* a refresh changes no serial, but the lease */
	serial = shop_zone().serial;
	claim_age(ME, 1000);
	register_me();
	assert_int_equal(shop_zone().serial, serial);
	assert_true(claim_of(ME, &claim));
	assert_true(claim.until + 60 > clock_seconds() + 7200);
}

/* A host's name, claimed or refreshed by who was shown to be in a network; 0: who may be anywhere. */
static void
claims_from(const char *name, uint8_t network, unsigned rcode, const char *words)
{
	struct proposal *p = others_update(name);

	claim_source((struct bytes){(const uint8_t[]){192, 0, network, 1}, 4}, p->source);
	p->shown = network != 0;
	petition_item(p, UPDATE_ADD, name, 300, "KEY", OTHER_KEY);
	answers(p, rcode, words);
}

/* A datagram may be from anywhere: what is claimed by it counts for no network, and has a bound of its own. */
static void
test_unproved(void **state)
{
	struct claim claim;

	(void)state;
	open_realm(DENIAL_NSEC3);
	shop.rule.policy.identities_of_source = 1;
	shop.rule.policy.identities_unproved = 2;
	claims_from("a", 0, RCODE_NOERROR, "");
	claims_from("b", 0, RCODE_NOERROR, "");
	claims_from("c", 0, RCODE_BADCOOKIE, "use TCP");
	claims_from("d", 2, RCODE_NOERROR, "");
	claims_from("c", 2, RCODE_REFUSED, "from this network");
	/* a refresh is none, and moves to the network that is shown, if there is room */
	claims_from("a", 0, RCODE_NOERROR, "");
	claims_from("a", 2, RCODE_NOERROR, "");
	assert_true(claim_of("a", &claim));
	assert_memory_equal(claim.source, claim_unproved, CLAIM_SOURCE);
	claims_from("a", 3, RCODE_NOERROR, "");
	assert_true(claim_of("a", &claim));
	assert_int_equal(claim.source[3], 3);
	claims_from("c", 0, RCODE_NOERROR, "");
	/* and stays there, wherever it is from later */
	claims_from("a", 0, RCODE_NOERROR, "");
	assert_true(claim_of("a", &claim));
	assert_int_equal(claim.source[3], 3);
	claims_from("e", 0, RCODE_BADCOOKIE, "use TCP");
}

static void
test_neighbours(void **state)
{
	struct proposal *good, *bad, *last;
	uint32_t serial;

	(void)state;
	open_realm(DENIAL_NSEC3);
	serial = shop_zone().serial;
	good = petition_new();
	petition_item(good, UPDATE_ADD, "a", 300, "A", "192.0.2.1");
	bad = petition_new();
	petition_item(bad, UPDATE_NAME_UNUSED, "a", 0, NULL, NULL);
	petition_item(bad, UPDATE_ADD, "a", 300, "A", "192.0.2.2");
	petition_item(bad, UPDATE_ADD, "b", 300, "A", "192.0.2.2");
	last = petition_new();
	petition_item(last, UPDATE_RRSET_VALUE, "a", 0, "A", "192.0.2.1");
	petition_item(last, UPDATE_ADD, "c", 300, "A", "192.0.2.3");
	petitions_run();
	assert_int_equal(good->verdict.rcode, RCODE_NOERROR);
	assert_int_equal(bad->verdict.rcode, RCODE_YXDOMAIN);
	assert_int_equal(last->verdict.rcode, RCODE_NOERROR);
	assert_int_equal(last->verdict.serial, serial + 1);
	petitions_free();
	assert_int_equal(count("a", "A"), 1);
	assert_int_equal(count("b", "A"), 0);
	assert_int_equal(count("c", "A"), 1);
	assert_int_equal(shop_zone().serial, serial + 1);
}

static void
test_lease(void **state)
{
	struct proposal *p;
	struct claim claim;

	(void)state;
	open_realm(DENIAL_NSEC3);
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, ME, 300, "KEY", MY_KEY);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.1");
	ask_lease(p, 5, 100 * 86400);
	petitions_run();
	assert_int_equal(p->verdict.rcode, RCODE_NOERROR);
	assert_true(p->verdict.lease.present && p->verdict.lease.both);
	assert_int_equal(p->verdict.lease.lease, 30);
	assert_int_equal(p->verdict.lease.key_lease, 30 * 86400);
	petitions_free();
	/* nothing but the KEY stays */
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.1");
	ask_lease(p, 0, 3600);
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(count(ME, "ELOC"), 0);
	assert_int_equal(count(ME, "KEY"), 1);
	assert_true(claim_of(ME, &claim));
	assert_int_equal(claim.until, 0);
	/* and now not even that */
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, ME, 300, "KEY", MY_KEY);
	ask_lease(p, 0, 0);
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(count(ME, "KEY"), 0);
	assert_false(claim_of(ME, &claim));
}

static void
expire(uint8_t denial)
{
	struct change *change;
	struct claim claim;
	uint32_t serial;

	open_realm(denial);
	register_me();
	serial = shop_zone().serial;
	(void)expiry_step(&shop.work, 60);
	assert_int_equal(shop_zone().serial, serial);
	claim_age(ME, 7200);
	while (expiry_step(&shop.work, 60) == 0)
		;
	assert_int_equal(count(ME, "ELOC"), 0);
	assert_int_equal(count(ME, "KEY"), 1);
	assert_int_equal(shop_zone().serial, serial + 1);
	claim_age(ME, 14 * 86400);
	while (expiry_step(&shop.work, 60) == 0)
		;
	assert_int_equal(count(ME, "KEY"), 0);
	assert_false(claim_of(ME, &claim));
	assert_int_equal(shop_zone().serial, serial + 2);
	assert_int_equal(shop_zone().names, 1);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_int_equal(claim_count(change, &shop.apex), 0);
	change_abort(change);
}

static void
test_expiry(void **state)
{
	(void)state;
	expire(DENIAL_NSEC3);
}

static void
test_expiry_nsec(void **state)
{
	(void)state;
	expire(DENIAL_NSEC);
}

static uint32_t aaaa_ttl = 300; /* in descriptions */

/* RFC 9665: one host description. */
static void
describe(const char *name, const char *address, uint32_t lease, uint32_t key_lease)
{
	struct proposal *p = my_update(name);

	petition_item(p, UPDATE_DELETE_NAME, name, 0, NULL, NULL);
	petition_item(p, UPDATE_ADD, name, 300, "KEY",
	    "0 3 15 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
	if (address != NULL) {
		petition_item(p, UPDATE_ADD, name, 300, "A", address);
		petition_item(p, UPDATE_ADD, name, aaaa_ttl, "AAAA", "2001:db8::1");
	}
	ask_lease(p, lease, key_lease);
	answers(p, RCODE_NOERROR, "");
}

static void
test_host(void **state)
{
	uint32_t serial;

	(void)state;
	open_realm(DENIAL_NSEC3);
	describe("host", "192.0.2.1", 3600, 86400);
	assert_int_equal(count("host", "A"), 1);
	assert_int_equal(count("host", "ELOC"), 2);
	serial = shop_zone().serial;
	describe("host", "192.0.2.1", 3600, 86400);
	assert_int_equal(shop_zone().serial, serial);
	describe("host", NULL, 3600, 86400);
	assert_int_equal(count("host", "ELOC") + count("host", "A"), 0);
	assert_int_equal(count("host", "KEY"), 1);
	describe("host", "192.0.2.1", 0, 86400);
	assert_int_equal(count("host", "ELOC") + count("host", "A"), 0);
	describe("host", "192.0.2.1", 0, 0);
	assert_int_equal(count("host", "KEY"), 0);
	assert_int_equal(shop_zone().names, 1);
}

static void
admin_item(enum update_verb verb, const char *owner, const char *type, const char *text)
{
	struct proposal *p = petition_new();

	petition_item(p, verb, owner, verb == UPDATE_ADD ? 300 : 0, type, text);
	answers(p, RCODE_NOERROR, "");
}

static void
expire_all(const char *owner, uint64_t seconds)
{
	claim_age(owner, seconds);
	while (expiry_step(&shop.work, 60) == 0)
		;
}

/* What an administrator put where the key may not change it has no lease; what the key may change goes, whoever put it. */
static void
test_not_leased(void **state)
{
	struct proposal *p;

	(void)state;
	open_realm(DENIAL_NSEC3);
	register_me();
	admin_item(UPDATE_ADD, ME, "A", "192.0.2.8");
	admin_item(UPDATE_ADD, ME, "EPID", "10 2001:3f:fe00:a05:e437:dbb2:2e81:cb3e");
	p = my_update(ME);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	ask_lease(p, 0, 7200);
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(count(ME, "A"), 1);
	assert_int_equal(count(ME, "ELOC") + count(ME, "EPID"), 0);
	register_me();
	expire_all(ME, 7200);
	assert_int_equal(count(ME, "ELOC"), 0);
	assert_int_equal(count(ME, "A"), 1);
	expire_all(ME, 14 * 86400);
	assert_int_equal(count(ME, "KEY"), 0);
	assert_int_equal(count(ME, "A"), 1);
	/* a host's addresses are its own, its identities are not */
	describe("host", "192.0.2.1", 3600, 86400);
	admin_item(UPDATE_ADD, "host", "EPID", "10 2001:3f:fe00:a05:e437:dbb2:2e81:cb3e");
	expire_all("host", 3600);
	assert_int_equal(count("host", "A") + count("host", "ELOC"), 0);
	assert_int_equal(count("host", "EPID"), 1);
}

/* A key came first, the name was assigned to another one since: all of both goes. */
static void
test_leased_to_both(void **state)
{
	struct change *change;
	struct name name, me;

	(void)state;
	open_realm(DENIAL_NSEC3);
	describe("host", "192.0.2.1", 3600, 86400);
	assert_int_equal(name_scan("host", 4, &shop.apex, &name), 0);
	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &me), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_int_equal(assigned_put(change, &name, &me), 0);
	assert_int_equal(change_commit(change), 0);
	admin_item(UPDATE_ADD, "host", "EPID", "10 2001:3f:fe00:a05:e437:dbb2:2e81:cb3e");
	expire_all("host", 86400);
	assert_int_equal(shop_zone().names, 1);
}

/* The locators are one set, whatever TTLs the addresses have: a refresh changes nothing. */
static void
test_host_ttls(void **state)
{
	static const uint32_t ttls[] = {60, 600};

	(void)state;
	open_realm(DENIAL_NSEC3);
	for (size_t i = 0; i < sizeof ttls / sizeof ttls[0]; i++) {
		uint32_t serial;

		aaaa_ttl = ttls[i];
		describe("host", "192.0.2.1", 3600, 86400);
		assert_int_equal(count("host", "ELOC"), 2);
		assert_int_equal(ttl_at("host", "ELOC"), ttls[i] < 300 ? ttls[i] : 300);
		assert_int_equal(ttl_at("host", "A"), 300);
		assert_int_equal(ttl_at("host", "AAAA"), ttls[i]);
		serial = shop_zone().serial;
		describe("host", "192.0.2.1", 3600, 86400);
		assert_int_equal(shop_zone().serial, serial);
	}
	aaaa_ttl = 300;
}

/* Names for those who know nothing of identities keep step. */
static void
test_step(void **state)
{
	struct change *change;
	struct name name, me;
	struct proposal *p;

	(void)state;
	open_realm(DENIAL_NSEC3);
	shop.rule.policy.names = 1; /* as many as there are */
	assert_int_equal(name_scan("www", 3, &shop.apex, &name), 0);
	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &me), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_int_equal(assigned_put(change, &name, &me), 0);
	assert_int_equal(change_commit(change), 0);
	register_me();
	assert_int_equal(count("www", "A"), 1);
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.9");
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 2001:db8::9");
	petition_item(
	    p, UPDATE_ADD, "www", 60, "EPID", "10 2001:3f:fe00:a05:e437:dbb2:2e81:cb3e");
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(count("www", "A"), 2);
	assert_int_equal(count("www", "AAAA"), 1);
	assert_int_equal(count("www", "EPID"), 1);
	/* the same address by another path is no other address */
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "20 1 192.0.2.9 path=isp-b");
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "20 1 2001:db8::9 backup");
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(count("www", "A"), 2);
	assert_int_equal(count("www", "AAAA"), 1);
	claim_age(ME, 7200);
	while (expiry_step(&shop.work, 60) == 0)
		;
	assert_int_equal(count("www", "A") + count("www", "AAAA"), 0);
}

/* What an operator took back, and has for himself now, has no lease. */
static void
test_taken_back(void **state)
{
	struct change *change;
	struct name name, me;
	struct claim claim;
	struct proposal *p;

	(void)state;
	open_realm(DENIAL_NSEC3);
	assert_int_equal(name_scan("www", 3, &shop.apex, &name), 0);
	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &me), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_int_equal(assigned_put(change, &name, &me), 0);
	assert_int_equal(change_commit(change), 0);
	register_me();
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, "www", 60, "EPID", "10 b.example.");
	answers(p, RCODE_NOERROR, "");
	assert_true(claim_of("www", &claim));
	assert_int_equal(change_begin(shop.store, &change), 0);
	assigned_remove(change, &name);
	assert_int_equal(change_commit(change), 0);
	p = petition_new();
	petition_item(p, UPDATE_DELETE_NAME, "www", 0, NULL, NULL);
	petition_item(p, UPDATE_ADD, "www", 300, "A", "192.0.2.80");
	answers(p, RCODE_NOERROR, "");
	claim_age("www", 7200);
	while (expiry_step(&shop.work, 60) == 0)
		;
	assert_int_equal(count("www", "A"), 1);
	assert_false(claim_of("www", &claim));
}

/* The same in another zone, with NSEC, where an edit has to write it. */
static void
step_elsewhere(uint8_t own, uint8_t denial)
{
	static struct zone_rule rules[2];
	struct name other_zone, name, me;
	struct change *change;
	struct proposal *p;
	uint32_t serial;

	open_realm(own);
	rules[0] = shop.rule;
	assert_int_equal(name_from("other.test.", &other_zone), 0);
	rules[1] = (struct zone_rule){.apex = other_zone, .denial = denial};
	policy_defaults(&rules[1].policy, POLICY_CLOSED);
	rules_sort(rules, 2);
	shop.rules.zones = rules;
	shop.rules.n_zones = 2;
	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &me), 0);
	shop_begin("other.test.");
	shop_add_apex("1");
	shop_load_good();
	serial = shop_zone().serial;
	assert_int_equal(name_scan("www", 3, &shop.apex, &name), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_int_equal(assigned_put(change, &name, &me), 0);
	assert_int_equal(change_commit(change), 0);
	assert_int_equal(name_from("zone.test.", &shop.apex), 0);
	register_me();
	assert_int_equal(name_from("other.test.", &shop.apex), 0);
	assert_int_equal(count("www", "A"), 1);
	assert_int_equal(shop_zone().serial, serial + 1);
	assert_int_equal(name_from("zone.test.", &shop.apex), 0);
	/* what is only asked for does nothing there either */
	p = my_update(ME);
	p->dry = true;
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(name_from("other.test.", &shop.apex), 0);
	assert_int_equal(count("www", "A"), 1);
	assert_int_equal(name_from("zone.test.", &shop.apex), 0);
	p = my_update(ME);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 2001:db8::9");
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(name_from("other.test.", &shop.apex), 0);
	assert_int_equal(count("www", "A"), 0);
	assert_int_equal(count("www", "AAAA"), 1);
	assert_int_equal(name_from("zone.test.", &shop.apex), 0);
	claim_age(ME, 7200);
	while (expiry_step(&shop.work, 60) == 0)
		;
	assert_int_equal(name_from("other.test.", &shop.apex), 0);
	assert_int_equal(count("www", "AAAA"), 0);
}

static void
test_step_elsewhere(void **state)
{
	(void)state;
	step_elsewhere(DENIAL_NSEC3, DENIAL_NSEC3);
}

static void
test_step_elsewhere_nsec(void **state)
{
	(void)state;
	step_elsewhere(DENIAL_NSEC3, DENIAL_NSEC);
}

static void
test_step_elsewhere_whole(void **state)
{
	(void)state;
	step_elsewhere(DENIAL_NSEC, DENIAL_NSEC3);
}

static void
register_via(const char *set, unsigned rcode, const char *words)
{
	struct proposal *p = my_update(ME);
	char text[80];

	snprintf(text, sizeof text, "10 50 via:::1@%s", set);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	petition_item(p, UPDATE_ADD, ME, 300, "KEY", MY_KEY);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", text);
	answers(p, rcode, words);
}

/* A via to a set whose zone goes stays, and so do refreshes of it; it cannot come anew. */
static void
test_set_gone(void **state)
{
	static struct name sites[2];

	(void)state;
	open_realm(DENIAL_NSEC3);
	assert_int_equal(name_from("site.other.test.", &sites[0]), 0);
	assert_int_equal(name_from("more.other.test.", &sites[1]), 0);
	shop.rule.policy.sites = sites;
	shop.rule.policy.n_sites = 2;
	register_via("site.other.test.", RCODE_REFUSED, "in no zone of this server");
	shop_begin("other.test.");
	shop_add_apex("1");
	shop_load_good();
	assert_int_equal(name_from("zone.test.", &shop.apex), 0);
	register_via("site.other.test.", RCODE_NOERROR, "");
	assert_int_equal(name_from("other.test.", &shop.apex), 0);
	assert_int_equal(work_remove(&shop.work, &shop.apex, &shop.outcome), 0);
	assert_int_equal(name_from("zone.test.", &shop.apex), 0);
	register_via("site.other.test.", RCODE_NOERROR, "");
	register_via("more.other.test.", RCODE_REFUSED, "in no zone of this server");
	/* what the policy says of it comes first */
	register_via("none.other.test.", RCODE_REFUSED, "no site that the realm lists");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_first_come),
	    TEST(test_unproved),
	    TEST(test_neighbours),
	    TEST(test_lease),
	    TEST(test_expiry),
	    TEST(test_expiry_nsec),
	    TEST(test_host),
	    TEST(test_host_ttls),
	    TEST(test_not_leased),
	    TEST(test_leased_to_both),
	    TEST(test_step),
	    TEST(test_taken_back),
	    TEST(test_step_elsewhere),
	    TEST(test_step_elsewhere_nsec),
	    TEST(test_step_elsewhere_whole),
	    TEST(test_set_gone),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	close_realm();
	return failed;
}
