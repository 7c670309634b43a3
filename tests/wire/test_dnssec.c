/*
 * test_dnssec.c - key tags, the octets that are signed, bit maps and NSEC3 labels, against ldns and
 * the examples of RFC 4034, 5155 and 8080.
 */
#include "tests/wire/hex.h"

#include <stdio.h>
#include <stdlib.h>

#include <ldns/ldns.h>

#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

static ldns_rr *
rr_of(const char *text)
{
	ldns_rr *rr;

	if (ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL) != LDNS_STATUS_OK)
		fail_msg("ldns does not read %s", text);
	return rr;
}

static struct bytes
rr_rdata(const ldns_rr *rr, uint8_t *to, size_t max)
{
	ldns_buffer *buffer = ldns_buffer_new(1024);
	size_t n;

	assert_int_equal(ldns_rr_rdata2buffer_wire(buffer, rr), LDNS_STATUS_OK);
	n = ldns_buffer_position(buffer);
	assert_true(n <= max);
	memcpy(to, ldns_buffer_begin(buffer), n);
	ldns_buffer_free(buffer);
	return (struct bytes){to, n};
}

static void
test_key_tags(void **state)
{
	/* RFC 8080 6.1 twice, then what formats.md and vectors.md have. */
	static const struct {
		const char *text;
		uint16_t tag;
	} rows[] = {
	    {"example.com. 3600 IN DNSKEY 257 3 15 "
	     "l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
		3613},
	    {"example.com. 3600 IN DNSKEY 257 3 15 "
	     "zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=",
		35217},
	    {"a. 3600 IN KEY 512 3 15 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", 14272},
	    {"a. 3600 IN DNSKEY 256 3 15 AA==", 0},
	};
	uint8_t octets[256];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ldns_rr *rr = rr_of(rows[i].text);
		uint16_t tag = dnssec_key_tag(rr_rdata(rr, octets, sizeof octets));

		assert_int_equal(tag, ldns_calc_keytag(rr));
		if (rows[i].tag != 0)
			assert_int_equal(tag, rows[i].tag);
		ldns_rr_free(rr);
	}
}

/* What ldns signs: the RRSIG without signature, then the canonical, sorted records. */
static struct bytes
signed_by_ldns(const ldns_rr *rrsig, ldns_rr_list *list, uint8_t *to, size_t max)
{
	ldns_buffer *buffer = ldns_buffer_new(4096);
	size_t n;

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		ldns_rr *rr = ldns_rr_list_rr(list, i);

		ldns_rr_set_ttl(rr, ldns_rdf2native_int32(ldns_rr_rrsig_origttl(rrsig)));
		ldns_rr2canonical(rr);
	}
	ldns_rr_list_sort(list);
	assert_int_equal(ldns_rrsig2buffer_wire(buffer, rrsig), LDNS_STATUS_OK);
	assert_int_equal(ldns_rr_list2buffer_wire(buffer, list), LDNS_STATUS_OK);
	n = ldns_buffer_position(buffer);
	assert_true(n <= max);
	memcpy(to, ldns_buffer_begin(buffer), n);
	ldns_buffer_free(buffer);
	return (struct bytes){to, n};
}

#define SET_MAX 8

struct sample {
	const char *rrsig;
	const char *records[SET_MAX]; /* in another order than the canonical one */
};

static const struct sample samples[] = {
    /* RFC 8080 6.1 */
    {"example.com. 3600 IN RRSIG MX 15 2 3600 1440021600 1438207200 3613 example.com. "
     "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==",
	{"example.com. 3600 IN MX 10 mail.example.com."}},
    {"Host.Example. 60 IN RRSIG NS 13 2 60 1440021600 1438207200 1 Example. AAAA",
	{"HOST.Example. 60 IN NS b.Example.", "HOST.Example. 60 IN NS A.Example.",
	    "host.example. 60 IN NS Aa.example.", "host.example. 60 IN NS \\001.example."}},
    {"txt.example. 60 IN RRSIG TXT 13 2 77 1440021600 1438207200 1 example. AAAA",
	{"txt.example. 60 IN TXT \"b\"", "txt.example. 60 IN TXT \"A\"",
	    "txt.example. 60 IN TXT \"aa\"", "txt.example. 60 IN TXT \"a\" \"b\"",
	    "txt.example. 60 IN TXT \"a\""}},
    /* Opaque to ldns; octets that look like upper case must stay. */
    {"x.example. 60 IN RRSIG TYPE65301 13 2 60 1440021600 1438207200 1 example. AAAA",
	{"x.example. 60 IN TYPE65301 \\# 10 000a00640001c0000241",
	    "x.example. 60 IN TYPE65301 \\# 10 000a00640001c0000201",
	    "x.example. 60 IN TYPE65301 \\# 22 "
	    "000a0001000220014142434400010000000000000010"}},
};

static void
test_signed_with_ldns(void **state)
{
	uint8_t sig_octets[512], octets[SET_MAX][256], want[4096], out[4096];

	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
		ldns_rr *rrsig = rr_of(samples[i].rrsig);
		ldns_rr_list *list = ldns_rr_list_new();
		struct bytes rdata[SET_MAX], theirs;
		struct wr wr = wr_init(out, sizeof out);
		struct name owner;
		struct rrset set = {
		    .owner = &owner, .class = CLASS_IN, .ttl = 5, .rdata = rdata};
		struct rrsig sig;

		assert_int_equal(
		    rrsig_read(rr_rdata(rrsig, sig_octets, sizeof sig_octets), &sig), 0);
		for (; samples[i].records[set.n] != NULL; set.n++) {
			ldns_rr *rr = rr_of(samples[i].records[set.n]);
			char *text = ldns_rdf2str(ldns_rr_owner(rr));

			owner = name_of(text);
			free(text);
			set.type = (uint16_t)ldns_rr_get_type(rr);
			rdata[set.n] = rr_rdata(rr, octets[set.n], sizeof octets[0]);
			ldns_rr_list_push_rr(list, rr);
		}
		theirs = signed_by_ldns(rrsig, list, want, sizeof want);
		assert_int_equal(dnssec_signed(&wr, &sig, &set), 0);
		/* ldns leaves the signer's name as it is; RFC 4034 3.1.8.1 wants it folded. */
		if (i == 1)
			memcpy(want + 18, "\7example", 8);
		assert_bytes_equal(wr_done(&wr), theirs);

		/* A doubled record is signed once. */
		set.rdata = (const struct bytes[]){rdata[0], rdata[0]};
		set.n = 2;
		wr = wr_init(out, sizeof out);
		assert_int_equal(dnssec_signed(&wr, &sig, &set), 0);
		set.n = 1;
		theirs = wr_done(&wr);
		memcpy(want, theirs.p, theirs.n);
		theirs.p = want;
		wr = wr_init(out, sizeof out);
		assert_int_equal(dnssec_signed(&wr, &sig, &set), 0);
		assert_bytes_equal(wr_done(&wr), theirs);
		wr = wr_init(out, wr.n - 1);
		assert_int_equal(dnssec_signed(&wr, &sig, &set), -MAP_ESPACE);
		ldns_rr_free(rrsig);
		ldns_rr_list_deep_free(list);
	}
}

static void
test_wildcard_owner(void **state)
{
	struct name owner = name_of("a.z.W.example"), signer = name_of("example");
	struct bytes rdata = {(const uint8_t *)"\xc0\0\2\1", 4};
	struct rrset set = {&owner, RR_A, CLASS_IN, 60, 1, &rdata};
	struct rrsig sig = {.covered = RR_A, .labels = 2, .ttl = 60, .signer = signer};
	struct wr wr;
	uint8_t out[256];

	(void)state;
	wr = wr_init(out, sizeof out);
	assert_int_equal(dnssec_signed(&wr, &sig, &set), 0);
	assert_memory_equal(out + 18 + 9, "\1*\1w\7example\0\0\1\0\1\0\0\0\74\0\4", 23);
	sig.labels = 4;
	wr = wr_init(out, sizeof out);
	assert_int_equal(dnssec_signed(&wr, &sig, &set), 0);
	assert_memory_equal(out + 18 + 9, "\1a\1z\1w\7example", 15);
	sig.labels = 5;
	wr = wr_init(out, sizeof out);
	assert_int_equal(dnssec_signed(&wr, &sig, &set), -MAP_EFORMAT);
	owner = name_of("*.w.example");
	sig.labels = 2;
	wr = wr_init(out, sizeof out);
	assert_int_equal(dnssec_labels(&owner), 2);
	assert_int_equal(dnssec_signed(&wr, &sig, &set), 0);
	assert_memory_equal(out + 18 + 9, "\1*\1w\7example", 13);
	assert_int_equal(dnssec_labels(&name_root), 0);
}

static void
test_rrsig(void **state)
{
	ldns_rr *rr = rr_of(samples[0].rrsig);
	uint8_t octets[512], out[512];
	struct bytes rdata = rr_rdata(rr, octets, sizeof octets);
	struct wr wr = wr_init(out, sizeof out);
	struct rrsig sig;

	(void)state;
	assert_int_equal(rrsig_read(rdata, &sig), 0);
	assert_int_equal(sig.covered, RR_MX);
	assert_int_equal(sig.algorithm, ALGORITHM_ED25519);
	assert_int_equal(sig.labels, 2);
	assert_int_equal(sig.ttl, 3600);
	assert_int_equal(sig.expiration, 1440021600);
	assert_int_equal(sig.inception, 1438207200);
	assert_int_equal(sig.tag, 3613);
	assert_int_equal(sig.signature.n, SIGNATURE_SIZE);
	rrsig_put(&wr, &sig);
	assert_bytes_equal(wr_done(&wr), rdata);
	for (size_t n = 0; n < 18 + 13; n++)
		assert_int_not_equal(rrsig_read((struct bytes){octets, n}, &sig), 0);
	ldns_rr_free(rr);
}

static void
test_ds_message(void **state)
{
	struct name owner = name_of("Example.COM");
	uint8_t out[64];
	struct wr wr = wr_init(out, sizeof out);

	(void)state;
	dnssec_ds_message(&wr, &owner, (struct bytes){(const uint8_t *)"key", 3});
	assert_int_equal(wr.n, 16);
	assert_memory_equal(out, "\7example\3com\0key", 16);
}

static void
test_bitmaps(void **state)
{
	/* RFC 4034 4.3 */
	static const uint16_t types[] = {RR_A, RR_MX, RR_RRSIG, RR_NSEC, 1234};
	uint8_t octets[64], out[9000];
	struct wr wr = wr_init(out, sizeof out);
	struct bytes bitmap;

	(void)state;
	dnssec_bitmap_put(&wr, types, 5);
	assert_bytes_equal(wr_done(&wr),
	    hex_bytes(
		"0006 400100000003 041b 000000000000000000000000000000000000000000000000000020",
		octets, sizeof octets));
	bitmap = wr_done(&wr);
	for (unsigned type = 0; type <= 65535; type++)
		assert_int_equal(dnssec_bitmap_has(bitmap, (uint16_t)type),
		    type == RR_A || type == RR_MX || type == RR_RRSIG || type == RR_NSEC ||
			type == 1234);
	wr = wr_init(out, sizeof out);
	dnssec_bitmap_put(&wr, types, 0);
	assert_int_equal(wr.n, 0);
	/* Short and lying bit maps are read to their end and not beyond. */
	assert_false(dnssec_bitmap_has((struct bytes){(const uint8_t *)"\0\6\100", 3}, RR_A));
	assert_false(dnssec_bitmap_has((struct bytes){(const uint8_t *)"\0", 1}, RR_A));
}

static void
test_bitmaps_with_ldns(void **state)
{
	(void)state;
	srand(2);
	for (unsigned round = 0; round < 500; round++) {
		uint16_t types[12];
		ldns_rr_type theirs[12];
		size_t n = 0;
		uint8_t out[512];
		struct wr wr = wr_init(out, sizeof out);
		ldns_rdf *rdf;

		for (unsigned t = (unsigned)rand() % 300; n < 12 && t < 65536;
		     t += 1 + (unsigned)rand() % (round % 2 == 0 ? 40 : 9000)) {
			/* ldns lists RRSIG and NSEC by itself. */
			if (t == RR_RRSIG || t == RR_NSEC || t == RR_NSEC3)
				continue;
			types[n] = (uint16_t)t;
			theirs[n++] = (ldns_rr_type)t;
		}
		dnssec_bitmap_put(&wr, types, n);
		rdf = ldns_dnssec_create_nsec_bitmap(theirs, n, LDNS_RR_TYPE_NSEC);
		for (unsigned t = 0; t < 65536; t++)
			if (t != RR_RRSIG && t != RR_NSEC)
				assert_int_equal(dnssec_bitmap_has(wr_done(&wr), (uint16_t)t),
				    ldns_nsec_bitmap_covers_type(rdf, (ldns_rr_type)t));
		ldns_rdf_deep_free(rdf);
	}
}

static void
test_nsec3_labels(void **state)
{
	static const char *const names[] = {"example", "A.example", "x.Y.w.example", "."};
	char label[NSEC3_LABEL + 1];
	uint8_t hash[20], back[20];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct name name = name_of(names[i]);
		ldns_rdf *dname = ldns_dname_new_frm_data(name.n, name.w);
		ldns_rdf *theirs = ldns_nsec3_hash_name(dname, 1, 0, 0, NULL);

		name_fold(&name);
		assert_non_null(ldns_sha1(name.w, name.n, hash));
		nsec3_label(hash, label);
		assert_int_equal(ldns_rdf_data(theirs)[0], NSEC3_LABEL);
		assert_memory_equal(ldns_rdf_data(theirs) + 1, label, NSEC3_LABEL);
		assert_int_equal(nsec3_label_read((const uint8_t *)label, 32, back), 0);
		assert_memory_equal(back, hash, 20);
		ldns_rdf_deep_free(dname);
		ldns_rdf_deep_free(theirs);
	}
	/* RFC 5155 A, as the wire may have it */
	assert_int_equal(
	    nsec3_label_read((const uint8_t *)"0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM", 32, back), 0);
	nsec3_label(back, label);
	assert_string_equal(label, "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom");
	assert_int_equal(nsec3_label_read((const uint8_t *)label, 31, back), -MAP_ETEXT);
	label[5] = 'w';
	assert_int_equal(nsec3_label_read((const uint8_t *)label, 32, back), -MAP_ETEXT);
}

/* RFC 1982 5.1, carried to 32 bits */
static void
test_serials(void **state)
{
	(void)state;
	assert_true(serial_after(1, 0));
	assert_false(serial_after(0, 1));
	assert_false(serial_after(7, 7));
	assert_true(serial_after(0, UINT32_MAX));
	assert_true(serial_after(44, UINT32_MAX - 100));
	assert_true(serial_after(0x7fffffff, 0));
	assert_false(serial_after(0x80000000, 0)); /* undefined: neither is later */
	assert_false(serial_after(0, 0x80000000));
	assert_true(serial_after(0, 0x80000001));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_key_tags),
	    cmocka_unit_test(test_signed_with_ldns),
	    cmocka_unit_test(test_wildcard_owner),
	    cmocka_unit_test(test_rrsig),
	    cmocka_unit_test(test_ds_message),
	    cmocka_unit_test(test_bitmaps),
	    cmocka_unit_test(test_bitmaps_with_ldns),
	    cmocka_unit_test(test_nsec3_labels),
	    cmocka_unit_test(test_serials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
