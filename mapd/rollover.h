/*
 * rollover.h - the keys of a zone changed: got, rolled in phases, given up. Each change is one transaction,
 * durable when 0; out->why says what stood in the way, out->done what was done.
 */
#ifndef MAPD_ROLLOVER_H
#define MAPD_ROLLOVER_H

#include "mapd/work.h"

/* What an operator may ask to be rolled; WHAT_CONFIGURED: whatever differs from the configuration. */
enum roll_what {
	WHAT_CONFIGURED,
	WHAT_ZSK,
	WHAT_KSK,
	WHAT_CSK,
	WHAT_KEYS,
	WHAT_ALGORITHM,
	WHAT_DENIAL,
	WHAT_COUNT
};
/* "zsk" ...; -1: none of them. "" is WHAT_CONFIGURED. */
int rollover_what(const char *word) NONNULL;
const char *rollover_word(enum roll_what what);

/*
 * Begins a roll, with keys that wait for one, else with new ones. -MAP_EREFUSED: another one goes on, or
 * there is nothing to do.
 */
int rollover_begin(struct work *work, const struct name *apex, enum roll_what what, uint64_t now,
    struct outcome *out) NONNULL MUST_CHECK;
/* The next phase. -MAP_EREFUSED: not safe yet; out->at says when, if that is known. */
int rollover_next(struct work *work, const struct name *apex, uint64_t now, struct outcome *out)
    NONNULL MUST_CHECK;
/* Takes a roll back whose first phase lasts. -MAP_EREFUSED */
int rollover_cancel(struct work *work, const struct name *apex, uint64_t now,
    struct outcome *out) NONNULL MUST_CHECK;
/* The parent has the new DS only, with at most that TTL (0: not known). -MAP_EREFUSED: no roll waits for it */
int rollover_seen(struct work *work, const struct name *apex, uint32_t ttl, uint64_t now,
    struct outcome *out) NONNULL MUST_CHECK;
/* The parent was asked: these are the DS it has. -MAP_EREFUSED: not those that the roll waits for */
int rollover_told(struct work *work, const struct name *apex, const struct bytes *ds, size_t n,
    uint32_t ttl, uint64_t now, struct outcome *out) MUST_CHECK;
#define ROLLOVER_DS 32 /* of one zone that are looked at */
/*
 * One more key: made, or (text not empty) from a file of BIND's format. It waits for a roll; of a zone that
 * is not served yet it will be in use. algorithm, role 0: as configured. -MAP_EEXIST
 */
int rollover_gain(struct work *work, const struct name *apex, uint8_t algorithm, uint8_t role,
    struct bytes text, uint64_t now, struct outcome *out) NONNULL MUST_CHECK;
/* Gives up a key that waits; rolls one that is in use. -MAP_ENOTFOUND, -MAP_EREFUSED */
int rollover_retire(struct work *work, const struct name *apex, uint16_t tag, uint64_t now,
    struct outcome *out) NONNULL MUST_CHECK;

/* Does what is safe and asked for by the configuration at now; returns seconds until it is to be called
 * again, at most limit. */
uint64_t rollover_tick(struct work *work, uint64_t now, uint64_t limit) NONNULL;

#endif
