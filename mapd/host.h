/*
 * host.h - hosts that register by the grammar of SRP (RFC 9665), and hosts that know nothing of identities: how
 * addresses become locators, and locators addresses.
 */
#ifndef MAPD_HOST_H
#define MAPD_HOST_H

#include "core/wire/update.h"
#include "mapd/desk.h"

#define HOST_PREFERENCE 10 /* of locators made of a host's addresses */

/* The host that update describes (RFC 9665 3.3.1.1), if that is all it does; NULL: it is not such an update. */
const struct name *host_described(const struct update *update) NONNULL;

/* Puts ELOC in the place of what draft has, one for each of its addresses, of the least of their TTLs. -MAP_ENOMEM */
int host_set_locators(struct desk *desk, struct draft *draft) NONNULL MUST_CHECK;
/* Puts A and AAAA in the place of what draft has, one for each direct locator of mapping that is not drained. */
int host_set_addresses(
    struct desk *desk, const struct draft *mapping, struct draft *draft) NONNULL MUST_CHECK;

#endif
