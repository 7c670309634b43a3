/*
 * test_cookies.c - server cookies as RFC 9018 has them, and what clients may send instead.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "core/wire/text.h"
#include "mapd/cookies.h"

/* RFC 9018, appendix A: what was sent, and what comes back. */
static const struct row {
	const char *secret, *other, *address, *sent;
	uint64_t now;
	const char *back;
	int known;
} rows[] = {
    {"e5e973e5a6b2a43f48e7dc849e37bfcf", NULL, "198.51.100.100", "2464c4abcf10c957", 1559731985,
	"2464c4abcf10c957010000005cf79f111f8130c3eee29480", 0},
    {"e5e973e5a6b2a43f48e7dc849e37bfcf", NULL, "198.51.100.100",
	"2464c4abcf10c957010000005cf79f111f8130c3eee29480", 1559734385,
	"2464c4abcf10c957010000005cf7a871d4a564a1442aca77", 1},
    {"e5e973e5a6b2a43f48e7dc849e37bfcf", NULL, "203.0.113.203",
	"fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", 1559728785,
	"fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", 1},
    {"445536bcd2513298075a5d379663c962", "dd3bdf9344b678b185a6f5cb60fca715",
	"2001:db8:220:1:59de:d0f4:8769:82b8",
	"22681ab97d52c298010000005cf7c57926556bd0934c72f8", 1559741961,
	"22681ab97d52c298010000005cf7c609a6bb79d16625507a", 1},
};

static size_t
hex(const char *text, uint8_t *to, size_t max)
{
	int n = text_hex_read(text, strlen(text), to, max);

	assert_true(n >= 0);
	return (size_t)n;
}

static struct bytes
address_of(const char *text, uint8_t octets[16])
{
	bool v6 = strchr(text, ':') != NULL;

	assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, text, octets), 1);
	return (struct bytes){octets, v6 ? 16 : 4};
}

static struct cookie
cookie_of(const char *text, uint8_t octets[64])
{
	size_t n = hex(text, octets, 64);
	struct cookie cookie = {.present = true, .server = {octets + 8, n - 8}};

	memcpy(cookie.client, octets, 8);
	return cookie;
}

static void
test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *row = &rows[i];
		uint8_t octets[64], at[16], back[COOKIE_BOTH], wanted[COOKIE_BOTH];
		struct cookies cookies = {.n = row->other != NULL ? 2 : 1};
		struct cookie cookie = cookie_of(row->sent, octets);

		hex(row->secret, cookies.secret[0], COOKIE_SECRET);
		if (row->other != NULL)
			hex(row->other, cookies.secret[1], COOKIE_SECRET);
		assert_int_equal(cookies_answer(&cookies, &cookie, address_of(row->address, at),
				     row->now, back),
		    row->known);
		assert_int_equal(hex(row->back, wanted, sizeof wanted), COOKIE_BOTH);
		assert_memory_equal(back, wanted, COOKIE_BOTH);
	}
}

/* A cookie is good for its client, its time and its secret, and for nothing else. */
static void
test_strangers(void **state)
{
	struct cookies cookies = {.n = 1}, others = {.n = 1};
	uint8_t octets[64], at[16], both[COOKIE_BOTH], again[COOKIE_BOTH];
	struct cookie cookie = cookie_of("0102030405060708", octets);
	struct bytes here = address_of("192.0.2.1", at);
	uint64_t now = 4294967000u; /* the clock of 32 bits ends in between */

	(void)state;
	memset(cookies.secret, 7, COOKIE_SECRET);
	memset(others.secret, 8, COOKIE_SECRET);
	assert_int_equal(cookies_answer(&cookies, &cookie, here, now, both), 0);
	cookie.server = (struct bytes){both + 8, 16};
	assert_int_equal(cookies_answer(&cookies, &cookie, here, now + 1800, again), 1);
	assert_memory_equal(again, both, sizeof both);
	assert_int_equal(cookies_answer(&cookies, &cookie, here, now + 1801, again), 1);
	assert_memory_not_equal(again, both, sizeof both);
	assert_int_equal(cookies_answer(&cookies, &cookie, here, now + 3601, again), 0);
	assert_int_equal(cookies_answer(&cookies, &cookie, here, now - 300, again), 1);
	assert_int_equal(cookies_answer(&cookies, &cookie, here, now - 301, again), 0);
	assert_int_equal(cookies_answer(&others, &cookie, here, now, again), 0);
	at[3] ^= 1;
	assert_int_equal(cookies_answer(&cookies, &cookie, here, now, again), 0);
	at[3] ^= 1;
	cookie.client[0] ^= 1;
	assert_int_equal(cookies_answer(&cookies, &cookie, here, now, again), 0);
	cookie.client[0] ^= 1;
	for (size_t i = 0; i < 16; i++) {
		both[8 + i] ^= 0x10;
		assert_int_equal(cookies_answer(&cookies, &cookie, here, now, again), 0);
		both[8 + i] ^= 0x10;
	}
	cookie.server.n = 15;
	assert_int_equal(cookies_answer(&cookies, &cookie, here, now, again), 0);
}

static void
test_option(void **state)
{
	uint8_t octets[64] = {0, 12, 0, 1, 'x', 0, 10};
	struct edns edns = {.present = true};
	struct cookie cookie;

	(void)state;
	edns.options = (struct bytes){octets, 5};
	assert_int_equal(cookie_read(&edns, &cookie), 0);
	assert_false(cookie.present);
	for (unsigned n = 0; n <= 48; n++) {
		bool good = n == 8 || (n >= 16 && n <= 40);

		put_u16(octets + 7, (uint16_t)n);
		edns.options.n = 9 + n;
		assert_int_equal(cookie_read(&edns, &cookie), good ? 0 : -MAP_EFORMAT);
		assert_int_equal(cookie.present, good);
		if (good)
			assert_int_equal(cookie.server.n, n - 8);
	}
}

static void
test_secrets(void **state)
{
	static const struct {
		const char *text, *why;
		size_t n;
	} files[] = {
	    {"# two\n00112233445566778899aabbccddeeff\n\n  FFEEDDCCBBAA99887766554433221100 # "
	     "old\n",
		NULL, 2},
	    {"", "no secret in it", 0},
	    {"0011\n", ":1: not a secret", 0},
	    {"00112233445566778899aabbccddeeff00\n", ":1: not a secret", 0},
	    {"# x\n00112233445566778899aabbccddeefg\n", ":2: not a secret", 0},
	};
	char path[] = "/tmp/test_cookies.XXXXXX", why[512];
	struct cookies cookies;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		size_t n = strlen(files[i].text);
		int rc;

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, files[i].text, n, 0), n);
		rc = cookies_load(path, &cookies, why, sizeof why);
		assert_int_equal(rc, files[i].why == NULL ? 0 : -MAP_ECONFIG);
		if (files[i].why == NULL)
			assert_int_equal(cookies.n, files[i].n);
		else if (strstr(why, files[i].why) == NULL)
			fail_msg("'%s' does not say '%s'", why, files[i].why);
	}
	assert_int_equal(fchmod(fd, 0640), 0);
	assert_int_equal(cookies_load(path, &cookies, why, sizeof why), -MAP_ECONFIG);
	assert_non_null(strstr(why, "chmod 600"));
	close(fd);
	unlink(path);
	assert_int_equal(cookies_load(path, &cookies, why, sizeof why), -MAP_ECONFIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_strangers), cmocka_unit_test(test_option),
	    cmocka_unit_test(test_secrets)};

	return cmocka_run_group_tests_name("cookies", tests, NULL, NULL);
}
