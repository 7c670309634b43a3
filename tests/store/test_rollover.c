/*
 * test_rollover.c - keys got, rolled and given up: what each step leaves in rows, files and the zone, also
 * after a restart, and what is refused with which words.
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

static void
test_keys_before_their_zone(void **state)
{
	uint16_t ksk, zsk;

	(void)state;
	begin_zone();
	DOES(gain(0, ROLE_KSK), "will sign the zone");
	DOES(gain(0, ROLE_ZSK), "will sign the zone");
	assert_null(work_keys_known(&shop.work, &shop.apex));
	shop_close();
	shop_open();
	shop_load_good();
	assert_int_equal(keys()->n, 2);
	assert_int_equal(count_side(KEY_CURRENT, ROLE_KSK), 1);
	assert_int_equal(count_side(KEY_CURRENT, ROLE_ZSK), 1);
	ksk = keys()->keys[keys()->keys[0].key.role == ROLE_ZSK].key.tag;
	zsk = keys()->keys[keys()->keys[0].key.role == ROLE_KSK].key.tag;
	assert_int_equal(signatures("@", RR_DNSKEY), 1);
	/* the database is lost: what the files are is known by their tags */
	shop_close();
	assert_int_equal(chdir(shop.directory), 0);
	assert_int_equal(unlink("data.mdb"), 0);
	shop_open();
	shop_load_good();
	assert_int_equal(keys()->n, 2);
	assert_non_null(keyset_find(keys(), ksk));
	assert_non_null(keyset_find(keys(), zsk));
	assert_int_equal(keyset_find(keys(), zsk)->key.role, ROLE_ZSK);
}

/* One half is there: the other is made, of the same algorithm. */
static void
test_half_a_pair_is_completed(void **state)
{
	(void)state;
	begin_zone();
	configure(ALGORITHM_ED25519, false);
	DOES(gain(ALGORITHM_ECDSAP256, ROLE_KSK), "ecdsap256");
	shop_load_good();
	assert_int_equal(count_side(KEY_CURRENT, ROLE_ZSK), 1);
	assert_int_equal(keys()->keys[0].key.algorithm, ALGORITHM_ECDSAP256);
	assert_int_equal(keys()->keys[1].key.algorithm, ALGORITHM_ECDSAP256);
}

static void
test_two_files_for_one_duty(void **state)
{
	(void)state;
	begin_zone();
	DOES(gain(0, ROLE_CSK), "will sign");
	DOES(gain(0, ROLE_CSK), "waits");
	shop_close();
	assert_int_equal(chdir(shop.directory), 0);
	assert_int_equal(unlink("data.mdb"), 0);
	shop_open();
	assert_int_equal(shop_load(), -MAP_EKEY);
	assert_non_null(strstr(shop.outcome.why, "two keys for one duty"));
	assert_int_equal(count_files(".private"), 2);
}

static void
test_import(void **state)
{
	char path[512], text[1024];
	FILE *file;
	size_t n;

	(void)state;
	begin_zone();
	shop_load_good();
	/* our own key's file, out of the way, is as good as one from elsewhere */
	snprintf(path, sizeof path, "%s/%s.private", shop.keys, keys()->keys[0].key.base);
	file = fopen(path, "r");
	assert_non_null(file);
	n = fread(text, 1, sizeof text, file);
	fclose(file);
#define IMPORT(octets, role) \
	rollover_gain(&shop.work, &shop.apex, 0, role, octets, now(), &shop.outcome)
	FAILS(IMPORT(((struct bytes){(uint8_t *)text, n}), ROLE_CSK), -MAP_EEXIST, "exists");
	DOES(IMPORT(((struct bytes){(uint8_t *)text, n}), ROLE_ZSK), "zsk");
	assert_int_equal(count_side(KEY_SPARE, ROLE_ZSK), 1);
	FAILS(IMPORT(((struct bytes){(const uint8_t *)"rubbish", 7}), ROLE_ZSK), -MAP_EFORMAT,
	    "no key file");
	assert_int_equal(keys()->n, 2);
	assert_int_equal(count_files(".private"), 2);
	assert_int_equal(count_files(".retired"), 0);
}

static void
test_spare_is_used_and_retired(void **state)
{
	uint16_t spare, other;

	(void)state;
	begin_zone();
	shop_load_good();
	DOES(gain(0, 0), "waits for a roll");
	spare = keys()->keys[1].key.tag;
	DOES(gain(0, 0), "waits for a roll");
	DOES(roll(WHAT_CSK), "new csk");
	other = keys()->keys[keys()->keys[1].key.side == KEY_SPARE ? 1 : 2].key.tag;
	assert_int_equal(count_side(KEY_NEW, ROLE_CSK), 1);
	assert_int_equal(count_side(KEY_SPARE, ROLE_CSK), 1);
	assert_int_equal(count_files(".private"), 3);
	(void)spare;
	FAILS(rollover_retire(&shop.work, &shop.apex, 1, now(), &shop.outcome), -MAP_ENOTFOUND,
	    "no such key");
	FAILS(rollover_retire(
		  &shop.work, &shop.apex, keys()->keys[0].key.tag, now(), &shop.outcome),
	    -MAP_EREFUSED, "takes part in a roll");
	DOES(
	    rollover_retire(&shop.work, &shop.apex, other, now(), &shop.outcome), "is retired");
	assert_int_equal(count_files(".private"), 2);
	assert_int_equal(count_files(".private.retired"), 1);
	assert_int_equal(keys()->n, 2);
	shop_close();
	shop_open();
	assert_int_equal(keys()->n, 2);
	assert_int_equal(keys()->roll.kind, ROLL_ALL);
}

static void
test_retiring_what_is_in_use_rolls_it(void **state)
{
	(void)state;
	begin_zone();
	configure(0, true);
	shop_load_good();
	for (size_t i = 0; i < 2; i++)
		if (keys()->keys[i].key.role == ROLE_ZSK)
			DOES(rollover_retire(&shop.work, &shop.apex, keys()->keys[i].key.tag,
				 now(), &shop.outcome),
			    "roll zsk begins");
	assert_int_equal(count_side(KEY_OLD, ROLE_ZSK), 1);
	assert_int_equal(count_side(KEY_NEW, ROLE_ZSK), 1);
}

/* From a combined P-256 key to two of Ed25519, with a restart in each phase. */
static void
test_algorithm_step_by_step(void **state)
{
	static const struct {
		unsigned dnskey, dnskey_signed, data_signed, cds_signed;
	} phases[] = {{1, 1, 2, 2}, {3, 2, 2, 2}, {3, 2, 2, 2}, {2, 1, 2, 2}, {2, 1, 1, 1}};
	uint32_t serial;

	(void)state;
	begin_zone();
	shop_load_good();
	FAILS(roll(WHAT_ALGORITHM), -MAP_EREFUSED, "configure another");
	configure(ALGORITHM_ED25519, true);
	serial = shop_zone().serial;
	DOES(roll(WHAT_CONFIGURED), "roll algorithm begins");
	FAILS(roll(WHAT_KEYS), -MAP_EREFUSED, "goes on");
	for (size_t i = 0; i < 5; i++) {
		struct bytes rdata[KEYSET_KEYS];
		uint8_t digests[KEYSET_KEYS][ZONEKEY_DS];

		assert_int_equal(keys()->roll.phase, i);
		if (roll_wants_walk(&keys()->roll))
			FAILS(next(), -MAP_EREFUSED, "not all is signed anew");
		shop_close();
		shop_open();
		assert_int_equal(keys()->roll.phase, i);
		walk();
		assert_int_equal(
		    keyset_rdata(keys(), RR_DNSKEY, rdata, digests), phases[i].dnskey);
		assert_int_equal(signatures("@", RR_DNSKEY), phases[i].dnskey_signed);
		assert_int_equal(signatures("@", RR_CDS), phases[i].cds_signed);
		assert_int_equal(signatures("a", RR_A), phases[i].data_signed);
		assert_int_equal(signatures("@", RR_SOA), phases[i].data_signed);
		assert_true(shop_zone().serial > serial);
		journal_is_whole();
		serial = shop_zone().serial;
		if (roll_wants_ds(&keys()->roll)) {
			FAILS(next(), -MAP_EREFUSED, "ds-seen");
			DOES(rollover_seen(&shop.work, &shop.apex, 7000, now(), &shop.outcome),
			    "in no cache");
		}
		if (i < 4)
			FAILS(next(), -MAP_EREFUSED, "not safe before");
		age(100000);
		DOES(next(), "roll algorithm:");
	}
	assert_int_equal(keys()->roll.kind, ROLL_NONE);
	assert_int_equal(keys()->n, 2);
	assert_int_equal(shop_zone().algorithm, ALGORITHM_ED25519);
	assert_int_equal(count_files(".private.retired"), 1);
	FAILS(next(), -MAP_EREFUSED, "no roll goes on");
	FAILS(rollover_seen(&shop.work, &shop.apex, 0, now(), &shop.outcome), -MAP_EREFUSED,
	    "no roll waits");
	FAILS(roll(WHAT_CONFIGURED), -MAP_EREFUSED, "all is as configured");
}

/* A change of the data in the middle of a roll is signed as the phase wants it. */
static void
test_loads_during_a_roll(void **state)
{
	(void)state;
	begin_zone();
	shop_load_good();
	configure(ALGORITHM_ED25519, false);
	DOES(roll(WHAT_ALGORITHM), "begins");
	begin_zone();
	shop_add("b", 300, "A", "192.0.2.2");
	shop_load_good();
	assert_true(shop.outcome.revised);
	assert_int_equal(signatures("b", RR_A), 2);
	assert_int_equal(signatures("a", RR_A), 1);
	walk();
	assert_int_equal(signatures("a", RR_A), 2);
	assert_int_not_equal(keys()->roll.walked, 0);
	DOES(rollover_cancel(&shop.work, &shop.apex, now(), &shop.outcome), "taken back");
	assert_int_equal(count_side(KEY_SPARE, ROLE_CSK), 1);
	assert_int_equal(keys()->roll.kind, ROLL_NONE);
	walk();
	assert_int_equal(signatures("a", RR_A), 1);
	assert_int_equal(signatures("b", RR_A), 1);
	FAILS(rollover_cancel(&shop.work, &shop.apex, now(), &shop.outcome), -MAP_EREFUSED,
	    "no roll");
}

static void
test_a_later_phase_is_not_taken_back(void **state)
{
	(void)state;
	begin_zone();
	configure(0, true);
	shop_load_good();
	DOES(roll(WHAT_ZSK), "begins");
	age(10000);
	DOES(next(), "signs");
	FAILS(rollover_cancel(&shop.work, &shop.apex, now(), &shop.outcome), -MAP_EREFUSED,
	    "rely");
}

static void
test_parent_is_judged(void **state)
{
	uint8_t old[ZONEKEY_DS], new[ZONEKEY_DS];
	struct bytes ds[2] = {{old, ZONEKEY_DS}, {new, ZONEKEY_DS}};

	(void)state;
	begin_zone();
	shop_load_good();
	DOES(roll(WHAT_CSK), "begins");
#define TOLD(from, n, ttl) \
	rollover_told(&shop.work, &shop.apex, ds + (from), n, ttl, now(), &shop.outcome)
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(zonekey_ds(&shop.apex, &keys()->keys[i].key,
				     keys()->keys[i].key.side == KEY_OLD ? old : new),
		    0);
	FAILS(TOLD(1, 1, 60), -MAP_EREFUSED, "no roll waits");
	age(10000);
	DOES(next(), "ask the parent");
	DOES(TOLD(0, 1, 9000), "TTL of 9000");
	FAILS(TOLD(0, 1, 60), -MAP_EREFUSED, "not the new DS");
	FAILS(TOLD(0, 2, 60), -MAP_EREFUSED, "not the new DS");
	FAILS(TOLD(0, 0, 60), -MAP_EREFUSED, "not the new DS");
	new[10] ^= 1;
	FAILS(TOLD(1, 1, 60), -MAP_EREFUSED, "not the new DS");
	new[10] ^= 1;
	shop_close();
	shop_open();
	DOES(TOLD(1, 1, 60), "the parent has the new DS");
	/* the old one's TTL counts, which was longer */
	assert_int_equal(keys()->roll.ds_ttl, 9000);
}

static void
test_what_there_is_not(void **state)
{
	(void)state;
	begin_zone();
	FAILS(roll(WHAT_CSK), -MAP_ENOTFOUND, "not served");
	FAILS(next(), -MAP_ENOTFOUND, "not served");
	FAILS(rollover_retire(&shop.work, &shop.apex, 5, now(), &shop.outcome), -MAP_ENOTFOUND,
	    "no such key");
	shop_load_good();
	FAILS(roll(WHAT_ZSK), -MAP_EREFUSED, "combined");
	FAILS(roll(WHAT_DENIAL), -MAP_EREFUSED, "configure another");
	configure(0, true);
	DOES(roll(WHAT_CONFIGURED), "new ksk");
	assert_int_equal(count_side(KEY_NEW, ROLE_ZSK), 1);
}

static void
test_too_many_keys(void **state)
{
	(void)state;
	begin_zone();
	shop_load_good();
	for (int i = 1; i < KEYSET_KEYS; i++)
		DOES(gain(0, 0), "waits");
	FAILS(gain(0, 0), -MAP_ESPACE, "retire one");
	assert_int_equal(count_files(".private"), KEYSET_KEYS);
	DOES(roll(WHAT_CSK), "begins");
}

static void
test_no_key_can_be_stored(void **state)
{
	char path[128];

	(void)state;
	begin_zone();
	shop_load_good();
	snprintf(path, sizeof path, "%s.away", shop.keys);
	assert_int_equal(rename(shop.keys, path), 0);
	assert_int_not_equal(roll(WHAT_CSK), 0);
	assert_true(strlen(shop.outcome.why) > 0);
	assert_int_equal(rename(path, shop.keys), 0);
	assert_int_equal(keys()->roll.kind, ROLL_NONE);
	assert_int_equal(keys()->n, 1);
	assert_int_equal(count_side(KEY_CURRENT, ROLE_CSK), 1);
	DOES(roll(WHAT_CSK), "begins");
}

static void
tick(void)
{
	shop.work.roll_at = 0;
	(void)rollover_tick(&shop.work, now(), 100);
}

static void
test_schedule(void **state)
{
	(void)state;
	begin_zone();
	configure(0, true);
	shop.rule.zsk_lifetime = 86400;
	shop_load_good();
	assert_in_range(rollover_tick(&shop.work, now(), 100), 1, 100);
	assert_int_equal(keys()->roll.kind, ROLL_NONE);
	for (size_t i = 0; i < keys()->n; i++)
		keys()->keys[i].key.since -= 86400;
	tick();
	assert_int_equal(keys()->roll.kind, ROLL_ZSK);
	age(100000);
	shop.rule.manual = true;
	tick();
	assert_int_equal(keys()->roll.phase, 0);
	shop.rule.manual = false;
	tick();
	assert_int_equal(keys()->roll.phase, 1);
	walk();
	tick();
	assert_int_equal(keys()->roll.phase, 1);
	age(100000);
	tick();
	assert_int_equal(keys()->roll.kind, ROLL_NONE);
	assert_int_equal(count_files(".private.retired"), 1);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {CASE(test_keys_before_their_zone),
	    CASE(test_half_a_pair_is_completed), CASE(test_two_files_for_one_duty),
	    CASE(test_import), CASE(test_spare_is_used_and_retired),
	    CASE(test_retiring_what_is_in_use_rolls_it), CASE(test_algorithm_step_by_step),
	    CASE(test_loads_during_a_roll), CASE(test_a_later_phase_is_not_taken_back),
	    CASE(test_parent_is_judged), CASE(test_what_there_is_not), CASE(test_too_many_keys),
	    CASE(test_no_key_can_be_stored), CASE(test_schedule)};

	return cmocka_run_group_tests_name("rollover", tests, NULL, NULL);
}
