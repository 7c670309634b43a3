/*
 * turns.h - updates that wait, taken by turns of their sources: who sends much waits for himself. Bounded in all
 * and of a source. Knows no threads.
 */
#ifndef MAPD_TURNS_H
#define MAPD_TURNS_H

#include "mapd/proposal.h"

struct turns;

/* At most so many wait, with so many octets of memory. -MAP_ENOMEM */
int turns_new(unsigned most, size_t octets, struct turns **out) NONNULL MUST_CHECK;
void turns_free(struct turns *turns); /* empty; NULL allowed */
/*
 * Of one source as many may wait as there is room left for others, and with as many octets: half of all if it is
 * alone, less with each other one. False: it is still the caller's.
 */
bool turns_put(struct turns *turns, struct proposal *proposal) NONNULL MUST_CHECK;
/* The first of the source whose turn it is; NULL: nobody waits. */
struct proposal *turns_take(struct turns *turns) NONNULL;

#endif
