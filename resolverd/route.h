/*
 * route.h - where packets from a source to a destination leave this host, as the kernel would send them now.
 */
#ifndef RESOLVERD_ROUTE_H
#define RESOLVERD_ROUTE_H

#include "resolverd/netlink.h"

struct route {
	/* Any other failure of the question than "no route" leaves the decision to the attempt itself: true. */
	bool there;
	uint32_t ifindex;
	uint8_t gateway[16]; /* IPv4 mapped; zero: the link itself */
};

/* nl is a socket on NETLINK_ROUTE for asking. Both addresses are of one family. */
struct route route_ask(struct netlink *nl, const uint8_t source[16], const uint8_t to[16]) NONNULL;
/* Whether both leave by the same neighbour. */
bool route_equal(const struct route *a, const struct route *b) NONNULL;

#endif
