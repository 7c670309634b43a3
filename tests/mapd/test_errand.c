/*
 * test_errand.c - updates over real sockets: several on their way of one connection, answered in any order by another
 * thread; connections and sockets that end meanwhile; probes; a worker that ends with some on their way.
 */
#include "tests/mapd/sealed.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/reply.h"
#include "core/wire/rrtype.h"
#include "mapd/charter.h"
#include "mapd/tcp.h"
#include "mapd/worker.h"
#include "tests/mapd/world.h"

#define WAIT 20 /* seconds: what comes later counts as never */
#define MANY 1500 /* more than wait of one connection */
#define MOST 1024 /* that do */
#define SECRET "0123456789abcdef0123456789abcdef"

static struct world *world;
static struct worker *worker;
static struct admission *admission;
static struct prover *prover;
static struct taker taker;
static struct tsig_key admin;
static struct addr at;
static struct sealed sealed;
static uint8_t mac[TSIG_MAC_MOST];
static size_t mac_n;

static void
listen_anew(void)
{
	struct order *order = calloc(1, sizeof *order);
	struct listener *listener = calloc(1, sizeof *listener);

	assert_non_null(order);
	assert_non_null(listener);
	assert_int_equal(addr_scan("127.0.0.1@1", 1, &at), 0);
	/* a port that is free for UDP may be somebody's for TCP */
	for (int i = 0; i < 50; i++) {
		at.in4.sin_port = 0;
		listener->udp = sock_udp_bind(&at);
		assert_true(listener->udp >= 0);
		assert_int_equal(sock_local(listener->udp, &at), 0);
		listener->tcp = sock_tcp_listen(&at, 16);
		if (listener->tcp >= 0)
			break;
		close(listener->udp);
	}
	listener->addr = at;
	order->listeners = listener;
	order->n_listeners = 1;
	order->admission = admission;
	assert_int_equal(charters_new(world_rules(world), &order->charters), 0);
	assert_int_equal(worker_post(worker, order), 0);
}

/* From another address of the loopback interface; number 0: from any. */
static int
client_open_from(int type, unsigned number)
{
	struct timeval wait = {.tv_sec = WAIT};
	struct addr from = at;
	int fd = socket(AF_INET, type, 0);

	assert_true(fd >= 0);
	from.in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 256 * number);
	from.in4.sin_port = 0;
	if (number > 0)
		assert_int_equal(bind(fd, &from.sa, from.n), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), 0);
	assert_int_equal(connect(fd, &at.sa, at.n), 0);
	return fd;
}

static int
client_open(int type)
{
	return client_open_from(type, 0);
}

/* An administrator's update; prove: with this port for probes. */
static struct bytes
update_write(uint16_t id, int prove)
{
	uint8_t option[64];
	struct wr wr = wr_init(option, sizeof option);
	struct prove_option with = {.present = true, .port = (uint16_t)prove};
	struct name owner;
	int n;

	sealed_start(&sealed, "example.test.", CLASS_IN, id);
	assert_int_equal(name_from("new.example.test.", &owner), 0);
	sealed_record(&sealed, 2, &owner, RR_A, CLASS_IN, 60,
	    (struct bytes){(const uint8_t[]){192, 0, 2, 1}, 4});
	if (prove >= 0) {
		prove_option_put(&wr, &with);
		sealed_opt(&sealed, wr_done(&wr));
	}
	n = seal_tsig_sign(&admin, clock_seconds(), &sealed.wr, mac);
	assert_true(n > 0);
	mac_n = (size_t)n;
	return sealed_bytes(&sealed);
}

static void
tcp_send(int fd, struct bytes message)
{
	uint8_t head[2];

	put_u16(head, (uint16_t)message.n);
	assert_int_equal(write(fd, head, 2), 2);
	assert_int_equal(write(fd, message.p, message.n), message.n);
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

/* The next answer's id and RCODE. */
static uint16_t
tcp_read(int fd, int *rcode)
{
	static uint8_t answer[65535];
	uint8_t head[2];

	octets_read(fd, head, 2);
	octets_read(fd, answer, get_u16(head));
	*rcode = answer[3] & 15;
	return get_u16(answer);
}

/* All that were taken, the last first, as one list. */
static struct proposal *
taken(void)
{
	return atomic_exchange(&taker.taken, NULL);
}

static void *
answer_thread(void *arg)
{
	struct proposal *list = arg;

	list->done(list);
	return NULL;
}

/* With an RCODE for all of them, from another thread. */
static void
answer(struct proposal *list, unsigned rcode)
{
	pthread_t thread;

	for (struct proposal *p = list; p != NULL; p = p->next)
		verdict_set(&p->verdict, rcode, EDE_NONE, "%s", "");
	assert_int_equal(pthread_create(&thread, NULL, answer_thread, list), 0);
	pthread_join(thread, NULL);
}

static void
test_udp(void **state)
{
	uint8_t octets[1500];
	struct bytes update = update_write(7, -1);
	struct message m;
	int fd = client_open(SOCK_DGRAM);
	ssize_t n;

	(void)state;
	assert_int_equal(write(fd, update.p, update.n), update.n);
	taker_wait(&taker, 1);
	answer(taken(), RCODE_NXRRSET);
	n = read(fd, octets, sizeof octets);
	assert_true(n > 0);
	assert_int_equal(message_parse((struct bytes){octets, (size_t)n}, &m), 0);
	assert_int_equal(m.id, 7);
	assert_int_equal(message_rcode(&m), RCODE_NXRRSET);
	assert_false(m.edns.present);
	assert_int_equal(
	    seal_tsig_check_answer(&admin, &m, (struct bytes){mac, mac_n}, clock_seconds()), 0);
	close(fd);
}

static void
query_send(int fd, uint16_t id)
{
	uint8_t octets[64];
	struct wr wr = wr_init(octets, sizeof octets);
	struct name name;

	assert_int_equal(name_from("www.example.test.", &name), 0);
	wr_u16(&wr, id);
	wr_u16(&wr, 0);
	wr_u16(&wr, 1);
	wr_u32(&wr, 0);
	wr_u16(&wr, 0);
	name_put(&wr, &name);
	wr_u32(&wr, RR_A << 16 | CLASS_IN);
	tcp_send(fd, wr_done(&wr));
}

static void
test_tcp_in_any_order(void **state)
{
	int fd = client_open(SOCK_STREAM), rcode;

	(void)state;
	for (uint16_t id = 1; id <= 5; id++)
		tcp_send(fd, update_write(id, -1));
	query_send(fd, 100);
	taker_wait(&taker, 5);
	/* a question overtakes them */
	assert_int_equal(tcp_read(fd, &rcode), 100);
	/* the list has the last one first, and so have the answers */
	answer(taken(), RCODE_NOERROR);
	for (uint16_t id = 5; id >= 1; id--) {
		assert_int_equal(tcp_read(fd, &rcode), id);
		assert_int_equal(rcode, RCODE_NOERROR);
	}
	close(fd);
}

static void *
many_send(void *arg)
{
	int fd = *(const int *)arg;

	for (uint16_t id = 0; id < MANY; id++)
		tcp_send(fd, update_write(id, -1));
	return NULL;
}

/* So many of one connection wait; the rest is read when half of them are answered. */
static void
test_tcp_waits(void **state)
{
	int fd = client_open(SOCK_STREAM), other = client_open(SOCK_STREAM), rcode;
	pthread_t thread;

	(void)state;
	taker.n = 0;
	assert_int_equal(pthread_create(&thread, NULL, many_send, &fd), 0);
	taker_wait(&taker, MOST);
	pthread_join(thread, NULL);
	tcp_send(other, update_write(1, -1));
	taker_wait(&taker, 1);
	assert_int_equal(taker.n, MOST + 1);
	answer(taken(), RCODE_NOERROR);
	assert_int_equal(tcp_read(other, &rcode), 1);
	taker_wait(&taker, MANY - MOST);
	answer(taken(), RCODE_NOERROR);
	for (unsigned i = 0; i < MANY; i++)
		(void)tcp_read(fd, &rcode);
	close(fd);
	close(other);
}

/* It is not the client who is idle: where others have to go soon, who waits for an answer stays. */
static void
test_tcp_idle(void **state)
{
	static int fds[TCP_CONNECTIONS * 3 / 4 + 1];
	const size_t n = sizeof fds / sizeof fds[0];
	int waiting, mute, rcode;
	uint8_t octet;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		fds[i] = client_open_from(SOCK_STREAM, 1 + (unsigned)(i / TCP_CLIENT));
		query_send(fds[i], 1);
		assert_int_equal(tcp_read(fds[i], &rcode), 1);
	}
	waiting = client_open(SOCK_STREAM);
	tcp_send(waiting, update_write(7, -1));
	taker_wait(&taker, 1);
	mute = client_open(SOCK_STREAM);
	assert_true(read(mute, &octet, 1) <= 0);
	answer(taken(), RCODE_NOERROR);
	assert_int_equal(tcp_read(waiting, &rcode), 7);
	/* and then it is */
	assert_true(read(waiting, &octet, 1) <= 0);
	close(waiting);
	close(mute);
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static uint64_t
count(enum stat stat)
{
	return stats_get(worker_stats(worker), stat);
}

/* Asks until the worker is through with what came before, which is when it has counted so many. */
static void
worker_counts(enum stat stat, uint64_t n)
{
	int fd = client_open(SOCK_STREAM), rcode;

	for (unsigned i = 0; i < 10000 && count(stat) < n; i++) {
		query_send(fd, 1);
		assert_int_equal(tcp_read(fd, &rcode), 1);
	}
	assert_int_equal(count(stat), n);
	close(fd);
}

static void
test_client_is_gone(void **state)
{
	uint64_t lost = count(STAT_UPDATE_LOST), done = count(STAT_UPDATE_NOERROR);
	int fd = client_open(SOCK_STREAM);
	uint8_t octet;

	(void)state;
	tcp_send(fd, update_write(1, -1));
	tcp_send(fd, update_write(2, -1));
	taker_wait(&taker, 2);
	/* what is no message ends the connection, and that is seen here */
	assert_int_equal(write(fd, "\0\0", 2), 2);
	assert_true(read(fd, &octet, 1) <= 0);
	close(fd);
	answer(taken(), RCODE_NOERROR);
	worker_counts(STAT_UPDATE_LOST, lost + 2);
	assert_int_equal(count(STAT_UPDATE_NOERROR), done + 2);
}

/* A client that has nothing more to send waits for its answers; one that never gets them does not stay for ever. */
static void
test_client_is_half_gone(void **state)
{
	uint64_t lost = count(STAT_UPDATE_LOST);
	int fd = client_open(SOCK_STREAM), other = client_open(SOCK_STREAM), rcode;
	struct proposal *list, *rest;
	uint8_t octet;

	(void)state;
	for (uint16_t id = 1; id <= 3; id++)
		tcp_send(fd, update_write(id, -1));
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	taker_wait(&taker, 3);
	worker_counts(STAT_UPDATE_LOST, lost);
	list = taken();
	rest = list->next;
	list->next = NULL;
	answer(list, RCODE_NOERROR);
	assert_int_equal(tcp_read(fd, &rcode), 3);
	answer(rest, RCODE_NOERROR);
	assert_int_equal(tcp_read(fd, &rcode), 2);
	assert_int_equal(tcp_read(fd, &rcode), 1);
	assert_int_equal(rcode, RCODE_NOERROR);
	assert_int_equal(read(fd, &octet, 1), 0);
	close(fd);
	tcp_send(other, update_write(4, -1));
	assert_int_equal(shutdown(other, SHUT_WR), 0);
	taker_wait(&taker, 1);
	assert_true(read(other, &octet, 1) <= 0);
	answer(taken(), RCODE_NOERROR);
	worker_counts(STAT_UPDATE_LOST, lost + 1);
	close(other);
}

/* The configuration has another address: the socket and the connection go while updates are on their way. */
static void
test_socket_is_gone(void **state)
{
	uint64_t lost = count(STAT_UPDATE_LOST);
	struct bytes update = update_write(1, -1);
	int udp = client_open(SOCK_DGRAM), tcp = client_open(SOCK_STREAM);
	uint8_t octet;

	(void)state;
	assert_int_equal(write(udp, update.p, update.n), update.n);
	tcp_send(tcp, update);
	taker_wait(&taker, 2);
	listen_anew();
	assert_true(read(tcp, &octet, 1) <= 0);
	answer(taken(), RCODE_NOERROR);
	worker_counts(STAT_UPDATE_LOST, lost + 2);
	close(udp);
	close(tcp);
}

/* --- probes --- */

/* The socket's end asks for probes of these of 127.0.0.0/24; NULL: of 127.0.9.1. */
static void
unproved_from(int fd, int type, int port, unsigned n, const uint8_t *last)
{
	struct bytes update = update_write(1, port);
	uint8_t octets[1500];
	int rcode;
	struct proposal *p;

	if (type == SOCK_STREAM)
		tcp_send(fd, update);
	else
		assert_int_equal(write(fd, update.p, update.n), update.n);
	taker_wait(&taker, 1);
	p = taken();
	p->verdict.n_prove = n;
	for (unsigned i = 0; i < n; i++) {
		memcpy(p->verdict.prove[i], "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0", 15);
		p->verdict.prove[i][15] = last != NULL ? last[i] : 1;
		p->verdict.prove[i][14] = last != NULL ? 0 : 9;
	}
	answer(p, RCODE_REFUSED);
	if (type == SOCK_STREAM)
		(void)tcp_read(fd, &rcode);
	else
		assert_true(read(fd, octets, sizeof octets) > 0);
	close(fd);
}

static void
unproved(int port, unsigned n, const uint8_t *last)
{
	unproved_from(client_open(SOCK_STREAM), SOCK_STREAM, port, n, last);
}

static void
test_probes(void **state)
{
	uint64_t probes = count(STAT_UPDATE_PROBES);
	struct timeval wait = {.tv_sec = WAIT};
	uint8_t octets[100];
	struct addr any;
	int fd;

	(void)state;
	assert_int_equal(addr_scan("0.0.0.0@1", 1, &any), 0);
	any.in4.sin_port = 0;
	fd = sock_udp_bind(&any);
	assert_true(fd >= 0);
	assert_int_equal(sock_local(fd, &any), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), 0);
	/* without a port, none; to one address once in a while */
	unproved(-1, 1, (const uint8_t[]){1});
	assert_int_equal(count(STAT_UPDATE_PROBES), probes);
	unproved(addr_port(&any), 1, (const uint8_t[]){1});
	unproved(addr_port(&any), 1, (const uint8_t[]){1});
	assert_int_equal(count(STAT_UPDATE_PROBES), probes + 1);
	assert_int_equal(recv(fd, octets, sizeof octets, MSG_DONTWAIT), PROVE_PROBE);
	assert_true(prove_holds(prover, &admin.name, octets + 8,
	    (struct bytes){octets + 24, PROVE_TOKEN}, clock_seconds()));
	assert_int_equal(recv(fd, octets, sizeof octets, MSG_DONTWAIT), -1);
	/* to many: never more octets than came */
	unproved(addr_port(&any), 8, (const uint8_t[]){11, 12, 13, 14, 15, 16, 17, 18});
	assert_int_equal(count(STAT_UPDATE_PROBES), probes + 1 + sealed.wr.n / PROVE_PROBE);
	close(fd);
}

/* Who asks elsewhere, or from nowhere that he has shown, uses nothing up of who is at the address. */
static void
test_probes_of_others(void **state)
{
	uint64_t probes = count(STAT_UPDATE_PROBES);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		unproved_from(client_open_from(SOCK_STREAM, 5), SOCK_STREAM, 9, 1, NULL);
	assert_int_equal(count(STAT_UPDATE_PROBES), probes + 1);
	unproved_from(client_open_from(SOCK_DGRAM, 9), SOCK_DGRAM, 9, 1, NULL);
	unproved_from(client_open_from(SOCK_DGRAM, 6), SOCK_DGRAM, 9, 1, NULL);
	assert_int_equal(count(STAT_UPDATE_PROBES), probes + 2);
	for (unsigned i = 0; i < 2; i++)
		unproved_from(client_open_from(SOCK_STREAM, 9), SOCK_STREAM, 9, 1, NULL);
	assert_int_equal(count(STAT_UPDATE_PROBES), probes + 3);
}

/* --- the end --- */

static void
test_end(void **state)
{
	int fd = client_open(SOCK_STREAM), rcode;
	struct proposal *list, *rest;

	(void)state;
	for (uint16_t id = 1; id <= 4; id++)
		tcp_send(fd, update_write(id, -1));
	taker_wait(&taker, 4);
	assert_int_equal(worker_refuse(worker), 0);
	tcp_send(fd, update_write(5, -1));
	assert_int_equal(tcp_read(fd, &rcode), 5);
	assert_int_equal(rcode, RCODE_SERVFAIL);
	admission_stop(admission);
	list = taken();
	rest = list->next->next;
	list->next->next = NULL;
	answer(list, RCODE_NOERROR);
	answer(rest, RCODE_NOERROR);
	worker_stop(worker);
	assert_int_equal(tcp_read(fd, &rcode), 4);
	assert_int_equal(tcp_read(fd, &rcode), 3);
	assert_int_equal(tcp_read(fd, &rcode), 2);
	assert_int_equal(tcp_read(fd, &rcode), 1);
	close(fd);
}

static int
setup(void **state)
{
	struct admission_options options = {
	    .writer = {taker_propose, &taker, NULL}, .threads = 1};
	struct update_rules *rules;
	struct rlimit files;

	(void)state;
	/* both ends of a crowd */
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return -1;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		return -1;
	world = world_basic();
	if (world == NULL || worker_new(world_store(world), 0, &worker) != 0 ||
	    worker_start(worker) != 0)
		return -1;
	taker_init(&taker, 100000);
	admin.mac = CRYPTO_HMAC_SHA256;
	admin.n = sizeof SECRET - 1;
	memcpy(admin.secret, SECRET, admin.n);
	rules = &world_rules(world)->updates;
	rules->keys = &admin;
	rules->n_keys = 1;
	if (name_from("admin.", &admin.name) != 0 ||
	    prover_new((struct bytes){NULL, 0}, &prover) != 0)
		return -1;
	options.store = world_store(world);
	options.prover = prover;
	if (admission_open(&options, &admission) != 0)
		return -1;
	listen_anew();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	worker_stop(worker);
	worker_free(worker);
	admission_close(admission);
	prover_free(prover);
	taker_fini(&taker);
	world_free(world);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_udp),
	    cmocka_unit_test(test_tcp_in_any_order),
	    cmocka_unit_test(test_tcp_waits),
	    cmocka_unit_test(test_tcp_idle),
	    cmocka_unit_test(test_client_is_gone),
	    cmocka_unit_test(test_client_is_half_gone),
	    cmocka_unit_test(test_socket_is_gone),
	    cmocka_unit_test(test_probes),
	    cmocka_unit_test(test_probes_of_others),
	    cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
