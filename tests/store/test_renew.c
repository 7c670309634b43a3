/*
 * test_renew.c - how long signatures live, and that they are renewed in time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/sys/crypto.h"
#include "core/sys/loop.h"
#include "core/wire/dnssec.h"
#include "core/wire/rrtype.h"
#include "mapd/meta.h"
#include "mapd/renew.h"
#include "tests/store/shop.h"

#define DAY 86400u

/* The RRSIG of a set at a name: checked with the zone's key, and read. */
static struct rrsig
signature_of(const char *owner, uint16_t type)
{
	static uint8_t message[1 << 16];
	struct wr wr = wr_init(message, sizeof message);
	struct bytes value, rdata[64];
	const struct keyset *keys;
	struct change *change;
	struct crypto_key *public;
	struct node node;
	struct node_set set;
	struct rrsig sig;
	struct rrset rrset;
	struct zone zone;
	struct name name;
	uint8_t k[NODE_KEY];
	uint16_t t;
	size_t at = 0, n = 0;

	assert_int_equal(name_scan(owner, strlen(owner), &shop.apex, &name), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_true(work_zone(change, &shop.apex, &zone));
	assert_true(change_get(
	    change, TABLE_NODES, (struct bytes){k, node_key(zone.id, &name, k)}, &value));
	assert_int_equal(node_read(value, &node), 0);
	assert_true(node_find(&node, type, &set));
	while (n < 64 && node_set_next(&set, &at, &t, &rdata[n]))
		n++;
	assert_int_equal(set.signatures, 1);
	assert_int_equal(n, set.records + 1);
	rrset = (struct rrset){&name, type, CLASS_IN, set.ttl, set.records, rdata};
	assert_int_equal(rrsig_read(rdata[n - 1], &sig), 0);
	assert_int_equal(
	    work_keys(&shop.work, change, &shop.apex, &keys, shop.why, sizeof shop.why), 0);
	assert_int_equal(sig.tag, keys->keys[0].key.tag);
	assert_int_equal(dnssec_signed(&wr, &sig, &rrset), 0);
	assert_int_equal(
	    crypto_key_from_public(keys->keys[0].key.algorithm, keys->keys[0].key.dnskey + 4,
		keys->keys[0].key.dnskey_n - 4, &public),
	    0);
	assert_int_equal(
	    crypto_verify(public, message, wr.n, sig.signature.p, sig.signature.n), 0);
	crypto_key_free(public);
	change_abort(change);
	return sig;
}

static unsigned
renew_all(uint64_t now)
{
	struct renew renew = {0};
	unsigned steps = 0;

	while (renew.walking || renew_start(&renew, &shop.work, now)) {
		assert_int_equal(renew_step(&renew, &shop.work, now), 0);
		assert_true(++steps < 1000);
	}
	return steps;
}

static void
test_lifetimes(void **state)
{
	uint64_t now = clock_seconds();
	struct rrsig sig;

	(void)state;
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add("a", 300, "A", "192.0.2.1");
	shop_add("h", 60, "ELOC", "10 10 192.0.2.1");
	shop_load_good();
	sig = signature_of("h", RR_ELOC); /* 3 days, less at most 6 hours */
	assert_in_range(sig.expiration - now, 3 * DAY - DAY / 4 - 5, 3 * DAY + 5);
	assert_in_range(now - sig.inception, 3600 - 5, 3600 + 5);
	assert_int_equal(sig.labels, 3);
	assert_int_equal(sig.ttl, 60);
	sig = signature_of("a", RR_A); /* 14 days, less at most one */
	assert_in_range(sig.expiration - now, 13 * DAY - 5, 14 * DAY + 5);
	(void)signature_of("@", RR_SOA);
	(void)signature_of("@", RR_DNSKEY);
	(void)signature_of("@", RR_CDS);
	(void)signature_of("@", RR_CDNSKEY);
	(void)signature_of("@", RR_NSEC3PARAM);
	assert_in_range(shop_zone().resign - now, DAY + DAY / 4 - 5, 3 * DAY / 2 + 5);
	assert_in_range(shop_zone().expires - now, 3 * DAY - DAY / 4 - 5, 3 * DAY + 5);
}

static void
test_renewal(void **state)
{
	uint64_t now = clock_seconds();
	struct change *change;
	struct rrsig before, after;

	(void)state;
	shop.rule.denial = DENIAL_NSEC;
	shop_begin("zone.test.");
	shop.rule.apex = shop.apex;
	shop.rules.n_zones = 1;
	shop_add_apex("1");
	shop_add("a", 300, "A", "192.0.2.1");
	shop_add("cut", 300, "NS", "ns.elsewhere.test.");
	shop_add("h", 60, "ELOC", "10 10 192.0.2.1");
	shop_load_good();
	assert_int_equal(renew_all(now + DAY), 0); /* nothing is due */
	assert_int_equal(shop_zone().serial, 1);

	before = signature_of("a", RR_A);
	assert_true(renew_all(now + 2 * DAY) > 0); /* the mapping is, nothing else */
	assert_int_equal(shop_zone().serial, 2);
	after = signature_of("a", RR_A);
	assert_int_equal(after.expiration, before.expiration);
	after = signature_of("h", RR_ELOC);
	assert_in_range(after.expiration - now, 5 * DAY - DAY / 4 - 5, 5 * DAY + 5);
	after = signature_of("@", RR_SOA);
	assert_true(after.expiration > now + 14 * DAY);
	assert_int_equal(renew_all(now + 2 * DAY), 0);

	assert_true(renew_all(now + 11 * DAY) > 0); /* and now all */
	after = signature_of("a", RR_A);
	assert_true(after.expiration > now + 23 * DAY);
	after = signature_of("a", RR_NSEC);
	assert_true(after.expiration > now + 23 * DAY);
	after = signature_of("cut", RR_NSEC);
	assert_true(after.expiration > now + 23 * DAY);
	assert_int_equal(shop_zone().serial, 3);
	assert_in_range(shop_zone().resign - now, 11 * DAY, 13 * DAY);
	/* a load after it goes on from there; these eleven days did not pass */
	assert_int_equal(change_begin(shop.store, &change), 0);
	meta_clock_put(change, now);
	assert_int_equal(change_commit(change), 0);
	shop_add("x", 300, "A", "192.0.2.1");
	shop_load_good();
	assert_int_equal(shop.outcome.serial, 4);
}

/* Many names: in several steps, each a zone of its own serial; nothing is left out. */
static void
test_renewal_in_steps(void **state)
{
	uint64_t now = clock_seconds();
	struct change *change;
	struct bytes key, value;
	struct denial denial;
	struct rrsig sig;
	struct zone zone;
	char owner[32];
	unsigned n = 0;

	(void)state;
	shop_begin("zone.test.");
	shop_add_apex("1");
	for (int i = 0; i < 3000; i++) {
		snprintf(owner, sizeof owner, "h%04d", i);
		shop_add(owner, 60, "ELOC", "10 10 192.0.2.1");
	}
	shop_load_good();
	assert_true(renew_all(now + 10 * DAY + DAY / 2) >= 6);
	zone = shop_zone();
	assert_true(zone.serial > 6);
	for (int i = 0; i < 3000; i += 100) {
		snprintf(owner, sizeof owner, "h%04d", i);
		sig = signature_of(owner, RR_ELOC);
		assert_true(sig.expiration > now + 13 * DAY);
	}
	assert_int_equal(change_begin(shop.store, &change), 0);
	for (bool found =
		 change_ceiling(change, TABLE_DENIAL, (struct bytes){NULL, 0}, &key, &value);
	     found; found = change_next(change, TABLE_DENIAL, &key, &value)) {
		assert_int_equal(denial_read(value, &denial), 0);
		assert_int_equal(
		    rrsig_read((struct bytes){denial.body.p + 2, denial.body.n - 2}, &sig), 0);
		assert_false(serial_after(zone.expires, sig.expiration));
		n++;
	}
	assert_int_equal(n, 3001);
	assert_true(serial_after(zone.expires, (uint32_t)(now + 13 * DAY)));
	change_abort(change);
}

/* A name with as many records as one may have: two signers' octets of it have room, and the walk goes past. */
static void
test_renewal_of_a_full_name(void **state)
{
	char owner[NAME_TEXT] = "";
	uint8_t rdata[2];
	uint64_t now = clock_seconds();

	(void)state;
	shop_begin("zone.test.");
	shop_add_apex("1");
	for (size_t i = 0; i < 3 * 64 + 50; i++)
		owner[i] = i % 64 == 63 ? '.' : 'x';
	for (unsigned type = 65281; type < 65285; type++)
		for (unsigned i = 0; i < RRSET_RECORDS; i++) {
			put_u16(rdata, (uint16_t)i);
			shop_add_rdata(
			    owner, 300, (uint16_t)type, (struct bytes){rdata, sizeof rdata});
		}
	shop_load_good();
	assert_true(renew_all(now + 11 * DAY) > 0);
	assert_true(serial_after(shop_zone().expires, (uint32_t)(now + 20 * DAY)));
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {CASE(test_lifetimes), CASE(test_renewal),
	    CASE(test_renewal_in_steps), CASE(test_renewal_of_a_full_name)};

	return cmocka_run_group_tests_name("renew", tests, NULL, NULL);
}
