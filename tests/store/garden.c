/*
 * garden.c - a zone of few random names, and what is stored of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/garden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/crypto.h"
#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"

struct garden garden;
static uint32_t seed;
static bool mappings;

void
garden_seed(uint32_t from, bool with_mappings)
{
	mappings = with_mappings;
	seed = from;
}

uint32_t
dice(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 4) * below >> 28);
}

int
record_compare(const void *a, const void *b)
{
	const struct planted *x = a, *y = b;
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

/* Prefixes, or a host part at some name's prefixes. */
static void
random_eloc(struct wr *wr)
{
	char text[NAME_TEXT + 64], set[NAME_TEXT];
	struct name name;
	const char *why = "";

	random_name(&name);
	if (dice(2) == 0)
		snprintf(text, sizeof text, "10 50 net:2001:db8:%x::/48", dice(3) + 1);
	else
		snprintf(text, sizeof text, "10 50 via:::%x@%s", dice(2) + 1,
		    name_print(&name, set));
	if (zone_scan_rdata(RR_ELOC, text, &shop.apex, wr, &why) != 0)
		fail_msg("%s: %s", text, why);
}

static void
random_rdata(struct planted *r)
{
	struct wr wr = wr_init(r->rdata, sizeof r->rdata);
	struct name name;

	random_name(&name);
	if (r->type == RR_ELOC)
		random_eloc(&wr);
	else if (r->type == RR_A)
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
	struct planted *r = &garden.records[garden.n];

	if (garden.n == GARDEN_RECORDS)
		return;
	random_name(&r->owner);
	r->type = types[dice(sizeof types / sizeof types[0])];
	if (mappings && dice(3) == 0)
		r->type = RR_ELOC;
	random_rdata(r);
	r->ttl = 60 + 60 * dice(3);
	for (size_t i = 0; i < garden.n; i++) {
		if (record_compare(&garden.records[i], r) == 0)
			return;
		if (name_equal(&garden.records[i].owner, &r->owner) &&
		    garden.records[i].type == r->type)
			r->ttl = garden.records[i].ttl;
	}
	garden.n++;
}

static void
record_remove(size_t i)
{
	if (garden.records[i].type == RR_SOA ||
	    (garden.records[i].type == RR_NS &&
		name_equal(&garden.records[i].owner, &shop.apex)))
		return;
	memmove(&garden.records[i], &garden.records[i + 1],
	    (garden.n - i - 1) * sizeof garden.records[0]);
	garden.n--;
}

void
garden_change(void)
{
	struct name owner;

	switch (dice(4)) {
	case 0:
		record_remove(dice((uint32_t)garden.n));
		break;
	case 1: /* all of a name */
		owner = garden.records[dice((uint32_t)garden.n)].owner;
		for (size_t i = garden.n; i-- > 0;)
			if (name_equal(&garden.records[i].owner, &owner))
				record_remove(i);
		break;
	default:
		record_add();
		break;
	}
}

int
garden_load(void)
{
	qsort(garden.records, garden.n, sizeof garden.records[0], record_compare);
	shop.records = wr_init(shop.octets, sizeof shop.octets);
	for (size_t i = 0; i < garden.n; i++) {
		struct rr rr = {&garden.records[i].owner, garden.records[i].type, CLASS_IN,
		    garden.records[i].ttl, {garden.records[i].rdata, garden.records[i].n}};

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

struct bytes
garden_digest(uint8_t octets[GARDEN_OCTETS])
{
	static const enum table tables[] = {TABLE_NODES, TABLE_DENIAL};
	struct zone zone = shop_zone();
	struct wr wr = wr_init(octets, GARDEN_OCTETS);
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

void
garden_begin(uint8_t denial)
{
	shop_begin("zone.test.");
	shop.rule = (struct zone_rule){.apex = shop.apex, .denial = denial};
	shop.rules.n_zones = 1;
	garden.n = 0;
	garden.records[garden.n] =
	    (struct planted){.owner = shop.apex, .type = RR_NS, .ttl = 300};
	random_rdata(&garden.records[garden.n++]);
	garden.records[garden.n] =
	    (struct planted){.owner = shop.apex, .type = RR_SOA, .ttl = 300};
	memcpy(garden.records[garden.n].rdata, "\0\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\74",
	    22);
	garden.records[garden.n++].n = 22;
	assert_int_equal(garden_load(), 0);
}
