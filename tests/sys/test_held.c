/*
 * test_held.c - what is written to a stream while it is held goes out in one piece, and not without bound; what its
 * owner owes is waited for when the peer has closed its side, and not for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/sys/stream.h"

static long
nothing_comes(void *arg, const uint8_t *p, size_t n)
{
	(void)arg;
	(void)p;
	return (long)n;
}

static void
nothing_ends(void *arg, const char *why)
{
	(void)arg;
	(void)why;
	fail();
}

static void
test_held(void **state)
{
	static const struct stream_ops ops = {.data = nothing_comes, .closed = nothing_ends};
	uint8_t back[200];
	struct stream *stream;
	struct loop *loop;
	int fds[2];

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	stream = stream_new(loop, fds[0], &ops, NULL, 64, 64, 0);
	assert_non_null(stream);
	stream_hold(stream, true);
	assert_int_equal(stream_write(stream, "ab", 2), 0);
	assert_int_equal(stream_write(stream, "cd", 2), 0);
	assert_int_equal(stream_waiting(stream), 4);
	assert_int_equal(recv(fds[1], back, sizeof back, MSG_DONTWAIT), -1);
	stream_hold(stream, false);
	assert_int_equal(stream_waiting(stream), 0);
	assert_int_equal(recv(fds[1], back, sizeof back, MSG_DONTWAIT), 4);
	/* what is more than max_out does not wait */
	stream_hold(stream, true);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(stream_write(stream, "0123456789abcdef", 16), 0);
	assert_int_equal(stream_waiting(stream), 0);
	stream_hold(stream, false);
	stream_close(stream);
	loop_free(loop);
	close(fds[1]);
}

static void
it_ends(void *arg, const char *why)
{
	assert_string_equal(why, "the peer closed the connection");
	++*(unsigned *)arg;
}

static void
test_owed(void **state)
{
	static const struct stream_ops ops = {.data = nothing_comes, .closed = it_ends};
	unsigned ended = 0;
	struct stream *stream;
	struct loop *loop;
	uint8_t back[8];
	int fds[2];

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	for (unsigned late = 0; late < 2; late++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
		stream = stream_new(loop, fds[0], &ops, &ended, 64, 64, 0);
		assert_non_null(stream);
		stream_owe(stream, late ? 30 : 60000);
		assert_int_equal(shutdown(fds[1], SHUT_WR), 0);
		for (unsigned i = 0; i < 8; i++)
			loop_once(loop, 0);
		assert_int_equal(ended, late);
		assert_int_equal(stream_write(stream, "ab", 2), 0);
		loop_once(loop, 0);
		assert_int_equal(recv(fds[1], back, sizeof back, MSG_DONTWAIT), 2);
		assert_int_equal(ended, late);
		if (!late)
			stream_owe(stream, 0);
		for (uint64_t end = loop_now_ms() + 5000; ended == late;) {
			assert_true(loop_now_ms() < end);
			loop_once(loop, 100);
		}
		close(fds[1]);
	}
	loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_held), cmocka_unit_test(test_owed)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
