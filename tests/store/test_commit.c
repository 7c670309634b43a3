/*
 * test_commit.c - updates that share a commit: what results is what a load of the same records makes, the journal
 * leads there, and each of them does what RFC 2136 says.
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
#include "core/wire/errors.h"
#include "core/wire/message.h"
#include "core/wire/rrtype.h"
#include "mapd/decide.h"
#include "mapd/expiry.h"
#include "mapd/replay.h"

static void
open_zone(uint8_t denial, enum policy_kind kind)
{
	shop_begin("zone.test.");
	shop.rule = (struct zone_rule){.apex = shop.apex, .denial = denial};
	policy_defaults(&shop.rule.policy, kind);
	shop.rule.policy.verify_locators = false;
	shop.rules.n_zones = 1;
	shop.rules.journal = 1 << 22;
	shop_add_apex("1");
	shop_add("a", 300, "A", "192.0.2.1");
	shop_add("a", 300, "A", "192.0.2.2");
	shop_add("c", 300, "CNAME", "a");
	shop_add("deep.down.d", 300, "TXT", "\"t\"");
	shop_add("m", 300, "MX", "10 a");
	shop_load_good();
}

/* Names that meet: below each other, empty ones between, one more often than the others. */
/* The first two are always an edit's: the apex, and an alias. */
static const char *const owners[] = {"@", "c", "a", "b", "b.a", "x.y.z.a", "y.z.a", "n", "w.n",
    "q.q.q.q", "q", "m", "deep.down.d", "down.d", "d"};

static void
random_item(struct proposal *p, bool shaping)
{
	uint32_t n = sizeof owners / sizeof owners[0], first = shaping ? 0 : 2;
	const char *owner = owners[first + dice(n - first)];
	char text[64];
	uint32_t what = dice(shaping ? 16 : 10);

	snprintf(text, sizeof text, "192.0.2.%u", dice(6));
	if (what < 4)
		petition_item(p, UPDATE_ADD, owner, 300 + dice(2), "A", text);
	else if (what < 6)
		petition_item(p, UPDATE_ADD, owner, 300, "TXT", "\"text\"");
	else if (what < 7)
		petition_item(p, UPDATE_DELETE_RECORD, owner, 0, "A", text);
	else if (what < 8)
		petition_item(p, UPDATE_DELETE_RRSET, owner, 0, "TXT", NULL);
	else if (what < 10)
		petition_item(p, UPDATE_DELETE_NAME, owner, 0, NULL, NULL);
	else if (what < 11)
		petition_item(p, UPDATE_ADD, owner, 300, "NS", "ns");
	else if (what < 12)
		petition_item(p, UPDATE_ADD, owner, 300, "CNAME", "a");
	else if (what < 13)
		petition_item(p, UPDATE_ADD, "*.w", 300, "A", text);
	else if (what < 14)
		petition_item(p, UPDATE_DELETE_NAME, "*.w", 0, NULL, NULL);
	else if (what < 15)
		petition_item(p, UPDATE_ADD, "below.*.q", 300, "A", text);
	else
		petition_item(p, UPDATE_DELETE_NAME, "below.*.q", 0, NULL, NULL);
}

static void
updates(uint8_t denial, uint32_t seed, bool shaping, unsigned rounds)
{
	static uint8_t a[GARDEN_OCTETS], b[GARDEN_OCTETS];
	unsigned taken = 0, refused = 0;
	struct bytes in_place, anew;
	struct journal_head head;

	garden_seed(seed, false);
	open_zone(denial, POLICY_CLOSED);
	for (unsigned i = 0; i < rounds; i++) {
		uint32_t from = shop_zone().serial;

		dump_take(&old);
		for (unsigned k = 0; k <= dice(6); k++) {
			struct proposal *p = petition_new();

			for (unsigned m = 0; m <= dice(4); m++)
				random_item(p, shaping);
		}
		petitions_run();
		petitions_free();
		/* without changes of shape all share a commit */
		if (!shaping && denial == DENIAL_NSEC3)
			assert_in_range(shop_zone().serial, from, from + 1);
		if (shop_zone().serial == from) {
			refused++;
			continue;
		}
		taken++;
		if (shop_zone().serial == from + 1)
			journal_judge(from);
		assert_true(journal_walk(&head) > 0);
		in_place = garden_digest(a);
		if (work_rebuild(&shop.work, &shop.apex, &shop.outcome) != 0)
			fail_msg("round %u: %s", i, shop.outcome.why);
		anew = garden_digest(b);
		if (!bytes_equal(in_place, anew))
			fail_msg("round %u: not what it would be anew", i);
	}
	print_message("%u rounds changed the zone, %u did not\n", taken, refused);
	assert_true(taken > rounds / 2);
}

static void
test_random_nsec3(void **state)
{
	(void)state;
	updates(DENIAL_NSEC3, 1, false, 600);
}

static void
test_random_shapes(void **state)
{
	(void)state;
	updates(DENIAL_NSEC3, 2, true, 300);
}

static void
test_random_nsec(void **state)
{
	(void)state;
	updates(DENIAL_NSEC, 3, true, 300);
}

/* A new SOA after an update in the same commit, which had the old one's serial counted up. */
static void
test_soa(void **state)
{
	struct proposal *p;
	uint32_t serial;

	(void)state;
	open_zone(DENIAL_NSEC3, POLICY_CLOSED);
	serial = shop_zone().serial;
	petition_item(petition_new(), UPDATE_ADD, "b", 300, "A", "192.0.2.1");
	p = petition_new();
	petition_item(p, UPDATE_ADD, "@", 300, "SOA", "ns hostmaster 10 1800 600 86400 60");
	petitions_run();
	if (p->verdict.rcode != RCODE_NOERROR)
		fail_msg("RCODE %u: %s", p->verdict.rcode, p->verdict.text);
	petitions_free();
	assert_true(serial_after(shop_zone().serial, serial + 1));
}

/* Serials that go all the way around (RFC 1982), to one where an old difference begins. */
static void
test_circle(void **state)
{
	static const char *const soas[] = {"2147483000", "4294966000", "1", "2"};
	struct journal_head head;
	char text[80];

	(void)state;
	open_zone(DENIAL_NSEC3, POLICY_CLOSED);
	petition_item(petition_new(), UPDATE_ADD, "b", 300, "A", "192.0.2.1");
	petitions_run();
	petitions_free();
	for (size_t i = 0; i < sizeof soas / sizeof soas[0]; i++) {
		snprintf(text, sizeof text, "ns hostmaster %s 180%zu 600 86400 60", soas[i], i);
		petition_item(petition_new(), UPDATE_ADD, "@", 300, "SOA", text);
		petitions_run();
		petitions_free();
		assert_true(journal_walk(&head) > 0);
	}
	assert_int_equal(shop_zone().serial, 2);
}

/* As many types as a name can have, and one more, where no edit looks at them. */
static void
test_types(void **state)
{
	unsigned types = 0, refused = 0;
	char type[16];

	(void)state;
	open_zone(DENIAL_NSEC3, POLICY_CLOSED);
	for (unsigned i = 0; i < RRSET_TYPES; i += PETITION_ITEMS) {
		struct proposal *p = petition_new();

		for (unsigned k = 0; k < PETITION_ITEMS; k++, types++) {
			snprintf(type, sizeof type, "TYPE%u", 1000 + types);
			petition_item(p, UPDATE_ADD, "t", 300, type, "\\# 1 00");
		}
		petitions_run();
		refused += p->verdict.rcode != RCODE_NOERROR;
		petitions_free();
	}
	assert_int_equal(refused, 0);
	for (unsigned i = 0; i < 2; i++) {
		struct proposal *p = petition_new();

		snprintf(type, sizeof type, "TYPE%u", 1000 + types - i);
		petition_item(p, UPDATE_ADD, "t", 300, type, "\\# 1 01");
		petitions_run();
		assert_int_equal(p->verdict.rcode, i == 0 ? RCODE_REFUSED : RCODE_NOERROR);
		petitions_free();
	}
	assert_int_equal(work_rebuild(&shop.work, &shop.apex, &shop.outcome), 0);
}

/* What an administrator gets for one more record at the name "t", of so many octets that begin with a number. */
static unsigned
record_add(uint16_t type, unsigned number, size_t n)
{
	uint8_t rdata[4096] = {0};
	struct proposal *p = petition_new();
	unsigned rcode;

	put_u16(rdata, (uint16_t)number);
	petition_rdata(p, UPDATE_ADD, "t", 300, type, (struct bytes){rdata, n});
	petitions_run();
	rcode = p->verdict.rcode;
	if (rcode != RCODE_NOERROR)
		assert_string_equal(
		    p->verdict.text, "t.zone.test.: more records than an answer can hold");
	petitions_free();
	return rcode;
}

static void
records_load(uint16_t type, unsigned records, size_t n)
{
	static uint8_t rdata[65536];

	for (unsigned i = 0; i < records; i++) {
		put_u16(rdata, (uint16_t)i);
		shop_add_rdata("t", 300, type, (struct bytes){rdata, n});
	}
}

/* A set of as many records as it can have, and of as many octets; one more is refused, and changes nothing. */
static void
test_set_limits(void **state)
{
	uint32_t serial;

	(void)state;
	open_zone(DENIAL_NSEC3, POLICY_CLOSED);
	records_load(1000, RRSET_RECORDS - 1, 2);
	records_load(1001, 1, RRSET_OCTETS - 2 * RRSET_FRAME - 100);
	shop_load_good();
	assert_int_equal(record_add(1000, 9000, 2), RCODE_NOERROR);
	assert_int_equal(record_add(1001, 9000, 100), RCODE_NOERROR);
	serial = shop_zone().serial;
	assert_int_equal(record_add(1000, 9001, 2), RCODE_REFUSED);
	assert_int_equal(record_add(1001, 9001, 2), RCODE_REFUSED);
	assert_int_equal(shop_zone().serial, serial);
	/* what is there already is no more than there was */
	assert_int_equal(record_add(1000, 9000, 2), RCODE_NOERROR);
	assert_int_equal(shop_zone().serial, serial);
	assert_int_equal(work_rebuild(&shop.work, &shop.apex, &shop.outcome), 0);
}

/* Sets that an answer can hold each, together as large as a name can be: it shrinks, and grows again, up to there. */
static void
test_name_limit(void **state)
{
	const size_t octets = RRSET_NAME / 5 - RRSET_FRAME - 1000;
	struct proposal *p;
	unsigned added = 0;
	uint32_t serial;

	(void)state;
	open_zone(DENIAL_NSEC3, POLICY_CLOSED);
	for (uint16_t type = 1000; type < 1005; type++)
		records_load(type, 1, octets);
	shop_load_good();
	serial = shop_zone().serial;
	p = petition_new();
	petition_item(p, UPDATE_DELETE_RRSET, "t", 0, "TYPE1000", NULL);
	petitions_run();
	assert_int_equal(p->verdict.rcode, RCODE_NOERROR);
	petitions_free();
	assert_int_equal(shop_zone().serial, serial + 1);
	while (record_add(1000, added, 1000) == RCODE_NOERROR)
		added++;
	assert_int_equal(
	    added, (RRSET_NAME - 4 * (octets + RRSET_FRAME)) / (1000 + RRSET_FRAME));
	assert_int_equal(work_rebuild(&shop.work, &shop.apex, &shop.outcome), 0);
}

#define DEEP_LABELS 110

/* A name with so many labels that no other one is near to. */
static const char *
deep_name(unsigned number, char text[256])
{
	size_t n = 0;

	for (unsigned i = 0; i < DEEP_LABELS; i++)
		n += (size_t)snprintf(text + n, 256 - n, "a.");
	snprintf(text + n, 256 - n, "t%u", number);
	return text;
}

/* Names that are only asked about leave nothing behind, however deep they are and however often. */
static void
test_prerequisites_cost(void **state)
{
	enum decision what = DECIDED;
	struct lines none = {0};
	struct proposal *p;
	struct commit c;
	struct desk *desk;
	char text[256];
	int rc;

	(void)state;
	open_zone(DENIAL_NSEC3, POLICY_CLOSED);
	assert_int_equal(commit_begin(&c, &shop.work), 0);
	desk = commit_desk(&c, &shop.apex, &rc);
	assert_non_null(desk);
	for (unsigned i = 0; i < 32; i++) {
		p = petition_new();
		for (unsigned k = 0; k < PETITION_ITEMS; k++)
			petition_item(
			    p, UPDATE_NAME_UNUSED, deep_name(i * 100 + k, text), 0, NULL, NULL);
		petition_item(p, UPDATE_ADD, "b", 300, "A", "192.0.2.1");
		assert_int_equal(decide(&c, desk, p, &what, &none), 0);
		assert_int_equal(p->verdict.rcode, RCODE_NOERROR);
	}
	assert_int_equal(desk->n, 1);
	commit_free(&c);
	replay_end(shop.work.replay, false);
	petitions_free();
}

/* What updates before it in the commit did is seen, also at names that it asks about more than once. */
static void
test_prerequisites_seen(void **state)
{
	static const struct {
		const char *b, *a;
		enum update_verb verb;
		unsigned rcode;
	} rows[] = {{"192.0.2.7", "192.0.2.1", UPDATE_NAME_USED, RCODE_NOERROR},
	    {"192.0.2.8", "192.0.2.1", UPDATE_NAME_USED, RCODE_NXRRSET},
	    {"192.0.2.7", "192.0.2.1", UPDATE_NAME_UNUSED, RCODE_YXDOMAIN}};
	struct proposal *p[sizeof rows / sizeof rows[0]];

	(void)state;
	open_zone(DENIAL_NSEC3, POLICY_CLOSED);
	petition_item(petition_new(), UPDATE_ADD, "b", 300, "A", "192.0.2.7");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		p[i] = petition_new();
		petition_item(p[i], UPDATE_RRSET_VALUE, "a", 0, "A", rows[i].a);
		petition_item(p[i], UPDATE_RRSET_VALUE, "b", 0, "A", rows[i].b);
		petition_item(p[i], UPDATE_RRSET_VALUE, "a", 0, "A", "192.0.2.2");
		petition_item(p[i], rows[i].verb, "b", 0, NULL, NULL);
		petition_item(p[i], UPDATE_ADD, "n", 300, "A", "192.0.2.1");
	}
	petitions_run();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(p[i]->verdict.rcode, rows[i].rcode);
	petitions_free();
}

/* Changes at deep names end a transaction before their desk grows without bounds; none is lost. */
static void
test_desk_bounded(void **state)
{
	struct proposal *list[16];
	uint32_t serial;
	char text[256];

	(void)state;
	open_zone(DENIAL_NSEC3, POLICY_CLOSED);
	serial = shop_zone().serial;
	for (unsigned i = 0; i < 16; i++) {
		list[i] = petition_new();
		for (unsigned k = 0; k < PETITION_ITEMS; k++)
			petition_item(list[i], UPDATE_DELETE_NAME, deep_name(i * 100 + k, text),
			    0, NULL, NULL);
		snprintf(text, sizeof text, "192.0.2.%u", i);
		petition_item(list[i], UPDATE_ADD, "b", 300, "A", text);
	}
	petitions_run();
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(list[i]->verdict.rcode, RCODE_NOERROR);
	petitions_free();
	/* 28,000 names, 16,384 of them and those of one more update a transaction */
	assert_int_equal(shop_zone().serial, serial + 2);
	assert_int_equal(work_rebuild(&shop.work, &shop.apex, &shop.outcome), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_random_nsec3, shop_setup, shop_teardown),
	    cmocka_unit_test_setup_teardown(test_random_shapes, shop_setup, shop_teardown),
	    cmocka_unit_test_setup_teardown(test_random_nsec, shop_setup, shop_teardown),
	    cmocka_unit_test_setup_teardown(test_soa, shop_setup, shop_teardown),
	    cmocka_unit_test_setup_teardown(test_circle, shop_setup, shop_teardown),
	    cmocka_unit_test_setup_teardown(test_types, shop_setup, shop_teardown),
	    cmocka_unit_test_setup_teardown(test_set_limits, shop_setup, shop_teardown),
	    cmocka_unit_test_setup_teardown(test_name_limit, shop_setup, shop_teardown),
	    cmocka_unit_test_setup_teardown(test_prerequisites_cost, shop_setup, shop_teardown),
	    cmocka_unit_test_setup_teardown(test_prerequisites_seen, shop_setup, shop_teardown),
	    cmocka_unit_test_setup_teardown(test_desk_bounded, shop_setup, shop_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
