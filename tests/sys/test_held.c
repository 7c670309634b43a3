/*
 * test_held.c - what is written to a stream while it is held goes out in one piece, and not without bound.
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

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_held)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
