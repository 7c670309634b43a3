/*
 * admission.c - the way of an update from a worker on.
 * Knows who comes next; judges nothing.
 */
#include "mapd/admission.h"

#include <stdlib.h>

#include "core/wire/errors.h"
#include "mapd/remark.h"
#include "mapd/verifier.h"

struct admission {
	struct budget *budget;
	struct prover *prover;
	struct verifier *verifier;
	struct admission_writer writer;
	struct remark refusals, failures;
};

int
admission_open(const struct admission_options *options, struct admission **out)
{
	struct admission *admission = calloc(1, sizeof *admission);
	int error;

	if (admission == NULL)
		return -MAP_ENOMEM;
	admission->prover = options->prover;
	admission->writer = options->writer;
	error = budget_new(&admission->budget);
	if (error == 0)
		error = verifier_new(options, &admission->verifier);
	if (error == 0)
		*out = admission;
	else
		admission_close(admission);
	return error;
}

void
admission_stop(struct admission *admission)
{
	if (admission == NULL)
		return;
	verifier_free(admission->verifier);
	admission->verifier = NULL;
}

void
admission_close(struct admission *admission)
{
	if (admission == NULL)
		return;
	admission_stop(admission);
	budget_free(admission->budget);
	free(admission);
}

struct budget *
admission_budget(struct admission *admission)
{
	return admission->budget;
}

struct prover *
admission_prover(struct admission *admission)
{
	return admission->prover;
}

bool
admission_knows(
    struct admission *admission, const uint8_t digest[32], uint64_t now, unsigned *rcode)
{
	struct replay *replay = admission->writer.replay;

	return replay != NULL && replay_knows(replay, digest, now, rcode);
}

int
admission_put(struct admission *admission, struct proposal *p)
{
	if (p->seal == SEALED_SIG0 || p->added != NULL)
		return verifier_put(admission->verifier, p);
	return admission->writer.propose(admission->writer.arg, p);
}

bool
admission_may_remark(
    struct admission *admission, bool failure, uint64_t now, unsigned *left_out)
{
	return failure ? remark_may(&admission->failures, 1, ADMISSION_FAILURES, now, left_out)
		       : remark_may(&admission->refusals, ADMISSION_REFUSALS, 1, now, left_out);
}
