/*
 * test_guard.c - when a session is looked at, and where that leads, by a clock on paper: the mapping, the probes and what the
 * session is told are stand-ins here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/errors.h"
#include "resolverd/guard.h"
#include "resolverd/joint.h"
#include "resolverd/sockets.h"
#include "tests/resolverd/paper.h"

#define LOCATORS 4

/* Destinations, by their last octet; the session begins by A. */
enum { A = 0xa, B = 0xb, C = 0xc };

static const struct watch_row rows[WATCHES] = {
#define X(name, word, beat, signs, sources, probes, gap, lead, patience, stall) \
	[name] = {beat, signs, sources, probes, gap, lead, patience, stall},
#include "resolverd/watches.def"
#undef X
};

static struct conf conf;
static struct agent agent;
static struct account account;
static struct session session;
static struct watch_row watch;
static struct result result, room;
static struct request_asker asker; /* whose look-up is under way */
static bool servers_answer, cached;
static unsigned asked;
static enum beat beats[16]; /* by the destination's last digit */
static struct socket_look socket_now; /* TCP */
static uint64_t acked_at;
static struct session_event told;
static unsigned n_told;

/* --- what guard.c stands on --- */

struct agent *
sessions_agent(const struct sessions *all)
{
	(void)all;
	return &agent;
}

struct netlink *
sessions_diag(const struct sessions *all)
{
	(void)all;
	return (struct netlink *)(void *)&agent;
}

struct result *
sessions_result(struct sessions *all)
{
	(void)all;
	return &room;
}

void
session_tell(struct session *to, const char *format, ...)
{
	(void)to;
	(void)format;
}

void
session_send(struct session *to, const struct session_event *event)
{
	(void)to;
	told = *event;
	n_told++;
}

const struct watch_row *
conf_watch(const struct conf *of, enum session_class class)
{
	(void)of;
	(void)class;
	return &watch;
}

int
sockets_look(struct netlink *diag, const struct session_note *note, struct socket_look *out)
{
	(void)diag;
	(void)note;
	*out = socket_now;
	out->last_ack_ms = (uint32_t)(paper_now - acked_at);
	return 0;
}

int
sockets_end(struct netlink *diag, const struct session_note *note)
{
	(void)diag;
	(void)note;
	return 0;
}

static struct bytes
payload(void)
{
	static uint8_t octets[65536];
	struct wr wr = wr_init(octets, sizeof octets);

	result_put(&wr, &result);
	assert_int_equal(wr.error, 0);
	return wr_done(&wr);
}

int
joint_ask(struct joints *joints, const struct resolve_request *request,
    const struct request_asker *by, struct bytes *now, struct joint **out)
{
	(void)joints;
	(void)request;
	*now = (struct bytes){NULL, 0};
	*out = NULL;
	asked++;
	if (cached) {
		*now = payload();
		return 0;
	}
	assert_null(asker.fn); /* one at a time */
	asker = *by;
	*out = (struct joint *)(void *)&asker;
	return 0;
}

void
joint_cancel(struct joint *joint)
{
	if (joint != NULL)
		asker.fn = NULL;
}

/* --- the scene --- */

static enum beat
beat_now(const struct prober_way *way)
{
	return beats[way->remote[15] & 15];
}

static void
address(uint8_t out[16], unsigned n)
{
	memcpy(out, (const uint8_t[16]){0x20, 0x01, 0x0d, 0xb8}, 16);
	out[15] = (uint8_t)n;
}

/* The mapping has these destinations, the best first, and may be had from the cache for so many seconds. */
static void
map(uint32_t lifetime, const unsigned *to, size_t n)
{
	struct found_identity *id = &result.identities[0];

	memset(&result, 0, sizeof result);
	result.kind = RESULT_IDENTITY;
	result.lifetime = lifetime;
	result.n_identities = 1;
	id->id.form = EID_ADDRESS;
	id->n_locators = result.n_pairs = n;
	for (size_t i = 0; i < n; i++) {
		address(id->locators[i].locator.address, to[i]);
		address(result.pairs[i].source, 1);
		address(result.pairs[i].destination, to[i]);
	}
}

#define MAP(lifetime, ...)                             \
	map(lifetime, (const unsigned[]){__VA_ARGS__}, \
	    sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

/* The look-up that is under way ends: with the mapping, or with nothing. */
static void
answer(void)
{
	struct request_asker to = asker;

	assert_non_null(to.fn);
	asker.fn = NULL;
	result.error = servers_answer ? 0 : -MAP_ETIMEOUT;
	to.fn(to.arg, payload());
	result.error = 0;
}

/* The program goes where it was told to. */
static void
follow(void)
{
	struct session_note was = session.note;

	assert_int_equal(told.kind, SESSION_MOVE);
	memcpy(session.note.source, told.source, 16);
	memcpy(session.note.destination, told.destination, 16);
	n_told = 0;
	guard_moved(session.guard, &was);
}

static bool
is_told(void)
{
	return n_told > 0;
}

static bool
is_at(enum session_event_kind kind, unsigned destination)
{
	return n_told == 1 && told.kind == kind &&
	       (kind != SESSION_MOVE || told.destination[15] == destination);
}

static int
setup(void **state)
{
	(void)state;
	paper_begin();
	paper_beat = beat_now;
	memset(&session, 0, sizeof session);
	session.account = &account;
	session.note.transport = SESSION_UDP;
	session.note.id.form = EID_ADDRESS;
	address(session.note.source, 1);
	address(session.note.destination, A);
	conf.flap = HOLD_RULE;
	agent.conf = &conf;
	agent.heartbeat =
	    (struct heartbeat *)(void *)&agent; /* these are looked at by nobody */
	agent.joints = (struct joints *)(void *)&agent;
	agent.pairs = (struct pairs *)(void *)&agent;
	session.all = (struct sessions *)(void *)&agent;
	asker.fn = NULL;
	servers_answer = cached = true;
	n_told = asked = 0;
	watch = rows[WATCH_FAST];
	for (size_t i = 0; i < sizeof beats / sizeof *beats; i++)
		beats[i] = BEAT_ALIVE;
	MAP(5, A, B);
	return guard_new(&session, &session.guard);
}

static int
teardown(void **state)
{
	(void)state;
	guard_free(session.guard);
	return 0;
}

/* --- signs --- */

/* A class wants three signs: of a pair that falls silent, the third alone has it looked at, however seldom it is probed. */
static void
expect_third_sign(enum beat before, unsigned beat_ms)
{
	uint64_t every = beat_ms + rows[WATCH_STICKY].gap_ms + rows[WATCH_STICKY].patience_ms;
	uint64_t silent;

	setup(NULL);
	watch = rows[WATCH_STICKY];
	watch.beat_ms = beat_ms > 2000 && before == BEAT_ALIVE ? beat_ms : 2000;
	beats[A] = beats[B] = before;
	paper_pass(60000);
	assert_int_equal(n_told, 0);
	beats[A] = BEAT_SILENT;
	silent = paper_now;
	if (!paper_until(is_told, 4 * every + 5000))
		fail_msg("beat %u: it never moves", beat_ms);
	assert_true(is_at(SESSION_MOVE, B));
	assert_in_range(paper_now - silent, 2 * every, 3 * every + 1500);
	teardown(NULL);
}

static void
test_third_sign(void **state)
{
	(void)state;
	expect_third_sign(BEAT_ALIVE, 2000);
	expect_third_sign(BEAT_ALIVE, 5000);
	expect_third_sign(BEAT_ALIVE, 60000);
	expect_third_sign(BEAT_CLOSED, 6000);
}

/* The same of a stream whose round trip is so long that its signs come seldom. */
static void
test_third_stall(void **state)
{
	uint64_t silent;

	(void)state;
	watch = rows[WATCH_STICKY];
	session.note.transport = SESSION_TCP;
	acked_at = paper_now;
	socket_now = (struct socket_look){.last_data_ms = 1, .rtt_us = 1500000};
	paper_pass(20000);
	assert_int_equal(n_told, 0);
	beats[A] = BEAT_SILENT;
	silent = acked_at = paper_now;
	socket_now.unacked = 1;
	assert_true(paper_until(is_told, 60000));
	assert_true(is_at(SESSION_ENDED, B));
	assert_in_range(paper_now - silent, 3 * 6000, 3 * 6750 + 3000);
}

/* What a pair did does not count against the next one. */
static void
test_signs_of_another(void **state)
{
	(void)state;
	watch = rows[WATCH_STICKY];
	paper_pass(6000);
	for (unsigned i = 0; i < 3; i++)
		guard_sign(session.guard, TRIGGER_PROGRAM);
	beats[A] = BEAT_SILENT;
	assert_true(paper_until(is_told, 2000));
	follow();
	paper_pass(10);
	beats[B] = BEAT_SILENT;
	beats[A] = BEAT_ALIVE;
	guard_sign(session.guard, TRIGGER_PROGRAM);
	guard_sign(session.guard, TRIGGER_PROGRAM);
	assert_false(paper_until(is_told, 1500));
	guard_sign(session.guard, TRIGGER_PROGRAM);
	assert_true(paper_until(is_told, 1500));
	assert_true(is_at(SESSION_MOVE, A));
}

static const struct {
	unsigned wanted, sources;
	uint64_t every;
	struct {
		uint64_t ago;
		enum trigger trigger;
	} signs[SIGNS_MOST + 1]; /* the oldest first; 0: no more */
	bool enough;
} counts[] = {
    {1, 1, 300, {{1, TRIGGER_ICMP}}, true},
    {2, 1, 300, {{1, TRIGGER_ICMP}}, false},
    {2, 1, 300, {{10000, TRIGGER_ICMP}, {1, TRIGGER_ICMP}}, true},
    {2, 1, 300, {{10001, TRIGGER_ICMP}, {1, TRIGGER_ICMP}}, false},
    {2, 1, 6650, {{13300, TRIGGER_ICMP}, {1, TRIGGER_ICMP}}, true},
    {2, 1, 6650, {{13301, TRIGGER_ICMP}, {1, TRIGGER_ICMP}}, false},
    {1, 2, 300, {{2, TRIGGER_ICMP}, {1, TRIGGER_ICMP}}, false},
    {1, 2, 300, {{2, TRIGGER_LINK}, {1, TRIGGER_ICMP}}, true},
    {1, 2, 300, {{20000, TRIGGER_LINK}, {1, TRIGGER_ICMP}}, false},
    {3, 3, 300, {{3, TRIGGER_LINK}, {2, TRIGGER_ICMP}, {1, TRIGGER_PROGRAM}}, true},
    {3, 3, 300, {{4, TRIGGER_LINK}, {3, TRIGGER_ICMP}, {2, TRIGGER_ICMP}, {1, TRIGGER_PROGRAM}},
	false},
};

static void
test_counts(void **state)
{
	const uint64_t now = 100000;

	(void)state;
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct watch_row wants = {
		    .signs = counts[i].wanted, .sources = counts[i].sources};
		struct signs signs = {0};

		for (size_t k = 0; k <= SIGNS_MOST && counts[i].signs[k].ago != 0; k++)
			signs_note(
			    &signs, counts[i].signs[k].trigger, now - counts[i].signs[k].ago);
		if (signs_are_enough(&signs, &wants, counts[i].every, now) != counts[i].enough)
			fail_msg("row %zu", i);
	}
}

/* --- a peer without an agent --- */

/* It has few answers to give: one other is probed beside its pair, and what was not is not known to live. When both are dead
 * nothing is to be spared any more. */
static void
test_third_of_closed(void **state)
{
	(void)state;
	MAP(60, A, B, C);
	beats[A] = beats[B] = beats[C] = BEAT_CLOSED;
	paper_pass(12000);
	beats[A] = beats[B] = BEAT_SILENT;
	assert_true(paper_until(is_told, 8000));
	assert_int_equal(paper_plan.n, 2);
	assert_true(is_at(SESSION_LOST, 0));
	n_told = 0;
	assert_true(paper_until(is_told, 2000));
	assert_true(is_at(SESSION_MOVE, C));
}

/* --- the mapping's servers are silent --- */

/* Its mapping is over, and asked for in vain. */
static void
silence_servers(void)
{
	paper_pass(7000);
	cached = false;
	while (asker.fn == NULL)
		paper_pass(10);
	assert_int_equal(n_told, 0);
}

/* Dead in that very moment: the others that are known will do. Then the one that it comes from is one of them. */
static void
test_servers_silent(void **state)
{
	uint64_t dead;

	(void)state;
	silence_servers();
	dead = paper_now;
	beats[A] = BEAT_SILENT;
	assert_true(paper_until(is_told, 4000));
	assert_true(is_at(SESSION_MOVE, B));
	assert_in_range(paper_now - dead, 1, 500);
	follow();
	paper_pass(2000); /* the hold */
	assert_int_equal(n_told, 0);
	dead = paper_now;
	beats[A] = BEAT_ALIVE;
	beats[B] = BEAT_SILENT;
	assert_true(paper_until(is_told, 2000));
	assert_true(is_at(SESSION_MOVE, A));
	assert_in_range(paper_now - dead, 1, 500);
	assert_non_null(asker.fn); /* all the time */
}

/* While that is asked for it is probed as ever. */
static void
test_beats_go_on(void **state)
{
	unsigned before, as_ever;

	(void)state;
	paper_pass(2000);
	before = paper_checks;
	paper_pass(1000);
	as_ever = paper_checks - before;
	assert_true(as_ever > 2);
	silence_servers();
	before = paper_checks;
	paper_pass(1000);
	assert_in_range(paper_checks - before, as_ever - 1, as_ever + 1);
}

/* Nothing that is known lives: it is cut off when the mapping has nothing else either, and not before. */
static void
test_none_known(void **state)
{
	(void)state;
	silence_servers();
	beats[A] = beats[B] = BEAT_SILENT;
	paper_pass(2000);
	assert_int_equal(n_told, 0);
	MAP(60, A, B, C);
	answer();
	assert_true(paper_until(is_told, 1000));
	assert_true(is_at(SESSION_MOVE, C));
}

static void
test_none_at_all(void **state)
{
	(void)state;
	silence_servers();
	beats[A] = beats[B] = BEAT_SILENT;
	paper_pass(2000);
	assert_int_equal(n_told, 0);
	servers_answer = false;
	answer();
	assert_true(paper_until(is_told, 1000));
	assert_true(is_at(SESSION_LOST, 0));
}

/* The mapping comes while the others that were known are probed: then those are that it has. */
static void
test_answered_meanwhile(void **state)
{
	(void)state;
	silence_servers();
	beats[A] = beats[B] = BEAT_SILENT;
	assert_ptr_equal(paper_plan.account, &account); /* its user's, as are looks */
	guard_sign(session.guard, TRIGGER_PROGRAM);
	assert_ptr_equal(paper_plan.account, &account);
	assert_int_equal(paper_plan.n, 2);
	MAP(60, A, C);
	answer();
	assert_int_equal(paper_plan.n, 2);
	assert_int_equal(paper_plan.ways[1].remote[15], C);
	assert_true(paper_until(is_told, 1000));
	assert_true(is_at(SESSION_MOVE, C));
}

/* The same pairs: what is known of them by then is not asked again. */
static void
test_answered_the_same(void **state)
{
	unsigned before;

	(void)state;
	silence_servers();
	beats[A] = BEAT_SILENT;
	guard_sign(session.guard, TRIGGER_PROGRAM);
	before = paper_checks;
	answer();
	assert_int_equal(paper_checks, before);
	assert_true(paper_until(is_told, 1000));
	assert_true(is_at(SESSION_MOVE, B));
}

/* It drains what lives. */
static void
test_answered_with_a_drain(void **state)
{
	(void)state;
	silence_servers();
	paper_pass(1000);
	MAP(60, B);
	answer();
	assert_true(paper_until(is_told, 200));
	assert_true(is_at(SESSION_MOVE, B));
}

/* --- holds --- */

/* What may not move yet moves when it may, and not when it happens to be looked at next. */
static void
test_held(void **state)
{
	uint64_t moved;

	(void)state;
	MAP(60, B);
	assert_true(paper_until(is_told, 6000)); /* the mapping is asked for a first time */
	moved = paper_now;
	assert_true(is_at(SESSION_MOVE, B));
	follow();
	paper_pass(100);
	MAP(60, C);
	guard_sign(session.guard, TRIGGER_PROGRAM); /* so that it is asked for */
	paper_pass(100);
	assert_int_equal(n_told, 0);
	assert_true(paper_until(is_told, 5000));
	assert_true(is_at(SESSION_MOVE, C));
	assert_in_range(paper_now - moved, HOLD_MS, HOLD_MS + 50);
}

/* Nor does it move by then when there is no reason to any more. */
static void
test_held_in_vain(void **state)
{
	(void)state;
	MAP(60, B);
	assert_true(paper_until(is_told, 6000));
	follow();
	paper_pass(100);
	MAP(60, C);
	guard_sign(session.guard, TRIGGER_PROGRAM);
	paper_pass(100);
	MAP(60, B, C);
	paper_pass(30000);
	assert_int_equal(n_told, 0);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_third_sign),
	    T(test_third_stall),
	    T(test_signs_of_another),
	    cmocka_unit_test(test_counts),
	    T(test_third_of_closed),
	    T(test_servers_silent),
	    T(test_beats_go_on),
	    T(test_none_known),
	    T(test_none_at_all),
	    T(test_answered_meanwhile),
	    T(test_answered_the_same),
	    T(test_answered_with_a_drain),
	    T(test_held),
	    T(test_held_in_vain),
	};

	return cmocka_run_group_tests_name("resolverd/guard", tests, NULL, NULL);
}
