/*
 * hold.h - how often the same may be done again: what flaps has to wait longer each time.
 */
#ifndef RESOLVERD_HOLD_H
#define RESOLVERD_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#define HOLD_MS 1000   /* between two; doubles ... */
#define HOLD_MAX 60000 /* ... up to this */
#define HOLD_CALM 8    /* times as long without one, and it starts anew */

struct hold {
	uint64_t last; /* ms; 0: never */
	uint64_t wait;
};

/* Whether it may be done now; it is done then. */
static inline bool
hold_may(struct hold *hold, uint64_t now)
{
	uint64_t passed = now - hold->last;

	if (hold->last != 0 && passed < hold->wait)
		return false;
	if (hold->last == 0 || passed >= HOLD_CALM * hold->wait)
		hold->wait = HOLD_MS;
	else
		hold->wait = hold->wait * 2 < HOLD_MAX ? hold->wait * 2 : HOLD_MAX;
	hold->last = now > 0 ? now : 1;
	return true;
}

#endif
