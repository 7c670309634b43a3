/*
 * sock.h - sockets: addresses in text, listening sockets, batches of datagrams, Unix streams.
 */
#ifndef SYS_SOCK_H
#define SYS_SOCK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/wire/bytes.h"

struct addr {
	socklen_t n;
	union {
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
		struct sockaddr_storage any;
	};
};

#define ADDR_TEXT 80

/* "192.0.2.1@53", "2001:db8::1@53", "fe80::1%eth0@53", or without @ and then default_port. Port 0
 * only as default. 0, -MAP_ETEXT */
int addr_scan(const char *text, uint16_t default_port, struct addr *out);
char *addr_print(const struct addr *addr, char text[ADDR_TEXT]);
/* From and to 16 octets with IPv4 mapped. */
void addr_from_octets(const uint8_t octets[16], uint16_t port, struct addr *out);
void addr_to_octets(const struct addr *addr, uint8_t octets[16]);
/* The address as it is on the wire, 4 or 16 octets; borrowed from addr. */
struct bytes addr_octets(const struct addr *addr);
uint16_t addr_port(const struct addr *addr); /* 0: none */
bool addr_equal(const struct addr *a, const struct addr *b); /* the port too */

/* Non-blocking, close-on-exec. SO_REUSEPORT on UDP and TCP; IPV6_V6ONLY. An fd, or -MAP_ESYS with
 * errno set. */
int sock_udp_bind(const struct addr *addr);
int sock_tcp_listen(const struct addr *addr, int backlog);
/* A datagram socket whose only peer is addr. */
int sock_udp_connect(const struct addr *addr);
/* One that nobody can share. */
int sock_udp_own(const struct addr *addr);
/* A connection that may still be on its way: what became of it shows in what is read or written. */
int sock_tcp_connect(const struct addr *addr);
/* Whether nobody has addr, for UDP and TCP: SO_REUSEPORT lets two processes of one user share it without
 * a word, and then each gets some of the queries. 0; -MAP_ESYS, errno is EADDRINUSE */
int sock_probe(const struct addr *addr);
/* The next connection (TCP or Unix; non-blocking, close-on-exec, TCP_NODELAY). -MAP_ESYS: errno is
 * EAGAIN when none waits; EMFILE, ENFILE, ENOBUFS, ENOMEM: stop accepting for a second. */
int sock_accept(int fd, struct addr *peer);
int sock_local(int fd, struct addr *out); /* what it is bound to; 0, -MAP_ESYS */
#define SOCK_PATH 107 /* characters of the longest path of a Unix socket */
/* Unix stream: listens at path with mode (replacing a dead socket, refusing a live one:
 * -MAP_EEXIST; with errno EEXIST what is no socket: -MAP_ESYS), or connects. */
int sock_unix_listen(const char *path, unsigned mode);
int sock_unix_connect(const char *path);
/* uid of the peer of a Unix socket; -MAP_ESYS. */
int sock_unix_peer(int fd, uint32_t *uid);

/* Batches of datagrams: one system call for up to SOCK_BATCH (recvmmsg, sendmmsg). */
#define SOCK_BATCH 64
struct datagram {
	uint8_t *buffer; /* caller's */
	size_t max;
	size_t n; /* received (0 also: longer than max), or to send; 0 when sending: skip */
	struct addr peer;
	/* Control data: which address it came to, so that the answer leaves from it. Filled by
	 * sock_receive() on sockets of sock_udp_bind(), used by sock_send(). */
	struct {
		_Alignas(8) uint8_t octets[64];
		size_t n;
	} local;
};
int sock_receive(int fd, struct datagram *batch, int n); /* how many; 0 none; -MAP_ESYS */
int sock_send(int fd, struct datagram *batch, int n);    /* how many went out */

#endif
