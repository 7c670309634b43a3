/*
 * listen.c - the passive side of sessions.
 */
#include "libmap/context.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "libmap/transport.h"

static int
listen_bind(int fd, int family, uint16_t port)
{
	static const uint8_t any6[16] = {0};
	static const uint8_t any4[16] = {[10] = 0xff, [11] = 0xff};
	struct sockaddr_storage address;
	socklen_t n = transport_address(family == AF_INET6 ? any6 : any4, port, &address);
	int on = 1, off = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    (family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0) ||
	    bind(fd, (const struct sockaddr *)(const void *)&address, n) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		return -MAP_ESYS;
	return 0;
}

/* One socket for both families; a host without IPv6 gets one for IPv4. */
static int
listen_open(uint16_t port, bool *mptcp)
{
	static const int families[] = {AF_INET6, AF_INET};
	int fd = -1, saved;

	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
		fd = transport_socket(families[i], mptcp);
		if (fd >= 0 && listen_bind(fd, families[i], port) == 0)
			return fd;
		saved = errno;
		if (fd >= 0)
			close(fd);
		errno = saved;
		if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)
			break;
	}
	return -MAP_ESYS;
}

int
map_listen(struct map *map, const char *identity, const char *service, unsigned flags)
{
	struct map_session info = {.is_listener = true};
	struct eid id;
	uint16_t port;
	bool mptcp;
	int fd, rc;

	map->why[0] = '\0';
	if (flags & ~(unsigned)(MAP_REQUIRE_MPTCP | MAP_NONBLOCK))
		return context_fail(map, -MAP_EUSAGE, "flags 0x%x: not for map_listen", flags);
	if (identity != NULL) {
		rc = eid_scan(identity, strlen(identity), false, &id);
		if (rc < 0)
			return context_fail(map, -MAP_ETEXT, "%s: not an identity", identity);
		eid_print(&id, info.identity);
	}
	rc = target_service(map, service, false, &port);
	if (rc < 0)
		return rc;
	fd = listen_open(port, &mptcp);
	if (fd < 0)
		return context_fail(map, -MAP_ESYS, "service %s: %s", service, strerror(errno));
	if (!mptcp && (flags & MAP_REQUIRE_MPTCP)) {
		close(fd);
		return context_fail(map, -MAP_ETRANSPORT, "this kernel has no MPTCP");
	}
	if (!(flags & MAP_NONBLOCK) && fcntl(fd, F_SETFL, 0) < 0) {
		close(fd);
		return context_fail(map, -MAP_ESYS, "fcntl: %s", strerror(errno));
	}
	sessions_put(map, fd, flags, &info, NULL);
	return fd;
}
