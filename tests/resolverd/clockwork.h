/*
 * clockwork.h - a clock, what was spent of a CPU, and the timers of who is tested, on paper: linked with --wrap of loop_now_ms,
 * clock_spent_us, timer_new, timer_start and timer_free.
 */
#ifndef TESTS_CLOCKWORK_H
#define TESTS_CLOCKWORK_H

#include <stddef.h>
#include <stdint.h>

#include "core/sys/loop.h"

#define CLOCKWORKS 2

struct clockwork {
	loop_fn *fn;
	void *arg;
	uint64_t due; /* ms; 0: it does not run */
};

extern uint64_t now, spent_us;
extern struct clockwork timers[CLOCKWORKS]; /* in the order in which they were made */
extern size_t n_timers; /* 0: others are made from now on */

/* It fires now. */
void clockwork_fire(struct clockwork *timer);

#endif
