/*
 * pace.c - a table of fixed size, so that no way costs more than a look at one row.
 */
#include "resolverd/pace.h"

static size_t
pace_place(const struct prober_way *way)
{
	return prober_way_hash(way) % PACE_PLACES;
}

void
paces_note(struct paces *paces, const struct prober_way *way)
{
	struct pace *pace = &paces->rows[pace_place(way)];

	if (!prober_way_equal(&pace->way, way))
		*pace = (struct pace){.way = *way};
	pace->sent[pace->next] = loop_now_ms();
	pace->next = (pace->next + 1) % HEARTBEAT_MOST;
}

uint64_t
paces_wait(const struct paces *paces, const struct prober_way *way)
{
	const struct pace *pace = &paces->rows[pace_place(way)];
	uint64_t first = pace->sent[pace->next], passed = loop_now_ms() - first;

	if (!prober_way_equal(&pace->way, way) || first == 0 || passed >= HEARTBEAT_MOST_MS)
		return 0;
	return HEARTBEAT_MOST_MS - passed;
}
