/*
 * test_meddle.c - what comes between the steps of a roll: loads that are refused, rolls taken back while
 * signatures are made, keys that do not go together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/journal.h"
#include "mapd/renew.h"
#include "mapd/rollover.h"
#include "tests/store/ring.h"

/* A file that is refused has no part in what becomes of the keys. */
static void
test_bad_load_during_a_roll(void **state)
{
	(void)state;
	begin_zone();
	shop_load_good();
	DOES(roll(WHAT_CSK), "begins");
	begin_zone();
	shop_add("a", 300, "CNAME", "b");
	assert_int_not_equal(shop_load(), 0);
	age(100000);
	shop.work.roll_at = 0;
	(void)rollover_tick(&shop.work, now(), 100);
	assert_int_equal(keys()->roll.phase, 1);
}

/* One that a walk needs several steps for, and whose algorithm is to be another. */
static void
begin_long_zone(void)
{
	char name[8];

	begin_zone();
	for (int i = 0; i < 1500; i++) {
		snprintf(name, sizeof name, "h%04d", i);
		shop_add(name, 300, "A", "192.0.2.1");
	}
	shop_load_good();
	configure(ALGORITHM_ED25519, false);
}

/* What a walk that goes on has passed already is cleaned after it. */
static void
test_cancel_during_a_walk(void **state)
{
	struct renew renew = {0};

	(void)state;
	begin_long_zone();
	DOES(roll(WHAT_ALGORITHM), "begins");
	shop.work.rolling = true;
	shop.work.walk = &renew;
	assert_true(renew_start(&renew, &shop.work, now()));
	assert_int_equal(renew_step(&renew, &shop.work, now()), 0);
	assert_true(renew.walking);
	assert_int_equal(signatures("h0100", RR_A), 2);
	assert_int_equal(signatures("h1400", RR_A), 1);
	DOES(rollover_cancel(&shop.work, &shop.apex, now(), &shop.outcome), "taken back");
	while (renew.walking)
		assert_int_equal(renew_step(&renew, &shop.work, now()), 0);
	walk();
	shop.work.walk = NULL;
	assert_int_equal(signatures("h0100", RR_A), 1);
	assert_int_equal(signatures("h1400", RR_A), 1);
}

/* Nor does such a walk say that all is signed for a roll which begins in the same second. */
static void
test_another_roll_during_a_walk(void **state)
{
	struct renew renew = {0};
	uint64_t at = now();

	(void)state;
	begin_long_zone();
#define AT(call) call(&shop.work, &shop.apex, at, &shop.outcome)
	DOES(rollover_begin(&shop.work, &shop.apex, WHAT_ALGORITHM, at, &shop.outcome), "");
	shop.work.rolling = true;
	shop.work.walk = &renew;
	assert_true(renew_start(&renew, &shop.work, at));
	assert_int_equal(renew_step(&renew, &shop.work, at), 0);
	DOES(AT(rollover_cancel), "taken back");
	assert_int_equal(renew_step(&renew, &shop.work, at), 0);
	DOES(rollover_begin(&shop.work, &shop.apex, WHAT_ALGORITHM, at, &shop.outcome), "");
	while (renew.walking)
		assert_int_equal(renew_step(&renew, &shop.work, at), 0);
	if (signatures("h0700", RR_A) != 2)
		assert_int_equal(keys()->roll.walked, 0);
	walk();
	shop.work.walk = NULL;
	assert_int_equal(signatures("h0700", RR_A), 2);
	assert_int_not_equal(keys()->roll.walked, 0);
}

/* Two keys that sign one zone are of one algorithm, before it is loaded too. */
static void
test_halves_of_two_algorithms(void **state)
{
	(void)state;
	begin_zone();
	DOES(gain(ALGORITHM_ECDSAP256, ROLE_KSK), "will sign");
	FAILS(gain(ALGORITHM_ED25519, ROLE_ZSK), -MAP_EREFUSED, "ecdsap256");
	assert_int_equal(count_files(".private"), 1);
	DOES(gain(ALGORITHM_ECDSAP256, ROLE_ZSK), "will sign");
}

/* A name that is longer than a file's may be, once its octets are told apart. */
static void
test_names_of_odd_octets(void **state)
{
	char name[1024] = "";
	uint16_t tag;

	(void)state;
	for (int i = 0; i < 200; i++) {
		size_t n = strlen(name);

		snprintf(name + n, sizeof name - n, "\\%03d%s", i + 1, i % 50 == 49 ? "." : "");
	}
	shop_begin(name);
	shop_add_apex("7");
	shop_load_good();
	tag = keys()->keys[0].key.tag;
	DOES(gain(0, 0), "waits");
	DOES(rollover_retire(&shop.work, &shop.apex,
		 keys()->keys[keys()->keys[0].key.tag == tag].key.tag, now(), &shop.outcome),
	    "is retired");
	assert_int_equal(count_files(".private"), 1);
	assert_int_equal(count_files(".private.retired"), 1);
	shop_close();
	assert_int_equal(chdir(shop.directory), 0);
	assert_int_equal(unlink("data.mdb"), 0);
	shop_open();
	shop_load_good();
	assert_int_equal(keys()->n, 1);
	assert_int_equal(keys()->keys[0].key.tag, tag);
}

static size_t
file_text(const char *suffix, char text[1024])
{
	char path[512];
	FILE *file;
	size_t n;

	snprintf(path, sizeof path, "%s/%s%s", shop.keys, keys()->keys[0].key.base, suffix);
	file = fopen(path, "r");
	assert_non_null(file);
	n = fread(text, 1, 1023, file);
	fclose(file);
	text[n] = '\0';
	return n;
}

/* What there is no room for beside another leaves the other's files alone. */
static void
test_a_tag_that_is_taken(void **state)
{
	char private[1024], before[1024], after[1024];
	struct bytes text = {(uint8_t *)private, 0};

	(void)state;
	begin_zone();
	shop_load_good();
	text.n = file_text(".private", private);
	file_text(".key", before);
	FAILS(rollover_gain(&shop.work, &shop.apex, 0, ROLE_KSK, text, now(), &shop.outcome),
	    -MAP_EEXIST, "exists");
	file_text(".key", after);
	assert_string_equal(before, after);
}

/* The database is lost when another algorithm was configured already: the files say what the parent has. */
static void
test_lost_before_an_algorithm_roll(void **state)
{
	uint16_t tag;

	(void)state;
	begin_zone();
	shop_load_good();
	tag = keys()->keys[0].key.tag;
	configure(ALGORITHM_ED25519, false);
	shop_close();
	assert_int_equal(chdir(shop.directory), 0);
	assert_int_equal(unlink("data.mdb"), 0);
	shop_open();
	shop_load_good();
	assert_int_equal(keys()->n, 1);
	assert_int_equal(keys()->keys[0].key.tag, tag);
	/* in the middle of one nobody can tell */
	DOES(roll(WHAT_ALGORITHM), "begins");
	shop_close();
	assert_int_equal(unlink("data.mdb"), 0);
	shop_open();
	assert_int_equal(shop_load(), -MAP_EKEY);
	assert_non_null(strstr(shop.outcome.why, "keys of two algorithms"));
}

/* A zone that is removed leaves keys behind, whose roll can be ended. */
static void
test_removed_in_a_roll(void **state)
{
	uint16_t old = 0;

	(void)state;
	begin_zone();
	shop_load_good();
	DOES(roll(WHAT_CSK), "begins");
	assert_int_equal(work_remove(&shop.work, &shop.apex, &shop.outcome), 0);
	FAILS(next(), -MAP_ENOTFOUND, "not served");
	for (size_t i = 0; i < keys()->n; i++)
		if (keys()->keys[i].key.side == KEY_OLD)
			old = keys()->keys[i].key.tag;
	DOES(rollover_retire(&shop.work, &shop.apex, old, now(), &shop.outcome), "has ended");
	shop_load_good();
	assert_int_equal(keys()->n, 1);
	assert_int_equal(keys()->roll.kind, ROLL_NONE);
	assert_int_equal(keys()->keys[0].key.side, KEY_CURRENT);
	assert_int_not_equal(keys()->keys[0].key.tag, old);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {CASE(test_bad_load_during_a_roll),
	    CASE(test_cancel_during_a_walk), CASE(test_another_roll_during_a_walk),
	    CASE(test_halves_of_two_algorithms), CASE(test_names_of_odd_octets),
	    CASE(test_a_tag_that_is_taken), CASE(test_lost_before_an_algorithm_roll),
	    CASE(test_removed_in_a_roll)};

	return cmocka_run_group_tests_name("meddle", tests, NULL, NULL);
}
