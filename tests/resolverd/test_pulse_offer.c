/*
 * test_pulse_offer.c - is an address offered to the sessions that lack it while others are by it, and never at the cost of one of these?
 * And are paths looked at often enough, whatever a look costs?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolverd/watches.h"
#include "tests/resolverd/pulsework.h"

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

static void
comes_back(void)
{
	n_list = 0;
	put_both(1, r);
}

/* It is just when what was left answers; the event was not read yet. */
static void
test_just_back(void **state)
{
	(void)state;
	put(1, b, r);
	begin();
	pass(100);
	unheard = comes_back;
	answers = true;
	pass(HOUR_MS / 10);
	assert_null(unheard);
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
	pulse_sign(pulse, &way, false);
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
		pulse_sign(pulse, &way, false);
		pass(1000);
		assert_true(offers >= 1);
	}
	assert_in_range(offers, 2, 4);
	end();
}

/* A path is probed, and the other one with it. */
static void
suspected(void)
{
	looked.n = 0;
	for (unsigned i = 0; i < 100 && looked.n != 2; i++)
		pass(5);
	assert_int_equal(looked.n, 2);
}

/* Owes for long: an only path that is silent. The other provider, silent as well, may come at any moment: once that is known the first
 * answer counts, and no probe is far from the next. */
static void
test_alone(void **state)
{
	(void)state;
	put(1, b, r);
	begin();
	list[0].unacked = 3;
	list[0].rtt_us = list[0].min_rtt_us = 8000;
	suspected();
	assert_int_equal(looked.lead, watch_row(WATCH_FAST)->lead);
	suspected();
	assert_int_equal(looked.lead, 1);
	assert_true(looked.warns);
	assert_in_range(looked.gap_ms, 10, 30); /* at most 100 a second */
	assert_int_equal(looked.patience_ms, looked.gap_ms + 3 * 8);
	end();
}

/* A peer's warning has what is silent probed, though nothing is owed here; a probe that is none has not; nor does this host warn in turn. */
static void
test_warned(void **state)
{
	struct prober_way way = prober_way_of(b, r);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		put_both(1, r);
		for (size_t k = 0; k < n_list; k++)
			list[k].began = false;
		begin();
		looked.n = checks = 0;
		for (unsigned ms = 0; ms < 300; ms += 5) {
			list[1].segments_in++;
			if (ms >= 200)
				pulse_sign(pulse, &way, i == 1);
			pass(5);
		}
		assert_int_equal(checks > 0, i == 1);
		if (i == 1) {
			assert_memory_equal(looked.ways[0].local, a, 16);
			assert_false(looked.warns);
		}
		end();
	}
}

static void
something_comes(void)
{
	list[0].segments_in++;
}

/* A stream comes by a, and stops after 230 ms; its peer warns by b. */
static void
warned(unsigned at)
{
	struct prober_way way = prober_way_of(b, r);

	for (size_t k = 0; k < n_list; k++)
		list[k].began = false;
	checks = 0;
	for (unsigned ms = 0; ms < 300; ms += 5) {
		list[0].segments_in += ms < 230;
		list[1].segments_in++;
		if (ms == at)
			pulse_sign(pulse, &way, true);
		pass(5);
	}
}

/* It is left where this host's own probes find it dead: not when they are answered, when nothing is, or when anything came by it
 * meanwhile. */
static void
test_warned_of_the_dead(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		put_both(1, r);
		begin();
		answers = i != 1;
		answerer = i == 2 ? a : b;
		meanwhile = i == 3 ? something_comes : NULL;
		warned(260);
		assert_true(checks > 0);
		assert_int_equal(kept, i == 0);
		end();
	}
}

/* What was looked at for a warning rests no more when something is owed by it. */
static void
test_warned_and_owing(void **state)
{
	(void)state;
	put_both(1, r);
	begin();
	answers = true;
	warned(120); /* what it may be about is over */
	assert_int_equal(checks, 0);
	warned(260);
	assert_int_equal(checks, 1);
	assert_false(looked.warns);
	list[0].unacked = 3;
	pass(40);
	assert_int_equal(checks, 2);
	assert_true(looked.warns);
	end();
}

/* Nor does it go on then; but data that is missing is no reason to begin it anew. */
static void
test_warned_then(void **state)
{
	(void)state;
	for (unsigned owes = 0; owes < 2; owes++) {
		put_both(1, r);
		begin();
		pending = true;
		warned(260);
		assert_int_equal(checks, 1);
		list[0].unacked = owes ? 3 : 0;
		for (unsigned i = 0; i < 30; i++) {
			list[1].segments_in++;
			list[1].octets_in += 1000; /* which the session cannot have yet */
			pass(5);
		}
		assert_int_equal(checks, owes ? 2 : 1);
		assert_int_equal(looked.warns, owes);
		end();
	}
}

/* A path was joined by a handshake that waited: what a probe took there says how long it may be silent, until data was acknowledged. */
static void
test_late_handshake(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		put_both(1, r);
		begin();
		pass(100);
		checks = 0;
		list[0].rtt_us = list[0].min_rtt_us = 468000;
		list[0].rttvar_us = 234000;
		list[0].delivered = i == 3 ? 2 : 1;
		list[0].unacked = 3;
		probed_us = i == 0 ? 0 : i == 1 ? 500000 : 1000;
		pulse->running = true;
		timer_start(pulse->timer, 15);
		pass(300);
		if (i == 2)
			assert_true(checks > 0);
		else
			assert_int_equal(checks, 0);
		end();
	}
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
	    cmocka_unit_test(test_just_back),
	    cmocka_unit_test(test_another_peer),
	    cmocka_unit_test(test_signs),
	    cmocka_unit_test(test_alone),
	    cmocka_unit_test(test_late_handshake),
	    cmocka_unit_test(test_warned),
	    cmocka_unit_test(test_warned_of_the_dead),
	    cmocka_unit_test(test_warned_and_owing),
	    cmocka_unit_test(test_warned_then),
	    cmocka_unit_test(test_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
