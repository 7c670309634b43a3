/*
 * test_name.c - names against the examples of RFC 1035 and RFC 4034, the limits, and ldns.
 */
#include "tests/wire/hex.h"

#include <stdio.h>
#include <stdlib.h>

#include <ldns/ldns.h>

#include "core/wire/errors.h"

static struct name
read_at(struct bytes wire, size_t at, int error)
{
	struct rd rd = rd_init(wire);
	struct name name;

	rd_bytes(&rd, at);
	name_read(&rd, &name);
	assert_int_equal(rd.error, error);
	assert_int_equal(name.n == 0, error != 0);
	return name;
}

/* RFC 1035 4.1.4: F.ISI.ARPA at 20, FOO.F.ISI.ARPA at 40, ARPA at 64, the root at 92. */
static void
test_compression(void **state)
{
	uint8_t wire[93] = {0};
	struct bytes all = {wire, sizeof wire};
	char text[NAME_TEXT];
	struct name name;

	(void)state;
	memcpy(wire + 20, "\1F\3ISI\4ARPA", 12);
	memcpy(wire + 40, "\3FOO\xc0\x14", 6);
	memcpy(wire + 64, "\xc0\x1a", 2);
	name = read_at(all, 20, 0);
	assert_string_equal(name_print(&name, text), "F.ISI.ARPA.");
	name = read_at(all, 40, 0);
	assert_string_equal(name_print(&name, text), "FOO.F.ISI.ARPA.");
	name = read_at(all, 64, 0);
	assert_string_equal(name_print(&name, text), "ARPA.");
	name = read_at(all, 92, 0);
	assert_string_equal(name_print(&name, text), ".");
}

/* The reader stands behind the pointer, not behind what it points to. */
static void
test_position(void **state)
{
	uint8_t octets[32];
	struct bytes wire = hex_bytes("0161 00 0162 c000 2a", octets, sizeof octets);
	struct rd rd = rd_init(wire);
	struct name name;

	(void)state;
	name_read(&rd, &name);
	assert_int_equal(rd.p - wire.p, 3);
	name_read(&rd, &name);
	assert_int_equal(rd_u8(&rd), 0x2a);
	assert_int_equal(rd_end(&rd), 0);
	assert_int_equal(name.n, 5);
}

static void
test_pointers_refused(void **state)
{
	static const struct {
		const char *wire;
		size_t at;
		int error;
	} rows[] = {
	    {"c000", 0, -MAP_EFORMAT}, /* to itself */
	    {"c002 c000", 0, -MAP_EFORMAT}, /* forward */
	    {"c002 c000", 2, -MAP_EFORMAT}, /* a loop of two */
	    {"0161 c000", 0, -MAP_EFORMAT}, /* to its own beginning */
	    {"00 0161 c001", 1, -MAP_EFORMAT}, /* the same, not at 0 */
	    {"00 0161 0162 c003", 1, -MAP_EFORMAT}, /* into itself */
	    {"036162 c000 00", 3, -MAP_ETRUNC}, /* to a label that runs into it */
	    {"026162 c000 00", 3, -MAP_ETRUNC}, /* to labels that do not end before it */
	    {"0161 c0 c000 00", 3, -MAP_ETRUNC}, /* to half a pointer before it */
	    {"0161 c0", 0, -MAP_ETRUNC}, /* half a pointer */
	    {"c1ff 00", 0, -MAP_EFORMAT}, /* behind the end */
	    {"4161 00", 0, -MAP_EFORMAT}, /* extended label types */
	    {"8161 00", 0, -MAP_EFORMAT},
	    {"0161", 0, -MAP_ETRUNC}, /* not ended */
	    {"0561", 0, -MAP_ETRUNC}, /* short label */
	    {"", 0, -MAP_ETRUNC},
	};
	uint8_t octets[64];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		read_at(
		    hex_bytes(rows[i].wire, octets, sizeof octets), rows[i].at, rows[i].error);
}

/* 8191 pointers, each to the one before: must be refused after a few. */
static void
test_pointer_chain(void **state)
{
	static uint8_t wire[16384];
	struct bytes all = {wire, sizeof wire};

	(void)state;
	for (size_t i = 2; i + 1 < sizeof wire; i += 2) {
		wire[i] = (uint8_t)(0xc0 | (i - 2) >> 8);
		wire[i + 1] = (uint8_t)(i - 2);
	}
	read_at(all, 4, 0);
	read_at(all, sizeof wire - 2, -MAP_EFORMAT);
}

/* Each name adds a label to the one before: what a good compressor writes, 126 pointers deep. */
static void
test_pointer_ladder(void **state)
{
	uint8_t wire[1024];
	struct wr wr = wr_init(wire, sizeof wire);
	size_t at = 0;
	struct name name;

	(void)state;
	wr_u8(&wr, 0);
	for (unsigned i = 0; i < 127; i++) {
		size_t here = wr.n;

		wr_u8(&wr, 1);
		wr_u8(&wr, 'a');
		wr_u16(&wr, (uint16_t)(0xc000 | at));
		at = here;
	}
	name = read_at(wr_done(&wr), at, 0);
	assert_int_equal(name.n, 255);
	assert_int_equal(name_labels(&name), 127);
	wr_u8(&wr, 1);
	wr_u8(&wr, 'a');
	wr_u16(&wr, (uint16_t)(0xc000 | at));
	read_at(wr_done(&wr), wr.n - 4, -MAP_EFORMAT);
}

static void
test_limits(void **state)
{
	uint8_t wire[300] = {0};
	char text[600];
	struct name name;
	struct rd rd;

	(void)state;
	for (size_t i = 0; i < 256; i += 64)
		wire[i] = 63;
	wire[192] = 61; /* 3 * 64 + 62 + 1 = 255 */
	read_at((struct bytes){wire, sizeof wire}, 0, 0);
	wire[192] = 62;
	read_at((struct bytes){wire, sizeof wire}, 0, -MAP_EFORMAT);

	memset(text, 'a', sizeof text);
	assert_int_equal(name_scan(text, 63, NULL, &name), 0);
	assert_int_equal(name_scan(text, 64, NULL, &name), -MAP_ESPACE);
	for (size_t i = 63; i < 255; i += 64)
		text[i] = '.';
	assert_int_equal(name_scan(text, 192 + 61, NULL, &name), 0);
	assert_int_equal(name.n, 255);
	assert_int_equal(name_scan(text, 192 + 62, NULL, &name), -MAP_ESPACE);
	assert_int_equal(name_scan(text, 192 + 60, &name_root, &name), 0);
	for (size_t i = 1; i < 508; i += 2)
		text[i] = '.';
	assert_int_equal(name_scan(text, 254, NULL, &name), 0);
	assert_int_equal(name_labels(&name), 127);
	assert_int_equal(name_scan(text, 256, NULL, &name), -MAP_ESPACE);

	/* Without compression a pointer is an error even where it would lead somewhere. */
	rd = rd_init((struct bytes){(const uint8_t *)"\0\xc0\0", 3});
	rd_u8(&rd);
	name_read_plain(&rd, &name);
	assert_int_equal(rd.error, -MAP_EFORMAT);
}

/* A name may point out of its record but not be read on beyond it. */
static void
test_record_boundary(void **state)
{
	uint8_t octets[32];
	struct bytes wire = hex_bytes("0161 00 0162 c000 0163 00", octets, sizeof octets);
	struct rd rd = rd_init_within(wire, (struct bytes){wire.p + 3, 4});
	struct name name;

	(void)state;
	name_read(&rd, &name);
	assert_int_equal(rd_end(&rd), 0);
	assert_int_equal(name.n, 5);
	rd = rd_init_within(wire, (struct bytes){wire.p + 7, 2});
	name_read(&rd, &name);
	assert_int_equal(rd.error, -MAP_ETRUNC);
}

static void
test_text(void **state)
{
	static const char *const refused[] = {"", "..", ".a", "a..b", "a\\", "a\\25", "a\\256",
	    "a\\1b2", "\"a\"", "a b", "a\tb", "a\x80"};
	struct name origin, name;
	char text[NAME_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		assert_int_equal(name_from(refused[i], &name), -MAP_ETEXT);
	origin = name_of("Example.ORG.");
	assert_int_equal(name_scan("a", 1, &origin, &name), 0);
	assert_string_equal(name_print(&name, text), "a.Example.ORG.");
	assert_int_equal(name_scan("a.", 2, &origin, &name), 0);
	assert_string_equal(name_print(&name, text), "a.");
	assert_int_equal(name_scan("@", 1, &origin, &name), 0);
	assert_true(name_equal(&name, &origin));
	assert_int_equal(name_scan("a\\.b\\032\\@\\000", 14, &origin, &name), 0);
	assert_memory_equal(name.w, "\6a.b @\0\7Example\3ORG", 20);
	assert_string_equal(name_print(&name, text), "a\\.b\\032\\@\\000.Example.ORG.");
	/* as NSD, BIND and Knot all read it: tests/cases/names.case */
	assert_int_equal(name_scan("\"\\\\\\[x{-_*/", 10, &origin, &name), -MAP_ETEXT);
	assert_int_equal(name_scan("a\"\\\\[x{-_*/", 11, &origin, &name), 0);
	assert_string_equal(
	    name_print_portable(&name, text), "a\\034\\092\\091x\\{-_*/.Example.ORG.");
}

/* Each octet once, printed by us and read by ldns, printed by ldns and read by us. */
static void
test_octets_with_ldns(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		struct name name = {.n = 5, .w = {3, 'x', (uint8_t)c, 'y', 0}}, back;
		char text[NAME_TEXT], *theirs;
		ldns_rdf *rdf = ldns_dname_new_frm_str(name_print(&name, text));

		assert_non_null(rdf);
		assert_int_equal(ldns_rdf_size(rdf), 5);
		assert_memory_equal(ldns_rdf_data(rdf), name.w, 5);
		theirs = ldns_rdf2str(rdf);
		assert_int_equal(name_from(theirs, &back), 0);
		assert_bytes_equal(name_bytes(&back), name_bytes(&name));
		free(theirs);
		ldns_rdf_deep_free(rdf);
	}
}

/* RFC 4034 6.1, in its order. */
static const char *const ordered[] = {"example", "a.example", "yljkjljk.a.example",
    "Z.a.example", "zABC.a.EXAMPLE", "z.example", "\\001.z.example", "*.z.example",
    "\\200.z.example"};

static void
test_order(void **state)
{
	const size_t n = sizeof ordered / sizeof ordered[0];

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			struct name a = name_of(ordered[i]), b = name_of(ordered[k]);
			uint8_t key_a[NAME_KEY], key_b[NAME_KEY];
			struct bytes x = {key_a, name_key(&a, key_a)};
			struct bytes y = {key_b, name_key(&b, key_b)};
			int order = name_compare(&a, &b), keys = bytes_compare(x, y);

			assert_int_equal(order < 0, i < k);
			assert_int_equal(order > 0, i > k);
			assert_int_equal(keys < 0, i < k);
			assert_int_equal(keys > 0, i > k);
		}
}

/* Names of few labels of octets that need escaping or differ only in case. */
static struct name
name_random(void)
{
	static const uint8_t octets[] = {0, 1, 2, '*', 'A', 'a', 'b', '.', 0xff};
	struct name name = name_root;

	for (unsigned labels = (unsigned)rand() % 4; labels > 0; labels--) {
		uint8_t label[4] = {(uint8_t)(rand() % 3 + 1)};

		for (unsigned i = 1; i <= label[0]; i++)
			label[i] = octets[(size_t)rand() % sizeof octets];
		assert_int_equal(name_child(&name, label, &name), 0);
	}
	return name;
}

static int
sign_of(int order)
{
	return (order > 0) - (order < 0);
}

static void
test_order_with_ldns(void **state)
{
	(void)state;
	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		struct name a = name_random(), b = name_random(), back;
		uint8_t key_a[NAME_KEY], key_b[NAME_KEY];
		struct bytes x = {key_a, name_key(&a, key_a)};
		struct bytes y = {key_b, name_key(&b, key_b)};
		ldns_rdf *theirs_a = ldns_dname_new_frm_data(a.n, a.w);
		ldns_rdf *theirs_b = ldns_dname_new_frm_data(b.n, b.w);
		int order = sign_of(ldns_dname_compare(theirs_a, theirs_b));

		assert_int_equal(sign_of(name_compare(&a, &b)), order);
		assert_int_equal(sign_of(bytes_compare(x, y)), order);
		assert_int_equal(name_equal(&a, &b), order == 0);
		assert_int_equal(name_is_below(&a, &b),
		    order == 0 || ldns_dname_is_subdomain(theirs_a, theirs_b));
		assert_int_equal(name_from_key(x, &back), 0);
		name_fold(&a);
		assert_bytes_equal(name_bytes(&back), name_bytes(&a));
		ldns_rdf_deep_free(theirs_a);
		ldns_rdf_deep_free(theirs_b);
	}
}

static void
test_keys_refused(void **state)
{
	static const char *const rows[] = {
	    "61", "00", "610000", "4100", "6103", "010300", "01", "610100"};
	uint8_t octets[NAME_KEY + 8], key[NAME_KEY];
	struct name name;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(
		    name_from_key(hex_bytes(rows[i], octets, sizeof octets), &name),
		    -MAP_EFORMAT);
	memset(octets, 'a', 64);
	octets[64] = 0;
	assert_int_equal(name_from_key((struct bytes){octets, 65}, &name), -MAP_EFORMAT);
	assert_int_equal(name_from_key((struct bytes){octets + 1, 64}, &name), 0);

	/* The longest key: four labels of octets that are all escaped. */
	memset(&name, 0, sizeof name);
	name.n = 255;
	name.w[0] = name.w[64] = name.w[128] = 63;
	name.w[192] = 61;
	assert_int_equal(name_key(&name, key), NAME_KEY);
	assert_int_equal(name_from_key((struct bytes){key, NAME_KEY}, &name), 0);
	assert_int_equal(name.n, 255);
}

static void
test_family(void **state)
{
	struct name host = name_of("www.Example.org"), zone = name_of("example.ORG"), out;
	uint8_t at[NAME_LABELS];
	char text[NAME_TEXT];

	(void)state;
	assert_true(name_is_below(&host, &zone));
	assert_false(name_is_below(&zone, &host));
	assert_true(name_is_below(&zone, &name_root));
	out = name_of("xexample.org");
	assert_false(name_is_below(&out, &zone));
	/* Ends with the same octets, but not at a label. */
	out = (struct name){.n = 14, .w = "\14\7example\3org"};
	assert_false(name_is_below(&out, &zone));
	assert_int_equal(name_offsets(&host, at), 4);
	assert_int_equal(at[1], 4);
	assert_int_equal(at[3], host.n - 1);
	name_parent(&host, 1, &out);
	assert_true(name_equal(&out, &zone));
	name_parent(&host, 3, &out);
	assert_int_equal(out.n, 1);
	assert_false(name_is_lower(&host));
	assert_int_equal(name_wildcard_of(&zone, &out), 0);
	assert_true(name_is_wildcard(&out));
	assert_false(name_is_wildcard(&host));

	/* RFC 6672 2.2 */
	out = name_of("shortloop.x.x");
	host = name_of("x");
	assert_int_equal(name_replace(&out, &host, &name_root, &out), 0);
	assert_string_equal(name_print(&out, text), "shortloop.x.");
	zone = name_of("example.net");
	host = name_of("foo.example.com");
	out = name_of("a.b.foo.example.com");
	assert_int_equal(name_replace(&out, &host, &zone, &out), 0);
	assert_string_equal(name_print(&out, text), "a.b.example.net.");
}

static void
test_replace_too_long(void **state)
{
	struct name from = name_of("x"), to = name_root, name, out;
	uint8_t label[64] = {63};

	(void)state;
	memset(label + 1, 'l', 63);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(name_child(&to, label, &to), 0);
	name = from;
	label[0] = 61;
	assert_int_equal(name_child(&name, label, &name), 0);
	assert_int_equal(name_replace(&name, &from, &to, &out), 0);
	assert_int_equal(out.n, 255);
	name = from;
	label[0] = 62;
	assert_int_equal(name_child(&name, label, &name), 0);
	assert_int_equal(name_replace(&name, &from, &to, &out), -MAP_ESPACE);
	assert_int_equal(name_child(&out, label, &out), -MAP_ESPACE);
}

/* Every octet at every place, and only the letters change. */
static void
test_fold(void **state)
{
	(void)state;
	for (unsigned octet = 0; octet < 256; octet++)
		for (uint8_t n = 0; n < 20; n++) {
			bool upper = octet >= 'A' && octet <= 'Z';
			struct name name = {.n = n};

			memset(name.w, (int)octet, sizeof name.w);
			name_fold(&name);
			for (size_t i = 0; i < sizeof name.w; i++)
				assert_int_equal(
				    name.w[i], octet + (upper && i < n ? 0x20 : 0));
			/* beside others, which carry nothing over */
			memset(name.w, 0xff, sizeof name.w);
			name.w[n] = (uint8_t)octet;
			name.n = NAME_WIRE;
			name_fold(&name);
			for (size_t i = 0; i < sizeof name.w; i++)
				assert_int_equal(
				    name.w[i], i != n ? 0xff : octet + (upper ? 0x20 : 0));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_compression),
	    cmocka_unit_test(test_position),
	    cmocka_unit_test(test_pointers_refused),
	    cmocka_unit_test(test_pointer_chain),
	    cmocka_unit_test(test_pointer_ladder),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_record_boundary),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_octets_with_ldns),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_order_with_ldns),
	    cmocka_unit_test(test_keys_refused),
	    cmocka_unit_test(test_family),
	    cmocka_unit_test(test_replace_too_long),
	    cmocka_unit_test(test_fold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
