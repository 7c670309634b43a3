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
#include "tests/store/shop.h"

#define RECORDS 400
#define OCTETS (1 << 20)

struct record {
	struct name owner;
	uint16_t type;
	uint32_t ttl;
	uint8_t rdata[300];
	size_t n;
};

static struct record records[RECORDS], kept[RECORDS];
static size_t n_records, n_kept;
static uint32_t seed;

static uint32_t
dice(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 4) * below >> 28);
}

static int
record_compare(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	int order = name_compare(&x->owner, &y->owner);

	if (order == 0)
		order = (int)x->type - (int)y->type;
	return order != 0 ? order
			  : bytes_compare(
				(struct bytes){x->rdata, x->n}, (struct bytes){y->rdata, y->n});
}

/* Few labels, so that names meet: under cuts, DNAMEs, wildcards, beside and above each other. */
static void
random_name(struct name *out)
{
	static const char *const labels[] = {"a", "b", "c", "*", "ns", "x-y"};
	char text[128] = "";
	unsigned depth = dice(4);

	for (unsigned i = 0; i < depth; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s",
		    i > 0 ? "." : "", labels[dice(6)]);
	assert_int_equal(
	    name_scan(depth == 0 ? "@" : text, depth == 0 ? 1 : strlen(text), &shop.apex, out),
	    0);
}

static void
random_rdata(struct record *r)
{
	struct wr wr = wr_init(r->rdata, sizeof r->rdata);
	struct name name;

	random_name(&name);
	if (r->type == RR_A)
		wr_u32(&wr, 0xc0000200 + dice(3) + 1);
	else if (r->type == RR_TXT) {
		wr_u8(&wr, 1);
		wr_u8(&wr, (uint8_t)('a' + dice(20)));
	} else if (r->type == RR_DS) {
		wr_u32(&wr, dice(2) << 16 | 13 << 8 | 2);
		for (int i = 0; i < 32; i++)
			wr_u8(&wr, (uint8_t)i);
	} else {
		name_put(&wr, &name);
	}
	assert_int_equal(wr.error, 0);
	r->n = wr.n;
}

static void
record_add(void)
{
	static const uint16_t types[] = {
	    RR_A, RR_A, RR_A, RR_TXT, RR_TXT, RR_NS, RR_CNAME, RR_DNAME, RR_DS};
	struct record *r = &records[n_records];

	if (n_records == RECORDS)
		return;
	random_name(&r->owner);
	r->type = types[dice(sizeof types / sizeof types[0])];
	random_rdata(r);
	r->ttl = 60 + 60 * dice(3);
	for (size_t i = 0; i < n_records; i++) {
		if (record_compare(&records[i], r) == 0)
			return;
		if (name_equal(&records[i].owner, &r->owner) && records[i].type == r->type)
			r->ttl = records[i].ttl;
	}
	n_records++;
}

static void
record_remove(size_t i)
{
	if (records[i].type == RR_SOA ||
	    (records[i].type == RR_NS && name_equal(&records[i].owner, &shop.apex)))
		return;
	memmove(&records[i], &records[i + 1], (n_records - i - 1) * sizeof records[0]);
	n_records--;
}

static void
change_some(void)
{
	struct name owner;

	switch (dice(4)) {
	case 0:
		record_remove(dice((uint32_t)n_records));
		break;
	case 1: /* all of a name */
		owner = records[dice((uint32_t)n_records)].owner;
		for (size_t i = n_records; i-- > 0;)
			if (name_equal(&records[i].owner, &owner))
				record_remove(i);
		break;
	default:
		record_add();
		break;
	}
}

static int
load(void)
{
	qsort(records, n_records, sizeof records[0], record_compare);
	shop.records = wr_init(shop.octets, sizeof shop.octets);
	for (size_t i = 0; i < n_records; i++) {
		struct rr rr = {&records[i].owner, records[i].type, CLASS_IN, records[i].ttl,
		    {records[i].rdata, records[i].n}};

		frame_record_put(&shop.records, &rr);
	}
	return shop_load();
}

static void
digest_node(struct wr *wr, struct bytes value, uint64_t now)
{
	struct node node;
	struct node_set set;
	struct bytes rdata;
	struct rrsig sig;
	size_t at = 0;

	assert_int_equal(node_read(value, &node), 0);
	wr_u8(wr, node.flags);
	while (node_next(&node, &at, &set)) {
		size_t in = 0;
		uint16_t type;

		wr_u16(wr, set.type);
		wr_u32(wr, set.ttl);
		wr_u16(wr, set.records);
		wr_u16(wr, set.signatures);
		while (node_set_next(&set, &in, &type, &rdata)) {
			if (type == RR_RRSIG) {
				assert_int_equal(rrsig_read(rdata, &sig), 0);
				assert_true(sig.expiration > (uint32_t)now);
				assert_int_equal(sig.covered, set.type);
			} else if (type == RR_SOA) {
				wr_copy(wr, rdata.p, rdata.n - 20);
				wr_copy(wr, rdata.p + rdata.n - 16, 16);
			} else {
				wr_bytes(wr, rdata);
			}
		}
	}
}

/* All that is stored of the zone but signatures and the serial; who signed, and how often, is in it. */
static struct bytes
digest(uint8_t *octets)
{
	static const enum table tables[] = {TABLE_NODES, TABLE_DENIAL};
	struct zone zone = shop_zone();
	struct wr wr = wr_init(octets, OCTETS);
	struct change *change;
	struct bytes key, value;
	struct denial denial;
	uint8_t prefix[4];

	put_u32(prefix, zone.id);
	assert_int_equal(change_begin(shop.store, &change), 0);
	for (int t = 0; t < 2; t++) {
		bool more =
		    change_ceiling(change, tables[t], (struct bytes){prefix, 4}, &key, &value);

		for (; more && memcmp(key.p, prefix, 4) == 0;
		     more = change_next(change, tables[t], &key, &value)) {
			wr_copy(&wr, key.p + 4, key.n - 4);
			if (tables[t] == TABLE_NODES) {
				digest_node(&wr, value, zone.loaded);
				continue;
			}
			assert_int_equal(denial_read(value, &denial), 0);
			wr_u32(&wr, denial.ttl);
			wr_u16(&wr, denial.signatures);
			wr_bytes(&wr, denial.rdata);
		}
	}
	wr_u64(&wr, zone.names);
	wr_u64(&wr, zone.records);
	assert_int_equal(change_error(change), 0);
	assert_int_equal(wr.error, 0);
	change_abort(change);
	return wr_done(&wr);
}

static void
edit(uint8_t denial, unsigned rounds)
{
	static uint8_t a[OCTETS], b[OCTETS];
	struct bytes in_place, anew;
	unsigned revised = 0, refused = 0;
	uint32_t serial;

	shop_begin("zone.test.");
	shop.rule = (struct zone_rule){.apex = shop.apex, .denial = denial};
	shop.rules.n_zones = 1;
	n_records = 0;
	records[n_records] = (struct record){.owner = shop.apex, .type = RR_NS, .ttl = 300};
	random_rdata(&records[n_records++]);
	records[n_records] = (struct record){.owner = shop.apex, .type = RR_SOA, .ttl = 300};
	memcpy(records[n_records].rdata, "\0\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\74", 22);
	records[n_records++].n = 22;
	assert_int_equal(load(), 0);
	for (unsigned i = 0; i < rounds; i++) {
		memcpy(kept, records, sizeof kept);
		n_kept = n_records;
		for (unsigned k = 0; k <= dice(3); k++)
			change_some();
		if (load() != 0) { /* no zone: CNAME beside others and the like */
			memcpy(records, kept, sizeof kept);
			n_records = n_kept;
			refused++;
			continue;
		}
		revised += shop.outcome.revised;
		if (i % 4 != 3)
			continue;
		in_place = digest(a);
		serial = shop.outcome.serial;
		assert_int_equal(work_remove(&shop.work, &shop.apex, &shop.outcome), 0);
		assert_int_equal(load(), 0);
		assert_false(shop.outcome.replaced);
		assert_true(shop.outcome.serial > serial);
		anew = digest(b);
		if (!bytes_equal(in_place, anew))
			fail_msg("round %u: not what it would be anew", i);
	}
	print_message(
	    "%u records, %u revised, %u refused\n", (unsigned)n_records, revised, refused);
	assert_true(revised > rounds / 3);
}

static void
test_edits_nsec3(void **state)
{
	(void)state;
	seed = 1;
	edit(DENIAL_NSEC3, 600);
}

static void
test_edits_nsec(void **state)
{
	(void)state;
	seed = 2;
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
