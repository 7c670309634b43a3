/*
 * test_reference.c - references made, signed, tampered with, and opened; the key is RFC 8032's test 1,
 * whose identity stands in protocol 4.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/sys/crypto.h"
#include "core/trust/keyfile.h"
#include "core/trust/trust.h"
#include "libmap/map.h"
#include "tests/libmap/fake.h"

#define HHIT "2001:3f:fe00:a05:e437:dbb2:2e81:cb3e"
#define HOST "2001:3f:fe00:a05:1308:2469:9a4b:c6b2"
#define PLAIN "eid:[" HOST "]:7000?at=56/id.example.org"

/* RFC 8032 7.1, test 1. */
static const uint8_t secret[32] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84,
    0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70,
    0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};

static char folder[32], key_file[64];
static char text[MAP_REFERENCE_TEXT];

static int
group_setup(void **state)
{
	struct crypto_key *key;
	char why[256];

	(void)state;
	snprintf(folder, sizeof folder, "/tmp/eidmap-ref.XXXXXX");
	if (mkdtemp(folder) == NULL ||
	    crypto_key_from_private(CRYPTO_ED25519, secret, &key) != 0)
		return 1;
	snprintf(key_file, sizeof key_file, "%s/r.private", folder);
	if (keyfile_write(key_file, key, why, sizeof why) != 0)
		return 1;
	crypto_key_free(key);
	return 0;
}

static int
group_teardown(void **state)
{
	(void)state;
	unlink(key_file);
	return rmdir(folder);
}

static void
sign(void)
{
	char why[256] = "";

	if (map_reference_sign(PLAIN, HHIT, key_file, 3600, text, why, sizeof why) != 0)
		fail_msg("%s", why);
}

static void
test_make(void **state)
{
	(void)state;
	assert_int_equal(map_reference_make(HOST, "56/id.example.org", 7000, text), 0);
	assert_string_equal(text, PLAIN);
	assert_int_equal(map_reference_make("Host.Example.ORG.", NULL, 0, text), 0);
	assert_string_equal(text, "eid:host.example.org");
	assert_int_equal(map_reference_make(HOST, "57/id.example.org", 7000, text), -MAP_ETEXT);
	assert_int_equal(map_reference_make(HOST, "id.example.org", 7000, text), -MAP_ETEXT);
	assert_int_equal(
	    map_reference_make("host.example.org", "56/x.example", 1, text), -MAP_ETEXT);
}

static void
test_sign_and_verify(void **state)
{
	struct map_reference reference;

	(void)state;
	sign();
	assert_memory_equal(text, PLAIN, strlen(PLAIN));
	assert_int_equal(map_reference_verify(text), 0);
	assert_int_equal(map_reference_parse(text, &reference, NULL, 0), 0);
	assert_string_equal(reference.identity, HOST);
	assert_string_equal(reference.at, "56/id.example.org");
	assert_string_equal(reference.by, HHIT);
	assert_int_equal(reference.port, 7000);
	assert_true(reference.is_signed);
	assert_in_range(
	    reference.expires, (uint64_t)time(NULL) + 3500, (uint64_t)time(NULL) + 3600);
}

/* Each character changed by itself: never does it verify. */
static void
test_tampered(void **state)
{
	char good[MAP_REFERENCE_TEXT];

	(void)state;
	sign();
	memcpy(good, text, sizeof good);
	for (size_t i = 0; good[i] != '\0'; i++) {
		memcpy(text, good, sizeof text);
		text[i] = text[i] == '1' ? '2' : '1';
		assert_int_not_equal(map_reference_verify(text), 0);
	}
}

static void
test_refused(void **state)
{
	struct map_reference reference;
	char why[256] = "";

	(void)state;
	assert_int_equal(map_reference_verify(PLAIN), -MAP_EREFERENCE);
	assert_int_equal(map_reference_verify("eid:"), -MAP_EREFERENCE);
	assert_int_equal(map_reference_parse("eid:[" HOST "]:0", &reference, why, sizeof why),
	    -MAP_EREFERENCE);
	assert_true(why[0] != '\0');
	assert_int_equal(
	    map_reference_sign(PLAIN, HOST, key_file, 60, text, why, sizeof why), -MAP_EKEY);
	assert_int_equal(
	    map_reference_sign(PLAIN, HHIT, "/nonexistent", 60, text, why, sizeof why),
	    -MAP_ECONFIG);
	assert_non_null(strstr(why, "/nonexistent"));
	assert_int_equal(
	    map_reference_sign(PLAIN, HHIT, key_file, 31 * 86400, text, why, sizeof why),
	    -MAP_EUSAGE);
	sign();
	assert_int_equal(map_reference_sign(text, HHIT, key_file, 60, text, why, sizeof why),
	    -MAP_EREFERENCE);
}

static void
test_expired(void **state)
{
	struct reference reference;
	struct crypto_key *key;
	struct eid by;
	const char *why;

	(void)state;
	assert_int_equal(crypto_key_from_private(CRYPTO_ED25519, secret, &key), 0);
	assert_int_equal(eid_scan(HHIT, strlen(HHIT), false, &by), 0);
	assert_int_equal(reference_scan(PLAIN, &reference, &why), 0);
	assert_int_equal(
	    trust_reference_sign(&reference, key, &by, (uint64_t)time(NULL) - 1, text), 0);
	assert_int_equal(map_reference_verify(text), -MAP_EEXPIRED);
	crypto_key_free(key);
}

/* What opening a reference asks of the agent: the hint goes along, and trust only when it is due. */
static void
test_open(void **state)
{
	struct fake *fake = fake_start();
	struct map *map;

	(void)state;
	fake->result_of_id.error = -MAP_ENOTFOUND;
	assert_int_equal(map_open(&map), 0);
	sign();
	assert_int_equal(map_connect(map, NULL, text, NULL, 0), -MAP_ENOTFOUND);
	assert_int_equal(fake->last.flags, RESOLVE_PAIRS);
	assert_int_equal(fake->last.id.form, EID_ADDRESS);
	assert_int_equal(fake->last.id.at_length, 56);
	assert_int_equal(map_trust_referrer(map, HOST), 0);
	assert_int_equal(map_connect(map, NULL, text, NULL, 0), -MAP_ENOTFOUND);
	assert_int_equal(fake->last.flags, RESOLVE_PAIRS);
	assert_int_equal(map_trust_referrer(map, HHIT), 0);
	assert_int_equal(map_connect(map, NULL, text, NULL, 0), -MAP_ENOTFOUND);
	assert_int_equal(fake->last.flags, RESOLVE_PAIRS | RESOLVE_TRUSTED_ID);
	/* unsigned, it is nobody's word */
	assert_int_equal(map_connect(map, NULL, PLAIN, NULL, 0), -MAP_ENOTFOUND);
	assert_int_equal(fake->last.flags, RESOLVE_PAIRS);
	assert_int_equal(fake->requests, 4);
	/* a lie is refused before anybody is asked */
	text[6] = '3';
	assert_true(map_connect(map, NULL, text, NULL, 0) < 0);
	assert_int_equal(fake->requests, 4);
	assert_int_equal(map_trust_referrer(map, "host.example.org"), -MAP_EUSAGE);
	map_close(map);
	fake_stop(fake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_make),
	    cmocka_unit_test(test_sign_and_verify),
	    cmocka_unit_test(test_tampered),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_expired),
	    cmocka_unit_test(test_open),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
