/*
 * identity.h - whether a mapping may be published at a name: its proof must be the identity's.
 */
#ifndef TRUST_IDENTITY_H
#define TRUST_IDENTITY_H

#include "core/wire/eid.h"
#include "core/wire/rrset.h"

/*
 * Why the proof in an ELOC set must not be published at now (seconds), or NULL (protocol 3). Realms
 * tell which identity stands at a name; where none does, the proof must at least be right by itself.
 * The owner is in lower case.
 */
const char *identity_refusal(const struct rrset *set, const struct realm *realms, size_t n_realms,
    uint64_t now);

#endif
