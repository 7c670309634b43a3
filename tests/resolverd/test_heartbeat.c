/*
 * test_heartbeat.c - probes over loopback: who answers, who does not, who is silent inward only; what is forged; and
 * whom the responder answers how often.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/sys/sock.h"
#include "core/wire/eid.h"
#include "core/wire/errors.h"
#include "resolverd/heartbeat.h"
#include "resolverd/responder.h"

#define PATIENCE_MS 5000

static struct loop *loop;
static struct heartbeat *asker, *other;
static bool peers_known;
static unsigned warnings;
static struct heartbeat_outcome got[HEARTBEAT_PAIRS];
static size_t n_got;

static bool
knows(void *arg, const struct prober_way *way, bool warns)
{
	(void)arg;
	(void)way;
	warnings += warns;
	return peers_known;
}

static void
told(void *arg, const struct heartbeat_outcome *outcomes, size_t n)
{
	(void)arg;
	n_got = n;
	memcpy(got, outcomes, n * sizeof *outcomes);
}

static struct prober_way
way(const char *local, const char *remote, uint16_t port)
{
	struct prober_way out = {.port = port};

	assert_int_equal(address_scan(local, strlen(local), out.local), 0);
	assert_int_equal(address_scan(remote, strlen(remote), out.remote), 0);
	return out;
}

static void
check(const struct heartbeat_plan *plan)
{
	struct heartbeat_check *started;
	uint64_t end = loop_now_ms() + PATIENCE_MS;

	n_got = 0;
	assert_int_equal(heartbeat_start(asker, plan, told, NULL, &started), 0);
	while (n_got == 0 && loop_now_ms() < end)
		loop_once(loop, 50);
	assert_int_equal(n_got, plan->n);
}

/* A port that the other heartbeat hears at, found by trying. */
static uint16_t
open_other(void)
{
	for (uint16_t port = 24177; port < 24277; port++) {
		assert_int_equal(heartbeat_open(loop, port, knows, NULL, &other), 0);
		if (heartbeat_hears(other))
			return port;
		heartbeat_close(other);
	}
	fail_msg("no port is free");
	return 0;
}

static int
setup(void **state)
{
	(void)state;
	peers_known = true;
	warnings = 0;
	other = NULL;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(heartbeat_open(loop, 0, knows, NULL, &asker), 0);
	assert_false(heartbeat_hears(asker));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	heartbeat_close(asker);
	heartbeat_close(other);
	loop_free(loop);
	return 0;
}

static void
test_octets(void **state)
{
	struct probe probe = {.token = 0x0102030405060708,
	    .pair = 9,
	    .sequence = 10,
	    .flags = PROBE_ANSWER,
	    .reports = {{1, 2}, {3, 4}, {5, 6}, {7, 8}}};
	static const uint8_t strict[] = {0, 6, 7, 24 + 3, 60, 63}; /* magic, flags, zero */
	uint8_t octets[PROBE_OCTETS + 1] = {0}, again[PROBE_OCTETS];
	struct probe back;

	(void)state;
	probe_put(&probe, octets);
	assert_memory_equal(octets, "probe-1\0\1\2\3\4\5\6\7\10\0\0\0\11\0\0\0\12\0\0\0\1", 28);
	assert_int_equal(probe_read((struct bytes){octets, PROBE_OCTETS}, &back), 0);
	probe_put(&back, again);
	assert_memory_equal(again, octets, PROBE_OCTETS);
	assert_int_equal(back.reports[3].sequence, 8);
	for (size_t n = 0; n < PROBE_OCTETS; n++)
		assert_int_equal(probe_read((struct bytes){octets, n}, &back), -MAP_EFORMAT);
	assert_int_equal(
	    probe_read((struct bytes){octets, PROBE_OCTETS + 1}, &back), -MAP_EFORMAT);
	for (size_t i = 0; i < sizeof strict; i++) {
		octets[strict[i]] ^= 2;
		assert_int_equal(
		    probe_read((struct bytes){octets, PROBE_OCTETS}, &back), -MAP_EFORMAT);
		octets[strict[i]] ^= 2;
	}
	memset(octets + 16, 0, 4); /* pair 0 */
	assert_int_equal(probe_read((struct bytes){octets, PROBE_OCTETS}, &back), -MAP_EFORMAT);
}

static void
test_alive(void **state)
{
	uint16_t port = open_other();
	struct heartbeat_plan plan = {.n = 3,
	    .ways = {way("127.0.0.1", "127.0.0.2", port), way("127.0.0.3", "127.0.0.2", port),
		way("::1", "::1", port)},
	    .probes = 3,
	    .gap_ms = 20,
	    .patience_ms = 1000};

	(void)state;
	check(&plan);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(got[i].beat, BEAT_ALIVE);
		assert_in_range(got[i].rtt_us, 1, 900000);
	}
	assert_int_equal(warnings, 0);
	plan.warns = true;
	check(&plan);
	assert_in_range(
	    warnings, plan.n, plan.n * plan.probes); /* each way's first probe at the least */
}

/* To a stranger there are few answers a second, and enough for a check. */
static void
test_stranger(void **state)
{
	uint16_t port = open_other();
	struct heartbeat_plan plan = {.n = 1,
	    .ways = {way("127.0.0.1", "127.0.0.2", port)},
	    .probes = 3,
	    .gap_ms = 10,
	    .patience_ms = 50};

	(void)state;
	peers_known = false;
	for (unsigned i = 0; i < RESPONDER_STRANGER; i++) {
		/* by several ways: one has not so many probes a second */
		plan.ways[0].remote[15] = (uint8_t)(2 + i / (HEARTBEAT_MOST - 1));
		check(&plan);
		assert_int_equal(got[0].beat, BEAT_ALIVE);
	}
	check(&plan);
	assert_int_equal(got[0].beat, BEAT_SILENT);
}

/* The peer's own kernel says that the port is closed: then it is there. */
static void
test_closed(void **state)
{
	uint16_t port = open_other();
	struct heartbeat_plan plan = {.n = 2,
	    .ways = {way("127.0.0.1", "127.0.0.2", port), way("::1", "::1", port)},
	    .probes = 3,
	    .gap_ms = 20,
	    .patience_ms = 1000};

	(void)state;
	heartbeat_close(other);
	other = NULL;
	check(&plan);
	assert_int_equal(got[0].beat, BEAT_CLOSED);
	assert_int_equal(got[1].beat, BEAT_CLOSED);
	assert_true(beat_lives(got[0].beat));
}

static void
test_no_route(void **state)
{
	struct heartbeat_plan plan = {.n = 2,
	    .ways = {way("192.0.2.77", "127.0.0.2", 4177),
		way("2001:db8::77", "::1", 4177)}, /* not ours */
	    .probes = 3,
	    .gap_ms = 20,
	    .patience_ms = 1000};
	uint64_t start = loop_now_ms();

	(void)state;
	check(&plan);
	assert_int_equal(got[0].beat, BEAT_NOROUTE);
	assert_int_equal(got[1].beat, BEAT_NOROUTE);
	assert_true(loop_now_ms() - start < 500); /* at once */
}

/* A peer by hand: what it answers is up to the test. */
static int
peer_open(uint16_t *port)
{
	struct addr at;
	int fd;

	assert_int_equal(
	    addr_scan("127.0.0.2@0", 0, &at) == 0 || addr_scan("127.0.0.2", 0, &at) == 0, 1);
	fd = sock_udp_own(&at);
	assert_true(fd >= 0);
	assert_int_equal(sock_local(fd, &at), 0);
	*port = addr_port(&at);
	return fd;
}

enum lie { TRUTH, LIE_TOKEN, LIE_PAIR, LIE_SEQUENCE, LIE_QUESTION, LIES };

static void
peer_answer(int fd, uint32_t pair, enum lie lie)
{
	uint8_t octets[PROBE_OCTETS];
	struct sockaddr_storage from;
	struct probe probe, answer;
	uint32_t arrived[2] = {0, 0};
	socklen_t n;
	ssize_t have;

	for (n = sizeof from;
	     (have = recvfrom(fd, octets, sizeof octets, 0, (struct sockaddr *)&from, &n)) >= 0;
	     n = sizeof from) {
		assert_int_equal(probe_read((struct bytes){octets, (size_t)have}, &probe), 0);
		arrived[probe.pair - 1] = probe.sequence;
		if (probe.pair != pair)
			continue;
		answer = probe;
		answer.flags = lie == LIE_QUESTION ? 0 : PROBE_ANSWER;
		answer.token += lie == LIE_TOKEN;
		answer.pair += lie == LIE_PAIR ? 7 : 0;
		answer.sequence += lie == LIE_SEQUENCE ? 1000 : 0;
		answer.reports[0] = (struct probe_report){3 - pair, arrived[2 - pair]};
		probe_put(&answer, octets);
		assert_int_equal(
		    sendto(fd, octets, sizeof octets, 0, (struct sockaddr *)&from, n),
		    PROBE_OCTETS);
	}
	assert_true(errno == EAGAIN);
}

static void
peer_ready(void *arg, int fd, unsigned events)
{
	(void)events;
	peer_answer(fd, 2, *(enum lie *)arg);
}

static void
check_peer(enum lie lie)
{
	uint16_t port;
	int fd = peer_open(&port);
	struct watch *watch = watch_new(loop, fd, LOOP_READ, peer_ready, &lie);
	struct heartbeat_plan plan = {.n = 2,
	    .ways = {way("127.0.0.1", "127.0.0.2", port), way("127.0.0.3", "127.0.0.2", port)},
	    .probes = 5,
	    .gap_ms = 10,
	    .patience_ms = 30};

	check(&plan);
	watch_free(watch);
	close(fd);
}

/* Numbers of the first pair arrive, as the second's answers say, but nothing comes back by it. */
static void
test_inward(void **state)
{
	(void)state;
	check_peer(TRUTH);
	assert_int_equal(got[0].beat, BEAT_INWARD);
	assert_int_equal(got[1].beat, BEAT_ALIVE);
}

/* The second pair answers on; after its third answer the first is not waited for. */
static void
test_lead(void **state)
{
	uint16_t port;
	enum lie lie = TRUTH;
	int fd = peer_open(&port);
	struct watch *watch = watch_new(loop, fd, LOOP_READ, peer_ready, &lie);
	struct heartbeat_plan plan = {.n = 2,
	    .ways = {way("127.0.0.1", "127.0.0.2", port), way("127.0.0.3", "127.0.0.2", port)},
	    .probes = 200,
	    .gap_ms = 5,
	    .lead = 3,
	    .patience_ms = 1000};
	uint64_t start = loop_now_ms();

	(void)state;
	check(&plan);
	assert_int_equal(got[0].beat, BEAT_INWARD);
	assert_int_equal(got[1].beat, BEAT_ALIVE);
	assert_in_range(loop_now_ms() - start, 9, 300);
	plan.rtt_us[0] = 200000; /* but two of its round trips are */
	start = loop_now_ms();
	check(&plan);
	assert_int_equal(got[0].beat, BEAT_INWARD);
	assert_in_range(loop_now_ms() - start, 400, 700);
	watch_free(watch);
	close(fd);
}

struct asked {
	struct heartbeat_check *check;
	struct asked *other; /* whom to cancel, when told */
	unsigned told;
	enum beat beats[2];
};

static void
asked_told(void *arg, const struct heartbeat_outcome *outcomes, size_t n)
{
	struct asked *asked = arg;

	asked->told++;
	for (size_t i = 0; i < n; i++)
		asked->beats[i] = outcomes[i].beat;
	if (asked->other != NULL) {
		heartbeat_cancel(asked->other->check);
		asked->other->check = NULL;
	}
}

static void
peer_counts(void *arg, int fd, unsigned events)
{
	uint8_t octets[PROBE_OCTETS];

	(void)events;
	while (recv(fd, octets, sizeof octets, 0) > 0)
		++*(unsigned *)arg;
}

/* Several that ask for the same at once, as sessions of one pair do, are told the same, and the pair has no more probes. */
static void
test_shared(void **state)
{
	uint16_t port;
	unsigned came = 0;
	int fd = peer_open(&port);
	struct watch *watch = watch_new(loop, fd, LOOP_READ, peer_counts, &came);
	struct heartbeat_plan plan = {.n = 2,
	    .ways = {way("127.0.0.1", "127.0.0.2", port), way("127.0.0.3", "127.0.0.2", port)},
	    .probes = 4,
	    .gap_ms = 10,
	    .patience_ms = 30};
	struct asked asked[10] = {{.told = 0}};
	uint64_t end = loop_now_ms() + PATIENCE_MS;
	unsigned told = 0;

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(
		    heartbeat_start(asker, &plan, asked_told, &asked[i], &asked[i].check), 0);
		while (i == 4 && came < 3) /* the others come while it is under way */
			loop_once(loop, 50);
	}
	heartbeat_cancel(asked[3].check);
	asked[0].other = &asked[9]; /* whichever is told first: the other one never is */
	asked[9].other = &asked[0];
	while (told < 8 && loop_now_ms() < end) {
		loop_once(loop, 50);
		told = 0;
		for (size_t i = 0; i < 10; i++)
			told += asked[i].told;
	}
	loop_once(loop, 20);
	assert_int_equal(told, 8);
	assert_int_equal(asked[3].told, 0);
	assert_int_equal(asked[0].told + asked[9].told, 1);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(
		    asked[i].told > 0 ? asked[i].beats[1] : BEAT_SILENT, BEAT_SILENT);
	assert_int_equal(came, 2 * plan.probes);
	/* another number of probes is another check */
	came = 0;
	assert_int_equal(
	    heartbeat_start(asker, &plan, asked_told, &asked[1], &asked[1].check), 0);
	plan.probes = 2;
	assert_int_equal(
	    heartbeat_start(asker, &plan, asked_told, &asked[2], &asked[2].check), 0);
	while (asked[1].told + asked[2].told < 4 && loop_now_ms() < end)
		loop_once(loop, 50);
	assert_int_equal(came, 2 * 4 + 2 * 2);
	watch_free(watch);
	close(fd);
}

/* However many checks, and of whatever kind: no pair has more probes than this. */
static void
test_most(void **state)
{
	uint16_t port;
	unsigned came = 0;
	int fd = peer_open(&port);
	struct watch *watch = watch_new(loop, fd, LOOP_READ, peer_counts, &came);
	struct asked asked[8] = {{.told = 0}};
	uint64_t start = loop_now_ms(), passed = 0;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		struct heartbeat_plan plan = {.n = 1,
		    .ways = {way("127.0.0.1", "127.0.0.2", port)},
		    .probes = 5 + i,
		    .gap_ms = 5,
		    .patience_ms = 20};

		assert_int_equal(
		    heartbeat_start(asker, &plan, asked_told, &asked[i], &asked[i].check), 0);
	}
	while (came < 3 * HEARTBEAT_MOST + 1 && passed < PATIENCE_MS) {
		unsigned before = came;

		loop_once(loop, 50);
		passed = loop_now_ms() - start;
		if (came > before)
			assert_true(came <= HEARTBEAT_MOST * (1 + passed / HEARTBEAT_MOST_MS));
	}
	assert_true(passed >= 3 * HEARTBEAT_MOST_MS);
	assert_true(passed < PATIENCE_MS);
	watch_free(watch);
	close(fd);
}

/* Who asks for the same ways in another order, or for some of them, is told of his. */
static void
test_shared_in_part(void **state)
{
	uint16_t port;
	enum lie lie = TRUTH;
	int fd = peer_open(&port);
	struct watch *watch = watch_new(loop, fd, LOOP_READ, peer_ready, &lie);
	struct prober_way dead = way("127.0.0.1", "127.0.0.2", port),
			  lives = way("127.0.0.3", "127.0.0.2", port);
	struct heartbeat_plan plans[] = {{.n = 2, .ways = {dead, lives}},
	    {.n = 2, .ways = {lives, dead}}, {.n = 1, .ways = {dead}},
	    {.n = 1, .ways = {lives}}};
	struct asked asked[4] = {{.told = 0}};
	uint64_t end = loop_now_ms() + PATIENCE_MS;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		plans[i].probes = 3;
		plans[i].gap_ms = 10;
		plans[i].patience_ms = 30;
		assert_int_equal(
		    heartbeat_start(asker, &plans[i], asked_told, &asked[i], &asked[i].check),
		    0);
	}
	while (asked[0].told + asked[1].told + asked[2].told + asked[3].told < 4 &&
	       loop_now_ms() < end)
		loop_once(loop, 50);
	assert_int_equal(asked[0].beats[0], BEAT_INWARD);
	assert_int_equal(asked[0].beats[1], BEAT_ALIVE);
	assert_int_equal(asked[1].beats[0], BEAT_ALIVE);
	assert_int_equal(asked[1].beats[1], BEAT_INWARD);
	assert_int_equal(asked[2].beats[0], BEAT_INWARD);
	assert_int_equal(asked[3].beats[0], BEAT_ALIVE);
	watch_free(watch);
	close(fd);
}

static void
test_forged(void **state)
{
	(void)state;
	for (enum lie lie = LIE_TOKEN; lie < LIES; lie++) {
		check_peer(lie);
		assert_int_equal(got[0].beat, BEAT_SILENT);
		assert_int_equal(got[1].beat, BEAT_SILENT);
	}
}

/* However many ask for the same. */
static void
test_cancelled(void **state)
{
	struct heartbeat_plan plan = {.n = 1,
	    .ways = {way("127.0.0.1", "127.0.0.2", 9)},
	    .probes = 1,
	    .gap_ms = 10,
	    .patience_ms = 10};
	struct heartbeat_check *checks[2000];
	const size_t n = sizeof checks / sizeof checks[0];

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(heartbeat_start(asker, &plan, told, NULL, &checks[i]), 0);
	n_got = 0;
	for (size_t i = 1; i < n; i++)
		heartbeat_cancel(checks[i]);
	while (n_got == 0)
		loop_once(loop, 50);
	assert_int_equal(heartbeat_start(asker, &plan, told, NULL, &checks[0]),
	    0); /* ends with the heartbeat */
}

static void
test_responder(void **state)
{
	struct responder *r = responder_new();
	struct probe probe = {.token = 7, .pair = 1, .sequence = 5}, answer;
	uint8_t peer[16] = {1}, moved[16] = {2}, stranger[16] = {3};
	unsigned answers = 0;

	(void)state;
	assert_non_null(r);
	assert_true(responder_take(r, peer, &probe, true, 1000, &answer));
	assert_int_equal(answer.token, 7);
	assert_int_equal(answer.sequence, 5);
	assert_int_equal(answer.flags, PROBE_ANSWER);
	assert_int_equal(answer.reports[0].pair, 0);
	probe.pair = 2;
	probe.sequence = 6;
	assert_true(
	    responder_take(r, moved, &probe, false, 1001, &answer)); /* its token is known */
	assert_true(responder_take(r, moved, &probe, false, 1002, &answer));
	assert_int_equal(answer.reports[0].pair, 1);
	assert_int_equal(answer.reports[0].sequence, 5);
	probe.sequence = 4; /* overtaken: the highest counts */
	assert_true(responder_take(r, peer, &probe, true, 1003, &answer));
	probe.pair = 1;
	assert_true(responder_take(r, peer, &probe, true, 1003, &answer));
	assert_int_equal(answer.reports[0].sequence, 6);
	for (unsigned i = 0; i < 2 * RESPONDER_PEER; i++)
		answers += responder_take(r, peer, &probe, true, 3000, &answer);
	assert_int_equal(answers, RESPONDER_PEER);
	assert_true(
	    responder_take(r, peer, &probe, true, 3000 + RESPONDER_STRETCH_MS, &answer));
	for (probe.token = 8; probe.token < 8 + RESPONDER_STRANGER; probe.token++)
		assert_true(responder_take(r, stranger, &probe, false, 5000, &answer));
	/* another token helps nothing */
	assert_false(responder_take(r, stranger, &probe, false, 5999, &answer));
	assert_true(responder_take(r, stranger, &probe, false, 6000, &answer));
	for (uint32_t i = 0; i < 100000; i++) { /* a flood of sources and tokens: bounded */
		put_u32(stranger, i);
		probe.token = (uint64_t)i << 20;
		probe.pair = i + 1;
		(void)responder_take(r, stranger, &probe, false, 7000, &answer);
	}
	responder_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_octets),
	    cmocka_unit_test(test_responder),
	    cmocka_unit_test_setup_teardown(test_alive, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_stranger, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_closed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_route, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_inward, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_lead, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_shared_in_part, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_most, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_forged, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_cancelled, setup, teardown),
	};

	return cmocka_run_group_tests_name("resolverd/heartbeat", tests, NULL, NULL);
}
