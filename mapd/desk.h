/*
 * desk.h - what all workers share to take updates: the budget, the probes, the verifiers, the writer.
 */
#ifndef MAPD_DESK_H
#define MAPD_DESK_H

#include "mapd/budget.h"
#include "mapd/prove.h"
#include "mapd/replay.h"

#define DESK_REMARKS 10 /* lines of the log about updates, a second */

struct verifier;

/* Who applies them: writer_propose() of mapd, something else in a test. */
struct desk_writer {
	int (*propose)(void *arg, struct proposal *proposal); /* as writer_propose() */
	void *arg;
	struct replay *replay; /* NULL: nothing is looked up */
};

struct desk_options {
	struct store *store;
	struct desk_writer writer;
	struct prover *prover; /* borrowed until the desk is closed */
	unsigned threads; /* of the verifiers */
};

struct desk; /* shared by all workers */

/* -MAP_ENOMEM, -MAP_ECRYPTO, -MAP_ESYS */
int desk_open(const struct desk_options *options, struct desk **out) NONNULL MUST_CHECK;
/* Ends the verifiers; who waits is answered. No worker may use it any more. NULL allowed. */
void desk_close(struct desk *desk);
struct budget *desk_budget(struct desk *desk) NONNULL;
struct prover *desk_prover(struct desk *desk) NONNULL;
/*
 * Passes it on: to the verifiers what has a SIG(0) or a proof, else to the writer. -MAP_ELIMIT: too many are waiting,
 * in all or of its source; it is still the caller's.
 */
int desk_put(struct desk *desk, struct proposal *proposal) NONNULL MUST_CHECK;
/* Whether one more line may be logged at now (seconds); *left_out: how many were not, since the last. */
bool desk_may_remark(struct desk *desk, uint64_t now, unsigned *left_out) NONNULL MUST_CHECK;

#endif
