/*
 * stats.c - the names of the counters; knows nothing of who counts.
 */
#include "mapd/stats.h"

static const struct {
	const char *name;
	const char *text;
} rows[STAT_COUNT] = {
#define X(name, dotted, text) [STAT_##name] = {dotted, text},
#include "mapd/stats.def"
#undef X
};

uint64_t
stats_get(const struct stats *stats, enum stat stat)
{
	return atomic_load_explicit(&stats->count[stat], memory_order_relaxed);
}

const char *
stats_name(enum stat stat)
{
	return rows[stat].name;
}

const char *
stats_text(enum stat stat)
{
	return rows[stat].text;
}
