/*
 * test_roll.c - the tables of rolls, judged on paper: whatever a validator has in its cache at any moment of
 * a roll, from any server that lags as far as it may, there is a chain from the DS to the data, for each
 * algorithm that the DS or the DNSKEY set names (RFC 4035 2.2). One second less of any wait breaks it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "mapd/roll.h"

#define PROPAGATION 500
#define DATA_TTL 7200
#define DS_TTL 1700
#define WALK 90 /* seconds until all is signed anew */
#define SUBMIT 300 /* seconds until all of the parent has the new DS */
#define PHASES 8

struct key {
	uint8_t role, algorithm;
	enum key_side side;
};

/* A roll as it goes: phase 0 is before it, the one after the last phase is when it is done. */
struct story {
	const struct key *keys;
	size_t n_keys;
	unsigned kind;
	struct roll rolls[PHASES]; /* as each phase ends; [i] has phase i - 1 */
	uint64_t begins[PHASES];
	unsigned n;
	uint64_t ds_new, ds_seen; /* 0: the DS stays */
};

static uint8_t
duties(const struct story *story, unsigned at, const struct key *key)
{
	struct roll none = {0};

	if (at == 0)
		return key->side == KEY_NEW ? 0 : roll_duties(&none, key->role, KEY_CURRENT);
	if (at == story->n - 1)
		return key->side == KEY_OLD ? 0 : roll_duties(&none, key->role, KEY_CURRENT);
	return roll_duties(&story->rolls[at], key->role, key->side);
}

/* Whether keys is a chain of algorithm: from a DS of ds_at to a key of dnskey_at. */
static bool
ds_reaches(const struct story *s, bool ds_new, unsigned dnskey_at, uint8_t algorithm)
{
	for (size_t i = 0; i < s->n_keys; i++) {
		const struct key *key = &s->keys[i];
		bool has_ds = (key->role & ROLE_KSK) != 0 &&
			      (key->side == KEY_CURRENT || (key->side == KEY_NEW) == ds_new);

		if (has_ds && key->algorithm == algorithm &&
		    (duties(s, dnskey_at, key) & DUTY_PUBLISH) != 0)
			return true;
	}
	return false;
}

static bool
ds_names(const struct story *s, bool ds_new, uint8_t algorithm)
{
	for (size_t i = 0; i < s->n_keys; i++)
		if (s->keys[i].algorithm == algorithm && (s->keys[i].role & ROLE_KSK) != 0 &&
		    (s->keys[i].side == KEY_CURRENT || (s->keys[i].side == KEY_NEW) == ds_new))
			return true;
	return false;
}

static bool
data_reaches(const struct story *s, unsigned dnskey_at, unsigned data_at, uint8_t algorithm)
{
	bool named = false, reached = false;

	for (size_t i = 0; i < s->n_keys; i++) {
		const struct key *key = &s->keys[i];
		bool published = (duties(s, dnskey_at, key) & DUTY_PUBLISH) != 0;

		if (key->algorithm != algorithm)
			continue;
		named |= published;
		reached |= published && (key->role & ROLE_ZSK) != 0 &&
			   (duties(s, data_at, key) & DUTY_SIGN) != 0;
	}
	return !named || reached;
}

/* Whether content of phase at may be in a cache or on a server at t; last: until when it was served. */
static bool
may_be_held(const struct story *s, unsigned at, uint64_t t, uint64_t ttl, uint64_t lag)
{
	uint64_t ends = at + 1 < s->n ? s->begins[at + 1] + lag : UINT64_MAX;

	return s->begins[at] <= t && (ends == UINT64_MAX || t < ends + PROPAGATION + ttl);
}

static bool
holds_at(const struct story *s, uint64_t t)
{
	for (unsigned dnskey = 0; dnskey < s->n; dnskey++) {
		if (!may_be_held(s, dnskey, t, ROLL_DNSKEY_TTL, 0))
			continue;
		for (uint8_t algorithm = 1; algorithm <= 2; algorithm++) {
			for (int fresh = 0; fresh < 2; fresh++) {
				bool held = s->ds_new == 0 ? fresh == 0
					    : fresh	   ? t >= s->ds_new
						    : t < s->ds_seen + DS_TTL + PROPAGATION;

				if (held && ds_names(s, fresh, algorithm) &&
				    !ds_reaches(s, fresh, dnskey, algorithm))
					return false;
			}
			for (unsigned data = 0; data < s->n; data++)
				if (may_be_held(s, data, t, DATA_TTL, WALK) &&
				    !data_reaches(s, dnskey, data, algorithm))
					return false;
		}
	}
	return true;
}

/* Goes through a roll, each phase as early as is safe; cut: seconds taken off the wait of phase number cut_at. */
static void
story_tell(struct story *s, uint64_t cut, unsigned cut_at)
{
	uint64_t now = 1000000;
	struct roll roll = {.kind = (uint8_t)s->kind, .ds_ttl = DS_TTL, .data_ttl = DATA_TTL};
	const struct roll_phase *phase;

	s->begins[0] = 0;
	s->n = 1;
	s->ds_new = s->ds_seen = 0;
	for (; (phase = roll_phase(s->kind, roll.phase)) != NULL; roll.phase++) {
		struct roll_verdict verdict;

		s->begins[s->n] = roll.since = now;
		roll.walked = roll.seen = 0;
		assert_false(roll_check(&roll, PROPAGATION, now).ready);
		if (roll_wants_walk(&roll))
			roll.walked = now + WALK;
		if (roll_wants_ds(&roll)) {
			s->ds_new = now; /* the parent sees CDS at once */
			s->ds_seen = roll.seen = now + SUBMIT;
		}
		verdict = roll_check(&roll, PROPAGATION, now);
		assert_int_equal(verdict.missing, 0);
		assert_true(roll_check(&roll, PROPAGATION, verdict.at).ready);
		s->rolls[s->n++] = roll;
		now = verdict.at;
		if (roll.phase == cut_at)
			now -= cut;
		if (now < roll.walked)
			now = roll.walked; /* the end of a walk is an event, not a wait */
	}
	s->begins[s->n++] = now;
}

/* At every moment at which anything begins or ends. */
static bool
story_holds(const struct story *s)
{
	static const uint64_t after[] = {0, WALK, SUBMIT, PROPAGATION,
	    PROPAGATION + ROLL_DNSKEY_TTL, PROPAGATION + DATA_TTL,
	    WALK + PROPAGATION + DATA_TTL, PROPAGATION + DS_TTL, SUBMIT + PROPAGATION + DS_TTL};

	for (unsigned i = 0; i < s->n; i++)
		for (size_t k = 0; k < sizeof after / sizeof after[0]; k++)
			for (int off = -1; off <= 1; off++)
				if (!holds_at(
					s, s->begins[i] + after[k] + (uint64_t)(int64_t)off))
					return false;
	return true;
}

static const struct scene {
	unsigned kind;
	size_t n;
	struct key keys[4];
} scenes[] = {
    {ROLL_ZSK, 3, {{ROLE_KSK, 1, KEY_CURRENT}, {ROLE_ZSK, 1, KEY_OLD}, {ROLE_ZSK, 1, KEY_NEW}}},
    {ROLL_KSK, 3, {{ROLE_ZSK, 1, KEY_CURRENT}, {ROLE_KSK, 1, KEY_OLD}, {ROLE_KSK, 1, KEY_NEW}}},
    {ROLL_ALL, 2, {{ROLE_CSK, 1, KEY_OLD}, {ROLE_CSK, 1, KEY_NEW}}},
    {ROLL_ALL, 3, {{ROLE_CSK, 1, KEY_OLD}, {ROLE_KSK, 1, KEY_NEW}, {ROLE_ZSK, 1, KEY_NEW}}},
    {ROLL_ALL, 3, {{ROLE_KSK, 1, KEY_OLD}, {ROLE_ZSK, 1, KEY_OLD}, {ROLE_CSK, 1, KEY_NEW}}},
    {ROLL_ALGORITHM, 2, {{ROLE_CSK, 1, KEY_OLD}, {ROLE_CSK, 2, KEY_NEW}}},
    {ROLL_ALGORITHM, 4,
	{{ROLE_KSK, 1, KEY_OLD}, {ROLE_ZSK, 1, KEY_OLD}, {ROLE_KSK, 2, KEY_NEW},
	    {ROLE_ZSK, 2, KEY_NEW}}},
    {ROLL_ALGORITHM, 3,
	{{ROLE_CSK, 1, KEY_OLD}, {ROLE_KSK, 2, KEY_NEW}, {ROLE_ZSK, 2, KEY_NEW}}},
};

static void
test_every_cache_validates(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
		struct story s = {
		    .keys = scenes[i].keys, .n_keys = scenes[i].n, .kind = scenes[i].kind};

		story_tell(&s, 0, 0);
		if (!story_holds(&s))
			fail_msg("scene %zu (%s)", i, roll_word(s.kind));
	}
}

/* Else the waits would be longer than they must be, or the test blind. */
static void
test_a_second_less_breaks(void **state)
{
	unsigned cuts = 0;

	(void)state;
	for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
		const struct roll_phase *phase;

		for (unsigned at = 0; (phase = roll_phase(scenes[i].kind, at)) != NULL; at++) {
			struct story s = {.keys = scenes[i].keys,
			    .n_keys = scenes[i].n,
			    .kind = scenes[i].kind};

			if (phase->passes == ROLL_W_WALK)
				continue;
			story_tell(&s, 1, at);
			cuts++;
			if (story_holds(&s))
				fail_msg("scene %zu (%s), phase %s", i, roll_word(s.kind),
				    phase->word);
		}
	}
	assert_int_equal(cuts, 3 * 2 + 2 * 2 + 3 * 4);
}

static void
test_rows_are_whole(void **state)
{
	(void)state;
	for (unsigned kind = ROLL_NONE + 1; kind < ROLL_KINDS; kind++) {
		const struct roll_phase *phase;
		unsigned n = 0;

		assert_true(strlen(roll_word(kind)) > 0);
		for (; (phase = roll_phase(kind, n)) != NULL; n++) {
			assert_int_not_equal(phase->passes, 0);
			assert_true(strlen(phase->word) > 0 && strlen(phase->says) > 0);
		}
		assert_in_range(n, 2, 5);
	}
	assert_string_equal(roll_word(ROLL_KINDS), "none");
	assert_null(roll_phase(ROLL_NONE, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows_are_whole),
	    cmocka_unit_test(test_every_cache_validates),
	    cmocka_unit_test(test_a_second_less_breaks)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
