/*
 * echo.c - the floor of a UDP server: what recvmmsg and sendmmsg cost when nothing is done between.
 * Answers each query with its own header and question, padded to a given size.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/sock.h"
#include "core/wire/bytes.h"

#define ECHO_MAX 4096

static struct datagram batch[SOCK_BATCH];
static uint8_t buffers[SOCK_BATCH][ECHO_MAX];

static void
echo_round(int fd, size_t size)
{
	int n;

	for (int i = 0; i < SOCK_BATCH; i++)
		batch[i].max = ECHO_MAX;
	n = sock_receive(fd, batch, SOCK_BATCH);
	for (int i = 0; i < n; i++) {
		struct datagram *d = &batch[i];

		if (d->n < 12)
			continue;
		d->buffer[2] |= 0x80;
		if (d->n < size)
			memset(d->buffer + d->n, 0, size - d->n);
		d->n = size;
	}
	if (n > 0)
		sock_send(fd, batch, n);
}

int
main(int argc, char **argv)
{
	struct addr addr;
	struct pollfd ready = {.events = POLLIN};
	unsigned long size = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;

	if (argc != 3 || addr_scan(argv[1], 53, &addr) != 0 || size < 12 || size > ECHO_MAX) {
		fprintf(stderr, "usage: echo ADDRESS@PORT REPLY-SIZE (12 to %d)\n", ECHO_MAX);
		return 2;
	}
	for (int i = 0; i < SOCK_BATCH; i++)
		batch[i].buffer = buffers[i];
	ready.fd = sock_udp_bind(&addr);
	if (ready.fd < 0) {
		fprintf(stderr, "echo: cannot listen at %s\n", argv[1]);
		return 1;
	}
	while (poll(&ready, 1, -1) >= 0)
		echo_round(ready.fd, size);
	return 1;
}
