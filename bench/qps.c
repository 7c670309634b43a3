/*
 * qps.c - asks a server as fast as it answers: a window of queries is kept in flight, each answer is
 * replaced by the next query. Prints what came back in a second.
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
#include "core/wire/message.h"
#include "core/wire/rrtype.h"

#define QPS_QUERY 300
#define QPS_ANSWER 4096
#define QPS_WAIT 50 /* ms without an answer: what is missing is taken for lost */

struct query {
	size_t n;
	uint8_t wire[QPS_QUERY];
};

struct run {
	int fd;
	struct addr server;
	struct query *queries;
	size_t n, next;
	unsigned window, in_flight;
	uint64_t sent, answers, lost, octets;
	uint64_t rcodes[16];
	struct datagram out[SOCK_BATCH], in[SOCK_BATCH];
	uint8_t answer[SOCK_BATCH][QPS_ANSWER];
	uint8_t query[SOCK_BATCH][QPS_QUERY];
};

static int
query_make(struct query *q, const char *name_text, const char *type_text, bool dnssec)
{
	struct wr wr = wr_init(q->wire, sizeof(q->wire));
	struct name name;
	int type = rrtype_scan(type_text, strlen(type_text));

	if (type < 0 || name_from(name_text, &name) != 0)
		return -1;
	wr_u32(&wr, 0);
	wr_u16(&wr, 1);
	wr_u32(&wr, 0);
	wr_u16(&wr, 1);
	name_put(&wr, &name);
	wr_u16(&wr, (uint16_t)type);
	wr_u16(&wr, CLASS_IN);
	wr_u8(&wr, 0); /* OPT */
	wr_u16(&wr, RR_OPT);
	wr_u16(&wr, 1232);
	wr_u32(&wr, dnssec ? 0x8000 : 0);
	wr_u16(&wr, 0);
	q->n = wr.n;
	return wr.error;
}

static int
queries_read(const char *path, bool dnssec, struct query **out, size_t *n)
{
	FILE *file = fopen(path, "r");
	char line[600], name[512], type[32];
	size_t room = 0;
	int error = file == NULL ? -1 : 0;

	*n = 0;
	*out = NULL;
	while (error == 0 && fgets(line, sizeof(line), file) != NULL) {
		if (*n == room) {
			room = room > 0 ? 2 * room : 1024;
			*out = realloc(*out, room * sizeof(**out));
			if (*out == NULL)
				abort();
		}
		if (sscanf(line, "%511s %31s", name, type) == 2)
			error = query_make(&(*out)[(*n)++], name, type, dnssec);
		if (error != 0)
			fprintf(stderr, "qps: %s: not a query: %s", path, line);
	}
	if (file != NULL)
		fclose(file);
	return *n == 0 ? -1 : error;
}

static void
run_send(struct run *run)
{
	while (run->in_flight < run->window) {
		unsigned want = run->window - run->in_flight;
		int n = want < SOCK_BATCH ? (int)want : SOCK_BATCH;
		int gone;

		for (int i = 0; i < n; i++) {
			const struct query *q = &run->queries[run->next++ % run->n];
			struct datagram *d = &run->out[i];

			memcpy(run->query[i], q->wire, q->n);
			put_u16(run->query[i], (uint16_t)run->next);
			*d = (struct datagram){.buffer = run->query[i], .n = q->n};
			d->peer = run->server;
		}
		gone = sock_send(run->fd, run->out, n);
		run->sent += (uint64_t)gone;
		run->in_flight += (unsigned)gone;
		if (gone < n)
			return;
	}
}

static void
run_receive(struct run *run)
{
	int n;

	for (int i = 0; i < SOCK_BATCH; i++) {
		run->in[i].buffer = run->answer[i];
		run->in[i].max = QPS_ANSWER;
	}
	n = sock_receive(run->fd, run->in, SOCK_BATCH);
	for (int i = 0; i < n; i++) {
		if (run->in[i].n < HEADER_SIZE)
			continue;
		run->answers++;
		run->octets += run->in[i].n;
		run->rcodes[run->answer[i][3] & 15]++;
		run->in_flight -= run->in_flight > 0;
	}
}

static void
run_go(struct run *run, uint64_t seconds)
{
	struct pollfd ready = {.fd = run->fd, .events = POLLIN};
	uint64_t until = loop_now_us() + seconds * 1000000;

	while (loop_now_us() < until) {
		run_send(run);
		if (poll(&ready, 1, QPS_WAIT) == 0) {
			run->lost += run->in_flight;
			run->in_flight = 0;
		} else {
			run_receive(run);
		}
	}
}

static void
run_print(const struct run *run, uint64_t seconds)
{
	uint64_t answers = run->answers > 0 ? run->answers : 1;

	printf("%" PRIu64 " answers/s, %" PRIu64 " octets each, %" PRIu64 " lost of %" PRIu64,
	    run->answers / seconds, run->octets / answers, run->lost, run->sent);
	for (unsigned i = 0; i < 16; i++)
		if (run->rcodes[i] > 0)
			printf(", rcode %u: %" PRIu64, i, run->rcodes[i]);
	printf("\n");
}

int
main(int argc, char **argv)
{
	static struct run run = {.window = 256};
	struct addr any;
	uint64_t seconds = 3;
	bool dnssec = false;
	int option;

	while ((option = getopt(argc, argv, "dt:w:")) != -1) {
		if (option == 'd')
			dnssec = true;
		else if (option == 't')
			seconds = strtoull(optarg, NULL, 10);
		else if (option == 'w')
			run.window = (unsigned)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (argc - optind != 2 || seconds == 0 || run.window == 0 ||
	    addr_scan(argv[optind], 53, &run.server) != 0) {
		fprintf(
		    stderr, "usage: qps [-d] [-t SECONDS] [-w WINDOW] ADDRESS@PORT QUERIES\n");
		return 2;
	}
	if (queries_read(argv[optind + 1], dnssec, &run.queries, &run.n) != 0) {
		fprintf(stderr, "qps: %s: no queries\n", argv[optind + 1]);
		return 1;
	}
	any = (struct addr){.n = run.server.n}; /* any address, any port */
	any.sa.sa_family = run.server.sa.sa_family;
	run.fd = sock_udp_bind(&any);
	if (run.fd < 0) {
		perror("qps: socket");
		return 1;
	}
	run_go(&run, seconds);
	run_print(&run, seconds);
	free(run.queries);
	return run.answers > 0 ? 0 : 1;
}
