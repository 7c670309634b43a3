/*
 * test_stories.c - which sessions are told what of an address that is left, and of its return.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolverd/stories.h"

/* Four sessions: 1 and 2 by both addresses, 3 by the second alone, 4 by IPv4; and 5, which is managed one by one. */
static struct subflow list[7];
static struct subflows seen = {.n = 7, .list = list};
static char told[1024];

static void
tell(void *arg, uint32_t token, const char *words)
{
	size_t n = strlen(told);

	assert_null(arg);
	snprintf(told + n, sizeof told - n, "%u %s\n", token, words);
}

static const struct paths_company company = {.tell = tell};

static struct subflow
flow(uint32_t token, uint8_t from)
{
	return (struct subflow){.token = token,
	    .local = {0x20, 1, 0x0d, 0xb8, [15] = from},
	    .remote = {0x20, 1, 0x0d, 0xb8, [15] = (uint8_t)(0x10 + token)}};
}

static int
fresh(void **state)
{
	(void)state;
	told[0] = '\0';
	list[0] = flow(1, 1);
	list[1] = flow(1, 2);
	list[2] = flow(2, 1);
	list[3] = flow(2, 2);
	list[4] = flow(3, 2);
	list[5] = (struct subflow){.token = 4, .local = {[10] = 0xff, 0xff, 192, 0, 2, 1}};
	list[6] = flow(5, 1);
	list[6].managed = true;
	return 0;
}

static void
test_left(void **state)
{
	(void)state;
	stories_left(&company, &seen, &list[2], "no answer, where another one answers");
	assert_string_equal(told,
	    "1 path from 2001:db8::1 to 2001:db8::11 left: dead, as another session found\n"
	    "2 path from 2001:db8::1 to 2001:db8::12 left: no answer, where another one "
	    "answers\n");
}

static void
test_returned(void **state)
{
	(void)state;
	stories_returned(&company, &seen, list[0].local);
	assert_string_equal(told, "1 2001:db8::1 answers again: offered anew\n"
				  "2 2001:db8::1 answers again: offered anew\n"
				  "3 2001:db8::1 answers again: offered anew\n");
}

static void
test_joined(void **state)
{
	struct mptcp_path path = {.local_port = 1};

	(void)state;
	memcpy(path.local, list[0].local, 16);
	memcpy(path.remote, list[0].remote, 16);
	stories_joined(&company, 7, &path);
	assert_string_equal(told, "7 path from 2001:db8::1 to 2001:db8::11 joined\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_left, fresh),
	    cmocka_unit_test_setup(test_returned, fresh),
	    cmocka_unit_test_setup(test_joined, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
