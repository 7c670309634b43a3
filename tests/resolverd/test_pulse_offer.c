/*
 * test_pulse_offer.c - is an address offered to the sessions that lack it while others are by it, and never at the cost of one of these?
 * And are paths looked at often enough, whatever a look costs?
 * Sockets, clock, timers and probes are on paper.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolverd/pulse_own.h"
#include "resolverd/watches.h"
#include "tests/resolverd/clockwork.h"

#define HOUR_MS 3600000u

static struct subflow list[8];
static size_t n_list;
static struct pulse *pulse;
static unsigned offers;
static bool kept; /* a is */
static bool over; /* all sessions are being closed */
static uint64_t all_us, one_us; /* of a CPU; what looks cost */
static unsigned reads, agains, checks;
static bool answers;
static heartbeat_fn *check_fn;
static void *check_arg;
static struct heartbeat_plan looked;

static const uint8_t a[16] = {0x20, 1, 0x0d, 0xb8, 1}, b[16] = {0x20, 1, 0x0d, 0xb8, 2};
static const uint8_t r[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};
static const uint8_t r2[16] = {0x20, 1, 0x0d, 0xb8, [15] = 2};

/* --- linked with --wrap --- */

int __wrap_netlink_open(int bus, unsigned groups, struct netlink **out);
int __wrap_netlink_join(struct netlink *nl, uint32_t group);
int __wrap_netlink_fd(const struct netlink *nl);
void __wrap_netlink_close(struct netlink *nl);
uint32_t __wrap_mptcp_event_group(const struct mptcp *mptcp);
struct watch *__wrap_watch_new(
    struct loop *loop, int fd, unsigned events, watch_fn *fn, void *arg);
void __wrap_watch_free(struct watch *watch);
int __wrap_subflows_read(struct netlink *diag, struct subflows *out);
int __wrap_subflows_again(struct netlink *diag, struct subflows *out);
bool __wrap_subflows_listen(struct netlink *diag);
int __wrap_heartbeat_start(struct heartbeat *heartbeat, const struct heartbeat_plan *plan,
    heartbeat_fn *fn, void *arg, struct heartbeat_check **out);
void __wrap_heartbeat_cancel(struct heartbeat_check *check);
bool __wrap_heartbeat_lately(struct heartbeat *heartbeat, const struct prober_way *way,
    uint64_t ms, struct heartbeat_outcome *out);

int
__wrap_netlink_open(int bus, unsigned groups, struct netlink **out)
{
	(void)bus;
	(void)groups;
	*out = (struct netlink *)&now;
	return 0;
}

int
__wrap_netlink_join(struct netlink *nl, uint32_t group)
{
	(void)nl;
	(void)group;
	return 0;
}

int
__wrap_netlink_fd(const struct netlink *nl)
{
	(void)nl;
	return 0;
}

void
__wrap_netlink_close(struct netlink *nl)
{
	(void)nl;
}

uint32_t
__wrap_mptcp_event_group(const struct mptcp *mptcp)
{
	(void)mptcp;
	return 1;
}

struct watch *
__wrap_watch_new(struct loop *loop, int fd, unsigned events, watch_fn *fn, void *arg)
{
	(void)loop;
	(void)fd;
	(void)events;
	(void)fn;
	(void)arg;
	return (struct watch *)&now;
}

void
__wrap_watch_free(struct watch *watch)
{
	(void)watch;
}

static int
tell_all(struct subflows *out)
{
	static struct subflow_session sessions[8];

	*out = (struct subflows){
	    .n = n_list, .list = list, .sessions = sessions, .complete = true};
	for (size_t i = 0; i < n_list; i++)
		if (i == 0 || list[i].token != list[i - 1].token)
			sessions[out->n_sessions++] =
			    (struct subflow_session){.token = list[i].token, .over = over};
	return 0;
}

int
__wrap_subflows_read(struct netlink *diag, struct subflows *out)
{
	(void)diag;
	reads++;
	spent_us += all_us;
	return tell_all(out);
}

int
__wrap_subflows_again(struct netlink *diag, struct subflows *out)
{
	(void)diag;
	agains++;
	spent_us += n_list * one_us;
	return tell_all(out);
}

bool
__wrap_subflows_listen(struct netlink *diag)
{
	(void)diag;
	return false;
}

int
__wrap_heartbeat_start(struct heartbeat *heartbeat, const struct heartbeat_plan *plan,
    heartbeat_fn *fn, void *arg, struct heartbeat_check **out)
{
	(void)heartbeat;
	checks++;
	check_fn = fn;
	check_arg = arg;
	looked = *plan;
	*out = (struct heartbeat_check *)&now;
	return 0;
}

void
__wrap_heartbeat_cancel(struct heartbeat_check *check)
{
	(void)check;
}

bool
__wrap_heartbeat_lately(struct heartbeat *heartbeat, const struct prober_way *way, uint64_t ms,
    struct heartbeat_outcome *out)
{
	(void)heartbeat;
	(void)way;
	(void)ms;
	(void)out;
	return true;
}

/* --- */

static size_t
own(void *arg, uint8_t (*out)[16], size_t max)
{
	(void)arg;
	assert_true(max >= 2);
	memcpy(out[0], a, 16);
	memcpy(out[1], b, 16);
	return 2;
}

static void
renew(void *arg, const uint8_t address[16], bool accepts, const char *why)
{
	(void)arg;
	(void)accepts;
	(void)why;
	assert_memory_equal(address, a, 16);
	offers++;
	kept = false;
}

static void
keep_back(void *arg, const uint8_t address[16], const char *why)
{
	(void)arg;
	(void)why;
	assert_memory_equal(address, a, 16);
	kept = true;
}

static bool
is_kept(void *arg, const uint8_t address[16])
{
	(void)arg;
	return kept && memcmp(address, a, 16) == 0;
}

static void
accepts(void *arg)
{
	(void)arg;
}

static void
tell(void *arg, uint32_t token, const char *words)
{
	(void)arg;
	(void)token;
	(void)words;
}

static void
count(void *arg, enum path_change change)
{
	(void)arg;
	(void)change;
}

static const struct watch_row *
watch(void *arg, uint32_t token)
{
	(void)arg;
	(void)token;
	return watch_row(WATCH_FAST);
}

static const struct pulse_ops ops = {own, keep_back, is_kept, renew, accepts};
static const struct paths_company company = {.heartbeat = (struct heartbeat *)&now,
    .watch = watch,
    .tell = tell,
    .count = count,
    .flap = {1000, 60000, 2}};

/* One more, in the order of tokens, and of ports. */
static void
put(uint32_t token, const uint8_t local[16], const uint8_t remote[16])
{
	struct subflow flow = {.token = token, .local_port = (uint16_t)n_list, .began = true};

	memcpy(flow.local, local, 16);
	memcpy(flow.remote, remote, 16);
	list[n_list++] = flow;
}

static void
put_both(uint32_t token, const uint8_t remote[16])
{
	put(token, a, remote);
	put(token, b, remote);
}

/* This process begins now: nothing that was left before is known. */
static void
begin(void)
{
	now = 100000;
	n_timers = offers = 0;
	spent_us = all_us = one_us = 0;
	answers = kept = over = false;
	check_fn = NULL;
	assert_int_equal(
	    pulse_open((struct loop *)&now, (struct mptcp *)&now, &ops, NULL, &pulse), 0);
	assert_int_equal(pulse_attend(pulse, &company, NULL), 0);
}

static void
end(void)
{
	pulse->seen = (struct subflows){.n = 0}; /* its list is ours */
	pulse_close(pulse);
	n_list = 0;
}

static void
pass(uint64_t ms)
{
	struct heartbeat_outcome outcomes[HEARTBEAT_PAIRS] = {{0}};

	for (uint64_t until = now + ms; now < until; now += 5) {
		for (size_t i = 0; i < n_timers; i++)
			if (timers[i].due != 0 && timers[i].due <= now)
				clockwork_fire(&timers[i]);
		for (size_t i = 0; i < HEARTBEAT_PAIRS; i++) {
			bool alive = answers && memcmp(looked.ways[i].local, a, 16) == 0;

			outcomes[i].beat = alive ? BEAT_ALIVE : BEAT_SILENT;
		}
		if (check_fn != NULL) {
			heartbeat_fn *fn = check_fn;

			check_fn = NULL;
			fn(check_arg, outcomes, looked.n);
		}
	}
}

/* A session that began before the process did lacks an address that another one is by, who has a path besides: it is offered, once. */
static void
test_one_is_back(void **state)
{
	(void)state;
	put(1, b, r);
	put_both(2, r);
	begin();
	pass(10000);
	assert_int_equal(offers, 0);
	answers = true;
	pass(9000);
	assert_int_equal(offers, 1);
	pass(HOUR_MS);
	assert_int_equal(offers, 1); /* the kernel cannot, it seems */
	end();
}

/* Who has nothing else keeps it, as long as that is so. */
static void
test_none_is_cut_off(void **state)
{
	(void)state;
	put(1, b, r);
	put(2, a, r);
	begin();
	answers = true;
	pass(HOUR_MS / 10);
	assert_int_equal(offers, 0);
	put(2, b, r);
	pass(9000);
	assert_int_equal(offers, 1);
	end();
}

/* Who has another path by the silent address only cannot spare this one. */
static void
test_silent_is_none(void **state)
{
	(void)state;
	put(1, b, r);
	put_both(2, r);
	begin();
	pass(100);
	assert_false(pulse_may_offer(pulse, a, b));
	assert_true(pulse_may_offer(pulse, a, NULL));
	end();
}

/* All are back: nothing is done to them. */
static void
test_all_are_back(void **state)
{
	(void)state;
	put(1, b, r);
	begin();
	n_list = 0;
	put_both(1, r);
	answers = true;
	pass(HOUR_MS / 10);
	assert_int_equal(offers, 0);
	end();
}

/* That another one's peer answers says nothing of what the session would be led to. */
static void
test_another_peer(void **state)
{
	struct prober_way way = prober_way_of(a, r2);

	(void)state;
	put_both(1, r);
	put_both(2, r2);
	begin();
	memcpy(list[0].local, b, 16); /* the first one loses it */
	pass(100);
	pulse_sign(pulse, &way);
	assert_int_equal(offers, 0);
	answers = true;
	pass(3000);
	assert_int_equal(offers, 1);
	end();
}

/* A peer that asks there time and again, of a session that cannot come there, is no reason to do it time and again. */
static void
test_signs(void **state)
{
	struct prober_way way = prober_way_of(a, r);

	(void)state;
	put(1, b, r);
	put_both(2, r);
	for (size_t i = 0; i < n_list; i++)
		list[i].began = false;
	begin();
	pass(100);
	assert_null(check_fn);
	for (unsigned i = 0; i < 600; i++) {
		pulse_sign(pulse, &way);
		pass(1000);
		assert_true(offers >= 1);
	}
	assert_in_range(offers, 2, 4);
	end();
}

/* Of a session by both addresses the first dies: its path goes with its address. */
static void
die(bool probed)
{
	begin();
	pass(100);
	pulse_renew(pulse, &list[0], "silent", probed);
	if (!kept)
		return;
	memmove(list, list + 1, --n_list * sizeof list[0]);
}

/* What is dead for all who are by it is offered when it answers, and not before: a peer's kernel would try it in vain, and counts that. */
static void
test_kept_until_it_answers(void **state)
{
	(void)state;
	put_both(1, r);
	die(true);
	assert_true(kept);
	pass(HOUR_MS);
	assert_true(kept);
	answers = true;
	pass(9000);
	assert_false(kept);
	assert_int_equal(offers, 1);
	pass(HOUR_MS / 10);
	assert_in_range(offers, 1, 2); /* on paper it is not joined */
	end();
}

/* One that began by it, and has nothing else, keeps it meanwhile. */
static void
test_kept_and_used(void **state)
{
	(void)state;
	put_both(1, r);
	die(true);
	assert_true(kept);
	put(2, a, r);
	answers = true;
	pass(HOUR_MS / 10);
	assert_true(kept);
	put(2, b, r);
	pass(9000);
	assert_false(kept);
	end();
}

/* Its peer says so first. */
static void
test_kept_until_a_sign(void **state)
{
	struct prober_way way = prober_way_of(a, r);

	(void)state;
	put_both(1, r);
	die(true);
	assert_true(kept);
	pulse_unheard(pulse);
	pulse_sign(pulse, &way);
	assert_false(kept);
	end();
}

/* A session that begins may be another peer's, who can come there. */
static void
test_kept_until_a_session(void **state)
{
	(void)state;
	put_both(1, r);
	die(true);
	pass(10000);
	assert_true(kept);
	pulse->begun = true;
	pass(200);
	assert_false(kept);
	assert_int_equal(offers, 1);
	end();
}

/* The session that began came there itself: its path is not taken away so soon, though it may have another one by now. Nor is one that is
 * not seen yet. */
static void
test_kept_by_a_session(void **state)
{
	(void)state;
	put_both(1, r);
	die(true);
	put(2, a, r);
	put(2, b, r);
	pulse->begun = true;
	pass(200);
	assert_true(kept);
	end();
	put_both(1, r);
	die(true);
	pass(10000);
	pulse->begun = pulse->news = true;
	pulse->debt_us = 1000000;
	pass(200);
	assert_true(kept);
	assert_true(pulse->begun);
	pulse->debt_us = 0;
	pass(200);
	assert_false(kept);
	end();
}

static void
lose(uint32_t token)
{
	struct prober_way way = prober_way_of(a, r);

	pulse_ended(pulse, token, &way);
	pulse->running = true;
	timer_start(pulse->timer, 15);
}

/* A path of a session that was accepted has ended, and its peer does not come back: when it answers it is offered again. */
static void
test_lost(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 6; turn++) {
		begin();
		put(1, b, r);
		list[0].began = turn == 1; /* who began it joins by himself */
		pulse->news = true;
		answers = turn != 2;
		lose(1);
		pass(500);
		if (turn == 3) /* it is back */
			put(1, a, r);
		if (turn == 4)
			n_list = 0;
		over = turn == 5;
		checks = 0;
		assert_int_equal(offers, 0);
		pass(5000);
		if (offers != (turn == 0))
			fail_msg("turn %u: %u offers", turn, offers);
		assert_int_equal(pulse->n_ended, 0);
		assert_int_equal(checks > 0, turn == 0 || turn == 2);
		if (turn == 2) {
			answers = true;
			pass(60000);
			assert_int_equal(offers, 1);
		}
		end();
	}
}

/* Many end at once: there is room for some, each once. */
static void
test_many_lost(void **state)
{
	(void)state;
	put(1, b, r);
	list[0].began = false;
	begin();
	for (uint32_t i = 0; i < 100; i++) {
		lose(i / 2);
		assert_int_equal(
		    pulse->n_ended, i / 2 + 1 < PULSE_CHECKS ? i / 2 + 1 : PULSE_CHECKS);
	}
	answers = true;
	pass(5000);
	assert_int_equal(pulse->n_ended, 0);
	assert_int_equal(offers, 1);
	end();
}

/* All sessions are over: nobody would tell of it, and the next one is whose it is. */
static void
test_kept_for_nobody(void **state)
{
	(void)state;
	put_both(1, r);
	die(true);
	n_list = 0;
	pass(HOUR_MS);
	put(2, b, r2);
	pulse->begun = true;
	pulse->running = true;
	timer_start(pulse->timer, 15);
	pass(200);
	assert_false(kept);
	end();
}

/* Where another peer's path may live by it nobody is kept from it; nor where nothing will tell that it answers. */
static void
test_not_kept(void **state)
{
	(void)state;
	put_both(1, r);
	put_both(2, r2);
	die(true);
	assert_false(kept);
	assert_int_equal(offers, 1);
	end();
	put_both(1, r);
	die(false);
	assert_false(kept);
	assert_int_equal(offers, 1);
	end();
	put_both(1, r);
	put_both(2, r2);
	list[2].unacked = 1; /* as silent */
	die(true);
	assert_true(kept);
	end();
	/* two addresses of the same peer: what the session has there was probed, too, and is no other peer's */
	put(1, a, r);
	put(1, a, r2);
	put(1, b, r);
	put(2, a, r2);
	put(2, b, r2);
	die(true);
	assert_true(kept);
	end();
}

/* For 10 s, in which something comes by the first path each so many ms, and news of a path each so many (0: none). */
static void
run(uint64_t octets_ms, uint64_t news_ms)
{
	reads = agains = 0;
	for (uint64_t ms = 0; ms < 10000; ms += 5) {
		if (octets_ms != 0 && ms % octets_ms == 0)
			list[0].segments_in++;
		if (news_ms != 0 && ms % news_ms == 0)
			pulse->news = true;
		pass(5);
	}
}

/* Known paths are looked at one by one, as long as that is less than a look at all connections of the machine; that is done each second,
 * and for news, though these may come from anybody. */
static void
test_looks(void **state)
{
	(void)state;
	put_both(1, r);
	begin();
	all_us = 2000;
	one_us = 20;
	run(10, 0);
	assert_in_range(reads, 9, 11);
	assert_in_range(agains, 900,
	    2000); /* between two of them there is none of the stream's octets, and none is 100 ms late */
	run(0, 0);
	assert_in_range(reads, 9, 11);
	assert_in_range(agains, 80, 110);
	run(10, 5);
	assert_in_range(reads, 90, 110); /* 2 % of a CPU, and 10 ms of it at once */
	assert_in_range(agains, 800, 2000);
	one_us = 1500;
	run(10, 5);
	assert_in_range(reads, 150, 210); /* 4 % of a CPU for all of it */
	assert_in_range(agains, 0, 5);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_is_back),
	    cmocka_unit_test(test_none_is_cut_off),
	    cmocka_unit_test(test_silent_is_none),
	    cmocka_unit_test(test_all_are_back),
	    cmocka_unit_test(test_another_peer),
	    cmocka_unit_test(test_signs),
	    cmocka_unit_test(test_kept_until_it_answers),
	    cmocka_unit_test(test_kept_and_used),
	    cmocka_unit_test(test_kept_until_a_sign),
	    cmocka_unit_test(test_kept_until_a_session),
	    cmocka_unit_test(test_kept_by_a_session),
	    cmocka_unit_test(test_kept_for_nobody),
	    cmocka_unit_test(test_lost),
	    cmocka_unit_test(test_many_lost),
	    cmocka_unit_test(test_not_kept),
	    cmocka_unit_test(test_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
