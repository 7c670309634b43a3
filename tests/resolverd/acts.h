/*
 * acts.h - a session that began at A and leads to C, at a host that has A and B, and what it needs, in words.
 */
#ifndef TESTS_RESOLVERD_ACTS_H
#define TESTS_RESOLVERD_ACTS_H

#include "resolverd/managed.h"

/* Addresses by their last octet: ours A and B, the peer's C and D. */
enum { A = 0xa, B = 0xb, C = 0xc, D = 0xd };

extern struct managed m;
extern struct managed_own own[MANAGED_PATHS]; /* the world's */
extern struct ways ways;
extern struct managed_world world;
extern struct act acts[MANAGED_ACTS]; /* the last ones */
extern size_t n_acts;

int fresh(void **state); /* for each test */
void address(uint8_t out[16], unsigned n);
struct mptcp_path path(unsigned local, unsigned remote, unsigned id, unsigned port);
struct prober_way way(unsigned local, unsigned remote);
void up(unsigned local, unsigned remote, unsigned id); /* it stands, by the number id */
void have(unsigned n, ...); /* the host has these n addresses */
void map(unsigned source, unsigned destination, bool backup); /* one more pair of its mapping */
/* The acts as words: "join b-c", "leave a-c!" (and tell the peer), "announce b", "backup b-d". */
const char *acts_are(void);

#endif
