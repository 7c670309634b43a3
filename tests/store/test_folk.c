/*
 * test_folk.c - what an operator does to identities: rows and records of one zone together, in one difference
 * of the journal, or none of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/claim.h"
#include "mapd/expiry.h"
#include "mapd/folk.h"
#include "tests/store/past.h"

#define IDENTITY "05130824699a4bc6b2.id.example.org."
#define CLAIM_KEY_LEASE 86400
#define KEY_TEXT "512 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4="

static struct name
name_of(const char *text)
{
	struct name name;

	assert_int_equal(name_from(text, &name), 0);
	return name;
}

/* Two zones: id.example.org., which is left as the shop's, and example.org. */
static void
folk_zones(void)
{
	shop.rules.journal = 1 << 20;
	shop_begin("example.org.");
	shop_add_apex("1");
	shop_add("host", 60, "A", "192.0.2.1");
	shop_add("host", 60, "TXT", "beside");
	shop_add("host", 60, "AAAA", "2001:db8::1");
	shop_add("host", 60, "EPID", "10 2001:3f:fe00:a05:1308:2469:9a4b:c6b2");
	shop_add("id", 300, "NS", "ns");
	shop_add("keyed", 60, "KEY", KEY_TEXT);
	shop_add("ns", 300, "A", "192.0.2.1");
	shop_add("other", 60, "A", "192.0.2.1");
	shop_load_good();
	shop_begin("id.example.org.");
	shop_add_apex("1");
	shop_add("05130824699a4bc6b2", 60, "TXT", "beside");
	shop_add("05130824699a4bc6b2", 60, "KEY", KEY_TEXT);
	shop_add("05130824699a4bc6b2", 60, "EPID", "10 2001:3f:fe00:a05:1308:2469:9a4b:c6b3");
	shop_add("05130824699a4bc6b2", 60, "ELOC", "10 50 2001:db8::1");
	shop_add("05130824699a4bc6b2", 60, "ELOC", "10 50 2001:db8::2");
	shop_add("inside", 60, "A", "192.0.2.1");
	shop_add("ns", 300, "A", "192.0.2.1");
	shop_load_good();
}

static int
folk_try(enum folk_verb verb, const char *name, const char *why)
{
	struct folk folk = {.verb = verb, .identity = name_of(IDENTITY), .names = 2};

	if (name != NULL)
		folk.name = name_of(name);
	snprintf(folk.why, sizeof folk.why, "%s", why);
	return folk_run(&shop.work, &shop.apex, &folk, &shop.outcome);
}

/* Behind the name of whom it is said. */
static void
said(const char *done)
{
	const char *at = strstr(shop.outcome.done, ": ");

	assert_non_null(at);
	assert_string_equal(at + 2, done);
}

static void
folk_good(enum folk_verb verb, const char *name, const char *done)
{
	int rc = folk_try(verb, name, "");

	if (rc != 0)
		fail_msg("%s", shop.outcome.why);
	said(done);
}

static void
folk_wrong(enum folk_verb verb, const char *name, int error, const char *why)
{
	assert_int_equal(folk_try(verb, name, ""), error);
	assert_string_equal(shop.outcome.why, why);
}

static struct person
person_now(void)
{
	struct name identity = name_of(IDENTITY);
	struct person person = {0};
	struct change *change;

	assert_int_equal(change_begin(shop.store, &change), 0);
	(void)person_get(change, &identity, &person);
	change_abort(change);
	return person;
}

static void
claim_make(const char *owner)
{
	struct claim claim = {.since = 1000,
	    .until = 2000,
	    .key_until = 3000,
	    .key_lease = CLAIM_KEY_LEASE,
	    .source = {4}};
	struct name name = name_of(owner);
	struct change *change;

	assert_int_equal(change_begin(shop.store, &change), 0);
	claim_put(change, &shop.apex, &name, &claim);
	assert_int_equal(change_commit(change), 0);
}

static uint64_t
claims_now(const char *owner)
{
	struct name name = name_of(owner);
	struct change *change;
	struct claim claim;
	uint64_t n;

	assert_int_equal(change_begin(shop.store, &change), 0);
	n = claim_count(change, &shop.apex);
	assert_int_equal(claim_get(change, &name, &claim), n > 0);
	change_abort(change);
	return n;
}

/* The types at a name of the zone apex, ascending: "1 25 ". */
static const char *
types_at(const char *apex, const char *owner)
{
	static char text[256];
	struct name name = name_of(owner), zone_name = name_of(apex);
	uint8_t key[NODE_KEY];
	struct bytes value = {NULL, 0};
	struct draft draft = {0};
	struct change *change;
	struct zone zone;
	size_t n = 0;

	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_true(work_zone(change, &zone_name, &zone));
	(void)change_get(
	    change, TABLE_NODES, (struct bytes){key, node_key(zone.id, &name, key)}, &value);
	assert_int_equal(draft_read(&draft, value), 0);
	text[0] = '\0';
	for (size_t i = 0; i < draft.n; i++)
		if (i == 0 || draft.records[i].type != draft.records[i - 1].type)
			n += (size_t)snprintf(
			    text + n, sizeof text - n, "%u ", draft.records[i].type);
	draft_fini(&draft);
	change_abort(change);
	return text;
}

static uint32_t
serial_of(const char *apex)
{
	struct name name = name_of(apex);
	struct change *change;
	struct zone zone;

	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_true(work_zone(change, &name, &zone));
	change_abort(change);
	return zone.serial;
}

static void
test_enroll(void **state)
{
	(void)state;
	folk_zones();
	folk_good(FOLK_ENROLL, NULL, "enrolled");
	assert_false(shop.outcome.unchanged);
	assert_int_equal(person_now().flags, PERSON_ENROLLED);
	assert_true(person_now().enrolled > 0);
	folk_good(FOLK_ENROLL, NULL, "enrolled already");
	assert_true(shop.outcome.unchanged);
	folk_good(FOLK_UNBAN, NULL, "was not banned");
	assert_int_equal(serial_of("id.example.org."), 1);
}

static void
test_assign(void **state)
{
	struct folk other = {.verb = FOLK_ASSIGN};

	(void)state;
	folk_zones();
	folk_good(FOLK_ASSIGN, "host.example.org.", "host.example.org. assigned to it");
	folk_good(FOLK_ASSIGN, "host.example.org.", "host.example.org. is its already");
	assert_true(shop.outcome.unchanged);
	other.identity = name_of("inside.id.example.org.");
	other.name = name_of("host.example.org.");
	assert_int_equal(folk_run(&shop.work, &shop.apex, &other, &shop.outcome), -MAP_EEXIST);
	assert_string_equal(
	    shop.outcome.why, "host.example.org.: assigned to " IDENTITY " already");
	folk_wrong(FOLK_ASSIGN, "host.example.com.", -MAP_ENOTFOUND,
	    "host.example.com.: in no zone that is served here");
	folk_good(FOLK_ASSIGN, "other.example.org.", "other.example.org. assigned to it");
	folk_wrong(FOLK_ASSIGN, "third.example.org.", -MAP_ELIMIT,
	    "third.example.org.: it has 2 names, which is as many as the zone's policy allows");
	folk_good(FOLK_ASSIGN, "host.example.org.", "host.example.org. is its already");
	folk_good(FOLK_UNASSIGN, "host.example.org.", "taken back from " IDENTITY);
	folk_wrong(FOLK_UNASSIGN, "host.example.org.", -MAP_ENOTFOUND,
	    "host.example.org.: assigned to no identity");
	assert_int_equal(serial_of("id.example.org."), 1);
	assert_int_equal(serial_of("example.org."), 1);
}

static void
test_ban(void **state)
{
	(void)state;
	folk_zones();
	claim_make(IDENTITY);
	folk_good(FOLK_ENROLL, NULL, "enrolled");
	folk_good(FOLK_ASSIGN, "host.example.org.", "host.example.org. assigned to it");
	folk_good(
	    FOLK_ASSIGN, "inside.id.example.org.", "inside.id.example.org. assigned to it");
	dump_take(&old);
	assert_int_equal(folk_try(FOLK_BAN, NULL, "spam"), 0);
	said("banned; 4 records taken out, serial 1 -> 2; zone example.org.: 3 records taken "
	     "out, serial 1 -> 2");
	journal_judge(1);
	assert_int_equal(serial_of("example.org."), 2);
	assert_string_equal(types_at("id.example.org.", IDENTITY), "16 25 ");
	assert_string_equal(types_at("id.example.org.", "inside.id.example.org."), "");
	assert_string_equal(types_at("example.org.", "host.example.org."), "16 ");
	assert_string_equal(types_at("example.org.", "other.example.org."), "1 ");
	assert_int_equal(person_now().flags, PERSON_ENROLLED | PERSON_BANNED);
	assert_string_equal(person_now().why, "spam");
	assert_int_equal(claims_now(IDENTITY), 1);
	/* again: the reason stays, as does all else */
	folk_good(FOLK_BAN, NULL, "banned already; no records of it were there, serial 2");
	assert_true(shop.outcome.unchanged);
	assert_string_equal(person_now().why, "spam");
	folk_good(FOLK_ENROLL, NULL, "enrolled already; it is banned");
	folk_good(FOLK_UNBAN, NULL, "may register again");
	assert_int_equal(person_now().flags, PERSON_ENROLLED);
	assert_string_equal(person_now().why, "");
	assert_int_equal(serial_of("id.example.org."), 2);
}

/* Addresses at a host's own name were registered like its locators; those at a look-up name, or without KEY, were not. */
static void
test_ban_host(void **state)
{
	static const uint8_t prefix[16] = {0x20, 0x01, 0x00, 0x3f, 0xfe, 0x00, 0x0a};
	struct folk folk = {.verb = FOLK_BAN};

	(void)state;
	folk_zones();
	shop.rules.realms = &shop.realm;
	shop.rules.n_realms = 1;
	shop_begin("id.example.org.");
	shop.realm = (struct realm){.length = 56, .suffix = shop.apex};
	memcpy(shop.realm.prefix, prefix, 16);
	shop_add_apex("2");
	shop_add("05130824699a4bc6b2", 60, "A", "192.0.2.1");
	shop_add("05130824699a4bc6b2", 60, "KEY", KEY_TEXT);
	shop_add("05130824699a4bc6b2", 60, "ELOC", "10 50 2001:db8::1");
	shop_add("inside", 60, "A", "192.0.2.1");
	shop_add("ns", 300, "A", "192.0.2.1");
	shop_add("printer", 60, "A", "192.0.2.1");
	shop_add("printer", 60, "TXT", "beside");
	shop_add("printer", 60, "KEY", KEY_TEXT);
	shop_add("printer", 60, "AAAA", "2001:db8::1");
	shop_add("printer", 60, "ELOC", "10 1 192.0.2.1");
	shop_load_good();
	folk.identity = name_of("printer.id.example.org.");
	assert_int_equal(folk_run(&shop.work, &shop.apex, &folk, &shop.outcome), 0);
	said("banned; 3 records taken out, serial 2 -> 3");
	assert_string_equal(types_at("id.example.org.", "printer.id.example.org."), "16 25 ");
	folk.identity = name_of("inside.id.example.org.");
	assert_int_equal(folk_run(&shop.work, &shop.apex, &folk, &shop.outcome), 0);
	said("banned; no records of it were there, serial 3");
	assert_int_equal(folk_try(FOLK_BAN, NULL, ""), 0);
	said("banned; 1 records taken out, serial 3 -> 4");
	assert_string_equal(types_at("id.example.org.", IDENTITY), "1 25 ");
}

static void
expire(void)
{
	while (expiry_step(&shop.work, 60) == 0)
		;
}

/* The KEY outlives its lease while its host is banned, and has it once more behind that. */
static void
test_ban_holds(void **state)
{
	struct name identity = name_of(IDENTITY);
	struct change *change;
	struct claim claim;

	(void)state;
	folk_zones();
	claim_make(IDENTITY);
	folk_good(FOLK_BAN, NULL, "banned; 3 records taken out, serial 1 -> 2");
	expire();
	assert_string_equal(types_at("id.example.org.", IDENTITY), "16 25 ");
	assert_int_equal(claims_now(IDENTITY), 1);
	folk_good(FOLK_UNBAN, NULL, "may register again");
	expire();
	assert_string_equal(types_at("id.example.org.", IDENTITY), "16 25 ");
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_true(claim_get(change, &identity, &claim));
	change_abort(change);
	assert_in_range(claim.key_until, clock_seconds() + CLAIM_KEY_LEASE - 60,
	    clock_seconds() + CLAIM_KEY_LEASE);
	claim_make(IDENTITY);
	expire();
	assert_string_equal(types_at("id.example.org.", IDENTITY), "16 ");
	assert_int_equal(claims_now(IDENTITY), 0);
}

/* One that is not there yet cannot come. */
static void
test_ban_ahead(void **state)
{
	struct folk folk = {.verb = FOLK_BAN, .identity = name_of("new.id.example.org.")};

	(void)state;
	folk_zones();
	assert_int_equal(folk_run(&shop.work, &shop.apex, &folk, &shop.outcome), 0);
	said("banned; no records of it were there, serial 1");
	assert_false(shop.outcome.unchanged);
	shop.apex = name_of("example.com.");
	assert_int_equal(
	    folk_run(&shop.work, &shop.apex, &folk, &shop.outcome), -MAP_ENOTFOUND);
	assert_string_equal(shop.outcome.why, "not served here");
}

static void
test_release(void **state)
{
	(void)state;
	folk_zones();
	claim_make(IDENTITY);
	folk_good(FOLK_ASSIGN, "host.example.org.", "host.example.org. assigned to it");
	dump_take(&old);
	folk_good(FOLK_RELEASE, NULL,
	    "released; 4 records taken out, serial 1 -> 2; zone example.org.: 3 records taken "
	    "out, serial 1 -> 2");
	journal_judge(1);
	assert_string_equal(types_at("id.example.org.", IDENTITY), "16 ");
	assert_string_equal(types_at("example.org.", "host.example.org."), "16 ");
	assert_int_equal(claims_now(IDENTITY), 0);
	folk_good(FOLK_UNASSIGN, "host.example.org.", "taken back from " IDENTITY);
	folk_wrong(FOLK_RELEASE, NULL, -MAP_ENOTFOUND, "nothing is registered there");
	/* a claim without records */
	claim_make(IDENTITY);
	folk_good(FOLK_RELEASE, NULL, "released; no records of it were there, serial 2");
	assert_false(shop.outcome.unchanged);
	assert_int_equal(claims_now(IDENTITY), 0);
}

/* Of who had the name by its being assigned nothing is left that would end what is put there next; a KEY's lease goes on. */
static void
test_unassign_ends(void **state)
{
	static const char *const names[] = {"host.example.org.", "keyed.example.org."};
	struct name id = name_of("id.example.org."), above = name_of("example.org.");

	(void)state;
	folk_zones();
	for (size_t i = 0; i < 2; i++) {
		shop.apex = above;
		claim_make(names[i]);
		shop.apex = id;
		assert_int_equal(folk_try(FOLK_ASSIGN, names[i], ""), 0);
		assert_int_equal(folk_try(FOLK_UNASSIGN, names[i], ""), 0);
		shop.apex = above;
		assert_int_equal(claims_now(names[i]), i);
	}
	shop.apex = id;
}

/* The identity that is given up had a name where another's KEY is: that stays, and is counted, as long as its own lease says. */
static void
test_release_beside_key(void **state)
{
	struct name id = name_of("id.example.org."), above = name_of("example.org.");
	struct name keyed = name_of("keyed.example.org.");
	struct change *change;
	struct claim claim;

	(void)state;
	folk_zones();
	shop.apex = above;
	claim_make("keyed.example.org.");
	shop.apex = id;
	assert_int_equal(folk_try(FOLK_ASSIGN, "keyed.example.org.", ""), 0);
	assert_int_equal(folk_try(FOLK_RELEASE, NULL, ""), 0);
	shop.apex = above;
	assert_string_equal(types_at("example.org.", "keyed.example.org."), "25 ");
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_true(claim_get(change, &keyed, &claim));
	change_abort(change);
	assert_int_equal(claim.until, 0);
	assert_int_equal(claim.key_until, 3000);
	shop.apex = id;
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {CASE(test_enroll), CASE(test_assign), CASE(test_ban),
	    CASE(test_ban_host), CASE(test_ban_ahead), CASE(test_ban_holds), CASE(test_release),
	    CASE(test_unassign_ends), CASE(test_release_beside_key)};

	return cmocka_run_group_tests_name("folk", tests, NULL, NULL);
}
