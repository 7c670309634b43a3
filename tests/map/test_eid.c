/*
 * test_eid.c - addresses, identities and realms: text, owner names, what can never be a locator.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/errors.h"
#include "tests/map/rows.h"

static void
row_spelling(const struct row *row)
{
	uint8_t want[16], got[16];

	row_hex(row->field[1], want, sizeof want);
	assert_int_equal(address_scan(row->field[0], strlen(row->field[0]), got), 0);
	assert_memory_equal(got, want, sizeof want);
}

static void
row_address(const struct row *row)
{
	uint8_t want[16], got[16];
	char text[ADDRESS_TEXT];

	row_spelling(row);
	row_hex(row->field[1], want, sizeof want);
	assert_string_equal(address_print(want, text), row->field[0]);
	address_print_ip6(want, text);
	assert_non_null(strchr(text, ':'));
	assert_int_equal(address_scan(text, strlen(text), got), 0);
	assert_memory_equal(got, want, sizeof want);
}

static void
row_bad_address(const struct row *row)
{
	uint8_t got[16];

	assert_int_equal(address_scan(row->field[0], strlen(row->field[0]), got), -MAP_ETEXT);
}

static void
test_addresses(void **state)
{
	uint8_t got[16];

	(void)state;
	assert_int_equal(rows_each("addresses.txt", "address", row_address), 16);
	assert_int_equal(rows_each("addresses.txt", "spelling", row_spelling), 4);
	assert_int_equal(rows_each("addresses.txt", "bad-address", row_bad_address), 15);
	assert_int_equal(address_scan("", 0, got), -MAP_ETEXT);
	assert_int_equal(address_scan("::1\0", 4, got), -MAP_ETEXT);
	assert_int_equal(address_scan("::1junk", 3, got), 0);
}

static void
row_locator(const struct row *row)
{
	struct eid id = row_identity(row->field[0]);
	bool always = strcmp(row->field[1], "always") == 0;
	bool never = strcmp(row->field[1], "never") == 0;

	assert_int_equal(address_refusal(id.address, false, NULL, 0) == NULL, always);
	assert_int_equal(address_refusal(id.address, true, NULL, 0) == NULL, !never);
}

static struct realm
realm_of(const char *text)
{
	struct realm realm;
	const char *why = NULL;

	if (realm_scan(text, &realm, &why) != 0)
		fail_msg("%s: %s", text, why);
	return realm;
}

static void
test_never_locators(void **state)
{
	struct realm realm = realm_of("2001:db8:ff00::/40=id.example.test");
	struct eid inside = row_identity("2001:db8:ff12::1");
	struct eid outside = row_identity("2001:db8:fe12::1");

	(void)state;
	assert_int_equal(rows_each("addresses.txt", "locator", row_locator), 35);
	assert_non_null(address_refusal(inside.address, true, &realm, 1));
	assert_null(address_refusal(outside.address, true, &realm, 1));
}

static void
test_realm_text(void **state)
{
	static const char *const bad[] = {"", "=", "/=", "2001:db8::=x", "2001:db8::/56",
	    "2001:db8::/12=x", "2001:db8::/57=x", "2001:db8::/128=x", "2001:db8::1/56=x",
	    "2001:db8:0:1800::/52=x", "2001:db8::/56=a..b", "x/56=y", "2001:db8::/=y"};
	struct realm realm = realm_of("2001:db8:0:1000::/52=ID.Example.TEST.");
	char text[NAME_TEXT];
	const char *why;

	(void)state;
	assert_int_equal(realm.length, 52);
	assert_string_equal(name_print(&realm.suffix, text), "id.example.test.");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		why = NULL;
		if (realm_scan(bad[i], &realm, &why) != -MAP_ETEXT)
			fail_msg("taken: %s", bad[i]);
		assert_non_null(why);
	}
}

/* Every length of prefix: the look-up name and back. */
static void
test_owner_and_back(void **state)
{
	struct eid id = row_identity("2001:3f:fe00:a05:1308:2469:9a4b:c6b2"), back;
	struct name suffix = row_name("id.example.test."), owner;
	unsigned count = 0;

	(void)state;
	for (unsigned length = 16; length <= 124; length += 4) {
		struct realm rows[2] = {realm_of("2001:db8::/32=id.example.test")};

		rows[1].suffix = suffix;
		rows[1].length = (uint8_t)length;
		for (unsigned i = 0; i < length; i++)
			rows[1].prefix[i / 8] |= id.address[i / 8] & (uint8_t)(0x80u >> i % 8);
		assert_true(realm_covers(&rows[1], &id));
		assert_false(realm_covers(&rows[0], &id));
		assert_int_equal(eid_owner_below(&id, length, &suffix, &owner), 0);
		assert_int_equal(owner.w[0], (128 - length) / 4);
		assert_int_equal(eid_from_owner(&owner, &rows[1], 1, &back), 0);
		assert_true(eid_equal(&id, &back));
		if (length != 32)
			assert_int_equal(
			    eid_from_owner(&owner, rows, 1, &back), -MAP_ENOTFOUND);
		count++;
	}
	assert_int_equal(count, 28);
	assert_int_equal(eid_owner_below(&id, 57, &suffix, &owner), -MAP_EUSAGE);
	assert_int_equal(eid_owner_below(&id, 12, &suffix, &owner), -MAP_EUSAGE);
	assert_int_equal(eid_owner_below(&id, 128, &suffix, &owner), -MAP_EUSAGE);
}

static void
test_owner_without_realm(void **state)
{
	struct eid id = row_identity("2001:3f:fe00:a05:1308:2469:9a4b:c6b2"), back;
	struct eid key =
	    row_identity("gxiccan53skxelil2nfxl5mwhxtymgqclbhpfqlbbjj3kpyd33iq@example.org");
	struct name owner;

	(void)state;
	assert_int_equal(eid_owner_reverse(id.address, &owner), 0);
	assert_int_equal(eid_from_owner(&owner, NULL, 0, &back), 0);
	assert_true(eid_equal(&id, &back));
	owner.w[1] = 'g';
	assert_int_equal(eid_from_owner(&owner, NULL, 0, &back), -MAP_ENOTFOUND);

	assert_int_equal(eid_owner_own(&key, &owner), 0);
	assert_int_equal(eid_from_owner(&owner, NULL, 0, &back), 0);
	assert_true(eid_equal(&key, &back));
	owner =
	    row_name("gxiccan53skxelil2nfxl5mwhxtymgqclbhpfqlbbjj3kpyd33ib._eid.example.org.");
	assert_int_equal(eid_from_owner(&owner, NULL, 0, &back), -MAP_ENOTFOUND);
	assert_int_equal(eid_from_owner(&name_root, NULL, 0, &back), -MAP_ENOTFOUND);
	assert_int_equal(eid_owner_own(&id, &owner), -MAP_EUNKNOWN);
}

static void
text_check(const char *text, bool strict, int error, enum eid_form form, const char *canonical)
{
	struct eid id;
	char printed[EID_TEXT];

	assert_int_equal(eid_scan(text, strlen(text), strict, &id), error);
	if (error != 0)
		return;
	assert_int_equal(id.form, form);
	assert_string_equal(eid_print(&id, printed), canonical);
}

static void
test_text(void **state)
{
	(void)state;
	text_check("WWW.Example.org.", false, 0, EID_NAME, "www.example.org");
	text_check("WWW.Example.org.", true, -MAP_ETEXT, EID_NAME, NULL);
	text_check("www.example.org", true, 0, EID_NAME, "www.example.org");
	text_check("2001:DB8::0:1", false, 0, EID_ADDRESS, "2001:db8::1");
	text_check("2001:DB8::0:1", true, -MAP_ETEXT, EID_ADDRESS, NULL);
	text_check("::ffff:192.0.2.1", true, -MAP_ETEXT, EID_ADDRESS, NULL);
	text_check("192.0.2.1", true, 0, EID_ADDRESS, "192.0.2.1");
	text_check("192.0.2.1.", false, 0, EID_NAME, "192.0.2.1.");
	text_check("a\\@b.example", true, 0, EID_NAME, "a\\@b.example");
	text_check("gxiccan53skxelil2nfxl5mwhxtymgqclbhpfqlbbjj3kpyd33iq@Example.ORG.", false,
	    0, EID_KEY, "gxiccan53skxelil2nfxl5mwhxtymgqclbhpfqlbbjj3kpyd33iq@example.org");
	text_check("a\\058b.example", true, 0, EID_NAME, "a\\058b.example");
	text_check("a:b.example", false, -MAP_ETEXT, EID_NONE, NULL);
	text_check(".", true, 0, EID_NAME, ".");
	text_check("", false, -MAP_ETEXT, EID_NONE, NULL);
}

static void
test_kinds(void **state)
{
	struct eid hhit = row_identity("2001:3f:fe00:a05:1308:2469:9a4b:c6b2");
	struct eid other_suite = row_identity("2001:3f:fe00:a03:1308:2469:9a4b:c6b2");
	struct eid hit = row_identity("2001:2f:fe00:a05:1308:2469:9a4b:c6b2");
	struct eid home = row_identity("2001:db8::1");

	(void)state;
	assert_true(eid_is_hhit(&hhit) && eid_is_self_certifying(&hhit) && !eid_is_hit(&hhit));
	assert_false(eid_is_hhit(&other_suite) || eid_is_self_certifying(&other_suite));
	assert_true(eid_is_hit(&hit) && !eid_is_hhit(&hit) && !eid_is_self_certifying(&hit));
	assert_false(eid_is_self_certifying(&home));
	assert_false(eid_equal(&hhit, &home));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_never_locators),
	    cmocka_unit_test(test_realm_text),
	    cmocka_unit_test(test_owner_and_back),
	    cmocka_unit_test(test_owner_without_realm),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
