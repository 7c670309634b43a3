/*
 * probes.h - the sockets at which a server's probes of our addresses come in (protocol 8).
 * At every address of this host, on a port of their own, so that it does not matter which one a probe for an
 * address behind a translator is sent on to: the probe says whose it is.
 */
#ifndef REGISTER_PROBES_H
#define REGISTER_PROBES_H

#include "core/sys/loop.h"
#include "core/wire/update.h"

struct probes;

/* A probe of an address came with its token; borrowed. */
typedef void probes_fn(
    void *arg, const uint8_t address[16], const uint8_t token[PROVE_TOKEN]);

/* IPv4 and IPv6, or the one that this host has. 0, -MAP_ENOMEM, -MAP_ESYS with errno. */
int probes_open(struct loop *loop, probes_fn *came, void *arg, struct probes **out) NONNULL MUST_CHECK;
uint16_t probes_port(const struct probes *probes) NONNULL;
void probes_close(struct probes *probes); /* NULL allowed; in came() too */

#endif
