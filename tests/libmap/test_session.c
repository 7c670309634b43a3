/*
 * test_session.c - races of pairs on loopback, their outcomes, listeners, and what is told of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/libmap/scene.h"

static void
test_refused_then_next_at_once(void **state)
{
	struct map_session info;
	int listener = listen_on(3, 8), fd;
	uint64_t start = now_ms();

	(void)state;
	pair(1, 2, 0); /* nobody listens there */
	pair(1, 3, 0);
	memcpy(fake->result.pairs[1].path, "isp-b", 6);
	fd = map_connect(map, NULL, "host.example.org", port, 0);
	assert_true(fd >= 0);
	assert_in_range(now_ms() - start, 0, 200);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_not_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	assert_int_equal(map_session_info(map, fd, &info), 0);
	assert_int_equal(info.transport, MAP_TCP);
	assert_true(info.fell_back);
	assert_int_equal(info.paths, 1);
	assert_int_equal(info.peer, MAP_PEER_ADDRESS);
	assert_string_equal(info.identity, HHIT);
	assert_string_equal(info.path, "isp-b");
	assert_true(info.secure && info.proved);
	assert_int_equal(info.destination[15], 3);
	assert_int_equal(info.source[15], 1);
	fake_wait_marks(fake, 2);
	assert_false(fake->marks[0].worked);
	assert_int_equal(fake->marks[0].destination[15], 2);
	assert_true(fake->marks[1].worked);
	assert_int_equal(fake->marks[1].destination[15], 3);
	assert_true(fake->marks[1].rtt_us > 0);
	assert_int_equal(fake->last.flags, RESOLVE_PAIRS);
	close(fd);
	close(listener);
}

static void
test_silent_then_next_after_250_ms(void **state)
{
	int listener, fd;
	uint64_t start;

	(void)state;
	listen_deaf(2);
	listener = listen_on(3, 8);
	pair(1, 2, 0);
	pair(1, 3, 0);
	start = now_ms();
	fd = map_connect(map, NULL, "host.example.org", port, MAP_NONBLOCK);
	assert_true(fd >= 0);
	assert_in_range(now_ms() - start, 245, 500);
	assert_int_not_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	/* who was silent for 250 ms before another answered is known to be worse */
	fake_wait_marks(fake, 2);
	assert_true(fake->marks[0].worked);
	assert_false(fake->marks[1].worked);
	assert_int_equal(fake->marks[1].destination[15], 2);
	close(fd);
	close(listener);
}

static void
test_all_fail(void **state)
{
	uint64_t start;

	(void)state;
	listen_deaf(2);
	pair(1, 2, 0);
	pair(1, 4, 0);
	start = now_ms();
	assert_int_equal(map_connect(map, NULL, "host.example.org", port, 0), -MAP_ECONNECT);
	assert_in_range(now_ms() - start, 1990, 2500); /* the silent one may take 2 s */
	assert_non_null(strstr(map_why(map), "127.0.0.4 from 127.0.0.1: Connection refused"));
	assert_non_null(strstr(map_why(map), "127.0.0.2 from 127.0.0.1: no answer in 2 s"));
}

static void
test_deadline(void **state)
{
	uint64_t start;

	(void)state;
	listen_deaf(2);
	pair(1, 2, 0);
	map_set_deadlines(map, 0, 300);
	start = now_ms();
	assert_int_equal(map_connect(map, NULL, "host.example.org", port, 0), -MAP_ETIMEOUT);
	assert_in_range(now_ms() - start, 300, 700);
}

/* A session belongs to one identity: the second is a new attempt, after all of the first failed. */
static void
test_next_identity_waits(void **state)
{
	struct map_session info;
	int listener, fd;
	uint64_t start;

	(void)state;
	listen_deaf(2);
	listener = listen_on(3, 8);
	pair(1, 2, 0);
	pair(1, 3, 1);
	start = now_ms();
	fd = map_connect(map, NULL, "host.example.org", port, 0);
	assert_true(fd >= 0);
	assert_in_range(now_ms() - start, 1990, 2500);
	assert_int_equal(map_session_info(map, fd, &info), 0);
	assert_string_not_equal(info.identity, HHIT);
	close(fd);
	close(listener);
}

static void
test_source_that_is_not_ours(void **state)
{
	(void)state;
	listen_deaf(2);
	pair(1, 2, 0);
	memcpy(fake->result.pairs[0].source,
	    (const uint8_t[16]){[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1}, 16);
	assert_int_equal(map_connect(map, NULL, "host.example.org", port, 0), -MAP_ECONNECT);
	assert_non_null(strstr(map_why(map), "Cannot assign requested address"));
}

static void
test_no_pairs(void **state)
{
	(void)state;
	assert_int_equal(map_connect(map, NULL, "host.example.org", "7000", 0), -MAP_ENOROUTE);
}

/* The agent ranks: it is told of the local identity, and of what the context wishes. */
static void
test_local_identity_and_wishes(void **state)
{
	int listener = listen_on(3, 8), fd;
	struct eid local;

	(void)state;
	pair(5, 3, 0);
	assert_int_equal(eid_scan(HHIT, strlen(HHIT), false, &local), 0);
	assert_int_equal(map_set_class(map, (enum map_class)4), -MAP_EUSAGE);
	assert_int_equal(map_set_class(map, MAP_CLASS_CHEAP), 0);
	assert_int_equal(map_prefer_path(map, "isp a"), -MAP_ETEXT);
	assert_int_equal(map_prefer_path(map, "isp-a"), 0);
	assert_int_equal(map_prefer_path(map, "isp-a"), 0);
	assert_int_equal(map_avoid_path(map, "gone"), 0);
	assert_int_equal(map_avoid_path(map, NULL), 0);
	for (char path[] = "lte-a"; path[4] < 'a' + WISHES_PATHS; path[4]++)
		assert_int_equal(map_avoid_path(map, path), 0);
	assert_int_equal(map_avoid_path(map, "lte-z"), -MAP_ELIMIT);
	fd = map_connect(map, HHIT, "host.example.org", port, 0);
	assert_true(fd >= 0);
	assert_true(eid_equal(&fake->last.local, &local));
	assert_int_equal(fake->last.wishes.class, SESSION_CHEAP);
	assert_int_equal(fake->last.wishes.prefer.n, 1);
	assert_true(path_list_has(&fake->last.wishes.prefer, "isp-a"));
	assert_int_equal(fake->last.wishes.avoid.n, WISHES_PATHS);
	close(fd);
	fd = map_connect(map, NULL, "host.example.org", port, 0);
	assert_true(fd >= 0);
	assert_int_equal(fake->last.local.form, EID_NONE);
	close(fd);
	close(listener);
}

/* A silent pair that is not known to work has a short turn before one that is: two of its round trips. */
static void
test_known_pair_next_sooner(void **state)
{
	static const struct {
		uint32_t first, next; /* round trips, us */
		uint64_t least, most;
	} rows[] = {{0, 100, 45, 170}, {0, 80000, 155, 240}, {0, 500000, 245, 500},
	    {100, 100, 245, 500}};
	int listener, fd;

	(void)state;
	listen_deaf(2);
	listener = listen_on(3, 8);
	pair(1, 2, 0);
	pair(1, 3, 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t start = now_ms();

		fake->result.pairs[0].rtt_us = rows[i].first;
		fake->result.pairs[1].rtt_us = rows[i].next;
		fd = map_connect(map, NULL, "host.example.org", port, 0);
		assert_true(fd >= 0);
		assert_in_range(now_ms() - start, rows[i].least, rows[i].most);
		close(fd);
	}
	close(listener);
}

static void
test_mptcp_demanded(void **state)
{
	int listener = listen_on(3, 8), fd;

	(void)state;
	pair(1, 3, 0);
	assert_int_equal(map_connect(map, NULL, "host.example.org", port, MAP_REQUIRE_MPTCP),
	    -MAP_ETRANSPORT);
	fd = map_connect(map, NULL, "host.example.org", port, 0);
	assert_true(fd >= 0);
	close(fd);
	close(listener);
}

static bool
has_mptcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 262);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int
listen_free_port(const char *identity, unsigned flags)
{
	int fd = -MAP_ESYS;

	for (number = 20000; fd == -MAP_ESYS && number < 20100; number++) {
		snprintf(port, sizeof port, "%u", number);
		fd = map_listen(map, identity, port, flags);
	}
	return fd;
}

static void
test_listener(void **state)
{
	struct map_session info;
	int listener, fd, peer;

	(void)state;
	listener = listen_free_port(HHIT, has_mptcp() ? MAP_REQUIRE_MPTCP : 0);
	assert_true(listener >= 0);
	assert_int_equal(map_session_info(map, listener, &info), 0);
	assert_true(info.is_listener);
	assert_int_equal(info.transport, has_mptcp() ? MAP_MPTCP : MAP_TCP);
	assert_string_equal(info.identity, HHIT);
	pair(1, 3, 0);
	fd = map_connect(map, NULL, "host.example.org", port, 0);
	assert_true(fd >= 0);
	peer = accept(listener, NULL, NULL);
	assert_true(peer >= 0);
	assert_int_equal(map_session_info(map, peer, &info), 0);
	assert_int_equal(info.transport, has_mptcp() ? MAP_MPTCP : MAP_TCP);
	assert_int_equal(info.peer, MAP_PEER_ANONYMOUS);
	assert_string_equal(info.identity, "");
	assert_int_equal(info.paths, 1);
	assert_int_equal(map_session_info(map, fd, &info), 0);
	assert_int_equal(info.transport, has_mptcp() ? MAP_MPTCP : MAP_TCP);
	assert_int_equal(info.fell_back, !has_mptcp());
	/* a descriptor's number used again is not the session it was */
	close(fd);
	assert_int_equal(dup2(peer, fd), fd);
	assert_int_equal(map_session_info(map, fd, &info), 0);
	assert_string_equal(info.identity, "");
	close(fd);
	close(peer);
	close(listener);
}

static void
test_listen_errors(void **state)
{
	int listener = listen_free_port(NULL, 0);

	(void)state;
	assert_true(listener >= 0);
	assert_int_equal(map_listen(map, NULL, port, 0), -MAP_ESYS);
	assert_non_null(strstr(map_why(map), "in use"));
	assert_int_equal(map_listen(map, "host..example", port, 0), -MAP_ETEXT);
	assert_int_equal(map_listen(map, NULL, port, MAP_ALLOW_LEGACY), -MAP_EUSAGE);
	close(listener);
}

static void
test_info_of_others(void **state)
{
	struct map_session info;
	int ends[2];

	(void)state;
	assert_int_equal(map_session_info(map, -1, &info), -MAP_ESYS);
	assert_int_equal(errno, EBADF);
	assert_int_equal(pipe(ends), 0);
	errno = EINTR; /* of something before */
	assert_int_equal(map_session_info(map, ends[0], &info), -MAP_ESYS);
	assert_int_equal(errno, ENOTSOCK);
	close(ends[0]);
	close(ends[1]);
}

struct told {
	unsigned n;
	int error, fd;
};

static void
tell(void *arg, int error, const char *why, int fd)
{
	struct told *told = arg;

	(void)why;
	told->n++;
	told->error = error;
	told->fd = fd;
}

static void
test_events(void **state)
{
	struct told told = {0}, cancelled = {0};
	struct pollfd p = {.fd = map_fd(map), .events = map_events(map)};
	struct map_request *request;
	int listener;

	(void)state;
	listen_deaf(2);
	listener = listen_on(3, 8);
	pair(1, 2, 0);
	pair(1, 3, 0);
	assert_int_equal(
	    map_connect_start(map, NULL, "host.example.org", port, 0, tell, &told, NULL), 0);
	assert_int_equal(map_connect_start(map, NULL, "host.example.org", port, 0, tell,
			     &cancelled, &request),
	    0);
	while (told.n == 0) {
		poll(&p, 1, map_timeout(map));
		map_process(map);
		map_cancel(request); /* in the midst of its race, at the latest */
		request = NULL;
	}
	assert_int_equal(told.error, 0);
	assert_true(told.fd >= 0);
	assert_int_equal(cancelled.n, 0);
	assert_int_equal(map_timeout(map), -1);
	close(told.fd);
	close(listener);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_refused_then_next_at_once),
	    T(test_silent_then_next_after_250_ms),
	    T(test_all_fail),
	    T(test_deadline),
	    T(test_next_identity_waits),
	    T(test_source_that_is_not_ours),
	    T(test_no_pairs),
	    T(test_local_identity_and_wishes),
	    T(test_known_pair_next_sooner),
	    T(test_mptcp_demanded),
	    T(test_listener),
	    T(test_listen_errors),
	    T(test_info_of_others),
	    T(test_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
