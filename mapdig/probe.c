/*
 * probe.c - connects to every locator of a result at once, and times it. MPTCP where the kernel has
 * it, else TCP. Proves nothing about who answers.
 */
#include "mapdig/probe.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/sys/sock.h"
#include "core/wire/errors.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif
#define PROBE_MPTCP_INFO 1 /* MPTCP_INFO of linux/mptcp.h */
#define PROBE_MPTCP_SIZE 128

static size_t
probe_count(const struct result *result)
{
	size_t n = 0;

	for (size_t i = 0; i < result->n_identities; i++)
		n += result->identities[i].n_locators;
	return n;
}

/* A socket that is connecting, or -1 with probe->error. */
static int
probe_start(const uint8_t address[16], uint16_t port, struct probe *probe)
{
	struct addr addr;
	int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	int fd;

	addr_from_octets(address, port, &addr);
	fd = socket(addr.sa.sa_family, type, IPPROTO_MPTCP);
	if (fd < 0)
		fd = socket(addr.sa.sa_family, type, 0);
	if (fd >= 0 && (connect(fd, &addr.sa, addr.n) == 0 || errno == EINPROGRESS)) {
		probe->error = EINPROGRESS;
		return fd;
	}
	probe->error = errno;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void
probe_end(struct pollfd *wait, struct probe *probe, int error, uint64_t start)
{
	uint8_t info[PROBE_MPTCP_SIZE];
	socklen_t n = sizeof info;

	probe->error = error;
	probe->us = (uint32_t)(loop_now_us() - start);
	/* After falling back to TCP there is no such information. */
	probe->multipath =
	    error == 0 && getsockopt(wait->fd, SOL_MPTCP, PROBE_MPTCP_INFO, info, &n) == 0;
	close(wait->fd);
	wait->fd = -1;
}

static size_t
probe_take(struct pollfd *waits, struct probe *probes, size_t n, uint64_t start)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		int error = 0;
		socklen_t size = sizeof error;

		if (waits[i].fd < 0)
			continue;
		if (waits[i].revents == 0) {
			left++;
			continue;
		}
		if (getsockopt(waits[i].fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
			error = errno;
		probe_end(&waits[i], &probes[i], error, start);
	}
	return left;
}

int
probe_all(const struct result *result, uint16_t port, struct probe **out)
{
	size_t n = probe_count(result);
	struct probe *probes = calloc(n + 1, sizeof *probes);
	struct pollfd *waits = calloc(n + 1, sizeof *waits);
	uint64_t start = loop_now_us();
	uint64_t end = loop_now_ms() + PROBE_MS;
	size_t left = 0;
	size_t at = 0;

	if (probes == NULL || waits == NULL) {
		free(probes);
		free(waits);
		return -MAP_ENOMEM;
	}
	for (size_t i = 0; i < result->n_identities; i++)
		for (size_t k = 0; k < result->identities[i].n_locators; k++, at++) {
			const uint8_t *address =
			    result->identities[i].locators[k].locator.address;

			waits[at] = (struct pollfd){
			    probe_start(address, port, &probes[at]), POLLOUT, 0};
			left += waits[at].fd >= 0 ? 1 : 0;
		}
	while (left > 0) {
		uint64_t now = loop_now_ms();

		if (now >= end || (poll(waits, n, (int)(end - now)) < 0 && errno != EINTR))
			break;
		left = probe_take(waits, probes, n, start);
	}
	for (size_t i = 0; i < n; i++)
		if (waits[i].fd >= 0)
			probe_end(&waits[i], &probes[i], ETIMEDOUT, start);
	free(waits);
	*out = probes;
	return 0;
}
