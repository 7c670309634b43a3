/*
 * guard.h - looks after one session that its transport cannot move: UDP, which its program re-homes, and TCP, which is
 * ended early instead of hanging when another pair lives (protocol 12).
 *
 * A sign never moves anything: it has the pair probed, beside the best others. A pair is left when it is dead and another
 * lives; never a living one for another, unless the mapping gives it up.
 */
#ifndef RESOLVERD_GUARD_H
#define RESOLVERD_GUARD_H

#include "resolverd/sessions.h"
#include "resolverd/signs.h"

int guard_new(struct session *session, struct guard **out) NONNULL MUST_CHECK; /* -MAP_ENOMEM */
void guard_free(struct guard *guard); /* NULL allowed */
/* The session is by another pair now than that of was. */
void guard_moved(struct guard *guard, const struct session_note *was) NONNULL;
void guard_sign(struct guard *guard, enum trigger trigger) NONNULL;
/* Something has changed that may bring a lost one back. */
void guard_retry(struct guard *guard) NONNULL;

#endif
