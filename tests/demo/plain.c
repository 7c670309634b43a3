/*
 * plain.c - the examples' stream over plain TCP between two addresses: what the demonstration shows
 * beside a session by identity. "plain listen PORT", "plain connect ADDRESS PORT".
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "examples/signals.h"
#include "examples/stream.h"

static void
marked(const struct stream_mark *since, bool last)
{
	printf("%s octets=%llu gap=%u\n", last ? "end" : "mark",
	    (unsigned long long)since->octets, since->gap);
	fflush(stdout);
}

/* A socket bound to, or connected with, an address; -1 after saying why. */
static int
socket_make(const char *address, const char *port, bool listens)
{
	struct addrinfo hints = {.ai_family = AF_INET6,
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = (listens ? AI_PASSIVE : 0) | AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *to = NULL;
	int on = 1, fd = -1, error = getaddrinfo(address, port, &hints, &to);

	if (error != 0) {
		fprintf(stderr, "plain: %s port %s: %s\n", address != NULL ? address : "*",
		    port, gai_strerror(error));
		return -1;
	}
	fd = socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP);
	if (fd >= 0 && listens) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		error = bind(fd, to->ai_addr, to->ai_addrlen);
		if (error == 0)
			error = listen(fd, 8);
	} else if (fd >= 0) {
		error = connect(fd, to->ai_addr, to->ai_addrlen);
	}
	freeaddrinfo(to);
	if (fd >= 0 && error == 0)
		return fd;
	fprintf(stderr, "plain: %s port %s: %s\n", address != NULL ? address : "*", port,
	    strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int
plain_listen(const char *port)
{
	int fd = socket_make(NULL, port, true), peer, error;

	if (fd < 0)
		return 1;
	puts("listening");
	fflush(stdout);
	peer = accept(fd, NULL, NULL);
	close(fd);
	if (peer < 0)
		return 1;
	error = stream_send(peer);
	close(peer);
	return error != 0;
}

static int
plain_connect(const char *address, const char *port)
{
	int fd = socket_make(address, port, false), error;

	signals_take();
	if (fd < 0)
		return 1;
	puts("connected");
	fflush(stdout);
	error = stream_receive(fd, &mark_wanted, &stop_wanted, marked);
	if (error != 0)
		fprintf(stderr, "plain: %s\n", strerror(error));
	close(fd);
	return error != 0;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "listen") == 0)
		return plain_listen(argv[2]);
	if (argc == 4 && strcmp(argv[1], "connect") == 0)
		return plain_connect(argv[2], argv[3]);
	fputs("usage: plain listen PORT | plain connect ADDRESS PORT\n", stderr);
	return 2;
}
