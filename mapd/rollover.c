/*
 * rollover.c - the keys of a zone changed: got, rolled in phases, given up.
 * Knows the rows of keys and the zone's own name; what a phase is, is in roll.c.
 */
#include "mapd/rollover.h"

#include <stdio.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/text.h"
#include "mapd/renew.h"
#include "mapd/turn.h"

#define DS_TTL 86400 /* of a parent's DS that nobody has seen */

static const char *const words[WHAT_COUNT] = {[WHAT_CONFIGURED] = "",
    [WHAT_ZSK] = "zsk",
    [WHAT_KSK] = "ksk",
    [WHAT_CSK] = "csk",
    [WHAT_KEYS] = "keys",
    [WHAT_ALGORITHM] = "algorithm",
    [WHAT_DENIAL] = "denial"};

int
rollover_what(const char *word)
{
	for (int i = 0; i < WHAT_COUNT; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

const char *
rollover_word(enum roll_what what)
{
	return words[what];
}

static void
turn_phase(struct turn *turn, unsigned kind, unsigned phase)
{
	uint32_t ttl = turn->zone.ttl_max;

	turn->keys->roll = (struct roll){.kind = (uint8_t)kind,
	    .phase = (uint8_t)phase,
	    .since = turn->now,
	    .ds_ttl = turn->keys->roll.ds_ttl,
	    .data_ttl = ttl > ZONEKEY_TTL ? ttl : ZONEKEY_TTL};
}

/* A key of role that waits, else a new one, comes into use. */
static int
turn_recruit(struct turn *turn, uint8_t algorithm, uint8_t role)
{
	struct keyset *keys = turn->keys;
	struct secret *secret = NULL;
	struct zonekey key;
	int rc;

	for (size_t i = 0; i < keys->n; i++) {
		struct zonekey *spare = &keys->keys[i].key;

		if (spare->side != KEY_SPARE || spare->algorithm != algorithm ||
		    spare->role != role)
			continue;
		spare->side = KEY_NEW;
		spare->since = turn->now;
		turn_say(turn, " new %s %u", zonekey_role_word(role), spare->tag);
		return 0;
	}
	rc = zonekey_make(turn->work->ring, &keys->apex, algorithm, role, &key, &secret,
	    turn->out->why, sizeof turn->out->why);
	if (rc != 0) {
		secret_free(secret);
		return rc;
	}
	turn_say(turn, " new %s %u", zonekey_role_word(role), key.tag);
	return turn_add(turn, &key, secret, KEY_NEW);
}

/* What a roll of that kind replaces, and by what. */
static int
turn_replace(struct turn *turn, uint8_t roles, const struct keyset_wish *wish)
{
	struct keyset *keys = turn->keys;
	int rc = 0;

	for (size_t i = 0; i < keys->n; i++) {
		struct zonekey *key = &keys->keys[i].key;

		if (key->side != KEY_CURRENT || (key->role & roles) == 0)
			continue;
		key->side = KEY_OLD;
		turn_say(turn, " old %s %u", zonekey_role_word(key->role), key->tag);
	}
	if (!wish->split && roles == ROLE_CSK)
		return turn_recruit(turn, wish->algorithm, ROLE_CSK);
	if ((roles & ROLE_KSK) != 0)
		rc = turn_recruit(turn, wish->algorithm, ROLE_KSK);
	if (rc == 0 && (roles & ROLE_ZSK) != 0)
		rc = turn_recruit(turn, wish->algorithm, ROLE_ZSK);
	return rc;
}

/* Which roll brings the zone from what it has to what is asked; ROLL_NONE with why: none. */
static unsigned
roll_choose(const struct turn *turn, enum roll_what what, const struct keyset_wish *have,
    const struct keyset_wish *wish, uint8_t *roles)
{
	bool algorithm = have->algorithm != wish->algorithm, split = have->split != wish->split;
	char *why = turn->out->why;
	size_t max = sizeof turn->out->why;

	*roles = ROLE_CSK;
	switch (what) {
	case WHAT_ALGORITHM:
		if (algorithm)
			return ROLL_ALGORITHM;
		snprintf(why, max,
		    "its algorithm is %s, as configured: configure another (algorithm:) first",
		    rules_algorithm_word(have->algorithm));
		return ROLL_NONE;
	case WHAT_KEYS:
		return ROLL_ALL;
	case WHAT_CSK:
		if (!have->split)
			return ROLL_ALL;
		snprintf(why, max, "it has no combined key: roll zsk, ksk, or keys");
		return ROLL_NONE;
	case WHAT_ZSK:
	case WHAT_KSK:
		*roles = what == WHAT_ZSK ? ROLE_ZSK : ROLE_KSK;
		if (have->split)
			return what == WHAT_ZSK ? ROLL_ZSK : ROLL_KSK;
		snprintf(why, max, "its one key is a combined one: roll csk");
		return ROLL_NONE;
	default:
		if (algorithm || split)
			return algorithm ? ROLL_ALGORITHM : ROLL_ALL;
		snprintf(why, max, "all is as configured: say what to roll, %s",
		    have->split ? "zsk, ksk or keys" : "csk");
		return ROLL_NONE;
	}
}

/* NSEC and NSEC3 change places in one commit: no answer ever has proofs of both kinds. */
static int
rollover_denial(
    struct work *work, const struct name *apex, const struct zone *zone, struct outcome *out)
{
	uint8_t before = zone->denial, after = rules_denial(work->rules, apex);
	int rc;

	if (before == after)
		return outcome_refuse(out, -MAP_EREFUSED,
		    "its denial is %s, as configured: configure another (denial:) first",
		    rules_denial_word(before));
	rc = work_rebuild(work, apex, out);
	if (rc == 0)
		snprintf(out->done, sizeof out->done, "denial is now %s, it was %s",
		    rules_denial_word(after), rules_denial_word(before));
	return rc;
}

int
rollover_begin(struct work *work, const struct name *apex, enum roll_what what, uint64_t now,
    struct outcome *out)
{
	struct keyset_wish have,
	    wish = {rules_algorithm(work->rules, apex), rules_split(work->rules, apex)};
	unsigned kind = ROLL_NONE;
	struct turn turn;
	struct zone zone;
	uint8_t roles;
	bool denial;
	int rc = turn_begin(&turn, work, apex, now, out);

	if (rc != 0)
		return turn_end(&turn, rc);
	if (!turn.served)
		return turn_end(&turn, outcome_refuse(out, -MAP_ENOTFOUND, "not served here"));
	have = keyset_have(turn.keys);
	zone = turn.zone;
	denial =
	    what == WHAT_DENIAL ||
	    (what == WHAT_CONFIGURED && have.algorithm == wish.algorithm &&
		have.split == wish.split && zone.denial != rules_denial(work->rules, apex));
	if (denial) {
		turn_leave(&turn);
		return rollover_denial(work, apex, &zone, out);
	}
	if (turn.keys->roll.kind != ROLL_NONE)
		return turn_end(&turn, outcome_refuse(out, -MAP_EREFUSED,
					   "a roll (%s) goes on: see mapctl key list",
					   roll_word(turn.keys->roll.kind)));
	if (what != WHAT_CONFIGURED && what != WHAT_ALGORITHM)
		wish.algorithm = have.algorithm;
	if (what == WHAT_ZSK || what == WHAT_KSK || what == WHAT_CSK)
		wish.split = have.split;
	kind = roll_choose(&turn, what, &have, &wish, &roles);
	if (kind == ROLL_NONE)
		return turn_end(&turn, -MAP_EREFUSED);
	turn_say(&turn, "roll %s begins:", roll_word(kind));
	rc = turn_replace(&turn, roles, &wish);
	turn.keys->roll.ds_ttl = 0;
	turn_phase(&turn, kind, 0);
	if (rc == 0)
		rc = turn_apex(&turn);
	if (rc == 0)
		turn_say(&turn, "; %s", roll_phase(kind, 0)->says);
	return turn_end(&turn, rc);
}

/* The phase after, or the end. */
static int
turn_advance(struct turn *turn)
{
	unsigned kind = turn->keys->roll.kind, phase = turn->keys->roll.phase + 1u;
	const struct roll_phase *next = roll_phase(kind, phase);

	turn_say(turn, "roll %s:", roll_word(kind));
	if (next != NULL) {
		turn_phase(turn, kind, phase);
		turn_say(turn, " %s", next->says);
		return turn_apex(turn);
	}
	for (size_t i = turn->keys->n; i > 0; i--)
		if (turn->keys->keys[i - 1].key.side == KEY_OLD)
			turn_drop(turn, i - 1);
	turn_move(turn, KEY_NEW, KEY_CURRENT);
	turn->keys->roll = (struct roll){0};
	turn->zone.algorithm = keyset_have(turn->keys).algorithm;
	turn_say(turn, " done");
	return turn_apex(turn);
}

/* What a roll waits for, in words. */
static void
verdict_say(const struct roll_verdict *verdict, char *text, size_t max)
{
	char at[32];

	if ((verdict->missing & ROLL_W_WALK) != 0)
		snprintf(text, max, "not safe yet: not all is signed anew");
	else if ((verdict->missing & ROLL_W_DS) != 0)
		snprintf(text, max,
		    "not safe yet: the parent has not been seen to have the new DS and not the"
		    " old one (mapctl key ds, mapctl key ds-seen)");
	else if (text_time_put(at, sizeof at, verdict->at) >= 0)
		snprintf(text, max, "not safe before %s", at);
}

int
rollover_next(struct work *work, const struct name *apex, uint64_t now, struct outcome *out)
{
	struct roll_verdict verdict;
	struct turn turn;
	int rc = turn_begin(&turn, work, apex, now, out);

	if (rc != 0)
		return turn_end(&turn, rc);
	if (!turn.served)
		return turn_end(&turn, outcome_refuse(out, -MAP_ENOTFOUND, "not served here"));
	if (turn.keys->roll.kind == ROLL_NONE)
		return turn_end(&turn, outcome_refuse(out, -MAP_EREFUSED, "no roll goes on"));
	verdict = roll_check(&turn.keys->roll, rules_propagation(work->rules, apex), now);
	if (!verdict.ready) {
		verdict_say(&verdict, out->why, sizeof out->why);
		out->at = verdict.missing == 0 ? verdict.at : 0;
		return turn_end(&turn, -MAP_EREFUSED);
	}
	return turn_end(&turn, turn_advance(&turn));
}

int
rollover_cancel(struct work *work, const struct name *apex, uint64_t now, struct outcome *out)
{
	struct turn turn;
	unsigned kind;
	int rc = turn_begin(&turn, work, apex, now, out);

	if (rc != 0)
		return turn_end(&turn, rc);
	kind = turn.keys->roll.kind;
	if (kind == ROLL_NONE)
		return turn_end(&turn, outcome_refuse(out, -MAP_EREFUSED, "no roll goes on"));
	if (turn.keys->roll.phase > 0)
		return turn_end(&turn,
		    outcome_refuse(out, -MAP_EREFUSED,
			"others may rely on the new keys already: let it end, then roll back"));
	/* What the new keys signed without being published goes with the next renewals. */
	turn_move(&turn, KEY_NEW, KEY_SPARE);
	turn_move(&turn, KEY_OLD, KEY_CURRENT);
	turn.keys->roll = (struct roll){0};
	if (kind == ROLL_ALGORITHM && turn.served)
		turn.zone.resign = (uint32_t)now;
	/* a walk that goes on has passed some of it, and ends with a time of its own */
	if (kind == ROLL_ALGORITHM && work->walk != NULL)
		renew_tell(work->walk, apex, (uint32_t)now, turn.zone.expires);
	turn_say(
	    &turn, "roll %s is taken back: its new keys wait for another", roll_word(kind));
	return turn_end(&turn, turn_apex(&turn));
}

/* The parent is seen to be as the roll wants it. */
static int
turn_seen(struct turn *turn, uint32_t ttl)
{
	struct roll *roll = &turn->keys->roll;

	roll->seen = turn->now;
	if (ttl > roll->ds_ttl)
		roll->ds_ttl = ttl;
	if (roll->ds_ttl == 0)
		roll->ds_ttl = DS_TTL;
	turn_say(turn, "roll %s: the parent has the new DS; the old one is in no cache in %u s",
	    roll_word(roll->kind),
	    roll->ds_ttl + rules_propagation(turn->work->rules, &turn->keys->apex));
	return 0;
}

int
rollover_seen(
    struct work *work, const struct name *apex, uint32_t ttl, uint64_t now, struct outcome *out)
{
	struct turn turn;
	int rc = turn_begin(&turn, work, apex, now, out);

	if (rc == 0 && !roll_wants_ds(&turn.keys->roll))
		rc = outcome_refuse(out, -MAP_EREFUSED, "no roll waits for its parent");
	if (rc == 0)
		rc = turn_seen(&turn, ttl);
	return turn_end(&turn, rc);
}

int
rollover_told(struct work *work, const struct name *apex, const struct bytes *ds, size_t n,
    uint32_t ttl, uint64_t now, struct outcome *out)
{
	const struct keyset *known = work_keys_known(work, apex);
	struct turn turn;
	int rc;

	memset(out, 0, sizeof *out);
	if (known == NULL || !roll_wants_ds(&known->roll))
		return outcome_refuse(out, -MAP_EREFUSED, "no roll waits for its parent");
	/* the longest TTL of the old DS counts as well */
	if (!keyset_ds_match(known, ds, n) && ttl <= known->roll.ds_ttl)
		return outcome_refuse(
		    out, -MAP_EREFUSED, "its parent has not the new DS alone");
	rc = turn_begin(&turn, work, apex, now, out);
	if (rc == 0 && !keyset_ds_match(turn.keys, ds, n)) {
		turn.keys->roll.ds_ttl = ttl;
		turn_say(&turn, "roll %s: the parent's DS has a TTL of %u s",
		    roll_word(turn.keys->roll.kind), ttl);
	} else if (rc == 0)
		rc = turn_seen(&turn, ttl);
	return turn_end(&turn, rc);
}

/* Whether a key in use has any of the duties of role. */
static bool
keys_have(const struct keyset *keys, uint8_t role)
{
	for (size_t i = 0; i < keys->n; i++)
		if (keys->keys[i].key.side != KEY_SPARE && (keys->keys[i].key.role & role) != 0)
			return true;
	return false;
}

int
rollover_gain(struct work *work, const struct name *apex, uint8_t algorithm, uint8_t role,
    struct bytes text, uint64_t now, struct outcome *out)
{
	struct secret *secret = NULL;
	enum key_side side;
	struct zonekey key;
	struct turn turn;
	int rc = turn_begin(&turn, work, apex, now, out);

	if (rc != 0)
		return turn_end(&turn, rc);
	if (role == 0)
		role = !rules_split(work->rules, apex)	? ROLE_CSK
		       : keys_have(turn.keys, ROLE_KSK) ? ROLE_ZSK
							: ROLE_KSK;
	if (algorithm == 0)
		algorithm = rules_algorithm(work->rules, apex);
	if (text.n > 0)
		rc = zonekey_import(
		    work->ring, apex, text, role, &key, &secret, out->why, sizeof out->why);
	else
		rc = zonekey_make(work->ring, apex, algorithm, role, &key, &secret, out->why,
		    sizeof out->why);
	side = turn.served || keys_have(turn.keys, role) ? KEY_SPARE : KEY_CURRENT;
	if (rc == 0)
		rc = turn_add(&turn, &key, secret, side);
	else
		secret_free(secret);
	if (rc == 0)
		turn_say(&turn, "%s %u (%s) %s", zonekey_role_word(role), key.tag,
		    rules_algorithm_word(key.algorithm),
		    side == KEY_SPARE ? "waits for a roll"
				      : "will sign the zone once it is loaded");
	return turn_end(&turn, rc);
}

/* Ends the roll of a zone that was removed, in favour of the keys that did not go. */
static void
turn_settle(struct turn *turn, enum key_side gone)
{
	enum key_side stays = gone == KEY_OLD ? KEY_NEW : KEY_OLD;

	turn_move(turn, gone, KEY_SPARE);
	turn_move(turn, stays, KEY_CURRENT);
	turn->keys->roll = (struct roll){0};
	turn_say(turn, " its roll has ended with it");
}

int
rollover_retire(
    struct work *work, const struct name *apex, uint16_t tag, uint64_t now, struct outcome *out)
{
	struct keyset_key *found;
	uint8_t side;
	bool rolls;
	struct turn turn;
	enum roll_what what;
	int rc = turn_begin(&turn, work, apex, now, out);

	if (rc != 0)
		return turn_end(&turn, rc);
	found = keyset_find(turn.keys, tag);
	if (found == NULL)
		return turn_end(&turn,
		    outcome_refuse(out, -MAP_ENOTFOUND, "key %u: it has no such key", tag));
	rolls = found->key.side == KEY_OLD || found->key.side == KEY_NEW;
	if (rolls && turn.served)
		return turn_end(
		    &turn, outcome_refuse(out, -MAP_EREFUSED,
			       "key %u: it takes part in a roll that goes on", tag));
	if (found->key.side == KEY_CURRENT && turn.served) {
		what = found->key.role == ROLE_CSK   ? WHAT_CSK
		       : found->key.role == ROLE_KSK ? WHAT_KSK
						     : WHAT_ZSK;
		turn_leave(&turn);
		return rollover_begin(work, apex, what, now, out);
	}
	side = found->key.side;
	turn_drop(&turn, (size_t)(found - turn.keys->keys));
	if (rolls)
		turn_settle(&turn, (enum key_side)side);
	return turn_end(&turn, 0);
}
