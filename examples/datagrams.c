/*
 * datagrams.c - asks an identity by datagrams, a number each 10 ms, and counts what comes back while the session moves.
 * "datagrams IDENTITY|NAME PORT" asks; "datagrams -l PORT" answers, from the address that was asked. Prints a line when
 * connected, one for each move, one for each SIGUSR1 (what came since the last), and one at the end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "examples/signals.h"
#include "libmap/map.h"

#define ASK_MS 10

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* What goes out and comes back. */
struct talk {
	struct map *map;
	int fd;
	uint32_t asked, answered; /* numbers */
	unsigned came; /* since the last mark */
	uint64_t last,
	    gap; /* when the last answer came; the longest time without, since the mark */
};

static void
talk_print(const struct talk *t, const char *what)
{
	struct map_session info;
	struct stat st = {.st_ino = 0};
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];

	if (map_session_info(t->map, t->fd, &info) != 0)
		return;
	fstat(t->fd, &st);
	printf(
	    "%s came=%u gap=%llu source=%s destination=%s path=%s descriptor=%d socket=%llu\n",
	    what, t->came, (unsigned long long)t->gap,
	    inet_ntop(AF_INET6, info.source, source, sizeof source),
	    inet_ntop(AF_INET6, info.destination, destination, sizeof destination), info.path,
	    t->fd, (unsigned long long)st.st_ino);
	fflush(stdout);
}

static void
talk_moved(void *arg, int fd, enum map_move what, const char *why)
{
	static const char *const words[] = {[MAP_MOVED] = "moved",
	    [MAP_CUT_OFF] = "cut-off",
	    [MAP_BACK] = "back",
	    [MAP_BROKEN] = "broken"};
	struct talk *t = arg;

	(void)fd;
	fprintf(stderr, "datagrams: %s: %s\n", words[what], why);
	talk_print(t, words[what]);
}

/* An error of the socket is of its pair: the agent is told, and looks. */
static void
talk_failed(struct talk *t)
{
	if (errno != EAGAIN && errno != EINTR)
		(void)map_doubt(t->map, t->fd);
}

/* An answer is the number that was asked; an older one, or one that came twice, is not counted. What a router said of what was
 * sent comes out here too. */
static void
talk_receive(struct talk *t)
{
	uint32_t number;
	uint64_t now = now_ms();
	ssize_t n;

	while (
	    (n = recv(t->fd, &number, sizeof number, MSG_DONTWAIT)) == (ssize_t)sizeof number) {
		if (ntohl(number) <= t->answered)
			continue;
		t->answered = ntohl(number);
		t->came++;
		if (now - t->last > t->gap)
			t->gap = now - t->last;
		t->last = now;
	}
	if (n < 0)
		talk_failed(t);
}

static void
talk_ask(struct talk *t)
{
	uint32_t number = htonl(++t->asked);

	if (send(t->fd, &number, sizeof number, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		talk_failed(t);
}

static void
talk_mark(struct talk *t, const char *what)
{
	if (now_ms() - t->last > t->gap)
		t->gap = now_ms() - t->last;
	talk_print(t, what);
	t->came = 0;
	t->gap = 0;
	mark_wanted = 0;
}

static void
talk_run(struct talk *t)
{
	uint64_t next = now_ms();

	t->last = next;
	while (!stop_wanted) {
		struct pollfd p[] = {{.fd = t->fd, .events = POLLIN},
		    {.fd = map_fd(t->map), .events = map_events(t->map)}};
		uint64_t now = now_ms();
		int wait = next > now ? (int)(next - now) : 0, due = map_timeout(t->map);

		(void)poll(p, 2, due >= 0 && due < wait ? due : wait);
		if (p[0].revents)
			talk_receive(t);
		map_process(t->map);
		if (now_ms() >= next) {
			talk_ask(t);
			next += ASK_MS;
		}
		if (mark_wanted)
			talk_mark(t, "mark");
	}
	talk_mark(t, "end");
}

static int
ask(const char *remote, const char *port)
{
	struct talk t = {.fd = -1};
	uint64_t start = now_ms();

	if (map_open(&t.map) != 0)
		return 1;
	t.fd = map_connect(t.map, NULL, remote, port, MAP_DATAGRAM | MAP_NONBLOCK);
	if (t.fd < 0) {
		fprintf(stderr, "datagrams: %s: %s\n", map_error_text(t.fd), map_why(t.map));
	} else {
		(void)map_on_move(t.map, t.fd, talk_moved, &t);
		t.gap = now_ms() - start; /* that it took to connect */
		talk_print(&t, "connected");
		t.gap = 0;
		talk_run(&t);
		close(t.fd);
	}
	map_close(t.map);
	return t.fd < 0;
}

/* Sends back what came, from where it came to. */
static void
echo(int fd)
{
	union {
		struct cmsghdr align;
		uint8_t octets[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control;
	uint8_t octets[2048];
	struct sockaddr_in6 peer;
	struct iovec piece = {octets, sizeof octets};
	struct msghdr m = {.msg_name = &peer,
	    .msg_namelen = sizeof peer,
	    .msg_iov = &piece,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof control};
	ssize_t n = recvmsg(fd, &m, 0);

	if (n < 0)
		return;
	piece.iov_len = (size_t)n;
	if (m.msg_controllen > 0) /* the interface is for the routes to say */
		((struct in6_pktinfo *)(void *)CMSG_DATA(&control.align))->ipi6_ifindex = 0;
	(void)sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int
answer(const char *port)
{
	struct sockaddr_in6 any = {
	    .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)strtoul(port, NULL, 10))};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) < 0 ||
	    bind(fd, (struct sockaddr *)(void *)&any, sizeof any) < 0) {
		perror("datagrams");
		return 1;
	}
	printf("answers port=%s\n", port);
	fflush(stdout);
	while (!stop_wanted)
		echo(fd);
	close(fd);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc != 3) {
		fputs(
		    "usage: datagrams IDENTITY|NAME PORT\n       datagrams -l PORT\n", stderr);
		return 2;
	}
	signals_take();
	return strcmp(argv[1], "-l") == 0 ? answer(argv[2]) : ask(argv[1], argv[2]);
}
