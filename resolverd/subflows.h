/*
 * subflows.h - this namespace's MPTCP sessions and their subflows, as socket diagnosis shows them.
 */
#ifndef RESOLVERD_SUBFLOWS_H
#define RESOLVERD_SUBFLOWS_H

#include "resolverd/netlink.h"

#define SUBFLOWS_MAX 65536 /* and as many sessions */

struct subflow {
	uint32_t token; /* of the session it belongs to */
	uint64_t cookie; /* the kernel's number of its socket, which is never given twice */
	uint8_t local[16];
	uint8_t remote[16];
	uint16_t local_port, remote_port;
	uint32_t interface; /* that its socket is bound to; 0: none */
	uint8_t local_id, remote_id; /* RFC 8684's numbers of the addresses */
	bool joined; /* not the first of its session */
	bool began; /* this end did */
	bool backup; /* either end asks that it be spared */
	bool managed; /* whoever looks says so: it can be left on its own, for another of its session */
	uint32_t segments_in; /* anything that came, acknowledgements too */
	uint64_t octets_in;
	uint32_t unacked; /* segments */
	uint32_t delivered; /* segments that were acknowledged, also out of order */
	uint32_t rtt_us, rttvar_us; /* of data, until its acknowledgement, which may be delayed */
	uint32_t min_rtt_us; /* the shortest lately; 0: not known */
};

struct subflow_session {
	uint32_t token;
	bool over; /* its program has closed it, which was the last event of it: it lingers for what is out */
	uint64_t received; /* in-order octets, as a sequence number */
};

/* All zero at first. */
struct subflows {
	size_t n, n_sessions;
	size_t room, room_sessions;
	bool complete; /* false: there are more, or memory for more there was not */
	struct subflow *list; /* by token, then ports and addresses */
	struct subflow_session *sessions; /* by token */
};

/* Reads them through a socket on NETLINK_SOCK_DIAG, instead of what is there. -MAP_ESYS: ENOENT where the kernel lacks it;
 * -MAP_ESTALE. */
int subflows_read(struct netlink *diag, struct subflows *out) NONNULL MUST_CHECK;
/* Whether this is why it failed: then there are none. */
bool subflows_absent(int rc);
/* The same, but of subflows only those that out has, each by a question of its own: what began since is not found. Costs what they are, where
 * subflows_read() costs what the machine could have. */
int subflows_again(struct netlink *diag, struct subflows *out) NONNULL MUST_CHECK;
/* Whether anybody listens for sessions here; true where that cannot be told. */
bool subflows_listen(struct netlink *diag) NONNULL;
void subflows_clear(struct subflows *subflows) NONNULL; /* gives its memory back */
/* Whether one leaves from this address, or one may: not all fit into list. */
bool subflows_use(const struct subflows *subflows, const uint8_t address[16]) NONNULL;
/* Whether the session has one from there, or may. */
bool subflows_has(const struct subflows *subflows, uint32_t token, const uint8_t local[16]) NONNULL;
/* One of a session that has none from local, and is not managed: it leads to remote, or else to any other host of that family; then,
 * if others are by local, of a session that began here: peers who never came by it are many. NULL: there is none. */
const struct subflow *subflows_lacking(const struct subflows *subflows, const uint8_t local[16], const uint8_t remote[16]) NONNULL;
/* Whether each session that has one from there, and is not managed, has another, by neither this address nor except (NULL: none). */
bool subflows_spare(const struct subflows *subflows, const uint8_t local[16], const uint8_t *except) __attribute__((nonnull(1, 2)));
/* What a datagram's round trip may take (us): twice the shortest, where data's takes longer. */
uint32_t subflow_round_trip(const struct subflow *s) NONNULL;
/* Whether a session is there, or may be, and is not over. */
bool subflows_live(const struct subflows *subflows, uint32_t token) NONNULL;
/* The first of the session's in list, which others may follow; n: there is none. */
size_t subflows_of(const struct subflows *subflows, uint32_t token) NONNULL;
/* The order of list: negative, 0 (the same subflow), positive. */
int subflow_compare(const struct subflow *a, const struct subflow *b) NONNULL;

#endif
