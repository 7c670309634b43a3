/*
 * test_account.c - what each user has in flight: kept as long as there is something, and never more
 * than is left to all others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "resolverd/account.h"

static size_t
accounts_count(const struct accounts *all)
{
	size_t n = 0;

	for (size_t i = 0; i < ACCOUNT_PLACES; i++)
		for (const struct account *a = all->places[i]; a != NULL; a = a->chain)
			n++;
	return n;
}

static void
test_kept_while_used(void **state)
{
	struct accounts all = {.places = {NULL}};
	struct account *a = account_get(&all, 7);
	size_t *of_a[] = {&a->clients, &a->tickets, &a->lookups, &a->asks};

	(void)state;
	for (size_t i = 0; i < sizeof of_a / sizeof of_a[0]; i++) {
		++*of_a[i];
		account_put(&all, a);
		assert_ptr_equal(account_get(&all, 7), a);
		if (i > 0)
			--*of_a[i - 1];
	}
	account_put(&all, a);
	assert_int_equal(accounts_count(&all), 1);
	a->asks = 0;
	account_put(&all, a);
	assert_int_equal(accounts_count(&all), 0);
}

/* Questions upstream end without a word: such an account goes when its place is next looked at. */
static void
test_forgotten(void **state)
{
	struct accounts all = {.places = {NULL}};
	struct account *a = account_get(&all, 1), *b;

	(void)state;
	a->asks = 2;
	b = account_get(&all, 1 + ACCOUNT_PLACES);
	b->clients = 1;
	assert_ptr_not_equal(a, b);
	assert_int_equal(accounts_count(&all), 2);
	a->asks = 0;
	assert_ptr_equal(account_get(&all, 1 + ACCOUNT_PLACES), b);
	assert_int_equal(accounts_count(&all), 1);
	accounts_fini(&all);
	assert_int_equal(accounts_count(&all), 0);
}

/* Of 100: one alone gets half, the next half of what is left, and so on: there is room for another. */
static void
test_shares(void **state)
{
	size_t own[5] = {0}, all = 0;

	(void)state;
	for (size_t user = 0; user < 5; user++) {
		assert_true(account_allows(own[user], all, 100));
		for (; account_allows(own[user], all, 100); all++)
			own[user]++;
	}
	assert_int_equal(own[0], 50);
	assert_int_equal(own[1], 25);
	assert_true(own[4] >= 3);
	assert_false(account_allows(0, 100, 100));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kept_while_used),
	    cmocka_unit_test(test_forgotten),
	    cmocka_unit_test(test_shares),
	};
	return cmocka_run_group_tests_name("resolverd/account", tests, NULL, NULL);
}
