/*
 * test_step.c - names that keep step with an identity where only an edit can write them.
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
#include "mapd/expiry.h"
#include "mapd/later.h"
#include "mapd/people.h"

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

/* A name that a test has later.h fail for; the others get an address. */
struct failing {
	size_t at;
	int error;
	unsigned done;
};

static const char *const some[] = {"a", "b", "c"};

static int
some_name(void *arg, struct commit *commit, struct desk *desk, size_t i)
{
	static const uint8_t address[4] = {192, 0, 2, 1};
	struct draft_record record = {.type = RR_A, .ttl = 60, .rdata = {address, 4}};
	const struct failing *failing = arg;
	struct name name;
	struct spot *spot;

	(void)commit;
	if (i == failing->at)
		return failing->error;
	assert_int_equal(name_scan(some[i], 1, &shop.apex, &name), 0);
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
	struct failing failing = {.at = 1, .error = -MAP_ENOMEM};
	struct later later = {.apex = &shop.apex,
	    .label = "test",
	    .n = 3,
	    .name = some_name,
	    .beside = some_beside,
	    .arg = &failing};
	char why[PLAN_WHY];

	(void)state;
	open_realm(DENIAL_NSEC);
	assert_int_equal(later_run(&shop.work, &later, why), 3);
	assert_int_equal(failing.done, 0);
	failing.error = -MAP_EREFUSED;
	assert_int_equal(later_run(&shop.work, &later, why), 1);
	assert_string_equal(why, error_text(-MAP_EREFUSED));
	assert_int_equal(failing.done, 5);
	assert_int_equal(count("a", "A") + count("c", "A"), 2);
	assert_int_equal(count("b", "A"), 0);
	failing.at = 3;
	failing.done = 0;
	assert_int_equal(later_run(&shop.work, &later, why), 0);
	assert_int_equal(failing.done, 7);
	assert_int_equal(count("b", "A"), 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_together),
	    TEST(test_together_turned),
	    TEST(test_alone),
	};
	int failed = cmocka_run_group_tests_name("step", tests, NULL, NULL);

	close_realm();
	return failed;
}
