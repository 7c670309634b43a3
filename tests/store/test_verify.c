/*
 * test_verify.c - a database file in which octets were changed: refused with words, or it does not matter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "core/wire/errors.h"
#include "mapd/fault.h"
#include "mapd/store.h"
#include "mapd/sum.h"

#define MAP_SIZE ((size_t)64 << 20)
#define PAGE 4096u

static char directory[64], path[96];
static char why[512];
static uint8_t *good; /* the file */
static size_t good_n;
static uint32_t good_sum; /* of all that is in it */
static uint32_t seed = 20261125;

static uint32_t
dice(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 4) * below >> 28);
}

/* A sum of every key and value. */
static uint32_t
content(struct store *store)
{
	struct snapshot *snap;
	struct bytes key, value;
	uLong sum = 0;

	assert_int_equal(snapshot_new(store, &snap), 0);
	assert_int_equal(snapshot_take(snap), 0);
	for (int table = 0; table < TABLE_COUNT; table++) {
		bool more = snapshot_ceiling(
		    snap, (enum table)table, (struct bytes){NULL, 0}, &key, &value);

		for (; more; more = snapshot_next(snap, (enum table)table, &key, &value)) {
			sum = crc32_z(sum, key.p, key.n);
			sum = crc32_z(sum, value.p, value.n);
		}
	}
	assert_int_equal(snapshot_error(snap), 0);
	snapshot_free(snap);
	return (uint32_t)sum;
}

/* Every length and place, and in two pieces; and the check value that every catalogue of CRCs has. */
static void
test_sum(void **state)
{
	static uint8_t octets[600];

	(void)state;
	assert_int_equal(
	    sum_add(0, (struct bytes){(const uint8_t *)"123456789", 9}), 0xcbf43926);
	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = (uint8_t)dice(256);
	for (size_t from = 0; from < 20; from++)
		for (size_t n = 0; n <= sizeof octets - from; n++) {
			size_t cut = n > 0 ? dice((uint32_t)n) : 0;
			uint32_t sum = sum_add(0, (struct bytes){octets + from, cut});

			sum = sum_add(sum, (struct bytes){octets + from + cut, n - cut});
			assert_int_equal(sum, crc32_z(0, octets + from, n));
		}
}

static void
fill(struct store *store, unsigned round)
{
	static uint8_t octets[20000];
	struct change *change;
	char key[80];

	assert_int_equal(change_begin(store, &change), 0);
	assert_int_equal(change_savepoint(change), 0);
	for (unsigned i = 0; i < 400; i++) {
		size_t n = dice(10) == 0 ? dice(sizeof octets) : dice(300);

		snprintf(key, sizeof key, "%0*u", (int)(8 + dice(40)), dice(100000));
		for (size_t k = 0; k < n; k++)
			octets[k] = (uint8_t)dice(256);
		change_put(change, i % 3 == 0 ? TABLE_NODES : TABLE_DENIAL,
		    (struct bytes){(uint8_t *)key, strlen(key)}, (struct bytes){octets, n});
	}
	assert_int_equal(change_keep(change), 0);
	if (round % 2 == 1)
		change_remove_prefix(
		    change, TABLE_NODES, (struct bytes){(const uint8_t *)"00", 2}, 90);
	assert_int_equal(change_commit(change), 0);
}

static int
remove_entry(const char *name, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(name);
}

static int
setup(void **state)
{
	struct store *store;
	struct stat st;
	int fd;

	(void)state;
	snprintf(directory, sizeof directory, "/tmp/test_verify.XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/data.mdb", directory);
	for (unsigned round = 0; round < 6; round++) { /* each opening verifies */
		assert_int_equal(store_open(directory, MAP_SIZE, &store, why, sizeof why), 0);
		fill(store, round);
		good_sum = content(store);
		store_close(store);
	}
	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) != 0)
		return -1;
	good_n = (size_t)st.st_size;
	good = malloc(good_n);
	if (read(fd, good, good_n) != (ssize_t)good_n)
		return -1;
	close(fd);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	free(good);
	return nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void
restore(int fd)
{
	assert_int_equal(ftruncate(fd, (off_t)good_n), 0);
	assert_int_equal(pwrite(fd, good, good_n, 0), good_n);
}

/*
 * Opens what has been damaged. True: refused, and said what to do; false: the damage is where nothing
 * is, and all that was in the database is in it.
 */
static bool
is_refused(const char *what, size_t at)
{
	struct store *store = NULL;
	uint32_t sum;
	int rc;

	why[0] = '\0';
	rc = store_open(directory, MAP_SIZE, &store, why, sizeof why);
	if (rc != 0) {
		assert_int_equal(rc, -MAP_EDATABASE);
		if (strstr(why, "restore it from a backup") == NULL &&
		    strstr(why, "load the zones again") == NULL)
			fail_msg("%s at %zu: '%s' says nothing to do", what, at, why);
		return true;
	}
	sum = content(store);
	store_close(store);
	if (sum != good_sum)
		fail_msg("%s at %zu: served as if nothing were wrong", what, at);
	return false;
}

static void
test_one_octet(void **state)
{
	int fd = open(path, O_RDWR);
	unsigned refused = 0, rounds = 4000;

	(void)state;
	assert_true(fd >= 0);
	restore(fd);
	for (unsigned i = 0; i < rounds; i++) {
		/* every second one in the head of a page, where it hurts most */
		size_t at = i % 2 == 0 ? dice((uint32_t)good_n)
				       : dice((uint32_t)(good_n / PAGE)) * PAGE + dice(64);
		uint8_t octet = (uint8_t)(good[at] ^ (1u << dice(8)));

		assert_int_equal(pwrite(fd, &octet, 1, (off_t)at), 1);
		if (is_refused("octet", at)) {
			refused++;
			assert_int_equal(pwrite(fd, good + at, 1, (off_t)at), 1);
		} else {
			restore(fd);
		}
	}
	close(fd);
	print_message("%u of %u refused\n", refused, rounds);
	assert_true(refused > rounds / 2);
}

/* All of the two heads. */
static void
test_heads(void **state)
{
	int fd = open(path, O_RDWR);

	(void)state;
	assert_true(fd >= 0);
	restore(fd);
	for (size_t at = 0; at < PAGE + 160; at++) {
		uint8_t octet = (uint8_t)~good[at];

		if (at == 160)
			at = PAGE;
		assert_int_equal(pwrite(fd, &octet, 1, (off_t)at), 1);
		if (is_refused("head", at))
			assert_int_equal(pwrite(fd, good + at, 1, (off_t)at), 1);
		else
			restore(fd);
	}
	close(fd);
}

/* A sector of junk or of zeros, a page where another one should be. */
static void
test_pages(void **state)
{
	int fd = open(path, O_RDWR);
	uint8_t junk[512], page[PAGE];

	(void)state;
	assert_true(fd >= 0);
	for (unsigned i = 0; i < 300; i++) {
		size_t at = dice((uint32_t)(good_n / 512)) * 512;
		size_t from = dice((uint32_t)(good_n / PAGE)) * PAGE;

		restore(fd);
		for (size_t k = 0; k < sizeof junk; k++)
			junk[k] = i % 3 == 0 ? 0 : (uint8_t)dice(256);
		memcpy(page, good + from, PAGE);
		if (i % 3 == 2)
			assert_int_equal(
			    pwrite(fd, page, PAGE, (off_t)(at / PAGE * PAGE)), PAGE);
		else
			assert_int_equal(pwrite(fd, junk, sizeof junk, (off_t)at), sizeof junk);
		(void)is_refused(i % 3 == 2 ? "page" : "sector", at);
	}
	close(fd);
}

static void
test_cut(void **state)
{
	int fd = open(path, O_RDWR);

	(void)state;
	assert_true(fd >= 0);
	for (unsigned i = 0; i < 200; i++) {
		size_t n = i < 20 ? i : i < 100 ? dice(4 * PAGE) : dice((uint32_t)good_n);

		restore(fd);
		assert_int_equal(ftruncate(fd, (off_t)n), 0);
		if (is_refused("cut", n) && strstr(why, "truncated") == NULL &&
		    strstr(why, "another program's") == NULL)
			fail_msg("cut at %zu: '%s'", n, why);
	}
	restore(fd);
	assert_false(is_refused("nothing", 0));
	close(fd);
}

/* The file is cut while it is mapped. */
static void
test_fault(void **state)
{
	char said[8192];
	int out[2], fd = open(path, O_RDWR), status;
	ssize_t n;
	pid_t pid;

	(void)state;
	restore(fd);
	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *store;

		dup2(out[1], STDERR_FILENO);
		if (store_open(directory, MAP_SIZE, &store, why, sizeof why) == 0 &&
		    ftruncate(fd, PAGE) == 0)
			(void)content(store);
		_exit(7);
	}
	close(out[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	n = read(out[0], said, sizeof said - 1);
	assert_true(n > 0);
	said[n] = '\0';
	close(out[0]);
	close(fd);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_non_null(strstr(said, path));
	assert_non_null(strstr(said, "cannot be read any more"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sum),
	    cmocka_unit_test(test_one_octet), cmocka_unit_test(test_heads),
	    cmocka_unit_test(test_pages), cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_fault)};

	return cmocka_run_group_tests_name("verify", tests, setup, teardown);
}
