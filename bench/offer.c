/*
 * offer.c - offers a server messages at a steady rate, whether it answers or not, and counts the answers:
 * an honest client when the messages are questions, a hostile one when they are anything else.
 * Knows nothing of DNS but where the id of a message is.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/sys/sock.h"
#include "core/wire/cursor.h"

#define OFFER_TICK 500 /* us: what is due is sent so often */
#define OFFER_LATE 300000 /* us after the last one, in which answers still count */
#define OFFER_SOCKETS 16 /* sources, so that no worker of the server has them all */
#define OFFER_MAX 65507
#define OFFER_ANSWER 65535
#define OFFER_IDS 65536
#define OFFER_WAIT 1000000 /* us: longer is not told apart */

struct offered {
	size_t n;
	const uint8_t *p;
};

struct run {
	int fd[OFFER_SOCKETS];
	struct addr server;
	uint8_t *file;
	struct offered *messages;
	size_t n, next;
	bool deaf; /* never reads: answers are thrown away by the kernel */
	uint64_t sent, answers, held; /* held: the kernel did not take it */
	bool late; /* says how late answers come, with fewer than OFFER_IDS in flight */
	uint64_t since[OFFER_IDS]; /* us; 0: not in flight */
	uint64_t waits[OFFER_WAIT + 1]; /* answers by us */
	struct datagram out[SOCK_BATCH], in[SOCK_BATCH];
	uint8_t octets[SOCK_BATCH][OFFER_MAX];
	uint8_t answer[SOCK_BATCH][OFFER_ANSWER];
};

/* A file of messages, each behind two octets of length, as over TCP. */
static int
messages_read(struct run *run, const char *path)
{
	FILE *file = fopen(path, "rb");
	long size = -1;
	struct rd rd;

	if (file != NULL && fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	if (size <= 0 || fseek(file, 0, SEEK_SET) != 0)
		return -1;
	run->file = malloc((size_t)size);
	run->messages = calloc((size_t)size / 2 + 1, sizeof(*run->messages));
	if (run->file == NULL || run->messages == NULL ||
	    fread(run->file, 1, (size_t)size, file) != (size_t)size)
		return -1;
	fclose(file);
	rd = rd_init((struct bytes){run->file, (size_t)size});
	while (rd_left(&rd) > 0) {
		struct bytes message = rd_bytes(&rd, rd_u16(&rd));

		if (message.n <= OFFER_MAX)
			run->messages[run->n++] = (struct offered){message.n, message.p};
	}
	return run->n > 0 ? rd_end(&rd) : -1;
}

static void
run_send(struct run *run, uint64_t most)
{
	uint64_t now = loop_now_us();

	while (most > 0) {
		int n = most < SOCK_BATCH ? (int)most : SOCK_BATCH, sent;
		int fd = run->fd[run->next / SOCK_BATCH % OFFER_SOCKETS];

		for (int i = 0; i < n; i++) {
			const struct offered *m = &run->messages[run->next++ % run->n];
			struct datagram *d = &run->out[i];

			memcpy(run->octets[i], m->p, m->n);
			if (m->n >= 2) {
				put_u16(run->octets[i], (uint16_t)run->next);
				run->since[(uint16_t)run->next] = now;
			}
			*d = (struct datagram){.buffer = run->octets[i], .n = m->n};
			d->peer = run->server;
		}
		sent = sock_send(fd, run->out, n);
		run->sent += (uint64_t)sent;
		run->held += (uint64_t)(n - sent);
		most -= (uint64_t)n;
	}
}

static void
wait_note(struct run *run, const struct datagram *d, uint64_t now)
{
	uint64_t *since = &run->since[d->n >= 2 ? get_u16(d->buffer) : 0];
	uint64_t wait = now - *since;

	if (*since != 0)
		run->waits[wait < OFFER_WAIT ? wait : OFFER_WAIT]++;
	*since = 0;
}

/* Which so many of a thousand answers did not exceed. */
static uint64_t
wait_of(const struct run *run, uint64_t thousandths)
{
	uint64_t seen = 0, us = 0;

	while (us < OFFER_WAIT && (seen += run->waits[us]) * 1000 < run->answers * thousandths)
		us++;
	return us;
}

static void
run_receive(struct run *run)
{
	uint64_t now = loop_now_us();
	int n;

	for (unsigned i = 0; i < OFFER_SOCKETS; i++)
		do {
			for (int k = 0; k < SOCK_BATCH; k++) {
				run->in[k].buffer = run->answer[k];
				run->in[k].max = OFFER_ANSWER;
			}
			n = sock_receive(run->fd[i], run->in, SOCK_BATCH);
			run->answers += n > 0 ? (uint64_t)n : 0;
			for (int k = 0; run->late && k < n; k++)
				wait_note(run, &run->in[k], now);
		} while (n == SOCK_BATCH);
}

/* Sleeps until the next tick; never longer, whatever comes. */
static void
run_rest(uint64_t until)
{
	uint64_t now = loop_now_us();
	struct timespec rest = {.tv_nsec = now < until ? (long)(until - now) * 1000 : 0};

	ppoll(NULL, 0, &rest, NULL);
}

static void
run_go(struct run *run, uint64_t rate, uint64_t seconds)
{
	uint64_t start = loop_now_us(), end = start + seconds * 1000000, now;

	for (now = start; now < end; now = loop_now_us()) {
		uint64_t due = rate == 0 ? run->sent + run->held + SOCK_BATCH
					 : (now - start) * rate / 1000000;

		run_send(run, due - run->sent - run->held);
		if (!run->deaf)
			run_receive(run);
		if (rate != 0)
			run_rest(now + OFFER_TICK);
	}
	while (!run->deaf && loop_now_us() < end + OFFER_LATE && run->answers < run->sent) {
		run_receive(run);
		run_rest(loop_now_us() + OFFER_TICK);
	}
}

static int
run_open(struct run *run)
{
	struct addr any = {.n = run->server.n}; /* any address, any port */

	any.sa.sa_family = run->server.sa.sa_family;
	for (unsigned i = 0; i < OFFER_SOCKETS; i++) {
		run->fd[i] = sock_udp_bind(&any);
		if (run->fd[i] < 0)
			return -1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	static struct run run;
	uint64_t seconds = 3, rate = 30000;
	int option;

	while ((option = getopt(argc, argv, "lr:t:x")) != -1) {
		if (option == 'r')
			rate = strtoull(optarg, NULL, 10);
		else if (option == 't')
			seconds = strtoull(optarg, NULL, 10);
		else if (option == 'l')
			run.late = true;
		else if (option == 'x')
			run.deaf = true;
		else
			return 2;
	}
	if (argc - optind != 2 || seconds == 0 ||
	    addr_scan(argv[optind], 53, &run.server) != 0) {
		fprintf(stderr,
		    "usage: offer [-r RATE] [-t SECONDS] [-l] [-x] ADDRESS@PORT MESSAGES\n"
		    "RATE 0: as fast as it can; -l: how late answers come; -x: reads none\n");
		return 2;
	}
	if (messages_read(&run, argv[optind + 1]) != 0 || run_open(&run) != 0) {
		fprintf(stderr, "offer: %s: no messages, or no sockets\n", argv[optind + 1]);
		return 1;
	}
	run_go(&run, rate, seconds);
	printf("%" PRIu64 " sent/s, %" PRIu64 " answers/s, %" PRIu64 " sent, %" PRIu64
	       " answers, %" PRIu64 " held",
	    run.sent / seconds, run.answers / seconds, run.sent, run.answers, run.held);
	if (run.late)
		printf(", median %" PRIu64 " us, p99 %" PRIu64 " us", wait_of(&run, 500),
		    wait_of(&run, 990));
	printf("\n");
	free(run.file);
	free(run.messages);
	return 0;
}
