/*
 * stream.h - a numbered stream at a steady pace, and a receiver that misses nothing of it.
 * What the two examples talk once they are connected; knows descriptors, not how they were made.
 */
#ifndef EXAMPLES_STREAM_H
#define EXAMPLES_STREAM_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_BLOCK 16384 /* octets at a time */
#define STREAM_PACE 15 /* ms from one block to the next: 1.09 MB a second */

/*
 * Sends blocks at their time until the peer closes (0) or the connection breaks (an errno). Every
 * eight octets are their own number, so that none can be lost, doubled or changed unseen.
 */
int stream_send(int fd);
/* The same by blocks of so many octets, a multiple of eight and at most STREAM_BLOCK, and so many ms. */
int stream_send_paced(int fd, size_t block, unsigned pace_ms);
int stream_send_from(int fd, uint64_t offset); /* as stream_send(), but what comes from that octet on */

/* Whether n octets are those that belong at offset; says which is not. */
bool stream_is_right(const uint8_t *octets, size_t n, uint64_t offset);

/* What arrived since the last mark. */
struct stream_mark {
	uint64_t octets;
	unsigned gap; /* ms: the longest time without an octet, the one that lasts included */
	unsigned first; /* ms: from that mark until the first octet, or until now */
};

/*
 * Reads until the peer closes or *stop is set (0), an octet is wrong (EBADMSG, after saying which),
 * or the connection breaks (an errno). Each time *mark is set, it is cleared again and marked() gets
 * what came since the last time; it is called once more at the end.
 */
int stream_receive(int fd, volatile sig_atomic_t *mark, volatile sig_atomic_t *stop,
    void (*marked)(const struct stream_mark *, bool last));

#endif
