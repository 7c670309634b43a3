/*
 * own.h - which locators of an identity are no places where it can be, since this host has them (protocol 10): a pure function,
 * so that it can be checked on paper.
 */
#ifndef RESOLVERD_OWN_H
#define RESOLVERD_OWN_H

#include "core/wire/result.h"
#include "resolverd/addresses.h"

/*
 * Whether the identity is this host's own: the caller named it as the local one (local: what became of that look-up; NULL:
 * none), or it is at this host's addresses alone, as that of a program beside.
 */
bool own_is_identity(const struct found_identity *id, const struct result *local,
    const struct addresses *addresses) __attribute__((nonnull(1, 3)));
/* Whether the locator is to be passed over: an address of this host in the mapping of somebody who is elsewhere too. */
bool own_is_in_the_way(const struct locator *locator, bool own_identity,
    const struct addresses *addresses) NONNULL;

#endif
