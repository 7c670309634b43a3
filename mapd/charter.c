/*
 * charter.c - the charters of a configuration, copied for one worker and sorted by apex.
 * Knows nothing of what a policy means.
 */
#include "mapd/charter.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"

struct charters {
	struct tsig_key *keys;
	size_t n_keys;
	size_t n;
	struct charter *row;
	struct name *sites; /* of all rows */
};

/* The rows, which are sorted as the rules are, and what they borrow becomes ours. */
static int
rows_copy(struct charters *charters, const struct rules *rules)
{
	struct name *site;
	size_t sites = 0;

	for (size_t i = 0; i < rules->n_zones; i++)
		sites += rules->zones[i].policy.n_sites;
	charters->row = calloc(rules->n_zones + 1, sizeof *charters->row);
	charters->sites = site = calloc(sites + 1, sizeof *charters->sites);
	if (charters->row == NULL || site == NULL)
		return -MAP_ENOMEM;
	for (; charters->n < rules->n_zones; charters->n++) {
		const struct name *apex = &rules->zones[charters->n].apex;
		struct charter *row = &charters->row[charters->n];

		*row = (struct charter){*apex, *rules_policy(rules, apex)};
		if (row->policy.n_sites > 0)
			memcpy(site, row->policy.sites, row->policy.n_sites * sizeof *site);
		row->policy.sites = site;
		row->policy.admins = NULL; /* the writer asks for them */
		row->policy.n_admins = 0;
		site += row->policy.n_sites;
	}
	return 0;
}

int
charters_new(const struct rules *rules, struct charters **out)
{
	const struct update_rules *updates = &rules->updates;
	struct charters *charters = calloc(1, sizeof *charters);
	int error = charters == NULL ? -MAP_ENOMEM : rows_copy(charters, rules);

	if (error == 0) {
		charters->keys = calloc(updates->n_keys + 1, sizeof *charters->keys);
		error = charters->keys == NULL ? -MAP_ENOMEM : 0;
	}
	if (error != 0) {
		charters_free(charters);
		return error;
	}
	charters->n_keys = updates->n_keys;
	if (updates->n_keys > 0)
		memcpy(charters->keys, updates->keys, updates->n_keys * sizeof *updates->keys);
	*out = charters;
	return 0;
}

void
charters_free(struct charters *charters)
{
	if (charters == NULL)
		return;
	if (charters->keys != NULL)
		crypto_wipe(charters->keys, charters->n_keys * sizeof *charters->keys);
	free(charters->keys);
	free(charters->row);
	free(charters->sites);
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

const struct tsig_key *
charters_keys(const struct charters *charters, size_t *n)
{
	*n = charters->n_keys;
	return charters->keys;
}

bool
charters_have_key(const struct charters *charters, const struct name *key)
{
	for (size_t i = 0; i < charters->n_keys; i++)
		if (name_equal(&charters->keys[i].name, key))
			return true;
	return false;
}
