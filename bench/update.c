/*
 * update.c - sends a server UPDATEs that are made already (bench/premake), many at a time over some connections or
 * over UDP, and measures how many are acknowledged and after how long; with a rate, from when each was due.
 * With -v each acknowledged change is asked for at once: the answer must show it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/sys/sock.h"
#include "core/wire/message.h"
#include "core/wire/rrtype.h"

#define IDS 65536
#define CONNECTIONS 1000
#define TICK 200 /* us: with a rate, what is due is sent so often */
#define DRAIN \
	10000000 /* us after the end in which acknowledgements still count as such, not for the rate */
#define ASK_AGAIN 500000 /* us without an answer to a question */
#define IN_MOST 65537
#define ANSWER_MOST 4096
#define EDE_CODE 15

struct slot {
	uint64_t since; /* us; 0: free. When it was sent, or was due */
	uint64_t asked; /* us; 0: not acknowledged yet, or not to be looked at */
	size_t k;
};

struct connection {
	int fd;
	unsigned in_flight;
	const uint8_t *rest, *end; /* of what the kernel has not taken yet */
	size_t have;
	uint8_t *in;
};

struct run {
	struct addr server;
	bool udp, look;
	unsigned connections, window; /* window: of each */
	uint64_t rate, most, end;
	const uint8_t *file;
	uint64_t *at; /* where each message begins, and the end */
	size_t n, next;
	struct connection c[CONNECTIONS];
	struct pollfd ready[CONNECTIONS + 1]; /* the last one: questions */
	struct slot slots[IDS];
	uint64_t asking, from;
	int question;
	/* what came of it */
	uint32_t *latency; /* us */
	uint64_t acknowledged, answers, lost, seen, unseen, rcodes[32];
	uint64_t in_time; /* acknowledged before the end */
	uint64_t seconds[3600];
	uint64_t again; /* questions that were asked again */
	char first[600]; /* the first refusal's reason */
	char stale[600]; /* the first change that was not shown */
};

static void
fail(const char *what)
{
	fprintf(stderr, "update: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
messages_map(struct run *run, const char *path)
{
	struct stat stat;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *p;
	size_t room = 1 << 16;

	if (fd < 0 || fstat(fd, &stat) != 0)
		fail(path);
	p = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		fail(path);
	close(fd);
	run->file = p;
	run->at = malloc(room * sizeof *run->at);
	for (uint64_t at = 0; run->at != NULL && at + 2 <= (uint64_t)stat.st_size;) {
		run->at[run->n++] = at;
		at += 2u + get_u16(run->file + at);
		if (run->n + 1 == room) {
			room *= 2;
			run->at = realloc(run->at, room * sizeof *run->at);
		}
		if (run->at != NULL)
			run->at[run->n] = at;
	}
	run->latency = malloc((run->n + 1) * sizeof *run->latency);
	if (run->at == NULL || run->latency == NULL || run->n == 0)
		fail("messages");
}

static struct bytes
message_at(const struct run *run, size_t k)
{
	return (struct bytes){run->file + run->at[k] + 2, run->at[k + 1] - run->at[k] - 2};
}

static void
connections_open(struct run *run)
{
	for (unsigned i = 0; i < run->connections; i++) {
		struct connection *c = &run->c[i];

		if (run->udp)
			c->fd = sock_udp_connect(&run->server);
		else
			c->fd = socket(run->server.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (c->fd < 0 ||
		    (!run->udp && connect(c->fd, &run->server.sa, run->server.n) != 0))
			fail("connection");
		if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0)
			fail("connection");
		c->in = malloc(IN_MOST);
		if (c->in == NULL)
			fail("memory");
		run->ready[i] = (struct pollfd){.fd = c->fd, .events = POLLIN};
	}
	run->question = sock_udp_connect(&run->server);
	if (run->question < 0)
		fail("socket");
	run->ready[run->connections] = (struct pollfd){.fd = run->question, .events = POLLIN};
}

/* One that nothing was heard of for so long that its id comes again. */
static void
slot_take(struct run *run, size_t k, uint64_t since)
{
	struct slot *slot = &run->slots[get_u16(message_at(run, k).p)];

	run->lost += slot->since != 0 && slot->asked == 0;
	run->unseen += slot->asked != 0;
	run->asking -= slot->asked != 0;
	*slot = (struct slot){.since = since, .k = k};
}

static void
connection_flush(struct run *run, struct connection *c)
{
	while (c->rest < c->end) {
		ssize_t n = send(c->fd, c->rest, (size_t)(c->end - c->rest), MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			fail("send");
		c->rest += n;
	}
	run->ready[c - run->c].events = c->rest < c->end ? POLLIN | POLLOUT : POLLIN;
}

/* The next n messages: they stand one behind the other as they are sent. */
static void
connection_send(struct run *run, struct connection *c, size_t n, uint64_t now)
{
	size_t first = run->next;

	if (n > run->most - run->next)
		n = run->most - run->next;
	if (n == 0 || c->rest < c->end)
		return;
	for (size_t i = 0; i < n; i++) {
		size_t k = run->next++;

		slot_take(run, k, run->rate > 0 ? run->from + k * 1000000 / run->rate : now);
		if (run->udp &&
		    send(c->fd, message_at(run, k).p, message_at(run, k).n, 0) < 0 &&
		    errno != EAGAIN && errno != ECONNREFUSED)
			fail("send");
	}
	c->in_flight += (unsigned)n;
	if (run->udp)
		return;
	c->rest = run->file + run->at[first];
	c->end = run->file + run->at[run->next];
	connection_flush(run, c);
}

static void
refusal_keep(struct run *run, const struct message *answer)
{
	struct bytes value;
	uint16_t code;
	int n = snprintf(run->first, sizeof run->first, "rcode %u", message_rcode(answer));

	for (size_t at = 0; edns_next(&answer->edns, &at, &code, &value);)
		if (code == EDE_CODE && value.n >= 2)
			snprintf(run->first + n, sizeof run->first - (size_t)n,
			    ", error %u: %.*s", get_u16(value.p), (int)(value.n - 2),
			    (const char *)value.p + 2);
}

/* The name that update k changes, and the data that it added last. */
static bool
change_of(const struct run *run, size_t k, struct record *out, struct message *m)
{
	struct record record;
	bool found = false;

	if (message_parse(message_at(run, k), m) != 0)
		return false;
	for (struct records it = records_of(m); records_next(&it, &record);)
		if (record.section == SECTION_AUTHORITY && record.class == CLASS_IN) {
			*out = record;
			found = true;
		}
	return found;
}

static void
question_send(struct run *run, struct slot *slot, uint64_t now)
{
	uint8_t octets[300];
	struct wr wr = wr_init(octets, sizeof octets);
	struct record change;
	struct message m;

	if (!change_of(run, slot->k, &change, &m))
		fail("a message that adds nothing");
	wr_u16(&wr, m.id);
	wr_u16(&wr, 0);
	wr_u16(&wr, 1);
	wr_u32(&wr, 0);
	wr_u16(&wr, 0);
	name_put(&wr, &change.owner);
	wr_u16(&wr, change.type);
	wr_u16(&wr, CLASS_IN);
	slot->asked = now;
	if (send(run->question, octets, wr.n, 0) < 0 && errno != EAGAIN)
		fail("question");
}

static void
stale_keep(struct run *run, const struct slot *slot, const struct message *answer)
{
	int n = snprintf(run->stale, sizeof run->stale,
	    "change %zu, %" PRIu64 " us after its acknowledgement: rcode %u,", slot->k,
	    loop_now_us() - slot->asked, message_rcode(answer));
	struct record record;

	for (struct records it = records_of(answer); records_next(&it, &record);) {
		if (record.section != SECTION_ANSWER ||
		    (size_t)n + 3 + 2 * record.rdata.n >= sizeof run->stale)
			break;
		run->stale[n++] = ' ';
		for (size_t i = 0; i < record.rdata.n; i++)
			n += snprintf(run->stale + n, 3, "%02x", record.rdata.p[i]);
	}
}

static void
question_read(struct run *run, struct bytes wire)
{
	struct record change, record;
	struct message answer, m;
	struct slot *slot;
	bool shown = false;

	if (message_parse(wire, &answer) != 0)
		return;
	slot = &run->slots[answer.id];
	if (slot->asked == 0 || !change_of(run, slot->k, &change, &m) ||
	    !name_equal(&answer.question.name, &change.owner))
		return;
	for (struct records it = records_of(&answer); records_next(&it, &record);)
		if (record.section == SECTION_ANSWER && record.type == change.type &&
		    bytes_equal(record.rdata, change.rdata))
			shown = true;
	run->seen += shown;
	run->unseen += !shown;
	if (!shown && run->stale[0] == '\0')
		stale_keep(run, slot, &answer);
	run->asking--;
	*slot = (struct slot){.k = 0};
}

static void
answer_take(struct run *run, struct connection *c, struct bytes wire, uint64_t now)
{
	struct slot *slot;
	struct message answer;
	unsigned rcode;

	if (wire.n < HEADER_SIZE)
		return;
	slot = &run->slots[get_u16(wire.p)];
	if (slot->since == 0 || slot->asked != 0)
		return;
	c->in_flight -= c->in_flight > 0;
	run->answers++;
	rcode = wire.p[3] & 15;
	if (rcode != 0 && message_parse(wire, &answer) == 0) {
		rcode = message_rcode(&answer);
		if (run->first[0] == '\0')
			refusal_keep(run, &answer);
	}
	run->rcodes[rcode & 31]++;
	if (rcode == 0) {
		uint64_t second = (now - run->from) / 1000000;

		run->latency[run->acknowledged++] =
		    now > slot->since ? (uint32_t)(now - slot->since) : 0;
		run->in_time += now <= run->end;
		if (second < 3600)
			run->seconds[second]++;
	}
	slot->asked = 0;
	if (rcode == 0 && run->look) {
		run->asking++;
		question_send(run, slot, now);
	} else {
		slot->since = 0;
	}
}

static void
connection_read(struct run *run, struct connection *c)
{
	ssize_t n;

	do {
		size_t at = 0, room = IN_MOST - c->have;
		uint64_t now;

		n = recv(c->fd, c->in + c->have, room, 0);
		now = loop_now_us();
		if (n == 0 && !run->udp)
			errno = ECONNRESET;
		if ((n == 0 && !run->udp) ||
		    (n < 0 && errno != EAGAIN && errno != ECONNREFUSED))
			fail("the server closed a connection");
		if (n <= 0)
			return;
		if (run->udp) {
			answer_take(run, c, (struct bytes){c->in, (size_t)n}, now);
			continue;
		}
		c->have += (size_t)n;
		while (c->have - at >= 2 && c->have - at - 2 >= get_u16(c->in + at)) {
			size_t size = get_u16(c->in + at);

			answer_take(run, c, (struct bytes){c->in + at + 2, size}, now);
			at += 2 + size;
		}
		c->have -= at;
		memmove(c->in, c->in + at, c->have);
		if ((size_t)n < room)
			return;
	} while (n > 0);
}

static void
questions_read(struct run *run)
{
	uint8_t octets[ANSWER_MOST];
	ssize_t n;

	while ((n = recv(run->question, octets, sizeof octets, 0)) > 0)
		question_read(run, (struct bytes){octets, (size_t)n});
}

/* Questions are lost where the kernel has no room; they are asked again, not taken for unseen. */
static void
questions_again(struct run *run, uint64_t now)
{
	for (size_t i = 0; run->asking > 0 && i < IDS; i++)
		if (run->slots[i].asked != 0 && now - run->slots[i].asked > ASK_AGAIN) {
			question_send(run, &run->slots[i], now);
			run->again++;
		}
}

static void
run_send(struct run *run, uint64_t now)
{
	static unsigned turn;

	if (now >= run->end)
		return;
	if (run->rate > 0) {
		uint64_t due = (now - run->from) * run->rate / 1000000 + 1;
		struct connection *c = &run->c[turn++ % run->connections];

		if (due > run->next)
			connection_send(run, c, due - run->next, now);
		return;
	}
	for (unsigned i = 0; i < run->connections; i++) {
		struct connection *c = &run->c[i];

		if (c->in_flight <= run->window / 2)
			connection_send(run, c, run->window - c->in_flight, now);
	}
}

static void
run_wait(struct run *run, uint64_t us)
{
	struct timespec rest = {.tv_nsec = (long)us * 1000};
	int n = ppoll(run->ready, run->connections + 1, &rest, NULL);

	for (unsigned i = 0; n > 0 && i < run->connections; i++) {
		if (run->ready[i].revents & (POLLIN | POLLERR | POLLHUP))
			connection_read(run, &run->c[i]);
		if (run->ready[i].revents & POLLOUT)
			connection_flush(run, &run->c[i]);
	}
	questions_read(run);
}

static void
run_go(struct run *run, uint64_t seconds)
{
	uint64_t now, again;

	run->from = now = again = loop_now_us();
	run->end = run->from + seconds * 1000000;
	while (
	    now < run->end && (run->next < run->most || run->answers + run->lost < run->next)) {
		run_send(run, now);
		run_wait(run, run->rate > 0 ? TICK : 20000);
		now = loop_now_us();
		if (now > again + ASK_AGAIN) {
			questions_again(run, now);
			again = now;
		}
	}
	if (now < run->end)
		run->end = now;
	while (now < run->end + DRAIN &&
	       (run->answers + run->lost < run->next || run->asking > 0)) {
		run_wait(run, 20000);
		now = loop_now_us();
		questions_again(run, now);
	}
	run->lost = run->next - run->answers;
	run->unseen += run->asking;
}

static int
latency_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
run_print(struct run *run)
{
	double seconds = (double)(run->end - run->from) / 1e6;
	uint64_t n = run->acknowledged, least = UINT64_MAX;
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	for (unsigned i = 0; i + 1 < seconds; i++)
		if (run->seconds[i] < least)
			least = run->seconds[i];
	qsort(run->latency, n, sizeof *run->latency, latency_order);
	printf("rate %.0f\nslowest_second %" PRIu64 "\nseconds %.2f\n",
	    (double)run->in_time / seconds, least == UINT64_MAX ? 0 : least, seconds);
	printf(
	    "sent %zu\nacknowledged %" PRIu64 "\nlost %" PRIu64 "\n", run->next, n, run->lost);
	if (n > 0)
		printf("min_us %u\nmedian_us %u\np99_us %u\nmax_us %u\n", run->latency[0],
		    run->latency[n / 2], run->latency[n - n / 100 - 1], run->latency[n - 1]);
	for (unsigned i = 1; i < 32; i++)
		if (run->rcodes[i] > 0)
			printf("rcode_%u %" PRIu64 "\n", i, run->rcodes[i]);
	if (run->look)
		printf("seen %" PRIu64 "\nunseen %" PRIu64 "\nasked_again %" PRIu64 "\n",
		    run->seen, run->unseen, run->again);
	printf("client_cpu %.2f\n",
	    ((double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6) /
		seconds);
	if (run->first[0] != '\0')
		fprintf(stderr, "update: the first refusal: %s\n", run->first);
	if (run->stale[0] != '\0')
		fprintf(stderr, "update: not shown: %s\n", run->stale);
}

static void
usage(void)
{
	fprintf(stderr, "usage: update [OPTION]... ADDRESS@PORT MESSAGES\n"
			"-c CONNECTIONS  (16)       -w WINDOW   unanswered messages of each "
			"connection (64)\n"
			"-t SECONDS      (30)       -n COUNT    at most (all)\n"
			"-r RATE         a second, whether answered or not; latency counts "
			"from when each was due\n"
			"-u              over UDP   -v          asks for each change when it "
			"is acknowledged\n");
	exit(2);
}

int
main(int argc, char **argv)
{
	static struct run run = {.connections = 64, .window = 16, .most = UINT64_MAX};
	uint64_t seconds = 30;
	int option;

	while ((option = getopt(argc, argv, "c:w:t:n:r:uv")) != -1) {
		if (option == 'c')
			run.connections = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'w')
			run.window = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 't')
			seconds = strtoull(optarg, NULL, 10);
		else if (option == 'n')
			run.most = strtoull(optarg, NULL, 10);
		else if (option == 'r')
			run.rate = strtoull(optarg, NULL, 10);
		else if (option == 'u')
			run.udp = true;
		else if (option == 'v')
			run.look = true;
		else
			usage();
	}
	if (argc - optind != 2 || run.connections == 0 || run.connections > CONNECTIONS ||
	    run.window == 0 || run.connections * run.window > IDS / 2 ||
	    addr_scan(argv[optind], 53, &run.server) != 0)
		usage();
	messages_map(&run, argv[optind + 1]);
	if (run.most > run.n)
		run.most = run.n;
	connections_open(&run);
	run_go(&run, seconds);
	run_print(&run);
	return run.acknowledged > 0 ? 0 : 1;
}
