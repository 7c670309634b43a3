/*
 * admission.c - the way of an update from a worker on.
 * Knows who comes next; judges nothing.
 */
#include "mapd/admission.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "core/wire/errors.h"
#include "mapd/verifier.h"

#define COUNT_BITS 16 /* of remarks, below their second */

struct admission {
	struct budget *budget;
	struct prover *prover;
	struct verifier *verifier;
	struct admission_writer writer;
	_Atomic uint64_t remarks; /* second | how many in it */
	_Atomic unsigned left_out;
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
admission_may_remark(struct admission *admission, uint64_t now, unsigned *left_out)
{
	uint64_t before = atomic_load(&admission->remarks), after;

	do {
		after = before >> COUNT_BITS == now ? before : now << COUNT_BITS;
		if ((after & ((1u << COUNT_BITS) - 1)) >= ADMISSION_REMARKS) {
			atomic_fetch_add(&admission->left_out, 1);
			return false;
		}
		after++;
	} while (!atomic_compare_exchange_weak(&admission->remarks, &before, after));
	*left_out = atomic_exchange(&admission->left_out, 0);
	return true;
}
