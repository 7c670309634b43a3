/*
 * pace.h - when the last probes of each way were sent, and so when the next one may be.
 */
#ifndef RESOLVERD_PACE_H
#define RESOLVERD_PACE_H

#include "resolverd/heartbeat.h"

#define PACE_PLACES 1024

/* When the last probes of a way were sent; another one of the same place takes its row. */
struct pace {
	struct prober_way way;
	size_t next; /* which was first */
	uint64_t sent[HEARTBEAT_MOST]; /* ms; 0: never */
};

struct paces {
	struct pace rows[PACE_PLACES];
};

void paces_note(struct paces *paces, const struct prober_way *way) NONNULL; /* one is sent now */
/* How long (ms) until the way may have another probe. */
uint64_t paces_wait(const struct paces *paces, const struct prober_way *way) NONNULL;

#endif
