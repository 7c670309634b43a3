/*
 * addresses.h - this host's addresses, as the kernel has them now.
 */
#ifndef RESOLVERD_ADDRESSES_H
#define RESOLVERD_ADDRESSES_H

#include "resolverd/netlink.h"

#define ADDRESSES_MAX 512 /* those of links' own scope count too */

struct local_address {
	uint8_t address[16]; /* IPv4 mapped */
	uint8_t length; /* of its prefix, counted in the 128 bits */
	uint32_t ifindex;
	bool running; /* its link is up and has a carrier */
	bool global; /* scope global, and not tentative or a duplicate */
	bool deprecated; /* valid, but not for new sessions (RFC 4862 5.5.4) */
	bool temporary; /* RFC 8981 */
};

struct addresses {
	size_t n;
	struct local_address list[ADDRESSES_MAX];
};

/* Reads all of them, through a socket on NETLINK_ROUTE. -MAP_ESYS; -MAP_ESTALE: they changed under
 * each of several tries, and out may lack one or have it twice; what changed is an event, too. */
int addresses_read(struct netlink *route, struct addresses *out) NONNULL MUST_CHECK;
/* The row of an address, or NULL; borrowed from list. */
const struct local_address *addresses_find(
    const struct addresses *list, const uint8_t address[16]) NONNULL;
/* Whether they lead by the same link and provider. */
bool addresses_share_exit(const struct local_address *a, const struct local_address *b) NONNULL;
/* One of each exit, for what does not say who this host is: a temporary address (RFC 8981) where there is one, and none that nothing
 * may begin at. By turns of either family, so that many links of one, as containers have, leave room for the other. How many. */
size_t addresses_places(const struct addresses *all, uint8_t (*list)[16], size_t max) NONNULL;
/* The groups to open NETLINK_ROUTE with for hearing of changes. */
unsigned addresses_groups(void);

#endif
