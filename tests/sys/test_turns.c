/*
 * test_turns.c - messages that cost their owner much come between others' events; all of them are taken, though nothing more comes
 * to read, and the peer's end is not seen before, also when their owner paused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/sys/stream.h"

#define MESSAGES 40 /* of an octet each */

static struct loop *loop;
static struct stream *stream;
static int peer;
static bool pauses; /* after each message */
static unsigned taken, ended;

/* It takes a millisecond. */
static long
toil(void *arg, const uint8_t *p, size_t n)
{
	uint64_t end = loop_now_us() + 1000;

	(void)arg;
	assert_true(n > 0);
	while (loop_now_us() < end)
		;
	taken++;
	assert_int_equal(stream_write(stream, p, 1), 0);
	if (pauses)
		stream_pause(stream, true);
	return 1;
}

static void
it_ends(void *arg, const char *why)
{
	(void)arg;
	assert_string_equal(why, "the peer closed the connection");
	stream = NULL;
	ended++;
}

static const struct stream_ops ops = {.data = toil, .closed = it_ends};

static int
setup(void **state)
{
	static const uint8_t messages[MESSAGES];
	int fds[2];

	(void)state;
	taken = ended = 0;
	pauses = false;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	stream = stream_new(loop, fds[0], &ops, NULL, 4096, 4096, 0);
	assert_non_null(stream);
	peer = fds[1];
	assert_int_equal(write(peer, messages, sizeof messages), sizeof messages);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	stream_close(stream);
	loop_free(loop);
	close(peer);
	return 0;
}

static void
settle(void)
{
	for (unsigned i = 0; i < 8; i++)
		loop_once(loop, 0);
}

/* All come in turns, and all answers; the stream has ended as often. */
static void
expect_turns(unsigned ends)
{
	uint8_t back[MESSAGES + 1];

	for (unsigned before = 0; taken < MESSAGES; before = taken) {
		loop_once(loop, 1000);
		assert_in_range(taken - before, 0, 2);
	}
	settle();
	assert_int_equal(ended, ends);
	assert_int_equal(recv(peer, back, sizeof back, MSG_DONTWAIT), MESSAGES);
}

static void
test_open(void **state)
{
	(void)state;
	expect_turns(0);
}

static void
test_ended(void **state)
{
	(void)state;
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	expect_turns(1);
}

static void
test_paused(void **state)
{
	(void)state;
	pauses = true;
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	settle();
	for (unsigned i = 1; i <= MESSAGES; i++) {
		assert_int_equal(taken, i);
		assert_int_equal(ended, 0);
		stream_pause(stream, false);
		settle();
	}
	assert_int_equal(ended, 1);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_open),
	    T(test_ended),
	    T(test_paused),
	};

	return cmocka_run_group_tests_name("sys/turns", tests, NULL, NULL);
}
