/*
 * follow.h - keeps an MPTCP session where its mapping says (protocol 12): it is asked again when it is over, and what it gives
 * up is left for what it has (RFC 4177 7.3). Paths that are dead are others' affair.
 */
#ifndef RESOLVERD_FOLLOW_H
#define RESOLVERD_FOLLOW_H

#include "resolverd/sessions.h"

struct follow;

int follow_new(struct session *session, struct follow **out) NONNULL MUST_CHECK; /* -MAP_ENOMEM */
/* This host's addresses or routes have changed: its pairs are ranked anew, at once. */
void follow_again(struct follow *follow) NONNULL;
/* Whether its mapping, as it was asked last, gives this address of the peer up. */
bool follow_gives_up(const struct follow *follow, const uint8_t remote[16]) NONNULL;
void follow_free(struct follow *follow); /* NULL allowed */

#endif
