/*
 * exits.h - sources whose provider's exit does not work for them, found out by comparison with one that does
 * (protocol 10, RFC 4177 5.3, 7.3). Changes nothing: routes and rules are the operator's.
 */
#ifndef RESOLVERD_EXITS_H
#define RESOLVERD_EXITS_H

#include "resolverd/heartbeat.h"
#include "resolverd/route.h"

#define EXITS_MAX 64           /* sources that are known; the oldest is forgotten */
#define EXITS_PAUSE_MS 5000    /* between two checks of a source for doubts */
#define EXITS_AGAIN_MS 2000    /* until a bad one is checked again by itself; doubles ... */
#define EXITS_AGAIN_MAX 80000  /* ... up to this */
#define EXITS_FORGET_MS 600000 /* without another verdict */

enum exit_verdict {
#define X(name, word, bad) name,
#include "resolverd/exits.def"
#undef X
	EXITS
};

const char *exit_word(enum exit_verdict verdict); /* a static string */
bool exit_is_bad(enum exit_verdict verdict);

struct exit_state {
	uint8_t source[16];
	enum exit_verdict verdict;
	uint64_t since, checked; /* ms of the loop's clock: when it became so, and was looked at last */
	uint8_t destination[16]; /* that was tried */
	uint8_t control[16];     /* the source by which it answered */
	struct route route;
	uint8_t by[16]; /* EXIT_UNREACHABLE, EXIT_FILTERED: the router */
	char why[120];  /* in words */
};

struct exits;

/* A source that was bad works again. */
typedef void exits_fn(void *arg, const uint8_t source[16]);

/* Follows changes of addresses and routes too. heartbeat is borrowed. -MAP_ESYS, -MAP_ENOMEM */
int exits_open(struct loop *loop, struct heartbeat *heartbeat, struct exits **out) NONNULL MUST_CHECK;
void exits_tell(struct exits *exits, exits_fn *fn, void *arg) __attribute__((nonnull(1)));
void exits_close(struct exits *exits); /* NULL allowed */

/* A session from source failed, or took its whole turn in vain, while one from control reached destination: both are probed,
 * unless source was lately. */
void exits_doubt(
    struct exits *exits, const uint8_t source[16], const uint8_t control[16], const uint8_t destination[16]) NONNULL;
/* Whether a doubt would lead to anything now. */
bool exits_may_doubt(const struct exits *exits, const uint8_t source[16]) NONNULL;
/* The kernel has no route from source to destination, and one from control: no probe is needed for that. */
void exits_no_route(struct exits *exits, const uint8_t source[16], const uint8_t control[16],
    const uint8_t destination[16]) NONNULL;
void exits_worked(struct exits *exits, const uint8_t source[16]) NONNULL; /* a session from it came up */
enum exit_verdict exits_verdict(const struct exits *exits, const uint8_t source[16]) NONNULL;

/* The i-th that is known, or NULL; borrowed until the loop goes on. */
const struct exit_state *exits_at(const struct exits *exits, size_t i) NONNULL;

/* The judgement alone: what two probes, of the source and its control, and two routes mean. EXIT_UNKNOWN: nothing, the
 * destination may be dead. */
enum exit_verdict exits_judge(const struct heartbeat_outcome outcomes[2], const struct route routes[2]) NONNULL;

#endif
