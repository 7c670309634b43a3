/*
 * charter.c - the charters of a configuration, copied for one worker and sorted by apex.
 * Knows nothing of what a policy means.
 */
#include "mapd/charter.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"

struct charters {
	size_t n;
	struct charter row[];
};

static int
charter_order(const void *a, const void *b)
{
	const struct charter *x = a, *y = b;

	return name_compare(&x->apex, &y->apex);
}

/* What to borrows becomes its own. */
static int
charter_copy(struct charter *to, const struct charter *from)
{
	struct tsig_key *keys = calloc(from->n_keys + 1, sizeof *keys);
	struct name *sites = calloc(from->policy.n_sites + 1, sizeof *sites);

	*to = *from;
	to->keys = keys;
	to->policy.sites = sites;
	if (keys == NULL || sites == NULL) {
		to->n_keys = 0;
		return -MAP_ENOMEM;
	}
	if (from->n_keys > 0)
		memcpy(keys, from->keys, from->n_keys * sizeof *keys);
	if (from->policy.n_sites > 0)
		memcpy(sites, from->policy.sites, from->policy.n_sites * sizeof *sites);
	return 0;
}

int
charters_new(const struct charter *rows, size_t n, struct charters **out)
{
	struct charters *charters = calloc(1, sizeof *charters + n * sizeof charters->row[0]);
	int error = charters == NULL ? -MAP_ENOMEM : 0;

	for (size_t i = 0; error == 0 && i < n; i++) {
		error = charter_copy(&charters->row[i], &rows[i]);
		charters->n++;
	}
	if (error != 0) {
		charters_free(charters);
		return error;
	}
	qsort(charters->row, n, sizeof charters->row[0], charter_order);
	*out = charters;
	return 0;
}

void
charters_free(struct charters *charters)
{
	if (charters == NULL)
		return;
	for (size_t i = 0; i < charters->n; i++) {
		const struct charter *row = &charters->row[i];

		if (row->n_keys > 0)
			crypto_wipe((void *)row->keys, row->n_keys * sizeof *row->keys);
		free((void *)row->keys);
		free((void *)row->policy.sites);
	}
	free(charters);
}

const struct charter *
charters_find(const struct charters *charters, const struct name *apex)
{
	size_t low = 0, high = charters->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = name_compare(&charters->row[middle].apex, apex);

		if (order == 0)
			return &charters->row[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool
charters_have_key(const struct charters *charters, const struct name *key)
{
	for (size_t i = 0; i < charters->n; i++)
		for (size_t k = 0; k < charters->row[i].n_keys; k++)
			if (name_equal(&charters->row[i].keys[k].name, key))
				return true;
	return false;
}
