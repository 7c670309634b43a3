/*
 * test_seen.c - serials, keys and revocations remembered (protocol 6), and the bound on them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/wire/errors.h"
#include "resolve/seen.h"

#define NOW 1795435200u

static struct eid
id_from(const char *text)
{
	struct eid id;

	assert_int_equal(eid_scan(text, strlen(text), true, &id), 0);
	return id;
}

static int
check(struct seen *seen, const struct eid *id, uint64_t serial, const char *rdata, uint8_t key,
    uint8_t flags, uint64_t now)
{
	struct proof proof = {.serial = serial, .algorithm = 15, .key_n = 32, .flags = flags};

	memset(proof.key, key, 32);
	return seen_check(
	    seen, id, &proof, (struct bytes){(const uint8_t *)rdata, strlen(rdata)}, now);
}

static void
test_serials(void **state)
{
	struct eid id = id_from("2001:3f:fe00:a05:e437:dbb2:2e81:cb3e");
	struct eid other = id_from("2001:3f:fe00:a05:1308:2469:9a4b:c6b2");
	struct seen *seen = seen_new(10);

	(void)state;
	assert_non_null(seen);
	assert_int_equal(check(seen, &id, 100, "a", 1, 0, NOW), 0);
	assert_int_equal(check(seen, &id, 100, "a", 1, 0, NOW), 0);
	/* equal only with identical RDATA */
	assert_int_equal(check(seen, &id, 100, "b", 1, 0, NOW), -MAP_ESTALE);
	assert_int_equal(check(seen, &id, 99, "a", 1, 0, NOW), -MAP_ESTALE);
	assert_int_equal(check(seen, &id, 101, "b", 1, 0, NOW), 0);
	assert_int_equal(check(seen, &id, 100, "a", 1, 0, NOW), -MAP_ESTALE);
	/* another key under the same 64 bits */
	assert_int_equal(check(seen, &id, 200, "c", 2, 0, NOW), -MAP_EKEY);
	assert_int_equal(check(seen, &other, 1, "c", 2, 0, NOW), 0);
	assert_int_equal(check(seen, &id, 102, "c", 1, 0, NOW), 0);
	seen_free(seen);
}

static void
test_revoked(void **state)
{
	struct eid id = id_from("2001:3f:fe00:a05:e437:dbb2:2e81:cb3e");
	struct seen *seen = seen_new(10);
	uint64_t later = NOW + SEEN_REVOKED_SECONDS - 1;

	(void)state;
	assert_int_equal(check(seen, &id, 100, "a", 1, 0, NOW), 0);
	assert_false(seen_is_revoked(seen, &id, NOW));
	/* a revocation counts even when its serial is old, and outlives newer proofs */
	assert_int_equal(check(seen, &id, 50, "r", 1, PROOF_REVOKED, NOW), -MAP_EREVOKED);
	assert_true(seen_is_revoked(seen, &id, NOW));
	assert_int_equal(check(seen, &id, 300, "d", 1, 0, later), -MAP_EREVOKED);
	assert_true(seen_is_revoked(seen, &id, later));
	assert_false(seen_is_revoked(seen, &id, later + 1));
	seen_free(seen);
}

static void
test_revocation_by_another_key(void **state)
{
	struct eid id = id_from("2001:3f:fe00:a05:e437:dbb2:2e81:cb3e");
	struct seen *seen = seen_new(10);

	(void)state;
	assert_int_equal(check(seen, &id, 100, "a", 1, 0, NOW), 0);
	assert_int_equal(check(seen, &id, 101, "r", 2, PROOF_REVOKED, NOW), -MAP_EKEY);
	assert_false(seen_is_revoked(seen, &id, NOW));
	seen_free(seen);
}

/* The least recently used goes; what is used stays. */
static void
test_bound(void **state)
{
	struct seen *seen = seen_new(100);
	struct eid first = id_from("2001:3f:fe00:a05::1");
	struct eid id = first;

	(void)state;
	assert_int_equal(check(seen, &first, 100, "a", 1, 0, NOW), 0);
	for (unsigned i = 0; i < 1000; i++) {
		id.address[8] = (uint8_t)(1 + i / 256);
		id.address[9] = (uint8_t)i;
		assert_int_equal(check(seen, &id, 1, "x", 1, 0, NOW), 0);
		assert_int_equal(check(seen, &first, 100, "a", 1, 0, NOW), 0);
		assert_true(seen_count(seen) <= 100);
	}
	assert_int_equal(seen_count(seen), 100);
	assert_int_equal(check(seen, &first, 99, "a", 1, 0, NOW), -MAP_ESTALE);
	id.address[8] = 1;
	id.address[9] = 0;
	/* forgotten: an older serial is taken */
	assert_int_equal(check(seen, &id, 0, "y", 1, 0, NOW), 0);
	seen_free(seen);
	seen_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_serials),
	    cmocka_unit_test(test_revoked),
	    cmocka_unit_test(test_revocation_by_another_key),
	    cmocka_unit_test(test_bound),
	};
	return cmocka_run_group_tests_name("resolve/seen", tests, NULL, NULL);
}
