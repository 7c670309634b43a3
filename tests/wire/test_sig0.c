/*
 * test_sig0.c - SIG(0) records: where one may stand, and what one may be. Signatures are tests/map/test_seal.c's.
 */
#include "tests/wire/hex.h"

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/wire/sig0.h"

#define SIGNER "04486f7374 00" /* Host. */
#define GOOD "0000 0f 00 00000000 6b0480fe 6b047ea6 f02a " SIGNER " 0102"
#define A_RECORD "00 0001 0001 00000000 0004 01020304"

static uint8_t octets[1024];

/* A message of these records in the additional section, or one of them in another. */
static int
judge(const char *const *records, uint16_t n, enum section section, struct sig0 *out)
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
	return sig0_read(&m, out);
}

static int
judge_one(const char *record)
{
	struct sig0 sig;

	return judge(&record, 1, SECTION_ADDITIONAL, &sig);
}

static void
test_fields(void **state)
{
	static const char *const records[] = {A_RECORD, "00 0018 00ff 00000000 001a " GOOD};
	struct name signer = name_of("host.");
	struct sig0 sig;

	(void)state;
	assert_int_equal(judge(records, 2, SECTION_ADDITIONAL, &sig), 0);
	assert_int_equal(sig.at, HEADER_SIZE + 15);
	assert_int_equal(sig.algorithm, 15);
	assert_int_equal(sig.expiration, 0x6b0480fe);
	assert_int_equal(sig.inception, 0x6b047ea6);
	assert_int_equal(sig.tag, 0xf02a);
	assert_bytes_equal(name_bytes(&sig.signer), name_bytes(&signer));
	assert_int_equal(sig.head.n, 18 + 6);
	assert_ptr_equal(sig.head.p, octets + sig.at + 11);
	assert_int_equal(sig.head.p[19], 'H'); /* as it came: it is signed so */
	assert_bytes_equal(sig.signature, ((struct bytes){(const uint8_t *)"\1\2", 2}));
}

static void
test_what_it_may_be(void **state)
{
	static const struct {
		const char *record;
		int error;
	} rows[] = {
	    {"00 0018 00ff 00000000 001a " GOOD, 0},
	    {A_RECORD, -MAP_ENOTFOUND},
	    {"0161 00 0018 00ff 00000000 001a " GOOD, -MAP_EFORMAT}, /* owner */
	    {"00 0018 0001 00000000 001a " GOOD, -MAP_EFORMAT}, /* class */
	    {"00 0018 00ff 00000001 001a " GOOD, -MAP_EFORMAT}, /* TTL */
	    {"00 002e 00ff 00000000 001a " GOOD, -MAP_ENOTFOUND}, /* RRSIG */
	    /* type covered, labels, original TTL */
	    {"00 0018 00ff 00000000 001a 0001 0f 00 00000000 6b0480fe 6b047ea6 f02a " SIGNER
	     " 0102",
		-MAP_EFORMAT},
	    {"00 0018 00ff 00000000 001a 0000 0f 01 00000000 6b0480fe 6b047ea6 f02a " SIGNER
	     " 0102",
		-MAP_EFORMAT},
	    {"00 0018 00ff 00000000 001a 0000 0f 00 00000001 6b0480fe 6b047ea6 f02a " SIGNER
	     " 0102",
		-MAP_EFORMAT},
	    /* without signature, signer, anything */
	    {"00 0018 00ff 00000000 0018 0000 0f 00 00000000 6b0480fe 6b047ea6 f02a " SIGNER,
		-MAP_EFORMAT},
	    {"00 0018 00ff 00000000 0012 0000 0f 00 00000000 6b0480fe 6b047ea6 f02a",
		-MAP_EFORMAT},
	    {"00 0018 00ff 00000000 0014 0000 0f 00 00000000 6b0480fe 6b047ea6 f02a 0161",
		-MAP_EFORMAT},
	    {"00 0018 00ff 00000000 0000", -MAP_EFORMAT},
	    {"00 0018 00ff 00000000 0001 00", -MAP_EFORMAT},
	    /* a signer that is compressed: to the owner, which is the root */
	    {"00 0018 00ff 00000000 0016 0000 0f 00 00000000 6b0480fe 6b047ea6 f02a c00c 0102",
		-MAP_EFORMAT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(judge_one(rows[i].record), rows[i].error);
}

static void
test_where_it_may_stand(void **state)
{
	static const char sig[] = "00 0018 00ff 00000000 001a " GOOD;
	static const char tsig[] =
	    "00 00fa 00ff 00000000 0011 00 000000000000 0000 0000 0000 0000 0000";
	static const char *const last[] = {A_RECORD, sig}, *const before[] = {sig, A_RECORD},
				 *const twice[] = {sig, sig}, *const beside[] = {sig, tsig},
				 *const behind[] = {tsig, sig};
	struct sig0 out;

	(void)state;
	assert_int_equal(judge(last, 2, SECTION_ADDITIONAL, &out), 0);
	assert_int_equal(judge(last, 2, SECTION_ANSWER, &out), -MAP_EFORMAT);
	assert_int_equal(judge(last, 2, SECTION_AUTHORITY, &out), -MAP_EFORMAT);
	assert_int_equal(judge(before, 2, SECTION_ADDITIONAL, &out), -MAP_EFORMAT);
	assert_int_equal(judge(twice, 2, SECTION_ADDITIONAL, &out), -MAP_EFORMAT);
	assert_int_equal(judge(beside, 2, SECTION_ADDITIONAL, &out), -MAP_EFORMAT);
	assert_int_equal(judge(behind, 2, SECTION_ADDITIONAL, &out), -MAP_EFORMAT);
	assert_int_equal(judge(&beside[1], 1, SECTION_ADDITIONAL, &out), -MAP_ENOTFOUND);
}

/* What is put is read again; what is signed is the message as it was. */
static void
test_put(void **state)
{
	static const char before[] = "0007 2800 0000 0000 0000 0001 " A_RECORD;
	static const char head[] = "0000 0d 00 00000000 00000002 00000001 0003 0161 00";
	uint8_t mine[256], under[256], want[256];
	struct bytes wire = hex_bytes(before, mine, sizeof mine);
	struct sig0 sig = {.at = wire.n,
			.algorithm = 13,
			.expiration = 2,
			.inception = 1,
			.tag = 3,
			.signer = name_of("a."),
			.signature = {(const uint8_t *)"xyz", 3}},
		    back;
	struct wr wr = wr_init(mine, sizeof mine), under_wr = wr_init(under, sizeof under),
		  head_wr;
	uint8_t head_octets[64];
	struct message m;

	(void)state;
	head_wr = wr_init(head_octets, sizeof head_octets);
	sig0_head_put(&head_wr, &sig);
	sig.head = wr_done(&head_wr);
	assert_bytes_equal(sig.head, hex_bytes(head, want, sizeof want));
	sig0_message(&under_wr, wire, &sig); /* with no record yet */
	wr.n = wire.n;
	sig0_put(&wr, &sig);
	assert_int_equal(get_u16(mine + 10), 2);
	assert_int_equal(message_parse(wr_done(&wr), &m), 0);
	assert_int_equal(sig0_read(&m, &back), 0);
	assert_int_equal(back.at, sig.at);
	assert_bytes_equal(back.head, sig.head);
	assert_bytes_equal(back.signature, sig.signature);
	wr = wr_init(want, sizeof want);
	sig0_message(&wr, m.wire, &back); /* with it */
	assert_bytes_equal(wr_done(&wr), wr_done(&under_wr));
	assert_int_equal(wr.n, sig.head.n + wire.n);
	/* no room: nothing is counted */
	hex_bytes(before, mine, sizeof mine);
	wr = wr_init(mine, wire.n + 10);
	wr.n = wire.n;
	sig0_put(&wr, &sig);
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

	return cmocka_run_group_tests_name("sig0", tests, NULL, NULL);
}
