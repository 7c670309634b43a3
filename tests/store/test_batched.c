/*
 * test_batched.c - updates: batched. What a crash of the host may leave of the database is the state before the last
 * commit or the one before that, whole; also when the disk failed before. When it is waited for is test_sync's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/realm.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "core/wire/message.h"
#include "tests/store/disk.h"

#define COMMITS 40
#define FILE_MOST ((size_t)16 << 20)
#define PAGE 4096
#define MAP_SIZE ((size_t)256 << 20)

/* --- what the disk has --- */

struct image {
	uint8_t *octets;
	size_t n;
};

/* As of the last time it was waited for: this is there whatever happens. */
static struct image durable;
/* What may be there if the power fails now, which is just before it is waited for. */
enum { CUT_NOTHING, CUT_ALL, CUT_DATA, CUT_SOME, CUT_OTHERS, CUTS };
static struct image cuts[CUTS];
static unsigned synced;
/* The heads that could not be written: the kernel holds them for written from then on. */
static bool lost[2];

static const char *
data_path(const char *directory)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/data.mdb", directory);
	return path;
}

static struct image
image_new(void)
{
	struct image image = {calloc(1, FILE_MOST), 0};

	assert_non_null(image.octets);
	return image;
}

/* As the kernel has the file now: what a kill of the process alone leaves. */
static void
image_take(struct image *image)
{
	int fd = open(data_path(shop.directory), O_RDONLY);
	ssize_t n = 0;

	assert_true(fd >= 0);
	for (image->n = 0; (n = read(fd, image->octets + image->n, FILE_MOST - image->n)) > 0;)
		image->n += (size_t)n;
	assert_int_equal(n, 0);
	close(fd);
}

/* The pages that were written since the disk was waited for last, those that the dice take; the heads as meta says. */
static void
image_cut(struct image *cut, const struct image *now, bool meta, uint32_t one_in)
{
	memset(cut->octets, 0, now->n > cut->n ? now->n : cut->n);
	memcpy(cut->octets, durable.octets, durable.n);
	cut->n = durable.n;
	for (size_t at = 0; at < now->n; at += PAGE) {
		bool taken = at < 2 * PAGE ? meta : one_in > 0 && dice(one_in) == 0;

		if (!taken)
			continue;
		memcpy(cut->octets + at, now->octets + at, PAGE);
		cut->n = at + PAGE > cut->n ? at + PAGE : cut->n;
	}
}

static void
power_may_fail(void)
{
	image_take(&cuts[CUT_ALL]);
	image_cut(&cuts[CUT_NOTHING], &cuts[CUT_ALL], false, 0);
	image_cut(&cuts[CUT_DATA], &cuts[CUT_ALL], false, 1);
	image_cut(&cuts[CUT_SOME], &cuts[CUT_ALL], dice(2) == 0, 2);
	image_cut(&cuts[CUT_OTHERS], &cuts[CUT_ALL], dice(2) == 0, 3);
}

static void
disk_has_it(void)
{
	image_take(&durable);
	synced++;
}

/* --- and when it fails --- */

static void
head_copy(struct image *to, const struct image *from, size_t head)
{
	memcpy(to->octets + head * PAGE, from->octets + head * PAGE, PAGE);
}

static void
head_is_written(off_t at, bool waited)
{
	struct image *now = &cuts[CUT_ALL];
	size_t head = (size_t)at / PAGE;

	lost[head] = false;
	if (!waited)
		return;
	image_take(now);
	head_copy(&durable, now, head);
}

static void
heads_are_lost(void)
{
	struct image *now = &cuts[CUT_ALL];

	image_take(now);
	for (size_t head = 0; head < 2; head++)
		lost[head] =
		    memcmp(now->octets + head * PAGE, durable.octets + head * PAGE, PAGE) != 0;
}

/* All but the heads that were lost, if nothing was written there since. */
static void
disk_has_the_rest(void)
{
	struct image *now = &cuts[CUT_ALL];

	image_take(now);
	for (size_t head = 0; head < 2; head++)
		if (lost[head])
			head_copy(now, &durable, head);
	memcpy(durable.octets, now->octets, now->n);
	durable.n = now->n;
}

/* --- states --- */

/* All that a database has: zones, journal, claims, what was answered. */
static void
state_digest(struct store *store, uint8_t digest[32])
{
	struct bytes key = {0}, value;
	uint8_t sum[64];
	struct snapshot *snap;

	assert_int_equal(snapshot_new(store, &snap), 0);
	assert_int_equal(snapshot_take(snap), 0);
	memset(sum, 0, sizeof sum);
	for (int table = 0; table < TABLE_COUNT; table++) {
		bool more =
		    snapshot_ceiling(snap, (enum table)table, (struct bytes){0}, &key, &value);

		for (; more; more = snapshot_next(snap, (enum table)table, &key, &value)) {
			assert_int_equal(crypto_sha256(key.p, key.n, sum + 32), 0);
			assert_int_equal(crypto_sha256(sum, sizeof sum, sum), 0);
			assert_int_equal(crypto_sha256(value.p, value.n, sum + 32), 0);
			assert_int_equal(crypto_sha256(sum, sizeof sum, sum), 0);
		}
		sum[0] ^= 1; /* a table ends */
	}
	assert_int_equal(snapshot_error(snap), 0);
	snapshot_free(snap);
	memcpy(digest, sum, 32);
}

/* What a start after the crash finds; it is refused if a page of it is not sound. */
static void
image_digest(const struct image *image, uint8_t digest[32])
{
	char directory[64] = "/tmp/test_batched.XXXXXX", why[512] = "", path[128];
	struct store *store;
	FILE *file;

	assert_non_null(mkdtemp(directory));
	file = fopen(data_path(directory), "w");
	assert_non_null(file);
	assert_int_equal(fwrite(image->octets, 1, image->n, file), image->n);
	assert_int_equal(fclose(file), 0);
	if (store_open(directory, MAP_SIZE, &store, why, sizeof why) != 0)
		fail_msg("%s", why);
	state_digest(store, digest);
	store_close(store);
	for (unsigned i = 0; i < 3; i++) {
		static const char *const files[] = {"data.mdb", "lock.mdb", "lock"};

		snprintf(path, sizeof path, "%s/%s", directory, files[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(directory), 0);
}

/* Which of the states it is; -1: none that ever was. */
static int
state_of(const uint8_t digest[32], uint8_t states[][32], int last)
{
	while (last >= 0 && memcmp(states[last], digest, 32) != 0)
		last--;
	return last;
}

/* A few updates, of hosts and of an administrator. */
static void
updates_send(unsigned round)
{
	char name[16], text[32];
	struct proposal *p;

	for (unsigned i = 0; i <= dice(4); i++) {
		snprintf(name, sizeof name, "n%u", dice(40));
		snprintf(text, sizeof text, "192.0.2.%u", dice(250));
		p = petition_new();
		petition_item(p, UPDATE_DELETE_RRSET, name, 0, "A", NULL);
		if (dice(4) != 0)
			petition_item(p, UPDATE_ADD, name, 300, "A", text);
	}
	p = my_update(ME);
	snprintf(text, sizeof text, "10 1 192.0.2.%u", round + 1);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	petition_item(p, UPDATE_ADD, ME, 300, "KEY", MY_KEY);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", text);
	answers(p, RCODE_NOERROR, "");
}

static void
test_power_fails(void **state)
{
	static uint8_t states[COMMITS + 1][32];
	unsigned found[2] = {0};
	uint8_t digest[32];

	(void)state;
	garden_seed(7, false);
	open_realm(DENIAL_NSEC3);
	durable = image_new();
	for (unsigned i = 0; i < CUTS; i++)
		cuts[i] = image_new();
	assert_int_equal(store_set_lazy(shop.store, true), 0);
	assert_int_equal(store_sync(shop.store), 0);
	image_take(&durable);
	state_digest(shop.store, states[0]);
	disk_before = power_may_fail;
	disk_after = disk_has_it;
	for (int i = 1; i <= COMMITS; i++) {
		synced = 0;
		updates_send((unsigned)i);
		assert_int_equal(synced, 1);
		state_digest(shop.store, states[i]);
		for (unsigned k = 0; k < CUTS; k++) {
			int last;

			image_digest(&cuts[k], digest);
			last = state_of(digest, states, i);
			/* not the commit whose data it waited for; at most the one before it is lost */
			if (last != i - 1 && last != i - 2)
				fail_msg("commit %d, cut %u: state %d", i, k, last);
			if (i > 1 && (k == CUT_ALL || k == CUT_DATA || k == CUT_NOTHING))
				assert_int_equal(last, k == CUT_ALL ? i - 1 : i - 2);
			found[last == i - 1]++;
		}
	}
	print_message("%u times the state before the commit, %u times the one before that\n",
	    found[1], found[0]);
	/* a kill of mapd alone, without any waiting: nothing is lost */
	image_take(&cuts[CUT_ALL]);
	image_digest(&cuts[CUT_ALL], digest);
	assert_int_equal(state_of(digest, states, COMMITS), COMMITS);
	/* and when the writer has waited, the host may crash */
	assert_int_equal(store_sync(shop.store), 0);
	image_digest(&durable, digest);
	assert_int_equal(state_of(digest, states, COMMITS), COMMITS);
	disk_before = disk_after = NULL;
	free(durable.octets);
	for (unsigned i = 0; i < CUTS; i++)
		free(cuts[i].octets);
}

/*
 * The disk fails once: when it is waited for, or in a commit. What was committed before is there all the same as soon
 * as store_sync() says so, or the next commit, which is durable.
 */
static void
test_disk_fails(void **state)
{
	uint8_t wanted[32], digest[32];

	(void)state;
	garden_seed(8, false);
	open_realm(DENIAL_NSEC3);
	register_me();
	durable = image_new();
	memset(lost, 0, sizeof lost);
	cuts[CUT_ALL] = image_new();
	image_take(&durable);
	disk_after = disk_has_the_rest;
	disk_put = head_is_written;
	disk_fails = heads_are_lost;
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(store_set_lazy(shop.store, true), 0);
		updates_send(i);
		state_digest(shop.store, wanted);
		image_digest(&durable, digest);
		assert_memory_not_equal(digest, wanted, sizeof digest);
		disk_failures = 1;
		if (i % 2 == 0) {
			assert_int_equal(store_sync(shop.store), -MAP_EDISK);
		} else {
			struct proposal *p = my_update(ME);

			petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
			answers(p, RCODE_SERVFAIL, "disk");
		}
		assert_int_equal(disk_failures, 0);
		/* it may not be lazy yet, whoever asks for it */
		assert_int_equal(store_set_lazy(shop.store, true), 0);
		if (i % 4 < 2) {
			assert_int_equal(store_sync(shop.store), 0);
		} else {
			updates_send(i + 100);
			state_digest(shop.store, wanted);
		}
		image_digest(&durable, digest);
		assert_memory_equal(digest, wanted, sizeof digest);
	}
	disk_after = disk_fails = NULL;
	disk_put = NULL;
	free(durable.octets);
	free(cuts[CUT_ALL].octets);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_power_fails),
	    TEST(test_disk_fails),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	close_realm();
	return failed;
}
