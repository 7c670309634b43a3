/*
 * stream.c - a numbered stream at a steady pace, and a receiver that misses nothing of it.
 * Knows descriptors; knows nothing of identities, addresses and transports.
 */
#include "examples/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
number_put(uint8_t *p, uint64_t number)
{
	for (int i = 7; i >= 0; i--, number >>= 8)
		p[i] = (uint8_t)number;
}

static void
block_fill(uint8_t *block, size_t size, uint64_t offset)
{
	uint8_t number[8];

	for (size_t i = 0; i < size; i++) {
		if (i == 0 || (offset + i) % 8 == 0)
			number_put(number, (offset + i) / 8);
		block[i] = number[(offset + i) % 8];
	}
}

/* Waits until due, or until the peer has closed, which is true. */
static bool
closed_before(int fd, uint64_t due)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		uint64_t now = now_ms();
		char c;

		if (now >= due)
			return false;
		if (poll(&p, 1, (int)(due - now)) > 0) {
			ssize_t n = recv(fd, &c, 1, MSG_DONTWAIT);

			if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
				return true;
		}
	}
}

static int
block_send(int fd, const uint8_t *block, size_t size)
{
	for (size_t sent = 0; sent < size;) {
		ssize_t n = send(fd, block + sent, size - sent, MSG_NOSIGNAL);

		if (n > 0)
			sent += (size_t)n;
		else if (n < 0 && errno != EINTR)
			return errno;
	}
	return 0;
}

static int
stream_send_blocks(int fd, size_t size, unsigned pace_ms, uint64_t from)
{
	uint8_t block[STREAM_BLOCK];
	uint64_t start = now_ms();

	for (uint64_t n = 0;; n++) {
		int error;

		block_fill(block, size, from + n * size);
		error = block_send(fd, block, size);
		if (error == EPIPE || error == ECONNRESET)
			return 0;
		if (error != 0)
			return error;
		if (closed_before(fd, start + (n + 1) * pace_ms))
			return 0;
	}
}

int
stream_send_paced(int fd, size_t size, unsigned pace_ms)
{
	return stream_send_blocks(fd, size, pace_ms, 0);
}

int
stream_send(int fd)
{
	return stream_send_blocks(fd, STREAM_BLOCK, STREAM_PACE, 0);
}

int
stream_send_from(int fd, uint64_t from)
{
	return stream_send_blocks(fd, STREAM_BLOCK, STREAM_PACE, from);
}

bool
stream_is_right(const uint8_t *p, size_t n, uint64_t offset)
{
	uint8_t want[8];

	for (size_t i = 0; i < n; i++) {
		number_put(want, (offset + i) / 8);
		if (p[i] != want[(offset + i) % 8]) {
			fprintf(stderr, "octet %llu is wrong: lost, doubled or changed\n",
			    (unsigned long long)(offset + i));
			return false;
		}
	}
	return true;
}

int
stream_receive(int fd, volatile sig_atomic_t *mark, volatile sig_atomic_t *stop,
    void (*marked)(const struct stream_mark *, bool last))
{
	struct stream_mark since = {0, 0, 0};
	uint64_t offset = 0, last = now_ms(), began = last;
	int error = 0;

	while (!*stop) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		uint8_t buffer[65536];
		int ready = poll(&p, 1, 20);
		unsigned gap = (unsigned)(now_ms() - last);
		ssize_t n;

		if (gap > since.gap)
			since.gap = gap;
		if (since.octets == 0)
			since.first = (unsigned)(now_ms() - began);
		if (*mark) {
			*mark = 0;
			marked(&since, false);
			since = (struct stream_mark){0, 0, 0};
			began = now_ms();
		}
		if (ready <= 0)
			continue;
		n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
		if (n == 0)
			break;
		if (n < 0) {
			if (errno == EAGAIN || errno == EINTR)
				continue;
			error = errno;
			break;
		}
		last = now_ms();
		if (!stream_is_right(buffer, (size_t)n, offset)) {
			error = EBADMSG;
			break;
		}
		offset += (uint64_t)n;
		since.octets += (uint64_t)n;
	}
	marked(&since, true);
	return error;
}
