/*
 * inquiry.c - the questions of one look-up; knows no order between them.
 */
#include <stdlib.h>

#include "core/wire/errors.h"
#include "resolve/resolver.h"

struct inquiry_row {
	struct name name;
	uint16_t type;
	struct ask *ask; /* NULL: dropped */
};

void
inquiry_init(struct inquiry *inquiry, struct resolver *resolver, enum upstream_context context,
    answer_fn *fn, void *arg)
{
	*inquiry =
	    (struct inquiry){.resolver = resolver, .context = context, .fn = fn, .arg = arg};
}

void
inquiry_fini(struct inquiry *inquiry)
{
	for (size_t i = 0; i < inquiry->n; i++)
		ask_free(inquiry->rows[i].ask);
	free(inquiry->rows);
	inquiry->rows = NULL;
	inquiry->n = inquiry->max = 0;
}

static struct inquiry_row *
row_find(const struct inquiry *inquiry, const struct name *name, uint16_t type)
{
	for (size_t i = 0; i < inquiry->n; i++)
		if (inquiry->rows[i].type == type && name_equal(&inquiry->rows[i].name, name))
			return &inquiry->rows[i];
	return NULL;
}

static struct inquiry_row *
row_make(struct inquiry *inquiry)
{
	if (inquiry->n == inquiry->max) {
		size_t max = inquiry->max > 0 ? 2 * inquiry->max : 8;
		struct inquiry_row *rows = realloc(inquiry->rows, max * sizeof *rows);
		if (rows == NULL)
			return NULL;
		inquiry->rows = rows;
		inquiry->max = max;
	}
	return &inquiry->rows[inquiry->n];
}

static void
answer_came(void *arg, const struct answer *answer)
{
	struct inquiry *inquiry = arg;
	struct resolver *resolver = inquiry->resolver;

	if (resolver->chain != NULL)
		for (size_t i = 0; i < inquiry->n; i++) {
			struct inquiry_row *row = &inquiry->rows[i];
			if (row->ask != NULL && ask_answer(row->ask) == answer)
				resolver->chain(resolver->chain_arg, &row->name, row->type,
				    &answer->edge, answer->packet);
		}
	inquiry->fn(inquiry->arg, answer);
}

const struct answer *
inquiry_ask(struct inquiry *inquiry, const struct name *name, uint16_t type, int *error)
{
	struct inquiry_row *row = row_find(inquiry, name, type);

	if (row != NULL)
		return row->ask != NULL ? ask_answer(row->ask) : NULL;
	row = row_make(inquiry);
	if (row == NULL) {
		*error = -MAP_ENOMEM;
		return NULL;
	}
	*row = (struct inquiry_row){.name = *name, .type = type};
	*error = upstream_ask(inquiry->resolver->up,
	    &(struct asking){inquiry->context, name, type, inquiry->load}, answer_came, inquiry,
	    &row->ask);
	if (*error == 0)
		inquiry->n++;
	return NULL;
}

const struct answer_set *
inquiry_additional(
    const struct inquiry *inquiry, const struct name *name, uint16_t type, bool secure)
{
	for (size_t i = 0; i < inquiry->n; i++) {
		const struct ask *ask = inquiry->rows[i].ask;
		const struct answer *answer = ask != NULL ? ask_answer(ask) : NULL;

		if (answer == NULL || (secure && answer->edge.dnssec != VERDICT_SECURE))
			continue;
		for (size_t j = 0; j < answer->n_additional; j++)
			if (answer->additional[j].type == type &&
			    name_equal(&answer->additional[j].owner, name))
				return &answer->additional[j];
	}
	return NULL;
}

void
inquiry_drop(struct inquiry *inquiry, const struct name *name, uint16_t type)
{
	struct inquiry_row *row = row_find(inquiry, name, type);

	if (row == NULL)
		return;
	ask_free(row->ask);
	row->ask = NULL;
}
