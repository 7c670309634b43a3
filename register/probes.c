/*
 * probes.c - two datagram sockets on one port, and what a probe looks like. Believes nothing: a token counts
 * only at the server that made it.
 */
#include "register/probes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/sock.h"
#include "core/wire/errors.h"

#define PROBE "prove-1" /* and its NUL */
#define PROBE_SIZE (sizeof PROBE + 16 + PROVE_TOKEN)
#define ROUND 64 /* datagrams read before others get their turn */
#define TRIES 16 /* ports, until one is free in both families */

struct probes {
	probes_fn *came;
	void *arg;
	uint16_t port;
	int fds[2];
	struct watch *watches[2];
	struct loop *loop;
};

static void
probes_read(void *arg, int fd, unsigned events)
{
	struct probes *probes = arg;
	uint8_t buffer[PROBE_SIZE + 1];

	(void)events;
	for (int i = 0; i < ROUND && probes->port != 0; i++) { /* came() may close it */
		ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);

		if (n < 0 && errno != EINTR)
			break;
		if (n == PROBE_SIZE && memcmp(buffer, PROBE, sizeof PROBE) == 0)
			probes->came(
			    probes->arg, buffer + sizeof PROBE, buffer + sizeof PROBE + 16);
	}
}

static void
addr_any(int family, uint16_t port, struct addr *out)
{
	memset(out, 0, sizeof *out);
	if (family == AF_INET) {
		out->n = sizeof out->in4;
		out->in4.sin_family = AF_INET;
		out->in4.sin_port = htons(port);
		return;
	}
	out->n = sizeof out->in6;
	out->in6.sin6_family = AF_INET6;
	out->in6.sin6_port = htons(port);
}

/* False: the port is somebody's in one of the families; other failures leave a family out. */
static bool
sockets_open(struct probes *probes)
{
	static const int families[2] = {AF_INET6, AF_INET};
	struct addr addr;

	probes->port = 0;
	for (int i = 0; i < 2; i++) {
		addr_any(families[i], probes->port, &addr);
		probes->fds[i] = sock_udp_own(&addr);
		if (probes->fds[i] < 0 && errno == EADDRINUSE)
			return false;
		if (probes->fds[i] >= 0 && probes->port == 0 &&
		    sock_local(probes->fds[i], &addr) == 0)
			probes->port = addr_port(&addr);
	}
	return true;
}

static void
sockets_close(struct probes *probes)
{
	for (int i = 0; i < 2; i++) {
		watch_free(probes->watches[i]);
		if (probes->fds[i] >= 0)
			close(probes->fds[i]);
		probes->watches[i] = NULL;
		probes->fds[i] = -1;
	}
	probes->port = 0;
}

static int
sockets_watch(struct probes *probes)
{
	for (int i = 0; i < 2; i++) {
		if (probes->fds[i] < 0)
			continue;
		probes->watches[i] =
		    watch_new(probes->loop, probes->fds[i], LOOP_READ, probes_read, probes);
		if (probes->watches[i] == NULL)
			return -MAP_ENOMEM;
	}
	return probes->port != 0 ? 0 : -MAP_ESYS;
}

int
probes_open(struct loop *loop, probes_fn *came, void *arg, struct probes **out)
{
	struct probes *probes = calloc(1, sizeof *probes);
	int error, saved;

	*out = NULL;
	if (probes == NULL)
		return -MAP_ENOMEM;
	*probes = (struct probes){.loop = loop, .came = came, .arg = arg, .fds = {-1, -1}};
	for (int i = 0; i < TRIES && !sockets_open(probes); i++)
		sockets_close(probes);
	saved = errno;
	error = sockets_watch(probes);
	if (error == 0) {
		*out = probes;
		return 0;
	}
	probes_close(probes);
	errno = saved;
	return error;
}

uint16_t
probes_port(const struct probes *probes)
{
	return probes->port;
}

void
probes_close(struct probes *probes)
{
	if (probes == NULL)
		return;
	sockets_close(probes);
	loop_later(probes->loop, free, probes);
}
