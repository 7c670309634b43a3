/*
 * test_watch.c - sessions after they were opened: datagrams that move, TCP that is opened anew, who the peer may be.
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

#include "core/wire/errors.h"
#include "tests/libmap/scene.h"

static struct {
	unsigned n;
	int fd;
	enum map_move what;
	char why[RESULT_WHY];
} moved;

static void
on_moved(void *arg, int fd, enum map_move what, const char *why)
{
	assert_ptr_equal(arg, &moved);
	moved.n++;
	moved.fd = fd;
	moved.what = what;
	snprintf(moved.why, sizeof moved.why, "%s", why);
}

/* Runs the context until n were told. */
static void
wait_moved(unsigned n)
{
	struct pollfd p = {.fd = map_fd(map), .events = POLLIN};

	while (moved.n < n) {
		assert_true(poll(&p, 1, map_timeout(map)) >= 0);
		map_process(map);
	}
	assert_int_equal(moved.n, n);
}

static int
receive_from(unsigned last)
{
	struct sockaddr_in in = loopback(last, number);
	socklen_t n = sizeof in;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
	number = ntohs(in.sin_port);
	snprintf(port, sizeof port, "%u", number);
	return fd;
}

/* What arrives there, and from which address of this host. */
static void
expect_datagram(int fd, const char *text, unsigned from)
{
	struct sockaddr_in peer;
	socklen_t n = sizeof peer;
	char octets[16] = "";

	assert_int_equal(
	    recvfrom(fd, octets, sizeof octets, 0, (struct sockaddr *)&peer, &n), strlen(text));
	assert_string_equal(octets, text);
	assert_int_equal(ntohl(peer.sin_addr.s_addr) & 255, from);
}

/* A datagram session: on the first pair, told to the agent, and where the agent says from then on: the same descriptor. */
static void
test_datagrams(void **state)
{
	struct session_event event = {
	    .kind = SESSION_MOVE, .path = "isp-b", .why = "no answer"};
	struct map_session info;
	int first = receive_from(3), second = receive_from(4), fd;
	uint16_t was;

	(void)state;
	moved.n = 0;
	pair(1, 3, 0);
	assert_int_equal(
	    map_connect(map, NULL, "host.example.org", port, MAP_DATAGRAM | MAP_REQUIRE_MPTCP),
	    -MAP_EUSAGE);
	fd = map_connect(map, NULL, "host.example.org", port, MAP_DATAGRAM);
	assert_true(fd >= 0);
	assert_int_equal(fake->last.flags, RESOLVE_PAIRS | RESOLVE_LIVE);
	fake_wait(fake, &fake->notes, 1);
	assert_int_equal(fake->note.transport, SESSION_UDP);
	assert_int_equal(fake->note.destination_port, number);
	assert_int_equal(fake->note.source[15], 1);
	assert_int_equal(fake->note.destination[15], 3);
	assert_true(fake->note.flags & RESOLVE_TRUSTED_ID); /* the name was secure */
	was = fake->note.source_port;
	assert_int_equal(map_session_info(map, fd, &info), 0);
	assert_int_equal(info.transport, MAP_UDP);
	assert_string_equal(info.identity, HHIT);
	assert_int_equal(send(fd, "one", 3, 0), 3);
	expect_datagram(first, "one", 1);

	assert_int_equal(map_on_move(map, fd, on_moved, &moved), 0);
	assert_int_equal(map_on_move(map, first, on_moved, &moved), -MAP_ENOTFOUND);
	address(event.source, 5);
	address(event.destination, 4);
	fake_tell(fake, fake->number, &event);
	wait_moved(1);
	assert_int_equal(moved.fd, fd);
	assert_int_equal(moved.what, MAP_MOVED);
	assert_string_equal(moved.why, "no answer");
	fake_wait(fake, &fake->notes, 2); /* where it is now */
	assert_int_equal(fake->note.source[15], 5);
	assert_int_equal(fake->note.destination[15], 4);
	assert_int_not_equal(fake->note.source_port, was);
	assert_int_equal(map_session_info(map, fd, &info), 0);
	assert_int_equal(info.destination[15], 4);
	assert_string_equal(info.path, "isp-b");
	assert_int_equal(send(fd, "two", 3, 0), 3);
	expect_datagram(second, "two", 5);

	/* where this host cannot go it stays where it is, and says so */
	memcpy(event.source,
	    (const uint8_t[16]){[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 9}, 16);
	fake_tell(fake, fake->number, &event);
	wait_moved(2);
	assert_int_equal(moved.what, MAP_CUT_OFF);
	assert_non_null(strstr(moved.why, "cannot move"));
	assert_int_equal(send(fd, "three", 5, 0), 5);
	expect_datagram(second, "three", 5);
	event.kind = SESSION_BACK;
	fake_tell(fake, fake->number, &event);
	wait_moved(3);
	assert_int_equal(moved.what, MAP_BACK);

	close(fd);
	close(first);
	close(second);
}

/* Runs the context until the agent's count is n, which its thread raises without a sign for us. */
static void
run_until(const volatile unsigned *count, unsigned n)
{
	struct pollfd p = {.fd = map_fd(map), .events = POLLIN};

	while (*count < n) {
		int wait = map_timeout(map);

		assert_true(poll(&p, 1, wait >= 0 && wait < 10 ? wait : 10) >= 0);
		map_process(map);
	}
}

/* An agent that goes is no end of a session: the next one is told of it without anybody asking, and an event of one that was
 * closed meanwhile is answered. */
static void
test_datagrams_without_agent(void **state)
{
	struct session_event event = {.kind = SESSION_LOST, .why = "no answer"};
	int receiver = receive_from(3), fd;

	(void)state;
	moved.n = 0;
	pair(1, 3, 0);
	fd = map_connect(map, NULL, "host.example.org", port, MAP_DATAGRAM);
	assert_true(fd >= 0);
	assert_int_equal(map_on_move(map, fd, on_moved, &moved), 0);
	fake_wait(fake, &fake->notes, 1);
	assert_int_equal(map_doubt(map, fd), 0);
	fake_wait(fake, &fake->doubts, 1);
	assert_int_equal(map_doubt(map, receiver), -MAP_ENOTFOUND);
	fake_hang_up(fake);
	run_until(&fake->notes, 2);
	assert_int_equal(fake->note.destination[15], 3);
	assert_int_equal(send(fd, "still", 5, 0), 5);
	expect_datagram(receiver, "still", 1);
	close(fd);
	fake_tell(fake, fake->number, &event);
	run_until(&fake->forgets, 1);
	assert_int_equal(moved.n, 0);
	close(receiver);
}

/* A TCP session that was ended is opened anew, to the same identity; the token comes first. */
static void
test_reconnect(void **state)
{
	struct session_event event = {.kind = SESSION_ENDED, .why = "no answer"};
	int listener = listen_on(3, 8), fd, again, accepted;
	char octets[8] = "";

	(void)state;
	moved.n = 0;
	pair(1, 3, 0);
	fake->result_of_id = fake->result;
	fd = map_connect(map, NULL, "host.example.org", port, 0);
	assert_true(fd >= 0);
	accepted = accept(listener, NULL, NULL);
	assert_int_equal(map_on_move(map, fd, on_moved, &moved), 0);
	fake_wait(fake, &fake->notes, 1);
	assert_int_equal(fake->note.transport, SESSION_TCP);
	fake_tell(fake, fake->number, &event);
	wait_moved(1);
	assert_int_equal(moved.what, MAP_BROKEN);
	close(accepted);
	assert_int_equal(map_reconnect(map, listener, "x", 1), -MAP_ENOTFOUND);
	assert_int_equal(map_reconnect(map, fd, "x", MAP_TOKEN_MAX + 1), -MAP_EUSAGE);
	again = map_reconnect(map, fd, "token", 5);
	assert_true(again >= 0 && again != fd);
	assert_int_equal(
	    fake->last.id.form, EID_ADDRESS); /* whom it was with, not what was asked for */
	assert_true(fake->last.flags & RESOLVE_TRUSTED_ID);
	accepted = accept(listener, NULL, NULL);
	assert_int_equal(recv(accepted, octets, sizeof octets, 0), 5);
	assert_string_equal(octets, "token");
	close(accepted);
	close(again);
	close(fd);
	close(listener);
}

/* The accepted side: who is said to be at the peer's address, if he has it in turn. */
static void
test_peer_hint(void **state)
{
	struct sockaddr_in from = loopback(3, 0), to;
	char text[NAME_TEXT], identity[MAP_IDENTITY_TEXT];
	int listener = listen_on(4, 8), fd, accepted;

	(void)state;
	to = loopback(4, number);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
	assert_int_equal(map_peer_hint(map, fd, identity), -MAP_ESYS);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	accepted = accept(listener, NULL, NULL);
	assert_true(accepted >= 0);
	assert_int_equal(map_peer_hint(map, accepted, identity), 0);
	assert_string_equal(identity, HHIT);
	assert_string_equal(name_print(&fake->last.id.name, text), "3.0.0.127.in-addr.arpa.");
	assert_int_equal(fake->last.flags, 0); /* nothing insecure */
	fake->result.identities[0].locators[0].trust = VERDICT_INSECURE;
	fake->result.identities[1].locators[0].locator.address[15] = 9;
	assert_int_equal(map_peer_hint(map, accepted, identity), -MAP_EMISMATCH);
	assert_string_equal(identity, "");
	fake->result.kind = RESULT_LEGACY;
	assert_int_equal(map_peer_hint(map, accepted, identity), -MAP_ENOTFOUND);
	fake->result.error = -MAP_EINSECURE;
	assert_int_equal(map_peer_hint(map, accepted, identity), -MAP_EINSECURE);
	close(fd);
	close(accepted);
	close(listener);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_datagrams),
	    T(test_datagrams_without_agent),
	    T(test_reconnect),
	    T(test_peer_hint),
	};

	return cmocka_run_group_tests_name("libmap/watch", tests, NULL, NULL);
}
