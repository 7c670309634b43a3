/*
 * stream.c - a connected socket with bounded buffers on the loop.
 * Knows octets; what a message is, its owner says by how much data() takes.
 */
#include "core/sys/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/wire/errors.h"

#define STREAM_CHUNK 4096 /* first size of a buffer, kept by idle streams */
#define STREAM_ROUND (64 << 10) /* octets read in one turn, so that others get theirs */
#define STREAM_TURN_US 500 /* how long a turn may last: a short message may ask for much */
#define STREAM_HARD 16 /* times max_out: where stream_write() refuses */
#define STREAM_FLUSH_MS 5000 /* for the last octets, without an idle time */
#define STREAM_LINGER_MS 2000 /* for the peer to close after them */

static const char why_deaf[] = "the peer read nothing for too long";
static const char why_mute[] = "the peer sent nothing for too long";

/* Octets p[start .. start + n); grown by doubling. */
struct buffer {
	uint8_t *p;
	size_t start;
	size_t n;
	size_t size;
};

enum stream_state {
	STREAM_OPEN,
	STREAM_FLUSHING, /* the owner or the peer wants no more input */
	STREAM_LINGERING, /* all written and shut down; input is thrown away until the peer closes */
	STREAM_CLOSED /* descriptor gone; memory is freed from the loop's later queue */
};

struct stream {
	struct loop *loop;
	int fd;
	const struct stream_ops *ops;
	void *arg;
	struct watch *watch;
	struct timer *timer;
	uint64_t idle;
	uint64_t owed; /* ms that the owner may take for what he has to write; 0: nothing */
	uint64_t progress; /* when input was last taken or output went out */
	uint64_t turn; /* us: when this one began */
	size_t max_in;
	size_t max_out;
	struct buffer in;
	struct buffer out;
	enum stream_state state;
	bool paused;
	bool held; /* output is collected until it is not */
	bool in_data; /* data() is running: output is collected and sent once */
	bool later; /* stream_round() is queued */
	bool
	    behind; /* data() has not been asked about all that is there: no more is read, and no end seen, before it is */
	bool wrote; /* drained() is due when the queue is empty */
	const char *failed; /* why, found where closed() may not be called */
	const char *ending; /* why, once all is written */
};

static void stream_round(void *arg);

static bool
buffer_reserve(struct buffer *b, size_t more, size_t max)
{
	size_t size = b->size > 0 ? b->size : STREAM_CHUNK;
	uint8_t *p;

	if (b->size - b->start - b->n >= more)
		return true;
	if (b->start > 0 && b->size - b->n >= more) {
		memmove(b->p, b->p + b->start, b->n);
		b->start = 0;
		return true;
	}
	if (more > SIZE_MAX / 4 - b->n)
		return false;
	while (size < b->n + more)
		size *= 2;
	if (max > 0 && size > max && max >= b->n + more)
		size = max;
	p = malloc(size);
	if (p == NULL)
		return false;
	if (b->n > 0)
		memcpy(p, b->p + b->start, b->n);
	free(b->p);
	*b = (struct buffer){p, 0, b->n, size};
	return true;
}

static void
buffer_take(struct buffer *b, size_t n)
{
	b->start += n;
	b->n -= n;
	if (b->n > 0)
		return;
	b->start = 0;
	/* A long message once must not cost memory for the life of a connection. */
	if (b->size > STREAM_CHUNK) {
		free(b->p);
		*b = (struct buffer){0};
	}
}

static void
stream_free(void *arg)
{
	struct stream *s = arg;

	free(s->in.p);
	free(s->out.p);
	free(s);
}

/* Memory stays until the loop's next round, for the callbacks that are still on the stack. */
static void
stream_end(struct stream *s)
{
	s->state = STREAM_CLOSED;
	watch_free(s->watch);
	timer_free(s->timer);
	close(s->fd);
	s->watch = NULL;
	s->timer = NULL;
	if (!s->later)
		loop_later(s->loop, stream_free, s);
}

static void
stream_fail(struct stream *s, const char *why)
{
	if (s->state == STREAM_CLOSED)
		return;
	stream_end(s);
	s->ops->closed(s->arg, why);
}

static bool
stream_may_take(const struct stream *s)
{
	return s->state == STREAM_OPEN && !s->paused && s->out.n <= s->max_out;
}

static void
stream_watch(struct stream *s)
{
	bool reading = (stream_may_take(s) && !s->behind) || s->state == STREAM_LINGERING;

	if (s->state != STREAM_CLOSED)
		watch_set(
		    s->watch, (reading ? LOOP_READ : 0u) | (s->out.n > 0 ? LOOP_WRITE : 0u));
}

static void
stream_later(struct stream *s)
{
	if (s->later || s->state == STREAM_CLOSED)
		return;
	s->later = true;
	loop_later(s->loop, stream_round, s);
}

static void
stream_progress(struct stream *s)
{
	s->progress = loop_now_ms();
}

/* Writes what the kernel takes. A failure is only noted: the caller may be the owner's code. */
static void
stream_flush(struct stream *s)
{
	size_t before = s->out.n;

	while (s->out.n > 0 && s->failed == NULL) {
		ssize_t n =
		    send(s->fd, s->out.p + s->out.start, s->out.n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0)
			buffer_take(&s->out, (size_t)n);
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		else if (errno != EINTR)
			s->failed = errno == EPIPE || errno == ECONNRESET
					? "the peer closed the connection"
					: strerror(errno);
	}
	if (s->out.n < before)
		stream_progress(s);
}

static bool
stream_is_over(const struct stream *s)
{
	return loop_now_us() - s->turn >= STREAM_TURN_US;
}

/* Gives the owner what there is, until it takes nothing, or others have to get their turn. */
static void
stream_give(struct stream *s)
{
	bool over = false;

	s->behind = s->in.n > 0;
	while (s->behind && !over && s->failed == NULL && stream_may_take(s)) {
		long took;

		s->in_data = true;
		took = s->ops->data(s->arg, s->in.p + s->in.start, s->in.n);
		s->in_data = false;
		if (s->state == STREAM_CLOSED)
			return;
		if (took < 0 || (size_t)took > s->in.n) {
			s->failed = "what the peer sent was refused";
			break;
		}
		if (took == 0) {
			if (s->in.n >= s->max_in)
				s->failed = "the peer sent a message that is too long";
			s->behind = false;
			break;
		}
		buffer_take(&s->in, (size_t)took);
		stream_progress(s);
		s->behind = s->in.n > 0;
		over = stream_is_over(s);
	}
	stream_flush(s);
	if (s->behind && stream_may_take(s))
		stream_later(s);
}

static void
stream_linger(struct stream *s)
{
	s->state = STREAM_LINGERING;
	/* Closing with unread input makes TCP reset the connection, and the peer lose our last
	 * octets: shut down, and wait for its own end a moment. */
	if (shutdown(s->fd, SHUT_WR) != 0) {
		stream_fail(s, s->ending);
		return;
	}
	timer_start(s->timer, STREAM_LINGER_MS);
}

/* What has to happen after anything happened: failures told, drained() called, the end reached. */
static void
stream_settle(struct stream *s)
{
	if (s->state == STREAM_CLOSED)
		return;
	if (s->failed != NULL) {
		stream_fail(s, s->failed);
		return;
	}
	if (s->out.n == 0 && s->wrote && s->state == STREAM_OPEN) {
		s->wrote = false;
		if (s->ops->drained != NULL)
			s->ops->drained(s->arg);
		if (s->state == STREAM_CLOSED)
			return;
	}
	if (s->out.n == 0 && s->owed == 0 && s->state == STREAM_FLUSHING)
		stream_linger(s);
	stream_watch(s);
}

static void
stream_round(void *arg)
{
	struct stream *s = arg;

	s->later = false;
	if (s->state == STREAM_CLOSED) {
		stream_free(s);
		return;
	}
	s->turn = loop_now_us();
	stream_give(s);
	stream_settle(s);
}

static void
stream_start_flushing(struct stream *s)
{
	s->state = STREAM_FLUSHING;
	stream_progress(s);
	if (s->idle == 0) {
		s->idle = s->owed > 0 ? s->owed : STREAM_FLUSH_MS;
		timer_start(s->timer, s->idle);
	}
}

/* The peer will send no more; what is queued for it still goes out, and what the owner has yet to write. */
static void
stream_eof(struct stream *s)
{
	s->ending = s->in.n > 0 ? "the peer closed the connection in the middle of a message"
				: "the peer closed the connection";
	if (s->out.n == 0 && s->owed == 0) {
		s->failed = s->ending;
		return;
	}
	stream_start_flushing(s);
}

/* One recv(): false when there is nothing more for now. */
static bool
stream_fill(struct stream *s)
{
	size_t room = s->max_in - s->in.n;
	size_t want = s->in.n < STREAM_CHUNK ? STREAM_CHUNK : s->in.n;
	ssize_t n;

	if (room == 0)
		return false; /* resumed with a full buffer: data() comes first */
	if (s->in.size - s->in.start - s->in.n < STREAM_CHUNK / 4 &&
	    !buffer_reserve(&s->in, want < room ? want : room, s->max_in)) {
		s->failed = "out of memory";
		return false;
	}
	if (room > s->in.size - s->in.start - s->in.n)
		room = s->in.size - s->in.start - s->in.n;
	n = recv(s->fd, s->in.p + s->in.start + s->in.n, room, MSG_DONTWAIT);
	if (n > 0) {
		s->in.n += (size_t)n;
		return (size_t)n == room;
	}
	if (n == 0)
		stream_eof(s);
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		s->failed =
		    errno == ECONNRESET ? "the peer reset the connection" : strerror(errno);
	return false;
}

static void
stream_read(struct stream *s)
{
	size_t round = 0;
	bool more = true, over = false;

	while (more && !over && round < STREAM_ROUND && s->failed == NULL &&
	       stream_may_take(s) && !s->behind) {
		size_t before = s->in.n;

		more = stream_fill(s);
		if (s->in.n == before)
			break;
		round += s->in.n - before;
		stream_give(s);
		over = stream_is_over(s);
	}
}

static void
stream_discard(struct stream *s)
{
	uint8_t junk[STREAM_CHUNK];
	ssize_t n = recv(s->fd, junk, sizeof junk, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		stream_fail(s, s->ending);
}

static void
stream_ready(void *arg, int fd, unsigned events)
{
	struct stream *s = arg;

	(void)fd;
	s->turn = loop_now_us();
	if (events & LOOP_WRITE) {
		stream_flush(s);
		stream_give(s); /* input that waited for output to go out */
	}
	if ((events & LOOP_READ) && s->state == STREAM_OPEN)
		stream_read(s);
	else if ((events & LOOP_READ) && s->state == STREAM_LINGERING)
		stream_discard(s);
	stream_settle(s);
}

static void
stream_timeout(void *arg)
{
	struct stream *s = arg;
	uint64_t since = loop_now_ms() - s->progress;

	if (s->state == STREAM_LINGERING)
		stream_fail(s, s->ending);
	else if (s->idle == 0 || since >= s->idle)
		stream_fail(s, s->out.n > 0		     ? why_deaf
			       : s->state == STREAM_FLUSHING ? s->ending
							     : why_mute);
	else
		timer_start(s->timer, s->idle - since);
}

bool
stream_idled(const char *why)
{
	return why == why_deaf || why == why_mute;
}

struct stream *
stream_new(struct loop *loop, int fd, const struct stream_ops *ops, void *arg, size_t max_in,
    size_t max_out, uint64_t idle)
{
	struct stream *s = calloc(1, sizeof *s);

	if (s == NULL)
		goto close_fd;
	*s = (struct stream){.loop = loop,
	    .fd = fd,
	    .ops = ops,
	    .arg = arg,
	    .max_in = max_in,
	    .max_out = max_out,
	    .idle = idle};
	s->watch = watch_new(loop, fd, LOOP_READ, stream_ready, s);
	s->timer = timer_new(loop, stream_timeout, s);
	if (s->watch == NULL || s->timer == NULL)
		goto free_stream;
	stream_progress(s);
	if (idle > 0)
		timer_start(s->timer, idle);
	return s;
free_stream:
	watch_free(s->watch);
	timer_free(s->timer);
	free(s);
close_fd:
	close(fd);
	return NULL;
}

/* After output went out where drained() may not be called, nor data(). */
static void
stream_sent(struct stream *s)
{
	if (s->failed != NULL || (s->out.n == 0 && (s->ops->drained != NULL || s->behind)))
		stream_later(s);
	else
		stream_watch(s);
}

int
stream_write(struct stream *s, const void *p, size_t n)
{
	bool idle = s->out.n == 0;

	if (s->state >= STREAM_LINGERING || s->failed != NULL || n == 0)
		return 0; /* closed() tells, or told */
	if (!idle && s->out.n + n > s->max_out * STREAM_HARD)
		return -MAP_ELIMIT;
	if (!buffer_reserve(&s->out, n, 0))
		return -MAP_ENOMEM;
	memcpy(s->out.p + s->out.start + s->out.n, p, n);
	s->out.n += n;
	s->wrote = true;
	if ((s->in_data || s->held) && s->out.n <= s->max_out)
		return 0; /* stream_give() sends what data() wrote in one go, stream_hold() the rest */
	if (idle)
		stream_progress(s);
	if (idle || s->in_data || s->held)
		stream_flush(s);
	stream_sent(s);
	return 0;
}

void
stream_hold(struct stream *s, bool hold)
{
	s->held = hold;
	if (hold || s->state >= STREAM_LINGERING || s->out.n == 0)
		return;
	stream_flush(s);
	stream_sent(s);
}

size_t
stream_waiting(const struct stream *s)
{
	return s->out.n;
}

int
stream_fd(const struct stream *s)
{
	return s->fd;
}

void
stream_pause(struct stream *s, bool pause)
{
	s->paused = pause;
	if (!pause && s->behind)
		stream_later(s);
	stream_watch(s);
}

void
stream_set_idle(struct stream *s, uint64_t idle)
{
	if (s->state != STREAM_OPEN)
		return;
	s->idle = idle;
	stream_progress(s);
	if (idle > 0)
		timer_start(s->timer, idle);
	else
		timer_stop(s->timer);
}

void
stream_owe(struct stream *s, uint64_t ms)
{
	s->owed = ms;
	if (ms == 0 && s->state == STREAM_FLUSHING)
		stream_later(s);
}

void
stream_close(struct stream *s)
{
	if (s != NULL && s->state != STREAM_CLOSED)
		stream_end(s);
}

void
stream_close_when_written(struct stream *s)
{
	if (s->state != STREAM_OPEN)
		return;
	s->ending = "closed after the last octet was written";
	stream_start_flushing(s);
	stream_later(s);
}
