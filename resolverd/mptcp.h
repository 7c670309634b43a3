/*
 * mptcp.h - the kernel's MPTCP path manager, as messages: limits, endpoints, events, and the commands over single sessions
 * of the userspace path manager. Everything is of the network namespace the socket was opened in.
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
	/* enum mptcp_manager, of sessions that begin (net.mptcp.pm_type, the one sysctl that is ever set, and only when it
	 * changes); where the kernel has none, 0 */
	uint32_t manager;
};

enum mptcp_manager { MPTCP_MANAGER_KERNEL = 0, MPTCP_MANAGER_USERSPACE = 1 };

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
/* -MAP_ESYS: ENOENT where the kernel has no other manager, EROFS or EACCES where it may not be chosen; then nothing is set. */
int mptcp_limits_set(struct mptcp *mptcp, const struct mptcp_limits *limits) NONNULL MUST_CHECK;

/* All endpoints, up to max; *n is how many were filled. */
int mptcp_endpoints(
    struct mptcp *mptcp, struct mptcp_endpoint *out, size_t max, size_t *n) NONNULL MUST_CHECK;
/* Whether that very endpoint is among the n of list: number, address and flags. */
bool mptcp_endpoint_stands(
    const struct mptcp_endpoint *endpoint, const struct mptcp_endpoint *list, size_t n) NONNULL;
/* A number that none of the n has; 0: there is none. */
uint8_t mptcp_endpoint_free_id(const struct mptcp_endpoint *list, size_t n) NONNULL;
/* With id 0 the kernel chooses, or keeps that of an implicit endpoint, which is replaced. */
int mptcp_endpoint_add(
    struct mptcp *mptcp, const struct mptcp_endpoint *endpoint) NONNULL MUST_CHECK;
int mptcp_endpoint_remove(
    struct mptcp *mptcp, const struct mptcp_endpoint *endpoint) NONNULL MUST_CHECK;

/* The multicast group of session events, for a netlink socket of the caller's. */
uint32_t mptcp_event_group(const struct mptcp *mptcp) NONNULL;

/* One path of a session, or one that is to be. */
struct mptcp_path {
	uint8_t local[16], remote[16]; /* IPv4 mapped */
	uint16_t local_port, remote_port;
	uint8_t local_id, remote_id; /* RFC 8684's numbers of the addresses; 0: of the first path */
	bool backup;
};

/* enum mptcp_event_type of linux/mptcp.h is kind. */
struct mptcp_event {
	unsigned kind;
	uint32_t token; /* of the session, this end's */
	bool server; /* of CREATED and ESTABLISHED: it was accepted here */
	int error; /* of SUB_CLOSED: an errno; 0: its end was in order, or nothing is said */
	struct mptcp_path path; /* as far as this kind has it */
};

/* False: no event of a session. */
bool mptcp_event_read(const struct nlmsghdr *message, struct mptcp_event *out) NONNULL;
#define MPTCP_LISTENER_CREATED 15 /* a kind of no session; kernels before 6.2 do not tell of it */

/*
 * Commands over a session that the userspace path manager has. -MAP_ESYS: ESRCH, no such session or path; EINVAL, it is the
 * kernel's own, or the number is not known; ENOTCONN, too soon: nothing of it was acknowledged yet.
 */
int mptcp_announce(struct mptcp *mptcp, uint32_t token, const uint8_t address[16], uint8_t id) NONNULL MUST_CHECK;
/* Ends the own paths from the address of that number, and tells the peer so, over another one. */
int mptcp_withdraw(struct mptcp *mptcp, uint32_t token, uint8_t id) NONNULL MUST_CHECK;
/* The own addresses that the kernel has numbers for in this session, up to max; *n is how many were filled, 0 where there is no
 * such session, or the kernel does not tell (before Linux 6.11). */
int mptcp_numbers(struct mptcp *mptcp, uint32_t token, struct mptcp_endpoint *out, size_t max, size_t *n) NONNULL MUST_CHECK;
/* Starts a path; its ports are chosen. What becomes of it is an event. */
int mptcp_join(struct mptcp *mptcp, uint32_t token, const struct mptcp_path *path) NONNULL MUST_CHECK;
/* Ends a path here; the peer hears of it over that path, if it lives. */
int mptcp_end(struct mptcp *mptcp, uint32_t token, const struct mptcp_path *path) NONNULL MUST_CHECK;
/* Sets path->backup at both ends. */
int mptcp_set_backup(struct mptcp *mptcp, uint32_t token, const struct mptcp_path *path) NONNULL MUST_CHECK;

#endif
