/*
 * test_others.c - where a session may go, and where it goes, as tables of what is published and what the probes found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolverd/others.h"

static struct others others;
static struct result result;
static struct session_note note;

/* 2001:db8::n, or 192.0.2.n. */
static void
address(uint8_t out[16], unsigned n, bool ipv4)
{
	static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8},
			     v4[16] = {[10] = 255, 255, 192, 0, 2};

	memcpy(out, ipv4 ? v4 : v6, 16);
	out[15] = (uint8_t)n;
}

static void
add(unsigned destination, bool ipv4, bool drain, bool ranked)
{
	struct found_identity *id = &result.identities[0];
	uint16_t flags = drain ? ELOC_DRAIN : 0;

	result.n_identities = 1;
	address(id->locators[id->n_locators].locator.address, destination, ipv4);
	id->locators[id->n_locators++].locator.flags = flags;
	if (!ranked)
		return;
	address(result.pairs[result.n_pairs].source, 1, ipv4);
	address(result.pairs[result.n_pairs].destination, destination, ipv4);
	result.pairs[result.n_pairs++].flags = flags;
}

static int
fresh(void **state)
{
	(void)state;
	others = (struct others){0};
	memset(&result, 0, sizeof result);
	note = (struct session_note){0};
	address(note.source, 1, false);
	address(note.destination, 10, false);
	return 0;
}

/* The own pair and the other family are not among them; their order is that of the ranking. */
static void
test_taken(void **state)
{
	(void)state;
	add(12, false, false, true);
	add(10, false, false, true);
	add(13, true, false, true);
	add(11, false, true, true);
	others_take(&others, &note, &result);
	assert_int_equal(others.n, 2);
	assert_int_equal(others.pairs[0].destination[15], 12);
	assert_int_equal(others.pairs[1].destination[15], 11);
	assert_false(others.given_up);
}

/* What is published counts, not what was ranked high enough; and there has to be somewhere to go. */
static void
test_given_up(void **state)
{
	static const struct {
		bool published, drained, other, other_drained, expected;
	} rows[] = {
	    {true, false, true, false, false},
	    {true, true, true, false, true},
	    {false, false, true, false, true},
	    {true, true, true, true, false},
	    {true, true, false, false, false},
	    {false, false, false, false, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fresh(state);
		if (rows[i].published)
			add(10, false, rows[i].drained, false);
		if (rows[i].other)
			add(11, false, rows[i].other_drained, true);
		others_take(&others, &note, &result);
		if (others.given_up != rows[i].expected)
			fail_msg("row %zu: given up: %d", i, others.given_up);
	}
}

static void
test_chosen(void **state)
{
	/* the own pair and two others, of which the first may be drained; which others[] is chosen, -1: none */
	static const struct {
		enum beat own, first, second;
		bool drained, answered;
		int expected;
	} rows[] = {
	    {BEAT_SILENT, BEAT_ALIVE, BEAT_ALIVE, false, true, 0},
	    {BEAT_SILENT, BEAT_SILENT, BEAT_ALIVE, false, true, 1},
	    {BEAT_SILENT, BEAT_SILENT, BEAT_SILENT, false, true, -1},
	    {BEAT_SILENT, BEAT_SILENT, BEAT_SILENT, false, false,
		0}, /* a peer that answers no probes */
	    {BEAT_SILENT, BEAT_SILENT, BEAT_ALIVE, false, false, 1},
	    {BEAT_SILENT, BEAT_NOROUTE, BEAT_SILENT, false, false, 1},
	    {BEAT_SILENT, BEAT_ALIVE, BEAT_SILENT, true, true,
		0}, /* drained is better than dead */
	    {BEAT_ALIVE, BEAT_ALIVE, BEAT_SILENT, true, true,
		-1}, /* and no better than alive */
	    {BEAT_ALIVE, BEAT_ALIVE, BEAT_ALIVE, true, true, 1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct heartbeat_outcome outcomes[3] = {
		    {.beat = rows[i].own}, {.beat = rows[i].first}, {.beat = rows[i].second}};
		bool any = false;
		const struct pair *to;

		fresh(state);
		add(11, false, rows[i].drained, true);
		add(12, false, false, true);
		others_take(&others, &note, &result);
		for (size_t k = 0; k < 3; k++)
			any |= beat_lives(outcomes[k].beat);
		to = others_choose(&others, outcomes, rows[i].answered, any);
		if ((to == NULL ? -1 : (int)(to - others.pairs)) != rows[i].expected)
			fail_msg("row %zu: not the one that was expected", i);
	}
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_taken, fresh),
	    cmocka_unit_test_setup(test_given_up, fresh),
	    cmocka_unit_test_setup(test_chosen, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
