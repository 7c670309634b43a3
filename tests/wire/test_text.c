/*
 * test_text.c - text forms against the vectors of RFC 4648 and times against gmtime().
 */
#include "tests/wire/hex.h"

#include <time.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"

struct form {
	int (*put)(char *to, size_t max, struct bytes b);
	int (*read)(const char *text, size_t n, uint8_t *to, size_t max);
	const char *foobar[7]; /* of "", "f", "fo" ... "foobar" */
	const char *refused[8];
};

/* RFC 4648 10; ours are lower case and, but for base64, unpadded. */
static const struct form forms[] = {
    {text_hex_put, text_hex_read,
	{"", "66", "666f", "666f6f", "666f6f62", "666f6f6261", "666f6f626172"},
	{"6", "666", "6g", "0x"}},
    {text_base32_put, text_base32_read,
	{"", "my", "mzxq", "mzxw6", "mzxw6yq", "mzxw6ytb", "mzxw6ytboi"},
	{"MY", "mz", "m", "mzx", "mzxw6y", "my======", "m1", "mzxw6ytboj"}},
    {text_base32hex_put, text_base32hex_read,
	{"", "co", "cpng", "cpnmu", "cpnmuog", "cpnmuoj1", "cpnmuoj1e8"},
	{"cp", "c", "cw", "co======"}},
    {text_base64_put, text_base64_read,
	{"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"},
	{"Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm8_", "Zg==Zg=="}},
    {text_base64url_put, text_base64url_read,
	{"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"},
	{"Zg==", "Zh", "Z", "Zm9", "Zm8/"}},
};

static void
test_forms(void **state)
{
	uint8_t octets[16];
	char text[32];

	(void)state;
	for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++)
		for (size_t i = 0; i < 7; i++) {
			const char *expected = forms[f].foobar[i];
			size_t n = strlen(expected);
			struct bytes b = {(const uint8_t *)"foobar", i};

			assert_int_equal(forms[f].put(text, sizeof text, b), n);
			assert_string_equal(text, expected);
			assert_int_equal(forms[f].put(text, n, b), -MAP_ESPACE);
			assert_int_equal(forms[f].read(expected, n, octets, sizeof octets), i);
			assert_memory_equal(octets, "foobar", i);
			if (i > 0)
				assert_int_equal(
				    forms[f].read(expected, n, octets, i - 1), -MAP_ESPACE);
		}
}

static void
test_forms_refused(void **state)
{
	uint8_t octets[16];

	(void)state;
	for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++)
		for (size_t i = 0; i < 8 && forms[f].refused[i] != NULL; i++)
			assert_int_equal(
			    forms[f].read(forms[f].refused[i], strlen(forms[f].refused[i]),
				octets, sizeof octets),
			    -MAP_ETEXT);
	assert_int_equal(text_hex_read("aB", 2, octets, 1), 1);
	assert_int_equal(octets[0], 0xab);
	/* base64 digits beyond the seventh bit, and a NUL among them */
	assert_int_equal(text_base64_read("Zg\0=", 4, octets, sizeof octets), -MAP_ETEXT);
	assert_int_equal(text_base64_read("Zm9\xff", 4, octets, sizeof octets), -MAP_ETEXT);
}

static void
test_times(void **state)
{
	static const uint64_t seconds[] = {0, 951782400, 951868800, 1795521600, 2147483648,
	    4102444800, UINT64_C(4107542400), UINT64_C(253402300799), 68169599, 94694400};
	char text[16], expected[80];
	uint64_t back;

	(void)state;
	for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
		time_t t = (time_t)seconds[i];
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		assert_int_equal(strftime(expected, sizeof expected, "%Y%m%d%H%M%S", &tm), 14);
		assert_int_equal(text_time_put(text, sizeof text, seconds[i]), 14);
		assert_string_equal(text, expected);
		assert_int_equal(text_time_read(text, 14, &back), 14);
		assert_true(back == seconds[i]);
	}
	for (uint64_t day = 0; day < 60000; day++) {
		time_t t = (time_t)day * 86400;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(expected, sizeof expected, "%Y%m%d%H%M%S", &tm);
		assert_int_equal(text_time_put(text, sizeof text, day * 86400), 14);
		assert_string_equal(text, expected);
		assert_int_equal(text_time_read(text, 14, &back), 14);
		assert_true(back == day * 86400);
	}
	assert_int_equal(text_time_put(text, sizeof text, UINT64_C(253402300800)), -MAP_ESPACE);
}

static void
test_times_refused(void **state)
{
	static const char *const rows[] = {"20260229000000", "20261301000000", "20260100000000",
	    "20260101240000", "20260101006000", "20260101000060", "19691231235959",
	    "2026010100000", "202601010000000", "2026010100000a"};
	uint64_t seconds;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(
		    text_time_read(rows[i], strlen(rows[i]), &seconds), -MAP_ETEXT);
}

static void
test_decimals(void **state)
{
	static const char *const refused[] = {
	    "", "00", "01", "-1", "+1", "1 ", "256", "1a", "2560", "99999999999999999999"};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		assert_int_equal(
		    text_decimal_read(refused[i], strlen(refused[i]), 255, &value), -MAP_ETEXT);
	assert_int_equal(text_decimal_read("255", 3, 255, &value), 0);
	assert_int_equal(value, 255);
	assert_int_equal(text_decimal_read("0", 1, 0, &value), 0);
	assert_int_equal(text_decimal_read("5", 1, 4, &value), -MAP_ETEXT);
	assert_int_equal(text_decimal_read("18446744073709551615", 20, UINT64_MAX, &value), 0);
	assert_true(value == UINT64_MAX);
	assert_int_equal(
	    text_decimal_read("18446744073709551616", 20, UINT64_MAX, &value), -MAP_ETEXT);
}

static void
test_types(void **state)
{
	static const uint16_t codes[] = {
#define X(mnemonic, code, fields, flags) code,
#include "core/wire/rrtypes.def"
#undef X
	};
	char text[16];

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		assert_true(i == 0 || codes[i - 1] < codes[i]);
		assert_non_null(rrtype_find(codes[i]));
		assert_int_equal(rrtype_find(codes[i])->code, codes[i]);
		rrtype_print(codes[i], text);
		assert_int_equal(rrtype_scan(text, strlen(text)), codes[i]);
	}
	assert_null(rrtype_find(0));
	assert_null(rrtype_find(65535));
	assert_string_equal(rrtype_print(65535, text), "TYPE65535");
	assert_int_equal(rrtype_scan("type65301", 9), RR_ELOC);
	assert_int_equal(rrtype_scan("eloc", 4), RR_ELOC);
	assert_int_equal(rrtype_scan("TYPE0", 5), 0);
	assert_int_equal(rrtype_scan("TYPE65536", 9), -1);
	assert_int_equal(rrtype_scan("TYPE01", 6), -1);
	assert_int_equal(rrtype_scan("TYPE", 4), -1);
	assert_int_equal(rrtype_scan("AA", 2), -1);
	assert_int_equal(rrtype_scan("A\0AA", 4), -1);
	assert_int_equal(rrtype_scan("", 0), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_forms),
	    cmocka_unit_test(test_forms_refused),
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_times_refused),
	    cmocka_unit_test(test_decimals),
	    cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
