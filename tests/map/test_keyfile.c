/*
 * test_keyfile.c - private keys in files: there and back, and files that are none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/trust/keyfile.h"
#include "core/wire/errors.h"
#include "core/wire/text.h"
#include "tests/map/rows.h"

static char folder[64], path[128], why[512];

static int
folder_make(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/test_keyfile.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/k.private", folder);
	return 0;
}

static int
folder_remove(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder); /* fails where a temporary file was left */
}

static void
file_put(const char *text, unsigned mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static void
algorithm_check(int algorithm)
{
	struct crypto_key *key, *back, *other;
	uint8_t public[64], again[64], signature[64];
	struct stat st;

	assert_int_equal(crypto_key_generate(algorithm, &key), 0);
	assert_int_equal(keyfile_write(path, key, why, sizeof why), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(keyfile_read(path, &back, why, sizeof why), 0);
	assert_int_equal(crypto_key_algorithm(back), algorithm);
	assert_int_equal(crypto_key_public(key, public), 0);
	assert_int_equal(crypto_key_public(back, again), 0);
	assert_memory_equal(public, again, crypto_public_size(algorithm));
	assert_int_equal(crypto_sign(back, "x", 1, signature), 0);
	assert_int_equal(crypto_verify(key, "x", 1, signature, sizeof signature), 0);

	/* A second key does not replace it. */
	assert_int_equal(crypto_key_generate(algorithm, &other), 0);
	assert_int_equal(keyfile_write(path, other, why, sizeof why), -MAP_EEXIST);
	assert_non_null(strstr(why, path));
	crypto_key_free(back);
	assert_int_equal(keyfile_read(path, &back, why, sizeof why), 0);
	assert_int_equal(crypto_key_public(back, again), 0);
	assert_memory_equal(public, again, crypto_public_size(algorithm));
	crypto_key_free(key);
	crypto_key_free(back);
	crypto_key_free(other);
	unlink(path);
}

static void
test_there_and_back(void **state)
{
	(void)state;
	algorithm_check(CRYPTO_ED25519);
	algorithm_check(CRYPTO_ECDSAP256);
}

static char rfc8032_private[64];
static uint8_t rfc8032_public[32];

static void
row_secret(const struct row *row)
{
	uint8_t secret[32];

	assert_true(text_base64_put(rfc8032_private, sizeof rfc8032_private,
			row_hex(row->field[0], secret, sizeof secret)) > 0);
}

static void
row_hhit(const struct row *row)
{
	row_hex(row->field[2], rfc8032_public, sizeof rfc8032_public); /* the last row stays */
}

/* RFC 8032 test 1, in the lines that dnssec-keygen writes, in another order too. */
static void
test_known_key(void **state)
{
	static const char *const forms[] = {
	    "Private-key-format: v1.3\nAlgorithm: 15 (ED25519)\nPrivateKey: %s\n"
	    "Created: 20261123120000\nPublish: 20261123120000\nActivate: 20261123120000\n",
	    "Created: 20261123120000\nAlgorithm: 15\nPrivateKey:\t%s \nPrivate-key-format: "
	    "v1.2\n",
	    "Private-key-format: v1.3\r\nAlgorithm: 15 (ED25519)\r\nPrivateKey: %s\r\n",
	    "Private-key-format: v1.3\nAlgorithm: 15 (ED25519)\nPrivateKey: %s",
	};
	struct crypto_key *key;
	uint8_t public[64];
	char text[512];

	(void)state;
	rows_each("proofs.txt", "secret", row_secret);
	rows_each("identities.txt", "hhit", row_hhit);
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		const char *percent = strstr(forms[i], "%s");

		snprintf(text, sizeof text, "%.*s%s%s", (int)(percent - forms[i]), forms[i],
		    rfc8032_private, percent + 2);
		file_put(text, 0600);
		if (keyfile_read(path, &key, why, sizeof why) != 0)
			fail_msg("%s", why);
		assert_int_equal(crypto_key_public(key, public), 0);
		assert_memory_equal(public, rfc8032_public, sizeof rfc8032_public);
		crypto_key_free(key);
	}
}

/* What dnssec-keygen wrote of a P-256 key whose scalar begins with a zero octet: 31 octets. */
static void
test_short_scalar(void **state)
{
	static const char text[] = "Private-key-format: v1.3\nAlgorithm: 13 (ECDSAP256SHA256)\n"
				   "PrivateKey: TCpR9LPtXB/yua2HK2vF+PrKoROj/1RtIGTd6hoDaA==\n";
	static const char theirs[] = "T6zguPQsuC5yrb/4KH1Hh4zrtzIzJV/nNuZ0Qjy81Z+IR1ZsvIUh+pdL"
				     "OVpUAqG/rIFwiQROioMjhdPqgJMsGA==";
	struct crypto_key *key;
	uint8_t public[64], expected[64];

	(void)state;
	assert_int_equal(
	    text_base64_read(theirs, sizeof theirs - 1, expected, sizeof expected), 64);
	file_put(text, 0600);
	if (keyfile_read(path, &key, why, sizeof why) != 0)
		fail_msg("%s", why);
	assert_int_equal(crypto_key_public(key, public), 0);
	assert_memory_equal(public, expected, sizeof expected);
	crypto_key_free(key);
}

static void
refused(const char *text, unsigned mode, int error, const char *says)
{
	struct crypto_key *key;

	file_put(text, mode);
	assert_int_equal(keyfile_read(path, &key, why, sizeof why), error);
	assert_null(key);
	if (strstr(why, says) == NULL || strstr(why, path) != why)
		fail_msg("says: %s", why);
}

static void
test_refused(void **state)
{
	struct crypto_key *key;
	char large[5000];

	(void)state;
	refused("", 0600, -MAP_EFORMAT, "no key file");
	refused("Private-key-format: v2.0\n", 0600, -MAP_EFORMAT, "no key file");
	refused("Private-key-format: v1.3\n", 0600, -MAP_EFORMAT, "no Algorithm");
	refused("Private-key-format: v1.3\nAlgorithm: x\n", 0600, -MAP_EFORMAT, "no Algorithm");
	refused("Private-key-format: v1.3\nAlgorithm: 8 (RSASHA256)\n", 0600, -MAP_EUNKNOWN,
	    "algorithm 8 is not known here");
	refused(
	    "Private-key-format: v1.3\nAlgorithm: 15\n", 0600, -MAP_EFORMAT, "no PrivateKey");
	refused("Private-key-format: v1.3\nAlgorithm: 15\nPrivateKey: AAAA\n", 0600,
	    -MAP_EFORMAT, "no PrivateKey of 32 octets");
	refused("Private-key-format: v1.3\nAlgorithm: 15\nPrivateKey: "
		"TCpR9LPtXB/yua2HK2vF+PrKoROj/1RtIGTd6hoDaA==\n",
	    0600, -MAP_EFORMAT, "no PrivateKey of 32 octets");
	refused("Private-key-format: v1.3\nAlgorithm: 13\nPrivateKey: "
		"TCpR9LPtXB/yua2HK2vF+PrKoROj/1RtIGTd\n",
	    0600, -MAP_EFORMAT, "no PrivateKey of 32 octets");
	refused("Private-key-format: v1.3\nAlgorithm: 13\nPrivateKey: "
		"//////////////////////////////////////////8=\n",
	    0600, -MAP_ECRYPTO, "no key of its algorithm");
	refused("", 0640, -MAP_EREFUSED, "mode 0640");
	refused("", 0604, -MAP_EREFUSED, "mode 0604");
	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	refused(large, 0600, -MAP_EFORMAT, "longer than 4096");
	unlink(path);
	assert_int_equal(keyfile_read(path, &key, why, sizeof why), -MAP_ESYS);
	assert_int_equal(keyfile_read(folder, &key, why, sizeof why), -MAP_EFORMAT);
	assert_int_equal(keyfile_read("/dev/zero", &key, why, sizeof why), -MAP_EFORMAT);
}

static void
test_write_where_nothing_can_be(void **state)
{
	struct crypto_key *key;

	(void)state;
	assert_int_equal(crypto_key_generate(CRYPTO_ED25519, &key), 0);
	assert_int_equal(
	    keyfile_write("/nonexistent/k.private", key, why, sizeof why), -MAP_ESYS);
	assert_non_null(strstr(why, "No such file"));
	crypto_key_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_there_and_back, folder_make, folder_remove),
	    cmocka_unit_test_setup_teardown(test_known_key, folder_make, folder_remove),
	    cmocka_unit_test_setup_teardown(test_short_scalar, folder_make, folder_remove),
	    cmocka_unit_test_setup_teardown(test_refused, folder_make, folder_remove),
	    cmocka_unit_test(test_write_where_nothing_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
