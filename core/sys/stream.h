/*
 * stream.h - a connected stream with bounded buffers on the loop: TCP for DNS, Unix for frames.
 * The reader asks for what it has and says how much it took; writes are queued and never block.
 */
#ifndef SYS_STREAM_H
#define SYS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/sys/loop.h"

struct stream;

struct stream_ops {
	/* Data is there: returns how many octets it took (0: needs more), or < 0 to close, which
	 * ends in closed(). Called again as long as it takes some and some is left, though other things
	 * on the loop have their turn every half millisecond. */
	long (*data)(void *arg, const uint8_t *p, size_t n);
	/* The last call: the peer closed, the connection failed or idled too long, data() refused,
	 * or stream_close_when_written() is done. The stream is gone already; why is borrowed. */
	void (*closed)(void *arg, const char *why);
	/* Optional: what was written has all gone out. Always from the loop, never from
	 * stream_write(). */
	void (*drained)(void *arg);
};

/*
 * Takes fd (a socket) over, also when it fails (NULL: out of memory; fd is closed then). Nothing is
 * called before the loop runs again. Reading, and data(), stop while more than max_out octets wait
 * to be written. idle in ms, 0: never; it counts from the last input that data() took or output that
 * went out. max_in: longest input kept before data() must have taken some; more ends the stream.
 */
struct stream *stream_new(struct loop *loop, int fd, const struct stream_ops *ops, void *arg,
    size_t max_in, size_t max_out, uint64_t idle);
/* Whether why, as closed() gets it, is that nothing went either way for idle ms. */
bool stream_idled(const char *why);
/* Copied. -MAP_ENOMEM; -MAP_ELIMIT: the peer reads nothing and 16 * max_out octets wait already
 * (one write is always taken when nothing waits). The stream stays open; the caller may close. */
int stream_write(struct stream *stream, const void *p, size_t n);
size_t stream_waiting(const struct stream *stream); /* octets not yet written */
int stream_fd(const struct stream *stream);         /* borrowed, for the peer's name or uid */
/* Stops calling data() until it is called with false. */
void stream_pause(struct stream *stream, bool pause);
/* What is written while it is held goes out when it is let go, in one piece as far as max_out. */
void stream_hold(struct stream *stream, bool hold);
/* Another idle time, from now on: 0 while it is the owner who keeps the peer waiting. */
void stream_set_idle(struct stream *stream, uint64_t idle);
/* The owner has something to write yet: a peer that closes its sending side is waited for with, until this is called
 * with 0, or nothing was written for ms. Reading is over then. With an idle time the shorter one holds. */
void stream_owe(struct stream *stream, uint64_t ms);
void stream_close(struct stream *stream); /* at once; closed() is not called; NULL allowed */
/* No more data(); what waits is written, then closed(). A peer that does not read gets idle ms, or
 * 5 s without one. */
void stream_close_when_written(struct stream *stream);

#endif
