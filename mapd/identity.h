/*
 * identity.h - whether a mapping may be published at a name: its proof must be the identity's.
 */
#ifndef MAPD_IDENTITY_H
#define MAPD_IDENTITY_H

#include "core/wire/rrset.h"
#include "mapd/rules.h"

/* Why the proof in an ELOC set must not be published at now, or NULL (protocol 3). */
const char *identity_refusal(const struct rrset *set, const struct rules *rules, uint64_t now)
    NONNULL;

#endif
