/*
 * test_serve.c - messages as nobody should send them, and all that anybody can: serve() answers each
 * with the right RCODE or with silence, never longer than the client takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/wire/rrtype.h"
#include "tests/mapd/world.h"

static struct world *world;
static uint8_t out[SERVE_TCP_MAX];
static size_t out_n; /* of the last answer */
static uint8_t in[70000];

static int
ask(size_t n)
{
	size_t answer = world_ask(world, TRANSPORT_UDP, (struct bytes){in, n}, out);

	assert_true(answer <= SERVE_UDP_MAX);
	out_n = answer;
	if (answer == 0)
		return -1;
	assert_true(answer >= HEADER_SIZE);
	assert_memory_equal(in, out, 2);
	return out[3] & 15;
}

/* A query for www.example.test. A, and what comes behind it. */
static struct wr
query_start(uint16_t flags, uint16_t questions, uint16_t additional)
{
	struct wr wr = wr_init(in, sizeof(in));
	struct name name;

	assert_int_equal(name_from("www.example.test.", &name), 0);
	wr_u16(&wr, 0x1234);
	wr_u16(&wr, flags);
	wr_u16(&wr, questions);
	wr_u32(&wr, 0);
	wr_u16(&wr, additional);
	for (unsigned i = 0; i < questions; i++) {
		name_put(&wr, &name);
		wr_u16(&wr, RR_A);
		wr_u16(&wr, CLASS_IN);
	}
	return wr;
}

static void
put_opt(struct wr *wr, uint16_t size, uint32_t ttl, const void *options, size_t n)
{
	wr_u8(wr, 0);
	wr_u16(wr, RR_OPT);
	wr_u16(wr, size);
	wr_u32(wr, ttl);
	wr_u16(wr, (uint16_t)n);
	wr_copy(wr, options, n);
}

static void
test_short_and_responses_are_dropped(void **state)
{
	uint64_t malformed = world_count(world, STAT_DROP_MALFORMED);
	uint64_t response = world_count(world, STAT_DROP_RESPONSE);

	(void)state;
	for (size_t n = 0; n < HEADER_SIZE; n++) {
		query_start(0, 1, 0);
		assert_int_equal(ask(n), -1);
	}
	assert_int_equal(world_count(world, STAT_DROP_MALFORMED), malformed + HEADER_SIZE);
	for (unsigned flags = FLAG_QR; flags <= 0xffff; flags++) {
		struct wr wr = query_start((uint16_t)flags, 1, 0);

		assert_int_equal(ask(wr.n), -1);
	}
	assert_int_equal(world_count(world, STAT_DROP_RESPONSE), response + 0x8000);
}

static void
test_every_flag_and_opcode(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags < FLAG_QR; flags++) {
		struct wr wr = query_start((uint16_t)flags, 1, 0);

		assert_int_equal(ask(wr.n), flags >> 11 == 0 ? RCODE_NOERROR : RCODE_NOTIMP);
		/* opcode, RD and CD come back; AA is ours; nothing else */
		assert_int_equal(get_u16(out + 2) & 0xfbf0,
		    FLAG_QR | (flags & (0x7800 | FLAG_RD | FLAG_CD)));
		assert_int_equal(get_u16(out + 4), 1);
	}
}

static void
test_every_type_and_class(void **state)
{
	(void)state;
	for (unsigned type = 0; type <= 0xffff; type++) {
		struct wr wr = query_start(0, 1, 1);
		int rcode;

		put_u16(in + wr.n - 4, (uint16_t)type);
		put_opt(&wr, 1232, 0x8000, NULL, 0);
		rcode = ask(wr.n);
		if (type == 0 || type == RR_OPT || type == RR_TSIG)
			assert_int_equal(rcode, RCODE_FORMERR);
		else if (type == RR_IXFR)
			assert_int_equal(rcode, RCODE_FORMERR); /* no SOA in authority */
		else if (type == RR_AXFR)
			assert_int_equal(rcode, RCODE_REFUSED);
		else if (type == RR_TKEY || type == 253 || type == 254)
			assert_int_equal(rcode, RCODE_NOTIMP);
		else
			assert_int_equal(rcode, RCODE_NOERROR);
	}
	for (unsigned class = 0; class <= 0xffff; class ++) {
		struct wr wr = query_start(0, 1, 0);

		put_u16(in + wr.n - 2, (uint16_t) class);
		assert_int_equal(ask(wr.n), class == CLASS_IN ? RCODE_NOERROR : RCODE_REFUSED);
	}
}

static void
test_counts(void **state)
{
	(void)state;
	for (uint16_t questions = 0; questions < 4; questions++) {
		struct wr wr = query_start(0, questions, 0);

		assert_int_equal(ask(wr.n), questions == 1 ? RCODE_NOERROR : RCODE_FORMERR);
	}
	for (size_t at = 4; at < HEADER_SIZE; at += 2) {
		struct wr wr = query_start(0, 1, 0);

		put_u16(in + at, 0xffff);
		assert_int_equal(ask(wr.n), RCODE_FORMERR);
	}
	/* records where a query has none */
	for (size_t at = 6; at <= 8; at += 2) {
		struct wr wr = query_start(0, 1, 0);

		put_u16(in + at, 1);
		wr_copy(&wr, "\0\0\1\0\1\0\0\0\0\0\4\0\0\0\0", 15);
		assert_int_equal(ask(wr.n), RCODE_FORMERR);
	}
}

static void
test_every_cut_and_trailing_octets(void **state)
{
	struct wr wr = query_start(0, 1, 1);

	(void)state;
	put_opt(&wr, 1232, 0x8000, "\0\3\0\4test", 8);
	assert_int_equal(ask(wr.n), RCODE_NOERROR);
	for (size_t n = HEADER_SIZE; n < wr.n; n++)
		assert_int_equal(ask(n), RCODE_FORMERR);
	wr_u8(&wr, 0);
	assert_int_equal(ask(wr.n), RCODE_FORMERR);
}

static void
test_question_names(void **state)
{
	static const struct {
		const char *name;
		size_t n;
		int rcode;
	} rows[] = {
	    {"\xc0\x0c", 2, RCODE_FORMERR}, /* points to itself */
	    {"\xc0\x00", 2, RCODE_FORMERR}, /* into the header */
	    {"\xc0\x04", 2, RCODE_FORMERR}, /* the same, where it looks like a name */
	    {"\xc0\x20", 2, RCODE_FORMERR}, /* forward */
	    {"\x40", 1, RCODE_FORMERR}, /* label types nobody has */
	    {"\x80", 1, RCODE_FORMERR},
	    {"", 1, RCODE_REFUSED}, /* the root */
	    {"\x04test\x00", 6, RCODE_REFUSED},
	    {"\x07"
	     "eXample\x04"
	     "TEST\x00",
		14, RCODE_NOERROR},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wr wr = query_start(0, 0, 0);

		put_u16(in + 4, 1);
		wr_copy(&wr, rows[i].name, rows[i].n);
		wr_u16(&wr, RR_A);
		wr_u16(&wr, CLASS_IN);
		assert_int_equal(ask(wr.n), rows[i].rcode);
	}
}

/* The longest names: 127 labels, labels of 63, 255 octets; one octet more is malformed. */
static void
test_longest_names(void **state)
{
	(void)state;
	for (unsigned size = 1; size <= 64; size++)
		for (unsigned over = 0; over < 2; over++) {
			struct wr wr = query_start(0, 0, 0);
			size_t left = 255 - 14 + over;

			put_u16(in + 4, 1);
			while (left > 0) {
				size_t n = left - 1 < size ? left - 1 : size;

				/* no label of no octets at the end */
				if (left - 1 - n == 1)
					n--;
				if (n == 0)
					break;
				wr_u8(&wr, (uint8_t)n);
				for (size_t i = 0; i < n; i++)
					wr_u8(&wr, (uint8_t)(i + size));
				left -= n + 1;
			}
			wr_copy(&wr, "\7example\4test", 14);
			wr_u16(&wr, RR_A);
			wr_u16(&wr, CLASS_IN);
			if (left == 0 && size < 64)
				assert_int_equal(
				    ask(wr.n), over ? RCODE_FORMERR : RCODE_NXDOMAIN);
			else
				assert_true(ask(wr.n) >= 0);
		}
}

static void
test_edns(void **state)
{
	struct wr wr = query_start(0, 1, 2);
	static uint8_t options[65535];

	(void)state;
	put_opt(&wr, 1232, 0, NULL, 0);
	put_opt(&wr, 1232, 0, NULL, 0);
	assert_int_equal(ask(wr.n), RCODE_FORMERR); /* two */
	for (unsigned version = 1; version < 256; version++) {
		wr = query_start(0, 1, 1);
		put_opt(&wr, 1232, version << 16, NULL, 0);
		assert_int_equal(ask(wr.n), RCODE_BADVERS & 15);
		assert_int_equal(get_u16(out + 6), 0);
		assert_int_equal(out[HEADER_SIZE + 22 + 5], RCODE_BADVERS >> 4);
	}
	for (unsigned size = 0; size < 65536; size += 51) {
		wr = query_start(0, 1, 1);
		put_opt(&wr, (uint16_t)size, 0x8000, NULL, 0);
		assert_int_equal(ask(wr.n), RCODE_NOERROR);
	}
	/* 16,000 empty options; NSID so often as is read, and once more */
	wr = query_start(0, 1, 1);
	put_opt(&wr, 1232, 0, options, 64000);
	assert_int_equal(ask(wr.n), RCODE_FORMERR);
	for (size_t i = 0; i < 4000; i += 4)
		memcpy(options + i, "\0\3\0\0", 4);
	for (uint16_t n = QUERY_OPTIONS; n <= QUERY_OPTIONS + 1; n++) {
		wr = query_start(0, 1, 1);
		put_opt(&wr, 1232, 0, options, 4u * n);
		assert_int_equal(ask(wr.n), n > QUERY_OPTIONS ? RCODE_FORMERR : RCODE_NOERROR);
	}
	/* an option that goes on behind the record */
	wr = query_start(0, 1, 1);
	put_opt(&wr, 1232, 0, "\0\3\0\5test", 8);
	assert_int_equal(ask(wr.n), RCODE_FORMERR);
	/* OPT with a name, OPT in the answer section */
	wr = query_start(0, 1, 1);
	wr_copy(&wr, "\1a", 2);
	put_opt(&wr, 1232, 0, NULL, 0);
	assert_int_equal(ask(wr.n), RCODE_FORMERR);
	wr = query_start(0, 1, 0);
	put_u16(in + 6, 1);
	put_opt(&wr, 1232, 0, NULL, 0);
	assert_int_equal(ask(wr.n), RCODE_FORMERR);
}

/* A cookie comes back with a server's, also in refusals and where there is little room; a bad one is FORMERR. */
static void
test_cookies(void **state)
{
	uint8_t option[4 + 24] = {0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};
	uint64_t known = world_count(world, STAT_QUERY_COOKIE_KNOWN);
	struct edns edns;
	struct message m;
	struct bytes value;

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		struct wr wr = query_start(0, 1, 1);
		uint16_t code = 0;
		size_t at = 0;
		int rcode;

		/* round 1: with the server's part; round 2: and an unknown version of EDNS */
		put_opt(&wr, 512, round == 2 ? 0x10000 : 0x8000, option,
		    round == 0 ? 12 : sizeof option);
		rcode = ask(wr.n);
		assert_int_equal(rcode, RCODE_NOERROR);
		assert_int_equal(message_parse((struct bytes){out, out_n}, &m), 0);
		assert_int_equal(message_rcode(&m), round == 2 ? RCODE_BADVERS : RCODE_NOERROR);
		edns = m.edns;
		assert_true(edns_next(&edns, &at, &code, &value));
		assert_int_equal(code, 10);
		assert_int_equal(value.n, 24);
		assert_memory_equal(value.p, option + 4, 8);
		put_u16(option + 2, 24);
		memcpy(option + 4, value.p, 24);
	}
	assert_int_equal(world_count(world, STAT_QUERY_COOKIE_KNOWN), known + 2);
	for (unsigned n = 0; n < 24; n++) {
		struct wr wr = query_start(0, 1, 1);

		put_u16(option + 2, (uint16_t)n);
		put_opt(&wr, 1232, 0, option, 4 + n);
		assert_int_equal(ask(wr.n), n == 8 || n >= 16 ? RCODE_NOERROR : RCODE_FORMERR);
	}
}

static void
test_no_snapshot_is_servfail(void **state)
{
	struct wr wr = query_start(0, 1, 1);

	(void)state;
	put_opt(&wr, 1232, 0, NULL, 0);
	assert_true(world_ask_without_database(world, (struct bytes){in, wr.n}, out) > 0);
	assert_int_equal(out[3] & 15, RCODE_SERVFAIL);
}

/* What an attacker gains: the largest answer for each octet asked, over all types. */
static void
test_amplification(void **state)
{
	double most = 0;

	(void)state;
	for (unsigned type = 1; type < 300; type++) {
		struct wr wr = query_start(0, 1, 1);
		size_t n;
		double ratio;

		put_u16(in + wr.n - 4, (uint16_t)type);
		put_opt(&wr, 65535, 0x8000, NULL, 0);
		n = world_ask(world, TRANSPORT_UDP, (struct bytes){in, wr.n}, out);
		ratio = (double)n / (double)wr.n;
		most = ratio > most ? ratio : most;
	}
	print_message("largest answer: %.1f times the query\n", most);
	assert_true(most < 15);
}

static int
setup(void **state)
{
	(void)state;
	world = world_basic();
	return world == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	world_free(world);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_short_and_responses_are_dropped),
	    cmocka_unit_test(test_every_flag_and_opcode),
	    cmocka_unit_test(test_every_type_and_class),
	    cmocka_unit_test(test_counts),
	    cmocka_unit_test(test_every_cut_and_trailing_octets),
	    cmocka_unit_test(test_question_names),
	    cmocka_unit_test(test_longest_names),
	    cmocka_unit_test(test_edns),
	    cmocka_unit_test(test_cookies),
	    cmocka_unit_test(test_no_snapshot_is_servfail),
	    cmocka_unit_test(test_amplification),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
