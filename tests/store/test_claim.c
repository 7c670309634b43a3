/*
 * test_claim.c - claims come and go: their rows, their entries in EXPIRY, what is counted; who is who.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mapd/claim.h"
#include "tests/store/shed.h"

#define OWNERS 64

static struct name apex, owner;

static void
begin(void)
{
	shed_begin();
	assert_int_equal(name_from("example.org.", &apex), 0);
	assert_int_equal(name_from("host.example.org.", &owner), 0);
}

static struct claim
claim_of(uint64_t until, uint64_t key_until)
{
	struct claim claim = {.since = 100,
	    .until = until,
	    .key_until = key_until,
	    .lease = 7200,
	    .key_lease = 86400,
	    .flags = CLAIM_HOST};
	const uint8_t address[16] = {0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 4};

	claim_source((struct bytes){address, sizeof address}, claim.source);
	return claim;
}

static void
test_source(void **state)
{
	static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 4, 5},
			     v4[4] = {192, 0, 2, 77},
			     mapped[16] = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 1};
	uint8_t source[CLAIM_SOURCE], other[CLAIM_SOURCE];

	(void)state;
	claim_source((struct bytes){v6, 16}, source);
	assert_memory_equal(source, "\6\x20\x01\x0d\xb8\1\2\3", CLAIM_SOURCE);
	claim_source((struct bytes){v4, 4}, source);
	assert_memory_equal(source, "\4\xc0\0\2\0\0\0\0", CLAIM_SOURCE);
	claim_source((struct bytes){mapped, 16}, other);
	assert_memory_equal(source, other, CLAIM_SOURCE);
}

static void
test_row(void **state)
{
	struct claim claim = claim_of(5000, 6000), out;
	struct snapshot *snap;
	struct name upper;

	(void)state;
	begin();
	assert_false(claim_get(shed.change, &owner, &out));
	claim_put(shed.change, &apex, &owner, &claim);
	assert_true(claim_get(shed.change, &owner, &out));
	assert_int_equal(out.since, 100);
	assert_int_equal(out.until, 5000);
	assert_int_equal(out.key_until, 6000);
	assert_int_equal(out.lease, 7200);
	assert_int_equal(out.key_lease, 86400);
	assert_int_equal(out.flags, CLAIM_HOST);
	assert_memory_equal(out.source, claim.source, CLAIM_SOURCE);
	shed_commit();
	assert_int_equal(snapshot_new(shed.store, &snap), 0);
	assert_int_equal(snapshot_take(snap), 0);
	assert_int_equal(name_from("HOST.example.ORG.", &upper), 0);
	assert_true(claim_find(snap, &upper, &out));
	assert_int_equal(out.until, 5000);
	assert_false(claim_find(snap, &apex, &out));
	snapshot_free(snap);
}

/* A refresh writes the claim and nothing else; its entry is moved when it comes up. */
static void
test_refresh(void **state)
{
	struct claim claim = claim_of(1000, 9000);
	struct name owners[4];
	uint64_t next;

	(void)state;
	begin();
	claim_put(shed.change, &apex, &owner, &claim);
	assert_int_equal(shed_count(TABLE_EXPIRY), 1);
	shed_commit();
	shed_watch();
	assert_true(claim_get(shed.change, &owner, &claim));
	claim.until = 2000;
	claim_put(shed.change, &apex, &owner, &claim);
	assert_true(claim_get(shed.change, &owner, &claim));
	claim.until = 3000;
	claim_put(shed.change, &apex, &owner, &claim);
	assert_int_equal(shed_changed(TABLE_LEASES), 1);
	assert_int_equal(shed_changed(TABLE_EXPIRY), 0);
	assert_int_equal(shed_changed(TABLE_COUNTS), 0);
	assert_int_equal(claim_due(shed.change, 999, owners, 4, &next), 0);
	assert_int_equal(next, 1000);
	assert_int_equal(claim_due(shed.change, 1000, owners, 4, &next), 0);
	assert_int_equal(next, 3000);
	assert_int_equal(shed_count(TABLE_EXPIRY), 1);
	assert_int_equal(claim_due(shed.change, 3000, owners, 4, &next), 1);
	assert_true(name_equal(&owners[0], &owner));
	assert_true(next == UINT64_MAX);
	assert_int_equal(shed_count(TABLE_EXPIRY), 0);
	/* what has gone is the mapping; the KEY stays */
	assert_true(claim_get(shed.change, &owner, &claim));
	claim.until = 0;
	claim_put(shed.change, &apex, &owner, &claim);
	assert_int_equal(claim_due(shed.change, 3000, owners, 4, &next), 0);
	assert_int_equal(next, 9000);
	assert_int_equal(claim_due(shed.change, 9000, owners, 4, &next), 1);
	claim_remove(shed.change, &apex, &owner);
	assert_int_equal(shed_count(TABLE_LEASES), 0);
	assert_int_equal(shed_count(TABLE_EXPIRY), 0);
	assert_int_equal(shed_count(TABLE_COUNTS), 0);
	shed_commit();
}

static void
test_shorter(void **state)
{
	struct claim claim = claim_of(5000, 9000);
	struct name owners[4];
	uint64_t next;

	(void)state;
	begin();
	claim_put(shed.change, &apex, &owner, &claim);
	claim.until = 4000; /* not got: the row is looked at */
	claim_put(shed.change, &apex, &owner, &claim);
	assert_int_equal(claim_due(shed.change, 1, owners, 4, &next), 0);
	assert_int_equal(next, 4000);
	assert_int_equal(shed_count(TABLE_EXPIRY), 1);
	assert_true(claim_get(shed.change, &owner, &claim));
	claim.key_until = 3000;
	claim_put(shed.change, &apex, &owner, &claim);
	assert_int_equal(claim_due(shed.change, 3000, owners, 4, &next), 1);
	/* no end: nothing to look at */
	assert_true(claim_get(shed.change, &owner, &claim));
	claim.until = claim.key_until = 0;
	claim_put(shed.change, &apex, &owner, &claim);
	assert_int_equal(claim_due(shed.change, UINT64_MAX, owners, 4, &next), 0);
	assert_true(next == UINT64_MAX);
	claim.until = UINT64_MAX; /* and one beyond all time of the table */
	claim_put(shed.change, &apex, &owner, &claim);
	assert_int_equal(claim_due(shed.change, UINT64_C(1) << 33, owners, 4, &next), 0);
	assert_int_equal(next, (UINT64_C(1) << 40) - 1);
	shed_commit();
}

/* Each source counts for itself; a claim that moves to another one is counted there. */
static void
test_counts(void **state)
{
	static const uint8_t elsewhere[4] = {192, 0, 2, 1};
	struct claim claim = claim_of(5000, 0), moved;
	struct name other, zone;
	uint8_t source[CLAIM_SOURCE];

	(void)state;
	begin();
	assert_int_equal(name_from("other.example.org.", &other), 0);
	assert_int_equal(name_from("example.net.", &zone), 0);
	claim_source((struct bytes){elsewhere, 4}, source);
	for (unsigned i = 0; i < 3; i++) { /* once each, however often it is put */
		claim_put(shed.change, &apex, &owner, &claim);
		claim_put(shed.change, &apex, &other, &claim);
	}
	assert_int_equal(claim_count(shed.change, &apex), 2);
	assert_int_equal(claim_count(shed.change, &zone), 0);
	assert_int_equal(claim_count_source(shed.change, &apex, claim.source), 2);
	assert_int_equal(claim_count_source(shed.change, &zone, claim.source), 0);
	assert_true(claim_get(shed.change, &other, &moved));
	memcpy(moved.source, source, CLAIM_SOURCE);
	claim_put(shed.change, &apex, &other, &moved);
	assert_int_equal(claim_count(shed.change, &apex), 2);
	assert_int_equal(claim_count_source(shed.change, &apex, claim.source), 1);
	assert_int_equal(claim_count_source(shed.change, &apex, source), 1);
	claim_remove(shed.change, &apex, &owner);
	claim_remove(shed.change, &apex, &owner);
	assert_int_equal(claim_count(shed.change, &apex), 1);
	assert_int_equal(claim_count_source(shed.change, &apex, claim.source), 0);
	claim_remove(shed.change, &apex, &other);
	assert_int_equal(claim_count(shed.change, &apex), 0);
	assert_int_equal(shed_count(TABLE_COUNTS), 0);
	shed_commit();
}

/* A name that is another zone's now is counted there; one of a zone that has gone, where it was. */
static void
test_moved(void **state)
{
	struct claim claim = claim_of(5000, 0);
	struct name deep;

	(void)state;
	begin();
	assert_int_equal(name_from("a.host.example.org.", &deep), 0);
	claim_put(shed.change, &apex, &deep, &claim);
	assert_int_equal(claim_count(shed.change, &apex), 1);
	assert_true(claim_get(shed.change, &deep, &claim));
	claim_put(shed.change, &owner, &deep, &claim); /* host.example.org is a zone */
	assert_int_equal(claim_count(shed.change, &apex), 0);
	assert_int_equal(claim_count_source(shed.change, &apex, claim.source), 0);
	assert_int_equal(claim_count(shed.change, &owner), 1);
	assert_int_equal(claim_count_source(shed.change, &owner, claim.source), 1);
	claim_remove(shed.change, &deep, &deep);
	assert_int_equal(shed_count(TABLE_COUNTS), 0);
	shed_commit();
}

/* The longest key that a name can have, of owner and apex. */
static void
test_longest(void **state)
{
	struct claim claim = claim_of(5000, 0), out;
	struct name owners[2];
	uint64_t next;

	(void)state;
	begin();
	owner = shed_longest(1);
	claim_put(shed.change, &owner, &owner, &claim);
	assert_int_equal(change_error(shed.change), 0);
	assert_true(claim_get(shed.change, &owner, &out));
	assert_int_equal(claim_count(shed.change, &owner), 1);
	assert_int_equal(claim_count_source(shed.change, &owner, claim.source), 1);
	assert_int_equal(claim_due(shed.change, 5000, owners, 2, &next), 1);
	assert_true(name_equal(&owners[0], &owner));
	shed_commit();
}

/* At most so many at once, in order of time; the rest at the next call, and none is forgotten. */
static void
test_batches(void **state)
{
	struct name owners[OWNERS], batch[5];
	bool seen[OWNERS] = {false};
	unsigned got = 0, calls = 0;
	uint64_t next = 0;

	(void)state;
	begin();
	for (unsigned i = 0; i < OWNERS; i++) {
		struct claim claim = claim_of(1000 + i * 7 % OWNERS, 0);
		uint8_t label[3] = {2, (uint8_t)('a' + i / 8), (uint8_t)('a' + i % 8)};

		assert_int_equal(name_child(&apex, label, &owners[i]), 0);
		claim_put(shed.change, &apex, &owners[i], &claim);
		if (i % 4 == 0) { /* refreshed */
			assert_true(claim_get(shed.change, &owners[i], &claim));
			claim.until = 5000;
			claim_put(shed.change, &apex, &owners[i], &claim);
		}
		if (i % 4 == 1)
			claim_remove(shed.change, &apex, &owners[i]);
	}
	for (next = 0; next <= 2000; calls++) {
		size_t n = claim_due(shed.change, 2000, batch, 5, &next);

		assert_true(n <= 5);
		for (size_t k = 0; k < n; k++)
			for (unsigned i = 0; i < OWNERS; i++)
				if (name_equal(&owners[i], &batch[k])) {
					assert_false(seen[i]);
					assert_true(i % 4 >= 2);
					seen[i] = true;
					got++;
					claim_remove(shed.change, &apex, &owners[i]);
				}
	}
	assert_int_equal(got, OWNERS / 2);
	assert_int_equal(next, 5000);
	assert_true(calls <= OWNERS / 5 + 1);
	assert_int_equal(claim_count(shed.change, &apex), OWNERS / 4);
	assert_int_equal(shed_count(TABLE_EXPIRY), OWNERS / 4);
	shed_commit();
}

/* An entry of no claim, and one that is not the claim's, are dropped without a word. */
static void
test_strays(void **state)
{
	static const uint8_t junk[] = {0, 0, 0, 0, 9, 7}, version = 1;
	struct claim claim = claim_of(5000, 0);
	struct name owners[4];
	uint8_t key[5 + NAME_KEY] = {0, 0, 0, 0, 7};
	uint64_t next;

	(void)state;
	begin();
	change_put(shed.change, TABLE_EXPIRY,
	    (struct bytes){key, 5 + name_key(&owner, key + 5)}, (struct bytes){&version, 1});
	change_put(shed.change, TABLE_EXPIRY, (struct bytes){junk, sizeof junk},
	    (struct bytes){&version, 1});
	change_put(
	    shed.change, TABLE_EXPIRY, (struct bytes){junk, 3}, (struct bytes){&version, 1});
	claim_put(shed.change, &apex, &owner, &claim);
	assert_int_equal(shed_count(TABLE_EXPIRY), 4);
	assert_int_equal(claim_due(shed.change, 100, owners, 4, &next), 0);
	assert_int_equal(next, 5000);
	assert_int_equal(shed_count(TABLE_EXPIRY), 1);
	assert_int_equal(claim_due(shed.change, 100, owners, 0, &next), 0);
	assert_int_equal(next, 5000);
	shed_commit();
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, shed_setup, shed_teardown)
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_source), CASE(test_row),
	    CASE(test_refresh), CASE(test_shorter), CASE(test_counts), CASE(test_moved),
	    CASE(test_longest), CASE(test_batches), CASE(test_strays)};

	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
