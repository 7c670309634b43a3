/*
 * turn.h - one change of a zone's keys: on a copy, which takes the place of what is known once it is durable.
 * Private to the files that change keys.
 */
#ifndef MAPD_TURN_H
#define MAPD_TURN_H

#include "mapd/work.h"

struct turn {
	struct work *work;
	struct outcome *out;
	uint64_t now;
	struct change *change;
	struct keyset *keys; /* the copy */
	bool fresh; /* read for this change: all its secrets are its own */
	struct keyset_key made[2]; /* whose secrets nobody else has */
	size_t n_made;
	struct keyset_key gone[KEYSET_KEYS]; /* which nobody has any more when it is durable */
	size_t n_gone;
	bool served;
	struct zone zone;
};

/*
 * Opens the keys of apex, which may be served or not. turn_end() in every case, with the error if there was
 * one: then out->why says what is wrong, and all is as it was before.
 */
int turn_begin(struct turn *turn, struct work *work, const struct name *apex, uint64_t now,
    struct outcome *out) NONNULL MUST_CHECK;
/* Makes rows, files and memory what the copy is, durable when 0; or drops it for the error rc. */
int turn_end(struct turn *turn, int rc) NONNULL MUST_CHECK;
/* Drops it, and says nothing. */
void turn_leave(struct turn *turn) NONNULL;

/* Puts a new key into the copy; the secret is taken over. -MAP_EEXIST, -MAP_ESPACE with why */
int turn_add(struct turn *turn, struct zonekey *key, struct secret *secret, enum key_side side)
    NONNULL MUST_CHECK;
/* Takes the key at i out. */
void turn_drop(struct turn *turn, size_t i) NONNULL;
/* All keys of a side to another. */
void turn_move(struct turn *turn, enum key_side from, enum key_side to) NONNULL;
/* The zone's own name as the keys now are. */
int turn_apex(struct turn *turn) NONNULL MUST_CHECK;

/* Why not, into out->why; returns error. */
__attribute__((format(printf, 3, 4))) int outcome_refuse(
    struct outcome *out, int error, const char *format, ...);
/* What is done, appended to out->done. */
__attribute__((format(printf, 2, 3))) void turn_say(struct turn *turn, const char *format, ...);

#endif
