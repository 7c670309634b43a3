/*
 * test_batched.c - updates: batched. What a crash of the host may leave of the database is the state before the last
 * commit or the one before that, whole; and the disk is waited for within batched-loss, before a job, at the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/realm.h"

#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/wire/message.h"
#include "mapd/replay.h"
#include "mapd/writer.h"
#include "tests/store/disk.h"

#define COMMITS 40
#define FILE_MOST ((size_t)16 << 20)
#define PAGE 4096
#define WAIT 60 /* seconds: what comes later counts as never */
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

/* --- when it is waited for --- */

static struct writer *writer;
static sem_t answered, waited;
static _Atomic bool is_owed; /* an answer went out, and the disk was not waited for since */
static _Atomic uint64_t answered_at, waited_at; /* us */

static void
wait_for(sem_t *event)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT;
	assert_int_equal(sem_timedwait(event, &until), 0);
}

static void
update_done(struct proposal *list)
{
	assert_null(list->next);
	answered_at = loop_now_us();
	is_owed = true;
	sem_post(&answered);
}

/* The writer waits for the disk: what was answered before is there then. */
static void
disk_waits(void)
{
	if (!is_owed)
		return;
	is_owed = false;
	waited_at = loop_now_us();
	sem_post(&waited);
}

static void
writer_begin(uint32_t loss)
{
	struct writer_options options = {
	    .store = shop.store, .keys = shop.keys, .rules = &shop.rules, .threads = 1};

	open_realm(DENIAL_NSEC3);
	register_me();
	shop.rules.updates.durability = DURABILITY_BATCHED;
	shop.rules.updates.loss = loss;
	work_fini(&shop.work);
	assert_int_equal(writer_start(&options, &writer, shop.why, sizeof shop.why), 0);
	sem_init(&answered, 0, 0);
	sem_init(&waited, 0, 0);
	is_owed = false;
	disk_before = disk_waits;
}

static void
writer_end(void)
{
	writer_stop(writer);
	disk_before = NULL;
	assert_int_equal(work_init(&shop.work, shop.store, shop.keys, &shop.rules, 2, shop.why,
			     sizeof shop.why),
	    0);
}

static void
update_answered(unsigned number)
{
	struct proposal *p = my_update(ME);
	char text[32];

	snprintf(text, sizeof text, "10 1 192.0.2.%u", number);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", text);
	p->done = update_done;
	assert_int_equal(writer_propose(writer, p), 0);
	wait_for(&answered);
	assert_int_equal(p->verdict.rcode, RCODE_NOERROR);
	petitions_free();
}

/* The least of some tries is what it costs: others use this machine too. */
static void
test_within_loss(void **state)
{
	uint64_t least = UINT64_MAX;

	(void)state;
	writer_begin(50);
	for (unsigned i = 0; i < 8; i++) {
		uint64_t took;

		update_answered(i + 10);
		wait_for(&waited);
		took = waited_at - answered_at;
		least = took < least ? took : least;
	}
	print_message(
	    "batched-loss 50 ms: waited for %.1f ms after the answer\n", (double)least / 1000);
	assert_true(least < 52000);
	writer_end();
}

static void
job_done(struct job *job)
{
	assert_int_equal(job->error, 0);
	*(bool *)job->arg = true;
}

/* Nothing is waited for as long as it need not be: then a job comes, which is durable, or the end. */
static void
test_before_job_and_end(void **state)
{
	bool done = false;
	struct job job = {
	    .kind = JOB_RULES, .rules = &shop.rules, .done = job_done, .arg = &done};

	(void)state;
	writer_begin(10000);
	update_answered(10);
	assert_true(is_owed);
	assert_int_equal(writer_submit(writer, &job), 0);
	while (!done) {
		struct pollfd answer = {.fd = writer_fd(writer), .events = POLLIN};

		assert_int_equal(poll(&answer, 1, WAIT * 1000), 1);
		writer_answers(writer);
	}
	assert_int_equal(sem_trywait(&waited), 0);
	update_answered(11);
	assert_true(is_owed);
	writer_end();
	assert_int_equal(sem_trywait(&waited), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_power_fails),
	    TEST(test_within_loss),
	    TEST(test_before_job_and_end),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	close_realm();
	return failed;
}
