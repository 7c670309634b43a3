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
		enum verdict set; /* that a part of the mapping comes from */
	} rows[] = {
	    {true, false, true, false, false, VERDICT_NONE},
	    {true, true, true, false, true, VERDICT_NONE},
	    {false, false, true, false, true, VERDICT_NONE},
	    {false, false, true, false, false, VERDICT_BOGUS},
	    {false, false, true, false, false, VERDICT_TIMEOUT},
	    {false, false, true, false, true, VERDICT_MISSING},
	    {true, true, true, false, true, VERDICT_BOGUS},
	    {true, true, true, true, false, VERDICT_NONE},
	    {true, true, false, false, false, VERDICT_NONE},
	    {false, false, false, false, false, VERDICT_NONE},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fresh(state);
		if (rows[i].published)
			add(10, false, rows[i].drained, false);
		if (rows[i].other)
			add(11, false, rows[i].other_drained, true);
		result.identities[0].n_sets = rows[i].set != VERDICT_NONE;
		result.identities[0].sets[0].edge.dnssec = rows[i].set;
		others_take(&others, &note, &result);
		if (others.given_up != rows[i].expected)
			fail_msg("row %zu: given up: %d", i, others.given_up);
	}
}

/* The own pair and two others, of which the first may be drained; the second has the session's destination where it says so,
 * from another source. Which of them is chosen, -1: none. */
struct choice {
	enum beat own, first, second;
	bool drained, answered;
	int expected;
};

static void
expect_choices(const struct choice *rows, size_t n, enum session_transport transport,
    bool agent, unsigned second)
{
	for (size_t i = 0; i < n; i++) {
		struct heartbeat_outcome outcomes[3] = {
		    {.beat = rows[i].own}, {.beat = rows[i].first}, {.beat = rows[i].second}};
		struct others_heard heard = {rows[i].answered, agent};
		const struct pair *to;

		fresh(NULL);
		note.transport = (uint8_t)transport;
		add(11, false, rows[i].drained, true);
		add(second, false, false, true);
		result.pairs[1].source[15] = 2;
		others_take(&others, &note, &result);
		to = others_choose(&others, &note, &heard, outcomes);
		if ((to == NULL ? -1 : (int)(to - others.pairs)) != rows[i].expected)
			fail_msg("row %zu: not the one that was expected", i);
	}
}

#define EXPECT_CHOICES(rows, transport, agent, second) \
	expect_choices(rows, sizeof rows / sizeof *rows, transport, agent, second)

/* A stream has a handshake of its own: whatever may live will do. */
static void
test_chosen(void **state)
{
	static const struct choice rows[] = {
	    {BEAT_SILENT, BEAT_ALIVE, BEAT_ALIVE, false, true, 0},
	    {BEAT_SILENT, BEAT_SILENT, BEAT_ALIVE, false, true, 1},
	    {BEAT_SILENT, BEAT_SILENT, BEAT_SILENT, false, true, -1},
	    {BEAT_SILENT, BEAT_SILENT, BEAT_SILENT, false, false,
		0}, /* a peer that answers no probes */
	    {BEAT_SILENT, BEAT_SILENT, BEAT_ALIVE, false, false, 1},
	    {BEAT_SILENT, BEAT_CLOSED, BEAT_ALIVE, false, true, 0},
	    {BEAT_NOROUTE, BEAT_NOROUTE, BEAT_SILENT, false, false, 1},
	    {BEAT_SILENT, BEAT_ALIVE, BEAT_SILENT, true, true,
		0}, /* drained is better than dead */
	    {BEAT_ALIVE, BEAT_ALIVE, BEAT_SILENT, true, true,
		-1}, /* and no better than alive */
	    {BEAT_ALIVE, BEAT_ALIVE, BEAT_ALIVE, true, true, 1},
	};

	(void)state;
	EXPECT_CHOICES(rows, SESSION_TCP, true, 12);
}

/* Datagrams go nowhere that has not answered; where the peer has an agent, only to where one answers. */
static void
test_chosen_by_datagrams(void **state)
{
	static const struct choice rows[] = {
	    {BEAT_SILENT, BEAT_ALIVE, BEAT_ALIVE, false, true, 0},
	    {BEAT_SILENT, BEAT_SILENT, BEAT_ALIVE, false, true, 1},
	    {BEAT_SILENT, BEAT_CLOSED, BEAT_ALIVE, false, true, 1},
	    {BEAT_SILENT, BEAT_CLOSED, BEAT_SILENT, false, true, -1},
	    {BEAT_SILENT, BEAT_CLOSED, BEAT_CLOSED, false, false, -1},
	    {BEAT_SILENT, BEAT_SILENT, BEAT_SILENT, false, false, -1},
	    {BEAT_NOROUTE, BEAT_SILENT, BEAT_SILENT, false, false, -1},
	    {BEAT_ALIVE, BEAT_CLOSED, BEAT_SILENT, false, true, -1}, /* given up, and lives */
	    {BEAT_ALIVE, BEAT_SILENT, BEAT_ALIVE, false, true, 1},
	    {BEAT_CLOSED, BEAT_ALIVE, BEAT_SILENT, true, true, 0}, /* it has gone astray */
	};

	(void)state;
	EXPECT_CHOICES(rows, SESSION_UDP, true, 12);
}

/* A peer without an agent: his kernel's word will do, unless an agent is heard in the same check. */
static void
test_chosen_without_agent(void **state)
{
	static const struct choice rows[] = {
	    {BEAT_SILENT, BEAT_CLOSED, BEAT_CLOSED, false, true, 0},
	    {BEAT_SILENT, BEAT_SILENT, BEAT_CLOSED, false, false, 1},
	    {BEAT_SILENT, BEAT_CLOSED, BEAT_ALIVE, false, true, 1},
	    {BEAT_SILENT, BEAT_SILENT, BEAT_SILENT, false, true, -1},
	    {BEAT_NOROUTE, BEAT_SILENT, BEAT_SILENT, false, false, -1},
	    {BEAT_CLOSED, BEAT_CLOSED, BEAT_SILENT, false, true, 0}, /* given up, and lives */
	};

	(void)state;
	EXPECT_CHOICES(rows, SESSION_UDP, false, 12);
}

/* Who has the destination has its data already: another source is no other peer. */
static void
test_chosen_to_same(void **state)
{
	static const struct choice rows[] = {
	    {BEAT_NOROUTE, BEAT_SILENT, BEAT_SILENT, false, false, 1},
	    {BEAT_SILENT, BEAT_CLOSED, BEAT_CLOSED, false, true, 1},
	    {BEAT_SILENT, BEAT_SILENT, BEAT_SILENT, false, true, -1},
	};

	(void)state;
	EXPECT_CHOICES(rows, SESSION_UDP, true, 10);
}

/* A stream's handshake has shown whose the address is, and a closed port alone says nothing of the peer. */
static void
test_astray(void **state)
{
	static const struct {
		enum session_transport transport;
		enum beat own, other;
		bool expected;
	} rows[] = {
	    {SESSION_UDP, BEAT_CLOSED, BEAT_ALIVE, true},
	    {SESSION_UDP, BEAT_CLOSED, BEAT_CLOSED, false},
	    {SESSION_UDP, BEAT_CLOSED, BEAT_SILENT, false},
	    {SESSION_UDP, BEAT_ALIVE, BEAT_ALIVE, false},
	    {SESSION_UDP, BEAT_SILENT, BEAT_ALIVE, false},
	    {SESSION_TCP, BEAT_CLOSED, BEAT_ALIVE, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct heartbeat_outcome outcomes[2] = {
		    {.beat = rows[i].own}, {.beat = rows[i].other}};

		note.transport = (uint8_t)rows[i].transport;
		if (others_is_astray(&note, outcomes, 2) != rows[i].expected)
			fail_msg("row %zu", i);
	}
}

/* Where a datagram session may begin: which pairs are kept, of three; the last may be of the next identity. */
static void
test_begin(void **state)
{
	static const struct {
		enum beat beats[3];
		bool next;
		const char *expected;
	} rows[] = {
	    {{BEAT_SILENT, BEAT_SILENT, BEAT_SILENT}, false, "012"},
	    {{BEAT_SILENT, BEAT_ALIVE, BEAT_SILENT}, false, "1"},
	    {{BEAT_ALIVE, BEAT_SILENT, BEAT_ALIVE}, false, "02"},
	    {{BEAT_CLOSED, BEAT_SILENT, BEAT_CLOSED}, false, "02"},
	    {{BEAT_CLOSED, BEAT_ALIVE, BEAT_CLOSED}, false, "1"},
	    {{BEAT_INWARD, BEAT_UNREACHABLE, BEAT_NOROUTE}, false, "012"},
	    {{BEAT_SILENT, BEAT_SILENT, BEAT_ALIVE}, true, "012"},
	    {{BEAT_SILENT, BEAT_CLOSED, BEAT_ALIVE}, true, "1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct pair pairs[3] = {
		    {.source[15] = '0'}, {.source[15] = '1'}, {.source[15] = '2'}};
		char kept[4] = "";
		size_t n;

		pairs[2].identity = rows[i].next;
		n = others_begin(pairs, 3, rows[i].beats);
		for (size_t k = 0; k < n; k++)
			kept[k] = (char)pairs[k].source[15];
		assert_string_equal(kept, rows[i].expected);
	}
	assert_int_equal(others_begin(result.pairs, 0, rows[0].beats), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_taken, fresh),
	    cmocka_unit_test_setup(test_given_up, fresh),
	    cmocka_unit_test(test_chosen),
	    cmocka_unit_test(test_chosen_by_datagrams),
	    cmocka_unit_test(test_chosen_without_agent),
	    cmocka_unit_test(test_chosen_to_same),
	    cmocka_unit_test(test_astray),
	    cmocka_unit_test(test_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
