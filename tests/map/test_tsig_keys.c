/*
 * test_tsig_keys.c - files of TSIG keys: what tsig-keygen prints, how named.conf may have it, and what is refused.
 */
#include "tests/wire/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/trust/seal.h"
#include "core/wire/errors.h"

#define SECRET "u87/qsiaigXrr2qyUnOqRVm6N0bVYkZmL7QzsQXTuJU="

static char folder[64], path[128], why[512];

static int
folder_make(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/test_tsig_keys.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/keys", folder);
	return 0;
}

static int
folder_remove(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static int
load(const char *text, size_t text_n, mode_t mode, struct tsig_key **keys, size_t *n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, text_n, f), text_n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
	why[0] = '\0';
	return tsig_keys_load(path, keys, n, why, sizeof why);
}

static void
keys_free(struct tsig_key *keys, size_t n)
{
	crypto_wipe(keys, n * sizeof *keys);
	free(keys);
}

static void
assert_key(const struct tsig_key *key, const char *name, enum crypto_mac mac, uint16_t n)
{
	struct name want = name_of(name);

	assert_bytes_equal(name_bytes(&key->name), name_bytes(&want));
	assert_int_equal(key->mac, mac);
	assert_int_equal(key->n, n);
}

static void
test_good(void **state)
{
	static const char text[] =
	    "key \"Admin.Example\" {\n\talgorithm hmac-sha256;\n\tsecret \"" SECRET "\";\n};\n"
	    "# comments\n// of all\n/* kinds;\n key */ key second. { secret AAECAw==; /**/ "
	    "algorithm\n"
	    "\"HMAC-SHA512.\"; } ;key c{algorithm hmac-sha1;secret\"AA==\";};"
	    "key d {algorithm hmac-sha224; secret AA==;};\nkey e {algorithm hmac-sha384; "
	    "secret AA==;};# end";
	static const uint8_t first[] = {0xbb, 0xce, 0xff, 0xaa};
	struct tsig_key *keys;
	size_t n;

	(void)state;
	assert_int_equal(load(text, sizeof text - 1, 0600, &keys, &n), 0);
	assert_int_equal(n, 5);
	assert_key(&keys[0], "admin.example.", CRYPTO_HMAC_SHA256, 32);
	assert_memory_equal(keys[0].secret, first, sizeof first);
	assert_key(&keys[1], "second.", CRYPTO_HMAC_SHA512, 4);
	assert_memory_equal(keys[1].secret, "\0\1\2\3", 4);
	assert_key(&keys[2], "c.", CRYPTO_HMAC_SHA1, 1);
	assert_key(&keys[3], "d.", CRYPTO_HMAC_SHA224, 1);
	assert_key(&keys[4], "e.", CRYPTO_HMAC_SHA384, 1);
	keys_free(keys, n);
	assert_int_equal(load(text, sizeof text - 1, 0400, &keys, &n), 0);
	keys_free(keys, n);
}

/* Every secret there may be, and one octet more. */
static void
test_secrets(void **state)
{
	char text[1024], base64[800];
	struct tsig_key *keys;
	size_t n;

	(void)state;
	for (size_t size = 1; size <= SEAL_SECRET + 1; size++) {
		size_t groups = (size + 2) / 3, pad = groups * 3 - size;
		int text_n;

		memset(base64, 'A', groups * 4);
		memset(base64 + groups * 4 - pad, '=', pad);
		text_n = snprintf(text, sizeof text,
		    "key k { algorithm hmac-sha256; secret \"%.*s\"; };", (int)(groups * 4),
		    base64);
		if (size > SEAL_SECRET) {
			assert_int_equal(
			    load(text, (size_t)text_n, 0600, &keys, &n), -MAP_ECONFIG);
			continue;
		}
		assert_int_equal(load(text, (size_t)text_n, 0600, &keys, &n), 0);
		assert_int_equal(keys[0].n, size);
		keys_free(keys, n);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		const char *text, *why; /* without the path */
	} rows[] = {
	    {"", ": no key in it; expected key"},
	    {"# nothing\n", ": no key in it; expected key"},
	    {"keys { };", ":1: another word or sign; expected key"},
	    {"key {", ":1: no name; expected"},
	    {"key", ":1: no name; expected"},
	    {"\nkey \"k\"", ":2: the end of the file; expected {"},
	    {"key \"k\" {", ":1: the end of the file; expected algorithm, secret or }"},
	    {"key \"k\" { };", ":1: a key without secret; expected"},
	    {"key \"k\" {\nalgorithm hmac-sha256;\n};", ":2: a key without secret; expected"},
	    {"key k { secret AA==; };", ":1: a key without algorithm; expected"},
	    {"key k { algorithm hmac-md5; secret AA==; };",
		":1: algorithm hmac-md5 is not known here; expected hmac-sha256, "},
	    {"key k { algorithm \"\"; secret AA==; };", ":1: no algorithm; expected"},
	    {"key k { algorithm ; secret AA==; };", ":1: no algorithm; expected"},
	    {"key k { algorithm hmac-sha256; secret A; };", ":1: the secret is not base64"},
	    {"key k { algorithm hmac-sha256; secret \"AA== \"; };",
		":1: the secret is not base64"},
	    {"key k { algorithm hmac-sha256; algorithm hmac-sha1; };",
		":1: algorithm for the second time; expected }"},
	    {"key k { secret AA==; secret AA==; };",
		":1: secret for the second time; expected }"},
	    {"key k { secret AA== algorithm hmac-sha1; };",
		":1: another word or sign; expected ;"},
	    {"key k { algorithm hmac-sha256; secret AA==; }",
		":1: the end of the file; expected ;"},
	    {"key k { algorithm hmac-sha256; secret AA==; };\nkey K. {",
		":2: a second key of this name; expected one of each name"},
	    {"key \"\" { };", ":1: no name; expected"},
	    {"key \".\" { };", ":1: the key's name is not a domain name; expected"},
	    {"key \"a..b\" { };", ":1: the key's name is not a domain name; expected"},
	    {"key \"k\n\" { };", ":1: a string without end; expected \""},
	    {"\n/* key", ":2: a comment without end; expected */"},
	    {"key k { algorithm hmac-sha256; secret AA==; };\n\"x\"",
		":2: a string; expected key"},
	};
	struct tsig_key *keys;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(
		    load(rows[i].text, strlen(rows[i].text), 0600, &keys, &n), -MAP_ECONFIG);
		assert_null(keys);
		assert_int_equal(n, 0);
		assert_memory_equal(why, path, strlen(path));
		if (strncmp(why + strlen(path), rows[i].why, strlen(rows[i].why)) != 0)
			fail_msg("row %zu: %s", i, why);
	}
	assert_int_equal(load("key\0k", 5, 0600, &keys, &n), -MAP_ECONFIG);
	assert_non_null(strstr(why, ": binary; expected key"));
}

/* No message has what may be a secret in it. */
static void
test_no_secret_said(void **state)
{
	static const char *const texts[] = {"key k { secret \"" SECRET "x\"; };",
	    "key k { \"" SECRET "\" };", SECRET, "key k \"" SECRET "\"",
	    "key k { secret " SECRET " x; };",
	    "key k { secret " SECRET "; secret " SECRET "; };", "key k { secret \"" SECRET};
	struct tsig_key *keys;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		assert_int_equal(
		    load(texts[i], strlen(texts[i]), 0600, &keys, &n), -MAP_ECONFIG);
		assert_null(strstr(why, "u87"));
	}
}

static void
test_files(void **state)
{
	static const char text[] = "key k { algorithm hmac-sha256; secret AA==; };";
	struct tsig_key *keys;
	char *longest = malloc((size_t)2 << 20);
	size_t n;

	(void)state;
	assert_non_null(longest);
	for (mode_t mode = 0601; mode <= 0677; mode++) {
		assert_int_equal(load(text, sizeof text - 1, mode, &keys, &n), -MAP_ECONFIG);
		assert_non_null(strstr(why, "; expected 0600"));
	}
	memset(longest, ' ', (size_t)2 << 20);
	memcpy(longest, text, sizeof text - 1);
	assert_int_equal(load(longest, (size_t)1 << 20, 0600, &keys, &n), 0);
	keys_free(keys, n);
	assert_int_equal(load(longest, ((size_t)1 << 20) + 1, 0600, &keys, &n), -MAP_ECONFIG);
	assert_non_null(strstr(why, ": too long"));
	free(longest);
	assert_int_equal(tsig_keys_load(folder, &keys, &n, why, sizeof why), -MAP_ECONFIG);
	assert_non_null(strstr(why, ": no regular file"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(tsig_keys_load(path, &keys, &n, why, sizeof why), -MAP_ECONFIG);
	assert_non_null(strstr(why, ": No such file or directory"));
	/* so little room that not even the path fits */
	assert_int_equal(tsig_keys_load(path, &keys, &n, why, 4), -MAP_ECONFIG);
	assert_int_equal(strlen(why), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_secrets),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_no_secret_said),
	    cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("tsig_keys", tests, folder_make, folder_remove);
}
