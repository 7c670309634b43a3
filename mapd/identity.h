/*
 * identity.h - whose look-up name an owner is, and whether a mapping there may be published.
 */
#ifndef MAPD_IDENTITY_H
#define MAPD_IDENTITY_H

#include "core/wire/eid.h"
#include "core/wire/rrset.h"
#include "mapd/rules.h"

/* The identity that is looked up at owner (lower case); false: none, or only a name's own. */
bool identity_at(const struct name *owner, const struct rules *rules, struct eid *out) NONNULL;

/* Why the proof in an ELOC set must not be published at now, or NULL (protocol 3). */
const char *identity_refusal(const struct rrset *set, const struct rules *rules, uint64_t now)
    NONNULL;

#endif
