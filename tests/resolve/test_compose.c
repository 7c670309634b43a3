/*
 * test_compose.c - which locators of a mapping are usable at all: those that can never be locators
 * are passed over, and the others of the set stay.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/wire/errors.h"
#include "resolve/compose.h"

#define IDENTITY "2001:db8:5::1" /* under the realm below */

static struct realm realm = {.length = 48};
static struct resolver resolver = {.realms = &realm, .n_realms = 1};
static struct inquiry inquiry = {.resolver = &resolver};
static struct found_identity found;
static struct eloc direct[MAPPING_SET];
static struct search search = {.inquiry = &inquiry, .found = &found, .direct = direct};

static const struct {
	const char *address;
	enum eloc_kind kind;
	uint8_t flags;
	bool private_ok;
	bool usable;
} rows[] = {
    {"2001:db8:a::1", ELOC_IP6, 0, false, true},
    {"192.0.2.1", ELOC_IP4, 0, false, true},
    {"::ffff:192.0.2.1", ELOC_IP6, 0, true, false},
    {"::", ELOC_IP6, 0, true, false},
    {"::1", ELOC_IP6, 0, true, false},
    {"fe80::1", ELOC_IP6, 0, true, false},
    {"ff02::1", ELOC_IP6, 0, true, false},
    {"2001:20::1", ELOC_IP6, 0, true, false},
    {"2001:30::1", ELOC_IP6, 0, true, false},
    {"127.0.0.1", ELOC_IP4, 0, true, false},
    {"169.254.1.1", ELOC_IP4, 0, true, false},
    {"224.0.0.1", ELOC_IP4, 0, true, false},
    {"fd00::1", ELOC_IP6, 0, false, false},
    {"fd00::1", ELOC_IP6, 0, true, true},
    {"10.0.0.1", ELOC_IP4, 0, false, false},
    {"10.0.0.1", ELOC_IP4, 0, true, true},
    /* under an identity prefix of the local table: the identity's home alone */
    {"2001:db8:5::2", ELOC_IP6, 0, true, false},
    {"2001:db8:5::2", ELOC_IP6, ELOC_HOME, true, false},
    {IDENTITY, ELOC_IP6, 0, true, false},
    {IDENTITY, ELOC_IP6, ELOC_HOME, false, true},
    {"::1", ELOC_IP6, ELOC_HOME, true, false},
};

static void
address_of(const char *text, uint8_t address[16])
{
	assert_int_equal(address_scan(text, strlen(text), address), 0);
}

static void
test_never_locators(void **state)
{
	(void)state;
	address_of("2001:db8:5::", realm.prefix);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		memset(&found, 0, sizeof found);
		found.id.form = EID_ADDRESS;
		address_of(IDENTITY, found.id.address);
		found.mapping.dnssec = VERDICT_SECURE;
		memset(direct, 0, sizeof direct);
		direct[0].kind = rows[i].kind;
		direct[0].flags = rows[i].flags;
		address_of(rows[i].address, direct[0].address);
		direct[1].kind = ELOC_IP6;
		direct[1].preference = 7;
		address_of("2001:db8:f::f", direct[1].address);
		search.n_direct = 2;
		resolver.private_locators = rows[i].private_ok;
		compose_locators(&search);
		assert_int_equal(found.error, 0);
		if (found.n_locators != (rows[i].usable ? 2 : 1))
			fail_msg(
			    "row %zu, %s: %zu locators", i, rows[i].address, found.n_locators);
		assert_int_equal(found.locators[found.n_locators - 1].locator.preference, 7);
	}
}

/* A HIT is no question to anybody, and no reason to keep what stands beside it for no time. */
static void
test_hit(void **state)
{
	struct epid hit = {.preference = 1, .id = {.form = EID_ADDRESS}};
	struct search s;

	(void)state;
	address_of("2001:20::1", hit.id.address);
	assert_int_equal(search_init(&s, &inquiry, &hit, true, 0), 0);
	assert_true(search_step(&s));
	assert_int_equal(s.found->error, -MAP_EUNKNOWN);
	assert_int_equal(s.found->mapping.dnssec, VERDICT_MISSING);
	assert_int_equal(s.found->mapping.ttl, 300);
	search_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_never_locators),
	    cmocka_unit_test(test_hit),
	};
	return cmocka_run_group_tests_name("resolve/compose", tests, NULL, NULL);
}
