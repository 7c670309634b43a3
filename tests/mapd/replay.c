/*
 * replay.c - runs a case file against a mapd that runs, over its sockets.
 * usage: replay ADDRESS PORT MAPCTL CONTROL CASE; zones go in by MAPCTL, what the configuration has must be
 * there already. Each message is followed by one that is known to get an answer: that of a message which
 * is answered comes first, so that silence is seen without waiting.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/wire/cursor.h"
#include "tests/mapd/case.h"

#define PROBE_ID 0xfefe

extern char **environ;

struct peer {
	const char *mapctl, *control;
	int family;
	struct sockaddr_storage at;
	socklen_t at_n;
	int udp, tcp;
};

/* "version.bind. TXT", class IN: not a zone of this server, or whatever else it says. */
static const uint8_t probe[] = "\xfe\xfe\0\0\0\1\0\0\0\0\0\0\7version\4bind\0\0\x10\0\1";
#define PROBE_N (sizeof(probe) - 1)

static void
die(const char *what)
{
	fprintf(stderr, "replay: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int
peer_connect(const struct peer *peer, int type)
{
	int fd = socket(peer->family, type, 0);
	struct timeval patience = {.tv_sec = 20};

	if (fd < 0 || connect(fd, (const struct sockaddr *)&peer->at, peer->at_n) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0)
		die("connect");
	return fd;
}

static void
peer_open(struct peer *peer, const char *address, const char *port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&peer->at;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&peer->at;
	uint16_t number = htons((uint16_t)strtoul(port, NULL, 10));

	if (inet_pton(AF_INET, address, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = number;
		peer->at_n = sizeof(*in);
	} else if (inet_pton(AF_INET6, address, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = number;
		peer->at_n = sizeof(*in6);
	} else
		die(address);
	peer->family = peer->at.ss_family;
	peer->udp = peer_connect(peer, SOCK_DGRAM);
	peer->tcp = peer_connect(peer, SOCK_STREAM);
}

/* In one piece: two would wait for each other (RFC 9293 3.7.4). */
static void
stream_write(int fd, struct bytes wire)
{
	static uint8_t buffer[4 + SERVE_TCP_MAX + PROBE_N];
	struct wr wr = wr_init(buffer, sizeof(buffer));

	wr_u16(&wr, (uint16_t)wire.n);
	wr_copy(&wr, wire.p, wire.n);
	wr_u16(&wr, PROBE_N);
	wr_copy(&wr, probe, PROBE_N);
	if (write(fd, buffer, wr.n) != (ssize_t)wr.n)
		die("write");
}

/* False: the server has closed the connection. */
static bool
stream_read(int fd, uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t got = read(fd, p, n);

		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return false;
		if (got < 0)
			die("read");
		p += got;
		n -= (size_t)got;
	}
	return true;
}

/* 0: silence, of which there is one more kind over TCP: to close. */
static size_t
answer_take(struct peer *peer, enum transport transport, uint8_t *out)
{
	uint8_t head[2];
	ssize_t got;
	size_t n;

	if (transport == TRANSPORT_TCP) {
		n = stream_read(peer->tcp, head, 2) ? (size_t)head[0] << 8 | head[1] : 0;
		if (n > 0 && stream_read(peer->tcp, out, n))
			return n;
		close(peer->tcp);
		peer->tcp = peer_connect(peer, SOCK_STREAM);
		return 0;
	}
	got = recv(peer->udp, out, SERVE_TCP_MAX, 0);
	if (got < 0)
		die("receive");
	return (size_t)got;
}

static bool
is_probe(const uint8_t *p, size_t n)
{
	return n >= 2 && get_u16(p) == PROBE_ID;
}

/* Over UDP a worker answers in the order of what came, since both come from one port. */
static size_t
peer_ask(void *arg, enum transport transport, struct bytes wire, uint8_t *out)
{
	struct peer *peer = arg;
	uint8_t rest[SERVE_UDP_MAX];
	size_t n;

	if (transport == TRANSPORT_TCP)
		stream_write(peer->tcp, wire);
	else if (send(peer->udp, wire.p, wire.n, 0) != (ssize_t)wire.n ||
		 send(peer->udp, probe, PROBE_N, 0) != (ssize_t)PROBE_N)
		die("send");
	n = answer_take(peer, transport, out);
	if (n == 0 || is_probe(out, n))
		return 0;
	if (!is_probe(rest, answer_take(peer, transport, rest)))
		fprintf(stderr, "replay: two answers\n");
	return n;
}

static bool
peer_zone(void *arg, const char *apex, const char *path, const char *denial)
{
	const struct peer *peer = arg;
	char *const argv[] = {(char *)(uintptr_t)peer->mapctl, (char *)(uintptr_t) "-s",
	    (char *)(uintptr_t)peer->control, (char *)(uintptr_t) "zone",
	    (char *)(uintptr_t) "load", (char *)(uintptr_t)apex, (char *)(uintptr_t)path, NULL};
	int status;
	pid_t pid;

	(void)denial;
	return posix_spawn(&pid, peer->mapctl, NULL, NULL, argv, environ) == 0 &&
	       waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Who starts mapd has read these lines. */
static bool
peer_prefix(void *arg, const char *apex, const char *address, unsigned length)
{
	(void)arg, (void)apex, (void)address, (void)length;
	return true;
}

static bool
peer_configured(void *arg, const char *apex)
{
	(void)arg, (void)apex;
	return true;
}

static bool
peer_said(void *arg, const char *version, const char *identity)
{
	(void)arg, (void)version, (void)identity;
	return true;
}

int
main(int argc, char **argv)
{
	struct peer peer = {0};
	struct case_server server = {
	    &peer, peer_zone, peer_prefix, peer_configured, peer_said, peer_ask};
	unsigned questions = 0;
	int failures;

	if (argc != 6) {
		fprintf(stderr, "usage: replay ADDRESS PORT MAPCTL CONTROL CASE\n");
		return 2;
	}
	peer.mapctl = argv[3];
	peer.control = argv[4];
	peer_open(&peer, argv[1], argv[2]);
	failures = case_run(argv[5], &server, &questions);
	printf("%u questions, %d failed\n", questions, failures);
	return failures != 0 || questions == 0;
}
