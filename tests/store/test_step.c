/*
 * test_step.c - names that keep step with an identity where only an edit can write them: with others, after
 * others, after a crash, and behind what an operator does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/realm.h"

#include <string.h>

#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/message.h"
#include "core/wire/rrtype.h"
#include "mapd/backlog.h"
#include "mapd/expiry.h"
#include "mapd/folk.h"
#include "mapd/later.h"
#include "mapd/people.h"

static void
zone_turn(const char *apex)
{
	assert_int_equal(name_from(apex, &shop.apex), 0);
}

static unsigned
count_in(const char *apex, const char *owner, const char *type)
{
	struct name before = shop.apex;
	unsigned n;

	zone_turn(apex);
	n = count(owner, type);
	shop.apex = before;
	return n;
}

/* www of the zone whose turn it is. */
static void
assign(const struct name *identity)
{
	struct change *change;
	struct name name;

	assert_int_equal(name_scan("www", 3, &shop.apex, &name), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_int_equal(assigned_put(change, &name, identity), 0);
	assert_int_equal(change_commit(change), 0);
}

/* ME in zone.test., and www of other.test., a zone of NSEC, assigned to it. */
static void
open_two(uint8_t denial)
{
	static struct zone_rule rules[2];
	struct name me;

	open_realm(denial);
	rules[0] = shop.rule;
	rules[1] = (struct zone_rule){.denial = DENIAL_NSEC};
	assert_int_equal(name_from("other.test.", &rules[1].apex), 0);
	policy_defaults(&rules[1].policy, POLICY_CLOSED);
	rules_sort(rules, 2);
	shop.rules.zones = rules;
	shop.rules.n_zones = 2;
	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &me), 0);
	shop_begin("other.test.");
	shop_add_apex("1");
	shop_load_good();
	assign(&me);
	zone_turn("zone.test.");
}

/* Names that wait. */
static unsigned
backlog(void)
{
	struct bytes key = {NULL, 0}, value;
	struct change *change;
	unsigned n = 0;

	assert_int_equal(change_begin(shop.store, &change), 0);
	for (bool more = change_ceiling(change, TABLE_BACKLOG, key, &key, &value); more;
	     more = change_next(change, TABLE_BACKLOG, &key, &value))
		n++;
	change_abort(change);
	return n;
}

static void
expire(void)
{
	while (expiry_step(&shop.work, 60) == 0)
		;
}

/* An identity and its name fall due at once, in either order: the name's addresses go once. */
static void
expire_together(uint64_t own, uint64_t names)
{
	struct name me;
	struct claim claim;
	struct proposal *p;

	open_realm(DENIAL_NSEC);
	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &me), 0);
	assign(&me);
	register_me();
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.9");
	petition_item(p, UPDATE_ADD, "www", 60, "EPID", "10 b.example.");
	answers(p, RCODE_NOERROR, "");
	p = others_update("printer");
	petition_item(p, UPDATE_ADD, "printer", 300, "KEY", OTHER_KEY);
	petition_item(p, UPDATE_ADD, "printer", 300, "A", "192.0.2.7");
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(count("www", "A"), 2);
	claim_age(ME, 7200 + own);
	claim_age("www", 7200 + names);
	claim_age("printer", 7200);
	expire();
	assert_int_equal(count(ME, "ELOC"), 0);
	assert_int_equal(count(ME, "KEY"), 1);
	assert_int_equal(count("www", "A") + count("www", "EPID"), 0);
	assert_int_equal(count("printer", "A"), 0);
	assert_true(claim_of("www", &claim));
	assert_int_equal(claim.until, 0);
	assert_true(claim_of(ME, &claim));
	assert_int_equal(claim.until, 0);
}

static void
test_together(void **state)
{
	(void)state;
	expire_together(10, 0);
}

static void
test_together_turned(void **state)
{
	(void)state;
	expire_together(0, 10);
}

/* Of a name's own lease, all that is not its identity's mapping goes: the addresses follow that, and end with it. */
static void
expire_name(uint8_t denial)
{
	struct proposal *p;
	struct name me;

	open_realm(denial);
	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &me), 0);
	p = others_update("www");
	petition_item(p, UPDATE_ADD, "www", 300, "KEY", OTHER_KEY);
	petition_item(p, UPDATE_ADD, "www", 300, "AAAA", "2001:db8::7");
	answers(p, RCODE_NOERROR, "");
	assign(&me);
	register_me();
	p = my_update(ME);
	petition_item(p, UPDATE_ADD, "www", 60, "EPID", "10 b.example.");
	answers(p, RCODE_NOERROR, "");
	assert_int_equal(count("www", "A") + count("www", "EPID"), 2);
	assert_int_equal(count("www", "AAAA"), 0);
	claim_age("www", 1209600);
	expire();
	assert_int_equal(count("www", "EPID") + count("www", "KEY"), 0);
	assert_int_equal(count("www", "A"), 1);
	claim_age(ME, 7200);
	expire();
	assert_int_equal(count("www", "A"), 0);
}

static void
test_older_claim(void **state)
{
	(void)state;
	expire_name(DENIAL_NSEC3);
}

static void
test_older_claim_whole(void **state)
{
	(void)state;
	expire_name(DENIAL_NSEC);
}

/* What is put off for its own zone is asked of what is stored, not of what a later update of the batch saw. */
static void
test_pipelined(void **state)
{
	struct proposal *p;

	(void)state;
	open_two(DENIAL_NSEC3);
	register_me();
	assert_int_equal(count_in("other.test.", "www", "A"), 1);
	for (unsigned turn = 0; turn < 2; turn++) {
		p = my_update(ME);
		petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
		petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 2001:db8::9");
		petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.9");
		p = my_update(ME);
		petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
		petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.1");
		if (turn == 1)
			petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 192.0.2.2");
		answers(p, RCODE_NOERROR, "");
		assert_int_equal(count_in("other.test.", "www", "A"), 1 + turn);
		assert_int_equal(count_in("other.test.", "www", "AAAA"), 0);
		assert_int_equal(backlog(), 0);
	}
}

/* An expiry as a crash between its commit and what follows it leaves it. */
static void
crash(void)
{
	struct spot *spot, *www;
	struct desk *desk, *beside;
	struct commit c;
	struct name name;
	int rc;

	assert_int_equal(commit_begin(&c, &shop.work), 0);
	desk = commit_desk(&c, &shop.apex, &rc);
	assert_non_null(desk);
	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &name), 0);
	assert_int_equal(desk_spot(desk, &name, &spot), 0);
	assert_int_equal(desk_try(desk, spot), 0);
	draft_drop(&spot->next, RR_ELOC);
	assert_int_equal(name_from("other.test.", &name), 0);
	beside = commit_desk(&c, &name, &rc);
	assert_non_null(beside);
	assert_int_equal(name_from("www.other.test.", &name), 0);
	assert_int_equal(desk_spot(beside, &name, &www), 0);
	assert_int_equal(desk_try(beside, www), 0);
	draft_drop(&www->next, RR_A);
	commit_put_off(&c, c.change, desk, false);
	commit_keep(&c);
	assert_int_equal(commit_end(&c), 0);
	commit_free(&c);
}

static void
test_crash(void **state)
{
	(void)state;
	open_two(DENIAL_NSEC3);
	register_me();
	assert_int_equal(backlog(), 0);
	crash();
	assert_int_equal(count(ME, "ELOC"), 0);
	assert_int_equal(count_in("other.test.", "www", "A"), 1);
	assert_int_equal(backlog(), 1);
	shop_close();
	shop_open();
	assert_int_equal(backlog_step(&shop.work, 60), 60);
	assert_int_equal(count_in("other.test.", "www", "A"), 0);
	assert_int_equal(backlog(), 0);
	/* nobody's name keeps step with nobody, and its row goes too */
	register_me();
	assert_int_equal(count_in("other.test.", "www", "A"), 1);
	crash();
	{
		struct change *change;
		struct name name;

		assert_int_equal(name_from("www.other.test.", &name), 0);
		assert_int_equal(change_begin(shop.store, &change), 0);
		assigned_remove(change, &name);
		assert_int_equal(change_commit(change), 0);
	}
	assert_int_equal(backlog_step(&shop.work, 60), 60);
	assert_int_equal(count_in("other.test.", "www", "A"), 1);
	assert_int_equal(backlog(), 0);
}

/* What cannot be brought in step waits a minute, and is not forgotten. */
static void
test_waits(void **state)
{
	struct change *change;
	uint64_t wait;

	(void)state;
	open_two(DENIAL_NSEC3);
	register_me();
	crash();
	assert_int_equal(change_begin(shop.store, &change), 0);
	work_put_clock(change, clock_seconds() + 1000000);
	assert_int_equal(change_commit(change), 0);
	for (unsigned turn = 0; turn < 2; turn++) {
		wait = backlog_step(&shop.work, 100);
		assert_true(wait > 50 && wait <= 60);
		assert_int_equal(count_in("other.test.", "www", "A"), 1);
		assert_int_equal(backlog(), 1);
	}
}

/* What an edit refuses changes no name that keeps step with it, and leaves no row. */
static void
test_refused(void **state)
{
	struct proposal *p;

	(void)state;
	open_two(DENIAL_NSEC);
	register_me();
	p = petition_new();
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", "10 1 via:::1@nothing.zone.test.");
	petition_item(p, UPDATE_ADD, ME, 60, "TXT", "new");
	petitions_run();
	assert_int_not_equal(p->verdict.rcode, RCODE_NOERROR);
	petitions_free();
	assert_int_equal(count_in("other.test.", "www", "A"), 1);
	assert_int_equal(backlog(), 0);
}

static void
follow(void)
{
	assert_int_equal(backlog_step(&shop.work, 60), 60);
	assert_int_equal(backlog(), 0);
}

static void
load_other(const char *serial)
{
	shop_begin("other.test.");
	shop_add_apex(serial);
}

/* What the file of a zone does not have comes back behind its load; of who has no mapping the file is right. */
static void
test_load(void **state)
{
	(void)state;
	open_two(DENIAL_NSEC3);
	load_other("2");
	shop_add("www", 60, "A", "192.0.2.7");
	shop_add("www", 60, "A", "192.0.2.8");
	shop_load_good();
	follow();
	assert_int_equal(count("www", "A"), 2);
	zone_turn("zone.test.");
	register_me();
	assert_int_equal(count_in("other.test.", "www", "A"), 1);
	load_other("9");
	shop_load_good();
	assert_int_equal(count("www", "A"), 0);
	follow();
	assert_int_equal(count("www", "A"), 1);
	/* nothing differs: nothing waits */
	assert_int_equal(work_rebuild(&shop.work, &shop.apex, &shop.outcome), 0);
	assert_int_equal(backlog(), 0);
	/* the zone of the identity, without its mapping */
	shop_begin("zone.test.");
	shop_add_apex("9");
	shop_load_good();
	follow();
	assert_int_equal(count_in("other.test.", "www", "A"), 0);
}

/* An identity whose name stands in the file of its own zone too: what the file says there is what there is. */
static void
test_load_own(void **state)
{
	struct name me;

	(void)state;
	open_realm(DENIAL_NSEC3);
	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &me), 0);
	assign(&me);
	register_me();
	assert_int_equal(count("www", "A"), 1);
	shop_begin("zone.test.");
	shop_add_apex("9");
	shop_add("www", 60, "A", "192.0.2.7");
	shop_add("www", 60, "A", "192.0.2.8");
	shop_load_good();
	follow();
	assert_int_equal(count("www", "A"), 2);
}

static void
edit_ends(void (*edit)(void))
{
	open_two(DENIAL_NSEC3);
	register_me();
	assert_int_equal(count_in("other.test.", "www", "A"), 1);
	edit();
	follow();
	assert_int_equal(count_in("other.test.", "www", "A"), 0);
}

static void
unset_mapping(void)
{
	edit_unset(ME, RR_ELOC);
}

static void
unset_whole(void)
{
	edit_unset_whole(ME, 0);
}

static void
zone_goes(void)
{
	assert_int_equal(work_remove(&shop.work, &shop.apex, &shop.outcome), 0);
}

/* An operator takes a mapping away: by an edit of its name, small or not, and with its zone. */
static void
test_taken(void **state)
{
	(void)state;
	edit_ends(unset_mapping);
}

static void
test_taken_whole(void **state)
{
	(void)state;
	edit_ends(unset_whole);
}

static void
test_taken_zone(void **state)
{
	(void)state;
	edit_ends(zone_goes);
}

/* A name that an identity is given has its addresses without another word of it. */
static void
test_assigned(void **state)
{
	struct folk folk = {.verb = FOLK_ASSIGN};

	(void)state;
	open_two(DENIAL_NSEC3);
	assert_int_equal(name_scan(ME, strlen(ME), &shop.apex, &folk.identity), 0);
	assert_int_equal(name_from("early.other.test.", &folk.name), 0);
	assert_int_equal(folk_run(&shop.work, &shop.apex, &folk, &shop.outcome), 0);
	assert_int_equal(backlog(), 0);
	register_me();
	assert_int_equal(name_from("late.other.test.", &folk.name), 0);
	assert_int_equal(folk_run(&shop.work, &shop.apex, &folk, &shop.outcome), 0);
	assert_int_equal(backlog(), 1);
	follow();
	zone_turn("other.test.");
	assert_int_equal(count("early", "A") + count("late", "A"), 2);
}

/* A name that a test has later.h fail for; the others get an address. */
struct failing {
	size_t at;
	int error;
	unsigned done, tried; /* names; edits */
};

static const char some[] = "abcdefghijklmnopqrstuvwxyz012345"; /* names of one letter */

static int
some_name(void *arg, struct commit *commit, struct desk *desk, size_t i)
{
	static const uint8_t address[4] = {192, 0, 2, 1};
	struct draft_record record = {.type = RR_A, .ttl = 60, .rdata = {address, 4}};
	struct failing *failing = arg;
	struct name name;
	struct spot *spot;

	(void)commit;
	failing->tried++;
	if (i == failing->at)
		return failing->error;
	assert_int_equal(name_scan(some + i, 1, &shop.apex, &name), 0);
	assert_int_equal(desk_spot(desk, &name, &spot), 0);
	assert_int_equal(desk_try(desk, spot), 0);
	return draft_add(&spot->next, &record);
}

static void
some_beside(void *arg, struct change *change, size_t i)
{
	struct failing *failing = arg;

	(void)change;
	failing->done |= 1u << i;
}

/* One that cannot be done holds up no other; where it is none's fault, none is tried alone. */
static void
test_alone(void **state)
{
	struct failing failing = {.at = 13, .error = -MAP_ENOMEM};
	struct later later = {.apex = &shop.apex,
	    .label = "test",
	    .n = sizeof some - 1,
	    .name = some_name,
	    .beside = some_beside,
	    .arg = &failing};
	char why[PLAN_WHY];

	(void)state;
	open_realm(DENIAL_NSEC);
	assert_int_equal(later_run(&shop.work, &later, why), later.n);
	assert_int_equal(failing.done, 0);
	failing.error = -MAP_EREFUSED;
	failing.tried = 0;
	assert_int_equal(later_run(&shop.work, &later, why), 1);
	assert_string_equal(why, error_text(-MAP_EREFUSED));
	assert_int_equal(failing.done, ~(1u << 13));
	/* 7 edits, of 8, 4, 1, 2, 4, 8 and 4 names */
	assert_int_equal(shop_zone().serial, 1 + 7);
	assert_true(failing.tried < 4 * later.n);
	assert_int_equal(count("m", "A") + count("o", "A"), 2);
	assert_int_equal(count("n", "A"), 0);
	failing.at = later.n;
	failing.done = 0;
	assert_int_equal(later_run(&shop.work, &later, why), 0);
	assert_int_equal(failing.done, ~0u);
	assert_int_equal(count("n", "A"), 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_together),
	    TEST(test_together_turned),
	    TEST(test_older_claim),
	    TEST(test_older_claim_whole),
	    TEST(test_pipelined),
	    TEST(test_crash),
	    TEST(test_waits),
	    TEST(test_refused),
	    TEST(test_load),
	    TEST(test_load_own),
	    TEST(test_taken),
	    TEST(test_taken_whole),
	    TEST(test_taken_zone),
	    TEST(test_assigned),
	    TEST(test_alone),
	};
	int failed = cmocka_run_group_tests_name("step", tests, NULL, NULL);

	close_realm();
	return failed;
}
