/*
 * test_ledger.c - resolverd/ledger as a file: what is put is read again, whatever else is refused.
 * What it does in the kernel is in tests/fault/ledger.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "resolverd/ledger.h"

static const struct ledger_home home = {"1a2b3c4d-0000-4000-8000-00000000000f", 4711};

struct place {
	char path[64];
	int folder;
};

static int
place_make(void **state)
{
	struct place *place = test_malloc(sizeof *place);

	snprintf(place->path, sizeof place->path, "/tmp/test_ledger.XXXXXX");
	assert_non_null(mkdtemp(place->path));
	place->folder = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(place->folder >= 0);
	*state = place;
	return 0;
}

static int
place_remove(void **state)
{
	struct place *place = *state;

	unlinkat(place->folder, "one", 0);
	close(place->folder);
	assert_int_equal(rmdir(place->path), 0); /* nothing else was left there */
	test_free(place);
	return 0;
}

static struct mptcp_endpoint
endpoint(uint8_t id)
{
	struct mptcp_endpoint e = {.id = id, .flags = id + 1000u};

	memset(e.address, id, sizeof e.address);
	return e;
}

static struct ledger *
create(const struct place *place)
{
	struct ledger *ledger = NULL;

	assert_int_equal(ledger_create(place->folder, "one", &home, &ledger), 0);
	return ledger;
}

static struct ledger *
reopen(const struct place *place, int error)
{
	struct ledger *ledger = NULL;

	assert_int_equal(ledger_open(place->folder, "one", &ledger), error);
	return ledger;
}

static void
assert_lists(const struct ledger *ledger, const uint8_t *ids, size_t n)
{
	assert_int_equal(ledger_count(ledger), n);
	for (size_t i = 0; i < n; i++) {
		struct mptcp_endpoint e = endpoint(ids[i]);

		assert_int_equal(ledger_at(ledger, i)->id, e.id);
		assert_int_equal(ledger_at(ledger, i)->flags, e.flags);
		assert_memory_equal(ledger_at(ledger, i)->address, e.address, 16);
	}
}

static void
test_lists(void **state)
{
	struct ledger *ledger = create(*state);
	struct mptcp_endpoint e;

	for (uint8_t id = 1; id <= 4; id++) {
		e = endpoint(id);
		assert_int_equal(ledger_put(ledger, &e), 0);
	}
	e = endpoint(2);
	ledger_drop(ledger, &e);
	e = endpoint(9);
	ledger_drop(ledger, &e); /* was not there */
	assert_lists(ledger, (const uint8_t[]){1, 4, 3}, 3);
	ledger_free(ledger);
	ledger = reopen(*state, 0);
	assert_lists(ledger, (const uint8_t[]){1, 4, 3}, 3);
	assert_string_equal(ledger_home(ledger)->boot, home.boot);
	assert_int_equal(ledger_home(ledger)->cookie, home.cookie);
	ledger_free(ledger);
}

static void
test_alive(void **state)
{
	struct ledger *ledger = create(*state);

	reopen(*state, -MAP_EEXIST);
	ledger_free(ledger);
	ledger_free(reopen(*state, 0));
	unlinkat(((struct place *)*state)->folder, "one", 0);
	reopen(*state, -MAP_ESYS);
}

static void
test_full(void **state)
{
	struct ledger *ledger = create(*state);
	struct mptcp_endpoint e;

	for (unsigned id = 1; id <= LEDGER_ENDPOINTS; id++) {
		e = endpoint((uint8_t)id);
		assert_int_equal(ledger_put(ledger, &e), 0);
	}
	e = endpoint(255);
	assert_int_equal(ledger_put(ledger, &e), -MAP_ESPACE);
	ledger_free(ledger);
	ledger = reopen(*state, 0);
	assert_int_equal(ledger_count(ledger), LEDGER_ENDPOINTS);
	ledger_free(ledger);
}

/* Killed while the last one was moved: it is there twice, and counts once. */
static void
test_twice(void **state)
{
	struct place *place = *state;
	struct ledger *ledger = create(place);
	struct mptcp_endpoint e = endpoint(5);
	char line[128];
	int fd;

	assert_int_equal(ledger_put(ledger, &e), 0);
	ledger_free(ledger);
	fd = openat(place->folder, "one", O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, line, sizeof line, 256), 128);
	assert_int_equal(pwrite(fd, line, sizeof line, 384), 128);
	close(fd);
	ledger = reopen(place, 0);
	assert_lists(ledger, (const uint8_t[]){5}, 1);
	ledger_free(ledger);
}

static void
test_cut(void **state)
{
	struct place *place = *state;
	struct mptcp_limits had = {2, 0, 0}, want = {8, 8, 1};
	struct ledger *ledger = create(place);
	struct mptcp_endpoint e;
	off_t n;
	int fd;

	assert_int_equal(ledger_limits(ledger, &had, &want), 0);
	for (uint8_t id = 1; id <= 2; id++) {
		e = endpoint(id);
		assert_int_equal(ledger_put(ledger, &e), 0);
	}
	ledger_free(ledger);
	fd = openat(place->folder, "one", O_RDWR | O_CLOEXEC);
	n = lseek(fd, 0, SEEK_END);
	while (n-- > 0) {
		assert_int_equal(ftruncate(fd, n), 0);
		ledger = reopen(place, -MAP_EFORMAT);
		assert_int_equal(ledger_count(ledger), n >= 512 ? 2 : n >= 384 ? 1 : 0);
		assert_int_equal(ledger_home(ledger)->cookie, n >= 128 ? home.cookie : 0);
		ledger_free(ledger);
	}
	close(fd);
}

static void
test_garbage(void **state)
{
	static const struct {
		off_t at;
		const char *text;
	} rows[] = {
	    {0, ""},
	    {0, "eidmap paths 1 1a2b3c4d-0000-4000-8000-00000000000f 4711"},
	    {0, "eidmap paths 2 x"},
	    {128, "limits 1 2 3"},
	    {128, "endpoint 1 3 2001:db8::1"},
	    {256, "endpoint 0 3 2001:db8::1"},
	    {256, "endpoint 256 3 2001:db8::1"},
	    {256, "endpoint 1 3 2001:db8::x"},
	    {256, "endpoint 1 2"},
	    {384, "--"},
	};
	struct place *place = *state;
	struct ledger *ledger;
	char line[128];
	int fd;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ledger_free(create(place));
		memset(line, ' ', sizeof line);
		memcpy(line, rows[i].text, strlen(rows[i].text));
		line[127] = '\n';
		fd = openat(place->folder, "one", O_RDWR | O_CLOEXEC);
		assert_int_equal(pwrite(fd, line, sizeof line, rows[i].at), 128);
		close(fd);
		ledger = reopen(place, -MAP_EFORMAT);
		assert_int_equal(ledger_count(ledger), 0);
		ledger_free(ledger);
		unlinkat(place->folder, "one", 0);
	}
}

/* The manager and the limits come back each by itself, also out of the file. */
static void
test_before(void **state)
{
	static const struct mptcp_limits had = {.subflows = 2, .add_addr_accepted = 1},
					 want = {.subflows = 8,
					     .add_addr_accepted = 8,
					     .manager = MPTCP_MANAGER_USERSPACE};
	static const struct {
		struct mptcp_limits now, expected; /* subflows, add_addr_accepted, manager */
	} rows[] = {
	    {{8, 8, 1}, {2, 1, 0}},
	    {{8, 8, 0}, {2, 1, 0}},
	    {{4, 8, 1}, {4, 8, 0}},
	    {{8, 4, 1}, {8, 4, 0}},
	    {{4, 4, 0}, {4, 4, 0}},
	};
	struct ledger *ledger = create(*state);

	assert_int_equal(ledger_limits(ledger, &had, &want), 0);
	for (unsigned again = 0; again < 2; again++) {
		for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
			struct mptcp_limits before = ledger_before(ledger, &rows[i].now);

			assert_memory_equal(&before, &rows[i].expected, sizeof before);
		}
		ledger_free(ledger);
		ledger = reopen(*state, 0);
	}
	ledger_free(ledger);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)
	const struct CMUnitTest tests[] = {
	    T(test_lists),
	    T(test_alive),
	    T(test_full),
	    T(test_twice),
	    T(test_cut),
	    T(test_garbage),
	    T(test_before),
	};

	return cmocka_run_group_tests_name("resolverd/ledger", tests, NULL, NULL);
}
