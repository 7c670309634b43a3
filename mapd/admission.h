/*
 * admission.h - what all workers share to take updates: the budget, the probes, the verifiers, the writer.
 */
#ifndef MAPD_ADMISSION_H
#define MAPD_ADMISSION_H

#include "mapd/budget.h"
#include "mapd/prove.h"
#include "mapd/replay.h"

#define ADMISSION_REFUSALS 10 /* lines of the log about updates, a second */
#define ADMISSION_FAILURES 60 /* seconds between two about what the database cannot do */

struct verifier;

/* Who applies them: writer_propose() of mapd, something else in a test. */
struct admission_writer {
	int (*propose)(void *arg, struct proposal *proposal); /* as writer_propose() */
	void *arg;
	struct replay *replay; /* NULL: nothing is looked up */
};

struct admission_options {
	struct store *store;
	struct admission_writer writer;
	struct prover *prover; /* borrowed until the admission is closed */
	unsigned threads; /* of the verifiers */
};

struct admission; /* shared by all workers */

/* -MAP_ENOMEM, -MAP_ECRYPTO, -MAP_ESYS */
int admission_open(const struct admission_options *options, struct admission **out) NONNULL MUST_CHECK;
/* Ends the verifiers; who waits is answered. No worker may put anything more. NULL allowed. */
void admission_stop(struct admission *admission);
void admission_close(struct admission *admission); /* NULL allowed; no worker knows it any more */
struct budget *admission_budget(struct admission *admission) NONNULL;
struct prover *admission_prover(struct admission *admission) NONNULL;
/* Whether a message with that digest was answered before, and is again, by *rcode, without a look at its signature. */
bool admission_knows(struct admission *admission, const uint8_t digest[32], uint64_t now,
    unsigned *rcode) NONNULL MUST_CHECK;
/*
 * Passes it on: to the verifiers what has a SIG(0) or a proof, else to the writer. -MAP_ELIMIT: too many are waiting,
 * in all or of its source; it is still the caller's.
 */
int admission_put(struct admission *admission, struct proposal *proposal) NONNULL MUST_CHECK;
/* Whether one more line may be logged at now (seconds); *left_out: how many of its kind were not, since the last. */
bool admission_may_remark(struct admission *admission, bool failure, uint64_t now,
    unsigned *left_out) NONNULL MUST_CHECK;

#endif
