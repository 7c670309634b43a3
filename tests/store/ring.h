/*
 * ring.h - what tests of rolls do and look at, in a zone of shop.h.
 */
#ifndef TESTS_STORE_RING_H
#define TESTS_STORE_RING_H

#include "mapd/rollover.h"
#include "tests/store/shop.h"

uint64_t now(void);
void configure(uint8_t algorithm, bool split);
void begin_zone(void);
struct keyset *keys(void);
size_t count_side(enum key_side side, uint8_t role);
size_t count_files(const char *suffix);
void expect(int rc, int wanted, const char *words);
int gain(uint8_t algorithm, uint8_t role);
int roll(enum roll_what what);
int next(void);
/* The roll is so much older than it was. */
void age(uint64_t seconds);
/* All that a roll wants signed, as the writer does it between two jobs. */
void walk(void);
/* How many signatures the set of type at name has. */
unsigned signatures(const char *name_text, uint16_t type);
/* What a secondary gets leads to the zone as it is. */
void journal_is_whole(void);

#define DOES(call, words) expect(call, 0, words)
#define FAILS(call, error, words) expect(call, error, words)

#endif
