/*
 * pulsework.h - a pulse whose sockets, clock, timers and probes are on paper, of a host with the addresses a and b; linked with --wrap
 * of what it asks.
 */
#ifndef TESTS_PULSEWORK_H
#define TESTS_PULSEWORK_H

#include "resolverd/pulse_own.h"
#include "tests/resolverd/clockwork.h"

#define PULSEWORK_PATHS 64
#define HOUR_MS 3600000u

extern struct subflow list[PULSEWORK_PATHS];
extern size_t n_list;
extern struct pulse *pulse;
extern unsigned offers;
extern bool kept; /* a is */
extern bool over; /* all sessions are being closed */
extern uint64_t received; /* octets in order, of all sessions */
extern size_t hidden; /* the last paths, from who asks for each that he knows */
extern int fails; /* what asking comes to, if negative */
extern uint64_t all_us, one_us; /* of a CPU; what looks cost */
extern unsigned reads, agains, checks;
extern bool answers; /* whoever is probed from there does: */
extern const uint8_t *answerer; /* a, unless said */
extern bool pending; /* what is probed: nothing is told yet */
extern void (*meanwhile)(void); /* what happens while a check is under way; NULL: nothing */
extern void (*unheard)(void); /* what an event tells that was not read yet; NULL: there is none */
extern const uint8_t *offered; /* a, unless said: no other address ever is */
extern heartbeat_fn *check_fn;
extern struct heartbeat_plan looked; /* the last one that was asked for */
extern uint32_t probed_us; /* that the last probe took; 0: not known */
extern bool gives_up; /* mappings have r2 no more */
extern const uint8_t a[16], b[16], r[16], r2[16];

/* One path more, that this end began, in the order of tokens, and of ports. */
void put(uint32_t token, const uint8_t local[16], const uint8_t remote[16]);
void put_both(uint32_t token, const uint8_t remote[16]); /* from a and b */
void tell_joined(uint32_t token); /* the kernel, that a path has been */
/* This process begins now: nothing that was left before is known. */
void begin(void);
void end(void);
void pass(uint64_t ms);

#endif
