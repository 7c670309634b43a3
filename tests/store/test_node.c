/*
 * test_node.c - the stored form of nodes, denial records and zones: octet for octet, and back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/node.h"

static const uint8_t a1[] = {192, 0, 2, 1}, a2[] = {192, 0, 2, 2};
static const uint8_t sig[] = {0xde, 0xad, 0xbe, 0xef};
static const uint8_t text[] = {1, 'x'};

/* version 1, flags, two sets: A (2 records, 1 signature) and TXT (unsigned) */
static const uint8_t expected[] = {1, NODE_WILDCARD, 0, 2, 0, 1, 0, 2, 0, 1, 0, 0, 0, 60, 0, 0,
    0, 48, 0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1, 0xc0, 0x0c, 0, 1, 0, 1, 0,
    0, 0, 60, 0, 4, 192, 0, 2, 2, 0xc0, 0x0c, 0, 46, 0, 1, 0, 0, 0, 60, 0, 4, 0xde, 0xad, 0xbe,
    0xef, 0, 16, 0, 1, 0, 0, 0, 0, 14, 16, 0, 0, 0, 14, 0xc0, 0x0c, 0, 16, 0, 1, 0, 0, 14, 16,
    0, 2, 1, 'x'};

static size_t
build(uint8_t *to, size_t max)
{
	struct bytes addresses[] = {{a1, 4}, {a2, 4}}, words[] = {{text, 2}};
	struct bytes signature = {sig, 4};
	struct rrset a = {NULL, RR_A, CLASS_IN, 60, 2, addresses};
	struct rrset txt = {NULL, RR_TXT, CLASS_IN, 3600, 1, words};
	struct wr wr = wr_init(to, max);
	size_t started = node_start(&wr, NODE_WILDCARD);

	node_put_set(&wr, started, &a, &signature, 1);
	node_put_set(&wr, started, &txt, NULL, 0);
	assert_int_equal(wr.error, 0);
	return wr.n;
}

static void
test_octets(void **state)
{
	uint8_t wire[512];

	(void)state;
	assert_int_equal(build(wire, sizeof wire), sizeof expected);
	assert_memory_equal(wire, expected, sizeof expected);
}

static void
test_reading(void **state)
{
	struct bytes value = {expected, sizeof expected}, rdata;
	struct node node;
	struct node_set set;
	size_t at = 0, in = 0;
	uint16_t type;

	(void)state;
	assert_int_equal(node_read(value, &node), 0);
	assert_int_equal(node.flags, NODE_WILDCARD);
	assert_int_equal(node.sets, 2);
	assert_true(node_next(&node, &at, &set));
	assert_int_equal(set.type, RR_A);
	assert_true(node_next(&node, &at, &set));
	assert_int_equal(set.type, RR_TXT);
	assert_false(node_next(&node, &at, &set));
	assert_false(node_find(&node, RR_NS, &set));
	assert_false(node_find(&node, RR_AAAA, &set));
	assert_true(node_find(&node, RR_A, &set));
	assert_int_equal(set.records, 2);
	assert_int_equal(set.signatures, 1);
	assert_int_equal(set.ttl, 60);
	assert_true(node_set_next(&set, &in, &type, &rdata));
	assert_int_equal(type, RR_A);
	assert_true(bytes_equal(rdata, (struct bytes){a1, 4}));
	assert_true(node_set_next(&set, &in, &type, &rdata));
	assert_true(node_set_next(&set, &in, &type, &rdata));
	assert_int_equal(type, RR_RRSIG);
	assert_true(bytes_equal(rdata, (struct bytes){sig, 4}));
	assert_false(node_set_next(&set, &in, &type, &rdata));
}

static void
test_cut_short(void **state)
{
	struct node node;
	struct node_set set;
	struct bytes rdata;
	uint16_t type;

	(void)state;
	/* whatever is missing, nothing behind the end is read (the sanitizers watch) */
	for (size_t n = 0; n < sizeof expected; n++) {
		uint8_t copy[sizeof expected];
		size_t at = 0, sets = 0;

		memcpy(copy, expected, n);
		if (node_read((struct bytes){copy, n}, &node) != 0)
			continue;
		while (node_next(&node, &at, &set)) {
			size_t in = 0;

			while (node_set_next(&set, &in, &type, &rdata))
				;
			sets++;
		}
		assert_true(sets < 2);
	}
	uint8_t other[sizeof expected];
	memcpy(other, expected, sizeof other);
	other[0] = 2;
	assert_int_equal(node_read((struct bytes){other, sizeof other}, &node), -MAP_EFORMAT);
}

static void
test_keys(void **state)
{
	uint8_t key[NODE_KEY], other[NODE_KEY];
	struct name name, back;
	size_t n, m;

	(void)state;
	assert_int_equal(name_from("WWW.example.org.", &name), 0);
	n = node_key(7, &name, key);
	assert_memory_equal(key, "\0\0\0\007org\0example\0www\0", n);
	assert_int_equal(n, 4 + 16);
	assert_int_equal(node_key_name((struct bytes){key, n}, &back), 0);
	assert_true(name_equal(&name, &back));
	assert_int_equal(name_from("example.org.", &name), 0);
	m = node_key(7, &name, other);
	assert_true(bytes_compare((struct bytes){other, m}, (struct bytes){key, n}) < 0);
	m = node_key(8, &name, other);
	assert_true(bytes_compare((struct bytes){other, m}, (struct bytes){key, n}) > 0);
	assert_int_not_equal(node_key_name((struct bytes){key, 3}, &back), 0);
}

static void
test_denial(void **state)
{
	static const uint8_t hash[20] = {1, 2, 3};
	uint8_t wire[256], key[DENIAL_KEY];
	struct bytes signature = {sig, 4};
	struct wr wr = wr_init(wire, sizeof wire);
	struct denial d;

	(void)state;
	assert_int_equal(denial_key(0x01020304, hash, key), DENIAL_KEY);
	assert_memory_equal(key, "\1\2\3\4\1\2\3\0", 8);
	denial_put(&wr, (struct bytes){text, 2}, 300, &signature, 1);
	assert_int_equal(wr.error, 0);
	assert_memory_equal(wire, "\1\0\0\2\1x\0\1\0\0\1\054\0\4\xde\xad\xbe\xef", 18);
	assert_int_equal(denial_read(wr_done(&wr), &d), 0);
	assert_true(bytes_equal(d.rdata, (struct bytes){text, 2}));
	assert_int_equal(d.ttl, 300);
	assert_int_equal(d.signatures, 1);
	assert_int_equal(d.body.n, 6);
	assert_int_not_equal(denial_read((struct bytes){wire, 9}, &d), 0);
}

static void
test_zone(void **state)
{
	struct zone zone = {.id = 3,
	    .serial = 4294967295u,
	    .denial = DENIAL_NSEC,
	    .algorithm = 13,
	    .negative_ttl = 300,
	    .names = 5000000000u,
	    .records = 6,
	    .loaded = 1795435200,
	    .resign = 1795521600,
	    .expires = 1795867200};
	struct zone back;
	uint8_t wire[512];
	struct wr wr = wr_init(wire, sizeof wire);

	(void)state;
	assert_int_equal(name_from("example.org.", &zone.apex), 0);
	zone_meta_put(&wr, &zone);
	assert_int_equal(wr.error, 0);
	assert_int_equal(zone_meta_read(wr_done(&wr), &back), 0);
	assert_int_equal(back.id, zone.id);
	assert_int_equal(back.serial, zone.serial);
	assert_int_equal(back.denial, zone.denial);
	assert_int_equal(back.algorithm, zone.algorithm);
	assert_int_equal(back.negative_ttl, zone.negative_ttl);
	assert_true(back.names == zone.names && back.records == zone.records);
	assert_true(back.loaded == zone.loaded && back.resign == zone.resign);
	assert_int_equal(back.expires, zone.expires);
	assert_true(name_equal(&back.apex, &zone.apex));
	for (size_t n = 0; n < wr.n; n++)
		assert_int_not_equal(zone_meta_read((struct bytes){wire, n}, &back), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_octets),
	    cmocka_unit_test(test_reading), cmocka_unit_test(test_cut_short),
	    cmocka_unit_test(test_keys), cmocka_unit_test(test_denial),
	    cmocka_unit_test(test_zone)};

	return cmocka_run_group_tests_name("node", tests, NULL, NULL);
}
