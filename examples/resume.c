/*
 * resume.c - fetches a numbered stream that goes on where it stopped: what a program does whose sessions may end.
 * "resume IDENTITY|NAME PORT OCTETS" fetches; "resume -l IDENTITY PORT" gives, and says who the peer seems to be.
 * The offset is the token: eight octets, first in each session. Prints a line when connected, resumed, and at the end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "examples/stream.h"
#include "libmap/map.h"

#define TOKEN 8

static void
token_put(uint8_t token[TOKEN], uint64_t offset)
{
	for (int i = TOKEN - 1; i >= 0; i--, offset >>= 8)
		token[i] = (uint8_t)offset;
}

static uint64_t
token_get(const uint8_t token[TOKEN])
{
	uint64_t offset = 0;

	for (size_t i = 0; i < TOKEN; i++)
		offset = offset << 8 | token[i];
	return offset;
}

static int
failed(struct map *map, int error)
{
	fprintf(stderr, "resume: %s: %s\n", map_error_text(error), map_why(map));
	return 1;
}

/* --- fetching --- */

static void
fetch_print(
    struct map *map, int fd, const char *what, uint64_t offset, const struct timespec *since)
{
	struct map_session info;
	char source[INET6_ADDRSTRLEN];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (map_session_info(map, fd, &info) != 0)
		return;
	printf("%s offset=%llu ms=%lld transport=%s source=%s\n", what,
	    (unsigned long long)offset,
	    (long long)(now.tv_sec - since->tv_sec) * 1000 +
		(now.tv_nsec - since->tv_nsec) / 1000000,
	    info.transport == MAP_MPTCP ? "mptcp" : "tcp",
	    inet_ntop(AF_INET6, info.source, source, sizeof source));
	fflush(stdout);
}

/* The session that goes on at offset, in the place of fd. */
static int
fetch_again(struct map *map, int fd, uint64_t offset)
{
	struct timespec start;
	uint8_t token[TOKEN];
	int next;

	clock_gettime(CLOCK_MONOTONIC, &start);
	token_put(token, offset);
	next = map_reconnect(map, fd, token, sizeof token);
	if (next >= 0)
		fetch_print(map, next, "resumed", offset, &start);
	close(fd);
	return next;
}

static int
fetch(struct map *map, const char *remote, const char *port, uint64_t want)
{
	uint8_t octets[STREAM_BLOCK], first[TOKEN] = {0};
	struct timespec start;
	uint64_t have = 0, resumed = UINT64_MAX;
	int fd;

	clock_gettime(CLOCK_MONOTONIC, &start);
	fd = map_connect(map, NULL, remote, port, 0);
	if (fd < 0)
		return failed(map, fd);
	fetch_print(map, fd, "connected", 0, &start);
	(void)send(
	    fd, first, sizeof first, MSG_NOSIGNAL); /* an error comes out of recv() too */
	while (have < want) {
		ssize_t n = recv(fd, octets, sizeof octets, 0);

		if (n > 0 && !stream_is_right(octets, (size_t)n, have))
			return 1;
		if (n > 0) {
			have += (uint64_t)n;
			continue;
		}
		fprintf(stderr, "resume: at %llu: %s\n", (unsigned long long)have,
		    n == 0 ? "closed by the peer" : strerror(errno));
		if (have == resumed)
			return 1; /* nothing came since the last time */
		resumed = have;
		fd = fetch_again(map, fd, have);
		if (fd < 0)
			return failed(map, fd);
	}
	printf("end octets=%llu\n", (unsigned long long)have);
	close(fd);
	return 0;
}

/* --- giving --- */

static void
give_print(int fd, uint64_t offset)
{
	char identity[MAP_IDENTITY_TEXT] = "";
	struct map *map;
	int error;

	if (map_open(&map) != 0)
		return;
	error = map_peer_hint(map, fd, identity);
	printf("gives offset=%llu peer=%s\n", (unsigned long long)offset,
	    error == 0 ? identity : map_error_text(error));
	fflush(stdout);
	map_close(map);
}

static int
give(int fd)
{
	uint8_t token[TOKEN];

	if (recv(fd, token, sizeof token, MSG_WAITALL) != sizeof token)
		return 1;
	give_print(fd, token_get(token));
	return stream_send_from(fd, token_get(token)) != 0;
}

/* A process for each session. */
static int
serve(int listener)
{
	struct sigaction a = {.sa_handler = SIG_IGN}; /* nobody asks how they ended */

	sigaction(SIGCHLD, &a, NULL);
	printf("listening\n");
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && fork() == 0) {
			close(listener);
			_exit(give(fd));
		}
		if (fd >= 0)
			close(fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			break;
	}
	perror("resume: accept");
	return 1;
}

int
main(int argc, char **argv)
{
	struct map *map;
	int status, fd;

	if (argc != 4) {
		fputs(
		    "usage: resume IDENTITY|NAME PORT OCTETS\n       resume -l IDENTITY PORT\n",
		    stderr);
		return 2;
	}
	if (map_open(&map) != 0) {
		fputs("resume: no memory\n", stderr);
		return 1;
	}
	if (strcmp(argv[1], "-l") != 0) {
		status = fetch(map, argv[1], argv[2], strtoull(argv[3], NULL, 10));
	} else {
		fd = map_listen(map, argv[2], argv[3], 0);
		status = fd < 0 ? failed(map, fd) : serve(fd);
	}
	map_close(map);
	return status;
}
