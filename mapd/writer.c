/*
 * writer.c - the only thread that changes the database: jobs in, answers out, signatures renewed.
 * Jobs and answers are pointers in two pipes, which are queues that a thread can sleep on. Knows
 * nothing of who asks.
 */
#include "mapd/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/diag.h"
#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "mapd/amend.h"
#include "mapd/backlog.h"
#include "mapd/claim.h"
#include "mapd/commit.h"
#include "mapd/expiry.h"
#include "mapd/folk.h"
#include "mapd/group.h"
#include "mapd/intake.h"
#include "mapd/renew.h"
#include "mapd/site.h"
#include "mapd/sync.h"

#define WRITER_WAIT 60 /* seconds at most until the clock is looked at again */
#define WRITER_LOOK 1000 /* ms between looks at the clock while updates come */
#define WRITER_RETRY 60 /* seconds until a renewal that failed is tried again */

struct writer {
	int jobs[2]; /* struct job *, NULL: end */
	int answers[2]; /* struct job * */
	struct intake *intake; /* updates */
	pthread_t thread;
	/* From here on owned by the thread, once it runs. */
	struct work work;
	struct renew renew;
	struct sync sync;
	uint64_t retry; /* no renewal before */
	uint64_t looked; /* when renewals and leases were looked at last, ms */
	uint64_t expiry; /* when leases are to be looked at again, ms */
	bool behind; /* the clock is, and it was said */
	struct job *jobs_taken[GROUP_LOADS]; /* loads that are done together, or one job */
	size_t n_taken;
	struct job *next; /* taken too, but for another turn */
	bool ends;
};

static void
job_load(struct writer *writer, struct job *job)
{
	const struct outcome *out = &job->outcome;

	if (job->error == 0 && !out->unchanged)
		renew_tell(&writer->renew, &job->zone, out->resign, out->expires);
}

static void
job_remove(struct writer *writer, struct job *job)
{
	job->error = work_remove(&writer->work, &job->zone, &job->outcome);
}

static void
job_edit(struct writer *writer, struct job *job)
{
	const struct outcome *out = &job->outcome;

	job->error = amend_run(&writer->work, &job->zone, job->amend, &job->outcome);
	if (job->error == 0 && !job->amend->dry && !out->unchanged)
		renew_tell(&writer->renew, &job->zone, out->resign, out->expires);
}

static void
job_rules(struct writer *writer, struct job *job)
{
	writer->work.rules = job->rules;
	writer->work.roll_at = 0;
	job->error = work_compare(&writer->work);
}

static void
job_roll(struct writer *writer, struct job *job)
{
	job->error = rollover_begin(
	    &writer->work, &job->zone, job->what, clock_seconds(), &job->outcome);
}

static void
job_next(struct writer *writer, struct job *job)
{
	job->error = rollover_next(&writer->work, &job->zone, clock_seconds(), &job->outcome);
}

static void
job_cancel(struct writer *writer, struct job *job)
{
	job->error = rollover_cancel(&writer->work, &job->zone, clock_seconds(), &job->outcome);
}

static void
job_seen(struct writer *writer, struct job *job)
{
	job->error =
	    rollover_seen(&writer->work, &job->zone, job->ttl, clock_seconds(), &job->outcome);
}

static void
job_told(struct writer *writer, struct job *job)
{
	job->error = rollover_told(&writer->work, &job->zone, job->ds, job->n_ds, job->ttl,
	    clock_seconds(), &job->outcome);
}

static void
job_gain(struct writer *writer, struct job *job)
{
	job->error = rollover_gain(&writer->work, &job->zone, job->algorithm, job->role,
	    job->text, clock_seconds(), &job->outcome);
}

static void
job_retire(struct writer *writer, struct job *job)
{
	job->error = rollover_retire(
	    &writer->work, &job->zone, job->tag, clock_seconds(), &job->outcome);
}

static void
job_site(struct writer *writer, struct job *job)
{
	job->error = site_run(&writer->work, &job->zone, job->site, &job->outcome);
}

static void
job_people(struct writer *writer, struct job *job)
{
	job->error = folk_run(&writer->work, &job->zone, job->folk, &job->outcome);
}

/* The job's own done tells of it. */
static void
test_done(struct proposal *list)
{
	(void)list;
}

static void
job_test(struct writer *writer, struct job *job)
{
	job->proposal->done = test_done;
	commit_updates(&writer->work, job->proposal);
}

/* What is done with each job alone; of a load, what is left when it is in the database. */
static void (*const job_run[JOB_KINDS])(struct writer *, struct job *) = {[JOB_LOAD] = job_load,
    [JOB_REMOVE] = job_remove,
    [JOB_EDIT] = job_edit,
    [JOB_RULES] = job_rules,
    [JOB_ROLL] = job_roll,
    [JOB_NEXT] = job_next,
    [JOB_CANCEL] = job_cancel,
    [JOB_SEEN] = job_seen,
    [JOB_TOLD] = job_told,
    [JOB_GAIN] = job_gain,
    [JOB_RETIRE] = job_retire,
    [JOB_SITE] = job_site,
    [JOB_PEOPLE] = job_people,
    [JOB_TEST] = job_test};

/* A pipe takes and gives a pointer whole (less than PIPE_BUF). */
static bool
queue_put(int fd, struct job *job)
{
	ssize_t n;

	do
		n = write(fd, &job, sizeof job);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof job;
}

static bool
queue_take(int fd, struct job **job)
{
	ssize_t n;

	do
		n = read(fd, job, sizeof *job);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof *job;
}

/* Whether anything may be signed at now; that it may not is said once. */
static bool
writer_trusts_clock(struct writer *writer, uint64_t now)
{
	struct change *change;
	char why[256];
	bool behind;

	if (change_begin(writer->work.store, &change) != 0)
		return true; /* the renewal itself says what is wrong */
	behind = work_check_clock(change, now, why, sizeof why) != 0;
	change_abort(change);
	if (behind && !writer->behind)
		diag_error("database: nothing can be signed: %s", why);
	writer->behind = behind;
	return !behind;
}

/* Renews a little, if it is time; returns seconds until it is time again. */
static uint64_t
writer_renew(struct writer *writer)
{
	struct renew *renew = &writer->renew;
	uint64_t now = clock_seconds();
	char name[NAME_TEXT];
	uint64_t roll, wait;
	int rc;

	if (!writer_trusts_clock(writer, now))
		return WRITER_WAIT;
	roll = rollover_tick(&writer->work, now, WRITER_WAIT);
	/* far ahead: the clock was, when the last one failed */
	if (now < writer->retry && writer->retry - now <= WRITER_RETRY)
		return roll;
	if (!renew->walking && !renew_start(renew, &writer->work, now)) {
		wait = renew_wait(&writer->work, now, WRITER_WAIT);
		return roll < wait ? roll : wait;
	}
	rc = renew_step(renew, &writer->work, now);
	if (rc == 0)
		return 0;
	diag_error("zone %s: signatures not renewed: %s", name_print(&renew->apex, name),
	    error_text(rc));
	writer->retry = now + WRITER_RETRY;
	return WRITER_RETRY;
}

/* The next job, if there is one. */
static bool
writer_take(struct writer *writer, struct job **job)
{
	struct pollfd jobs = {.fd = writer->jobs[0], .events = POLLIN};

	*job = writer->next;
	writer->next = NULL;
	if (*job != NULL)
		return true;
	if (writer->ends || poll(&jobs, 1, 0) <= 0)
		return false;
	writer->ends = !queue_take(writer->jobs[0], job) || *job == NULL;
	return !writer->ends;
}

/* All that was answered is on the disk, when 0. */
static int
writer_sync(struct writer *writer)
{
	return sync_end(&writer->sync, loop_now_ms());
}

/* How long it may still be put off, ms. */
static uint64_t
writer_sync_wait(const struct writer *writer)
{
	return sync_wait(&writer->sync, writer->work.rules->updates.loss, loop_now_ms());
}

/* Until there is a job or an update, for so many seconds at most. */
static void
writer_sleep(struct writer *writer, uint64_t seconds)
{
	uint64_t lazy = writer_sync_wait(writer);
	uint64_t wait = writer->sync.lazy ? WRITER_LOOK : seconds * 1000;
	struct pollfd fds[] = {{.fd = writer->jobs[0], .events = POLLIN},
	    {.fd = intake_fd(writer->intake), .events = POLLIN}};

	if (writer->next == NULL && !writer->ends)
		(void)poll(fds, 2, (int)(lazy < wait ? lazy : wait));
}

/* The loads that wait already, up to another job or a large zone: who waits for one waits for all. */
static void
writer_gather(struct writer *writer, struct job *job)
{
	size_t octets = 0;

	writer->n_taken = 0;
	do {
		bool small = job->kind == JOB_LOAD && job->records.n <= GROUP_OCTETS - octets;

		if (writer->n_taken > 0 && !small) {
			writer->next = job;
			return;
		}
		writer->jobs_taken[writer->n_taken++] = job;
		if (!small)
			return;
		octets += job->records.n;
	} while (writer->n_taken < GROUP_LOADS && writer_take(writer, &job));
}

/* What hosts registered is in no file: a load that would drop it is refused, unless that was asked for. */
static int
load_is_kept(struct work *work, struct job *job)
{
	struct change *change;
	uint64_t claims = 0;
	int rc = job->drop ? 0 : change_begin(work->store, &change);

	if (job->drop || rc != 0)
		return rc;
	claims = claim_count(change, &job->zone);
	change_abort(change);
	if (claims == 0)
		return 0;
	job->outcome = (struct outcome){.refused = PLAN_NONE};
	snprintf(job->outcome.why, sizeof job->outcome.why,
	    "hosts have registered %llu names in it, which the file would drop: zone edit "
	    "changes"
	    " the rest, zone load --drop-registered drops them",
	    (unsigned long long)claims);
	return -MAP_EREFUSED;
}

static void
writer_load(struct writer *writer)
{
	struct group_load loads[GROUP_LOADS];
	struct job *loaded[GROUP_LOADS];
	size_t n = 0;

	for (size_t i = 0; i < writer->n_taken; i++) {
		struct job *job = writer->jobs_taken[i];

		job->error = load_is_kept(&writer->work, job);
		if (job->error != 0)
			continue;
		loaded[n] = job;
		loads[n++] = (struct group_load){.zone = &job->zone,
		    .records = job->records,
		    .out = &job->outcome,
		    .drop = job->drop};
	}
	group_load(&writer->work, loads, n);
	for (size_t i = 0; i < n; i++)
		loaded[i]->error = loads[i].error;
}

/* One job, or the loads that wait together with it: durable, and what was answered before is so first. */
static void
writer_job(struct writer *writer, struct job *job)
{
	/* if that fails, so does what the job commits */
	(void)writer_sync(writer);
	writer_gather(writer, job);
	if (job->kind == JOB_LOAD)
		writer_load(writer);
	for (size_t i = 0; i < writer->n_taken; i++) {
		job = writer->jobs_taken[i];
		job_run[job->kind](writer, job);
		/* who asks next sees the names that keep step with what it changed */
		(void)backlog_step(&writer->work, 0);
		if (!queue_put(writer->answers[1], job))
			diag_error("writer: an answer was lost: %s", strerror(errno));
	}
}

/* The updates that wait, in one commit; false: there was none. */
static bool
writer_update(struct writer *writer)
{
	uint64_t soon = loop_now_ms() + WRITER_LOOK;
	size_t n;
	struct proposal *list = intake_take(writer->intake, COMMIT_MOST, &n);

	if (list == NULL)
		return false;
	if (writer->work.rules->updates.durability == DURABILITY_BATCHED)
		sync_put_off(&writer->sync, loop_now_ms());
	commit_updates(&writer->work, list);
	if (soon < writer->expiry)
		writer->expiry = soon; /* what they registered may be short-lived */
	return true;
}

/*
 * While updates come, or the disk is still to be waited for, the clock is looked at now and then only: what is done
 * then takes longer than batched-loss, so the disk is waited for first. Leases that are over get a batch after each
 * commit: updates that never cease would keep them for good.
 */
static bool
writer_may_look(const struct writer *writer, bool busy)
{
	uint64_t now = loop_now_ms();

	if (writer->next != NULL || writer->sync.failed)
		return false;
	return (!busy && !writer->sync.lazy) || writer->renew.walking ||
	       now >= writer->expiry || now - writer->looked >= WRITER_LOOK;
}

/* Renewals, what waits, and leases, if it is time; returns seconds until it is time again. */
static uint64_t
writer_look(struct writer *writer)
{
	uint64_t now = loop_now_ms(), wait = writer_renew(writer), lease;
	uint64_t behind = backlog_step(&writer->work, WRITER_WAIT);

	store_reap(writer->work.store);
	writer->looked = now;
	wait = behind < wait ? behind : wait;
	if (now >= writer->expiry) {
		lease = expiry_step(&writer->work, WRITER_WAIT);
		writer->expiry = now + lease * 1000;
	}
	lease = (writer->expiry - now + 999) / 1000;
	return lease < wait ? lease : wait;
}

static void *
writer_thread(void *arg)
{
	struct writer *writer = arg;
	struct job *job;
	uint64_t wait = 0;
	bool busy = false;

	while (!writer->ends) {
		if (writer_sync_wait(writer) == 0)
			(void)writer_sync(writer);
		if (writer_may_look(writer, busy) && writer_sync(writer) == 0)
			wait = writer_look(writer);
		if (!busy)
			writer_sleep(writer, wait);
		busy = writer_update(writer);
		if (writer_take(writer, &job)) {
			writer_job(writer, job);
			busy = true;
		}
	}
	/* updates that came before the end */
	while (writer_update(writer))
		;
	/* the error may pass */
	if (writer_sync(writer) != 0)
		(void)writer_sync(writer);
	return NULL;
}

/* Everything that is due, before the first answer is given. */
static int
writer_refresh(struct writer *writer, char *why, size_t max)
{
	char name[NAME_TEXT];
	int rc = 0;

	while (rc == 0 && (writer->renew.walking ||
			      (renew_is_due(&writer->work, clock_seconds()) &&
				  renew_start(&writer->renew, &writer->work, clock_seconds()))))
		rc = renew_step(&writer->renew, &writer->work, clock_seconds());
	if (rc != 0)
		snprintf(why, max, "zone %s: signatures cannot be renewed: %s",
		    name_print(&writer->renew.apex, name), error_text(rc));
	return rc;
}

static void
writer_free(struct writer *writer)
{
	for (int i = 0; i < 2; i++) {
		if (writer->jobs[i] >= 0)
			close(writer->jobs[i]);
		if (writer->answers[i] >= 0)
			close(writer->answers[i]);
	}
	intake_free(writer->intake);
	work_fini(&writer->work);
	free(writer);
}

/* Signals are for the main thread. */
static int
writer_run(struct writer *writer)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&writer->thread, NULL, writer_thread, writer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == 0 ? 0 : -MAP_ESYS;
}

int
writer_start(const struct writer_options *options, struct writer **out, char *why, size_t max)
{
	struct writer *writer = calloc(1, sizeof *writer);
	int rc;

	if (writer == NULL) {
		snprintf(why, max, "out of memory");
		return -MAP_ENOMEM;
	}
	writer->jobs[0] = writer->jobs[1] = writer->answers[0] = writer->answers[1] = -1;
	rc = work_init(&writer->work, options->store, options->keys, options->rules,
	    options->threads, why, max);
	writer->work.walk = &writer->renew;
	writer->work.prover = options->prover;
	writer->sync.store = options->store;
	if (rc == 0)
		rc = intake_new(&writer->intake);
	if (rc == 0)
		rc = writer_refresh(writer, why, max);
	if (rc == 0)
		rc = work_compare(&writer->work);
	if (rc == 0)
		rc = backlog_tell(&writer->work);
	if (rc != 0) {
		writer_free(writer);
		return rc;
	}
	if (pipe2(writer->jobs, O_CLOEXEC) != 0 || pipe2(writer->answers, O_CLOEXEC) != 0 ||
	    fcntl(writer->jobs[1], F_SETFL, O_NONBLOCK) != 0 ||
	    fcntl(writer->answers[0], F_SETFL, O_NONBLOCK) != 0 || writer_run(writer) != 0) {
		snprintf(why, max, "writer thread: %s", strerror(errno));
		writer_free(writer);
		return -MAP_ESYS;
	}
	*out = writer;
	return 0;
}

void
writer_stop(struct writer *writer)
{
	if (writer == NULL)
		return;
	/* The queue may be full of jobs: then this waits until there is room. */
	(void)fcntl(writer->jobs[1], F_SETFL, 0);
	(void)queue_put(writer->jobs[1], NULL);
	pthread_join(writer->thread, NULL);
	writer_answers(writer);
	writer_free(writer);
}

int
writer_submit(struct writer *writer, struct job *job)
{
	return queue_put(writer->jobs[1], job) ? 0 : -MAP_ELIMIT;
}

int
writer_propose(struct writer *writer, struct proposal *proposal)
{
	return intake_put(writer->intake, proposal);
}

struct replay *
writer_replay(struct writer *writer)
{
	return writer->work.replay;
}

int
writer_fd(const struct writer *writer)
{
	return writer->answers[0];
}

void
writer_answers(struct writer *writer)
{
	struct job *job;

	while (queue_take(writer->answers[0], &job))
		job->done(job);
}
