/*
 * crowd.c - many sessions by identity between two processes, each of which sends a block on every session at a steady pace.
 * "crowd listen IDENTITY PORT COUNT OCTETS MS", "crowd connect NAME PORT COUNT OCTETS MS". Prints a line for each SIGUSR1: the
 * blocks sent and the octets that came since the last.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "examples/signals.h"
#include "libmap/map.h"

#define CROWD_MOST 1000
#define CROWD_BLOCK 16384

struct crowd {
	struct map *map;
	size_t n; /* of sessions */
	size_t octets; /* of a block */
	uint64_t ms; /* from one block to the next, of one session */
	int fds[CROWD_MOST];
	uint64_t sent, late, received;
};

static uint8_t buffer[CROWD_BLOCK];

static void
die(const char *what, const char *cause)
{
	fprintf(stderr, "crowd: %s: %s\n", what, cause);
	exit(1);
}

static size_t
number(const char *text, size_t most)
{
	unsigned long value = strtoul(text, NULL, 10);

	if (value == 0 || value > most)
		die(text, "not a usable number");
	return value;
}

static void
say(const char *word)
{
	puts(word);
	fflush(stdout);
}

/* The listener stays open: further paths join through it. */
static void
crowd_accept(struct crowd *c, const char *identity, const char *port)
{
	int listener = map_listen(c->map, identity, port, MAP_REQUIRE_MPTCP);

	if (listener < 0)
		die(identity, map_why(c->map));
	say("listening");
	for (size_t i = 0; i < c->n && !stop_wanted;) {
		c->fds[i] = accept(listener, NULL, NULL);
		if (c->fds[i] >= 0)
			i++;
		else if (errno != EINTR)
			die("accept", strerror(errno));
	}
}

static void
crowd_connect(struct crowd *c, const char *name, const char *port)
{
	for (size_t i = 0; i < c->n; i++) {
		c->fds[i] = map_connect(c->map, NULL, name, port, MAP_REQUIRE_MPTCP);
		if (c->fds[i] < 0)
			die(name, map_why(c->map));
	}
	say("connected");
}

/* What does not go out at once is not sent: a backlog would be no pace. */
static void
crowd_send(struct crowd *c, size_t i)
{
	ssize_t n = send(c->fds[i], buffer, c->octets, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n == (ssize_t)c->octets)
		c->sent++;
	else if (n >= 0 || errno == EAGAIN)
		c->late++;
	else
		die("send", strerror(errno));
}

/* False: a peer has closed. */
static bool
crowd_receive(struct crowd *c, const struct pollfd *ready)
{
	for (size_t i = 0; i < c->n; i++) {
		ssize_t n;

		if (ready[i].revents == 0)
			continue;
		n = recv(c->fds[i], buffer, sizeof buffer, MSG_DONTWAIT);
		if (n > 0)
			c->received += (uint64_t)n;
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return false;
	}
	return true;
}

/* Session i's k-th block is due at start + k * ms + i * ms / n: they take turns. */
static void
crowd_talk(struct crowd *c)
{
	struct pollfd ready[CROWD_MOST + 1];
	uint64_t start = loop_now_us(), turn = 0;

	for (size_t i = 0; i < c->n; i++)
		ready[i] = (struct pollfd){.fd = c->fds[i], .events = POLLIN};
	while (!stop_wanted) {
		uint64_t now = loop_now_us(), due;

		while ((due = start + turn * c->ms * 1000 / c->n) <= now)
			crowd_send(c, turn++ % c->n);
		ready[c->n] =
		    (struct pollfd){.fd = map_fd(c->map), .events = map_events(c->map)};
		if (poll(ready, c->n + 1, (int)((due - now) / 1000 + 1)) > 0) {
			if (!crowd_receive(c, ready))
				return;
			map_process(c->map);
		}
		if (mark_wanted) {
			mark_wanted = 0;
			printf("mark sent=%llu late=%llu received=%llu\n",
			    (unsigned long long)c->sent, (unsigned long long)c->late,
			    (unsigned long long)c->received);
			fflush(stdout);
			c->sent = c->late = c->received = 0;
		}
	}
}

int
main(int argc, char **argv)
{
	static struct crowd c;

	if (argc != 7 || map_open(&c.map) != 0) {
		fputs("usage: crowd listen IDENTITY PORT COUNT OCTETS MS\n"
		      "       crowd connect NAME PORT COUNT OCTETS MS\n",
		    stderr);
		return 2;
	}
	c.n = number(argv[4], CROWD_MOST);
	c.octets = number(argv[5], CROWD_BLOCK);
	c.ms = number(argv[6], 60000);
	signals_take();
	if (strcmp(argv[1], "listen") == 0)
		crowd_accept(&c, argv[2], argv[3]);
	else
		crowd_connect(&c, argv[2], argv[3]);
	crowd_talk(&c);
	for (size_t i = 0; i < c.n; i++)
		close(c.fds[i]);
	map_close(c.map);
	return 0;
}
