/*
 * roll.c - the phases of rollovers as rows, and when the next one is safe.
 * Knows no store, no file and no clock.
 */
#include "mapd/roll.h"

static const struct roll_phase phases[] = {
#define P DUTY_PUBLISH
#define S DUTY_SIGN
#define D DUTY_DS
#define W_DNSKEY ROLL_W_DNSKEY
#define W_DATA ROLL_W_DATA
#define W_DS ROLL_W_DS
#define W_WALK ROLL_W_WALK
#define ROLL(kind, word, says)
#define PHASE(kind, word, new, old, passes, says) {ROLL_##kind, word, says, new, old, passes},
#include "mapd/roll.def"
#undef ROLL
#undef PHASE
};

static const char *const kinds[] = {
    "none",
#define ROLL(kind, word, says) word,
#define PHASE(kind, word, new, old, passes, says)
#include "mapd/roll.def"
#undef ROLL
#undef PHASE
};

const char *
roll_word(unsigned kind)
{
	return kinds[kind < ROLL_KINDS ? kind : ROLL_NONE];
}

const struct roll_phase *
roll_phase(unsigned kind, unsigned phase)
{
	for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
		if (phases[i].kind == kind && phase-- == 0)
			return &phases[i];
	return NULL;
}

uint8_t
roll_duties(const struct roll *roll, uint8_t role, enum key_side side)
{
	const struct roll_phase *phase = roll_phase(roll->kind, roll->phase);
	uint8_t duties = DUTY_PUBLISH | DUTY_SIGN | DUTY_DS;

	if (side == KEY_SPARE || (side != KEY_CURRENT && phase == NULL))
		return 0;
	if (side == KEY_NEW)
		duties = phase->duties_new;
	else if (side == KEY_OLD)
		duties = phase->duties_old;
	/* A key-signing key that is to be published next signs CDS before: DUTY_SIGN stays. */
	return (role & ROLE_KSK) != 0 ? duties : duties & (uint8_t)~DUTY_DS;
}

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

struct roll_verdict
roll_check(const struct roll *roll, uint32_t propagation, uint64_t now)
{
	const struct roll_phase *phase = roll_phase(roll->kind, roll->phase);
	struct roll_verdict verdict = {.at = roll->since};

	if (phase == NULL)
		return verdict;
	if ((phase->passes & ROLL_W_DNSKEY) != 0)
		verdict.at = later(verdict.at, roll->since + ROLL_DNSKEY_TTL + propagation);
	if ((phase->passes & (ROLL_W_DATA | ROLL_W_WALK)) != 0 && roll->walked == 0)
		verdict.missing |= ROLL_W_WALK;
	else if ((phase->passes & ROLL_W_DATA) != 0)
		verdict.at = later(verdict.at, roll->walked + roll->data_ttl + propagation);
	if ((phase->passes & ROLL_W_DS) != 0 && roll->seen == 0)
		verdict.missing |= ROLL_W_DS;
	else if ((phase->passes & ROLL_W_DS) != 0)
		verdict.at = later(verdict.at, roll->seen + roll->ds_ttl + propagation);
	verdict.ready = verdict.missing == 0 && now >= verdict.at;
	return verdict;
}

bool
roll_wants_walk(const struct roll *roll)
{
	const struct roll_phase *phase = roll_phase(roll->kind, roll->phase);

	return phase != NULL && (phase->passes & (ROLL_W_DATA | ROLL_W_WALK)) != 0 &&
	       roll->walked == 0;
}

bool
roll_wants_ds(const struct roll *roll)
{
	const struct roll_phase *phase = roll_phase(roll->kind, roll->phase);

	return phase != NULL && (phase->passes & ROLL_W_DS) != 0 && roll->seen == 0;
}
