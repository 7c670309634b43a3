/*
 * mptcp.h - the kernel's MPTCP path manager, as messages: limits, endpoints, events.
 * Everything is of the network namespace the socket was opened in. No sysctl is touched.
 */
#ifndef RESOLVERD_MPTCP_H
#define RESOLVERD_MPTCP_H

#include "resolverd/netlink.h"

#define MPTCP_ENDPOINTS 255 /* there are no more numbers for them */
#define MPTCP_LIMIT_MAX 8 /* the highest limit every kernel takes */

struct mptcp; /* a generic netlink socket and the family's number */

struct mptcp_limits {
	uint32_t subflows; /* further ones per session */
	uint32_t add_addr_accepted; /* addresses of the peer that are joined */
};

struct mptcp_endpoint {
	uint8_t address[16]; /* IPv4 mapped */
	uint8_t id;
	uint16_t port;
	uint32_t flags; /* MPTCP_PM_ADDR_FLAG_* */
};

/* Why this namespace has no MPTCP ("the kernel has no MPTCP", ...), or NULL: it has. Static. */
const char *mptcp_refusal(void);

/* -MAP_EUNKNOWN: no such family; -MAP_ESYS, -MAP_ENOMEM. */
int mptcp_open(struct mptcp **out) NONNULL MUST_CHECK;
void mptcp_close(struct mptcp *mptcp); /* NULL allowed */

/* Whether this process may change anything. -MAP_ESYS: EPERM when not. */
int mptcp_may_set(struct mptcp *mptcp) NONNULL MUST_CHECK;

int mptcp_limits_get(struct mptcp *mptcp, struct mptcp_limits *out) NONNULL MUST_CHECK;
int mptcp_limits_set(struct mptcp *mptcp, const struct mptcp_limits *limits) NONNULL MUST_CHECK;

/* All endpoints, up to max; *n is how many were filled. */
int mptcp_endpoints(
    struct mptcp *mptcp, struct mptcp_endpoint *out, size_t max, size_t *n) NONNULL MUST_CHECK;
/* Whether that very endpoint is among the n of list: number, address and flags. */
bool mptcp_endpoint_stands(
    const struct mptcp_endpoint *endpoint, const struct mptcp_endpoint *list, size_t n) NONNULL;
/* With id 0 the kernel chooses, or keeps that of an implicit endpoint, which is replaced. */
int mptcp_endpoint_add(
    struct mptcp *mptcp, const struct mptcp_endpoint *endpoint) NONNULL MUST_CHECK;
int mptcp_endpoint_remove(
    struct mptcp *mptcp, const struct mptcp_endpoint *endpoint) NONNULL MUST_CHECK;

/* The multicast group of session events, for a netlink socket of the caller's. */
uint32_t mptcp_event_group(const struct mptcp *mptcp) NONNULL;

#endif
