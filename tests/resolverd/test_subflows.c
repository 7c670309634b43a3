/*
 * test_subflows.c - are sessions of this host read as the kernel has them, by IPv6 and by IPv4?
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mptcp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/wire/errors.h"
#include "resolverd/mptcp.h"
#include "resolverd/peers.h"
#include "resolverd/subflows.h"

#define MPTCP 262

union address {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

/* One session over loopback: both ends, in ends; mapped: of IPv6 sockets, by IPv4. False: there is no MPTCP. */
static bool
session_open_by(int family, bool mapped, int ends[2], union address *at)
{
	int listener = socket(family, SOCK_STREAM, MPTCP);
	socklen_t n = sizeof *at;

	if (listener < 0)
		return false;
	memset(at, 0, sizeof *at);
	at->sa.sa_family = (sa_family_t)family;
	if (mapped)
		assert_int_equal(
		    inet_pton(AF_INET6, "::ffff:127.0.0.1", &at->in6.sin6_addr), 1);
	else if (family == AF_INET6)
		at->in6.sin6_addr = in6addr_loopback;
	else
		at->in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, &at->sa, n), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, &at->sa, &n), 0);
	ends[0] = socket(family, SOCK_STREAM, MPTCP);
	assert_int_equal(connect(ends[0], &at->sa, n), 0);
	ends[1] = accept(listener, NULL, NULL);
	assert_true(ends[1] >= 0);
	/* the acceptor's end is whole when it has data */
	assert_int_equal(send(ends[0], "x", 1, 0), 1);
	assert_int_equal(recv(ends[1], &(char){0}, 1, 0), 1);
	close(listener);
	return true;
}

static bool
session_open(int family, int ends[2], union address *at)
{
	return session_open_by(family, false, ends, at);
}

static bool
session_has(const struct subflows *seen, uint32_t token)
{
	for (size_t i = 0; i < seen->n_sessions; i++)
		if (seen->sessions[i].token == token)
			return true;
	return false;
}

/* How many subflows have this port at one end and are from and to this address. */
static unsigned
found(const struct subflows *seen, uint16_t port, const uint8_t address[16])
{
	unsigned n = 0;

	for (size_t i = 0; i < seen->n; i++) {
		const struct subflow *s = &seen->list[i];

		if ((s->local_port != port && s->remote_port != port) ||
		    memcmp(s->local, address, 16) != 0 || memcmp(s->remote, address, 16) != 0)
			continue;
		assert_true(session_has(seen, s->token));
		assert_int_equal(s->began, s->remote_port == port);
		n++;
	}
	return n;
}

static void
mptcp(void **state)
{
	static const uint8_t loopback6[16] = {[15] = 1},
			     loopback4[16] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1};
	static const uint8_t nobody[16] = {0x20, 0x01, 0x0d, 0xb8};
	struct subflows seen = {.n = 0};
	union address at6, at4;
	struct netlink *diag;
	int six[2], four[2], listener;
	struct peers *peers;

	(void)state;
	if (geteuid() != 0 || !session_open(AF_INET6, six, &at6)) /* root alone sees tokens */
		skip();
	assert_true(session_open(AF_INET, four, &at4));
	assert_int_equal(netlink_open(NETLINK_SOCK_DIAG, 0, &diag), 0);
	assert_int_equal(subflows_read(diag, &seen), 0);
	assert_true(seen.complete);
	assert_int_equal(found(&seen, ntohs(at6.in6.sin6_port), loopback6), 2);
	assert_int_equal(found(&seen, ntohs(at4.in4.sin_port), loopback4), 2);
	listener = socket(AF_INET6, SOCK_STREAM, MPTCP);
	assert_int_equal(listen(listener, 1), 0);
	assert_true(subflows_listen(diag));
	close(listener);
	assert_int_equal(peers_open(&peers), 0);
	assert_true(peers_has(peers, loopback6));
	assert_true(peers_has(peers, loopback4));
	assert_false(peers_has(peers, nobody));
	peers_close(peers);
	netlink_close(diag);
	subflows_clear(&seen);
	for (size_t i = 0; i < 2; i++) {
		close(six[i]);
		close(four[i]);
	}
}

/* Sessions that begin at this port (began), or end at it; 0: none. */
static uint32_t
token(const struct subflows *seen, uint16_t port, bool began)
{
	for (size_t i = 0; i < seen->n; i++)
		if (seen->list[i].began == began &&
		    (began ? seen->list[i].remote_port : seen->list[i].local_port) == port)
			return seen->list[i].token;
	return 0;
}

/* What its program has closed is over, though it lingers as long as the other end is open. */
static void
over(void **state)
{
	struct subflows seen = {.n = 0};
	union address at;
	struct netlink *diag;
	uint32_t begun, accepted;
	int ends[2];

	(void)state;
	if (geteuid() != 0 || !session_open(AF_INET6, ends, &at))
		skip();
	assert_int_equal(netlink_open(NETLINK_SOCK_DIAG, 0, &diag), 0);
	assert_int_equal(subflows_read(diag, &seen), 0);
	begun = token(&seen, ntohs(at.in6.sin6_port), true);
	accepted = token(&seen, ntohs(at.in6.sin6_port), false);
	assert_true(subflows_live(&seen, begun));
	assert_true(subflows_live(&seen, accepted));
	assert_int_equal(seen.list[subflows_of(&seen, begun)].token, begun);
	close(ends[0]);
	assert_int_equal(subflows_read(diag, &seen), 0);
	assert_false(subflows_live(&seen, begun));
	assert_true(subflows_live(&seen, accepted));
	netlink_close(diag);
	subflows_clear(&seen);
	close(ends[1]);
}

/* Closing waits for the other end's answers, though the program does not: those that are known are read until this one is gone. */
static bool
gone(struct netlink *diag, struct subflows *seen, uint32_t token)
{
	for (unsigned turn = 0; turn < 10000; turn++) {
		assert_int_equal(subflows_again(diag, seen), 0);
		if (subflows_of(seen, token) == seen->n)
			return true;
		(void)poll(NULL, 0, 1);
	}
	return false;
}

/* Those that are known are read anew one by one; what is gone is not there any more, and what began since is not found. */
static void
again(void **state)
{
	struct subflows seen = {.n = 0};
	union address at6, at4;
	struct netlink *diag;
	uint32_t begun, accepted;
	uint64_t before;
	int six[2], four[2], mapped[2];
	size_t i;

	(void)state;
	if (geteuid() != 0 || !session_open(AF_INET6, six, &at6))
		skip();
	assert_int_equal(netlink_open(NETLINK_SOCK_DIAG, 0, &diag), 0);
	assert_int_equal(subflows_read(diag, &seen), 0);
	begun = token(&seen, ntohs(at6.in6.sin6_port), true);
	accepted = token(&seen, ntohs(at6.in6.sin6_port), false);
	before = seen.list[subflows_of(&seen, accepted)].octets_in;
	assert_int_equal(send(six[0], "yz", 2, 0), 2);
	assert_int_equal(recv(six[1], &(char[2]){0}, 2, MSG_WAITALL), 2);
	assert_true(session_open(AF_INET, four, &at4));
	assert_true(session_open_by(AF_INET6, true, mapped, &at6));
	assert_int_equal(subflows_again(diag, &seen), 0);
	i = subflows_of(&seen, accepted);
	assert_true(i < seen.n);
	assert_int_equal(seen.list[i].octets_in, before + 2);
	assert_true(subflows_of(&seen, begun) < seen.n);
	assert_int_equal(token(&seen, ntohs(at4.in4.sin_port), true), 0);
	assert_int_equal(subflows_read(diag, &seen), 0);
	assert_int_equal(subflows_again(diag, &seen), 0);
	assert_true(token(&seen, ntohs(at4.in4.sin_port), true) != 0);
	assert_true(token(&seen, ntohs(at6.in6.sin6_port), true) != 0);
	for (i = 0; i < 2; i++)
		close(six[i]);
	assert_true(gone(diag, &seen, begun));
	assert_false(subflows_live(&seen, begun));
	assert_true(token(&seen, ntohs(at4.in4.sin_port), false) != 0);
	netlink_close(diag);
	subflows_clear(&seen);
	for (i = 0; i < 2; i++) {
		close(four[i]);
		close(mapped[i]);
	}
}

/* Thousands of sessions are seen, all of them. */
static void
many(void **state)
{
	enum { MANY = 1500 };
	struct subflows seen = {.n = 0};
	static int ends[MANY][2];
	struct rlimit files = {4 * MANY, 4 * MANY};
	union address at;
	struct netlink *diag;

	(void)state;
	if (geteuid() != 0 || setrlimit(RLIMIT_NOFILE, &files) < 0 ||
	    !session_open(AF_INET6, ends[0], &at))
		skip();
	for (size_t i = 1; i < MANY; i++)
		assert_true(session_open(AF_INET6, ends[i], &at));
	assert_int_equal(netlink_open(NETLINK_SOCK_DIAG, 0, &diag), 0);
	assert_int_equal(subflows_read(diag, &seen), 0);
	assert_true(seen.complete);
	assert_true(seen.n >= 2 * MANY);
	assert_true(seen.n_sessions >= 2 * MANY);
	netlink_close(diag);
	subflows_clear(&seen);
	for (size_t i = 0; i < MANY; i++) {
		close(ends[i][0]);
		close(ends[i][1]);
	}
}

/* An own network namespace, with a loopback, where the userspace path manager has all sessions. False: not here. */
static bool
world_open(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd, pm;
	bool up;

	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	pm = open("/proc/sys/net/mptcp/pm_type", O_WRONLY);
	up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &lo) == 0 && pm >= 0 && write(pm, "1", 1) == 1;
	close(fd);
	close(pm);
	return up;
}

/* The kernel keeps the number that an own address was given in a session, tells it, and takes no other. */
static void
numbers(void **state)
{
	static const uint8_t address[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 5};
	struct subflows seen = {.n = 0};
	struct mptcp_endpoint list[4];
	struct netlink *diag;
	struct mptcp *pm;
	union address at;
	uint32_t begun;
	int ends[2];
	size_t n;

	(void)state;
	if (!world_open() || !session_open(AF_INET6, ends, &at))
		skip();
	assert_int_equal(netlink_open(NETLINK_SOCK_DIAG, 0, &diag), 0);
	assert_int_equal(subflows_read(diag, &seen), 0);
	begun = token(&seen, ntohs(at.in6.sin6_port), true);
	assert_int_equal(mptcp_open(&pm), 0);
	assert_int_equal(mptcp_numbers(pm, begun, list, 4, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(mptcp_announce(pm, begun, address, 5), 0);
	assert_int_equal(mptcp_announce(pm, begun, address, 6), -MAP_ESYS);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(mptcp_numbers(pm, begun, list, 4, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(list[0].id, 5);
	assert_memory_equal(list[0].address, address, 16);
	assert_true((list[0].flags & MPTCP_PM_ADDR_FLAG_SIGNAL) != 0);
	assert_int_equal(mptcp_numbers(pm, begun + 1, list, 4, &n), 0);
	assert_int_equal(n, 0);
	mptcp_close(pm);
	netlink_close(diag);
	subflows_clear(&seen);
	close(ends[0]);
	close(ends[1]);
}

/* Who leads there and is not by this address; or else to anybody else of that family who is no neighbour, and not managed. */
static void
lacking(void **state)
{
	static const uint8_t to[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1},
			     ipv4[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1},
			     by[16] = {0x20, 1, 0x0d, 0xb8, [14] = 1},
			     other[16] = {0x20, 1, 0x0d, 0xb8, [14] = 2};
	struct subflow list[] = {{.token = 1, .remote = {0xfe, 0x80, [15] = 1}},
	    {.token = 2, .remote = {0x20, 1, 0x0d, 0xb8, [15] = 2}},
	    {.token = 3, .remote = {0x20, 1, 0x0d, 0xb8, [15] = 1}}, {.token = 4},
	    {.token = 4}};
	struct subflows seen = {.n = 3, .list = list, .complete = true};

	(void)state;
	assert_ptr_equal(subflows_lacking(&seen, by, to), &list[2]);
	list[2].managed = true;
	assert_ptr_equal(subflows_lacking(&seen, by, to), &list[1]);
	assert_null(subflows_lacking(&seen, by, ipv4));
	list[1].managed = true;
	assert_null(subflows_lacking(&seen, by, to));
	list[1].managed = list[2].managed = false;
	seen.n = 5;
	memcpy(list[3].local, other, 16);
	memcpy(list[4].local, by, 16);
	assert_ptr_equal(subflows_lacking(&seen, by, to), &list[2]);
	memcpy(list[2].local, by, 16);
	assert_null(subflows_lacking(&seen, by, to)); /* that one was accepted */
	list[1].began = true;
	assert_ptr_equal(subflows_lacking(&seen, by, to), &list[1]);
	seen.complete = false;
	assert_null(subflows_lacking(&seen, by, to));
}

/* Each that is by an address has another one, which is not to be that either. */
static void
spare(void **state)
{
	static const uint8_t by[16] = {1}, other[16] = {2}, third[16] = {3};
	struct subflow list[] = {{.token = 1, .local = {2}}, {.token = 2, .local = {1}},
	    {.token = 2, .local = {2}}, {.token = 3, .local = {1}}};
	struct subflows seen = {.n = 3, .list = list, .complete = true};

	(void)state;
	assert_true(subflows_spare(&seen, by, NULL));
	assert_true(subflows_spare(&seen, by, third));
	assert_false(subflows_spare(&seen, by, other));
	assert_true(subflows_spare(&seen, third, other));
	seen.n = 4;
	assert_false(subflows_spare(&seen, by, NULL));
	list[3].managed = true;
	assert_true(subflows_spare(&seen, by, NULL));
	seen.complete = false;
	assert_false(subflows_spare(&seen, by, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mptcp), cmocka_unit_test(over), cmocka_unit_test(again),
	    cmocka_unit_test(many), cmocka_unit_test(lacking), cmocka_unit_test(spare),
	    cmocka_unit_test(numbers), /* the last: in a namespace of its own from then on */
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
