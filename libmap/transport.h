/*
 * transport.h - sockets of sessions: made, moved, and what the kernel says of them; not installed.
 */
#ifndef LIBMAP_TRANSPORT_H
#define LIBMAP_TRANSPORT_H

#include <sys/socket.h>

#include "core/wire/frame.h"

/* Whether a connected descriptor speaks MPTCP. */
bool sessions_is_mptcp(int fd);

/* A stream socket for an address' family: MPTCP, or TCP where the kernel has none. -MAP_ESYS */
int transport_socket(int family, bool *mptcp) NONNULL MUST_CHECK;
socklen_t transport_address(
    const uint8_t octets[16], uint16_t port, struct sockaddr_storage *out) NONNULL;
/* A datagram socket from one address to another, non-blocking. -MAP_ESYS */
int transport_datagram(const uint8_t source[16], const uint8_t destination[16], uint16_t port) NONNULL MUST_CHECK;
/* The same socket by another pair, from another port. -MAP_ESYS: it is where it was. */
int transport_rehome(int fd, const struct session_note *from, const uint8_t source[16],
    const uint8_t destination[16]) NONNULL MUST_CHECK;
/* Fills in what the kernel knows of a socket. False: it is over already, or not to be told of. */
bool transport_note(int fd, struct session_note *note) NONNULL MUST_CHECK;
/* Back; what is neither IPv4 nor IPv6 leaves out as it is. */
void transport_octets(const struct sockaddr_storage *from, uint8_t out[16]) NONNULL;

#endif
