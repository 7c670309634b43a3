/*
 * race.h - one connection out of many pairs: the next after 250 ms, sooner when it is known to work, or at
 * once on an error; the first that completes wins (protocol 10, RFC 4177 7.1). Knows addresses; knows nothing of identities.
 */
#ifndef LIBMAP_RACE_H
#define LIBMAP_RACE_H

#include "libmap/context.h"

#define RACE_NEXT_MS 250
#define RACE_KNOWN_MS 50 /* at least, before a pair that worked lately; else two of its round trips */
#define RACE_OPEN_MS 2000

struct race_pair {
	uint8_t source[16];
	uint8_t destination[16];
	uint32_t rtt_us; /* not 0: worked lately, and took so long */
	unsigned group; /* pairs of the next group start only when all of this one failed */
};

struct race;

/* A pair won: fd is the taker's and still non-blocking. Or none did: fd is -1, error says why. The
 * race is ended by race_free(), not by itself. */
typedef void race_fn(void *arg, int error, const char *why, int fd, size_t pair);

/* pairs are copied. NULL: out of memory. */
struct race *race_new(struct map *map, const struct race_pair *pairs, size_t n, uint16_t port,
    bool require_mptcp);
void race_free(struct race *race); /* closes what is open; NULL allowed */
/* Goes as far as it can now, and calls fn when it is over; *due is when to be called again. False: it
 * is over, and fn was called. */
bool race_run(struct race *race, uint64_t *due) NONNULL MUST_CHECK;
/* To be set before the first race_run(): fn, and how to be called back after an event. */
void race_tell(struct race *race, race_fn *fn, void (*wake)(void *arg), void *arg) NONNULL;

#endif
