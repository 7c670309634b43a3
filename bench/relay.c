/*
 * relay.c - a distant name server: passes datagrams on to a near one, and the answers back after a time.
 * "relay LISTEN@PORT SERVER@PORT MS"; prints the questions since the last time for each SIGUSR1.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/sys/sock.h"
#include "core/wire/cursor.h"
#include "examples/signals.h"

#define RELAY_ASKERS 65536 /* one for each id of a message */
#define RELAY_MESSAGE 4096
#define RELAY_WAITING 1024

struct asker {
	struct addr peer;
	uint8_t id[2];
};

/* Their delay is the same, so they leave in the order in which they came. */
struct waiting {
	uint64_t due; /* us */
	size_t n;
	struct addr peer;
	uint8_t octets[RELAY_MESSAGE];
};

static struct asker askers[RELAY_ASKERS];
static struct waiting queue[RELAY_WAITING];
static size_t first, last; /* of queue: places are these modulo RELAY_WAITING */

static void
die(const char *what, const char *cause)
{
	fprintf(stderr, "relay: %s: %s\n", what, cause);
	exit(1);
}

static bool
relay_question(int here, int there)
{
	static uint16_t next;
	uint8_t octets[RELAY_MESSAGE];
	struct asker *asker = &askers[++next];
	ssize_t n;

	asker->peer.n = sizeof asker->peer.any;
	n = recvfrom(here, octets, sizeof octets, 0, &asker->peer.sa, &asker->peer.n);
	if (n < 2)
		return false;
	memcpy(asker->id, octets, 2);
	put_u16(octets, next);
	return write(there, octets, (size_t)n) == n;
}

static void
relay_answer(int there, uint64_t delay_us)
{
	struct waiting *w = &queue[last % RELAY_WAITING];
	ssize_t n = read(there, w->octets, sizeof w->octets);
	const struct asker *asker;

	if (n < 2)
		return;
	if (last - first == RELAY_WAITING)
		die("answers", "too many are on their way");
	asker = &askers[w->octets[0] << 8 | w->octets[1]];
	memcpy(w->octets, asker->id, 2);
	w->n = (size_t)n;
	w->peer = asker->peer;
	w->due = loop_now_us() + delay_us;
	last++;
}

/* Sends what is due; how long until the next is. */
static struct timespec
relay_send(int here)
{
	uint64_t now = loop_now_us(), us = 1000000;

	for (; first < last; first++) {
		const struct waiting *w = &queue[first % RELAY_WAITING];

		if (w->due > now) {
			us = w->due - now;
			break;
		}
		(void)sendto(here, w->octets, w->n, 0, &w->peer.sa, w->peer.n);
	}
	return (struct timespec){(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
}

int
main(int argc, char **argv)
{
	struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};
	struct addr from, to;
	unsigned long questions = 0;

	if (argc != 4 || addr_scan(argv[1], 53, &from) != 0 || addr_scan(argv[2], 53, &to) != 0)
		die("usage", "relay LISTEN@PORT SERVER@PORT MS");
	fds[0].fd = sock_udp_own(&from);
	fds[1].fd = sock_udp_connect(&to);
	if (fds[0].fd < 0 || fds[1].fd < 0)
		die(argv[1], strerror(errno));
	signals_take();
	puts("relays");
	fflush(stdout);
	while (!stop_wanted) {
		struct timespec wait = relay_send(fds[0].fd);

		if (ppoll(fds, 2, &wait, NULL) > 0) {
			if (fds[0].revents != 0)
				questions += relay_question(fds[0].fd, fds[1].fd);
			if (fds[1].revents != 0)
				relay_answer(fds[1].fd, strtoul(argv[3], NULL, 10) * 1000);
		}
		if (mark_wanted) {
			mark_wanted = 0;
			printf("mark questions=%lu\n", questions);
			fflush(stdout);
			questions = 0;
		}
	}
	return 0;
}
