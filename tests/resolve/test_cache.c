/*
 * test_cache.c - results kept as octets: their lifetime, what replaces what, the bound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/wire/errors.h"
#include "resolverd/cache.h"

static struct result result, back; /* too large for a stack */

static struct bytes
key_of(uint8_t octets[600], const char *name, uint16_t flags)
{
	struct resolve_request request = {
	    .flags = flags, .deadline = 77, .wishes.class = SESSION_CHEAP};
	struct wr wr = wr_init(octets, 600);

	assert_int_equal(eid_scan(name, strlen(name), true, &request.id), 0);
	cache_key(&wr, &request);
	assert_int_equal(wr.error, 0);
	return wr_done(&wr);
}

static size_t
put(struct cache *cache, const char *name, int error, uint32_t lifetime, uint64_t now)
{
	uint8_t octets[600], payload[4096];
	struct wr wr = wr_init(payload, sizeof payload);
	size_t at;

	memset(&result, 0, sizeof result);
	result.error = error;
	result.kind = RESULT_EPID;
	result.lifetime = lifetime;
	result.cached = true;
	snprintf(result.why, sizeof result.why, "%s", name);
	assert_int_equal(cache_encode(&wr, &result, &at), 0);
	return cache_put(cache, key_of(octets, name, 0), &result, wr_done(&wr), at, now);
}

/* What the cache has for name, decoded into back; false: nothing. */
static bool
get(struct cache *cache, const char *name, uint64_t now)
{
	uint8_t octets[600];
	const struct cached *cached = cache_find(cache, key_of(octets, name, 0), now);

	if (cached == NULL)
		return false;
	assert_int_equal(result_read(cached->payload, &back), 0);
	return true;
}

static void
test_lifetime(void **state)
{
	struct cache *cache = cache_new(1 << 20);

	(void)state;
	assert_int_equal(put(cache, "host.example.test", 0, 60, 1000), 0);
	assert_true(get(cache, "host.example.test", 1000));
	assert_int_equal(back.lifetime, 60);
	assert_true(back.cached);
	assert_string_equal(back.why, "host.example.test");
	assert_true(get(cache, "host.example.test", 31500));
	assert_int_equal(back.lifetime, 29);
	assert_true(get(cache, "host.example.test", 60999));
	assert_int_equal(back.lifetime, 0);
	assert_false(get(cache, "host.example.test", 61000));
	assert_int_equal(cache_count(cache), 0);
	/* without a lifetime nothing is kept */
	put(cache, "host.example.test", 0, 0, 1000);
	assert_int_equal(cache_count(cache), 0);
	cache_free(cache);
}

static void
test_keys(void **state)
{
	uint8_t a[600], b[600];

	(void)state;
	/* what does not change the result is not in the key */
	assert_true(bytes_equal(key_of(a, "host.example.test", RESOLVE_PAIRS | RESOLVE_FRESH),
	    key_of(b, "host.example.test", 0)));
	assert_false(bytes_equal(key_of(a, "host.example.test", RESOLVE_ALLOW_INSECURE),
	    key_of(b, "host.example.test", 0)));
	assert_false(bytes_equal(key_of(a, "host.example.test", RESOLVE_REQUIRE_PROOF),
	    key_of(b, "host.example.test", 0)));
	assert_false(
	    bytes_equal(key_of(a, "host.example.test", 0), key_of(b, "host2.example.test", 0)));
}

/* The newer mapping held is kept until its own end, whatever goes wrong meanwhile. */
static const struct {
	int error;
	bool replaces;
} replace_rows[] = {
    {-MAP_EBOGUS, false},
    {-MAP_ESTALE, false},
    {-MAP_ESERVER, false},
    {-MAP_ETIMEOUT, false},
    {-MAP_EFORMAT, false},
    {-MAP_ENOTFOUND, true},
    {-MAP_EREVOKED, true},
    {-MAP_ENOLOCATOR, true},
    {0, true},
};

static void
test_replaces(void **state)
{
	struct cache *cache = cache_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < sizeof replace_rows / sizeof replace_rows[0]; i++) {
		cache_flush(cache);
		put(cache, "host.example.test", 0, 60, 1000);
		put(cache, "host.example.test", replace_rows[i].error, 5, 3000);
		assert_true(get(cache, "host.example.test", 3000));
		assert_int_equal(back.lifetime, replace_rows[i].replaces ? 5 : 58);
	}
	/* once the good one has ended, an error is kept for its time */
	put(cache, "host.example.test", -MAP_EBOGUS, 5, 100000);
	assert_true(get(cache, "host.example.test", 100000));
	assert_int_equal(back.error, -MAP_EBOGUS);
	cache_free(cache);
}

static void
test_bound(void **state)
{
	struct cache *cache = cache_new(20000);
	char name[64];
	size_t evicted = 0;

	(void)state;
	put(cache, "first.example.test", 0, 60, 1000);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "host%d.example.test", i);
		evicted += put(cache, name, 0, 60, 1000);
		assert_true(get(cache, name, 1000));
		assert_true(get(cache, "first.example.test", 1000));
	}
	assert_true(evicted > 800);
	assert_true(cache_count(cache) + evicted == 1001);
	assert_false(get(cache, "host0.example.test", 1000));
	assert_int_equal(cache_flush(cache), 1001 - evicted);
	assert_false(get(cache, "first.example.test", 1000));
	cache_free(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lifetime),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_replaces),
	    cmocka_unit_test(test_bound),
	};
	return cmocka_run_group_tests_name("resolverd/cache", tests, NULL, NULL);
}
