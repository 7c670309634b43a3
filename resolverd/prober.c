/*
 * prober.c - one socket a family: source by IP(V6)_PKTINFO, errors by IP(V6)_RECVERR.
 */
#include "resolverd/prober.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h> /* of which linux/errqueue.h wants a structure */
#include <unistd.h>

#include <linux/errqueue.h>

#include "core/sys/sock.h"
#include "core/wire/errors.h"

#define PROBER_BATCH 64 /* datagrams before others have their turn */
#define PROBER_CONTROL 512

/* What differs between the families. */
struct family {
	int family, level;
	int info, errors; /* options: IP(V6)_RECVPKTINFO, IP(V6)_RECVERR */
	int info_cmsg;
};

static const struct family families[] = {
    {AF_INET6, IPPROTO_IPV6, IPV6_RECVPKTINFO, IPV6_RECVERR, IPV6_PKTINFO},
    {AF_INET, IPPROTO_IP, IP_PKTINFO, IP_RECVERR, IP_PKTINFO},
};

#define FAMILIES (sizeof families / sizeof families[0])

struct prober_way
prober_way_of(const uint8_t local[16], const uint8_t remote[16])
{
	struct prober_way way = {.port = PROBE_PORT};

	memcpy(way.local, local, 16);
	memcpy(way.remote, remote, 16);
	return way;
}

bool
prober_way_equal(const struct prober_way *a, const struct prober_way *b)
{
	return memcmp(a->local, b->local, 16) == 0 && memcmp(a->remote, b->remote, 16) == 0;
}

size_t
prober_way_hash(const struct prober_way *way)
{
	uint64_t mix = get_u64(way->local) ^ get_u64(way->local + 8) * 31 ^
		       get_u64(way->remote) * 131 ^ get_u64(way->remote + 8) * 7;

	return (size_t)(mix * 0x9e3779b97f4a7c15u >> 32);
}

struct prober_socket {
	struct prober *prober;
	const struct family *family;
	int fd; /* -1: this host has no such family */
	struct watch *watch;
};

struct prober {
	const struct prober_ops *ops;
	void *arg;
	bool hears;
	struct prober_socket sockets[FAMILIES];
};

union control {
	struct cmsghdr align;
	uint8_t octets[PROBER_CONTROL];
};

/* One message as it comes and goes. */
struct letter {
	struct addr peer;
	struct iovec piece;
	union control control;
	struct msghdr header;
	uint8_t octets[PROBE_OCTETS + 1];
};

static void
letter_init(struct letter *l, size_t n)
{
	memset(l, 0, sizeof *l);
	l->piece = (struct iovec){l->octets, n};
	l->header = (struct msghdr){.msg_name = &l->peer.any,
	    .msg_namelen = sizeof l->peer.any,
	    .msg_iov = &l->piece,
	    .msg_iovlen = 1,
	    .msg_control = l->control.octets,
	    .msg_controllen = sizeof l->control.octets};
}

static void
octets_of_ipv4(const struct in_addr *in, uint8_t out[16])
{
	memset(out, 0, 10);
	out[10] = out[11] = 0xff;
	memcpy(out + 12, in, 4);
}

static void
octets_of(const struct sockaddr_storage *from, uint8_t out[16])
{
	memset(out, 0, 16);
	if (from->ss_family == AF_INET6)
		memcpy(out, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
	else if (from->ss_family == AF_INET)
		octets_of_ipv4(
		    &((const struct sockaddr_in *)(const void *)from)->sin_addr, out);
}

/* The address it came to. */
static void
letter_local(const struct family *family, struct letter *l, uint8_t out[16])
{
	struct cmsghdr *c = CMSG_FIRSTHDR(&l->header);

	memset(out, 0, 16);
	for (; c != NULL; c = CMSG_NXTHDR(&l->header, c)) {
		if (c->cmsg_level != family->level || c->cmsg_type != family->info_cmsg)
			continue;
		if (family->family == AF_INET6)
			memcpy(out,
			    &((const struct in6_pktinfo *)(const void *)CMSG_DATA(c))
				 ->ipi6_addr,
			    16);
		else
			octets_of_ipv4(
			    &((const struct in_pktinfo *)(const void *)CMSG_DATA(c))->ipi_addr,
			    out);
	}
}

/* The error that a message of the error queue is about, with who says it; NULL: none. */
static const struct sock_extended_err *
letter_error(const struct family *family, struct letter *l, uint8_t by[16])
{
	struct cmsghdr *c = CMSG_FIRSTHDR(&l->header);

	memset(by, 0, 16);
	for (; c != NULL; c = CMSG_NXTHDR(&l->header, c)) {
		const struct sock_extended_err *error = (const void *)CMSG_DATA(c);
		struct sockaddr_storage offender = {0};

		if (c->cmsg_level != family->level || c->cmsg_type != family->errors)
			continue;
		memcpy(&offender, SO_EE_OFFENDER(error),
		    family->family == AF_INET6 ? sizeof(struct sockaddr_in6)
					       : sizeof(struct sockaddr_in));
		octets_of(&offender, by);
		return error;
	}
	return NULL;
}

static void
letter_way(const struct family *family, struct letter *l, struct prober_way *out)
{
	l->peer.n = l->header.msg_namelen;
	octets_of(&l->peer.any, out->remote);
	out->port = addr_port(&l->peer);
	letter_local(family, l, out->local);
}

/* An error names its destination and quotes what was sent; where that went from is for who sent it to know. */
static bool
prober_read_error(struct prober_socket *s)
{
	struct letter l;
	struct prober_way way;
	struct probe probe;
	const struct sock_extended_err *error;
	uint8_t by[16];
	ssize_t n;

	letter_init(&l, sizeof l.octets);
	n = recvmsg(s->fd, &l.header, MSG_ERRQUEUE | MSG_DONTWAIT);
	if (n < 0)
		return false;
	error = letter_error(s->family, &l, by);
	letter_way(s->family, &l, &way);
	memset(way.local, 0, sizeof way.local);
	if (error != NULL && error->ee_origin != SO_EE_ORIGIN_NONE && error->ee_errno != 0 &&
	    probe_read((struct bytes){l.octets, (size_t)n}, &probe) == 0)
		s->prober->ops->failed(s->prober->arg, &way, &probe, (int)error->ee_errno, by);
	return true;
}

static bool
prober_read_letter(struct prober_socket *s)
{
	struct letter l;
	struct prober_way way;
	struct probe probe;
	ssize_t n;

	letter_init(&l, sizeof l.octets);
	n = recvmsg(s->fd, &l.header, MSG_DONTWAIT);
	if (n < 0)
		return errno != EAGAIN && errno != EWOULDBLOCK && errno != EBADF;
	letter_way(s->family, &l, &way);
	if (probe_read((struct bytes){l.octets, (size_t)n}, &probe) == 0)
		s->prober->ops->heard(s->prober->arg, &way, &probe);
	return true;
}

static void
prober_ready(void *arg, int fd, unsigned events)
{
	struct prober_socket *s = arg;

	(void)fd;
	(void)events;
	for (unsigned i = 0; i < PROBER_BATCH && prober_read_error(s); i++)
		;
	for (unsigned i = 0; i < PROBER_BATCH && prober_read_letter(s); i++)
		;
}

static int
prober_bind(const struct family *family, uint16_t port)
{
	static const uint8_t any6[16], any4[16] = {[10] = 0xff, [11] = 0xff};
	struct addr at;
	int fd, on = 1;

	addr_from_octets(family->family == AF_INET6 ? any6 : any4, port, &at);
	fd = socket(family->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if ((family->family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) ||
	    setsockopt(fd, family->level, family->info, &on, sizeof on) < 0 ||
	    setsockopt(fd, family->level, family->errors, &on, sizeof on) < 0 ||
	    bind(fd, &at.sa, at.n) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static int
prober_listen(struct loop *loop, struct prober_socket *s, uint16_t port)
{
	s->fd = prober_bind(s->family, port);
	if (s->fd < 0 && errno == EADDRINUSE) {
		s->prober->hears = false;
		s->fd = prober_bind(s->family, 0);
	}
	if (s->fd < 0)
		return errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL ? 0 : -MAP_ESYS;
	s->watch = watch_new(loop, s->fd, LOOP_READ, prober_ready, s);
	return s->watch != NULL ? 0 : -MAP_ENOMEM;
}

int
prober_open(struct loop *loop, uint16_t port, const struct prober_ops *ops, void *arg,
    struct prober **out)
{
	struct prober *prober = calloc(1, sizeof *prober);
	int rc = prober != NULL ? 0 : -MAP_ENOMEM;

	*out = NULL;
	if (rc != 0)
		return rc;
	*prober = (struct prober){.ops = ops, .arg = arg, .hears = true};
	for (size_t i = 0; i < FAMILIES; i++)
		prober->sockets[i] = (struct prober_socket){prober, &families[i], -1, NULL};
	for (size_t i = 0; rc == 0 && i < FAMILIES; i++)
		rc = prober_listen(loop, &prober->sockets[i], port);
	if (rc != 0) {
		int saved = errno;

		prober_close(prober);
		errno = saved;
		return rc;
	}
	*out = prober;
	return 0;
}

void
prober_close(struct prober *prober)
{
	if (prober == NULL)
		return;
	for (size_t i = 0; i < FAMILIES; i++) {
		watch_free(prober->sockets[i].watch);
		if (prober->sockets[i].fd >= 0)
			close(prober->sockets[i].fd);
	}
	free(prober);
}

bool
prober_hears(const struct prober *prober)
{
	return prober->hears;
}

static void
letter_from(const struct family *family, struct letter *l, const uint8_t local[16])
{
	struct cmsghdr *c = &l->control.align;

	c->cmsg_level = family->level;
	c->cmsg_type = family->info_cmsg;
	if (family->family == AF_INET6) {
		struct in6_pktinfo *info = (void *)CMSG_DATA(c);

		c->cmsg_len = CMSG_LEN(sizeof *info);
		memcpy(&info->ipi6_addr, local, 16);
		l->header.msg_controllen = CMSG_SPACE(sizeof *info);
	} else {
		struct in_pktinfo *info = (void *)CMSG_DATA(c);

		c->cmsg_len = CMSG_LEN(sizeof *info);
		memcpy(&info->ipi_spec_dst, local + 12, 4);
		l->header.msg_controllen = CMSG_SPACE(sizeof *info);
	}
}

int
prober_send(struct prober *prober, const struct prober_way *way, const struct probe *probe)
{
	bool ipv4 = memcmp(way->remote, (const uint8_t[12]){[10] = 0xff, [11] = 0xff}, 12) == 0;
	struct prober_socket *s = &prober->sockets[ipv4 ? 1 : 0];
	struct letter l;

	if (s->fd < 0)
		return EAFNOSUPPORT;
	/* what an earlier one met, or is said to have met, is told by the next call, whatever that is about: once */
	for (int tries = 0; tries < 2; tries++) {
		int earlier;
		socklen_t size = sizeof earlier;

		(void)getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &earlier, &size);
		letter_init(&l, PROBE_OCTETS);
		probe_put(probe, l.octets);
		addr_from_octets(way->remote, way->port, &l.peer);
		l.header.msg_namelen = l.peer.n;
		letter_from(s->family, &l, way->local);
		if (sendmsg(s->fd, &l.header, MSG_DONTWAIT) >= 0)
			return 0;
	}
	return errno;
}
