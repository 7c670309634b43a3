/*
 * paper.h - a clock on paper and the probes of a network on paper, in place of the loop and of heartbeat.c: what a check finds is
 * what a test says of each way when it ends.
 */
#ifndef TESTS_RESOLVERD_PAPER_H
#define TESTS_RESOLVERD_PAPER_H

#include "resolverd/heartbeat.h"

extern uint64_t paper_now; /* ms */

/* How a way answers now; a test gives it. */
extern enum beat (*paper_beat)(const struct prober_way *way);
extern bool paper_full; /* no check can be started */
/* Checks that were started, and their last plan. */
extern unsigned paper_checks;
extern struct heartbeat_plan paper_plan;

void paper_begin(void); /* anew: nothing runs */
/* So much passes, and what is due happens. */
void paper_pass(uint64_t ms);
/* The same, until it is so. False: it is not within that time. */
bool paper_until(bool (*is_so)(void), uint64_t ms);

#endif
