/*
 * fake.c - the agent's side of the Unix socket, in a thread of the test.
 */
#include "tests/libmap/fake.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FAKE_CLIENTS 8

struct client {
	int fd;
	size_t n;
	uint8_t in[65536];
};

struct fake_thread {
	struct fake fake; /* first */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int listener, stop[2];
	char folder[32], path[64];
	struct client clients[FAKE_CLIENTS];
	size_t n;
	uint8_t out[FRAME_MAX];
	int last; /* who spoke last */
};

void
fake_lock(struct fake *fake)
{
	pthread_mutex_lock(&((struct fake_thread *)fake)->lock);
}

void
fake_unlock(struct fake *fake)
{
	pthread_mutex_unlock(&((struct fake_thread *)fake)->lock);
}

/* Until the count is n: sizes of one kind for both. */
static void
fake_wait_count(struct fake *fake, const char *what, const volatile unsigned *count,
    const volatile size_t *size, unsigned n)
{
	struct fake_thread *t = (struct fake_thread *)fake;
	struct timespec until;
	size_t got;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	fake_lock(fake);
	while ((count != NULL ? *count : *size) < n &&
	       pthread_cond_timedwait(&t->changed, &t->lock, &until) == 0)
		;
	got = count != NULL ? *count : *size;
	fake_unlock(fake);
	if (got < n) {
		fprintf(stderr, "fake: %zu %s of %u came\n", got, what, n);
		abort();
	}
}

void
fake_wait_marks(struct fake *fake, size_t n)
{
	fake_wait_count(fake, "marks", NULL, &fake->n_marks, (unsigned)n);
}

void
fake_wait(struct fake *fake, const unsigned *count, unsigned n)
{
	fake_wait_count(fake, "frames", count, NULL, n);
}

static void
write_all(int fd, const uint8_t *p, size_t n, size_t step)
{
	for (size_t i = 0; i < n; i += step)
		if (send(fd, p + i, n - i < step ? n - i : step, MSG_NOSIGNAL) < 0)
			return;
}

/* False: the connection is to be closed. */
static bool
answer(struct fake_thread *t, int fd, const struct frame *frame)
{
	struct wr wr = wr_init(t->out, sizeof t->out);
	size_t started;

	t->fake.requests++;
	if (resolve_request_read(frame->payload, &t->fake.last) < 0)
		return false;
	switch (t->fake.mood) {
	case FAKE_SILENT:
		return true;
	case FAKE_DIES:
		return false;
	case FAKE_GARBAGE:
		write_all(fd, (const uint8_t *)"HTTP/1.1 200 OK\r\n\r\n", 19, 19);
		return true;
	case FAKE_ANSWERS:
	case FAKE_DRIBBLES:
	case FAKE_LIES:
		break;
	}
	started = frame_start(&wr, FRAME_RESULT, 0, frame->id);
	if (t->fake.mood == FAKE_LIES)
		wr_u32(&wr, 0xffffffff);
	else
		result_put(&wr,
		    t->fake.last.id.form == EID_NAME ? &t->fake.result : &t->fake.result_of_id);
	frame_end(&wr, started);
	assert(wr.error == 0);
	write_all(fd, t->out, wr.n, t->fake.mood == FAKE_DRIBBLES ? 1 : wr.n);
	return true;
}

static bool
take(struct fake_thread *t, int fd, const struct frame *frame)
{
	struct pair_mark mark;

	t->last = fd;
	if (frame->type == FRAME_RESOLVE)
		return answer(t, fd, frame);
	if (frame->type == FRAME_SESSION || frame->type == FRAME_DOUBT ||
	    frame->type == FRAME_FORGET) {
		t->fake.number = frame->id;
		t->fake.notes += frame->type == FRAME_SESSION;
		t->fake.doubts += frame->type == FRAME_DOUBT;
		t->fake.forgets += frame->type == FRAME_FORGET;
	}
	if (frame->type == FRAME_SESSION &&
	    session_note_read(frame->payload, &t->fake.note) < 0)
		return false;
	if (frame->type == FRAME_CANCEL)
		t->fake.cancels++;
	if (frame->type == FRAME_MARK && pair_mark_read(frame->payload, &mark) == 0 &&
	    t->fake.n_marks < FAKE_MARKS)
		t->fake.marks[t->fake.n_marks++] = mark;
	pthread_cond_broadcast(&t->changed);
	return true;
}

static bool
hear(struct fake_thread *t, struct client *c)
{
	ssize_t got = recv(c->fd, c->in + c->n, sizeof c->in - c->n, 0);
	struct frame frame;
	int n;

	if (got <= 0)
		return false;
	c->n += (size_t)got;
	while ((n = frame_read((struct bytes){c->in, c->n}, &frame)) > 0) {
		if (!take(t, c->fd, &frame))
			return false;
		c->n -= (size_t)n;
		memmove(c->in, c->in + n, c->n);
	}
	return n == 0;
}

void
fake_tell(struct fake *fake, uint32_t number, const struct session_event *event)
{
	struct fake_thread *t = (struct fake_thread *)fake;
	uint8_t octets[1024];
	struct wr wr = wr_init(octets, sizeof octets);
	size_t started = frame_start(&wr, FRAME_EVENT, 0, number);

	session_event_put(&wr, event);
	frame_end(&wr, started);
	assert(wr.error == 0);
	fake_lock(fake);
	write_all(t->last, octets, wr.n, wr.n);
	fake_unlock(fake);
}

void
fake_hang_up(struct fake *fake)
{
	struct fake_thread *t = (struct fake_thread *)fake;

	fake_lock(fake);
	for (size_t i = 0; i < t->n; i++)
		shutdown(t->clients[i].fd, SHUT_RDWR); /* the thread hears of it, and closes */
	fake_unlock(fake);
}

static void *
serve(void *arg)
{
	struct fake_thread *t = arg;

	for (;;) {
		struct pollfd p[FAKE_CLIENTS + 2] = {{.fd = t->stop[0], .events = POLLIN},
		    {.fd = t->listener, .events = POLLIN}};

		for (size_t i = 0; i < t->n; i++)
			p[2 + i] = (struct pollfd){.fd = t->clients[i].fd, .events = POLLIN};
		poll(p, 2 + t->n, -1);
		if (p[0].revents)
			return NULL;
		fake_lock(&t->fake);
		for (size_t i = t->n; i-- > 0;)
			if (p[2 + i].revents && !hear(t, &t->clients[i])) {
				close(t->clients[i].fd);
				t->clients[i] = t->clients[--t->n];
			}
		if (p[1].revents && t->n < FAKE_CLIENTS) {
			t->clients[t->n].fd = accept(t->listener, NULL, NULL);
			t->clients[t->n++].n = 0;
			t->fake.connections++;
		}
		fake_unlock(&t->fake);
	}
}

struct fake *
fake_start(void)
{
	struct fake_thread *t = calloc(1, sizeof *t);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *folder;

	assert(t != NULL);
	snprintf(t->folder, sizeof t->folder, "/tmp/eidmap-fake.XXXXXX");
	folder = mkdtemp(t->folder);
	assert(folder != NULL);
	snprintf(t->path, sizeof t->path, "%s/sock", folder);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", t->path);
	t->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(t->listener, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(t->listener, 8) < 0 || pipe(t->stop) < 0 ||
	    setenv("MAP_SOCKET", t->path, 1) < 0 || pthread_mutex_init(&t->lock, NULL) != 0 ||
	    pthread_cond_init(&t->changed, NULL) != 0 ||
	    pthread_create(&t->thread, NULL, serve, t) != 0)
		abort();
	return &t->fake;
}

void
fake_stop(struct fake *fake)
{
	struct fake_thread *t = (struct fake_thread *)fake;

	if (write(t->stop[1], "", 1) != 1)
		abort();
	pthread_join(t->thread, NULL);
	for (size_t i = 0; i < t->n; i++)
		close(t->clients[i].fd);
	close(t->listener);
	close(t->stop[0]);
	close(t->stop[1]);
	unlink(t->path);
	rmdir(t->folder);
	free(t);
}
