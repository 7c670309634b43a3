/*
 * test_vectors.c - the protocol's vectors: identities, records, proofs, references, good and bad.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/trust/trust.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"
#include "tests/map/rows.h"

static void
assert_name(const struct name *name, const char *text)
{
	char printed[NAME_TEXT];

	assert_string_equal(name_print(name, printed), text);
}

static void
row_hhit(const struct row *row)
{
	uint8_t left[8], key[32], want[16], got[16];
	struct eid id = {.form = EID_ADDRESS};

	row_hex(row->field[2], key, sizeof key);
	row_hex(row->field[3], want, sizeof want);
	hhit_left(
	    (uint16_t)row_number(row->field[0]), (uint16_t)row_number(row->field[1]), left);
	assert_memory_equal(left, want, sizeof left);
	assert_int_equal(trust_hhit(left, key, got), 0);
	assert_memory_equal(got, want, sizeof got);
	memcpy(id.address, want, sizeof want);
	assert_true(eid_is_hhit(&id));
	assert_int_equal(trust_key_check(&id, 15, (struct bytes){key, 32}), 0);
	for (unsigned bit = 0; bit < 8 * sizeof key; bit++) {
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(trust_key_check(&id, 15, (struct bytes){key, 32}), -MAP_EKEY);
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void
row_foreign_key(const struct row *row)
{
	uint8_t key[32];
	struct eid id = {.form = EID_ADDRESS};

	row_hex(row->field[0], key, sizeof key);
	row_hex(row->field[1], id.address, sizeof id.address);
	assert_int_equal(trust_key_check(&id, 15, (struct bytes){key, 32}), -MAP_EKEY);
}

static void
test_hhit(void **state)
{
	(void)state;
	assert_int_equal(rows_each("identities.txt", "hhit", row_hhit), 5);
	assert_int_equal(rows_each("identities.txt", "foreign", row_foreign_key), 4);
}

static void
row_below(const struct row *row)
{
	struct name suffix = row_name(row->field[1]), owner;
	struct eid id = row_identity(row->field[2]);

	assert_int_equal(eid_owner_below(&id, row_number(row->field[0]), &suffix, &owner), 0);
	assert_name(&owner, row->field[3]);
}

static void
row_reverse(const struct row *row)
{
	struct eid id = row_identity(row->field[0]);
	struct name owner;

	assert_int_equal(eid_owner_reverse(id.address, &owner), 0);
	assert_name(&owner, row->field[1]);
}

static void
row_key(const struct row *row)
{
	uint8_t key_octets[64], want[EID_DIGEST];
	struct bytes key = row_hex(row->field[1], key_octets, sizeof key_octets);
	struct eid id = {.form = EID_KEY, .name = row_name(row->field[2])};
	char text[EID_TEXT];
	struct eid back;
	struct name owner;

	row_hex(row->field[3], want, sizeof want);
	assert_int_equal(trust_digest((int)row_number(row->field[0]), key, id.digest), 0);
	assert_memory_equal(id.digest, want, sizeof want);
	assert_string_equal(eid_print(&id, text), row->field[4]);
	back = row_identity(row->field[4]);
	assert_true(eid_equal(&id, &back));
	assert_int_equal(eid_owner_own(&id, &owner), 0);
	assert_name(&owner, row->field[5]);
	assert_int_equal(trust_key_check(&id, (int)row_number(row->field[0]), key), 0);
	key_octets[0] ^= 1;
	assert_int_equal(trust_key_check(&id, (int)row_number(row->field[0]), key), -MAP_EKEY);
}

static void
row_tag(const struct row *row)
{
	uint8_t rdata[64];

	assert_int_equal(dnssec_key_tag(row_hex(row->field[0], rdata, sizeof rdata)),
	    row_number(row->field[1]));
}

static void
row_not_identity(const struct row *row)
{
	struct eid id;

	assert_int_not_equal(eid_scan(row->field[0], strlen(row->field[0]), false, &id), 0);
}

static void
test_names(void **state)
{
	(void)state;
	assert_int_equal(rows_each("identities.txt", "below", row_below), 2);
	assert_int_equal(rows_each("identities.txt", "reverse", row_reverse), 2);
	assert_int_equal(rows_each("identities.txt", "key", row_key), 1);
	assert_int_equal(rows_each("identities.txt", "tag", row_tag), 1);
	assert_int_equal(rows_each("identities.txt", "not-identity", row_not_identity), 11);
}

static void
row_good_record(const struct row *row)
{
	bool is_epid = strcmp(row->field[0], "EPID") == 0;
	uint8_t want_octets[512], got[512];
	struct bytes want = row_hex(row->field[2], want_octets, sizeof want_octets);
	struct wr wr = wr_init(got, sizeof got);
	char copy[1024], printed[RDATA_TEXT], *words[16];
	const char *why = NULL;
	size_t n;
	int error;

	snprintf(copy, sizeof copy, "%s", row->field[1]);
	n = row_words(copy, words);
	error = is_epid ? epid_scan(words, n, &name_root, &wr, &why)
			: eloc_scan(words, n, &name_root, &wr, &why);
	if (error != 0)
		fail_msg("line %u: %s", row->line, why);
	assert_int_equal(wr.n, want.n);
	assert_memory_equal(got, want.p, want.n);
	error = is_epid ? epid_print(want, printed, sizeof printed)
			: eloc_print(want, printed, sizeof printed);
	assert_int_equal(error, 0);
	assert_string_equal(printed, row->field[1]);
}

static int
record_read(const char *type, struct bytes rdata)
{
	struct epid epid;
	struct eloc eloc;

	return strcmp(type, "EPID") == 0 ? epid_read(rdata, &epid) : eloc_read(rdata, &eloc);
}

static void
row_bad_record(const struct row *row)
{
	uint8_t octets[512];
	struct bytes rdata = row_hex(row->field[1], octets, sizeof octets);
	int error = record_read(row->field[0], rdata);

	if (error == 0 || error == -MAP_EUNKNOWN)
		fail_msg("line %u: taken: %s", row->line, row->field[2]);
	assert_non_null(mapping_refusal(
	    strcmp(row->field[0], "EPID") == 0 ? RR_EPID : RR_ELOC, &rdata, 1, true, NULL, 0));
}

static void
row_skipped_record(const struct row *row)
{
	uint8_t octets[512];
	struct bytes rdata = row_hex(row->field[1], octets, sizeof octets);

	assert_int_equal(record_read(row->field[0], rdata), -MAP_EUNKNOWN);
	assert_non_null(mapping_refusal(
	    strcmp(row->field[0], "EPID") == 0 ? RR_EPID : RR_ELOC, &rdata, 1, true, NULL, 0));
}

static void
test_records(void **state)
{
	(void)state;
	assert_int_equal(rows_each("records.txt", "good", row_good_record), 12);
	assert_int_equal(rows_each("records.txt", "bad", row_bad_record), 32);
	assert_int_equal(rows_each("records.txt", "skipped", row_skipped_record), 4);
}

/* Every octet cut off or added makes a good record bad, where it is not optional by itself. */
static void
row_cut(const struct row *row)
{
	uint8_t octets[512];
	struct bytes rdata = row_hex(row->field[2], octets, sizeof octets);
	struct bytes cut = {rdata.p, rdata.n - 1}, longer = {rdata.p, rdata.n + 1};

	octets[rdata.n] = 0x61;
	assert_int_not_equal(record_read(row->field[0], cut), 0);
	assert_int_not_equal(record_read(row->field[0], longer), 0);
}

static void
test_records_cut(void **state)
{
	(void)state;
	assert_int_equal(rows_each("records.txt", "good", row_cut), 12);
}

static struct eloc
eloc_of(const char *text, uint8_t *octets, size_t max)
{
	struct wr wr = wr_init(octets, max);
	char copy[512], *words[16];
	const char *why;
	struct eloc e;

	snprintf(copy, sizeof copy, "%s", text);
	assert_int_equal(eloc_scan(words, row_words(copy, words), &name_root, &wr, &why), 0);
	assert_int_equal(eloc_read(wr_done(&wr), &e), 0);
	return e;
}

static void
assert_locator(const struct locator *l, const char *address, int preference, int weight)
{
	char text[ADDRESS_TEXT];

	assert_string_equal(address_print(l->address, text), address);
	assert_int_equal(l->preference, preference);
	assert_int_equal(l->weight, weight);
}

static void
test_composition(void **state)
{
	uint8_t octets[7][128];
	struct eloc via = eloc_of("10 50 via:::1:0:0:0:10@site.example.org.", octets[0], 128);
	struct eloc far =
	    eloc_of("65530 50 via:::1:0:0:0:10@site.example.org.", octets[1], 128);
	struct eloc a = eloc_of("10 60 net:2001:db8:a::/48 path=isp-a", octets[2], 128);
	struct eloc b = eloc_of("10 40 net:2001:db8:b::/48 drain path=isp-b", octets[3], 128);
	struct eloc c = eloc_of("10 40 net:2001:db8:c::/64", octets[4], 128);
	struct eloc mapped =
	    eloc_of("10 50 via:::ffff:192.0.2.1@site.example.org.", octets[5], 128);
	struct eloc zero = eloc_of("10 40 net:::/16", octets[6], 128);
	struct locator l;

	(void)state;
	assert_true(locator_compose(&via, &a, &l));
	assert_locator(&l, "2001:db8:a:1::10", 20, 60);
	assert_string_equal(l.path, "isp-a");
	assert_int_equal(l.flags, 0);
	assert_true(locator_compose(&via, &b, &l));
	assert_locator(&l, "2001:db8:b:1::10", 20, 40);
	assert_string_equal(l.path, "isp-b");
	assert_int_equal(l.flags, ELOC_DRAIN);
	assert_true(locator_compose(&far, &a, &l));
	assert_int_equal(l.preference, 65535);
	assert_false(locator_compose(&via, &c, &l));
	assert_true(locator_compose(&mapped, &a, &l));
	assert_false(locator_compose(&mapped, &zero, &l));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_hhit),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_records),
	    cmocka_unit_test(test_records_cut),
	    cmocka_unit_test(test_composition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
