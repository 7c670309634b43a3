/*
 * test_anchors.c - trust anchor files: what is taken, and what is said of the rest, by line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "resolve/anchors.h"

#define DIGEST "2BB183AF5F22588179A53B0A98631FAD1A2921182BB183AF5F22588179A53B0A"
#define KEY "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

static char path[] = "/tmp/test_anchors.XXXXXX";

static void
file_write(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void
test_taken(void **state)
{
	static const char *const rows[] = {
	    "a.test. IN DS 1 13 2 " DIGEST "\n",
	    "a.test. 3600 IN DNSKEY 257 3 15 " KEY " ; a comment\n",
	    "$ORIGIN test.\n$TTL 60\na DS ( 1 13 2\n " DIGEST " )\nb DS 1 8 2 " DIGEST "\n",
	    /* one that cannot be used beside one that can */
	    "a. DS 1 250 2 " DIGEST "\na. DS 1 13 2 " DIGEST "\n",
	    "a. DS 1 13 99 00\na. DNSKEY 257 3 13 " KEY "\n",
	    "a. DNSKEY 256 3 8 AwEAAaz/\n",
	};
	char why[1024];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		file_write(rows[i]);
		if (anchors_check(path, why, sizeof why) != 0)
			fail_msg("%s: %s", rows[i], why);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		const char *text;
		const char *why; /* behind the file's name */
	} rows[] = {
	    {"", ": has no records"},
	    {"\n; nothing\n$TTL 60\n", ": has no records"},
	    {"garbage\n", ":1: garbage. record: the type is missing"},
	    {"\n\na.test. DS 1 13 2 0\n",
		":3: a.test. DS: an odd number of hex digits; expected a "
		"number "
		"to 65535, a number to 255, a number to 255, the rest as this type has it"},
	    {"a.test. DS 1 13 2 00\n",
		":1: a.test. DS: a digest whose length is not that of its type"},
	    {"a.test. DS 1 13 2 " DIGEST "\n\na.test. 60 TXT x\n",
		":3: a.test. TXT: no trust anchor"},
	    {"a.test. DNSKEY 0 3 13 " KEY "\n",
		":1: a.test. DNSKEY: flags of no zone's key, which are 256 or 257"},
	    {"a.test. DNSKEY 257 2 13 " KEY "\n",
		":1: a.test. DNSKEY: a protocol that is not 3"},
	    {"b. DS 1 13 2 " DIGEST "\na. DS 1 250 2 " DIGEST "\na. DS 1 13 99 00\n",
		":2: a.: no anchor of an algorithm and digest that can be used here"},
	    {"$INCLUDE x\n", ":1: $INCLUDE is for zone files only"},
	    {"a. CH DS 1 13 2 " DIGEST "\n", ":1: a. record: only class IN is served"},
	};
	char why[1024];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		file_write(rows[i].text);
		assert_int_equal(anchors_check(path, why, sizeof why), -MAP_ECONFIG);
		assert_memory_equal(why, path, strlen(path));
		assert_string_equal(why + strlen(path), rows[i].why);
	}
}

static void
test_no_file(void **state)
{
	char why[1024];

	(void)state;
	assert_int_equal(anchors_check("/nonexistent/x", why, sizeof why), -MAP_ECONFIG);
	assert_string_equal(why, "/nonexistent/x: cannot be read: No such file or directory");
	assert_int_equal(anchors_check("/", why, sizeof why), -MAP_ECONFIG);
	assert_string_equal(why, "/: cannot be read: not a regular file");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_taken),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_no_file),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests_name("resolve/anchors", tests, NULL, NULL);
	unlink(path);
	return failed;
}
