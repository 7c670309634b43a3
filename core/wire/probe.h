/*
 * probe.h - the heartbeat of a pair of addresses (protocol 12): 64 octets of UDP, and as many back.
 */
#ifndef WIRE_PROBE_H
#define WIRE_PROBE_H

#include "core/wire/cursor.h"

#define PROBE_OCTETS 64
#define PROBE_PORT 4177 /* where a mapping gives no other */
#define PROBE_REPORTS 4
#define PROBE_ANSWER 1
#define PROBE_WARNS 2 /* a path of a session owes who asks acknowledgements */

/* The last number that arrived by another pair of the same token; pair 0: none. */
struct probe_report {
	uint32_t pair, sequence;
};

struct probe {
	uint64_t token; /* random, of who asks; it comes back */
	uint32_t pair;  /* his number for the pair, not 0 */
	uint32_t sequence;
	uint32_t flags; /* PROBE_ANSWER or PROBE_WARNS, or none */
	struct probe_report reports[PROBE_REPORTS];
};

void probe_put(const struct probe *probe, uint8_t out[PROBE_OCTETS]) NONNULL;
/* -MAP_EFORMAT: not a probe, octet for octet as probe_put() makes them. */
int probe_read(struct bytes datagram, struct probe *out) NONNULL MUST_CHECK;

#endif
