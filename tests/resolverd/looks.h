/*
 * looks.h - looks at sessions on paper, each 15 ms after the last, and what silence.c says of them: at first one session by two
 * paths, from A and from B.
 */
#ifndef TESTS_RESOLVERD_LOOKS_H
#define TESTS_RESOLVERD_LOOKS_H

#include "resolverd/silence.h"

#define A 0xa
#define B 0xb

extern struct subflow flows[4];
extern struct subflow_session sessions[4];
extern struct subflows look; /* of these, unless a test has others */
extern struct silence *silence;
extern uint64_t now;
extern uint8_t own[2][16];
extern struct silence_verdict verdict;
extern bool confirms;
extern struct silence_suspect asked;
extern struct silence_judge judge; /* who asks confirm() */

silence_confirm_fn confirm; /* says confirms, and keeps what it was asked */

int look_setup(void **state); /* for each test */
int look_teardown(void **state);
bool step(void); /* one look */
void carry(unsigned flow, bool in_order);
void acknowledge(unsigned flow);

#endif
