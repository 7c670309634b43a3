/*
 * test_clients.c - clients of resolverd's socket: frames good and bad, deadlines, quotas, joined
 * look-ups, a reload. The agent runs in this process; its upstream is a socket that says nothing.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/sys/sock.h"
#include "core/wire/errors.h"
#include "resolverd/cache.h"
#include "resolverd/control.h"
#include "resolverd/request.h"
#include "resolverd/clients.h"
#include "resolverd/sessions.h"

#define PATIENCE_MS 5000
#define DEAF_OUT (64 << 10) /* octets that may wait for a client that does not read */
#define CLIENT_FRAME 4096 /* and what one read of its questions makes more */

struct world {
	char dir[64];
	char conf[96];
	char socket[96];
	int silent;
	struct agent agent;
};

struct client {
	int fd;
	size_t n;
	uint8_t in[65536];
};

static struct result result;

static void
conf_write(struct world *w)
{
	struct addr addr;
	socklen_t n = sizeof addr.any;
	char text[ADDR_TEXT];
	FILE *file = fopen(w->conf, "w");

	assert_non_null(file);
	assert_int_equal(getsockname(w->silent, &addr.sa, &n), 0);
	addr.n = n;
	fprintf(file,
	    "socket: %s\ncontrol: %s/control\npaths: off\ntrust-anchors: []\n"
	    "stubs:\n  silent.test: [%s]\n",
	    w->socket, w->dir, addr_print(&addr, text));
	assert_int_equal(fclose(file), 0);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct addr addr;
	char why[512];

	assert_non_null(w);
	snprintf(w->dir, sizeof w->dir, "/tmp/test_clients.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->conf, sizeof w->conf, "%s/resolverd.yaml", w->dir);
	snprintf(w->socket, sizeof w->socket, "%s/map.sock", w->dir);
	addr_from_octets((const uint8_t *)"\0\0\0\0\0\0\0\0\0\0\377\377\177\0\0\1", 0, &addr);
	w->silent = sock_udp_bind(&addr);
	assert_true(w->silent >= 0);
	conf_write(w);
	w->agent.conf_path = w->conf;
	assert_int_equal(loop_new(&w->agent.loop), 0);
	if (conf_open(w->conf, &w->agent.conf, why, sizeof why) != 0 ||
	    clients_open(&w->agent, w->socket, &w->agent.clients, why, sizeof why) != 0 ||
	    agent_open(&w->agent, why, sizeof why) != 0)
		fail_msg("%s", why);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	agent_close(&w->agent);
	loop_free(w->agent.loop);
	close(w->silent);
	unlink(w->conf);
	rmdir(w->dir);
	free(w);
	return 0;
}

static struct client *
client_new(struct world *w)
{
	struct client *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->fd = sock_unix_connect(w->socket);
	assert_true(c->fd >= 0);
	return c;
}

static void
client_free(struct client *c)
{
	close(c->fd);
	free(c);
}

static void
send_frame(struct client *c, uint8_t type, uint32_t id, const void *p, size_t n)
{
	uint8_t out[8192];
	struct wr wr = wr_init(out, sizeof out);
	size_t start = frame_start(&wr, type, 0, id);

	wr_copy(&wr, p, n);
	frame_end(&wr, start);
	assert_int_equal(write(c->fd, out, wr_done(&wr).n), wr.n);
}

static void
send_resolve(
    struct client *c, uint32_t id, const char *input, uint16_t flags, uint32_t deadline)
{
	struct resolve_request request = {.flags = flags, .deadline = deadline};
	uint8_t out[1024];
	struct wr wr = wr_init(out, sizeof out);

	assert_int_equal(eid_scan(input, strlen(input), false, &request.id), 0);
	resolve_request_put(&wr, &request);
	send_frame(c, FRAME_RESOLVE, id, out, wr_done(&wr).n);
}

/* The next frame (1), the end of the connection (0), or nothing within ms (-1). */
static int
next_within(struct world *w, struct client *c, struct frame *frame, uint64_t ms)
{
	uint64_t end = loop_now_ms() + ms;

	c->n = 0; /* what was read before is done with: one frame at a time is on its way */
	do {
		loop_once(w->agent.loop, 5);
		ssize_t got = read(c->fd, c->in + c->n, sizeof c->in - c->n);
		if (got == 0)
			return 0;
		if (got > 0)
			c->n += (size_t)got;
		if (frame_read((struct bytes){c->in, c->n}, frame) > 0)
			return 1;
	} while (loop_now_ms() < end);
	return -1;
}

static void
expect_error(struct world *w, struct client *c, uint32_t id, int error)
{
	struct frame frame;

	assert_int_equal(next_within(w, c, &frame, PATIENCE_MS), 1);
	assert_int_equal(frame.type, FRAME_RESULT);
	assert_int_equal(frame.id, id);
	assert_int_equal(result_read(frame.payload, &result), 0);
	if (result.error != error)
		fail_msg("%s: %s", error_name(result.error), result.why);
	assert_true(strlen(result.why) > 0);
}

static void
expect_pong(struct world *w, struct client *c)
{
	struct frame frame;

	send_frame(c, FRAME_PING, 99, "ping", 4);
	assert_int_equal(next_within(w, c, &frame, PATIENCE_MS), 1);
	assert_int_equal(frame.type, FRAME_PONG);
	assert_int_equal(frame.id, 99);
	assert_true(bytes_equal(frame.payload, (struct bytes){(const uint8_t *)"ping", 4}));
}

static void
test_ping(void **state)
{
	struct world *w = *state;
	struct client *c = client_new(w);

	expect_pong(w, c);
	expect_pong(w, c);
	client_free(c);
}

/* Each ends its own connection, and nobody else's. */
static const struct {
	const char *octets;
	size_t n;
} bad_rows[] = {
    {"\0\0\0\10\2\5\0\0\0\0\0\1", 12}, /* version 2 */
    {"\0\0\0\7\1\5\0\0\0\0\0\1", 12}, /* shorter than a header */
    {"\0\20\0\0\1\5\0\0\0\0\0\1", 12}, /* longer than any frame */
    {"\0\0\0\10\1\2\0\0\0\0\0\1", 12}, /* a result from a client */
    {"\0\0\0\10\1\20\0\0\0\0\0\1", 12}, /* a command on the wrong socket */
    {"\0\0\0\10\1\377\0\0\0\0\0\1", 12}, /* no type at all */
    {"\0\0\0\10\1\1\0\0\0\0\0\1", 12}, /* a request without content */
    {"\0\0\0\13\1\1\0\0\0\0\0\1\0\0\0", 15}, /* a request that ends too early */
    {"\0\0\0\11\1\3\0\0\0\0\0\1x", 13}, /* a cancellation with content */
    {"\0\0\0\11\1\4\0\0\0\0\0\1x", 13}, /* a mark that ends too early */
};

static void
test_malformed(void **state)
{
	struct world *w = *state;
	struct client *good = client_new(w);
	struct frame frame;

	for (size_t i = 0; i < sizeof bad_rows / sizeof bad_rows[0]; i++) {
		struct client *c = client_new(w);
		assert_int_equal(
		    write(c->fd, bad_rows[i].octets, bad_rows[i].n), bad_rows[i].n);
		if (next_within(w, c, &frame, PATIENCE_MS) != 0)
			fail_msg("row %zu: still open", i);
		client_free(c);
		expect_pong(w, good);
	}
	uint8_t long_ping[65] = {0};
	send_frame(good, FRAME_PING, 1, long_ping, sizeof long_ping);
	assert_int_equal(next_within(w, good, &frame, PATIENCE_MS), 0);
	client_free(good);
}

static void
test_deadline(void **state)
{
	struct world *w = *state;
	struct client *c = client_new(w);
	uint64_t start = loop_now_ms();

	send_resolve(c, 5, "a.silent.test", 0, 50);
	expect_error(w, c, 5, -MAP_ETIMEOUT);
	assert_true(loop_now_ms() - start >= 50);
	assert_true(loop_now_ms() - start < 2000);
	client_free(c);
}

/* What the two demand contradicts. */
static void
test_contradiction(void **state)
{
	struct world *w = *state;
	struct client *c = client_new(w);

	send_resolve(c, 6, "a.silent.test", RESOLVE_ALLOW_LEGACY | RESOLVE_REQUIRE_PROOF, 0);
	expect_error(w, c, 6, -MAP_EUSAGE);
	client_free(c);
}

static void
test_quota(void **state)
{
	struct world *w = *state;
	struct client *c = client_new(w);
	char name[64];

	for (uint32_t i = 0; i < 64; i++) {
		snprintf(name, sizeof name, "q%u.silent.test", i);
		send_resolve(c, i, name, 0, 60000);
	}
	send_resolve(c, 64, "q64.silent.test", 0, 60000);
	expect_error(w, c, 64, -MAP_ELIMIT);
	assert_int_equal(w->agent.stats[STAT_REQUEST_LIMITED], 1);
	client_free(c);
}

/* Two who ask the same are one look-up, each with its own deadline. */
static void
test_joined(void **state)
{
	struct world *w = *state;
	struct client *a = client_new(w), *b = client_new(w);
	struct frame frame;

	send_resolve(a, 1, "j.silent.test", 0, 3000);
	send_resolve(b, 2, "J.silent.test", 0, 50);
	expect_error(w, b, 2, -MAP_ETIMEOUT);
	assert_int_equal(w->agent.stats[STAT_REQUEST], 2);
	assert_int_equal(w->agent.stats[STAT_REQUEST_JOINED], 1);
	assert_int_equal(next_within(w, a, &frame, 50), -1);
	client_free(b);
	expect_error(w, a, 1, -MAP_ETIMEOUT);
	client_free(a);
}

static void
test_cancelled(void **state)
{
	struct world *w = *state;
	struct client *c = client_new(w);
	struct frame frame;

	send_resolve(c, 1, "x.silent.test", 0, 200);
	send_frame(c, FRAME_CANCEL, 1, NULL, 0);
	send_frame(c, FRAME_CANCEL, 2, NULL, 0); /* not there: nothing happens */
	expect_pong(w, c);
	assert_int_equal(w->agent.stats[STAT_REQUEST_CANCELLED], 1);
	assert_int_equal(next_within(w, c, &frame, 400), -1);
	client_free(c);
}

/* Puts a good result for input into the cache, as if looked up this moment. */
static void
cache_fill(struct world *w, const char *input, uint16_t flags)
{
	struct resolve_request request = {.flags = flags};
	uint8_t octets[1024], payload[1024];
	struct wr key = wr_init(octets, sizeof octets), wr = wr_init(payload, sizeof payload);
	size_t at;

	assert_int_equal(eid_scan(input, strlen(input), false, &request.id), 0);
	memset(&result, 0, sizeof result);
	result.kind = RESULT_EPID;
	result.lifetime = 60;
	cache_key(&key, &request);
	assert_int_equal(cache_encode(&wr, &result, &at), 0);
	cache_put(w->agent.cache, wr_done(&key), &result, wr_done(&wr), at, loop_now_ms());
}

/* Past the cache goes who asks for that, however young what is held; but once a second for each
 * identity, whatever the other flags: then what is held is told. */
static void
test_fresh(void **state)
{
	struct world *w = *state;
	struct client *c = client_new(w);
	struct frame frame;

	cache_fill(w, "f.silent.test", 0);
	cache_fill(w, "f.silent.test", RESOLVE_REVERSE);
	send_resolve(c, 1, "f.silent.test", RESOLVE_FRESH, 50);
	expect_error(w, c, 1, -MAP_ETIMEOUT);
	assert_int_equal(w->agent.stats[STAT_REQUEST_FRESH], 1);
	send_resolve(c, 2, "f.silent.test", RESOLVE_FRESH | RESOLVE_REVERSE, 50);
	assert_int_equal(next_within(w, c, &frame, PATIENCE_MS), 1);
	assert_int_equal(frame.id, 2);
	assert_int_equal(result_read(frame.payload, &result), 0);
	assert_int_equal(result.error, 0);
	assert_int_equal(w->agent.stats[STAT_REQUEST_FRESH], 1);
	/* the first is still on its way, and joined */
	send_resolve(c, 3, "f.silent.test", RESOLVE_FRESH, 50);
	expect_error(w, c, 3, -MAP_ETIMEOUT);
	assert_int_equal(w->agent.stats[STAT_REQUEST_JOINED], 1);
	client_free(c);
}

/* Ranking asks the kernel for addresses and routes; without locators there is nothing to rank. */
static void
test_pairs(void **state)
{
	struct world *w = *state;
	struct client *c = client_new(w);

	cache_fill(w, "p.silent.test", 0);
	send_resolve(c, 1, "p.silent.test", RESOLVE_PAIRS, 0);
	expect_error(w, c, 1, -MAP_ENOLOCATOR);
	client_free(c);
}

/* A client that asks and does not read is not asked on: what waits for it stays bounded. */
static void
test_deaf(void **state)
{
	struct world *w = *state;
	struct client *c = client_new(w);
	struct resolve_request request = {.flags = 0};
	struct frame frame;
	uint8_t out[256];
	struct wr wr = wr_init(out, sizeof out);
	size_t start = frame_start(&wr, FRAME_RESOLVE, 0, 1), answer;
	int buffer;
	socklen_t n = sizeof buffer;
	uint64_t before;

	cache_fill(w, "d.silent.test", 0);
	assert_int_equal(eid_scan("d.silent.test", 13, false, &request.id), 0);
	resolve_request_put(&wr, &request);
	frame_end(&wr, start);
	send_resolve(c, 1, "d.silent.test", 0, 0);
	assert_int_equal(next_within(w, c, &frame, PATIENCE_MS), 1);
	answer = c->n;
	assert_int_equal(getsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &buffer, &n), 0);
	do {
		before = w->agent.stats[STAT_REQUEST];
		while (send(c->fd, out, wr.n, MSG_DONTWAIT) == (ssize_t)wr.n)
			;
		for (int i = 0; i < 100; i++)
			loop_once(w->agent.loop, 0);
	} while (w->agent.stats[STAT_REQUEST] > before);
	assert_true(before * answer > DEAF_OUT);
	assert_true(before * answer <= (size_t)buffer + DEAF_OUT + CLIENT_FRAME);
	client_free(c);
}

/* What is said of sessions: nonsense ends the connection, what does not exist is left alone, and a client that ends takes
 * its datagram sessions with it. */
static void
test_sessions(void **state)
{
	struct world *w = *state;
	struct client *c = client_new(w);
	struct session_note note = {.transport = SESSION_UDP};
	struct addr at;
	int udp;
	struct frame frame;
	uint8_t out[2048];
	struct wr wr = wr_init(out, sizeof out);

	socklen_t n = sizeof note.cookie;

	addr_from_octets((const uint8_t *)"\0\0\0\0\0\0\0\0\0\0\377\377\177\0\0\1", 9, &at);
	udp = sock_udp_connect(&at);
	assert_true(udp >= 0);
	addr_to_octets(&at, note.destination);
	note.destination_port = 9;
	assert_int_equal(sock_local(udp, &at), 0);
	addr_to_octets(&at, note.source);
	note.source_port = addr_port(&at);
	assert_int_equal(getsockopt(udp, SOL_SOCKET, SO_COOKIE, &note.cookie, &n), 0);
	assert_int_equal(eid_scan("s.silent.test", 13, false, &note.id), 0);
	session_note_put(&wr, &note);
	send_frame(c, FRAME_SESSION, 1, out,
	    wr_done(&wr).n); /* sessions are not watched: nothing happens */
	send_frame(c, FRAME_DOUBT, 1, NULL, 0);
	expect_pong(w, c);
	assert_int_equal(sessions_open(&w->agent, clients_event, &w->agent.sessions), 0);
	send_frame(c, FRAME_SESSION, 1, out, wr_done(&wr).n);
	send_frame(c, FRAME_SESSION, 2, out,
	    wr_done(&wr).n); /* the same socket under another number */
	send_frame(c, FRAME_DOUBT, 3, NULL, 0); /* none of that number */
	send_frame(c, FRAME_FORGET, 3, NULL, 0);
	expect_pong(w, c);
	assert_int_equal(sessions_count(w->agent.sessions, SESSION_UDP), 1);
	send_frame(c, FRAME_FORGET, 2, NULL, 0);
	expect_pong(w, c);
	assert_int_equal(sessions_count(w->agent.sessions, SESSION_UDP), 0);
	send_frame(c, FRAME_SESSION, 4, out, wr_done(&wr).n);
	expect_pong(w, c);
	assert_int_equal(sessions_count(w->agent.sessions, SESSION_UDP), 1);
	send_frame(c, FRAME_DOUBT, 4, "x", 1); /* has no payload */
	assert_int_equal(next_within(w, c, &frame, PATIENCE_MS), 0);
	assert_int_equal(sessions_count(w->agent.sessions, SESSION_UDP), 0);
	client_free(c);
	c = client_new(w);
	out[0] = 9; /* no transport */
	send_frame(c, FRAME_SESSION, 1, out, wr_done(&wr).n);
	assert_int_equal(next_within(w, c, &frame, PATIENCE_MS), 0);
	client_free(c);
	close(udp);
}

/* A client that leaves takes its waiting with it; those it shared go on for others. */
static void
test_left(void **state)
{
	struct world *w = *state;
	struct client *a = client_new(w), *b = client_new(w);

	send_resolve(a, 1, "l.silent.test", 0, 10000);
	send_resolve(b, 2, "l.silent.test", 0, 300);
	expect_pong(w, a);
	client_free(a);
	expect_error(w, b, 2, -MAP_ETIMEOUT);
	expect_pong(w, b);
	assert_int_equal(clients_count(w->agent.clients), 1);
	client_free(b);
}

static void
test_reload(void **state)
{
	struct world *w = *state;
	struct client *c = client_new(w);
	char why[512];

	send_resolve(c, 1, "r.silent.test", 0, 500);
	expect_pong(w, c);
	struct resolver *before = w->agent.resolver;
	assert_int_equal(agent_reload(&w->agent, why, sizeof why), 0);
	assert_ptr_not_equal(w->agent.resolver, before);
	expect_error(w, c, 1, -MAP_ETIMEOUT);
	/* a wrong one changes nothing, and says where */
	FILE *file = fopen(w->conf, "a");
	assert_non_null(file);
	fputs("colour: red\n", file);
	fclose(file);
	before = w->agent.resolver;
	assert_int_equal(agent_reload(&w->agent, why, sizeof why), -MAP_ECONFIG);
	assert_non_null(strstr(why, "resolverd.yaml:7: colour"));
	assert_ptr_equal(w->agent.resolver, before);
	expect_pong(w, c);
	client_free(c);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_ping),
	    TEST(test_malformed),
	    TEST(test_deadline),
	    TEST(test_contradiction),
	    TEST(test_quota),
	    TEST(test_joined),
	    TEST(test_cancelled),
	    TEST(test_fresh),
	    TEST(test_pairs),
	    TEST(test_deaf),
	    TEST(test_sessions),
	    TEST(test_left),
	    TEST(test_reload),
	};
	return cmocka_run_group_tests_name("resolverd/clients", tests, NULL, NULL);
}
