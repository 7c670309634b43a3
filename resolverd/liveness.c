/*
 * liveness.c - pairs and how they fared, in a table of sets of fixed size: no pair costs more than
 * a look at one set, and a flood of marks only pushes out others of the same set.
 */
#include "resolverd/liveness.h"

#include <stdlib.h>
#include <string.h>

#define LIVENESS_WAYS 8

struct liveness_row {
	uint8_t source[16], destination[16];
	uint64_t at; /* 0: free */
	uint32_t rtt_us;
	uint32_t user;
	bool worked;
};

struct liveness {
	uint64_t failed; /* when one failed last; 0: never */
	size_t sets;
	struct liveness_row rows[];
};

struct liveness *
liveness_new(size_t max)
{
	size_t sets = (max + LIVENESS_WAYS - 1) / LIVENESS_WAYS;
	struct liveness *liveness;

	if (sets == 0)
		sets = 1;
	liveness =
	    calloc(1, sizeof *liveness + sets * LIVENESS_WAYS * sizeof(struct liveness_row));
	if (liveness != NULL)
		liveness->sets = sets;
	return liveness;
}

void
liveness_free(struct liveness *liveness)
{
	free(liveness);
}

static size_t
liveness_set(const struct liveness *liveness, const struct liveness_question *of)
{
	uint32_t hash = (2166136261u ^ of->user) * 16777619u;

	for (size_t i = 0; i < 16; i++)
		hash = (hash ^ of->source[i]) * 16777619u;
	for (size_t i = 0; i < 16; i++)
		hash = (hash ^ of->destination[i]) * 16777619u;
	return (hash ^ hash >> 15) % liveness->sets * LIVENESS_WAYS;
}

static bool
liveness_is(const struct liveness_row *row, const struct liveness_question *of)
{
	return row->at != 0 && row->user == of->user &&
	       memcmp(row->source, of->source, 16) == 0 &&
	       memcmp(row->destination, of->destination, 16) == 0;
}

void
liveness_mark(
    struct liveness *liveness, uint32_t user, const struct pair_mark *mark, uint64_t now)
{
	const struct liveness_question of = {user, mark->source, mark->destination};
	struct liveness_row *set = &liveness->rows[liveness_set(liveness, &of)];
	struct liveness_row *row = &set[0];

	for (size_t i = 0; i < LIVENESS_WAYS; i++) {
		if (liveness_is(&set[i], &of)) {
			row = &set[i];
			break;
		}
		if (set[i].at < row->at)
			row = &set[i];
	}
	memcpy(row->source, mark->source, 16);
	memcpy(row->destination, mark->destination, 16);
	row->user = user;
	row->at = now > 0 ? now : 1;
	row->worked = mark->worked;
	if (!mark->worked)
		liveness->failed = row->at;
	row->rtt_us = mark->worked ? mark->rtt_us : 0;
}

static enum liveness_state
liveness_row_state(const struct liveness_row *row, uint64_t now)
{
	if (row->at == 0)
		return LIVENESS_UNTRIED;
	if (row->worked)
		return now - row->at <= LIVENESS_WORKED_MS ? LIVENESS_WORKED : LIVENESS_UNTRIED;
	return now - row->at <= LIVENESS_FAILED_MS ? LIVENESS_FAILED : LIVENESS_UNTRIED;
}

size_t
liveness_count(const struct liveness *liveness, enum liveness_state state, uint64_t now)
{
	size_t n = 0;

	for (size_t i = 0; i < liveness->sets * LIVENESS_WAYS; i++)
		n += liveness->rows[i].at != 0 &&
		     liveness_row_state(&liveness->rows[i], now) == state;
	return n;
}

static const struct liveness_row *
liveness_find(const struct liveness *liveness, const struct liveness_question *of)
{
	const struct liveness_row *set = &liveness->rows[liveness_set(liveness, of)];

	for (size_t i = 0; i < LIVENESS_WAYS; i++)
		if (liveness_is(&set[i], of))
			return &set[i];
	return NULL;
}

enum liveness_state
liveness_get(const struct liveness *liveness, const struct liveness_question *of, uint64_t now,
    uint32_t *rtt_us)
{
	const struct liveness_question of_all = {LIVENESS_ALL, of->source, of->destination};
	const struct liveness_row *row = liveness_find(liveness, of),
				  *all = liveness_find(liveness, &of_all);
	enum liveness_state state;

	*rtt_us = 0;
	if (row == NULL || (all != NULL && all->at >= row->at))
		row = all;
	state = row != NULL ? liveness_row_state(row, now) : LIVENESS_UNTRIED;
	if (state == LIVENESS_WORKED)
		*rtt_us = row->rtt_us;
	return state;
}

bool
liveness_other(const struct liveness *liveness, const struct pair_mark *mark, bool worked,
    uint64_t now, uint8_t source[16])
{
	if (!worked && (liveness->failed == 0 || now - liveness->failed > LIVENESS_FAILED_MS))
		return false; /* the usual case costs nothing */
	for (size_t i = 0; i < liveness->sets * LIVENESS_WAYS; i++) {
		const struct liveness_row *row = &liveness->rows[i];

		if (row->at == 0 || row->worked != worked ||
		    now - row->at > LIVENESS_FAILED_MS ||
		    memcmp(row->destination, mark->destination, 16) != 0 ||
		    memcmp(row->source, mark->source, 16) == 0)
			continue;
		memcpy(source, row->source, 16);
		return true;
	}
	return false;
}

void
liveness_forgive(struct liveness *liveness, const uint8_t source[16])
{
	for (size_t i = 0; i < liveness->sets * LIVENESS_WAYS; i++) {
		struct liveness_row *row = &liveness->rows[i];

		if (row->at != 0 && !row->worked && memcmp(row->source, source, 16) == 0)
			*row = (struct liveness_row){.at = 0};
	}
}
