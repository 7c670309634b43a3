/*
 * turn.c - one change of a zone's keys: rows, files and memory stay what they were, or all become new.
 * Knows nothing of rolls.
 */
#include "mapd/turn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/wire/errors.h"
#include "mapd/renew.h"

int
outcome_refuse(struct outcome *out, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(out->why, sizeof out->why, format, args);
	va_end(args);
	return error;
}

void
turn_say(struct turn *turn, const char *format, ...)
{
	size_t n = strlen(turn->out->done);
	va_list args;

	va_start(args, format);
	vsnprintf(turn->out->done + n, sizeof turn->out->done - n, format, args);
	va_end(args);
}

/* Opens what is there; a zone that is not served may have keys all the same. */
int
turn_begin(struct turn *turn, struct work *work, const struct name *apex, uint64_t now,
    struct outcome *out)
{
	const struct keyset *known = work_keys_known(work, apex);
	int rc;

	memset(out, 0, sizeof *out);
	out->refused = PLAN_NONE;
	*turn = (struct turn){.work = work, .out = out, .now = now};
	rc = change_begin(work->store, &turn->change);
	if (rc != 0)
		return outcome_refuse(out, rc, "%s", error_text(rc));
	turn->served = work_zone(turn->change, apex, &turn->zone);
	rc = work_check_clock(turn->change, now, out->why, sizeof out->why);
	if (rc == 0 && known == NULL) {
		turn->fresh = true;
		return keyset_open(work->ring, turn->change, apex, NULL, now, &turn->keys,
		    out->why, sizeof out->why);
	}
	if (rc == 0 && (turn->keys = keyset_copy(known)) == NULL)
		rc = outcome_refuse(out, -MAP_ENOMEM, "out of memory");
	return rc;
}

/* Nothing of it came to pass. */
static void
turn_undo(struct turn *turn)
{
	char why[512];

	change_abort(turn->change);
	for (size_t i = 0; i < turn->n_made; i++) {
		(void)keyring_retire(turn->work->ring, turn->made[i].key.base, why, sizeof why);
		if (!turn->fresh)
			secret_free(turn->made[i].secret);
	}
	for (size_t i = 0; i < turn->n_gone && turn->fresh; i++)
		secret_free(turn->gone[i].secret);
	if (turn->fresh)
		keyset_free(turn->keys);
	else
		free(turn->keys);
}

void
turn_leave(struct turn *turn)
{
	turn_undo(turn);
}

/* Its change is durable: the copy takes its place, and files of keys that are gone are put aside. */
static int
turn_take(struct turn *turn)
{
	struct name apex = turn->keys->apex;
	char why[512];
	int rc = 0;

	if (turn->work->walk != NULL)
		renew_tell_keys(turn->work->walk, &apex);
	if (turn->served || !turn->fresh)
		rc = work_keys_take(turn->work, turn->keys);
	else
		keyset_free(turn->keys);
	/* whoever loads it completes what it has not */
	if (!turn->served && !turn->fresh)
		work_forget(turn->work, &apex);
	for (size_t i = 0; i < turn->n_gone; i++) {
		if (keyring_retire(turn->work->ring, turn->gone[i].key.base, why, sizeof why) !=
		    0)
			diag_warn("%s: still there: it is used no more, and may go", why);
		secret_free(turn->gone[i].secret);
	}
	if (turn->served)
		work_due_note(turn->work, &turn->zone);
	turn->out->serial = turn->zone.serial;
	return rc;
}

/* Ends it: the rows of all keys and of the roll are as the copy has them. */
int
turn_end(struct turn *turn, int rc)
{
	const struct keyset *keys = turn->keys;

	if (rc == 0) {
		for (size_t i = 0; i < keys->n; i++)
			zonekey_put(turn->change, &keys->apex, &keys->keys[i].key);
		keyset_put_roll(turn->change, keys);
		if (turn->served)
			work_zone_put(turn->change, &turn->zone);
		work_put_clock(turn->change, turn->now);
		rc = change_commit(turn->change);
		turn->change = NULL;
	}
	if (rc == 0)
		return turn_take(turn);
	if (turn->out->why[0] == '\0')
		outcome_refuse(turn->out, rc, "%s", error_text(rc));
	turn_undo(turn);
	return rc;
}

/* The zone's own name as the keys now are. */
int
turn_apex(struct turn *turn)
{
	if (!turn->served)
		return 0;
	return renew_apex(turn->work, turn->change, turn->keys, &turn->zone, turn->now);
}

static int
turn_add_key(struct turn *turn, const struct zonekey *key, struct secret *secret)
{
	int rc = keyset_add(turn->keys, key, secret);

	if (rc == 0)
		return 0;
	return outcome_refuse(turn->out, rc,
	    rc == -MAP_ESPACE ? "it has %d keys already: retire one"
			      : "another key has that tag",
	    KEYSET_KEYS);
}

/* A key into the copy; its tag must be its own. */
int
turn_add(struct turn *turn, struct zonekey *key, struct secret *secret, enum key_side side)
{
	char why[512];
	uint8_t have;
	int rc;

	key->side = (uint8_t)side;
	key->made = key->since = turn->now;
	have = keyset_have(turn->keys).algorithm;
	if (side == KEY_CURRENT && have != 0 && have != key->algorithm)
		rc = outcome_refuse(turn->out, -MAP_EREFUSED,
		    "its other key is of %s, and all keys of a zone are of one algorithm",
		    rules_algorithm_word(have));
	else
		rc = turn_add_key(turn, key, secret);
	if (rc != 0) {
		(void)keyring_retire(turn->work->ring, key->base, why, sizeof why);
		secret_free(secret);
		return rc;
	}
	turn->made[turn->n_made].secret = secret;
	turn->made[turn->n_made++].key = *key;
	return 0;
}

/* Takes the key at i out. */
void
turn_drop(struct turn *turn, size_t i)
{
	struct keyset *keys = turn->keys;
	const struct zonekey *key = &keys->keys[i].key;

	turn_say(turn, " %s %u is retired;", zonekey_role_word(key->role), key->tag);
	zonekey_remove(turn->change, &keys->apex, key);
	turn->gone[turn->n_gone++] = keys->keys[i];
	keys->n--;
	memmove(&keys->keys[i], &keys->keys[i + 1], (keys->n - i) * sizeof keys->keys[0]);
}

void
turn_move(struct turn *turn, enum key_side from, enum key_side to)
{
	for (size_t i = 0; i < turn->keys->n; i++) {
		struct zonekey *key = &turn->keys->keys[i].key;

		if (key->side != from)
			continue;
		key->side = (uint8_t)to;
		key->since = turn->now;
	}
}
