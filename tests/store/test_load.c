/*
 * test_load.c - zones made, replaced, removed: what is refused, what is kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "core/wire/mapping.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"
#include "mapd/meta.h"
#include "tests/store/shop.h"

#define DAY 86400u

/* Refused for what part says, and for record number n of those that were sent. */
static void
assert_refused_at(const char *part, uint64_t n)
{
	struct change *change;
	struct bytes key, value;

	assert_int_equal(shop_load(), -MAP_EFORMAT);
	if (strstr(shop.outcome.why, part) == NULL)
		fail_msg("'%s' does not say '%s'", shop.outcome.why, part);
	if (shop.outcome.refused != n)
		fail_msg("'%s' is said of record %ld", part, (long)shop.outcome.refused);
	/* and nothing is left of it */
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_false(
	    change_ceiling(change, TABLE_ZONES, (struct bytes){NULL, 0}, &key, &value));
	assert_false(
	    change_ceiling(change, TABLE_NODES, (struct bytes){NULL, 0}, &key, &value));
	change_abort(change);
}

/* The same of the record that was added last. */
static void
assert_refused(const char *part)
{
	struct rd rd = rd_init(wr_done(&shop.records));
	struct name owner;
	struct rr rr;
	uint64_t n = 0;

	while (frame_record_read(&rd, &owner, &rr))
		n++;
	assert_refused_at(part, n - 1);
}

/* What is wrong with one record of an otherwise good zone. */
static void
test_refused_records(void **state)
{
	static const struct {
		const char *owner, *type, *text, *why;
	} rows[] = {
	    {"x", "SOA", "ns hostmaster 1 3600 600 86400 60",
		"x.zone.test. SOA: only the zone's own"},
	    {"other.example.", "A", "192.0.2.1", "other.example. A: not in the zone"},
	    {"test.", "A", "192.0.2.1", "test. A: not in the zone"},
	    {"x", "DS",
		"1 13 2 "
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"x.zone.test. DS: without a delegation"},
	    {"x", "DNSKEY", "257 3 13 AAAA",
		"x.zone.test. DNSKEY: made when the zone is signed"},
	    {"x", "CDS", "0 0 0 00", "x.zone.test. CDS: made when the zone is signed"},
	    {"x", "NSEC3PARAM", "1 0 0 -",
		"x.zone.test. NSEC3PARAM: made when the zone is signed"},
	    {"*", "ELOC", "10 10 192.0.2.1", "*.zone.test. ELOC: not at a wildcard"},
	    {"x", "ELOC", "10 10 2001:3f:fe00:a05:1308:2469:9a4b:c6b2", "x.zone.test. ELOC: "},
	    {"x", "ELOC", "10 10 10.0.0.1", "x.zone.test. ELOC: "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		shop_begin("zone.test.");
		if (strcmp(rows[i].owner, "test.") == 0)
			shop_add(rows[i].owner, 300, rows[i].type, rows[i].text);
		shop_add_apex("1");
		if (strcmp(rows[i].owner, "test.") != 0)
			shop_add(rows[i].owner, 300, rows[i].type, rows[i].text);
		assert_refused_at(rows[i].why, strcmp(rows[i].owner, "test.") == 0 ? 0 : 2);
	}
}

/* What is wrong with shop.records together. */
static void
test_refused_zones(void **state)
{
	struct bytes junk = {(const uint8_t *)"junk", 4};

	(void)state;
	shop_begin("zone.test.");
	assert_refused_at("zone.test. SOA: missing", PLAN_NONE);
	shop_add("@", 300, "NS", "ns");
	assert_refused("zone.test. SOA: missing");
	shop_begin("zone.test.");
	shop_add("@", 300, "SOA", "ns hostmaster 1 3600 600 86400 60");
	assert_refused("zone.test. NS: missing");
	shop_add("@", 300, "NS", "ns");
	assert_refused("zone.test. NS: not in canonical order");
	shop_begin("zone.test.");
	shop_add("a", 300, "A", "192.0.2.1");
	assert_refused("zone.test. SOA: missing");
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add("b", 300, "A", "192.0.2.1");
	shop_add("a", 300, "A", "192.0.2.1");
	assert_refused("a.zone.test. A: not in canonical order");
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add("a", 300, "A", "192.0.2.1");
	shop_add("A", 300, "A", "192.0.2.1");
	assert_refused("a.zone.test. A: the same record twice");
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add("a", 300, "MX", "10 mx.EXAMPLE.");
	shop_add("a", 300, "MX", "10 mx.example.");
	assert_refused("a.zone.test. MX: the same record twice");
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add("a", 300, "A", "192.0.2.1");
	shop_add("a", 60, "A", "192.0.2.2");
	assert_refused("a.zone.test. A: records of different TTLs");
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add("a", 0x80000000u, "A", "192.0.2.1");
	assert_refused("a.zone.test. A: TTL above");
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add("a", 300, "A", "192.0.2.1");
	shop_add("a", 300, "CNAME", "b");
	assert_refused("a.zone.test. CNAME: other records beside it");
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add("a", 300, "CNAME", "b");
	shop_add("a", 300, "CNAME", "c");
	assert_refused("a.zone.test. CNAME: more than one");
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add("cut", 300, "NS", "ns.cut");
	shop_add("cut", 300, "TXT", "x");
	assert_refused("cut.zone.test. TXT: belongs to the delegated zone");
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add("cut", 300, "NS", "ns.cut");
	shop_add("ns.cut", 300, "TXT", "x");
	assert_refused("ns.cut.zone.test. TXT: below a delegation");
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add_rdata("a", 300, RR_A, junk);
	shop.records.base[shop.records.n - 6 + 1] =
	    3; /* A of 3 shop.octets, and one behind it */
	assert_refused("malformed");
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add_rdata("a", 300, RR_AAAA, junk);
	assert_refused("a.zone.test. AAAA: malformed");
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add_rdata("a", 300, 255, junk);
	assert_refused("a.zone.test. ANY: a type that no zone can hold");
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add_rdata("a", 300, RR_OPT, junk);
	assert_refused("a.zone.test. OPT: a type that no zone can hold");
}

/* Where records end: a zone that is cut there is a smaller zone. */
static bool
records_are_whole(struct bytes records)
{
	struct rd rd = rd_init(records);
	struct name owner;
	struct rr rr;
	unsigned n = 0;

	while (frame_record_read(&rd, &owner, &rr))
		n++;
	return rd_end(&rd) == 0 && n >= 2; /* NS and SOA */
}

/* Records that are cut off or changed are refused, or taken as what they say; never read past. */
static void
test_mutilated_records(void **state)
{
	static uint8_t copy[4096];
	uint32_t random = 1, serial = 0;
	unsigned taken = 0;

	(void)state;
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_add("a", 300, "A", "192.0.2.1");
	shop_add("b.c", 300, "EPID", "10 192.0.2.1");
	shop_add("d", 300, "ELOC", "10 10 192.0.2.1 path=x");
	memcpy(copy, shop.octets, shop.records.n);
	for (size_t n = 0; n <= shop.records.n; n++) {
		uint8_t *cut = malloc(n + 1);
		int rc;

		memcpy(cut, shop.octets, n);
		rc = work_load(&shop.work, &shop.apex, (struct bytes){cut, n}, &shop.outcome);
		assert_int_equal(rc == 0, records_are_whole((struct bytes){cut, n}));
		if (rc == 0)
			assert_int_equal(shop.outcome.serial, ++serial);
		else
			assert_string_not_equal(shop.outcome.why, "");
		free(cut);
	}
	assert_int_equal(serial, 4); /* the apex, and with each name */
	for (int i = 0; i < 400; i++) {
		uint8_t *bent = malloc(shop.records.n);
		struct zone before = shop_zone();

		memcpy(bent, copy, shop.records.n);
		for (int k = 0; k < 3; k++) {
			random = random * 1664525 + 1013904223;
			bent[(random >> 8) % shop.records.n] = (uint8_t)(random >> 24);
		}
		if (work_load(&shop.work, &shop.apex, (struct bytes){bent, shop.records.n},
			&shop.outcome) == 0) {
			assert_true(records_are_whole((struct bytes){bent, shop.records.n}));
			taken++;
		} else { /* all is as it was */
			assert_string_not_equal(shop.outcome.why, "");
			assert_int_equal(shop_zone().serial, before.serial);
			assert_int_equal(shop_zone().id, before.id);
		}
		free(bent);
	}
	assert_in_range(taken, 1, 399);
}

/* Records of one set stay one name, however far their first different octets are apart. */
static void
test_neighbouring_rdata(void **state)
{
	uint8_t a[] = {0, 0, 2, 1}, b[] = {0, 0, 2, 1};

	(void)state;
	for (unsigned apart = 1; apart < 256; apart++) {
		b[0] = (uint8_t)apart;
		shop_begin("zone.test.");
		shop_add_apex("1");
		shop_add_rdata("host", 300, RR_A, (struct bytes){a, sizeof a});
		shop_add_rdata("host", 300, RR_A, (struct bytes){b, sizeof b});
		shop_load_good();
		assert_int_equal(shop_zone().names, 2);
	}
}

static void
test_serials(void **state)
{
	(void)state;
	shop_begin("zone.test.");
	shop_add_apex("7");
	shop_load_good();
	assert_int_equal(shop.outcome.serial, 7);
	assert_false(shop.outcome.replaced);
	shop_load_good(); /* the same file: the same zone */
	assert_int_equal(shop.outcome.serial, 7);
	assert_true(shop.outcome.replaced);
	assert_int_equal(shop.outcome.previous, 7);
	shop_add("x", 300, "A", "192.0.2.1"); /* another one with the same serial */
	shop_load_good();
	assert_int_equal(shop.outcome.serial, 8);
	shop_begin("zone.test.");
	shop_add_apex("4294967295"); /* RFC 1982: that is before 8 */
	shop_load_good();
	assert_int_equal(shop.outcome.serial, 9);
	shop_begin("zone.test.");
	shop_add_apex("2147483656"); /* 9 + 2^31 - 1: the furthest ahead */
	shop_load_good();
	assert_int_equal(shop.outcome.serial, 2147483656u);
	shop_begin("zone.test.");
	shop_add_apex("4294967295");
	shop_load_good();
	assert_int_equal(shop.outcome.serial, 4294967295u);
	shop_add("x", 300, "A", "192.0.2.1");
	shop_load_good();
	assert_int_equal(shop.outcome.serial, 0); /* wraps */
}

/* What a crash in the middle of a load or a removal leaves is gone after the next start. */
static void
test_orphans(void **state)
{
	static const uint8_t orphan[] = {0, 0, 0, 200, 'o', 0}, other[] = {0, 0, 0, 0, 'o', 0};
	struct change *change;
	struct bytes value = {(const uint8_t *)"\001", 1}, found;
	struct zone zone;

	(void)state;
	shop_begin("zone.test.");
	shop_add_apex("7");
	shop_load_good();
	assert_int_equal(change_begin(shop.store, &change), 0);
	change_put(change, TABLE_NODES, (struct bytes){orphan, sizeof orphan}, value);
	change_put(change, TABLE_NODES, (struct bytes){other, sizeof other}, value);
	change_put(change, TABLE_DENIAL, (struct bytes){orphan, sizeof orphan}, value);
	assert_int_equal(change_commit(change), 0);
	shop_close();
	shop_open();
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_false(
	    change_get(change, TABLE_NODES, (struct bytes){orphan, sizeof orphan}, &found));
	assert_false(
	    change_get(change, TABLE_NODES, (struct bytes){other, sizeof other}, &found));
	assert_false(
	    change_get(change, TABLE_DENIAL, (struct bytes){orphan, sizeof orphan}, &found));
	assert_true(work_zone(change, &shop.apex, &zone));
	uint8_t key[NODE_KEY];
	assert_true(change_get(change, TABLE_NODES,
	    (struct bytes){key, node_key(zone.id, &shop.apex, key)}, &found));
	change_abort(change);
}

static void
test_clock_behind(void **state)
{
	struct change *change;

	(void)state;
	assert_int_equal(change_begin(shop.store, &change), 0);
	meta_clock_put(change, clock_seconds() + 7200);
	assert_int_equal(change_commit(change), 0);
	work_fini(&shop.work);
	assert_int_equal(work_init(&shop.work, shop.store, shop.keys, &shop.rules, 1, shop.why,
			     sizeof shop.why),
	    -MAP_EREFUSED);
	assert_non_null(strstr(shop.why, "the clock is"));
	memset(&shop.work, 0, sizeof shop.work);
}

/* A clock that goes back while mapd runs: nothing is signed, and what was served stays. */
static void
test_clock_goes_back(void **state)
{
	struct change *change;
	struct zone before;

	(void)state;
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_load_good();
	before = shop_zone();
	assert_int_equal(change_begin(shop.store, &change), 0);
	meta_clock_put(change, clock_seconds() + 3000);
	assert_int_equal(change_commit(change), 0);
	shop_add("x", 300, "A", "192.0.2.1");
	shop_load_good(); /* less than an hour */
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_true(meta_clock_get(change) > clock_seconds() + 2900); /* it adds up */
	meta_clock_put(change, clock_seconds() + 7200);
	assert_int_equal(change_commit(change), 0);
	assert_int_equal(shop_load(), -MAP_EREFUSED);
	assert_non_null(strstr(shop.outcome.why, "the clock is"));
	assert_int_equal(shop_zone().serial, before.serial + 1);
}

/* A zone of many names is written in several transactions; the old one is gone afterwards. */
static void
test_big_load(void **state)
{
	struct change *change;
	struct bytes key, value;
	char owner[32];
	struct zone zone;
	size_t n = 0;

	(void)state;
	shop_begin("zone.test.");
	shop_add_apex("1");
	for (int i = 0; i < 20000; i++) {
		snprintf(owner, sizeof owner, "h%05d", i);
		shop_add(owner, 60, "A", "192.0.2.1");
	}
	shop_load_good();
	assert_int_equal(shop.outcome.records, 20002);
	shop_load_good();
	zone = shop_zone();
	assert_int_equal(zone.names, 20001);
	assert_int_equal(change_begin(shop.store, &change), 0);
	for (bool found =
		 change_ceiling(change, TABLE_NODES, (struct bytes){NULL, 0}, &key, &value);
	     found; found = change_next(change, TABLE_NODES, &key, &value)) {
		assert_int_equal(get_u32(key.p), zone.id);
		n++;
	}
	assert_int_equal(n, 20001);
	change_abort(change);
	assert_int_equal(work_remove(&shop.work, &shop.apex, &shop.outcome), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_false(
	    change_ceiling(change, TABLE_NODES, (struct bytes){NULL, 0}, &key, &value));
	assert_false(
	    change_ceiling(change, TABLE_DENIAL, (struct bytes){NULL, 0}, &key, &value));
	change_abort(change);
}

/* RFC 8032 test 1; the vectors of the protocol are about its HHIT at id.example.org. */
static const uint8_t secret[32] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84,
    0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70,
    0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};

static void
add_proved(const char *label, uint64_t serial, uint32_t expiry, uint8_t flags, bool other_set)
{
	uint8_t direct[64], other[64], proof[256];
	struct wr wr = wr_init(direct, sizeof direct), wo = wr_init(other, sizeof other),
		  wp = wr_init(proof, sizeof proof);
	struct crypto_key *key;
	const char *cause;
	struct bytes set;
	struct name owner;

	assert_int_equal(name_scan(label, strlen(label), &shop.apex, &owner), 0);
	assert_int_equal(
	    zone_scan_rdata(RR_ELOC, "10 50 192.0.2.1", &shop.apex, &wr, &cause), 0);
	assert_int_equal(
	    zone_scan_rdata(RR_ELOC, "10 50 192.0.2.2", &shop.apex, &wo, &cause), 0);
	set = wr_done(&wr);
	assert_int_equal(crypto_key_from_private(CRYPTO_ED25519, secret, &key), 0);
	assert_int_equal(
	    trust_proof_sign(key, &owner, &set, flags == 0 ? 1 : 0, serial, expiry, flags, &wp),
	    0);
	crypto_key_free(key);
	shop_add_rdata(label, 60, RR_ELOC, wr_done(&wp)); /* zeros: sorts before the others */
	if (flags == 0)
		shop_add_rdata(label, 60, RR_ELOC, other_set ? wr_done(&wo) : set);
}

static void
test_proofs(void **state)
{
	static const char hhit[] = "05e437dbb22e81cb3e";
	uint64_t now = clock_seconds();
	const struct {
		const char *label;
		uint64_t serial;
		uint32_t expiry;
		uint8_t flags;
		bool other_set;
		const char *why; /* NULL: taken */
	} rows[] = {
	    {hhit, now * 1000, (uint32_t)now + DAY, 0, false, NULL},
	    {hhit, now * 1000, (uint32_t)now - DAY, PROOF_REVOKED, false, NULL},
	    {hhit, now * 1000, (uint32_t)now + DAY, 0, true, "does not match the records"},
	    {hhit, now * 1000, (uint32_t)now - 10, 0, false, "expired"},
	    {hhit, now * 1000, (uint32_t)now + 8 * DAY, 0, false, "7 days ahead"},
	    {hhit, (now + 400) * 1000, (uint32_t)now + DAY, 0, false,
		"serial of the proof is in the future"},
	    {"05e437dbb22e81cb3f", now * 1000, (uint32_t)now + DAY, 0, false,
		"not this identity's"},
	    {"www", now * 1000, (uint32_t)now + DAY, 0, false,
		"no name of an identity with a key"},
	};

	(void)state;
	shop_begin("id.example.org.");
	shop.realm = (struct realm){
	    .prefix = {0x20, 0x01, 0, 0x3f, 0xfe, 0, 0x0a}, .length = 56, .suffix = shop.apex};
	for (int configured = 0; configured < 2; configured++) {
		shop.rules.realms = &shop.realm;
		shop.rules.n_realms = (size_t)configured;
		for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
			/* without the prefix, whose key it must be cannot be known */
			bool taken =
			    rows[i].why == NULL ||
			    (configured == 0 && strstr(rows[i].why, "not this identity's"));

			shop_begin("id.example.org.");
			shop_add_apex("1");
			add_proved(rows[i].label, rows[i].serial, rows[i].expiry, rows[i].flags,
			    rows[i].other_set);
			assert_int_equal(shop_load(), taken ? 0 : -MAP_EFORMAT);
			if (!taken && strstr(shop.outcome.why, rows[i].why) == NULL)
				fail_msg(
				    "'%s' does not say '%s'", shop.outcome.why, rows[i].why);
			/* the proof itself, behind NS and SOA */
			if (!taken)
				assert_int_equal(shop.outcome.refused, 2);
		}
	}
}

/* Another denial comes with the next load; another algorithm never, as long as there is a key. */
static void
test_rules_of_a_zone_that_is(void **state)
{
	(void)state;
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_load_good();
	assert_int_equal(shop_zone().denial, DENIAL_NSEC3);
	assert_int_equal(shop_zone().algorithm, ALGORITHM_ECDSAP256);
	shop.rule = (struct zone_rule){
	    .apex = shop.apex, .denial = DENIAL_NSEC, .algorithm = ALGORITHM_ED25519};
	shop.rules.n_zones = 1;
	assert_int_equal(work_compare(&shop.work), 0); /* warns, changes nothing */
	assert_int_equal(shop_zone().denial, DENIAL_NSEC3);
	shop_load_good();
	assert_int_equal(shop_zone().denial, DENIAL_NSEC);
	assert_int_equal(shop_zone().algorithm, ALGORITHM_ECDSAP256);
	shop_close();
	shop_open();
	assert_int_equal(shop_zone().algorithm, ALGORITHM_ECDSAP256);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {CASE(test_refused_records), CASE(test_refused_zones),
	    CASE(test_mutilated_records), CASE(test_neighbouring_rdata), CASE(test_serials),

	    CASE(test_orphans), CASE(test_clock_behind), CASE(test_clock_goes_back),
	    CASE(test_big_load), CASE(test_proofs), CASE(test_rules_of_a_zone_that_is)};

	return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
