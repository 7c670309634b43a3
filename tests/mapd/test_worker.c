/*
 * test_worker.c - a worker thread over real sockets: datagrams, pipelined and broken TCP, clients that
 * do not read, limits, new addresses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/wire/message.h"
#include "core/wire/rrtype.h"
#include "mapd/tcp.h"
#include "mapd/worker.h"
#include "tests/mapd/world.h"

#define WAIT 20 /* seconds: what comes later counts as never */

static struct world *world;
static struct worker *worker;
static struct addr at; /* where the worker listens */

static struct wr
query_write(uint8_t *buffer, size_t max, const char *text, uint16_t id)
{
	struct wr wr = wr_init(buffer, max);
	struct name name;

	assert_int_equal(name_from(text, &name), 0);
	wr_u16(&wr, id);
	wr_u16(&wr, 0);
	wr_u16(&wr, 1);
	wr_u32(&wr, 0);
	wr_u16(&wr, 0);
	name_put(&wr, &name);
	wr_u16(&wr, RR_A);
	wr_u16(&wr, CLASS_IN);
	return wr;
}

/* A new order: addr, of which any port becomes the port that was free. */
static void
listen_at(struct addr *addr)
{
	struct order *order = calloc(1, sizeof(*order));
	struct listener *listener = calloc(1, sizeof(*listener));
	const struct addr asked = *addr;

	assert_non_null(order);
	assert_non_null(listener);
	/* a port that is free for UDP may be somebody's for TCP */
	for (int i = 0; i < 50; i++) {
		listener->udp = sock_udp_bind(&asked);
		assert_true(listener->udp >= 0);
		assert_int_equal(sock_local(listener->udp, addr), 0);
		listener->tcp = sock_tcp_listen(addr, 16);
		if (listener->tcp >= 0)
			break;
		close(listener->udp);
	}
	assert_true(listener->tcp >= 0);
	listener->addr = *addr;
	order->listeners = listener;
	order->n_listeners = 1;
	assert_int_equal(worker_post(worker, order), 0);
}

static int
client_open(int type, const struct addr *to)
{
	struct timeval wait = {.tv_sec = WAIT};
	int fd = socket(to->sa.sa_family, type, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	assert_int_equal(connect(fd, &to->sa, to->n), 0);
	return fd;
}

/* From another address of the loopback interface. */
static int
client_open_from(const struct addr *to, unsigned number)
{
	struct timeval wait = {.tv_sec = WAIT};
	struct addr from = *to;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	from.in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 256 + number);
	from.in4.sin_port = 0;
	assert_int_equal(bind(fd, &from.sa, from.n), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	assert_int_equal(connect(fd, &to->sa, to->n), 0);
	return fd;
}

static void
octets_read(int fd, uint8_t *to, size_t n)
{
	while (n > 0) {
		ssize_t got = read(fd, to, n);

		assert_true(got > 0);
		to += got;
		n -= (size_t)got;
	}
}

/* Reads one answer over TCP; returns its id, *rcode its RCODE. */
static uint16_t
answer_read(int fd, int *rcode)
{
	static uint8_t answer[65535];
	uint8_t head[2];

	octets_read(fd, head, 2);
	assert_true(get_u16(head) >= HEADER_SIZE);
	octets_read(fd, answer, get_u16(head));
	*rcode = answer[3] & 15;
	return get_u16(answer);
}

static void
query_send(int fd, const char *name, uint16_t id)
{
	uint8_t buffer[600];
	struct wr wr = query_write(buffer + 2, sizeof(buffer) - 2, name, id);

	put_u16(buffer, (uint16_t)wr.n);
	assert_int_equal(write(fd, buffer, wr.n + 2), wr.n + 2);
}

static bool
is_closed(int fd)
{
	uint8_t octet;

	return read(fd, &octet, 1) <= 0;
}

/* Closes, and waits until the worker has noticed: it counts who is there. */
static void
client_end(int fd)
{
	uint8_t rest[4096];

	shutdown(fd, SHUT_WR);
	while (read(fd, rest, sizeof(rest)) > 0)
		;
	close(fd);
}

static void
udp_ask(const struct addr *to, uint16_t id)
{
	uint8_t buffer[600], answer[1500];
	struct wr wr = query_write(buffer, sizeof(buffer), "www.example.test.", id);
	int fd = client_open(SOCK_DGRAM, to);

	assert_int_equal(write(fd, buffer, wr.n), wr.n);
	/* connected: only an answer from the address that was asked arrives */
	assert_true(read(fd, answer, sizeof(answer)) > HEADER_SIZE);
	assert_int_equal(get_u16(answer), id);
	assert_int_equal(answer[3] & 15, RCODE_NOERROR);
	close(fd);
}

static void
test_udp(void **state)
{
	(void)state;
	for (uint16_t id = 1; id < 300; id++)
		udp_ask(&at, id);
	assert_true(stats_get(worker_stats(worker), STAT_QUERY_UDP) >= 299);
}

static void
test_tcp_pipelined(void **state)
{
	uint8_t all[3 * 64];
	size_t n = 0;
	int fd = client_open(SOCK_STREAM, &at), rcode;

	(void)state;
	for (uint16_t id = 1; id <= 3; id++) {
		struct wr wr = query_write(all + n + 2, 62,
		    id == 2 ? "nothing.example.test." : "www.example.test.", id);

		put_u16(all + n, (uint16_t)wr.n);
		n += 2 + wr.n;
	}
	assert_int_equal(write(fd, all, n), n);
	for (uint16_t id = 1; id <= 3; id++) {
		assert_int_equal(answer_read(fd, &rcode), id);
		assert_int_equal(rcode, id == 2 ? RCODE_NXDOMAIN : RCODE_NOERROR);
	}
	/* octet by octet */
	for (size_t i = 0; i < n; i++)
		assert_int_equal(write(fd, all + i, 1), 1);
	for (uint16_t id = 1; id <= 3; id++)
		assert_int_equal(answer_read(fd, &rcode), id);
	client_end(fd);
}

static void
test_tcp_sizes(void **state)
{
	static uint8_t whole[2 + 65535];
	int fd, rcode;

	(void)state;
	/* too short to be answered: the connection ends */
	for (uint16_t n = 0; n < HEADER_SIZE; n++) {
		fd = client_open(SOCK_STREAM, &at);
		put_u16(whole, n);
		assert_int_equal(write(fd, whole, 2u + n), 2 + n);
		assert_true(is_closed(fd));
		close(fd);
	}
	/* the longest there is: malformed, and the connection goes on */
	fd = client_open(SOCK_STREAM, &at);
	put_u16(whole, 65535);
	put_u16(whole + 2, 77);
	for (size_t sent = 0; sent < sizeof(whole);)
		sent += (size_t)write(fd, whole + sent, sizeof(whole) - sent);
	assert_int_equal(answer_read(fd, &rcode), 77);
	assert_int_equal(rcode, RCODE_FORMERR);
	query_send(fd, "www.example.test.", 78);
	assert_int_equal(answer_read(fd, &rcode), 78);
	client_end(fd);
}

/* CVE-2024-0760: who asks without reading is not read any more, and others do not notice. */
static void
test_tcp_never_reads(void **state)
{
	struct timeval soon = {.tv_usec = 200000};
	uint8_t buffer[600];
	struct wr wr = query_write(buffer + 2, sizeof(buffer) - 2, "big.example.test.", 1);
	int deaf = client_open(SOCK_STREAM, &at);
	size_t sent = 0;

	(void)state;
	put_u16(buffer, (uint16_t)wr.n);
	assert_int_equal(setsockopt(deaf, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon)), 0);
	while (sent < (64u << 20)) {
		ssize_t n = write(deaf, buffer, wr.n + 2);

		if (n < 0)
			break;
		sent += (size_t)n;
	}
	assert_true(sent < (64u << 20));
	udp_ask(&at, 5);
	close(deaf);
}

static void
test_tcp_limit_of_a_client(void **state)
{
	int fds[TCP_CLIENT + 1], rcode;
	uint64_t refused = stats_get(worker_stats(worker), STAT_TCP_LIMIT);

	(void)state;
	for (unsigned i = 0; i < TCP_CLIENT; i++) {
		fds[i] = client_open(SOCK_STREAM, &at);
		query_send(fds[i], "www.example.test.", (uint16_t)i);
		assert_int_equal(answer_read(fds[i], &rcode), i);
	}
	fds[TCP_CLIENT] = client_open(SOCK_STREAM, &at);
	assert_true(is_closed(fds[TCP_CLIENT]));
	assert_int_equal(stats_get(worker_stats(worker), STAT_TCP_LIMIT), refused + 1);
	close(fds[TCP_CLIENT]);
	for (unsigned i = 0; i < TCP_CLIENT; i++)
		client_end(fds[i]);
}

/* When three quarters of the room are taken, who says nothing has to go soon; the others stay. */
static void
test_tcp_crowd(void **state)
{
	static int fds[TCP_CONNECTIONS * 3 / 4 + 1];
	const size_t n = sizeof(fds) / sizeof(fds[0]);
	uint64_t timeouts = stats_get(worker_stats(worker), STAT_TCP_TIMEOUT);
	uint64_t start;
	int mute, rcode;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		fds[i] = client_open_from(&at, (unsigned)(i / TCP_CLIENT));
		query_send(fds[i], "www.example.test.", 1);
		assert_int_equal(answer_read(fds[i], &rcode), 1);
	}
	start = loop_now_ms();
	mute = client_open_from(&at, (unsigned)(n / TCP_CLIENT + 1));
	assert_true(is_closed(mute));
	assert_true(loop_now_ms() - start < TCP_IDLE);
	query_send(fds[n - 1], "www.example.test.", 2);
	assert_int_equal(answer_read(fds[n - 1], &rcode), 2);
	/* it answered after it had closed, and so has counted */
	assert_int_equal(stats_get(worker_stats(worker), STAT_TCP_TIMEOUT), timeouts + 1);
	close(mute);
	for (size_t i = 0; i < n; i++)
		client_end(fds[i]);
}

/* A socket bound to all addresses answers from the one that was asked. */
static void
test_new_address(void **state)
{
	struct addr any, old = at, other;
	int fd;

	(void)state;
	assert_int_equal(addr_scan("0.0.0.0@1", 1, &any), 0);
	any.in4.sin_port = 0;
	listen_at(&any);
	assert_int_equal(addr_scan("127.0.0.2@1", 1, &other), 0);
	other.in4.sin_port = any.in4.sin_port;
	udp_ask(&other, 9);
	other.in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	udp_ask(&other, 10);
	/* the old one is closed by now: the order was obeyed as a whole */
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(connect(fd, &old.sa, old.n) < 0);
	close(fd);
}

static int
setup(void **state)
{
	const char *source = getenv("srcdir");
	char path[1024];
	struct rlimit files;

	(void)state;
	/* both ends of a crowd */
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return -1;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		return -1;
	snprintf(
	    path, sizeof(path), "%s/tests/cases/basic.zone", source != NULL ? source : ".");
	world = world_new();
	if (world == NULL || !world_load(world, "example.test.", path, DENIAL_NSEC3) ||
	    worker_new(world_store(world), 0, &worker) != 0 || worker_start(worker) != 0 ||
	    addr_scan("127.0.0.1@1", 1, &at) != 0)
		return -1;
	at.in4.sin_port = 0;
	listen_at(&at);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	worker_stop(worker);
	worker_free(worker);
	world_free(world);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_udp),
	    cmocka_unit_test(test_tcp_limit_of_a_client),
	    cmocka_unit_test(test_tcp_pipelined),
	    cmocka_unit_test(test_tcp_sizes),
	    cmocka_unit_test(test_tcp_never_reads),
	    cmocka_unit_test(test_tcp_crowd),
	    cmocka_unit_test(test_new_address),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
