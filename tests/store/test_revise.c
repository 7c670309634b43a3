/*
 * test_revise.c - a zone that is changed in place must be what it would be if it were built anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/crypto.h"
#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "core/wire/rrtype.h"
#include "tests/store/garden.h"

static void
edit(uint8_t denial, unsigned rounds)
{
	static uint8_t a[GARDEN_OCTETS], b[GARDEN_OCTETS];
	static struct garden kept;
	struct bytes in_place, anew;
	unsigned revised = 0, refused = 0;
	uint32_t serial;

	garden_begin(denial);
	for (unsigned i = 0; i < rounds; i++) {
		kept = garden;
		for (unsigned k = 0; k <= dice(3); k++)
			garden_change();
		if (garden_load() != 0) { /* no zone: CNAME beside others and the like */
			garden = kept;
			refused++;
			continue;
		}
		revised += shop.outcome.revised;
		if (i % 4 != 3)
			continue;
		in_place = garden_digest(a);
		serial = shop.outcome.serial;
		assert_int_equal(work_remove(&shop.work, &shop.apex, &shop.outcome), 0);
		assert_int_equal(garden_load(), 0);
		assert_false(shop.outcome.replaced);
		assert_true(shop.outcome.serial > serial);
		anew = garden_digest(b);
		if (!bytes_equal(in_place, anew))
			fail_msg("round %u: not what it would be anew", i);
	}
	print_message(
	    "%u records, %u revised, %u refused\n", (unsigned)garden.n, revised, refused);
	assert_true(revised > rounds / 3);
}

static void
test_edits_nsec3(void **state)
{
	(void)state;
	garden_seed(1, false);
	edit(DENIAL_NSEC3, 600);
}

static void
test_edits_nsec(void **state)
{
	(void)state;
	garden_seed(2, false);
	edit(DENIAL_NSEC, 600);
}

static void
signature_of(const char *owner, uint16_t type, uint8_t out[64])
{
	uint8_t octets[NODE_KEY];
	struct change *change;
	struct zone zone = shop_zone();
	struct bytes value, rdata;
	struct node_set set;
	struct node node;
	struct name name;
	struct rrsig sig;
	uint16_t found = 0;
	size_t at = 0;

	assert_int_equal(name_scan(owner, strlen(owner), &shop.apex, &name), 0);
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_true(change_get(change, TABLE_NODES,
	    (struct bytes){octets, node_key(zone.id, &name, octets)}, &value));
	assert_int_equal(node_read(value, &node), 0);
	assert_true(node_find(&node, type, &set));
	while (found != RR_RRSIG)
		assert_true(node_set_next(&set, &at, &found, &rdata));
	assert_int_equal(rrsig_read(rdata, &sig), 0);
	memcpy(out, sig.signature.p, 64);
	change_abort(change);
}

static void
zone_of_three(const char *serial, const char *b)
{
	shop_begin("zone.test.");
	shop_add_apex(serial);
	shop_add("a", 300, "A", "192.0.2.1");
	shop_add("a", 300, "TXT", "\"stays\"");
	shop_add("b", 300, "A", b);
	shop_load_good();
}

/* As little moves as the data did. */
static void
test_what_stays(void **state)
{
	uint8_t a[64], b[64], soa[64], now[64];

	(void)state;
	zone_of_three("7", "192.0.2.2");
	signature_of("a", RR_A, a);
	signature_of("b", RR_A, b);
	signature_of("@", RR_SOA, soa);
	/* the same file: nothing is written */
	zone_of_three("7", "192.0.2.2");
	assert_true(shop.outcome.unchanged);
	assert_int_equal(shop.outcome.serial, 7);
	assert_int_equal(shop_zone().serial, 7);
	signature_of("@", RR_SOA, now);
	assert_memory_equal(now, soa, 64);
	/* one record */
	zone_of_three("7", "192.0.2.3");
	assert_false(shop.outcome.unchanged);
	assert_true(shop.outcome.revised);
	assert_int_equal(shop.outcome.added, 1);
	assert_int_equal(shop.outcome.removed, 1);
	assert_int_equal(shop_zone().serial, 8);
	signature_of("a", RR_A, now);
	assert_memory_equal(now, a, 64);
	signature_of("b", RR_A, now);
	assert_memory_not_equal(now, b, 64);
	/* the serial alone */
	zone_of_three("20", "192.0.2.3");
	assert_false(shop.outcome.unchanged);
	assert_int_equal(shop.outcome.added + shop.outcome.removed, 0);
	assert_int_equal(shop_zone().serial, 20);
	signature_of("@", RR_SOA, now);
	assert_memory_not_equal(now, soa, 64);
}

/* Too much of it: built anew, the old content is gone. */
static void
test_too_much(void **state)
{
	char owner[16];
	struct zone before;

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		if (round > 0)
			before = shop_zone();
		shop_begin("zone.test.");
		shop_add_apex("1");
		for (unsigned i = 0; i < 9000; i++) {
			snprintf(owner, sizeof owner, "n%04u", i);
			shop_add(owner, 300, "A", round == 0 ? "192.0.2.1" : "192.0.2.2");
		}
		shop_load_good();
		assert_false(shop.outcome.revised);
	}
	assert_true(shop.outcome.replaced);
	assert_int_not_equal(shop_zone().id, before.id);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {CASE(test_edits_nsec3), CASE(test_edits_nsec),
	    CASE(test_what_stays), CASE(test_too_much)};

	return cmocka_run_group_tests_name("revise", tests, NULL, NULL);
}
