/*
 * fill.c - has an agent look up every identity of a list, some of them at a time, as one client on its socket.
 * "fill SOCKET LIST": one identity a line. Prints how many results were good and secure, and what the first other one was.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/sys/sock.h"
#include "core/wire/errors.h"
#include "core/wire/frame.h"

#define FILL_WINDOW 64 /* in flight: no client may have more */
#define FILL_DEADLINE_MS 30000

struct fill {
	int fd;
	FILE *list;
	size_t asked, done, secure, cached;
	char first_bad[RESULT_WHY + 64];
	size_t n; /* of buffer */
	uint8_t buffer[FRAME_MAX];
	struct result result;
};

static void
die(const char *what, const char *cause)
{
	fprintf(stderr, "fill: %s: %s\n", what, cause);
	exit(1);
}

/* False: the list is at its end. */
static bool
fill_ask(struct fill *f)
{
	struct resolve_request request = {.deadline = FILL_DEADLINE_MS};
	uint8_t octets[1024];
	struct wr wr = wr_init(octets, sizeof octets);
	char line[256];
	size_t start;

	if (fgets(line, sizeof line, f->list) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	if (eid_scan(line, strlen(line), false, &request.id) != 0)
		die(line, "no identity");
	start = frame_start(&wr, FRAME_RESOLVE, 0, (uint32_t)f->asked);
	resolve_request_put(&wr, &request);
	frame_end(&wr, start);
	if (write(f->fd, octets, wr.n) != (ssize_t)wr.n)
		die("write", strerror(errno));
	f->asked++;
	return true;
}

static void
fill_judge(struct fill *f, const struct frame *frame)
{
	const struct result *r = &f->result;

	if (frame->type != FRAME_RESULT || result_read(frame->payload, &f->result) != 0)
		die("result", "malformed");
	f->done++;
	f->cached += r->cached;
	if (r->error == 0 && r->n_identities == 1 && r->identities[0].n_locators > 0 &&
	    r->identities[0].mapping.dnssec == VERDICT_SECURE)
		f->secure++;
	else if (f->first_bad[0] == '\0')
		snprintf(f->first_bad, sizeof f->first_bad, "; number %u: %s: %s", frame->id,
		    error_text(r->error), r->why);
}

static void
fill_receive(struct fill *f)
{
	ssize_t got = read(f->fd, f->buffer + f->n, sizeof f->buffer - f->n);
	struct frame frame;
	size_t at = 0;
	int took;

	if (got <= 0)
		die("read", got == 0 ? "the agent has closed" : strerror(errno));
	f->n += (size_t)got;
	while ((took = frame_read((struct bytes){f->buffer + at, f->n - at}, &frame)) > 0) {
		fill_judge(f, &frame);
		at += (size_t)took;
	}
	if (took < 0)
		die("read", error_text(took));
	memmove(f->buffer, f->buffer + at, f->n - at);
	f->n -= at;
}

int
main(int argc, char **argv)
{
	static struct fill f;
	uint64_t start = loop_now_ms();
	bool more = true;

	if (argc != 3)
		die("usage", "fill SOCKET LIST");
	f.list = fopen(argv[2], "r");
	f.fd = sock_unix_connect(argv[1]);
	if (f.list == NULL || f.fd < 0 ||
	    fcntl(f.fd, F_SETFL, fcntl(f.fd, F_GETFL) & ~O_NONBLOCK) != 0)
		die(f.list == NULL ? argv[2] : argv[1], strerror(errno));
	while (more || f.done < f.asked) {
		while (more && f.asked - f.done < FILL_WINDOW)
			more = fill_ask(&f);
		if (f.done < f.asked)
			fill_receive(&f);
	}
	printf("asked=%zu secure=%zu cached=%zu seconds=%.1f%s\n", f.asked, f.secure, f.cached,
	    (double)(loop_now_ms() - start) / 1e3, f.first_bad);
	return f.secure == f.asked ? 0 : 1;
}
