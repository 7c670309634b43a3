/*
 * resolve.c - a cached look-up through resolverd's socket beside a bare ping-pong of the same
 * octets over a Unix socket, in turns; alone, or while many clients wait for a silent server.
 *
 * usage: resolve [-n COUNT] [-r ROUNDS] [-c CLIENTS -z ZONE] SOCKET INPUT
 *
 * -c CLIENTS clients each ask for a name of their own in ZONE before the rounds begin, and all of
 * them must have been answered in the end. Prints what tests and benches read:
 *   resolve MEDIAN P99  ping-pong MEDIAN P99  (microseconds, the best round), ratio of the medians.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/sys/sock.h"
#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "core/wire/text.h"

#define COUNT_MAX 1000000
#define BLOCK 100 /* look-ups, then as many ping-pongs */
#define WAITING_MS 30000

struct measure {
	size_t n;
	double *us;
};

struct options {
	uint64_t count;
	uint64_t rounds;
	uint64_t clients;
	const char *zone;
	const char *socket;
	const char *input;
};

static uint8_t buffer[FRAME_MAX];
static struct result result;

static void
die(const char *what, const char *cause)
{
	fprintf(stderr, "resolve: %s: %s\n", what, cause);
	exit(1);
}

static int
connect_to(const char *path, bool blocking)
{
	int fd = sock_unix_connect(path);

	if (fd < 0)
		die(path, strerror(errno));
	if (blocking && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) != 0)
		die(path, strerror(errno));
	return fd;
}

static size_t
request_make(uint8_t *to, size_t max, const char *input, uint32_t id)
{
	struct resolve_request request = {.deadline = 0};
	struct wr wr = wr_init(to, max);
	size_t start = frame_start(&wr, FRAME_RESOLVE, 0, id);

	if (eid_scan(input, strlen(input), false, &request.id) != 0)
		die(input, "no name and no identity");
	resolve_request_put(&wr, &request);
	frame_end(&wr, start);
	return wr_done(&wr).n;
}

static void
write_all(int fd, const uint8_t *p, size_t n)
{
	if (write(fd, p, n) != (ssize_t)n)
		die("write", strerror(errno));
}

/* One frame; the octets it took. */
static size_t
read_frame(int fd, struct frame *frame)
{
	size_t n = 0;
	int took = 0;

	while (took == 0) {
		ssize_t got = read(fd, buffer + n, sizeof buffer - n);
		if (got <= 0)
			die("read", got == 0 ? "resolverd closed" : strerror(errno));
		n += (size_t)got;
		took = frame_read((struct bytes){buffer, n}, frame);
	}
	if (took < 0)
		die("read", error_text(took));
	return (size_t)took;
}

/* The first look-up fills the cache; the answer must be a good one from then on. */
static size_t
resolve_once(int fd, const uint8_t *request, size_t n, bool cached)
{
	struct frame frame;
	size_t size;

	write_all(fd, request, n);
	size = read_frame(fd, &frame);
	if (frame.type != FRAME_RESULT || result_read(frame.payload, &result) != 0)
		die("result", "malformed");
	if (result.error != 0)
		die("result", result.why);
	if (cached && !result.cached)
		die("result", "did not come from the cache");
	return size;
}

/* The other end of the ping-pong: a process of its own, as resolverd is. */
static int
echo_start(size_t in, size_t out, pid_t *pid)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		die("socketpair", strerror(errno));
	*pid = fork();
	if (*pid < 0)
		die("fork", strerror(errno));
	if (*pid > 0) {
		close(pair[1]);
		return pair[0];
	}
	close(pair[0]);
	for (;;) {
		if (read(pair[1], buffer, in) <= 0 ||
		    write(pair[1], buffer, out) != (ssize_t)out)
			_exit(0);
	}
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
quantile(struct measure *m, double q)
{
	return m->us[(size_t)((double)(m->n - 1) * q)];
}

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
turn(struct measure *m, int fd, const uint8_t *out, size_t n, size_t answer)
{
	for (int i = 0; i < BLOCK; i++) {
		double start = now_us();

		write_all(fd, out, n);
		for (size_t got = 0; got < answer;) {
			ssize_t more = read(fd, buffer, sizeof buffer);
			if (more <= 0)
				die("read", "closed");
			got += (size_t)more;
		}
		m->us[m->n++] = now_us() - start;
	}
}

/* Clients that wait for a server which says nothing. */
static int *
crowd_start(const struct options *o)
{
	int *fds = calloc(o->clients + 1, sizeof *fds);
	uint8_t request[1024];
	char name[300];

	if (fds == NULL)
		die("clients", "out of memory");
	for (uint64_t i = 0; i < o->clients; i++) {
		snprintf(name, sizeof name, "c%llu.%s", (unsigned long long)i, o->zone);
		fds[i] = connect_to(o->socket, true);
		write_all(fds[i], request, request_make(request, sizeof request, name, 7));
	}
	return fds;
}

/* How many of them wait still. */
static uint64_t
crowd_waiting(const struct options *o, const int *fds)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < o->clients; i++) {
		struct pollfd p = {.fd = fds[i], .events = POLLIN};
		if (poll(&p, 1, 0) == 0)
			n++;
	}
	return n;
}

/* All must hear an error in the end; how many did in time. */
static uint64_t
crowd_end(const struct options *o, int *fds)
{
	uint64_t deadline = loop_now_ms() + WAITING_MS, told = 0;

	for (uint64_t i = 0; i < o->clients; i++) {
		struct pollfd p = {.fd = fds[i], .events = POLLIN};
		uint64_t now = loop_now_ms();
		struct frame frame;

		if (now < deadline && poll(&p, 1, (int)(deadline - now)) == 1) {
			read_frame(fds[i], &frame);
			if (frame.type == FRAME_RESULT && frame.id == 7 &&
			    result_read(frame.payload, &result) == 0 && result.error != 0)
				told++;
		}
		close(fds[i]);
	}
	free(fds);
	return told;
}

static void
report(const struct options *o, struct measure best[2], uint64_t waiting)
{
	printf("resolve %.1f %.1f us  ping-pong %.1f %.1f us  ratio %.2f  (median, p99; best "
	       "of %llu "
	       "rounds of %llu)\n",
	    quantile(&best[0], 0.5), quantile(&best[0], 0.99), quantile(&best[1], 0.5),
	    quantile(&best[1], 0.99), quantile(&best[0], 0.5) / quantile(&best[1], 0.5),
	    (unsigned long long)o->rounds, (unsigned long long)o->count);
	if (o->clients > 0)
		printf("waiting %llu of %llu clients after the rounds\n",
		    (unsigned long long)waiting, (unsigned long long)o->clients);
}

/* Rounds of look-ups and ping-pongs in turns; the best of each by its p99. */
static void
rounds_run(const struct options *o, int fd, int echo, const uint8_t *request, size_t n,
    size_t answer, struct measure best[2])
{
	int fds[2] = {fd, echo};

	for (uint64_t round = 0; round < o->rounds; round++) {
		struct measure m[2];
		for (int i = 0; i < 2; i++)
			m[i] = (struct measure){0, calloc(o->count + BLOCK, sizeof(double))};
		while (m[0].n < o->count)
			for (int i = 0; i < 2; i++)
				turn(&m[i], fds[i], request, n, answer);
		for (int i = 0; i < 2; i++) {
			qsort(m[i].us, m[i].n, sizeof(double), compare);
			if (best[i].us != NULL &&
			    quantile(&best[i], 0.99) <= quantile(&m[i], 0.99)) {
				free(m[i].us);
				continue;
			}
			free(best[i].us);
			best[i] = m[i];
		}
	}
}

static uint64_t
number(const char *text, uint64_t max)
{
	uint64_t value;

	if (text_decimal_read(text, strlen(text), max, &value) != 0 || value == 0)
		die(text, "not a usable number");
	return value;
}

static void
options_read(struct options *o, int argc, char **argv)
{
	int option;

	*o = (struct options){.count = 20000, .rounds = 3};
	while ((option = getopt(argc, argv, "n:r:c:z:")) != -1)
		switch (option) {
		case 'n':
			o->count = number(optarg, COUNT_MAX);
			break;
		case 'r':
			o->rounds = number(optarg, 1000);
			break;
		case 'c':
			o->clients = number(optarg, 100000);
			break;
		case 'z':
			o->zone = optarg;
			break;
		default:
			exit(2);
		}
	if (argc - optind != 2 || (o->clients > 0) != (o->zone != NULL))
		die("usage",
		    "resolve [-n COUNT] [-r ROUNDS] [-c CLIENTS -z ZONE] SOCKET INPUT");
	o->socket = argv[optind];
	o->input = argv[optind + 1];
}

static void
files_raise(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(
		    RLIMIT_NOFILE, &files); /* what is missing shows when connecting */
	}
}

int
main(int argc, char **argv)
{
	struct measure best[2] = {{0, NULL}, {0, NULL}};
	struct options o;
	uint8_t request[1024];
	uint64_t waiting = 0, told = 0;
	int *crowd = NULL;
	pid_t pid;

	options_read(&o, argc, argv);
	files_raise();
	int fd = connect_to(o.socket, true);
	size_t n = request_make(request, sizeof request, o.input, 1);
	resolve_once(fd, request, n, false);
	size_t answer = resolve_once(fd, request, n, true);
	int echo = echo_start(n, answer, &pid);

	if (o.clients > 0)
		crowd = crowd_start(&o);
	rounds_run(&o, fd, echo, request, n, answer, best);
	resolve_once(fd, request, n, true); /* still the cache that answered */
	if (o.clients > 0) {
		waiting = crowd_waiting(&o, crowd);
		told = crowd_end(&o, crowd);
	}
	report(&o, best, waiting);
	close(echo);
	waitpid(pid, NULL, 0);
	free(best[0].us);
	free(best[1].us);
	if (told != o.clients)
		die("clients", "not all of them were answered");
	return 0;
}
