/*
 * desk.c - the way of an update from a worker on.
 * Knows who comes next; judges nothing.
 */
#include "mapd/desk.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "core/wire/errors.h"
#include "mapd/verifier.h"

#define COUNT_BITS 16 /* of remarks, below their second */

struct desk {
	struct budget *budget;
	struct prover *prover;
	struct verifier *verifier;
	struct desk_writer writer;
	_Atomic uint64_t remarks; /* second | how many in it */
	_Atomic unsigned left_out;
};

int
desk_open(const struct desk_options *options, struct desk **out)
{
	struct desk *desk = calloc(1, sizeof *desk);
	int error;

	if (desk == NULL)
		return -MAP_ENOMEM;
	desk->prover = options->prover;
	desk->writer = options->writer;
	error = budget_new(&desk->budget);
	if (error == 0)
		error = verifier_new(options, &desk->verifier);
	if (error == 0)
		*out = desk;
	else
		desk_close(desk);
	return error;
}

void
desk_close(struct desk *desk)
{
	if (desk == NULL)
		return;
	verifier_free(desk->verifier);
	budget_free(desk->budget);
	free(desk);
}

struct budget *
desk_budget(struct desk *desk)
{
	return desk->budget;
}

struct prover *
desk_prover(struct desk *desk)
{
	return desk->prover;
}

int
desk_put(struct desk *desk, struct proposal *p)
{
	if (p->seal == SEALED_SIG0 || p->added != NULL)
		return verifier_put(desk->verifier, p);
	return desk->writer.propose(desk->writer.arg, p);
}

bool
desk_may_remark(struct desk *desk, uint64_t now, unsigned *left_out)
{
	uint64_t before = atomic_load(&desk->remarks), after;

	do {
		after = before >> COUNT_BITS == now ? before : now << COUNT_BITS;
		if ((after & ((1u << COUNT_BITS) - 1)) >= DESK_REMARKS) {
			atomic_fetch_add(&desk->left_out, 1);
			return false;
		}
		after++;
	} while (!atomic_compare_exchange_weak(&desk->remarks, &before, after));
	*left_out = atomic_exchange(&desk->left_out, 0);
	return true;
}
