/*
 * test_people.c - what an operator says of identities, and the names assigned to them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/wire/errors.h"
#include "mapd/people.h"
#include "tests/store/shed.h"

static struct name alice, bob;

static void
begin(void)
{
	shed_begin();
	assert_int_equal(name_from("alice.example.org.", &alice), 0);
	assert_int_equal(name_from("Bob.example.org.", &bob), 0);
}

static void
test_person(void **state)
{
	struct person person = {.flags = PERSON_ENROLLED, .enrolled = 77}, out;
	struct snapshot *snap;

	(void)state;
	begin();
	assert_false(person_get(shed.change, &alice, &out));
	person_put(shed.change, &alice, &person);
	assert_true(person_get(shed.change, &alice, &out));
	assert_int_equal(out.flags, PERSON_ENROLLED);
	assert_int_equal(out.enrolled, 77);
	assert_int_equal(out.banned, 0);
	assert_string_equal(out.why, "");
	person.flags |= PERSON_BANNED;
	person.banned = UINT64_MAX;
	memset(person.why, 'w', sizeof person.why); /* not ended */
	person_put(shed.change, &bob, &person);
	shed_commit();
	assert_int_equal(snapshot_new(shed.store, &snap), 0);
	assert_int_equal(snapshot_take(snap), 0);
	name_fold(&bob);
	assert_true(person_find(snap, &bob, &out));
	assert_int_equal(out.flags, PERSON_ENROLLED | PERSON_BANNED);
	assert_true(out.banned == UINT64_MAX);
	assert_int_equal(strlen(out.why), PERSON_WHY - 1);
	snapshot_free(snap);
	shed_begin();
	person.flags = 0;
	person_put(shed.change, &bob, &person);
	person_put(shed.change, &bob, &person);
	assert_false(person_get(shed.change, &bob, &out));
	assert_true(person_get(shed.change, &alice, &out));
	assert_int_equal(shed_count(TABLE_PEOPLE), 1);
	shed_commit();
}

/* Octets that nobody here wrote are no person, and nobody's name. */
static void
test_damaged(void **state)
{
	uint8_t key[NAME_KEY + 1], value[300] = {1, PERSON_BANNED, [18] = 0, [19] = PERSON_WHY};
	struct person person;
	struct name name;
	size_t n;

	(void)state;
	begin();
	n = name_key(&alice, key);
	for (size_t i = 0; i <= sizeof value; i++) {
		change_put(shed.change, TABLE_PEOPLE, (struct bytes){key, n},
		    (struct bytes){value, i});
		assert_int_equal(person_get(shed.change, &alice, &person), false);
	}
	value[19] = 4;
	change_put(
	    shed.change, TABLE_PEOPLE, (struct bytes){key, n}, (struct bytes){value, 24});
	assert_true(person_get(shed.change, &alice, &person));
	value[0] = 2; /* another version */
	change_put(
	    shed.change, TABLE_PEOPLE, (struct bytes){key, n}, (struct bytes){value, 24});
	assert_false(person_get(shed.change, &alice, &person));
	key[0] = 'n';
	n = 1 + name_key(&alice, key + 1);
	value[0] = 1;
	value[1] = 200;
	change_put(
	    shed.change, TABLE_ASSIGNED, (struct bytes){key, n}, (struct bytes){value, 24});
	assert_false(assigned_get(shed.change, &alice, &name));
	shed_commit();
}

static void
test_assigned(void **state)
{
	static const char *const names[] = {"www.example.org.", "a.www.example.org.",
	    "ftp.example.net.", "1.2.3.4.in-addr.arpa."};
	struct name name, identity, at = {0}, upper;
	struct snapshot *snap;
	unsigned seen = 0;

	(void)state;
	begin();
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(name_from(names[i], &name), 0);
		assert_false(assigned_get(shed.change, &name, &identity));
		assert_int_equal(assigned_put(shed.change, &name, &alice), 0);
		assert_int_equal(assigned_put(shed.change, &name, &alice), 0);
		assert_int_equal(assigned_put(shed.change, &name, &bob), -MAP_EEXIST);
	}
	assert_int_equal(assigned_count(shed.change, &alice), 4);
	assert_int_equal(assigned_count(shed.change, &bob), 0);
	assert_int_equal(shed_count(TABLE_ASSIGNED), 8);
	while (assigned_next(shed.change, &alice, &at))
		for (unsigned i = 0; i < 4; i++) {
			assert_int_equal(name_from(names[i], &name), 0);
			seen |= name_equal(&name, &at) ? 1u << i : 0;
		}
	assert_int_equal(seen, 15);
	assert_int_equal(name_from("mail.example.org.", &name), 0);
	assert_int_equal(assigned_put(shed.change, &name, &bob), 0);
	assert_int_equal(name_from("WWW.example.org.", &upper), 0);
	shed_commit();
	assert_int_equal(snapshot_new(shed.store, &snap), 0);
	assert_int_equal(snapshot_take(snap), 0);
	assert_true(assigned_find(snap, &upper, &identity));
	assert_true(name_equal(&identity, &alice));
	assert_false(assigned_find(snap, &alice, &identity));
	snapshot_free(snap);
	shed_begin();
	assigned_remove(shed.change, &upper);
	assigned_remove(shed.change, &upper);
	assert_int_equal(assigned_count(shed.change, &alice), 3);
	assert_int_equal(assigned_put(shed.change, &upper, &bob), 0);
	assert_int_equal(assigned_count(shed.change, &bob), 2);
	assert_int_equal(shed_count(TABLE_ASSIGNED), 10);
	shed_commit();
}

/* Names of the greatest length fit, and whose name begins like another's is not taken for him. */
static void
test_longest(void **state)
{
	struct name first = shed_longest(1), second = shed_longest(2), identity, at = {0}, com,
		    root;

	(void)state;
	begin();
	assert_int_equal(assigned_put(shed.change, &first, &second), 0);
	assert_true(assigned_get(shed.change, &first, &identity));
	assert_true(name_equal(&identity, &second));
	assert_int_equal(assigned_count(shed.change, &second), 1);
	assert_true(assigned_next(shed.change, &second, &at));
	assert_true(name_equal(&at, &first));
	assert_false(assigned_next(shed.change, &second, &at));
	assert_int_equal(name_from("com.", &com), 0);
	assert_int_equal(name_from(".", &root), 0);
	assert_int_equal(assigned_put(shed.change, &alice, &com), 0);
	assert_int_equal(assigned_put(shed.change, &bob, &root), 0);
	assert_int_equal(assigned_count(shed.change, &com), 1);
	assert_int_equal(assigned_count(shed.change, &root), 1);
	shed_commit();
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, shed_setup, shed_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(test_person), CASE(test_damaged), CASE(test_assigned), CASE(test_longest)};

	return cmocka_run_group_tests_name("people", tests, NULL, NULL);
}
