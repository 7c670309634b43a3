/*
 * test_message.c - messages made by dnspython, and what must be refused: boundaries, EDNS, junk.
 */
#include "tests/wire/hex.h"

#include <stdio.h>
#include <time.h>

#include "core/wire/errors.h"
#include "core/wire/message.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"

/* dnspython 2.3.0's answer to www.Example.org. MX, compressed, with two EDNS options. */
static const char answer_hex[] =
    "12348500000100020002000403777777074578616d706c65036f726700000f00"
    "01c00c000f00010000012c000a0014054d61696c32c010c00c000f0001000001"
    "2c0009000a046d61696cc010c0100006000100000e100026026e73c0100a686f"
    "73746d6173746572c0100000000700000e1000000258000151800000003cc010"
    "0002000100000e100002c058c045000100010000003c0004c0000201045f7369"
    "70045f746370c010002100010000003c00080001000213c4c04504686f7374c0"
    "10ff1400010000003c0014000a000100000000000000000000ffffc000020100"
    "002904d0000080000010000a0008313233343536373800030000";

/* The same records as dnspython writes them without compression. */
static const struct {
	enum section section;
	const char *owner;
	uint16_t type;
	uint32_t ttl;
	const char *rdata;
} expected[] = {
    {SECTION_ANSWER, "www.example.org", RR_MX, 300,
	"0014054d61696c32076578616d706c65036f726700"},
    {SECTION_ANSWER, "www.example.org", RR_MX, 300, "000a046d61696c076578616d706c65036f726700"},
    {SECTION_AUTHORITY, "example.org", RR_SOA, 3600,
	"026e73076578616d706c65036f7267000a686f73746d6173746572076578616d706c65036f7267000000"
	"000700000e1000000258000151800000003c"},
    {SECTION_AUTHORITY, "example.org", RR_NS, 3600, "026e73076578616d706c65036f726700"},
    {SECTION_ADDITIONAL, "mail.example.org", RR_A, 60, "c0000201"},
    {SECTION_ADDITIONAL, "_sip._tcp.example.org", RR_SRV, 60,
	"0001000213c4046d61696c076578616d706c65036f726700"},
    {SECTION_ADDITIONAL, "host.example.org", RR_EPID, 60,
	"000a000100000000000000000000ffffc0000201"},
};

static void
rdata_lower(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (uint8_t)(p[i] + 'a' - 'A');
}

static void
test_answer(void **state)
{
	uint8_t octets[512], rdata[512], want[512];
	struct message message;
	struct bytes wire = hex_bytes(answer_hex, octets, sizeof octets), value;
	struct records it;
	struct record record;
	size_t at = 0;
	uint16_t code;

	(void)state;
	assert_int_equal(message_parse(wire, &message), 0);
	assert_int_equal(message.id, 4660);
	assert_int_equal(message.flags, FLAG_QR | FLAG_AA | FLAG_RD);
	assert_int_equal(message_opcode(&message), OPCODE_QUERY);
	assert_int_equal(message_rcode(&message), RCODE_NOERROR);
	assert_int_equal(message.question.type, RR_MX);
	assert_memory_equal(message.question.name.w, "\3www\7Example", 12);

	it = records_of(&message);
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
		struct name owner = name_of(expected[i].owner);
		struct rd rd;
		struct wr wr = wr_init(rdata, sizeof rdata);
		struct bytes b = hex_bytes(expected[i].rdata, want, sizeof want);

		assert_true(records_next(&it, &record));
		assert_int_equal(record.section, expected[i].section);
		assert_true(name_equal(&record.owner, &owner));
		assert_int_equal(record.type, expected[i].type);
		assert_int_equal(record.class, CLASS_IN);
		assert_int_equal(record.ttl, expected[i].ttl);
		rd = rd_init_within(message.wire, record.rdata);
		assert_int_equal(rdata_read(record.type, &rd, record.rdata.n, &wr), 0);
		/* Where dnspython compressed, the case is that of the first writing. */
		if (record.type != RR_EPID) {
			rdata_lower(rdata, wr.n);
			rdata_lower(want, b.n);
		}
		assert_bytes_equal(wr_done(&wr), b);
	}
	assert_true(records_next(&it, &record));
	assert_int_equal(record.type, RR_OPT);
	assert_false(records_next(&it, &record));
	assert_false(records_next(&it, &record));

	assert_true(message.edns.present && message.edns.dnssec_ok);
	assert_int_equal(message.edns.udp_size, 1232);
	assert_true(edns_next(&message.edns, &at, &code, &value));
	assert_int_equal(code, 10);
	assert_bytes_equal(value, ((struct bytes){(const uint8_t *)"12345678", 8}));
	assert_true(edns_next(&message.edns, &at, &code, &value));
	assert_int_equal(code, 3);
	assert_int_equal(value.n, 0);
	assert_false(edns_next(&message.edns, &at, &code, &value));
}

/* Every cut is refused, and so is every octet more; id and flags are there from 12 octets on. */
static void
test_cut(void **state)
{
	uint8_t octets[512];
	struct bytes wire = hex_bytes(answer_hex, octets, sizeof octets);
	struct message message;

	(void)state;
	for (size_t n = 0; n < wire.n; n++) {
		assert_int_not_equal(message_parse((struct bytes){wire.p, n}, &message), 0);
		if (n >= HEADER_SIZE)
			assert_int_equal(message.id, 4660);
	}
	octets[wire.n] = 0;
	assert_int_equal(
	    message_parse((struct bytes){wire.p, wire.n + 1}, &message), -MAP_EJUNK);
}

#define QUERY "0001 0000 0001 0000 0000 "
#define NAME_A "0161 00 "
#define QUESTION NAME_A "0001 0001 "
#define OPT "00 0029 04d0 00000000 "

static void
test_frames(void **state)
{
	static const struct {
		const char *wire;
		int error;
	} rows[] = {
	    {QUERY "0000 " QUESTION, 0},
	    {QUERY "0001 " QUESTION OPT "0000", 0},
	    {QUERY "0001 " QUESTION OPT "0004 ffff0000", 0},
	    {"0001 0000 0000 0000 0000 0000", 0}, /* no question */
	    {"0001 0000 0002 0000 0000 0000 " QUESTION QUESTION, 0}, /* the caller counts */
	    {"0001 0000 0002 0000 0000 0000 " QUESTION, -MAP_ETRUNC},
	    {QUERY "0000 " QUESTION "00", -MAP_EJUNK},
	    {QUERY "0000 " NAME_A "0001 00", -MAP_ETRUNC},
	    {QUERY "0001 " QUESTION, -MAP_ETRUNC},
	    {QUERY "0002 " QUESTION OPT "0000" OPT "0000", -MAP_EFORMAT}, /* two OPT */
	    {QUERY "0001 " QUESTION NAME_A "0029 04d0 00000000 0000", -MAP_EFORMAT}, /* owner */
	    {"0001 0000 0001 0001 0000 0000 " QUESTION OPT "0000", -MAP_EFORMAT}, /* section */
	    {"0001 0000 0001 0000 0001 0000 " QUESTION OPT "0000", -MAP_EFORMAT},
	    {QUERY "0001 " QUESTION OPT "0004 00030001", -MAP_EFORMAT}, /* option too long */
	    {QUERY "0001 " QUESTION OPT "0003 000300", -MAP_EFORMAT}, /* half an option */
	    {QUERY "0001 " QUESTION OPT "0001 00", -MAP_EFORMAT},
	    {QUERY "0001 " QUESTION OPT "0004 000300", -MAP_ETRUNC},
	    {QUERY "0008 " QUESTION, -MAP_ETRUNC},
	    {QUERY "0009 " QUESTION, -MAP_EFORMAT}, /* nobody asks like this */
	    {"0001 0000 0001 0004 0003 0002 " QUESTION, -MAP_EFORMAT},
	    {"0001 2000 0001 0004 0003 0002 " QUESTION, -MAP_EFORMAT}, /* nor notifies */
	    {"0001 0000 000a 0000 0000 0000 " QUESTION, -MAP_EFORMAT},
	    {"0001 8000 0001 0004 0003 0002 " QUESTION, -MAP_ETRUNC}, /* an answer may */
	    {"0001 2800 0001 0004 0003 0002 " QUESTION, -MAP_ETRUNC}, /* and an UPDATE */
	    {QUERY "0001 " QUESTION "c01e 0001 0001 00000000 0000", -MAP_EFORMAT}, /* forward */
	    /* an answer whose owner points into the header, at octets that are no name */
	    {"0001 4000 0001 0001 0000 0000 " QUESTION "c002 0001 0001 00000000 0000",
		-MAP_EFORMAT},
	};
	uint8_t octets[128];
	struct message message;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct bytes wire = hex_bytes(rows[i].wire, octets, sizeof octets);

		assert_int_equal(message_parse(wire, &message), rows[i].error);
		assert_int_equal(message.id, 1);
	}
}

/* Every type, class, opcode and flag gets through the frame unharmed. */
static void
test_extremes(void **state)
{
	uint8_t octets[128];
	struct bytes wire = hex_bytes(QUERY "0000 " QUESTION, octets, sizeof octets);
	struct message message;

	(void)state;
	for (unsigned v = 0; v <= 0xffff; v++) {
		put_u16(octets + 2, (uint16_t)v);
		put_u16(octets + 15, (uint16_t)v);
		put_u16(octets + 17, (uint16_t)~v);
		assert_int_equal(message_parse(wire, &message), 0);
		assert_int_equal(message.flags, v);
		assert_int_equal(message_opcode(&message), v >> 11 & 15);
		assert_int_equal(message.question.type, v);
		assert_int_equal(message.question.class, (uint16_t)~v);
	}
}

static void
test_edns_fields(void **state)
{
	uint8_t octets[128];
	struct bytes wire =
	    hex_bytes("0001 8000 0001 0000 0000 0001 " QUESTION "00 0029 ffff 01018000 0000",
		octets, sizeof octets);
	struct message message;

	(void)state;
	assert_int_equal(message_parse(wire, &message), 0);
	assert_int_equal(message.edns.udp_size, 65535);
	assert_int_equal(message.edns.version, 1);
	assert_true(message.edns.dnssec_ok);
	assert_int_equal(message_rcode(&message), RCODE_BADVERS);
}

/* 16,000 empty options; walking them is linear. In a request there are never so many. */
static void
test_many_options(void **state)
{
	static uint8_t octets[65535];
	struct bytes head = hex_bytes(QUERY "0001 " QUESTION OPT, octets, sizeof octets), value;
	struct message message;
	size_t at = 0, n = 0;
	uint16_t code;

	(void)state;
	put_u16(octets + head.n, 64000);
	assert_int_equal(
	    message_parse((struct bytes){octets, head.n + 2 + 64000}, &message), -MAP_EFORMAT);
	octets[2] = 0x80;
	assert_int_equal(
	    message_parse((struct bytes){octets, head.n + 2 + 64000}, &message), 0);
	while (edns_next(&message.edns, &at, &code, &value))
		n++;
	assert_int_equal(n, 16000);
}

/*
 * 64 KiB of records whose owners are the longest names, each made of as many pointers as are
 * allowed. The work must stay within reach of what the octets themselves cost: processor time,
 * not the clock on the wall, and with much room for slow machines.
 */
static void
test_pointers_en_masse(void **state)
{
	static uint8_t octets[65535];
	struct wr wr = wr_init(octets, sizeof octets);
	struct message message;
	size_t at, records = 0;
	clock_t began;
	int error;

	(void)state;
	hex_bytes("0001 8000 0000 ffff 0000 0000", octets, sizeof octets);
	wr.n = HEADER_SIZE;
	/* The first record: a ladder of 126 labels, each but the first followed by a pointer. */
	wr_copy(&wr, "\1a\0\0\1\0\1\0\0\0\0\1\xf7", 13);
	at = HEADER_SIZE;
	for (unsigned i = 0; i < 125; i++) {
		size_t here = wr.n;

		wr_u8(&wr, 1);
		wr_u8(&wr, 'b');
		wr_u16(&wr, (uint16_t)(0xc000 | at));
		at = here;
	}
	put_u16(octets + HEADER_SIZE + 11, (uint16_t)(wr.n - HEADER_SIZE - 13));
	while (wr.max - wr.n >= 12) {
		wr_u16(&wr, (uint16_t)(0xc000 | at));
		wr_copy(&wr, "\0\1\0\1\0\0\0\0\0\0", 10);
		records++;
	}
	put_u16(octets + 6, (uint16_t)(records + 1));
	began = clock();
	error = message_parse(wr_done(&wr), &message);
	assert_int_equal(error, 0);
	assert_true(clock() - began < CLOCKS_PER_SEC / 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_answer),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_frames),
	    cmocka_unit_test(test_extremes),
	    cmocka_unit_test(test_edns_fields),
	    cmocka_unit_test(test_many_options),
	    cmocka_unit_test(test_pointers_en_masse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
