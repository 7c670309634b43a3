/*
 * apexes.c - the zones that the configuration names, sorted by their octets, so that a name nobody
 * serves is told from one whose zone is still to come in as many steps as it has labels.
 */
#include "mapd/apexes.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"

struct apexes {
	size_t n;
	const uint8_t **apex; /* the length of each, then its wire form in lower case */
	uint8_t octets[];
};

static int
apex_compare(const uint8_t *a, const uint8_t *b)
{
	return a[0] != b[0] ? (int)a[0] - (int)b[0] : memcmp(a + 1, b + 1, a[0]);
}

static int
apex_order(const void *a, const void *b)
{
	return apex_compare(*(const uint8_t *const *)a, *(const uint8_t *const *)b);
}

int
apexes_new(const struct rules *rules, struct apexes **out)
{
	struct apexes *apexes;
	size_t octets = 0;
	uint8_t *at;

	for (size_t i = 0; i < rules->n_zones; i++)
		octets += 1 + (size_t)rules->zones[i].apex.n;
	apexes = malloc(sizeof(*apexes) + octets);
	if (apexes == NULL)
		return -MAP_ENOMEM;
	apexes->n = rules->n_zones;
	apexes->apex = calloc(apexes->n + 1, sizeof(*apexes->apex));
	if (apexes->apex == NULL) {
		free(apexes);
		return -MAP_ENOMEM;
	}
	at = apexes->octets;
	for (size_t i = 0; i < apexes->n; i++) {
		const struct name *apex = &rules->zones[i].apex;

		apexes->apex[i] = at;
		*at++ = apex->n;
		memcpy(at, apex->w, apex->n);
		at += apex->n;
	}
	qsort(apexes->apex, apexes->n, sizeof(*apexes->apex), apex_order);
	*out = apexes;
	return 0;
}

void
apexes_free(struct apexes *apexes)
{
	if (apexes == NULL)
		return;
	free(apexes->apex);
	free(apexes);
}

static bool
apexes_find(const struct apexes *apexes, const uint8_t *apex)
{
	size_t from = 0, to = apexes->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = apex_compare(apexes->apex[middle], apex);

		if (order == 0)
			return true;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return false;
}

bool
apexes_have(const struct apexes *apexes, const struct name *name)
{
	struct name lower = *name;
	uint8_t suffix[1 + NAME_WIRE];
	size_t at = 0;

	name_fold(&lower);
	for (;;) {
		suffix[0] = (uint8_t)(lower.n - at);
		memcpy(suffix + 1, lower.w + at, suffix[0]);
		if (apexes_find(apexes, suffix))
			return true;
		if (lower.w[at] == 0)
			return false;
		at += 1 + (size_t)lower.w[at];
	}
}
