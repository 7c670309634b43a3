/*
 * responder.h - which probes are answered, and with what: a pure function of what came before (protocol 12).
 */
#ifndef RESOLVERD_RESPONDER_H
#define RESOLVERD_RESPONDER_H

#include "core/wire/probe.h"

#define RESPONDER_TOKENS 4096  /* remembered, the oldest forgotten */
#define RESPONDER_SOURCES 4096
#define RESPONDER_STRETCH_MS 1000
#define RESPONDER_STRANGER 100 /* answers in that time to a source that no session is known to lead to */
#define RESPONDER_PEER 500   /* to others, and to their tokens wherever they come from: they may have moved */

struct responder;

struct responder *responder_new(void); /* NULL: out of memory */
void responder_free(struct responder *responder); /* NULL allowed */

/*
 * Takes note of a probe from source (which is a peer: a session leads there), and says whether it is to be answered now
 * (ms), and how. An answer is never longer than what is answered, so nobody gains by a forged source.
 */
bool responder_take(struct responder *responder, const uint8_t source[16], const struct probe *probe, bool is_peer,
    uint64_t now, struct probe *answer) NONNULL;

#endif
