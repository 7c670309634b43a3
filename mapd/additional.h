/*
 * additional.h - what saves the client a round trip: the mappings of identities, the prefix sets of
 * mappings, their keys (protocol 5), and the addresses of servers that a referral names.
 */
#ifndef MAPD_ADDITIONAL_H
#define MAPD_ADDITIONAL_H

#include "core/wire/reply.h"
#include "mapd/lookup.h"
#include "mapd/serve.h"

/* For an answer of the EPID or ELOC set in hit, found at owner; whole RRsets, while they fit. */
void additional_put_mapping(const struct serve *s, struct reply *r, const struct name *owner,
    const struct found *hit) NONNULL;
/*
 * For a referral to cut, or an answer of the NS set there: addresses of its servers inside zone. False:
 * one without which the servers cannot be reached does not fit (RFC 9471).
 */
bool additional_put_glue(const struct serve *s, struct reply *r, const struct zone *zone,
    const struct name *cut, const struct node_set *servers) NONNULL;

#endif
