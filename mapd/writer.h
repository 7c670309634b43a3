/*
 * writer.h - the only thread that changes the database; others hand it jobs and get answers.
 */
#ifndef MAPD_WRITER_H
#define MAPD_WRITER_H

#include "mapd/rollover.h"

struct writer;
struct amend;
struct site;
struct folk;
struct proposal;

enum job_kind {
	JOB_LOAD,
	JOB_REMOVE,
	JOB_EDIT,
	JOB_RULES,
	JOB_ROLL,   /* begins one */
	JOB_NEXT,   /* its next phase */
	JOB_CANCEL, /* of a roll */
	JOB_SEEN,   /* the operator has seen the new DS at the parent */
	JOB_TOLD,   /* the parent was asked for its DS */
	JOB_GAIN,   /* one more key */
	JOB_RETIRE, /* of a key */
	JOB_SITE,   /* a path of a prefix set */
	JOB_PEOPLE, /* an identity */
	JOB_TEST,   /* of an update: what would become of it */
	JOB_KINDS
};

/* One change asked for. Belongs to the writer from writer_submit() until done is called. */
struct job {
	enum job_kind kind;
	struct name zone;	   /* all but RULES */
	struct amend *amend;	   /* EDIT: borrowed */
	const struct site *site;   /* SITE: borrowed */
	const struct folk *folk;   /* PEOPLE: borrowed */
	struct proposal *proposal; /* TEST: dry; borrowed */
	bool drop;		   /* LOAD: also what hosts registered */
	struct bytes records;	   /* LOAD: as frame_record_put() writes them; borrowed */
	enum roll_what what;	   /* ROLL */
	uint16_t tag;		   /* RETIRE */
	uint32_t ttl;		   /* SEEN, TOLD: of the parent's DS, in seconds */
	uint8_t algorithm, role;   /* GAIN; 0: as configured */
	struct bytes text;	   /* GAIN: a key file's; empty: a new key; borrowed */
	const struct bytes *ds;	   /* TOLD: RDATA; borrowed */
	size_t n_ds;
	const struct rules *rules; /* RULES: borrowed until others are set; the old are free then */
	void (*done)(struct job *job); /* by writer_answers(), in the thread that calls it */
	void *arg;
	/* the answer; durable when error is 0 */
	int error;
	struct outcome outcome;
};

struct writer_options {
	struct store *store;
	const char *keys;	   /* directory */
	const struct rules *rules; /* borrowed */
	unsigned threads;	   /* that sign; at least 1 */
	const struct prover *prover; /* borrowed; NULL: locators are not verified */
};

/*
 * Opens the keys, drops what a crash left behind, renews signatures that need it (before anything is
 * served), then starts the thread. why says what is wrong.
 */
int writer_start(const struct writer_options *options, struct writer **out, char *why, size_t max);
/* Ends the thread after the jobs it has; those not yet answered are answered. NULL allowed. */
void writer_stop(struct writer *writer);

/* -MAP_ELIMIT: too many are waiting. */
int writer_submit(struct writer *writer, struct job *job) MUST_CHECK;
/*
 * Hands an update over, from any thread; done is called by the writer's. -MAP_ELIMIT: too many are waiting, and
 * it is still the caller's.
 */
int writer_propose(struct writer *writer, struct proposal *proposal) MUST_CHECK;
/* What replays are looked up in; lives as long as the writer. */
struct replay *writer_replay(struct writer *writer);
/* Readable when there are answers. */
int writer_fd(const struct writer *writer);
/* Calls done of each answered job; does not wait. */
void writer_answers(struct writer *writer);

#endif
