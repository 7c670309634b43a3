/*
 * test_sync.c - updates: batched. The disk is waited for within batched-loss, before a job or a renewal, and at the end;
 * when it fails, nothing is taken until what was answered before is there. What it has then is test_batched's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/store/realm.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/sys/loop.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/message.h"
#include "mapd/writer.h"
#include "tests/store/disk.h"
#include "tests/sys/event.h"

#define WAIT 60 /* seconds: what comes later counts as never */
#define NAMES 600 /* more than a step of a walk signs */
#define FED 4 /* updates while one walks, which has as many steps */

static struct writer *writer;
static sem_t answered, waited;
static _Atomic bool is_owed; /* an answer went out, and the disk was not waited for since */
static _Atomic uint64_t answered_at, waited_at; /* us */

static void
update_done(struct proposal *list)
{
	assert_null(list->next);
	answered_at = loop_now_us();
	is_owed = true;
	sem_post(&answered);
}

/* One is handed over whenever the disk is waited for in a commit of something else. */
static struct proposal *fed[FED];
static unsigned n_fed;
static bool is_fed;
/* So many times what is owed cannot be written. */
static _Atomic unsigned fail_owed;
static unsigned put;
/* Something was written between an answer and the wait for the disk. */
static _Atomic bool came_between;
/* The longest that the writer was to sleep while it owed, ms. */
static _Atomic int slept;
static pthread_t main_thread;

/* The writer waits for the disk: what was answered before is there then. */
static void
disk_waits(void)
{
	if (is_owed && fail_owed > 0) {
		fail_owed--;
		disk_failures = 1;
	}
	if (disk_failures > 0)
		return;
	if (!is_owed) {
		if (n_fed < FED && fed[n_fed] != NULL && !is_fed) {
			is_fed = true;
			assert_int_equal(writer_propose(writer, fed[n_fed++]), 0);
		}
		return;
	}
	if (disk_written > 0)
		came_between = true;
	is_owed = is_fed = false;
	waited_at = loop_now_us();
	sem_post(&waited);
}

/* Stands before that of the C library. */
int
poll(struct pollfd *fds, nfds_t n, int ms)
{
	struct timespec time = {ms / 1000, ms % 1000 * 1000000L};

	if (is_owed && !pthread_equal(pthread_self(), main_thread) && (ms < 0 || ms > slept))
		slept = ms < 0 ? INT_MAX : ms;
	return ppoll(fds, n, ms < 0 ? NULL : &time, NULL);
}

static void
writer_begin(uint32_t loss)
{
	struct writer_options options = {
	    .store = shop.store, .keys = shop.keys, .rules = &shop.rules, .threads = 1};

	register_me();
	shop.rules.updates.durability = DURABILITY_BATCHED;
	shop.rules.updates.loss = loss;
	work_fini(&shop.work);
	assert_int_equal(writer_start(&options, &writer, shop.why, sizeof shop.why), 0);
	sem_init(&answered, 0, 0);
	sem_init(&waited, 0, 0);
	is_owed = is_fed = came_between = false;
	slept = 0;
	memset(fed, 0, sizeof fed);
	n_fed = 0;
	main_thread = pthread_self();
	disk_before = disk_waits;
}

static void
realm_begin(uint32_t loss)
{
	open_realm(DENIAL_NSEC3);
	writer_begin(loss);
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

static struct proposal *
update_new(unsigned number)
{
	struct proposal *p = my_update(ME);
	char text[32];

	snprintf(text, sizeof text, "10 1 192.0.2.%u", number);
	petition_item(p, UPDATE_DELETE_RRSET, ME, 0, "ELOC", NULL);
	petition_item(p, UPDATE_ADD, ME, 60, "ELOC", text);
	p->done = update_done;
	return p;
}

static void
update_is_answered(struct proposal *p, unsigned rcode)
{
	event_wait(&answered);
	if (p->verdict.rcode != rcode)
		fail_msg("RCODE %u: %s", p->verdict.rcode, p->verdict.text);
	petitions_free();
}

static void
update_run(unsigned number, unsigned rcode)
{
	struct proposal *p = update_new(number);

	assert_int_equal(writer_propose(writer, p), 0);
	update_is_answered(p, rcode);
}

static void
job_done(struct job *job)
{
	*(bool *)job->arg = true;
}

static void
job_run(struct job *job)
{
	bool done = false;

	job->done = job_done;
	job->arg = &done;
	assert_int_equal(writer_submit(writer, job), 0);
	while (!done) {
		struct pollfd answer = {.fd = writer_fd(writer), .events = POLLIN};

		assert_int_equal(poll(&answer, 1, WAIT * 1000), 1);
		writer_answers(writer);
	}
}

/* The writer never means to sleep for longer. Of what it takes, the least is what it costs: others use this machine too. */
static void
test_within_loss(void **state)
{
	uint64_t least = UINT64_MAX;

	(void)state;
	realm_begin(50);
	for (unsigned i = 0; i < 8; i++) {
		uint64_t took;

		update_run(i + 10, RCODE_NOERROR);
		event_wait(&waited);
		took = waited_at - answered_at;
		least = took < least ? took : least;
	}
	print_message(
	    "batched-loss 50 ms: waited for %.1f ms after the answer\n", (double)least / 1000);
	assert_true(least < 52000);
	assert_true(slept <= 50);
	assert_false(came_between);
	writer_end();
}

/* A walk that signs all anew: updates come in the midst of its steps, and are not kept from the disk by the next one. */
static void
test_renewal_waits(void **state)
{
	struct job job = {.kind = JOB_ROLL, .what = WHAT_ALGORITHM};
	struct proposal *p[FED];
	char owner[16];

	(void)state;
	open_realm(DENIAL_NSEC3);
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(owner, sizeof owner, "walk%03u", i);
		shop_add(owner, 300, "A", "192.0.2.1");
	}
	shop_load_good();
	shop.rule.algorithm = ALGORITHM_ED25519;
	writer_begin(50);
	for (unsigned i = 0; i < FED; i++)
		fed[i] = p[i] = update_new(i + 10);
	job.zone = shop.apex;
	job_run(&job);
	assert_int_equal(job.error, 0);
	for (unsigned i = 0; i < FED; i++) {
		event_wait(&answered);
		assert_int_equal(p[i]->verdict.rcode, RCODE_NOERROR);
		event_wait(&waited);
	}
	for (unsigned i = 0; i + 1 < FED; i++)
		p[i]->next = p[i + 1];
	writer_end();
	petitions_free();
	assert_true(work_keys_known(&shop.work, &shop.apex)->roll.walked > 0);
	assert_false(came_between);
	assert_true(slept <= 50);
}

/* Nothing is waited for as long as it need not be: then a job comes, which is durable, or the end. */
static void
test_before_job_and_end(void **state)
{
	struct job job = {.kind = JOB_RULES, .rules = &shop.rules};

	(void)state;
	realm_begin(10000);
	update_run(10, RCODE_NOERROR);
	assert_true(is_owed);
	job_run(&job);
	assert_int_equal(job.error, 0);
	assert_int_equal(sem_trywait(&waited), 0);
	update_run(11, RCODE_NOERROR);
	assert_true(is_owed);
	fail_owed = 1; /* it is tried twice there */
	writer_end();
	assert_int_equal(fail_owed, 0);
	assert_int_equal(sem_trywait(&waited), 0);
}

static void
head_is_put(off_t at, bool at_once)
{
	(void)at;
	put += at_once;
}

/*
 * Jobs and updates are refused until what was answered before is on the disk, which is tried with each of them; new rules
 * are taken. The answer after that is durable, if they say so.
 */
static void
test_refused_while_disk_fails(void **state)
{
	struct job roll = {.kind = JOB_ROLL, .what = WHAT_CSK};
	struct job rules = {.kind = JOB_RULES, .rules = &shop.rules};

	(void)state;
	realm_begin(10000);
	roll.zone = shop.apex;
	update_run(10, RCODE_NOERROR);
	disk_failures = UINT_MAX;
	job_run(&roll);
	assert_int_equal(roll.error, -MAP_EDISK);
	update_run(11, RCODE_SERVFAIL);
	job_run(&rules);
	assert_int_equal(rules.error, 0);
	shop.rules.updates.durability = DURABILITY_DURABLE;
	update_run(12, RCODE_SERVFAIL);
	assert_true(is_owed);
	put = 0;
	disk_put = head_is_put;
	disk_failures = 0;
	update_run(13, RCODE_NOERROR);
	assert_int_equal(put, 1);
	assert_int_equal(sem_trywait(&waited), 0);
	job_run(&roll);
	assert_int_equal(roll.error, 0);
	writer_end();
	disk_put = NULL;
}

/* Nobody asks for anything: it is tried again all the same. */
static void
test_tried_again(void **state)
{
	(void)state;
	realm_begin(1);
	fail_owed = 1;
	update_run(10, RCODE_NOERROR);
	event_wait(&waited);
	assert_int_equal(fail_owed, 0);
	writer_end();
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_setup, shop_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_within_loss),
	    TEST(test_renewal_waits),
	    TEST(test_before_job_and_end),
	    TEST(test_refused_while_disk_fails),
	    TEST(test_tried_again),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	close_realm();
	return failed;
}
