/*
 * pace.c - both ends of a paced, numbered stream by identity, in either direction, for a session of a class.
 * "pace listen IDENTITY PORT DIRECTION", "pace connect NAME PORT DIRECTION [CLASS | tcp]"; DIRECTION: down, the listener sends,
 * or up; tcp: by whatever transport, else by MPTCP only.
 * Who receives prints a line for each SIGUSR1: what came since the last, and the longest time without an octet; with PACE_TRACE
 * in the environment also by itself each so many ms.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "core/wire/wishes.h"
#include "examples/signals.h"
#include "examples/stream.h"
#include "libmap/map.h"

#define PACE_BLOCK 2048 /* octets ... */
#define PACE_MS 5 /* ... each */

static struct map *map;
static int session = -1;
static uint64_t began; /* ms */

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
marked(const struct stream_mark *since, bool last)
{
	struct map_session info = {.paths = 0};

	(void)map_session_info(map, session, &info);
	printf("%s at=%llu octets=%llu gap=%u first=%u paths=%u\n", last ? "end" : "mark",
	    (unsigned long long)(now_ms() - began), (unsigned long long)since->octets,
	    since->gap, since->first, info.paths);
	fflush(stdout);
}

static void
trace_due(int number)
{
	(void)number;
	mark_wanted = 1;
}

/* A line each few ms, as if asked for. */
static void
trace(void)
{
	const char *text = getenv("PACE_TRACE");
	long us = text != NULL ? strtol(text, NULL, 10) * 1000 : 0;
	struct itimerval each = {{0, us}, {0, us}};
	struct sigaction action = {.sa_handler = trace_due};

	if (us <= 0)
		return;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &each, NULL);
}

static int
talk(bool sends)
{
	int error;

	began = now_ms();
	if (!sends)
		trace();
	error = sends ? stream_send_paced(session, PACE_BLOCK, PACE_MS)
		      : stream_receive(session, &mark_wanted, &stop_wanted, marked);

	if (error != 0)
		fprintf(stderr, "pace: %s\n", strerror(error));
	close(session);
	return error != 0;
}

/* The listener stays open: further paths join through it. */
static int
serve(const char *identity, const char *port, bool sends)
{
	int listener = map_listen(map, identity, port, 0);

	if (listener < 0) {
		fprintf(stderr, "pace: %s\n", map_why(map));
		return 1;
	}
	puts("listening");
	fflush(stdout);
	do
		session = accept(listener, NULL, NULL);
	while (session < 0 && errno == EINTR && !stop_wanted);
	return session < 0 ? 1 : talk(sends);
}

static int
connect_to(const char *name, const char *port, bool sends, const char *word)
{
	enum session_class class = SESSION_ANY;
	bool any = word != NULL && strcmp(word, "tcp") == 0;

	if (word != NULL && !any && class_from(word, &class) != 0)
		return 2;
	(void)map_set_class(map, (enum map_class) class);
	session = map_connect(map, NULL, name, port, any ? 0 : MAP_REQUIRE_MPTCP);
	if (session < 0) {
		fprintf(stderr, "pace: %s: %s\n", map_error_text(session), map_why(map));
		return 1;
	}
	puts("connected");
	fflush(stdout);
	return talk(sends);
}

int
main(int argc, char **argv)
{
	bool listens = argc == 5 && strcmp(argv[1], "listen") == 0;
	bool connects = (argc == 5 || argc == 6) && strcmp(argv[1], "connect") == 0;
	int status;

	if ((!listens && !connects) || map_open(&map) != 0) {
		fputs("usage: pace listen IDENTITY PORT down|up\n       pace connect NAME PORT "
		      "down|up [CLASS | tcp]\n",
		    stderr);
		return 2;
	}
	signals_take();
	status = listens ? serve(argv[2], argv[3], strcmp(argv[4], "down") == 0)
			 : connect_to(argv[2], argv[3], strcmp(argv[4], "up") == 0,
			       argc == 6 ? argv[5] : NULL);
	map_close(map);
	return status;
}
