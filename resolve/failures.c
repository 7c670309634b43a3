/*
 * failures.c - a table of recent failures with one place for each hash: bounded, and never swept.
 */
#include "resolve/failures.h"

#include <stdlib.h>
#include <string.h>

#define FAILURES 4096

struct failure {
	uint64_t until; /* ms */
	uint16_t type;
	struct name name;
	struct edge edge;
};

struct failures {
	struct failure *rows[FAILURES];
};

/* FNV-1a; a collision costs one question more. */
static struct failure **
failures_place(struct failures *failures, const struct name *name, uint16_t type)
{
	uint32_t hash = 2166136261u ^ type;

	for (size_t i = 0; i < name->n; i++) {
		uint8_t c = name->w[i];
		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		hash = (hash ^ c) * 16777619u;
	}
	return &failures->rows[(hash ^ hash >> 16) % FAILURES];
}

struct failures *
failures_new(void)
{
	return calloc(1, sizeof(struct failures));
}

void
failures_free(struct failures *failures)
{
	if (failures == NULL)
		return;
	for (size_t i = 0; i < FAILURES; i++)
		free(failures->rows[i]);
	free(failures);
}

void
failures_put(struct failures *failures, const struct name *name, uint16_t type,
    const struct edge *edge, uint64_t now)
{
	struct failure **place = failures_place(failures, name, type);

	if (*place == NULL)
		*place = malloc(sizeof **place);
	if (*place == NULL)
		return; /* then it is asked again: no harm */
	**place = (struct failure){
	    .until = now + FAILURE_SECONDS * 1000, .type = type, .name = *name, .edge = *edge};
}

const struct edge *
failures_find(struct failures *failures, const struct name *name, uint16_t type, uint64_t now)
{
	struct failure *row = *failures_place(failures, name, type);

	if (row == NULL || row->type != type || row->until <= now ||
	    !name_equal(&row->name, name))
		return NULL;
	row->edge.ttl = (uint32_t)((row->until - now + 999) / 1000);
	return &row->edge;
}
