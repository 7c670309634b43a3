/*
 * stats.h - counters: one row each in stats.def, one array for each worker.
 * Written by its owner alone, without locked instructions; read by anybody at any time.
 */
#ifndef MAPD_STATS_H
#define MAPD_STATS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum stat {
#define X(name, dotted, text) STAT_##name,
#include "mapd/stats.def"
#undef X
	STAT_COUNT
};

/* owned by one worker */
struct stats {
	_Alignas(64) _Atomic uint64_t count[STAT_COUNT];
};

static inline void
stats_add(struct stats *stats, enum stat stat, uint64_t n)
{
	_Atomic uint64_t *count = &stats->count[stat];

	atomic_store_explicit(
	    count, atomic_load_explicit(count, memory_order_relaxed) + n, memory_order_relaxed);
}

uint64_t stats_get(const struct stats *stats, enum stat stat);
const char *stats_name(enum stat stat); /* "query.udp" */
const char *stats_text(enum stat stat);

#endif
