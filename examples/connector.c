/*
 * connector.c - talks to an identity: opens a session and receives the numbered stream.
 * "connector IDENTITY|NAME PORT" or "connector REFERENCE"; knows no address, no provider, no DNS.
 * Prints a line when connected, one for each SIGUSR1 (what came since the last), and one at the end.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "examples/signals.h"
#include "examples/stream.h"
#include "libmap/map.h"

static struct map *map;
static int session = -1;

static const char *
address_text(const uint8_t *address, char text[INET6_ADDRSTRLEN])
{
	return inet_ntop(AF_INET6, address, text, INET6_ADDRSTRLEN);
}

/* What shows that it is still the same descriptor of the same socket. */
static void
descriptor_print(void)
{
	struct map_session info = {.paths = 0};
	struct stat st = {.st_ino = 0};

	fstat(session, &st);
	(void)map_session_info(map, session, &info);
	printf(" descriptor=%d socket=%llu paths=%u\n", session, (unsigned long long)st.st_ino,
	    info.paths);
	fflush(stdout);
}

static void
marked(const struct stream_mark *since, bool last)
{
	printf("%s octets=%llu gap=%u", last ? "end" : "mark",
	    (unsigned long long)since->octets, since->gap);
	descriptor_print();
}

static void
connected(unsigned ms)
{
	struct map_session info;
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];

	if (map_session_info(map, session, &info) != 0)
		return;
	printf("connected ms=%u identity=%s secure=%s proved=%s transport=%s source=%s "
	       "destination=%s path=%s",
	    ms, info.identity, info.secure ? "yes" : "no", info.proved ? "yes" : "no",
	    info.transport == MAP_MPTCP ? "mptcp" : "tcp", address_text(info.source, source),
	    address_text(info.destination, destination), info.path);
	descriptor_print();
}

/* Who handed it on, and whether that is true; a reference that lies is refused by map_connect(). */
static void
reference_print(const char *text)
{
	struct map_reference reference;
	int verified = map_reference_verify(text);

	if (map_reference_parse(text, &reference, NULL, 0) == 0)
		printf("referred identity=%s by=%s signature=%s\n", reference.identity,
		    reference.is_signed ? reference.by : "nobody",
		    verified == 0 ? "good" : map_error_text(verified));
}

static unsigned
since_ms(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)((now.tv_sec - start->tv_sec) * 1000 +
			  (now.tv_nsec - start->tv_nsec) / 1000000);
}

static int
talk(const char *remote, const char *port)
{
	struct timespec start;
	int error;

	clock_gettime(CLOCK_MONOTONIC, &start);
	session = map_connect(map, NULL, remote, port, 0);
	if (session < 0) {
		fprintf(stderr, "connector: %s: %s\n", map_error_text(session), map_why(map));
		return 1;
	}
	connected(since_ms(&start));
	error = stream_receive(session, &mark_wanted, &stop_wanted, marked);
	if (error != 0)
		fprintf(stderr, "connector: %s\n", strerror(error));
	close(session);
	return error != 0;
}

int
main(int argc, char **argv)
{
	bool is_reference = argc == 2 && strncmp(argv[1], "eid:", 4) == 0;
	int status;

	if (argc != 3 && !is_reference) {
		fputs("usage: connector IDENTITY|NAME PORT\n       connector REFERENCE\n",
		    stderr);
		return 2;
	}
	if (map_open(&map) != 0) {
		fputs("connector: no memory\n", stderr);
		return 1;
	}
	signals_take();
	if (is_reference)
		reference_print(argv[1]);
	status = talk(argv[1], is_reference ? NULL : argv[2]);
	map_close(map);
	return status;
}
