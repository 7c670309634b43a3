/*
 * hold.h - how often the same may be done again: what flaps has to wait longer each time.
 */
#ifndef RESOLVERD_HOLD_H
#define RESOLVERD_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#define HOLD_MS 1000   /* between two; ... */
#define HOLD_PENALTY 2 /* ... times this when it flaps ... */
#define HOLD_MAX 60000 /* ... up to this */
#define HOLD_CALM 8    /* times as long without one, and it starts anew */

struct hold_rule {
	uint64_t hold_ms, most_ms;
	unsigned penalty;
};

#define HOLD_RULE ((struct hold_rule){HOLD_MS, HOLD_MAX, HOLD_PENALTY})

struct hold {
	uint64_t last; /* ms; 0: never */
	uint64_t wait;
};

/* How long to wait after it happened again too soon after it had been waited for. */
static inline uint64_t
hold_longer(const struct hold_rule *rule, uint64_t wait)
{
	return wait * rule->penalty < rule->most_ms ? wait * rule->penalty : rule->most_ms;
}

/* When it may be done again. */
static inline uint64_t
hold_end(const struct hold *hold)
{
	return hold->last + hold->wait;
}

/* Whether the last time is so long ago (ms); it is done then. */
static inline bool
hold_may_after(struct hold *hold, const struct hold_rule *rule, uint64_t now, uint64_t least)
{
	uint64_t passed = now - hold->last;

	if (hold->last != 0 && passed < least)
		return false;
	if (hold->last == 0 || passed >= HOLD_CALM * hold->wait)
		hold->wait = rule->hold_ms;
	else
		hold->wait = hold_longer(rule, hold->wait);
	hold->last = now > 0 ? now : 1;
	return true;
}

/* Whether it may be done now; it is done then. */
static inline bool
hold_may(struct hold *hold, const struct hold_rule *rule, uint64_t now)
{
	return hold_may_after(hold, rule, now, hold->wait);
}

#endif
