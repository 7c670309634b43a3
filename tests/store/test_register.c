/*
 * test_register.c - what hosts register: whose it is, how long it stays, what proves it, and what comes again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/petition.h"

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

/* RFC 8032 test 1; the zone's prefix is 2001:3f:fe00:a00::/56. */
#define ME "05e437dbb22e81cb3e"
#define MY_KEY "512 3 15 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define OTHER_KEY "512 3 15 PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="

static struct crypto_key *mine, *other;
static uint8_t my_public[64], other_public[64];

static void
open_realm(uint8_t denial)
{
	static const uint8_t secret[32] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba,
	    0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69,
	    0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
	static const uint8_t second[32] = {0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d,
	    0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6,
	    0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb};
	static const uint8_t prefix[16] = {0x20, 0x01, 0x00, 0x3f, 0xfe, 0x00, 0x0a};

	if (mine == NULL) {
		assert_int_equal(crypto_key_from_private(15, secret, &mine), 0);
		assert_int_equal(crypto_key_from_private(15, second, &other), 0);
		assert_int_equal(crypto_key_public(mine, my_public), 0);
		assert_int_equal(crypto_key_public(other, other_public), 0);
	}
	shop_begin("zone.test.");
	shop.rule = (struct zone_rule){.apex = shop.apex, .denial = denial};
	policy_defaults(&shop.rule.policy, POLICY_OPEN);
	shop.rule.policy.verify_locators = false;
	shop.rule.policy.private_locators = true;
	shop.realm = (struct realm){.length = 56, .suffix = shop.apex};
	memcpy(shop.realm.prefix, prefix, 16);
	shop.rules.n_zones = 1;
	shop.rules.realms = &shop.realm;
	shop.rules.n_realms = 1;
	shop.rules.journal = 1 << 22;
	shop_add_apex("1");
	shop_load_good();
}

static struct proposal *
my_update(const char *name)
{
	struct proposal *p = petition_new();

	petition_sign(p, name, 15, my_public, 32);
	claim_source((struct bytes){(const uint8_t *)"\300\0\2\1", 4}, p->source);
	return p;
}

static struct proposal *
others_update(const char *name)
{
	struct proposal *p = petition_new();

	petition_sign(p, name, 15, other_public, 32);
	return p;
}

static void
ask_lease(struct proposal *p, uint32_t lease, uint32_t key_lease)
{
	p->update.lease = (struct lease_option){true, true, lease, key_lease};
}

/* One update alone: its RCODE, and words of its text. */
static void
answers(struct proposal *p, unsigned rcode, const char *words)
{
	petitions_run();
	if (p->verdict.rcode != rcode || strstr(p->verdict.text, words) == NULL)
		fail_msg("RCODE %u: %s", p->verdict.rcode, p->verdict.text);
	petitions_free();
}

/* How many records of a type are at a name. */
static unsigned
count(const char *owner, const char *type)
{
	uint8_t octets[NODE_KEY];
	struct node_set set;
	struct node node;
	struct change *change;
	struct bytes value;
	struct name name;
	uint32_t id = shop_zone().id;
	unsigned n = 0;

	assert_int_equal(name_scan(owner, strlen(owner), &shop.apex, &name), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	if (change_get(change, TABLE_NODES, (struct bytes){octets, node_key(id, &name, octets)},
		&value) &&
	    node_read(value, &node) == 0 &&
	    node_find(&node, (uint16_t)rrtype_scan(type, strlen(type)), &set)) {
		n = set.records;
		assert_true(set.signatures > 0);
	}
	change_abort(change);
	return n;
}

static bool
claim_of(const char *owner, struct claim *out)
{
	struct change *change;
	struct name name;
	bool found;

	assert_int_equal(name_scan(owner, strlen(owner), &shop.apex, &name), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	found = claim_get(change, &name, out);
	change_abort(change);
	return found;
}

/* Its leases began so many seconds ago. */
static void
claim_age(const char *owner, uint64_t seconds)
{
	struct change *change;
	struct claim claim;
	struct name name;

	assert_int_equal(name_scan(owner, strlen(owner), &shop.apex, &name), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_true(claim_get(change, &name, &claim));
	if (claim.until > 0)
		claim.until -= seconds;
	if (claim.key_until > 0)
		claim.key_until -= seconds;
	claim_put(change, &shop.apex, &name, &claim);
	assert_int_equal(change_commit(change), 0);
}

static void
register_me(void)
{
	struct proposal *p = my_update(ME);

	petition_item(p, UPDATE_ADD, ME, 300, "KEY", MY_KEY);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.1");
	answers(p, RCODE_NOERROR, "");
}

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
		petition_item(p, UPDATE_ADD, name, 300, "AAAA", "2001:db8::1");
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

/* Names for those who know nothing of identities keep step. */
static void
test_step(void **state)
{
	struct change *change;
	struct name name, me;
	struct proposal *p;

	(void)state;
	open_realm(DENIAL_NSEC3);
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

/* The same in another zone, with NSEC, where an edit has to write it. */
static void
step_elsewhere(uint8_t denial)
{
	static struct zone_rule rules[2];
	struct name other_zone, name, me;
	struct change *change;
	struct proposal *p;
	uint32_t serial;

	open_realm(DENIAL_NSEC3);
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
	step_elsewhere(DENIAL_NSEC3);
}

static void
test_step_elsewhere_nsec(void **state)
{
	(void)state;
	step_elsewhere(DENIAL_NSEC);
}

/* ELOC with a proof over one locator; spoilt: over another one. */
static void
prove(struct proposal *p, uint64_t serial, uint8_t flags, const char *address, bool spoilt)
{
	uint8_t rdata[64], proof[256];
	struct wr wr = wr_init(rdata, sizeof rdata), out = wr_init(proof, sizeof proof);
	struct bytes set[1];
	char text[64];
	const char *why;
	struct name me;
	size_t n = address != NULL;

	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &me), 0);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	if (address != NULL) {
		snprintf(text, sizeof text, "10 1 %s", address);
		petition_item(p, UPDATE_ADD, ME, 60, "ELOC", text);
		assert_int_equal(zone_scan_rdata(RR_ELOC, text, &shop.apex, &wr, &why), 0);
	}
	if (spoilt)
		rdata[wr.n - 1] ^= 1;
	set[0] = wr_done(&wr);
	assert_int_equal(trust_proof_sign(mine, &me, set, n, serial,
			     (uint32_t)clock_seconds() + 3600, flags, &out),
	    0);
	petition_rdata(p, UPDATE_ADD, ME, 60, RR_ELOC, wr_done(&out));
}

static void
test_proof(void **state)
{
	uint64_t serial = clock_ms();
	struct proposal *p;

	(void)state;
	open_realm(DENIAL_NSEC3);
	register_me();
	p = my_update(ME);
	prove(p, serial, 0, "192.0.2.1", true);
	answers(p, RCODE_REFUSED, "does not match");
	p = my_update(ME);
	prove(p, serial, 0, "192.0.2.1", false);
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(count(ME, "ELOC"), 2);
	/* no way back */
	p = my_update(ME);
	prove(p, serial - 1, 0, "192.0.2.2", false);
	answers(p, RCODE_REFUSED, "serial");
	p = my_update(ME);
	prove(p, serial + 301000, 0, "192.0.2.2", false);
	answers(p, RCODE_REFUSED, "ahead of the clock");
	p = my_update(ME);
	prove(p, serial + 1, 0, "192.0.2.2", false);
	answers(p, RCODE_NOERROR, "");
	/* one more record, and it is none any more */
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.3");
	answers(p, RCODE_NOERROR, "proof was removed");
	assert_int_equal(count(ME, "ELOC"), 2);
	/* revoked: only an administrator can do anything there */
	p = my_update(ME);
	prove(p, serial + 2, 128, NULL, false);
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(count(ME, "ELOC"), 1);
	p = my_update(ME);
	prove(p, serial + 3, 0, "192.0.2.2", false);
	answers(p, RCODE_REFUSED, "revoked");
	claim_age(ME, 366 * 86400);
	while (expiry_step(&shop.work, 60) == 0)
		;
	assert_int_equal(count(ME, "ELOC"), 1);
	p = petition_new();
	petition_item(p, UPDATE_DELETE_NAME, ME, 0, NULL, NULL);
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(shop_zone().names, 1);
}

static void
test_reachable(void **state)
{
	uint8_t address[16] = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 1}, token[PROVE_TOKEN];
	struct prover *prover;
	struct proposal *p;
	struct name me;

	(void)state;
	open_realm(DENIAL_NSEC3);
	shop.rule.policy.verify_locators = true;
	assert_int_equal(prover_new((struct bytes){NULL, 0}, &prover), 0);
	shop.work.prover = prover;
	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &me), 0);
	for (int turn = 0; turn < 3; turn++) {
		p = my_update(ME);
		petition_item(p, UPDATE_ADD, ME, 300, "KEY", MY_KEY);
		petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.1");
		petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "20 1 192.0.2.1");
		p->update.prove = (struct prove_option){turn > 0, 4177, {token, 0}};
		assert_int_equal(prove_token(prover, &me, address, clock_seconds(), token), 0);
		if (turn == 2)
			p->update.prove.tokens.n = PROVE_TOKEN;
		petitions_run();
		if (turn < 2) {
			assert_int_equal(p->verdict.rcode, RCODE_REFUSED);
			assert_string_equal(p->verdict.text, "prove 192.0.2.1");
			/* probes only to who says where he hears them */
			assert_int_equal(p->verdict.n_prove, turn);
		} else {
			assert_int_equal(p->verdict.rcode, RCODE_NOERROR);
		}
		petitions_free();
	}
	/* what is published is proved */
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "30 1 192.0.2.1");
	answers(p, RCODE_NOERROR, "");
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "30 1 192.0.2.2");
	answers(p, RCODE_REFUSED, "prove 192.0.2.2");
	shop.work.prover = NULL;
	prover_free(prover);
}

/* The octets that come again; a later one that came before; after a restart too. */
static void
test_replay(void **state)
{
	uint8_t digest[32];
	struct proposal *p;
	uint32_t serial;

	(void)state;
	open_realm(DENIAL_NSEC3);
	register_me();
	p = my_update(ME);
	memcpy(digest, p->digest, sizeof digest);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	answers(p, RCODE_NOERROR, "");
	register_me();
	serial = shop_zone().serial;
	for (int turn = 0; turn < 2; turn++) {
		p = my_update(ME);
		memcpy(p->digest, digest, sizeof digest);
		petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
		answers(p, RCODE_NOERROR, "answered before");
		p = my_update(ME);
		p->sig0.inception -= 10;
		petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
		answers(p, RCODE_REFUSED, "signed before");
		assert_int_equal(count(ME, "ELOC"), 1);
		assert_int_equal(shop_zone().serial, serial);
		shop_close();
		shop_open();
	}
	/* a prerequisite that did not hold holds when it comes again: it is answered as before */
	p = my_update(ME);
	memcpy(digest, p->digest, sizeof digest);
	petition_item(p, UPDATE_RRSET_EXISTS, "later", 0, "A", NULL);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	answers(p, RCODE_NXRRSET, "");
	p = petition_new();
	petition_item(p, UPDATE_ADD, "later", 300, "A", "192.0.2.1");
	answers(p, RCODE_NOERROR, "");
	p = my_update(ME);
	memcpy(p->digest, digest, sizeof digest);
	petition_item(p, UPDATE_RRSET_EXISTS, "later", 0, "A", NULL);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	answers(p, RCODE_NXRRSET, "answered before");
	/* no more of a key than are remembered */
	for (unsigned i = 0; i < REPLAY_OF_KEY; i++) {
		p = my_update(ME);
		petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.1");
	}
	petitions_run();
	assert_int_equal(p->verdict.rcode, RCODE_REFUSED);
	petitions_free();
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_first_come),
	    TEST(test_neighbours),
	    TEST(test_lease),
	    TEST(test_expiry),
	    TEST(test_expiry_nsec),
	    TEST(test_host),
	    TEST(test_step),
	    TEST(test_step_elsewhere),
	    TEST(test_step_elsewhere_nsec),
	    TEST(test_proof),
	    TEST(test_reachable),
	    TEST(test_replay),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	crypto_key_free(mine);
	crypto_key_free(other);
	return failed;
}
