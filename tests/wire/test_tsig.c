/*
 * test_tsig.c - TSIG records: where one may stand, and what one may be. MACs are tests/map/test_seal_tsig.c's.
 */
#include "tests/wire/hex.h"

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/wire/tsig.h"

#define A_RECORD "00 0001 0001 00000000 0004 01020304"
/* algorithm X., time, fudge, MAC of 2, original ID, error, other data */
#define GOOD "0158 00 010203040506 0708 0002 abcd 1112 0012 0001 ff"
#define OWNER "014b 00" /* K. */

static uint8_t octets[1024];

static int
judge(const char *const *records, uint16_t n, enum section section, struct tsig *out)
{
	struct wr wr = wr_init(octets, sizeof octets);
	struct message m;
	uint8_t record[256];

	wr_u16(&wr, 7);
	wr_u16(&wr, FLAG_QR); /* what may have any number of records */
	wr_u64(&wr, 0);
	for (uint16_t i = 0; i < n; i++)
		wr_bytes(&wr, hex_bytes(records[i], record, sizeof record));
	put_u16(octets + 4 + 2 * (size_t)section, n);
	assert_int_equal(message_parse(wr_done(&wr), &m), 0);
	return tsig_read(&m, out);
}

static void
test_fields(void **state)
{
	static const char *const records[] = {A_RECORD, OWNER "00fa 00ff 00000000 0016 " GOOD};
	struct name key = name_of("k."), algorithm = name_of("x.");
	struct tsig tsig;

	(void)state;
	assert_int_equal(judge(records, 2, SECTION_ADDITIONAL, &tsig), 0);
	assert_int_equal(tsig.at, HEADER_SIZE + 15);
	assert_bytes_equal(name_bytes(&tsig.key), name_bytes(&key));
	assert_bytes_equal(name_bytes(&tsig.algorithm), name_bytes(&algorithm));
	assert_int_equal(tsig.time, 0x010203040506);
	assert_int_equal(tsig.fudge, 0x0708);
	assert_bytes_equal(tsig.mac, ((struct bytes){(const uint8_t *)"\xab\xcd", 2}));
	assert_int_equal(tsig.original_id, 0x1112);
	assert_int_equal(tsig.error, TSIG_BADTIME);
	assert_bytes_equal(tsig.other, ((struct bytes){(const uint8_t *)"\xff", 1}));
}

static void
test_what_it_may_be(void **state)
{
	static const struct {
		const char *record;
		int error;
	} rows[] = {
	    {OWNER "00fa 00ff 00000000 0016 " GOOD, 0},
	    {"00 00fa 00ff 00000000 0016 " GOOD, 0},
	    {A_RECORD, -MAP_ENOTFOUND},
	    {OWNER "00f9 00ff 00000000 0016 " GOOD, -MAP_ENOTFOUND}, /* TKEY */
	    {OWNER "00fa 0001 00000000 0016 " GOOD, -MAP_EFORMAT}, /* class */
	    {OWNER "00fa 00ff 00000001 0016 " GOOD, -MAP_EFORMAT}, /* TTL */
	    {OWNER "00fa 00ff 00000000 0000", -MAP_EFORMAT},
	    {OWNER "00fa 00ff 00000000 0017 " GOOD "00",
		-MAP_EFORMAT}, /* octets after its end */
	    {OWNER "00fa 00ff 00000000 0015 0158 00 010203040506 0708 0002 abcd 1112 0012 0001",
		-MAP_EFORMAT}, /* other data that is not there */
	    {OWNER "00fa 00ff 00000000 000d 0158 00 010203040506 0708 ffff", -MAP_EFORMAT},
	    {OWNER "00fa 00ff 00000000 0015 c00c 010203040506 0708 0002 abcd 1112 0012 0001 ff",
		-MAP_EFORMAT}, /* an algorithm that is compressed */
	    {OWNER "00fa 00ff 00000000 0011 00 000000000000 0000 0000 0000 0000 0000", 0},
	};
	struct tsig tsig;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(
		    judge(&rows[i].record, 1, SECTION_ADDITIONAL, &tsig), rows[i].error);
}

static void
test_where_it_may_stand(void **state)
{
	static const char tsig[] = OWNER "00fa 00ff 00000000 0016 " GOOD;
	static const char sig[] =
	    "00 0018 00ff 00000000 0014 0000 0f 00 00000000 6b0480fe 6b047ea6 f02a 00 01";
	static const char *const last[] = {A_RECORD, tsig}, *const before[] = {tsig, A_RECORD},
				 *const twice[] = {tsig, tsig}, *const beside[] = {sig, tsig};
	static const char *const pointed[] = {
	    A_RECORD, "014b 00 0001 0001 00000000 0000", "c01b 00fa 00ff 00000000 0016 " GOOD};
	struct tsig out;
	struct name key = name_of("k.");

	(void)state;
	assert_int_equal(judge(last, 2, SECTION_ADDITIONAL, &out), 0);
	assert_int_equal(judge(last, 2, SECTION_ANSWER, &out), -MAP_EFORMAT);
	assert_int_equal(judge(last, 2, SECTION_AUTHORITY, &out), -MAP_EFORMAT);
	assert_int_equal(judge(before, 2, SECTION_ADDITIONAL, &out), -MAP_EFORMAT);
	assert_int_equal(judge(twice, 2, SECTION_ADDITIONAL, &out), -MAP_EFORMAT);
	assert_int_equal(judge(beside, 2, SECTION_ADDITIONAL, &out), -MAP_EFORMAT);
	/* the key's name may be compressed */
	assert_int_equal(judge(pointed, 3, SECTION_ADDITIONAL, &out), 0);
	assert_true(name_equal(&out.key, &key));
}

/* What is put is read again, and the octets under the MAC are the same before and after. */
static void
test_put(void **state)
{
	static const char before[] = "0007 2800 0000 0000 0000 0001 " A_RECORD;
	static const uint8_t request_mac[] = "request";
	uint8_t mine[256], under[256], want[256];
	struct bytes wire = hex_bytes(before, mine, sizeof mine), none = {NULL, 0};
	struct tsig tsig = {.key = name_of("k."),
			.algorithm = name_of("x."),
			.time = 0x010203040506,
			.fudge = 1,
			.original_id = 7,
			.error = 2,
			.mac = {(const uint8_t *)"mac", 3},
			.other = {(const uint8_t *)"other", 5}},
		    back;
	struct wr wr = wr_init(mine, sizeof mine), under_wr = wr_init(under, sizeof under);
	struct message m;

	(void)state;
	tsig_message(&under_wr, wire, wire.n, &tsig, (struct bytes){request_mac, 7});
	assert_bytes_equal(wr_done(&under_wr),
	    hex_bytes("0007 72657175657374 0007 2800 0000 0000 0000 0001 " A_RECORD
		      "016b00 00ff 00000000 017800 010203040506 0001 0002 0005 6f74686572",
		want, sizeof want));
	wr.n = wire.n;
	tsig_put(&wr, &tsig);
	put_u16(mine, 0x4321); /* whoever forwards it gives it another ID */
	assert_int_equal(message_parse(wr_done(&wr), &m), 0);
	assert_int_equal(tsig_read(&m, &back), 0);
	assert_int_equal(back.at, wire.n);
	wr = wr_init(want, sizeof want);
	tsig_message(&wr, m.wire, back.at, &back, (struct bytes){request_mac, 7});
	assert_bytes_equal(wr_done(&wr), wr_done(&under_wr));
	wr = wr_init(want, sizeof want);
	tsig_message(&wr, m.wire, back.at, &back, none);
	assert_int_equal(wr.n, under_wr.n - 9);
	/* no room: nothing is counted */
	hex_bytes(before, mine, sizeof mine);
	wr = wr_init(mine, wire.n + 10);
	wr.n = wire.n;
	tsig_put(&wr, &tsig);
	assert_int_equal(wr.error, -MAP_ESPACE);
	assert_int_equal(get_u16(mine + 10), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_what_it_may_be),
	    cmocka_unit_test(test_where_it_may_stand),
	    cmocka_unit_test(test_put),
	};

	return cmocka_run_group_tests_name("tsig", tests, NULL, NULL);
}
