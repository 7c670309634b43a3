/*
 * looks.c - see looks.h.
 */
#include <string.h>

#include "tests/resolverd/looks.h"

struct subflow flows[4];
struct subflow_session sessions[4];
struct subflows look;
struct silence *silence;
uint64_t now;
uint8_t own[2][16];
struct silence_verdict verdict;
bool confirms;
struct silence_suspect asked;

bool
confirm(void *arg, const struct silence_suspect *suspect)
{
	(void)arg;
	asked = *suspect;
	return confirms;
}

struct silence_judge judge = {own, 2, confirm, NULL, {HOLD_MS, HOLD_MAX, HOLD_PENALTY}};

int
look_setup(void **state)
{
	(void)state;
	memset(flows, 0, sizeof flows);
	memset(sessions, 0, sizeof sessions);
	look = (struct subflows){.list = flows, .sessions = sessions};
	look.complete = true;
	look.n = 2;
	look.n_sessions = 1;
	look.sessions[0].token = 7;
	for (unsigned i = 0; i < 2; i++) {
		own[i][15] = (uint8_t)(A + i);
		look.list[i].token = 7;
		look.list[i].local[15] = (uint8_t)(A + i);
		look.list[i].local_port = (uint16_t)(1000 + i);
		look.list[i].rtt_us = 100;
	}
	now = 1000;
	confirms = true;
	silence = silence_new();
	return silence == NULL;
}

int
look_teardown(void **state)
{
	(void)state;
	silence_free(silence);
	return 0;
}

/* One look, 15 ms after the last. */
bool
step(void)
{
	now += 15;
	return silence_look(silence, &look, now, &judge, &verdict);
}

void
carry(unsigned flow, bool in_order)
{
	look.list[flow].segments_in += 8;
	look.list[flow].octets_in += 10240;
	if (in_order)
		look.sessions[0].received += 10240;
}

void
acknowledge(unsigned flow)
{
	look.list[flow].segments_in += 4;
	look.list[flow].delivered += 8;
}
