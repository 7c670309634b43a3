/*
 * sockets.h - one socket of this host, as socket diagnosis knows it: looked at, ended, and told of when it is gone.
 */
#ifndef RESOLVERD_SOCKETS_H
#define RESOLVERD_SOCKETS_H

#include "core/wire/frame.h"
#include "resolverd/netlink.h"

struct socket_look {
	uint64_t cookie;
	uint32_t uid; /* whose it is */
	uint32_t unacked; /* segments */
	uint32_t last_ack_ms;  /* how long ago anything was acknowledged */
	uint32_t last_data_ms; /* how long ago data came */
	uint32_t rtt_us;
};

/* Which TCP or UDP socket is meant, as a segment or datagram for it would find it. */
struct socket_id {
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	uint32_t states; /* a set of the kernel's numbers; asked for singly, a socket is told of in any */
	uint8_t local[16], remote[16];
	uint16_t local_port, remote_port;
	uint32_t interface; /* that it is bound to; 0: none */
	uint64_t cookie; /* 0: not known */
};

/* Starts a request about one: SOCK_DIAG_BY_FAMILY, or SOCK_DESTROY. */
void sockets_request(struct netlink *diag, uint16_t type, const struct socket_id *id) NONNULL;

/* The groups to open NETLINK_SOCK_DIAG with for hearing of sockets that are gone. */
unsigned sockets_groups(void);
/* The cookie of the socket that such a message is about. */
bool sockets_gone(const struct nlmsghdr *message, uint64_t *cookie) NONNULL;

/* A TCP or UDP socket by its pair, ports and cookie, or 0 where that is not known: of a session that fell back from MPTCP
 * its program sees another one; MPTCP's own by its token. -MAP_ENOTFOUND: there is none, or no program has it any more;
 * -MAP_ESYS. */
int sockets_look(struct netlink *diag, const struct session_note *note, struct socket_look *out) NONNULL MUST_CHECK;
/* Ends a TCP socket: its program gets ECONNABORTED. -MAP_ESYS: EPERM without CAP_NET_ADMIN, EOPNOTSUPP: the kernel cannot. */
int sockets_end(struct netlink *diag, const struct session_note *note) NONNULL MUST_CHECK;

#endif
