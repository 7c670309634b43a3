/*
 * test_expiry.c - many leases that end at once: they go a batch at a time, each one a commit with a serial and a
 * difference of the journal, and who comes in between waits for one batch, not for all; nor do they wait for updates
 * to cease.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/realm.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/sys/loop.h"
#include "core/wire/message.h"
#include "core/wire/rrtype.h"
#include "mapd/expiry.h"
#include "mapd/writer.h"
#include "tests/store/disk.h"
#include "tests/sys/event.h"

#define HOSTS 600
#define BATCH 256 /* names of a transaction */
#define BATCHES 3

/* Each host has a key of its own, which nobody verifies here. */
static void
host_register(unsigned number)
{
	uint8_t key[36] = {2, 0, 3, 15};
	char name[16], address[32];
	struct proposal *p = petition_new();

	put_u32(key + 4, number + 1);
	snprintf(name, sizeof name, "h%03u", number);
	snprintf(address, sizeof address, "2001:db8::%x", number + 1);
	petition_sign(p, name, 15, key + 4, 32);
	petition_rdata(p, UPDATE_ADD, name, 300, RR_KEY, (struct bytes){key, sizeof key});
	petition_item(p, UPDATE_ADD, name, 60, "AAAA", address);
}

/* As many claims as there are; all leases, those of keys too, have ended at the same moment. */
static void
hosts_end(void)
{
	struct change *change;

	for (unsigned i = 0; i < HOSTS; i++)
		host_register(i);
	petitions_run();
	petitions_free();
	assert_int_equal(change_begin(shop.store, &change), 0);
	assert_int_equal(claim_count(change, &shop.apex), HOSTS);
	for (unsigned i = 0; i < HOSTS; i++) {
		struct claim claim;
		struct name name;
		char text[16];

		snprintf(text, sizeof text, "h%03u", i);
		assert_int_equal(name_scan(text, strlen(text), &shop.apex, &name), 0);
		assert_true(claim_get(change, &name, &claim));
		claim.until = claim.key_until = clock_seconds() - 1;
		claim_put(change, &shop.apex, &name, &claim);
	}
	assert_int_equal(change_commit(change), 0);
}

/* Names of hosts that are there; another thread may be writing. */
static size_t
hosts_left(void)
{
	struct bytes key = {0}, value;
	struct snapshot *snap;
	size_t n = 0;
	bool more;

	assert_int_equal(snapshot_new(shop.store, &snap), 0);
	assert_int_equal(snapshot_take(snap), 0);
	for (more = snapshot_ceiling(snap, TABLE_LEASES, (struct bytes){0}, &key, &value); more;
	     more = snapshot_next(snap, TABLE_LEASES, &key, &value))
		n++;
	snapshot_free(snap);
	return n;
}

static struct proposal *
between(unsigned number)
{
	struct proposal *p = petition_new();
	char name[16];

	snprintf(name, sizeof name, "w%03u", number);
	petition_item(p, UPDATE_ADD, name, 300, "A", "192.0.2.1");
	return p;
}

static void
test_batches(void **state)
{
	static uint8_t a[GARDEN_OCTETS], b[GARDEN_OCTETS];
	struct bytes in_place;
	unsigned batches = 0;
	size_t left = HOSTS, names;

	(void)state;
	open_realm(DENIAL_NSEC3);
	names = shop_zone().names;
	hosts_end();
	while (left > 0) {
		uint32_t serial = shop_zone().serial;

		dump_take(&old);
		assert_int_equal(expiry_step(&shop.work, 60), 0);
		assert_int_equal(left - hosts_left(), left < BATCH ? left : BATCH);
		left = hosts_left();
		assert_int_equal(shop_zone().serial, serial + 1);
		journal_judge(serial);
		answers(between(batches++), RCODE_NOERROR, "");
		assert_int_equal(shop_zone().serial, serial + 2);
	}
	assert_int_equal(batches, BATCHES);
	assert_true(expiry_step(&shop.work, 60) > 0);
	assert_int_equal(shop_zone().names, names + BATCHES);
	in_place = garden_digest(a);
	assert_int_equal(work_rebuild(&shop.work, &shop.apex, &shop.outcome), 0);
	assert_true(bytes_equal(in_place, garden_digest(b)));
}

/* --- beside the writer's own thread --- */

static struct writer *writer;
static sem_t started, answered, written;
static struct proposal
    *waits; /* the update that is handed over while the first batch is written */
static pthread_t tester;
static size_t left; /* when an update was answered */

static void
update_done(struct proposal *list)
{
	assert_null(list->next);
	left = hosts_left();
	sem_post(&answered);
}

static void
update_wait(struct proposal *p, size_t wanted)
{
	event_wait(&answered);
	assert_int_equal(p->verdict.rcode, RCODE_NOERROR);
	print_message("answered when %zu of %u hosts were left\n", left, HOSTS);
	assert_int_equal(left, wanted);
	petitions_free();
}

/* A commit of the writer's thread waits for the disk. */
static void
commit_written(void)
{
	struct proposal *p = waits;

	if (pthread_equal(pthread_self(), tester))
		return;
	waits = NULL;
	if (p == NULL) {
		sem_post(&written);
		return;
	}
	event_wait(&started);
	assert_int_equal(writer_propose(writer, p), 0);
}

/* The shop's is closed, with all hosts over: the writer has the store. */
static void
store_leave(void)
{
	open_realm(DENIAL_NSEC3);
	hosts_end();
	work_fini(&shop.work);
	sem_init(&started, 0, 0);
	sem_init(&answered, 0, 0);
	sem_init(&written, 0, 0);
	tester = pthread_self();
}

/* Once there, the writer waits for what is first proposed. */
static void
writer_begin(struct proposal *first)
{
	struct writer_options options = {
	    .store = shop.store, .keys = shop.keys, .rules = &shop.rules, .threads = 1};

	waits = first;
	disk_before = commit_written;
	assert_int_equal(writer_start(&options, &writer, shop.why, sizeof shop.why), 0);
	sem_post(&started);
}

static void
writer_end(void)
{
	disk_before = NULL;
	writer_stop(writer);
}

static void
store_take(void)
{
	assert_int_equal(work_init(&shop.work, shop.store, shop.keys, &shop.rules, 2, shop.why,
			     sizeof shop.why),
	    0);
}

static void
test_update_between(void **state)
{
	struct proposal *p;

	(void)state;
	store_leave();
	p = between(0);
	p->done = update_done;
	writer_begin(p);
	update_wait(p, HOSTS - BATCH);
	/* the update's own, and those of the other batches */
	for (unsigned i = 0; i < BATCHES; i++)
		event_wait(&written);
	p = between(1);
	p->done = update_done;
	assert_int_equal(writer_propose(writer, p), 0);
	update_wait(p, 0);
	writer_end();
	store_take();
	assert_int_equal(count("w000", "A"), 1);
}

/* --- while updates never cease --- */

#define STREAM 40 /* updates, far more than batches */
static struct proposal *stream[STREAM];
static unsigned streamed; /* that were answered */

/* The next one is there before the writer looks at anything else. */
static void
stream_done(struct proposal *list)
{
	assert_null(list->next);
	left = hosts_left();
	if (++streamed < STREAM && left > 0)
		assert_int_equal(writer_propose(writer, stream[streamed]), 0);
	else
		sem_post(&answered);
}

static void
test_updates_never_cease(void **state)
{
	(void)state;
	store_leave();
	streamed = 0;
	for (unsigned i = 0; i < STREAM; i++) {
		stream[i] = between(i);
		stream[i]->done = stream_done;
	}
	writer_begin(stream[0]);
	event_wait(&answered);
	writer_end();
	print_message("%zu of %u hosts were left after %u updates\n", left, HOSTS, streamed);
	assert_int_equal(left, 0);
	assert_int_equal(streamed, BATCHES);
	/* the writer took each out of the list */
	for (unsigned i = 1; i < STREAM; i++)
		stream[i - 1]->next = stream[i];
	petitions_free();
	store_take();
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_batches),
	    TEST(test_update_between),
	    TEST(test_updates_never_cease),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	close_realm();
	return failed;
}
