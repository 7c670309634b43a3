/*
 * test_policy.c - who may change what: the whole matrix against a table on paper, and each rule by itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <stdio.h>

#include "core/wire/mapping.h"
#include "core/wire/message.h"
#include "tests/mapd/matrix.h"
#include "tests/mapd/scene.h"

static void
test_who(void **state)
{
	(void)state;
	begin_own();
	scene.c.banned = true;
	expect("banned", "the identity is banned");
	scene.c.why = "sends \x1b[31mspam\n";
	expect("banned", "the identity is banned: sends ?[31mspam?");
	assert_string_equal(policy_may_touch(&scene.c, RR_ELOC)->name, "banned");
	scene.c.banned = false;
	scene.c.revoked = true;
	expect("revoked", "revoked itself");
	scene.actor.kind = ACTOR_ADMIN;
	expect("admin", "");
}

/* What a name makes on its way is nobody's. */
static void
test_deep(void **state)
{
	(void)state;
	begin_host();
	assert_int_equal(name_scan("8.7.6.5.4.3.2.1", 15, scene.c.apex, &scene.owner), 0);
	scene.actor.name = scene.owner;
	expect("host", "");
	assert_int_equal(name_scan("9.8.7.6.5.4.3.2.1", 17, scene.c.apex, &scene.owner), 0);
	scene.actor.name = scene.owner;
	expect("deep", "");
}

/* A key of the server may be another zone's. */
static void
test_admins(void **state)
{
	struct name admins[2];

	(void)state;
	begin_own();
	scene.actor.kind = ACTOR_ADMIN;
	assert_int_equal(name_from("one.", &admins[0]), 0);
	assert_int_equal(name_from("two.", &admins[1]), 0);
	scene.policy.admins = admins;
	scene.policy.n_admins = 2;
	scene.actor.name = admins[1];
	expect("admin", "");
	assert_int_equal(name_from("three.", &scene.actor.name), 0);
	expect("admins", "");
	assert_string_equal(policy_may_touch(&scene.c, RR_A)->name, "admins");
}

static void
put_proof(struct draft *draft, uint8_t flags)
{
	struct wr wr =
	    wr_init(scene.octets + scene.octets_n, sizeof scene.octets - scene.octets_n);
	const struct bytes none = {NULL, 0};

	assert_int_equal(trust_proof_sign(scene.keys[KEY_A], &scene.owner, &none, 0,
			     (uint64_t)NOW * 1000, NOW + 3600, flags, &wr),
	    0);
	put(draft, RR_ELOC, octets_keep(&wr));
}

/* A revocation is the last word, which may itself be said. */
static void
test_revocation(void **state)
{
	(void)state;
	begin_own();
	put_proof(&scene.after, PROOF_REVOKED);
	expect("own-mapping", "");
	put_proof(&scene.before, PROOF_REVOKED);
	expect("revoked", "");
	scene.after.n = 0;
	expect("revoked", "");
	scene.actor.kind = ACTOR_ADMIN;
	expect("admin", "");
}

static void
test_held(void **state)
{
	(void)state;
	begin_host();
	scene.c.since = NOW - 86400;
	scene.c.until = NOW + 3600;
	scene.c.key_until = NOW + 2 * 86400;
	act_as(&scene.owner, KEY_C);
	expect("held", "since 2026-11-25 00:00:00 UTC until 2026-11-28 00:00:00 UTC");
	assert_int_equal(strncmp(scene.text, "held by key ", 12), 0);
	scene.c.key_until = 0;
	expect("held", "until 2026-11-26 01:00:00 UTC");
	scene.c.since = scene.c.until = 0;
	expect("held", "since the zone was loaded until it goes");
	assert_null(policy_may_touch(&scene.c, RR_KEY)); /* known only from the content */
	begin("www");
	scene.owner = name_of("www");
	act_as(&scene.owner, KEY_B);
	scene.assigned = name_of("\\007\\\"\\255.other");
	scene.c.assigned = &scene.assigned;
	expect("assigned", "held by \\007");
	assert_int_equal(judge()->rcode, RCODE_YXDOMAIN);
	scene.assigned =
	    name_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
		    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
	expect("assigned", "bbb..., whom it is assigned to");
}

static void
test_keys(void **state)
{
	(void)state;
	begin_host();
	put_key(&scene.after, KEY_P); /* another algorithm, but not the one that signs */
	expect("other-key", "comes only with its own signature");
	put_key(&scene.before, KEY_P);
	expect("host", "");
	scene.after.n = 1;
	expect("other-key", "goes only with its own signature");
	begin_host();
	put(&scene.after, RR_KEY, rdata_of_key(KEY_B, 0)); /* the same key with other flags */
	expect("bad-key", "");
	scene.after.records[0] = scene.after.records[--scene.after.n];
	expect("host", "");
	for (unsigned bit = 0; bit < 16; bit++) {
		scene.after.records[0].rdata = rdata_of_key(KEY_B, (uint16_t)(1u << bit));
		expect(bit == 12 || bit >= 14 ? "bad-key" : "host", "");
	}
	scene.after.records[0].rdata = rdata_of_key(KEY_B, 512);
	scene.octets[scene.after.records[0].rdata.p - scene.octets + 2] = 4; /* protocol */
	expect("bad-key", "");
	begin_host();
	put_text(&scene.after, RR_A, "192.0.2.1");
	expect("host", "");
	put_text(&scene.before, RR_A, "192.0.2.1");
	scene.after.n = 1; /* the KEY keeps the name */
	expect("host", "");
	scene.after.records[0] = scene.before.records[1]; /* the address stays, without it */
	expect("keyless", "");
	scene.after.n = 0;
	expect("host", "");
	begin_own();
	put_text(&scene.before, RR_TXT, "operator's");
	scene.after.records[0] =
	    scene.before.records[1]; /* what is left is none of the identity's */
	expect("own-mapping", "");
	begin_own();
	scene.after.n = scene.before.n = 0;
	put_text(&scene.before, RR_KEY, "short");
	expect("other-key", "goes");
	put_text(&scene.after, RR_KEY, "long");
	expect("stray-key", "");
}

/* Zones are loaded with what their operator wants; that is no reason against a change beside it. */
static void
test_beside(void **state)
{
	(void)state;
	begin_own();
	put_text(&scene.before, RR_TXT, "x");
	put_text(&scene.before, RR_SSHFP, "y");
	put_text(&scene.after, RR_SSHFP, "y"); /* in another order */
	put_text(&scene.after, RR_TXT, "x");
	put_text(&scene.after, RR_ELOC, "10 50 2001:db8::1");
	expect("own-mapping", "");
	scene.after.records[1].ttl = 60;
	expect("kind", "SSHFP");
	scene.after.records[1] = scene.after.records[3];
	scene.after.n = 3;
	expect("kind", "SSHFP");
}

static void
test_limits(void **state)
{
	char address[32];

	(void)state;
	begin_own();
	for (unsigned i = 0; i < 17; i++) {
		expect(i < 17 ? "own-mapping" : "too-many", "");
		snprintf(address, sizeof address, "10 50 192.0.2.%u", i);
		put_text(&scene.after, RR_ELOC, address);
	}
	expect("too-many", "17 ELOC at the name, 16 are allowed");
	for (unsigned i = 0; i < 9; i++) {
		snprintf(address, sizeof address, "10 h%u.example.", i);
		put_text(&scene.before, RR_EPID, address);
	}
	scene.after.n = 1;
	for (unsigned i = 1; i < 9; i++) /* more than it may be, and fewer than they were */
		scene.after.records[scene.after.n++] = scene.before.records[i];
	scene.policy.epid = 4;
	expect("own-mapping", "");
	scene.before.n = 8;
	expect("too-many", "8 EPID at the name, 4 are allowed");
	scene.policy.epid = 8;
	expect("own-mapping", "");
	scene.policy.octets = 100;
	expect("too-large", "100 are allowed");
	scene.before.n = 9;
	scene.after.n = 7;
	expect("own-mapping", "");
	begin_own();
	put_text(&scene.after, RR_ELOC, "10 50 192.0.2.1");
	scene.after.records[1].ttl = 86400;
	expect("own-mapping", "");
	scene.after.records[1].ttl++;
	expect("ttl", "a TTL of 86401, 86400 are allowed");
	put_text(&scene.before, RR_ELOC, "10 50 192.0.2.1"); /* only another TTL */
	expect("ttl", "");
	scene.before.records[1].ttl = 86401;
	expect("own-mapping", "");
	begin_host();
	scene.policy.eloc = 1;
	put_text(&scene.after, RR_AAAA, "2001:db8::1");
	put_text(&scene.after, RR_A, "192.0.2.1");
	expect("host", "");
	put_text(&scene.after, RR_A, "192.0.2.2");
	expect("too-many", "2 A at the name");
	begin_own();
	scene.policy.key = 0;
	expect("own-mapping", "");
	scene.before.n = 0;
	expect("too-many", "1 KEY at the name, 0 are allowed");
}

static void
test_mappings(void **state)
{
	static const struct {
		const char *eloc, *rule, *words;
	} rows[] = {
	    {"10 50 2001:db8::1", "own-mapping", ""},
	    {"10 50 10.0.0.1", "mapping", "ELOC: "},
	    {"10 50 127.0.0.1", "mapping", "ELOC: "},
	    {"10 50 2001:3f:fe00:a05::1", "mapping", "ELOC: "},
	    {"10 50 net:2001:db8::/48", "prefixes", ""},
	    {"10 50 via:::1:0:0:0:10@site.id.example.org.", "own-mapping", ""},
	    {"10 50 via:::1:0:0:0:10@site.example.net.", "site", "via site.example.net.: "},
	};
	static const struct {
		uint16_t type;
		const char *address, *rule, *words;
	} addresses[] = {
	    {RR_A, "192.0.2.1", "host", ""},
	    {RR_A, "127.0.0.1", "address", "A 127.0.0.1: "},
	    {RR_A, "10.0.0.1", "address", "A 10.0.0.1: "},
	    {RR_AAAA, "2001:db8::1", "host", ""},
	    {RR_AAAA, "::ffff:192.0.2.1", "address",
		"AAAA 192.0.2.1: an IPv4 address written as IPv6"},
	    {RR_AAAA, "2001:3f:fe00:a05::1", "address", "no locator"},
	    {RR_AAAA, "fe80::1", "address", "AAAA fe80::1: "},
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		begin_own();
		put_text(&scene.after, RR_ELOC, rows[i].eloc);
		expect(rows[i].rule, rows[i].words);
		scene.actor.kind = ACTOR_ADMIN;
		expect(strcmp(rows[i].rule, "mapping") == 0 ? "unusable" : "admin", "");
		scene.actor.kind = ACTOR_KEY;
		put_text(&scene.before, RR_ELOC,
		    rows[i].eloc); /* no reason against what was there */
		expect("own-mapping", "");
	}
	for (size_t i = 0; i < N(addresses); i++) {
		begin_host();
		put_text(&scene.after, addresses[i].type, addresses[i].address);
		expect(addresses[i].rule, addresses[i].words);
		put_text(&scene.before, addresses[i].type, addresses[i].address);
		expect("host", "");
	}
	begin_host();
	scene.policy.private_locators = true;
	put_text(&scene.after, RR_A, "10.0.0.1");
	put_text(&scene.after, RR_ELOC, "10 50 10.0.0.1");
	expect("host", "");
	put(&scene.after, RR_A, (struct bytes){scene.octets, 3});
	expect("address", "malformed");
	begin_host();
	put_proof(&scene.after, 0);
	expect("proof", "");
	begin_own();
	put_proof(&scene.after, 0);
	expect("own-mapping", "");
	put_proof(&scene.after, 0);
	expect("mapping", "two proofs");
	scene.actor.kind = ACTOR_ADMIN;
	expect("unusable", "two proofs");
}

static void
test_quotas(void **state)
{
	struct name name = name_of_key(KEY_A);

	(void)state;
	begin_own();
	scene.c.is_new = true;
	scene.c.identities = scene.policy.identities - 1;
	scene.c.identities_of_source = scene.policy.identities_of_source - 1;
	expect("own-mapping", "");
	scene.c.identities++;
	expect("realm", "");
	scene.c.identities_of_source++;
	expect("source", "1000 names were claimed from this network, 1000 are allowed");
	scene.c.unproved = true;
	expect("realm", "");
	scene.c.identities_of_source = scene.policy.identities_unproved;
	expect("unproved", "use TCP");
	scene.after.n = 0; /* whoever goes claims nothing */
	expect("own-mapping", "");
	put_key(&scene.after, KEY_A);
	scene.c.is_new = false; /* it has the name already */
	expect("own-mapping", "");
	scene.c.unproved = false;
	begin("www");
	act_as(&name, KEY_A);
	assign(&name);
	put_text(&scene.after, RR_A, "192.0.2.1");
	scene.c.names = scene.policy.names - 1;
	expect("assigned-name", "");
	scene.c.names++;
	expect("names", "16 other names, 16 are allowed");
	scene.c.is_new = false;
	expect("assigned-name", "");
}

/* An identity that the operator put at a name, an address of a host or a nibble name: known by its KEY alone. */
static void
test_enrolled(void **state)
{
	(void)state;
	begin("0000000000000000aa"); /* an address of the realm's prefix; no key makes it */
	scene.owner = name_of("1");
	assert_int_equal(
	    name_scan(
		"e.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.", 73,
		NULL, &scene.owner),
	    0);
	act_as(&scene.owner, KEY_B);
	put_key(&scene.after, KEY_B);
	expect("foreign", "");
	scene.c.enrolled = true;
	expect("unknown-key", "");
	put_key(&scene.before, KEY_B);
	expect("own-mapping", "");
	put_text(&scene.after, RR_ELOC, "10 50 2001:db8::1");
	expect("own-mapping", "");
	put_text(&scene.after, RR_AAAA, "2001:db8::1");
	expect("kind", "AAAA");
	scene.policy.kind = POLICY_ENROLLED;
	scene.after.n = 2;
	expect("own-mapping", "");
	act_as(&scene.owner, KEY_C);
	expect("held", "");
}

/* Asked before any signature: no content is looked at. */
static void
test_may_touch(void **state)
{
	(void)state;
	begin_own();
	scene.c.before = scene.c.after = NULL;
	assert_null(policy_may_touch(&scene.c, 0));
	assert_null(policy_may_touch(&scene.c, RR_ELOC));
	assert_string_equal(policy_may_touch(&scene.c, RR_A)->name, "kind");
	assert_string_equal(policy_may_touch(&scene.c, RR_RRSIG)->name, "type");
	act_as(&scene.owner, KEY_B);
	assert_string_equal(policy_may_touch(&scene.c, RR_ELOC)->name, "false-key");
	scene.actor.name = name_of("host");
	assert_string_equal(policy_may_touch(&scene.c, RR_ELOC)->name, "foreign");
	scene.actor.kind = ACTOR_ADMIN;
	assert_null(policy_may_touch(&scene.c, RR_SOA));
	assert_string_equal(policy_may_touch(&scene.c, RR_NSEC3)->name, "type");
}

/* Thousands of records beside are looked at once each, not once for each other. */
static void
test_many(void **state)
{
	static struct draft_record old[20000], new[20000];
	struct draft was = {old, 0, N(old)}, is = {new, 0, N(new)};

	(void)state;
	begin_own();
	for (unsigned i = 0; i < N(old) - 1; i++) {
		scene.octets_n = 4 * i;
		put_u32(scene.octets + scene.octets_n, i);
		old[i] =
		    (struct draft_record){RR_TXT, 300, 0, {scene.octets + scene.octets_n, 4}};
	}
	scene.octets_n = 4 * N(old);
	old[N(old) - 1] = (struct draft_record){RR_KEY, 300, 0, rdata_of_key(KEY_A, 512)};
	memcpy(new, old, sizeof old);
	was.n = is.n = N(old);
	scene.c.before = &was;
	scene.c.after = &is;
	scene.policy.octets = 1 << 20;
	for (unsigned i = 0; i < 50; i++)
		expect("own-mapping", "");
	new[777].rdata.p = scene.octets + scene.octets_n;
	expect("kind", "TXT");
}

/* The last: no row of policy.def is there for nothing, and none has another's name. */
static void
test_every_rule_decides(void **state)
{
	const struct policy_rule *rule;

	(void)state;
	for (size_t i = 0; (rule = policy_rule_at(i)) != NULL; i++) {
		if (scene.decided[i] == 0)
			fail_msg("%s never decides", rule->name);
		assert_true(strlen(rule->text) > 0 && strlen(rule->text) < POLICY_TEXT);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(rule->name, policy_rule_at(k)->name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_matrix),
	    cmocka_unit_test(test_who), cmocka_unit_test(test_admins),
	    cmocka_unit_test(test_deep), cmocka_unit_test(test_revocation),
	    cmocka_unit_test(test_held), cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_beside), cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_mappings), cmocka_unit_test(test_quotas),
	    cmocka_unit_test(test_enrolled), cmocka_unit_test(test_may_touch),
	    cmocka_unit_test(test_many), cmocka_unit_test(test_every_rule_decides)};

	return cmocka_run_group_tests_name("policy", tests, scene_setup, scene_teardown);
}
