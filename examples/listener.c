/*
 * listener.c - a service by identity: listens as an identity of this host and sends the numbered
 * stream to whoever connects. "listener IDENTITY PORT"; knows no address, no provider, no DNS.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "examples/stream.h"
#include "libmap/map.h"

static volatile sig_atomic_t stopped;

static void
on_signal(int number)
{
	if (number != SIGCHLD)
		stopped = 1;
}

/* Nothing restarts after a signal, so that accept() ends when we are told to stop. */
static void
signals_take(void)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGCHLD};
	struct sigaction a = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		sigaction(numbers[i], &a, NULL);
}

/* The process of one session ends when told to, even while it waits to send. */
static void
signal_default(void)
{
	struct sigaction a = {.sa_handler = SIG_DFL};

	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGINT, &a, NULL);
}

static void
accepted(struct map *map, int fd)
{
	struct map_session info;

	if (map_session_info(map, fd, &info) == 0)
		printf(
		    "accepted transport=%s\n", info.transport == MAP_MPTCP ? "mptcp" : "tcp");
	fflush(stdout);
}

/* A process for each session; the listening descriptor stays open in ours, because further paths of
 * all sessions join through it. */
static int
serve(struct map *map, int listener)
{
	while (!stopped) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) {
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
			continue;
		}
		if (fd < 0) {
			perror("listener: accept");
			return 1;
		}
		accepted(map, fd);
		switch (fork()) {
		case 0:
			signal_default();
			close(listener);
			_exit(stream_send(fd) == 0 ? 0 : 1);
		case -1:
			perror("listener: fork");
		}
		close(fd);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct map *map;
	int fd, status;

	if (argc != 3) {
		fputs("usage: listener IDENTITY PORT\n", stderr);
		return 2;
	}
	if (map_open(&map) != 0) {
		fputs("listener: no memory\n", stderr);
		return 1;
	}
	signals_take();
	fd = map_listen(map, argv[1], argv[2], 0);
	if (fd < 0) {
		fprintf(stderr, "listener: %s: %s\n", map_error_text(fd), map_why(map));
		map_close(map);
		return 1;
	}
	printf("listening identity=%s port=%s\n", argv[1], argv[2]);
	fflush(stdout);
	status = serve(map, fd);
	close(fd);
	map_close(map);
	return status;
}
