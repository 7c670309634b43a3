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
	/* Data is there: returns how many octets it took (0: needs more), or < 0 to close. Called
	 * again as long as it takes some and some is left. */
	long (*data)(void *arg, const uint8_t *p, size_t n);
	/* The peer closed, failed, or idled too long; stream_close() was done already. */
	void (*closed)(void *arg, const char *why);
	/* Optional: the write queue ran empty. */
	void (*drained)(void *arg);
};

/* Takes fd over. Reading stops while more than max_out octets wait to be written. idle in ms, 0:
 * never. max_in: longest input kept before data() must have taken some. */
struct stream *stream_new(struct loop *loop, int fd, const struct stream_ops *ops, void *arg,
    size_t max_in, size_t max_out, uint64_t idle);
int stream_write(struct stream *stream, const void *p, size_t n); /* copied; -MAP_ENOMEM */
size_t stream_waiting(const struct stream *stream);               /* octets not yet written */
void stream_close(struct stream *stream);         /* at once; closed() is not called; NULL allowed */
void stream_close_when_written(struct stream *stream);

#endif
