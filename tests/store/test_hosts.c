/*
 * test_hosts.c - what hosts do to their own names by updates: claims that come and go, addresses that are proved.
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
#include "core/wire/message.h"
#include "core/wire/rrtype.h"
#include "mapd/expiry.h"
#include "mapd/people.h"
#include "mapd/prove.h"

static uint8_t keys[2][32];

static void
open_realm(void)
{
	shop_begin("zone.test.");
	shop.rule = (struct zone_rule){.apex = shop.apex, .denial = DENIAL_NSEC3};
	policy_defaults(&shop.rule.policy, POLICY_OPEN);
	shop.rules.n_zones = 1;
	shop_add_apex("1");
	shop_add("static", 300, "A", "192.0.2.1");
	shop_load_good();
	for (unsigned i = 0; i < 2; i++) {
		struct crypto_key *key;
		uint8_t octets[64];

		assert_int_equal(crypto_key_generate(CRYPTO_ED25519, &key), 0);
		assert_int_equal(crypto_key_public(key, octets), 0);
		memcpy(keys[i], octets, sizeof keys[i]);
		crypto_key_free(key);
	}
}

static struct proposal *
host_new(const char *name, unsigned key)
{
	struct proposal *p = petition_new();

	p->source[0] = 4;
	p->shown = true;
	petition_sign(p, name, CRYPTO_ED25519, keys[key], sizeof keys[key]);
	return p;
}

static void
add_key(struct proposal *p, const char *name, unsigned key)
{
	uint8_t rdata[36] = {2, 0, 3, CRYPTO_ED25519};

	memcpy(rdata + 4, keys[key], sizeof keys[key]);
	petition_rdata(p, UPDATE_ADD, name, 300, RR_KEY, (struct bytes){rdata, sizeof rdata});
}

static void
run(struct proposal *p, unsigned rcode, const char *rule, const char *text)
{
	petitions_run();
	if (p->verdict.rcode != rcode || strstr(p->verdict.text, text) == NULL ||
	    (rule != NULL &&
		(p->verdict.rule == NULL || strcmp(p->verdict.rule->name, rule) != 0)))
		fail_msg("%u %s '%s', expected %u %s '%s'", p->verdict.rcode,
		    p->verdict.rule != NULL ? p->verdict.rule->name : "-", p->verdict.text,
		    rcode, rule != NULL ? rule : "-", text);
	petitions_free();
}

static void
take(const char *name, unsigned key, unsigned rcode, const char *rule, const char *text)
{
	struct proposal *p = host_new(name, key);

	add_key(p, name, key);
	petition_item(p, UPDATE_ADD, name, 300, "A", "192.0.2.9");
	run(p, rcode, rule, text);
}

/* Who comes first has the name until he lets it go; then it is free, and not counted any more. */
static void
test_first_come(void **state)
{
	struct proposal *p;

	(void)state;
	open_realm();
	take("host", 0, RCODE_NOERROR, "host", "");
	assert_int_equal(shop_claims(), 1);
	take("host", 1, RCODE_YXDOMAIN, "held", " UTC until ");
	take("static", 1, RCODE_YXDOMAIN, "taken", "");
	take("below.*", 1, RCODE_REFUSED, "wildcard", "");
	p = host_new("host", 0);
	petition_item(p, UPDATE_DELETE_RRSET, "host", 0, "A", NULL);
	run(p, RCODE_NOERROR, "host", "");
	assert_int_equal(shop_claims(), 1);
	take("host", 1, RCODE_YXDOMAIN, "held", "");
	p = host_new("host", 0);
	petition_item(p, UPDATE_DELETE_NAME, "host", 0, NULL, NULL);
	run(p, RCODE_NOERROR, "host", "");
	assert_int_equal(shop_claims(), 0);
	shop.rule.policy.identities = 0;
	take("host", 1, RCODE_REFUSED, "realm", "");
	shop.rule.policy.identities = 1;
	take("host", 1, RCODE_NOERROR, "host", "");
	assert_int_equal(shop_claims(), 1);
}

/* An address is one by whatever type of record it is said. */
static void
test_proved(void **state)
{
	uint8_t address[16] = {[10] = 0xff, 0xff, 192, 0, 2, 9}, token[PROVE_TOKEN];
	struct prover *prover;
	struct name host;
	struct proposal *p;

	(void)state;
	open_realm();
	assert_int_equal(name_scan("host", 4, &shop.apex, &host), 0);
	assert_int_equal(prover_new((struct bytes){NULL, 0}, &prover), 0);
	shop.work.prover = prover;
	take("host", 0, RCODE_REFUSED, NULL, "prove 192.0.2.9");
	p = host_new("host", 0);
	add_key(p, "host", 0);
	petition_item(p, UPDATE_ADD, "host", 300, "AAAA", "2001:db8::9");
	petition_item(p, UPDATE_ADD, "host", 300, "ELOC", "10 50 2001:db8::9");
	petition_item(p, UPDATE_ADD, "host", 300, "ELOC", "10 50 192.0.2.9");
	run(p, RCODE_REFUSED, NULL, "prove ");
	assert_int_equal(prove_token(prover, &host, address, clock_seconds(), token), 0);
	p = host_new("host", 0);
	p->update.prove.present = true;
	p->update.prove.port = 4177;
	p->update.prove.tokens = (struct bytes){token, sizeof token};
	add_key(p, "host", 0);
	petition_item(p, UPDATE_ADD, "host", 300, "A", "192.0.2.9");
	run(p, RCODE_NOERROR, "host", "");
	/* what is published is taken for proved, also where it becomes a locator */
	p = host_new("host", 0);
	petition_item(p, UPDATE_ADD, "host", 300, "ELOC", "10 50 192.0.2.9");
	run(p, RCODE_NOERROR, "host", "");
	shop.work.prover = NULL;
	prover_free(prover);
}

/* A name that is assigned to another one is nobody's while that has no KEY: whoever signs as it, brings it along or not. */
static void
test_assigned(void **state)
{
	struct name host, name;
	struct change *change;
	struct proposal *p;

	(void)state;
	open_realm();
	shop.rule.policy.verify_locators = false;
	assert_int_equal(name_scan("host", 4, &shop.apex, &host), 0);
	assert_int_equal(name_scan("www", 3, &shop.apex, &name), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_int_equal(assigned_put(change, &name, &host), 0);
	assert_int_equal(change_commit(change), 0);
	for (unsigned turn = 0; turn < 2; turn++) {
		p = host_new("host", 0);
		if (turn == 0) {
			uint8_t key[36] = {2, 0, 3, CRYPTO_ED25519};

			memcpy(key + 4, keys[0], sizeof keys[0]);
			add_key(p, "host", 0);
			petition_rdata(p, UPDATE_DELETE_RECORD, "host", 0, RR_KEY,
			    (struct bytes){key, sizeof key});
		}
		petition_item(p, UPDATE_ADD, "www", 300, "A", "192.0.2.9");
		run(p, RCODE_REFUSED, NULL, "KEY that signs");
	}
	assert_int_equal(shop_claims(), 0);
	/* with its KEY, and then because of it */
	p = host_new("host", 0);
	add_key(p, "host", 0);
	petition_item(p, UPDATE_ADD, "www", 300, "A", "192.0.2.9");
	run(p, RCODE_NOERROR, NULL, "");
	p = host_new("host", 0);
	petition_item(p, UPDATE_DELETE_NAME, "host", 0, NULL, NULL);
	petition_item(p, UPDATE_DELETE_NAME, "www", 0, NULL, NULL);
	run(p, RCODE_NOERROR, NULL, "");
	assert_int_equal(shop_claims(), 0);
}

/* What waited until its time had passed may be one that was taken, and forgotten at that moment. */
static void
test_late(void **state)
{
	struct proposal *p;

	(void)state;
	open_realm();
	shop.rule.policy.verify_locators = false;
	p = host_new("host", 0);
	p->sig0.inception -= 301;
	p->sig0.expiration -= 301;
	add_key(p, "host", 0);
	run(p, RCODE_REFUSED, NULL, "its time has passed: compare clocks");
	assert_int_equal(shop_claims(), 0);
	p = petition_new();
	p->tsig.time -= 301;
	petition_item(p, UPDATE_DELETE_NAME, "static", 0, NULL, NULL);
	run(p, RCODE_REFUSED, NULL, "its time has passed: compare clocks");
	assert_int_equal(shop_zone().serial, 1);
}

/* An administrator's. */
static void
decree(enum update_verb verb, const char *owner, const char *type, const char *text, bool dry,
    unsigned rcode, const char *words)
{
	struct proposal *p = petition_new();

	p->dry = dry;
	petition_item(p, verb, owner, verb == UPDATE_ADD ? 300 : 0, type, text);
	petitions_run();
	if (p->verdict.rcode != rcode || strstr(p->verdict.text, words) == NULL ||
	    (rcode != RCODE_NOERROR && (p->verdict.rule != NULL || p->verdict.lease.present)))
		fail_msg("%s %s: %u '%s', expected %u '%s'", owner, type, p->verdict.rcode,
		    p->verdict.text, rcode, words);
	petitions_free();
}

/* Below a delegation nothing can be added but its own glue; what was there before is not blamed. */
static void
test_below_cut(void **state)
{
	static const char child[] = "below a delegation, where the child zone answers",
			  glue[] = "below a delegation, and no address of its name servers";
	uint32_t serial;
	struct proposal *p;

	(void)state;
	open_realm();
	decree(UPDATE_ADD, "old.del", "A", "192.0.2.8", false, RCODE_NOERROR, "");
	decree(UPDATE_ADD, "del", "NS", "ns.deep.del", false, RCODE_NOERROR, "");
	decree(UPDATE_ADD, "ns.deep.del", "A", "192.0.2.2", false, RCODE_NOERROR, "");
	serial = shop_zone().serial;
	for (int dry = 1; dry >= 0; dry--) {
		decree(UPDATE_ADD, "g.del", "TXT", "hidden", dry, RCODE_REFUSED, child);
		decree(UPDATE_ADD, "ns.deep.del", "TXT", "hidden", dry, RCODE_REFUSED, child);
		decree(UPDATE_ADD, "h.del", "A", "192.0.2.3", dry, RCODE_REFUSED, glue);
		decree(UPDATE_ADD, "old.del", "A", "192.0.2.3", dry, RCODE_REFUSED, glue);
		decree(UPDATE_ADD, "x.ns.deep.del", "NS", "ns.h", dry, RCODE_REFUSED, child);
	}
	assert_int_equal(shop_zone().serial, serial);
	decree(UPDATE_ADD, "ns.deep.del", "AAAA", "2001:db8::2", false, RCODE_NOERROR, "");
	decree(UPDATE_DELETE_RRSET, "ns.deep.del", "A", NULL, false, RCODE_NOERROR, "");
	decree(UPDATE_DELETE_RRSET, "old.del", "A", NULL, false, RCODE_NOERROR, "");
	decree(UPDATE_DELETE_RRSET, "h.del", "A", NULL, false, RCODE_NOERROR, "");
	assert_int_equal(shop_zone().serial, serial + 3);
	/* judged as the message leaves the zone */
	p = petition_new();
	petition_item(p, UPDATE_ADD, "sub", 300, "NS", "ns.sub");
	petition_item(p, UPDATE_ADD, "g.sub", 300, "TXT", "hidden");
	run(p, RCODE_REFUSED, NULL, child);
	p = petition_new();
	petition_item(p, UPDATE_ADD, "g.del", 300, "TXT", "seen");
	petition_item(p, UPDATE_DELETE_RRSET, "del", 0, "NS", NULL);
	run(p, RCODE_NOERROR, NULL, "");
	assert_int_equal(shop_zone().serial, serial + 4);
	decree(UPDATE_ADD, "g.del", "A", "192.0.2.3", false, RCODE_NOERROR, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_first_come, shop_setup, shop_teardown),
	    cmocka_unit_test_setup_teardown(test_assigned, shop_setup, shop_teardown),
	    cmocka_unit_test_setup_teardown(test_late, shop_setup, shop_teardown),
	    cmocka_unit_test_setup_teardown(test_below_cut, shop_setup, shop_teardown),
	    cmocka_unit_test_setup_teardown(test_proved, shop_setup, shop_teardown),
	};

	return cmocka_run_group_tests_name("hosts", tests, NULL, NULL);
}
