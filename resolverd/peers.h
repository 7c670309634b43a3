/*
 * peers.h - where sessions of this host lead to now: whose probes are answered freely.
 */
#ifndef RESOLVERD_PEERS_H
#define RESOLVERD_PEERS_H

#include "core/wire/bytes.h"

struct peers;

int peers_open(struct peers **out) NONNULL MUST_CHECK; /* -MAP_ESYS, -MAP_ENOMEM */
void peers_close(struct peers *peers);                 /* NULL allowed */
/* Whether an MPTCP session has a path to this address. The kernel is asked once a second at most; where it shows no MPTCP
 * sockets nobody is a peer. */
bool peers_has(struct peers *peers, const uint8_t address[16]) NONNULL;

#endif
