/*
 * transport.c - stream sockets: MPTCP where the kernel has it, and what became of it.
 */
#include "libmap/transport.h"

#include <errno.h>
#include <linux/mptcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/wire/errors.h"
#include "libmap/context.h"

/* Values newer than the C library of Debian 12's headers, or kept from it by the standard. */
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif

#define TRANSPORT_SUBFLOWS 32 /* looked at */
#define TRANSPORT_ESTABLISHED 1 /* TCP_ESTABLISHED; its header does not go with linux/mptcp.h */

int
transport_socket(int family, bool *mptcp)
{
	int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = socket(family, type, IPPROTO_MPTCP);

	*mptcp = fd >= 0;
	/* no such protocol, or it is switched off: EPROTONOSUPPORT, ENOPROTOOPT */
	if (fd < 0 && errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
		fd = socket(family, type, IPPROTO_TCP);
	return fd < 0 ? -MAP_ESYS : fd;
}

socklen_t
transport_address(const uint8_t octets[16], uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)(void *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)out;

	memset(out, 0, sizeof *out);
	if (address_is_ipv4(octets)) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		memcpy(&in4->sin_addr, octets + 12, 4);
		return sizeof *in4;
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, octets, 16);
	return sizeof *in6;
}

static uint16_t
transport_port(const struct sockaddr_storage *of)
{
	if (of->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)(const void *)of)->sin6_port);
	return of->ss_family == AF_INET
		   ? ntohs(((const struct sockaddr_in *)(const void *)of)->sin_port)
		   : 0;
}

static int
transport_pair(int fd, const uint8_t source[16], const uint8_t destination[16], uint16_t port)
{
	struct sockaddr_storage address;
	socklen_t n = transport_address(source, 0, &address);

	if (bind(fd, (const struct sockaddr *)(const void *)&address, n) < 0)
		return -MAP_ESYS;
	n = transport_address(destination, port, &address);
	return connect(fd, (const struct sockaddr *)(const void *)&address, n) < 0 ? -MAP_ESYS
										   : 0;
}

int
transport_datagram(const uint8_t source[16], const uint8_t destination[16], uint16_t port)
{
	int family = address_is_ipv4(destination) ? AF_INET : AF_INET6, saved;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || transport_pair(fd, source, destination, port) == 0)
		return fd < 0 ? -MAP_ESYS : fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -MAP_ESYS;
}

/* Who dissolves the association of a socket that chose its port itself can bind it anew (udp(7), connect(2)). */
int
transport_rehome(int fd, const struct session_note *from, const uint8_t source[16],
    const uint8_t destination[16])
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};
	int saved;

	if (connect(fd, &none, sizeof none) < 0)
		return -MAP_ESYS;
	if (transport_pair(fd, source, destination, from->destination_port) == 0)
		return 0;
	saved = errno;
	if (connect(fd, &none, sizeof none) < 0 ||
	    transport_pair(fd, from->source, from->destination, from->destination_port) < 0)
		return -MAP_ESYS; /* without a pair, and its program sees that */
	errno = saved;
	return -MAP_ESYS;
}

static int
transport_protocol(int fd)
{
	int protocol = 0;
	socklen_t n = sizeof protocol;

	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &n) == 0 ? protocol : -1;
}

bool
sessions_is_mptcp(int fd)
{
	struct mptcp_info info = {0};
	socklen_t n = sizeof info;

	/* after a fallback the kernel refuses the question, or says so in a flag */
	return transport_protocol(fd) == IPPROTO_MPTCP &&
	       getsockopt(fd, SOL_MPTCP, MPTCP_INFO, &info, &n) == 0 &&
	       (info.mptcpi_flags & MPTCP_INFO_FLAG_FALLBACK) == 0;
}

/* The beginning of a struct tcp_info, which is all that is asked for. */
struct transport_state {
	uint8_t state;
	uint8_t rest[7];
};

struct transport_states {
	struct mptcp_subflow_data data;
	struct transport_state list[TRANSPORT_SUBFLOWS];
};

/* Established subflows; one that is being closed, or has not joined yet, carries nothing. */
static unsigned
transport_subflows(int fd)
{
	struct transport_states states = {.data = {.size_subflow_data = sizeof states.data,
					      .size_user = sizeof states.list[0]}};
	socklen_t n = sizeof states;
	unsigned established = 0;

	if (getsockopt(fd, SOL_MPTCP, MPTCP_TCPINFO, &states, &n) < 0)
		return 1;
	for (size_t i = 0; i < states.data.num_subflows && i < TRANSPORT_SUBFLOWS; i++)
		established += states.list[i].state == TRANSPORT_ESTABLISHED;
	return established;
}

void
transport_octets(const struct sockaddr_storage *from, uint8_t out[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (from->ss_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
	} else if (from->ss_family == AF_INET) {
		memcpy(out, mapped, sizeof mapped);
		memcpy(
		    out + 12, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
	}
}

static bool
transport_inode(int fd, uint64_t *inode)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	if (!S_ISSOCK(st.st_mode)) {
		errno = ENOTSOCK;
		return false;
	}
	*inode = st.st_ino;
	return true;
}

/* What the kernel says of it; what only we know stays as it is. */
static int
transport_fill(int fd, struct map_session *out)
{
	struct sockaddr_storage address = {0};
	socklen_t n = sizeof address;
	int protocol = transport_protocol(fd), listens = 0;
	socklen_t listens_n = sizeof listens;

	if (protocol != IPPROTO_TCP && protocol != IPPROTO_MPTCP && protocol != IPPROTO_UDP) {
		errno = EPROTOTYPE;
		return -MAP_ESYS;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_n) < 0)
		return -MAP_ESYS;
	out->is_listener = listens != 0;
	if (out->is_listener) {
		out->transport = protocol == IPPROTO_MPTCP ? MAP_MPTCP : MAP_TCP;
		out->fell_back = protocol == IPPROTO_TCP;
		return 0;
	}
	if (getpeername(fd, (struct sockaddr *)(void *)&address, &n) < 0)
		return -MAP_ESYS;
	if (out->peer == MAP_PEER_ANONYMOUS) {
		transport_octets(&address, out->destination);
		n = sizeof address;
		if (getsockname(fd, (struct sockaddr *)(void *)&address, &n) == 0)
			transport_octets(&address, out->source);
	}
	if (protocol == IPPROTO_UDP) {
		out->transport = MAP_UDP;
		out->paths = 1;
		return 0;
	}
	out->transport = sessions_is_mptcp(fd) ? MAP_MPTCP : MAP_TCP;
	out->fell_back = out->transport == MAP_TCP;
	out->paths = out->transport == MAP_MPTCP ? transport_subflows(fd) : 1;
	return 0;
}

bool
transport_note(int fd, struct session_note *note)
{
	struct sockaddr_storage address = {0};
	struct mptcp_info info = {0};
	socklen_t n = sizeof note->cookie;
	int protocol = transport_protocol(fd);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &note->cookie, &n) < 0)
		note->cookie = 0;
	n = sizeof address;
	if (getsockname(fd, (struct sockaddr *)(void *)&address, &n) < 0)
		return false;
	transport_octets(&address, note->source);
	note->source_port = transport_port(&address);
	n = sizeof address;
	if (getpeername(fd, (struct sockaddr *)(void *)&address, &n) < 0)
		return false;
	transport_octets(&address, note->destination);
	note->destination_port = transport_port(&address);
	note->transport = protocol == IPPROTO_UDP ? SESSION_UDP : SESSION_TCP;
	note->token = 0;
	n = sizeof info;
	if (protocol == IPPROTO_MPTCP &&
	    getsockopt(fd, SOL_MPTCP, MPTCP_INFO, &info, &n) == 0 &&
	    (info.mptcpi_flags & MPTCP_INFO_FLAG_FALLBACK) == 0 && info.mptcpi_token != 0) {
		note->transport = SESSION_MPTCP;
		note->token = info.mptcpi_token;
	}
	return note->cookie != 0 && note->cookie >> 63 == 0 &&
	       address_is_ipv4(note->source) == address_is_ipv4(note->destination);
}

struct session_row *
sessions_find(struct map *map, int fd)
{
	uint64_t inode;

	if (!transport_inode(fd, &inode))
		return NULL;
	for (size_t i = 0; i < map->n_sessions; i++)
		if (map->sessions[i].fd == fd && map->sessions[i].inode == inode)
			return &map->sessions[i];
	errno = ENOENT;
	return NULL;
}

int
map_session_info(struct map *map, int fd, struct map_session *out)
{
	const struct session_row *row = sessions_find(map, fd);
	int rc;

	memset(out, 0, sizeof *out);
	if (row == NULL && errno != ENOENT)
		return context_fail(map, -MAP_ESYS, "descriptor %d: not a socket", fd);
	if (row != NULL)
		*out = row->info;
	rc = transport_fill(fd, out);
	if (rc < 0)
		return context_fail(map, rc, "descriptor %d: %s", fd, strerror(errno));
	return 0;
}

void
sessions_prune(struct map *map)
{
	size_t kept = 0;
	uint64_t inode;

	for (size_t i = 0; i < map->n_sessions; i++)
		if (transport_inode(map->sessions[i].fd, &inode) &&
		    inode == map->sessions[i].inode)
			map->sessions[kept++] = map->sessions[i];
	map->n_sessions = kept;
}

void
sessions_put(struct map *map, int fd, unsigned flags, const struct map_session *info,
    const struct session_note *note)
{
	struct session_row *more;
	size_t max = map->max_sessions > 0 ? map->max_sessions * 2 : 4;
	uint64_t inode;

	if (!transport_inode(fd, &inode))
		return;
	if (map->n_sessions == map->max_sessions)
		sessions_prune(map);
	if (map->n_sessions == map->max_sessions) {
		more = realloc(map->sessions, max * sizeof *more);
		if (more == NULL)
			return;
		map->sessions = more;
		map->max_sessions = max;
	}
	map->sessions[map->n_sessions] =
	    (struct session_row){.fd = fd, .inode = inode, .info = *info, .flags = flags};
	if (note != NULL) {
		map->sessions[map->n_sessions].note = *note;
		map->sessions[map->n_sessions].number = ++map->next_session;
	}
	map->n_sessions++;
}
