/*
 * test_stream.c - core/sys/stream over socket pairs: order of octets, limits, ends, and closing
 * from inside every callback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/sys/stream.h"
#include "core/wire/errors.h"

/* A line protocol: each octet 'x' ends a message. What is done on one is chosen by the test. */
struct owner {
	struct loop *loop;
	struct stream *stream;
	int peer;
	size_t taken;
	size_t calls;
	size_t drained;
	int closed;
	char why[80];
	bool idled;
	long (*on_data)(struct owner *o, const uint8_t *p, size_t n);
	void (*on_drained)(struct owner *o);
	size_t left; /* of what on_drained() has still to write */
};

static long
owner_data(void *arg, const uint8_t *p, size_t n)
{
	struct owner *o = arg;
	long took;

	o->calls++;
	took = o->on_data(o, p, n);
	if (took > 0)
		o->taken += (size_t)took;
	return took;
}

static void
owner_closed(void *arg, const char *why)
{
	struct owner *o = arg;

	o->closed++;
	o->stream = NULL;
	snprintf(o->why, sizeof o->why, "%s", why);
	o->idled = stream_idled(why);
}

static void
owner_drained(void *arg)
{
	struct owner *o = arg;

	o->drained++;
	if (o->on_drained != NULL)
		o->on_drained(o);
}

static const struct stream_ops owner_ops = {owner_data, owner_closed, owner_drained};

static void
owner_open(struct owner *o, size_t max_in, size_t max_out, uint64_t idle)
{
	int fds[2];
	int small = 4096;

	memset(o, 0, sizeof *o);
	assert_int_equal(loop_new(&o->loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	o->peer = fds[1];
	o->stream = stream_new(o->loop, fds[0], &owner_ops, o, max_in, max_out, idle);
	assert_non_null(o->stream);
}

static void
owner_shut(struct owner *o)
{
	stream_close(o->stream);
	loop_free(o->loop);
	if (o->peer >= 0)
		close(o->peer);
}

/* Lets the loop work until the condition holds; a test that hangs ends by the 5 s. */
#define until(o, condition)                                  \
	do {                                                 \
		uint64_t end_ms = loop_now_ms() + 5000;      \
		while (!(condition)) {                       \
			assert_true(loop_now_ms() < end_ms); \
			loop_once((o)->loop, 100);           \
		}                                            \
	} while (0)

/* Handles what is ready now, and no more. */
static void
settle(struct owner *o)
{
	for (int i = 0; i < 8; i++)
		loop_once(o->loop, 0);
}

static size_t
peer_read(struct owner *o, uint8_t *p, size_t max)
{
	ssize_t n = read(o->peer, p, max);

	return n > 0 ? (size_t)n : 0;
}

static void
peer_write(struct owner *o, const char *text)
{
	assert_int_equal(write(o->peer, text, strlen(text)), strlen(text));
}

static long
take_message(struct owner *o, const uint8_t *p, size_t n)
{
	const uint8_t *end = memchr(p, 'x', n);

	(void)o;
	return end != NULL ? end - p + 1 : 0;
}

static long
echo_message(struct owner *o, const uint8_t *p, size_t n)
{
	long took = take_message(o, p, n);

	if (took > 0)
		assert_int_equal(stream_write(o->stream, p, (size_t)took), 0);
	return took;
}

static void
test_pieces(void **state)
{
	struct owner o;
	uint8_t back[32];

	(void)state;
	owner_open(&o, 64, 64, 0);
	o.on_data = echo_message;
	peer_write(&o, "ab");
	settle(&o);
	assert_int_equal(o.taken, 0);
	assert_int_equal(o.calls, 1);
	peer_write(&o, "cxdx");
	settle(&o);
	assert_int_equal(o.taken, 6);
	assert_int_equal(peer_read(&o, back, sizeof back), 6); /* both answers in one go */
	assert_memory_equal(back, "abcxdx", 6);
	assert_int_equal(o.drained, 1);
	owner_shut(&o);
}

static void
write_more(struct owner *o)
{
	uint8_t block[1000];
	size_t n = o->left < sizeof block ? o->left : sizeof block;

	for (size_t i = 0; i < n; i++)
		block[i] = (uint8_t)((o->left - i) * 7);
	if (n > 0)
		assert_int_equal(stream_write(o->stream, block, n), 0);
	o->left -= n;
}

/* A producer that writes from drained() only, a small socket buffer: every write is short once. */
static void
test_order_of_octets(void **state)
{
	struct owner o;
	const size_t total = 300000;
	size_t got = 0;
	uint8_t part[777];

	(void)state;
	owner_open(&o, 64, 64, 0);
	o.on_data = take_message;
	o.on_drained = write_more;
	o.left = total;
	write_more(&o);
	while (got < total) {
		size_t n;

		settle(&o);
		n = peer_read(&o, part, sizeof part);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(part[i], (uint8_t)((total - got - i) * 7));
		got += n;
		assert_true(n > 0);
	}
	assert_int_equal(o.left, 0);
	owner_shut(&o);
}

/* A big write at once, and input far beyond one buffer. */
static void
test_big(void **state)
{
	struct owner o;
	const size_t n = 200000;
	uint8_t *out = malloc(n);
	uint8_t *back = malloc(n);
	size_t sent = 0;
	size_t got = 0;

	(void)state;
	owner_open(&o, n, 100, 0);
	o.on_data = echo_message;
	memset(out, 'y', n);
	out[n - 1] = 'x';
	while (got < n) {
		ssize_t part = sent < n ? write(o.peer, out + sent, n - sent) : 0;

		sent += part > 0 ? (size_t)part : 0;
		settle(&o);
		got += peer_read(&o, back + got, n - got);
	}
	assert_memory_equal(out, back, n);
	assert_int_equal(o.taken, n);
	owner_shut(&o);
	free(out);
	free(back);
}

/* A peer that asks and never reads: reading stops, memory stays bounded, all arrives in the end. */
static void
test_peer_never_reads(void **state)
{
	struct owner o;
	char asked[500];
	uint8_t back[4096];
	size_t sent = 0;
	size_t got = 0;
	size_t before;

	(void)state;
	owner_open(&o, 64, 1000, 0);
	o.on_data = echo_message;
	memset(asked, 'x', sizeof asked);
	for (int i = 0; i < 2000; i++) {
		ssize_t n = write(o.peer, asked, sizeof asked);

		if (n < 0)
			break; /* the kernel's buffer towards us is full: we stopped reading */
		sent += (size_t)n;
		settle(&o);
	}
	assert_true(sent < 1000000);
	assert_in_range(stream_waiting(o.stream), 1001, 1000 + 64);
	before = o.taken;
	settle(&o);
	assert_int_equal(o.taken, before);
	for (int idle = 0; idle < 3; idle++) {
		size_t n = peer_read(&o, back, sizeof back);

		got += n;
		idle = n > 0 ? 0 : idle;
		settle(&o);
	}
	assert_int_equal(got, sent);
	assert_int_equal(o.taken, sent);
	owner_shut(&o);
}

static void
test_write_limit(void **state)
{
	struct owner o;
	uint8_t block[1000] = {0};
	int error = 0;
	size_t writes = 0;

	(void)state;
	owner_open(&o, 64, 1000, 0);
	o.on_data = take_message;
	while (error == 0 && writes < 1000) {
		error = stream_write(o.stream, block, sizeof block);
		writes++;
	}
	assert_int_equal(error, -MAP_ELIMIT);
	assert_in_range(stream_waiting(o.stream), 15000, 16000);
	assert_int_equal(o.closed, 0);
	owner_shut(&o);
}

static void
test_too_long(void **state)
{
	struct owner o;

	(void)state;
	owner_open(&o, 8, 64, 0);
	o.on_data = take_message;
	peer_write(&o, "aaaaaaa");
	settle(&o);
	assert_int_equal(o.closed, 0);
	peer_write(&o, "aaaa");
	settle(&o);
	assert_int_equal(o.closed, 1);
	assert_string_equal(o.why, "the peer sent a message that is too long");
	owner_shut(&o);
}

static long
refuse(struct owner *o, const uint8_t *p, size_t n)
{
	(void)o;
	(void)p;
	(void)n;
	return -1;
}

static long
take_too_much(struct owner *o, const uint8_t *p, size_t n)
{
	(void)o;
	(void)p;
	return (long)n + 1;
}

static void
test_refused(void **state)
{
	struct owner o;

	(void)state;
	for (int i = 0; i < 2; i++) {
		owner_open(&o, 64, 64, 0);
		o.on_data = i == 0 ? refuse : take_too_much;
		peer_write(&o, "abc");
		settle(&o);
		assert_int_equal(o.closed, 1);
		assert_int_equal(o.calls, 1);
		assert_string_equal(o.why, "what the peer sent was refused");
		owner_shut(&o);
	}
}

static void
test_peer_closes(void **state)
{
	struct owner o;
	uint8_t back[8];

	(void)state;
	owner_open(&o, 64, 64, 0);
	o.on_data = take_message;
	close(o.peer);
	o.peer = -1;
	settle(&o);
	assert_int_equal(o.closed, 1);
	assert_string_equal(o.why, "the peer closed the connection");
	assert_false(o.idled);
	owner_shut(&o);

	owner_open(&o, 64, 64, 0);
	o.on_data = take_message;
	peer_write(&o, "half");
	close(o.peer);
	o.peer = -1;
	settle(&o);
	assert_string_equal(o.why, "the peer closed the connection in the middle of a message");
	owner_shut(&o);

	/* Half closed after the question: the answer still goes out. */
	owner_open(&o, 64, 64, 0);
	o.on_data = echo_message;
	peer_write(&o, "qx");
	assert_int_equal(shutdown(o.peer, SHUT_WR), 0);
	settle(&o);
	assert_int_equal(peer_read(&o, back, sizeof back), 2);
	assert_int_equal(o.closed, 1);
	owner_shut(&o);

	/* Gone while we write: told from the loop, not from stream_write(). */
	owner_open(&o, 64, 64, 0);
	o.on_data = take_message;
	close(o.peer);
	o.peer = -1;
	assert_int_equal(stream_write(o.stream, "a", 1), 0);
	assert_int_equal(o.closed, 0);
	assert_int_equal(stream_write(o.stream, "b", 1), 0);
	settle(&o);
	assert_int_equal(o.closed, 1);
	owner_shut(&o);
}

static long
close_in_data(struct owner *o, const uint8_t *p, size_t n)
{
	(void)p;
	stream_write(o->stream, "bye", 3);
	stream_close(o->stream);
	o->stream = NULL;
	return (long)n;
}

static void
close_in_drained(struct owner *o)
{
	stream_close(o->stream);
	o->stream = NULL;
}

static long
finish_in_data(struct owner *o, const uint8_t *p, size_t n)
{
	(void)p;
	(void)n;
	stream_write(o->stream, "bye", 3);
	stream_close_when_written(o->stream);
	return 1;
}

static void
test_close_inside(void **state)
{
	struct owner o;
	uint8_t back[8];

	(void)state;
	owner_open(&o, 64, 64, 0);
	o.on_data = close_in_data;
	peer_write(&o, "abcx");
	settle(&o);
	assert_int_equal(o.calls, 1);
	assert_int_equal(o.closed, 0);
	assert_null(o.stream);
	owner_shut(&o);

	owner_open(&o, 64, 64, 0);
	o.on_data = echo_message;
	o.on_drained = close_in_drained;
	peer_write(&o, "abcx");
	settle(&o);
	assert_int_equal(o.drained, 1);
	assert_null(o.stream);
	assert_int_equal(peer_read(&o, back, sizeof back), 4);
	owner_shut(&o);

	/* More input waits in the buffer: data() is not called again, the answer arrives whole. */
	owner_open(&o, 64, 64, 0);
	o.on_data = finish_in_data;
	peer_write(&o, "abcdef");
	settle(&o);
	assert_int_equal(o.calls, 1);
	assert_int_equal(o.closed, 0); /* waits for the peer's end */
	peer_write(&o, "ignored");
	settle(&o);
	assert_int_equal(peer_read(&o, back, sizeof back), 3);
	assert_memory_equal(back, "bye", 3);
	assert_int_equal(read(o.peer, back, sizeof back), 0);
	close(o.peer);
	o.peer = -1;
	until(&o, o.closed == 1);
	assert_string_equal(o.why, "closed after the last octet was written");
	owner_shut(&o);
}

static void
test_finish_outside(void **state)
{
	struct owner o;
	static uint8_t block[60000];
	static uint8_t back[60000];
	size_t got = 0;

	(void)state;
	memset(block, 'b', sizeof block);
	owner_open(&o, 64, 60000, 0);
	o.on_data = take_message;
	assert_int_equal(stream_write(o.stream, block, sizeof block), 0);
	assert_true(stream_waiting(o.stream) > 0);
	stream_close_when_written(o.stream);
	peer_write(&o, "x");
	while (got < sizeof block) {
		settle(&o);
		got += peer_read(&o, back, sizeof back);
	}
	assert_int_equal(o.calls, 0);
	close(o.peer);
	o.peer = -1;
	until(&o, o.closed == 1);
	owner_shut(&o);
}

static void
test_idle(void **state)
{
	struct owner o;
	static uint8_t block[60000];
	uint64_t start = loop_now_ms();

	(void)state;
	owner_open(&o, 64, 64, 30);
	o.on_data = take_message;
	peer_write(&o, "a"); /* taken by nobody: no progress */
	until(&o, o.closed == 1);
	assert_true(loop_now_ms() - start >= 30);
	assert_string_equal(o.why, "the peer sent nothing for too long");
	assert_true(o.idled);
	owner_shut(&o);

	owner_open(&o, 64, 64, 30);
	o.on_data = take_message;
	stream_write(o.stream, block, sizeof block);
	until(&o, o.closed == 1);
	assert_string_equal(o.why, "the peer read nothing for too long");
	assert_true(o.idled);
	owner_shut(&o);
}

static void
test_pause(void **state)
{
	struct owner o;

	(void)state;
	owner_open(&o, 64, 64, 0);
	o.on_data = take_message;
	stream_pause(o.stream, true);
	peer_write(&o, "axbx");
	settle(&o);
	assert_int_equal(o.calls, 0);
	stream_pause(o.stream, false);
	settle(&o);
	assert_int_equal(o.taken, 4);
	owner_shut(&o);
}

static long
pause_in_data(struct owner *o, const uint8_t *p, size_t n)
{
	(void)p;
	(void)n;
	stream_pause(o->stream, true);
	return 1;
}

/* Resumed with a full buffer: what is there comes before what could be read. */
static void
test_pause_inside(void **state)
{
	struct owner o;

	(void)state;
	owner_open(&o, 4, 64, 0);
	o.on_data = pause_in_data;
	peer_write(&o, "abcdefgh");
	settle(&o);
	for (size_t i = 1; i < 8; i++) {
		assert_int_equal(o.taken, i);
		stream_pause(o.stream, false);
		settle(&o);
	}
	assert_int_equal(o.closed, 0);
	owner_shut(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pieces),
	    cmocka_unit_test(test_order_of_octets),
	    cmocka_unit_test(test_big),
	    cmocka_unit_test(test_peer_never_reads),
	    cmocka_unit_test(test_write_limit),
	    cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_peer_closes),
	    cmocka_unit_test(test_close_inside),
	    cmocka_unit_test(test_finish_outside),
	    cmocka_unit_test(test_idle),
	    cmocka_unit_test(test_pause),
	    cmocka_unit_test(test_pause_inside),
	};

	return cmocka_run_group_tests_name("sys/stream", tests, NULL, NULL);
}
