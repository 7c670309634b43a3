/*
 * test_own.c - this host's own addresses in a mapping, as a table of who is asked for and where he says to be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/errors.h"
#include "resolverd/own.h"

#define LOCATORS 3

#define MINE "2001:db8:a::1" /* of this host, and preferred */
#define OLD "2001:db8:b::1" /* of this host, on a link without a carrier */
#define FOUR "192.0.2.1" /* of this host */
#define AWAY "2001:db8:c::1"
#define AWAY4 "192.0.2.2"

static struct addresses addresses;

static const char *const have[] = {MINE, OLD, FOUR};

enum asked { STRANGER, NAMED, NAMED_IN_VAIN, LEGACY };

static const struct {
	enum asked asked;
	const char *locators[LOCATORS]; /* "-" before the address: it is passed over */
} rows[] = {
    {STRANGER, {AWAY, AWAY4}},
    {STRANGER, {"-" MINE, AWAY}},
    {STRANGER, {AWAY, "-" OLD}},
    {STRANGER, {"-" FOUR, AWAY, "-" MINE}},
    {STRANGER, {MINE}}, /* a program beside */
    {STRANGER, {MINE, OLD, FOUR}},
    {NAMED, {MINE, AWAY}}, /* who has lost one of his addresses is himself all the same */
    {NAMED_IN_VAIN, {"-" MINE, AWAY}},
    {LEGACY, {"-" MINE, AWAY}},
    {LEGACY, {MINE, FOUR}},
};

static void
address_of(const char *text, uint8_t address[16])
{
	assert_int_equal(address_scan(text, strlen(text), address), 0);
}

static void
id_of(const char *text, struct eid *id)
{
	id->form = EID_ADDRESS;
	address_of(text, id->address);
}

static void
test_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof have / sizeof have[0]; i++)
		address_of(have[i], addresses.list[addresses.n++].address);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		static struct result local;
		static struct found_identity id;
		bool own;

		memset(&local, 0, sizeof local);
		memset(&id, 0, sizeof id);
		if (rows[i].asked != LEGACY)
			id_of("2001:3f::1", &id.id);
		local.n_identities = 2;
		id_of("2001:3f::2", &local.identities[0].id);
		id_of(rows[i].asked == STRANGER ? "2001:3f::3" : "2001:3f::1",
		    &local.identities[1].id);
		if (rows[i].asked == LEGACY)
			local.identities[1].id.form = EID_NONE;
		if (rows[i].asked == NAMED_IN_VAIN)
			local.identities[1].error = -MAP_ENOPROOF;
		for (size_t l = 0; l < LOCATORS && rows[i].locators[l] != NULL; l++)
			address_of(rows[i].locators[l] + (rows[i].locators[l][0] == '-'),
			    id.locators[id.n_locators++].locator.address);
		own = own_is_identity(&id, &local, &addresses);
		if (rows[i].asked == STRANGER)
			assert_int_equal(own_is_identity(&id, NULL, &addresses), own);
		for (size_t l = 0; l < id.n_locators; l++)
			if (own_is_in_the_way(&id.locators[l].locator, own, &addresses) !=
			    (rows[i].locators[l][0] == '-'))
				fail_msg("row %zu: %s", i, rows[i].locators[l]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests_name("resolverd/own", tests, NULL, NULL);
}
