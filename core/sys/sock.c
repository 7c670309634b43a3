/*
 * sock.c - sockets: opened the way a server needs them, datagrams in batches.
 * Knows nothing of what is said on them.
 */
#include "core/sys/sock.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/wire/errors.h"

#define SOCK_BUFFER (1 << 20) /* a burst of queries, wanted but not needed */

static int
sock_fail(int fd)
{
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return -MAP_ESYS;
}

static bool
sock_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

static bool
addr_is_any(const struct addr *addr)
{
	if (addr->sa.sa_family == AF_INET)
		return addr->in4.sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&addr->in6.sin6_addr);
}

static int
sock_bind(const struct addr *addr, int type, bool shared)
{
	int fd = socket(addr->sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -MAP_ESYS;
	/* Not SO_REUSEADDR on UDP: it would let another user take the port over. */
	if (type == SOCK_STREAM && !sock_set(fd, SOL_SOCKET, SO_REUSEADDR, 1))
		return sock_fail(fd);
	if (shared && !sock_set(fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return sock_fail(fd);
	if (addr->sa.sa_family == AF_INET6 && !sock_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))
		return sock_fail(fd);
	if (bind(fd, &addr->sa, addr->n) != 0)
		return sock_fail(fd);
	return fd;
}

int
sock_udp_bind(const struct addr *addr)
{
	bool v6 = addr->sa.sa_family == AF_INET6;
	int fd = sock_bind(addr, SOCK_DGRAM, true);

	if (fd < 0)
		return fd;
	if (addr_is_any(addr) && !(v6 ? sock_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
				      : sock_set(fd, IPPROTO_IP, IP_PKTINFO, 1)))
		return sock_fail(fd);
	/* No path MTU learnt from forged ICMP: answers are at most 1232 octets (RFC 9715). */
	if (v6)
		sock_set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
	else
		sock_set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
	sock_set(fd, SOL_SOCKET, SO_RCVBUF, SOCK_BUFFER);
	sock_set(fd, SOL_SOCKET, SO_SNDBUF, SOCK_BUFFER);
	return fd;
}

static int
sock_connect(const struct addr *addr, int type)
{
	int fd = socket(addr->sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -MAP_ESYS;
	if (type == SOCK_STREAM)
		sock_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return connect(fd, &addr->sa, addr->n) == 0 || errno == EINPROGRESS ? fd
									    : sock_fail(fd);
}

int
sock_udp_connect(const struct addr *addr)
{
	return sock_connect(addr, SOCK_DGRAM);
}

int
sock_tcp_connect(const struct addr *addr)
{
	return sock_connect(addr, SOCK_STREAM);
}

int
sock_udp_own(const struct addr *addr)
{
	return sock_bind(addr, SOCK_DGRAM, false);
}

int
sock_tcp_listen(const struct addr *addr, int backlog)
{
	int fd = sock_bind(addr, SOCK_STREAM, true);

	if (fd < 0)
		return fd;
	if (listen(fd, backlog) != 0)
		return sock_fail(fd);
	return fd;
}

int
sock_probe(const struct addr *addr)
{
	static const int types[] = {SOCK_DGRAM, SOCK_STREAM};

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		int fd = sock_bind(addr, types[i], false);

		if (fd < 0)
			return fd;
		close(fd);
	}
	return 0;
}

int
sock_accept(int fd, struct addr *peer)
{
	int new;

	/* A connection that is gone again is not a reason to report an error. */
	do {
		memset(peer, 0, sizeof *peer);
		peer->n = sizeof peer->any;
		new = accept4(fd, &peer->sa, &peer->n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	} while (new < 0 && (errno == EINTR || errno == ECONNABORTED || errno == EPROTO));
	if (new < 0)
		return -MAP_ESYS;
	if (peer->sa.sa_family == AF_INET || peer->sa.sa_family == AF_INET6)
		sock_set(new, IPPROTO_TCP, TCP_NODELAY, 1);
	return new;
}

int
sock_local(int fd, struct addr *out)
{
	memset(out, 0, sizeof *out);
	out->n = sizeof out->any;
	return getsockname(fd, &out->sa, &out->n) == 0 ? 0 : -MAP_ESYS;
}

static int
unix_address(const char *path, struct sockaddr_un *out)
{
	size_t n = strlen(path);

	memset(out, 0, sizeof *out);
	out->sun_family = AF_UNIX;
	_Static_assert(sizeof out->sun_path == SOCK_PATH + 1, "SOCK_PATH");
	if (n == 0 || n > SOCK_PATH) {
		errno = n == 0 ? EINVAL : ENAMETOOLONG;
		return -MAP_ESYS;
	}
	memcpy(out->sun_path, path, n);
	return 0;
}

static int
unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Removes a socket file that nobody listens on any more. */
static int
unix_remove_dead(const struct sockaddr_un *at)
{
	struct stat st;
	int fd;

	if (lstat(at->sun_path, &st) != 0)
		return errno == ENOENT ? 0 : -MAP_ESYS;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return -MAP_ESYS;
	}
	fd = unix_socket();
	if (fd < 0)
		return -MAP_ESYS;
	if (connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 ||
	    errno != ECONNREFUSED) {
		close(fd);
		errno = EADDRINUSE;
		return -MAP_EEXIST;
	}
	close(fd);
	return unlink(at->sun_path) == 0 || errno == ENOENT ? 0 : -MAP_ESYS;
}

int
sock_unix_listen(const char *path, unsigned mode)
{
	struct sockaddr_un at;
	int error = unix_address(path, &at);
	int fd;

	if (error == 0)
		error = unix_remove_dead(&at);
	if (error != 0)
		return error;
	fd = unix_socket();
	if (fd < 0)
		return -MAP_ESYS;
	/* Nobody can connect between bind and listen, so the mode is in time. */
	if (bind(fd, (const struct sockaddr *)&at, sizeof at) != 0)
		return sock_fail(fd);
	if (chmod(path, mode) != 0 || listen(fd, SOMAXCONN) != 0) {
		error = sock_fail(fd);
		unlink(path);
		return error;
	}
	return fd;
}

int
sock_unix_connect(const char *path)
{
	struct sockaddr_un at;
	int fd;

	if (unix_address(path, &at) != 0)
		return -MAP_ESYS;
	fd = unix_socket();
	if (fd < 0)
		return -MAP_ESYS;
	if (connect(fd, (const struct sockaddr *)&at, sizeof at) != 0)
		return sock_fail(fd);
	return fd;
}

int
sock_unix_peer(int fd, uint32_t *uid)
{
	struct ucred cred;
	socklen_t n = sizeof cred;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0 || n != sizeof cred)
		return -MAP_ESYS;
	*uid = cred.uid;
	return 0;
}

/* Keeps the destination as the source of the answer; the interface only where it is needed. */
static void
datagram_keep_local(struct datagram *d, struct msghdr *m)
{
	struct cmsghdr *c;
	struct in_pktinfo info4;
	struct in6_pktinfo info6;

	d->local.n = 0;
	for (c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&info4, CMSG_DATA(c), sizeof info4);
			info4.ipi_ifindex = 0;
			memcpy(CMSG_DATA(c), &info4, sizeof info4);
			d->local.n = CMSG_SPACE(sizeof info4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info6, CMSG_DATA(c), sizeof info6);
			if (!IN6_IS_ADDR_LINKLOCAL(&info6.ipi6_addr))
				info6.ipi6_ifindex = 0;
			memcpy(CMSG_DATA(c), &info6, sizeof info6);
			d->local.n = CMSG_SPACE(sizeof info6);
		}
	}
}

int
sock_receive(int fd, struct datagram *batch, int n)
{
	struct mmsghdr messages[SOCK_BATCH];
	struct iovec parts[SOCK_BATCH];
	int got;

	if (n > SOCK_BATCH)
		n = SOCK_BATCH;
	for (int i = 0; i < n; i++) {
		struct datagram *d = &batch[i];

		parts[i] = (struct iovec){d->buffer, d->max};
		messages[i].msg_hdr = (struct msghdr){.msg_name = &d->peer.any,
		    .msg_namelen = sizeof d->peer.any,
		    .msg_iov = &parts[i],
		    .msg_iovlen = 1,
		    .msg_control = d->local.octets,
		    .msg_controllen = sizeof d->local.octets};
	}
	do
		got = recvmmsg(fd, messages, (unsigned)n, MSG_DONTWAIT, NULL);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		/* ECONNREFUSED: an ICMP error of an earlier answer, nothing of ours. */
		return errno == EAGAIN || errno == ECONNREFUSED ? 0 : -MAP_ESYS;
	for (int i = 0; i < got; i++) {
		struct msghdr *m = &messages[i].msg_hdr;

		batch[i].n = m->msg_flags & MSG_TRUNC ? 0 : messages[i].msg_len;
		batch[i].peer.n = m->msg_namelen;
		datagram_keep_local(&batch[i], m);
	}
	return got;
}

int
sock_send(int fd, struct datagram *batch, int n)
{
	struct mmsghdr messages[SOCK_BATCH];
	struct iovec parts[SOCK_BATCH];
	int count = 0;
	int at = 0;
	int sent = 0;

	for (int i = 0; i < n && i < SOCK_BATCH; i++) {
		struct datagram *d = &batch[i];

		if (d->n == 0)
			continue;
		parts[count] = (struct iovec){d->buffer, d->n};
		messages[count].msg_hdr = (struct msghdr){.msg_name = &d->peer.any,
		    .msg_namelen = d->peer.n,
		    .msg_iov = &parts[count],
		    .msg_iovlen = 1,
		    .msg_control = d->local.n > 0 ? d->local.octets : NULL,
		    .msg_controllen = d->local.n};
		count++;
	}
	while (at < count) {
		int got = sendmmsg(fd, messages + at, (unsigned)(count - at), MSG_DONTWAIT);

		if (got > 0) {
			sent += got;
			at += got;
		} else if (got < 0 && errno == EAGAIN) {
			break; /* the buffer is full: UDP may lose, the caller counts */
		} else if (got == 0 || errno != EINTR) {
			at++; /* this one cannot go out (unreachable, too big); the others can */
		}
	}
	return sent;
}
