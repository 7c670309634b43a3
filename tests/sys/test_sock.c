/*
 * test_sock.c - core/sys/sock: addresses in text, batches of datagrams, Unix sockets left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sys/sock.h"
#include "core/wire/errors.h"

struct text_row {
	const char *in;
	const char *out; /* NULL: refused */
};

static const struct text_row text_rows[] = {
    {"192.0.2.1", "192.0.2.1@53"},
    {"192.0.2.1@5353", "192.0.2.1@5353"},
    {"2001:DB8::1", "2001:db8::1@53"},
    {"2001:db8:0:0::1@65535", "2001:db8::1@65535"},
    {"::@1", "::@1"},
    {"::ffff:192.0.2.1", "::ffff:192.0.2.1@53"},
    {"fe80::1%lo@53", "fe80::1%lo@53"},
    {"", NULL},
    {"@53", NULL},
    {"192.0.2.1@", NULL},
    {"192.0.2.1@0", NULL},
    {"192.0.2.1@65536", NULL},
    {"192.0.2.1@99999999999999999999", NULL},
    {"192.0.2.1@+53", NULL},
    {"192.0.2.1@053", NULL},
    {"192.0.2.1@53 ", NULL},
    {"192.0.2.1:53", NULL},
    {"192.0.2", NULL},
    {"host.example", NULL},
    {"[2001:db8::1]@53", NULL},
    {"2001:db8::1%nosuchif@53", NULL},
    {"fe80::1%@53", NULL},
    {"192.0.2.1%lo", NULL},
    {"2001:db8:1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee", NULL},
};

static void
test_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof text_rows / sizeof text_rows[0]; i++) {
		struct addr addr;
		char text[ADDR_TEXT];
		int error = addr_scan(text_rows[i].in, 53, &addr);

		if (text_rows[i].out == NULL) {
			if (error != -MAP_ETEXT)
				fail_msg("\"%s\" was taken", text_rows[i].in);
			continue;
		}
		assert_int_equal(error, 0);
		assert_string_equal(addr_print(&addr, text), text_rows[i].out);
	}
}

static void
test_octets(void **state)
{
	struct addr a;
	struct addr b;
	uint8_t octets[16];

	(void)state;
	assert_int_equal(addr_scan("192.0.2.1@7", 0, &a), 0);
	addr_to_octets(&a, octets);
	assert_memory_equal(octets, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", 16);
	addr_from_octets(octets, 7, &b);
	assert_true(addr_equal(&a, &b));
	addr_from_octets(octets, 8, &b);
	assert_false(addr_equal(&a, &b));
	assert_int_equal(addr_port(&b), 8);
	assert_int_equal(addr_scan("2001:db8::1@7", 0, &a), 0);
	addr_to_octets(&a, octets);
	addr_from_octets(octets, 7, &b);
	assert_true(addr_equal(&a, &b));
	memset(&a, 0, sizeof a);
	assert_false(addr_equal(&a, &b));
	assert_int_equal(addr_port(&a), 0);
}

static void
wait_for(int fd)
{
	struct pollfd wait = {fd, POLLIN, 0};

	assert_int_equal(poll(&wait, 1, 5000), 1);
}

/* Bound to any address, a server answers from the one it was asked at. */
static void
check_batch(const char *any, const char *at)
{
	struct addr server_at;
	struct addr client_at;
	struct addr to;
	static uint8_t room[SOCK_BATCH][64];
	static struct datagram batch[SOCK_BATCH];
	int server;
	int client;
	int n = 0;

	assert_int_equal(addr_scan(any, 0, &server_at), 0);
	assert_int_equal(addr_scan(at, 0, &to), 0);
	server = sock_udp_bind(&server_at);
	assert_true(server >= 0);
	assert_int_equal(sock_local(server, &server_at), 0);
	client_at = to;
	client = sock_udp_bind(&client_at);
	assert_true(client >= 0);
	if (to.sa.sa_family == AF_INET)
		to.in4.sin_port = htons(addr_port(&server_at));
	else
		to.in6.sin6_port = htons(addr_port(&server_at));
	for (int i = 0; i < SOCK_BATCH; i++)
		batch[i] = (struct datagram){.buffer = room[i], .max = 64};
	assert_int_equal(sock_receive(server, batch, SOCK_BATCH), 0); /* none waits */
	for (int i = 0; i < 3; i++) {
		batch[i].n = i == 1 ? 0 : 10 + (size_t)i; /* 0: not to be sent */
		batch[i].peer = to;
		memset(room[i], 'a' + i, 64);
	}
	assert_int_equal(sock_send(client, batch, 3), 2);
	assert_int_equal(sendto(client, room, 65, 0, &to.sa, to.n), 65);
	while (n < 3) {
		int got;

		wait_for(server);
		got = sock_receive(server, batch + n, SOCK_BATCH - n);
		assert_true(got > 0);
		n += got;
	}
	assert_int_equal(batch[0].n, 10);
	assert_int_equal(batch[1].n, 12);
	assert_int_equal(batch[1].buffer[0], 'c');
	assert_int_equal(batch[2].n, 0); /* longer than there was room for */
	assert_true(batch[0].local.n > 0);
	assert_int_equal(sock_send(server, batch, 3), 2);
	wait_for(client);
	for (int i = 0; i < SOCK_BATCH; i++)
		batch[i] = (struct datagram){.buffer = room[i], .max = 64};
	n = 0;
	while (n < 2) {
		wait_for(client);
		n += sock_receive(client, batch + n, SOCK_BATCH - n);
	}
	assert_true(addr_equal(&batch[0].peer, &to));
	assert_true(addr_equal(&batch[1].peer, &to));
	close(server);
	close(client);
}

static void
test_batch(void **state)
{
	(void)state;
	check_batch("0.0.0.0", "127.0.0.2");
	check_batch("::", "::1");
}

/* One that cannot go out does not keep the others. */
static void
test_send_error(void **state)
{
	struct addr at;
	struct datagram batch[2];
	uint8_t octet[1] = {1};
	int fd;

	(void)state;
	assert_int_equal(addr_scan("127.0.0.1", 0, &at), 0);
	fd = sock_udp_bind(&at);
	assert_true(fd >= 0);
	for (int i = 0; i < 2; i++)
		batch[i] = (struct datagram){.buffer = octet, .max = 1, .n = 1};
	assert_int_equal(
	    addr_scan("2001:db8::1@9", 0, &batch[0].peer), 0); /* not on this socket */
	assert_int_equal(sock_local(fd, &batch[1].peer), 0);
	assert_int_equal(sock_send(fd, batch, 2), 1);
	close(fd);
}

/* What SO_REUSEPORT would let two servers of one user share is told apart, for either protocol. */
static void
test_probe(void **state)
{
	struct addr at;
	int fd;

	(void)state;
	for (int tcp = 0; tcp < 2; tcp++) {
		assert_int_equal(addr_scan("127.0.0.3", 0, &at), 0);
		fd = tcp ? sock_tcp_listen(&at, 8) : sock_udp_bind(&at);
		assert_true(fd >= 0);
		assert_int_equal(sock_local(fd, &at), 0);
		assert_int_equal(sock_probe(&at), -MAP_ESYS);
		assert_int_equal(errno, EADDRINUSE);
		close(fd);
		assert_int_equal(sock_probe(&at), 0);
	}
}

static void
test_tcp(void **state)
{
	struct addr at;
	struct addr peer;
	int listener;
	int fd;
	int client;

	(void)state;
	assert_int_equal(addr_scan("127.0.0.1", 0, &at), 0);
	listener = sock_tcp_listen(&at, 8);
	assert_true(listener >= 0);
	assert_int_equal(sock_accept(listener, &peer), -MAP_ESYS);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(sock_local(listener, &at), 0);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, &at.sa, at.n), 0);
	wait_for(listener);
	fd = sock_accept(listener, &peer);
	assert_true(fd >= 0);
	assert_int_equal(sock_local(client, &at), 0);
	assert_true(addr_equal(&at, &peer));
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
	close(client);
	close(listener);
}

static void
test_unix(void **state)
{
	char dir[] = "/tmp/test_sock.XXXXXX";
	char path[64];
	char long_path[200];
	struct stat st;
	struct addr peer;
	uint32_t uid = 1;
	int listener;
	int client;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/socket", dir);
	assert_int_equal(sock_unix_connect(path), -MAP_ESYS);
	assert_int_equal(errno, ENOENT);
	listener = sock_unix_listen(path, 0660);
	assert_true(listener >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	client = sock_unix_connect(path);
	assert_true(client >= 0);
	fd = sock_accept(listener, &peer);
	assert_true(fd >= 0);
	assert_int_equal(sock_unix_peer(fd, &uid), 0);
	assert_int_equal(uid, getuid());
	assert_int_equal(sock_unix_listen(path, 0660), -MAP_EEXIST); /* somebody serves there */
	close(fd);
	close(client);
	close(listener);
	listener = sock_unix_listen(path, 0600); /* left behind by a process that died */
	assert_true(listener >= 0);
	close(listener);
	assert_int_equal(unlink(path), 0);

	fd = open(
	    path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600); /* never removes what is no socket */
	close(fd);
	assert_int_equal(sock_unix_listen(path, 0660), -MAP_ESYS);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(unlink(path), 0);
	memset(long_path, 'a', sizeof long_path);
	long_path[sizeof long_path - 1] = '\0';
	assert_int_equal(sock_unix_listen(long_path, 0660), -MAP_ESYS);
	assert_int_equal(errno, ENAMETOOLONG);
	rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_octets),
	    cmocka_unit_test(test_batch),
	    cmocka_unit_test(test_send_error),
	    cmocka_unit_test(test_probe),
	    cmocka_unit_test(test_tcp),
	    cmocka_unit_test(test_unix),
	};

	return cmocka_run_group_tests_name("sys/sock", tests, NULL, NULL);
}
