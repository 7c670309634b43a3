/*
 * test_keys.c - a zone's key: its file, whose it is, how long it stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sys/crypto.h"
#include "core/trust/keyfile.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "tests/store/shop.h"

static void
test_removal_keeps_serial_and_key(void **state)
{
	struct change *change;
	const struct keyset *keys;
	uint16_t tag;

	(void)state;
	shop_begin("zone.test.");
	shop_add_apex("7");
	shop_load_good();
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_int_equal(
	    work_keys(&shop.work, change, &shop.apex, &keys, shop.why, sizeof shop.why), 0);
	tag = keys->keys[0].key.tag;
	change_abort(change);
	assert_int_equal(work_remove(&shop.work, &shop.apex, &shop.outcome), 0);
	assert_int_equal(shop.outcome.serial, 7);
	assert_int_equal(work_remove(&shop.work, &shop.apex, &shop.outcome), -MAP_ENOTFOUND);
	shop_close();
	shop_open();
	shop_begin("zone.test.");
	shop_add_apex("1");
	shop_load_good();
	assert_false(shop.outcome.replaced);
	assert_int_equal(shop.outcome.serial, 8);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_int_equal(
	    work_keys(&shop.work, change, &shop.apex, &keys, shop.why, sizeof shop.why), 0);
	assert_int_equal(keys->keys[0].key.tag, tag);
	change_abort(change);
}

static void
test_key_file_is_the_zones(void **state)
{
	char command[512];
	struct stat st;
	const struct keyset *keys;
	struct change *change;

	(void)state;
	shop_begin("zone.test.");
	shop_add_apex("7");
	shop_load_good();
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_int_equal(
	    work_keys(&shop.work, change, &shop.apex, &keys, shop.why, sizeof shop.why), 0);
	change_abort(change);
	snprintf(command, sizeof command, "%s/%s.private", shop.keys, keys->keys[0].key.base);
	assert_int_equal(strncmp(keys->keys[0].key.base, "Kzone.test.+013+", 16), 0);
	assert_int_equal(stat(command, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	work_fini(&shop.work);
	assert_int_equal(chmod(command, 0640), 0);
	assert_int_not_equal(work_init(&shop.work, shop.store, shop.keys, &shop.rules, 1,
				 shop.why, sizeof shop.why),
	    0);
	assert_non_null(strstr(shop.why, "chmod 600"));
	assert_null(strstr(shop.why, "restore"));
	assert_int_equal(unlink(command), 0);
	assert_int_not_equal(work_init(&shop.work, shop.store, shop.keys, &shop.rules, 1,
				 shop.why, sizeof shop.why),
	    0);
	assert_non_null(strstr(shop.why, "zone zone.test.: key "));
	assert_non_null(strstr(shop.why, "restore the file"));
	memset(&shop.work, 0, sizeof shop.work);
}

/* A key that an operator puts there while mapd runs is the one the zone gets. */
static void
test_key_files_are_adopted(void **state)
{
	struct crypto_key *made;
	struct zonekey described = {0};
	const struct keyset *keys;
	char path[512], zone[32], text[512];
	struct change *change;

	(void)state;
	for (int i = 0; i < 3; i++) { /* the list of files is read, and added to */
		snprintf(zone, sizeof zone, "z%d.test.", i);
		shop_begin(zone);
		shop_add_apex("7");
		shop_load_good();
	}
	assert_int_equal(crypto_key_generate(CRYPTO_ECDSAP256, &made), 0);
	described.dnskey_n = 4 + crypto_public_size(CRYPTO_ECDSAP256);
	memcpy(described.dnskey, "\001\001\003\015", 4);
	assert_int_equal(crypto_key_public(made, described.dnskey + 4), 0);
	snprintf(path, sizeof path, "%s/Kzone.test.+013+%05u.private", shop.keys,
	    dnssec_key_tag(zonekey_dnskey(&described)));
	assert_int_equal(keyfile_write(path, made, text, sizeof text), 0);
	crypto_key_free(made);
	shop_begin("zone.test.");
	shop_add_apex("7");
	shop_load_good();
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_int_equal(
	    work_keys(&shop.work, change, &shop.apex, &keys, shop.why, sizeof shop.why), 0);
	change_abort(change);
	assert_true(
	    bytes_equal(zonekey_dnskey(&keys->keys[0].key), zonekey_dnskey(&described)));
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {CASE(test_removal_keeps_serial_and_key),
	    CASE(test_key_file_is_the_zones), CASE(test_key_files_are_adopted)};

	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
