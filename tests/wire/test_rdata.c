/*
 * test_rdata.c - RDATA at its boundaries: each type too short, too long, compressed, folded; ldns
 * tells what is right.
 */
#include "tests/wire/hex.h"

#include <stdio.h>
#include <stdlib.h>

#include <ldns/ldns.h>

#include "core/wire/errors.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"

/* One good record of each type in ldns' hands: the text after "a. 60 IN ". */
static const char *const samples[] = {"A 192.0.2.1", "NS Ns.Example.", "CNAME Www.Example.",
    "SOA Ns.Example. Root.Example. 1 2 3 4 5", "PTR A.Example.", "HINFO \"cpu\" \"\"",
    "MX 10 Mail.Example.", "TXT \"one\" \"two\"", "TXT \"\"",
    "KEY 512 3 15 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "AAAA 2001:db8::1",
    "RP Me.Example. Txt.Example.", "AFSDB 1 A.Example.", "RT 1 A.Example.",
    "PX 1 A.Example. B.Example.", "KX 1 A.Example.", "SRV 1 2 3 Host.Example.",
    "NAPTR 1 2 \"u\" \"E2U+sip\" \"!.*!a!\" Host.Example.", "DNAME Other.Example.",
    "MB A.Example.", "MG A.Example.", "MR A.Example.", "MINFO A.Example. B.Example.",
    "DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
    "SSHFP 1 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
    "RRSIG MX 15 3 3600 1440021600 1438207200 3613 Example. AAAA",
    "NSEC Host.Example. A MX RRSIG NSEC TYPE1234",
    "DNSKEY 257 3 15 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG", "NSEC3PARAM 1 0 0 -",
    "TLSA 3 1 1 2BB183AF5F22588179A53B0A98631FAD1A292118", "CDS 0 0 0 00",
    "CDNSKEY 257 3 15 AA==", "NID 10 0014:4fff:ff20:ee64", "L32 10 10.1.2.0",
    "L64 10 2001:0DB8:1140:1000", "LP 10 L64-subnet1.Example.", "CAA 0 issue \"ca.example\"",
    "SVCB 1 . port=53", "HTTPS 0 Svc.Example."};

#define SAMPLES (sizeof samples / sizeof samples[0])

static ldns_rr *
sample_rr(size_t i)
{
	char text[512];
	ldns_rr *rr;

	snprintf(text, sizeof text, "a. 60 IN %s", samples[i]);
	if (ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL) != LDNS_STATUS_OK)
		fail_msg("ldns does not read %s", text);
	return rr;
}

/* The wire RDATA of a record of ldns: its record's wire form without the frame of 13 octets. */
static struct bytes
rr_rdata(const ldns_rr *rr, uint8_t *to, size_t max)
{
	uint8_t *wire;
	size_t n;

	assert_int_equal(ldns_rr2wire(&wire, rr, LDNS_SECTION_ANSWER, &n), LDNS_STATUS_OK);
	assert_true(n >= 13 && n - 13 <= max);
	memcpy(to, wire + 13, n - 13);
	free(wire);
	return (struct bytes){to, n - 13};
}

static void
test_samples(void **state)
{
	uint8_t octets[512], out[512];

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		ldns_rr *rr = sample_rr(i);
		uint16_t type = (uint16_t)ldns_rr_get_type(rr);
		struct bytes rdata = rr_rdata(rr, octets, sizeof octets);
		struct rd rd = rd_init(rdata);
		struct wr wr = wr_init(out, sizeof out);

		assert_non_null(rrtype_find(type));
		assert_int_equal(rdata_check(type, rdata), 0);
		assert_int_equal(rdata_read(type, &rd, rdata.n, &wr), 0);
		assert_bytes_equal(wr_done(&wr), rdata);
		ldns_rr_free(rr);
	}
}

/* What lies in memory behind a cut RDATA is not to be read, and what is too much is not taken. */
static void
test_boundaries(void **state)
{
	uint8_t octets[512];

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		ldns_rr *rr = sample_rr(i);
		uint16_t type = (uint16_t)ldns_rr_get_type(rr);
		const char *fields = rrtype_find(type)->fields;
		char last = fields[strlen(fields) - 1];
		struct bytes rdata = rr_rdata(rr, octets, sizeof octets - 1);

		assert_int_not_equal(rdata_check(type, (struct bytes){octets, 0}), 0);
		if (strchr("xXMS", last) == NULL) {
			assert_int_equal(rdata_check(type, (struct bytes){octets, rdata.n - 1}),
			    -MAP_ETRUNC);
			octets[rdata.n] = 0;
			assert_int_equal(
			    rdata_check(type, (struct bytes){octets, rdata.n + 1}), -MAP_EJUNK);
		}
		ldns_rr_free(rr);
	}
}

static void
test_canonical(void **state)
{
	uint8_t octets[512], theirs[512], out[512];

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		ldns_rr *rr = sample_rr(i);
		uint16_t type = (uint16_t)ldns_rr_get_type(rr);
		struct bytes rdata = rr_rdata(rr, octets, sizeof octets), want;
		struct wr wr = wr_init(out, sizeof out);

		ldns_rr2canonical(rr);
		want = rr_rdata(rr, theirs, sizeof theirs);
		assert_int_equal(rdata_canonical(type, rdata, &wr), 0);
		/* RFC 6840 5.1 took NSEC off the list and put RRSIG on it. */
		if (type == RR_NSEC)
			assert_bytes_equal(wr_done(&wr), rdata);
		else
			assert_bytes_equal(wr_done(&wr), want);
		ldns_rr_free(rr);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		uint16_t type;
		const char *rdata;
		int error;
	} rows[] = {
	    {RR_TXT, "", -MAP_ETRUNC},
	    {RR_TXT, "0361", -MAP_ETRUNC},
	    {RR_TXT, "0161 02", -MAP_ETRUNC},
	    {RR_DS, "ec450501", -MAP_ETRUNC},
	    {RR_NSEC, "00 0006 400000000003 0001 40", -MAP_EFORMAT}, /* window 0 twice */
	    {RR_NSEC, "00 0101 40 0001 40", -MAP_EFORMAT}, /* windows descending */
	    {RR_NSEC, "00 0000", -MAP_EFORMAT},
	    {RR_NSEC, "00 0002 4000", -MAP_EFORMAT}, /* an octet of no types at the end */
	    {RR_NSEC, "00 0021 40", -MAP_ETRUNC},
	    {RR_NSEC, "00 00", -MAP_ETRUNC},
	    {RR_NSEC3, "01 00 0000 00 14 00", -MAP_ETRUNC},
	    {RR_MX, "000a 0161", -MAP_ETRUNC},
	    {RR_MX, "000a c000", -MAP_EFORMAT},
	    {RR_NS, "c000", -MAP_EFORMAT},
	    {RR_AAAA, "20010db8", -MAP_ETRUNC},
	    {RR_A, "c000020100", -MAP_EJUNK},
	    {1234, "", 0},
	    {1234, "c0000201", 0},
	};
	uint8_t octets[64];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(
		    rdata_check(rows[i].type, hex_bytes(rows[i].rdata, octets, sizeof octets)),
		    rows[i].error);
}

/* Where compression is not allowed, a pointer is no name, even a good one. */
static void
test_compressed(void **state)
{
	static const struct {
		uint16_t type;
		const char *rdata;
		int error;
	} rows[] = {
	    {RR_NS, "c000", 0}, {RR_MX, "000a c000", 0}, {RR_SRV, "0001 0002 0003 c000", 0},
	    {RR_DNAME, "c000", -MAP_EFORMAT}, {RR_LP, "000a c000", -MAP_EFORMAT},
	    {RR_NSEC, "c000 0001 40", -MAP_EFORMAT}, {RR_SVCB, "0001 c000", -MAP_EFORMAT},
	    {RR_EPID, "001e 0003 c000", -MAP_EFORMAT},
	    {RR_ELOC, "000a 0032 00 03 00000000000000010000000000000010 c000", -MAP_EFORMAT},
	    {1234, "c000", 0}, /* octets */
	};
	uint8_t octets[64] = {1, 'a', 0}, out[64];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct bytes rdata = hex_bytes(rows[i].rdata, octets + 3, sizeof octets - 3);
		struct rd rd = rd_init_within((struct bytes){octets, 3 + rdata.n}, rdata);
		struct wr wr = wr_init(out, sizeof out);

		assert_int_equal(rdata_read(rows[i].type, &rd, rdata.n, &wr), rows[i].error);
		if (rows[i].error == 0) {
			assert_int_equal(rd_end(&rd), 0);
			assert_int_equal(wr.n, rows[i].type == 1234 ? rdata.n : rdata.n + 1);
		}
	}
	/* Expanded RDATA that does not fit is an error, not a short record. */
	struct rd rd = rd_init((struct bytes){octets, 3});
	struct wr wr = wr_init(out, 2);

	assert_int_equal(rdata_read(RR_NS, &rd, 3, &wr), -MAP_ESPACE);
}

/* NAPTR with strings of 255 octets and a name of one letter. */
static struct bytes
long_naptr(char letter, uint8_t octets[1024])
{
	struct wr wr = wr_init(octets, 1024);

	wr_u32(&wr, 0x00010001);
	for (int i = 0; i < 3; i++) {
		wr_u8(&wr, 255);
		for (int k = 0; k < 255; k++)
			wr_u8(&wr, 'x');
	}
	wr_u8(&wr, 1);
	wr_u8(&wr, (uint8_t)letter);
	wr_u8(&wr, 0);
	assert_int_equal(wr.error, 0);
	return wr_done(&wr);
}

/* RFC 4034 6.2, 6.3: names count in lower case, however far behind they stand. */
static void
test_order(void **state)
{
	uint8_t a[1024], b[1024];

	(void)state;
	assert_true(rdata_compare(RR_NAPTR, long_naptr('a', a), long_naptr('B', b)) < 0);
	assert_true(rdata_compare(RR_NAPTR, long_naptr('b', a), long_naptr('A', b)) > 0);
	assert_int_equal(rdata_compare(RR_NAPTR, long_naptr('a', a), long_naptr('A', b)), 0);
	/* the names of SVCB stay as they are, and what is unknown too */
	assert_true(rdata_compare(RR_SVCB, (struct bytes){(const uint8_t *)"\0\1\1a", 5},
			(struct bytes){(const uint8_t *)"\0\1\1B", 5}) > 0);
	assert_true(rdata_compare(1234, (struct bytes){(const uint8_t *)"a", 1},
			(struct bytes){(const uint8_t *)"B", 1}) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_samples),
	    cmocka_unit_test(test_boundaries),
	    cmocka_unit_test(test_canonical),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_compressed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
