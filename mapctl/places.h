/*
 * places.h - where the records of a load were read, by their number in it.
 */
#ifndef MAPCTL_PLACES_H
#define MAPCTL_PLACES_H

#include "core/zone/zone.h"

struct places;

struct places *places_new(void); /* NULL: out of memory */
void places_free(struct places *places); /* NULL allowed */
/* The next record was read there; the place is copied. -MAP_ENOMEM */
int places_add(struct places *places, const struct zone_place *place) NONNULL MUST_CHECK;
/* Where record number n (from 0) was read; false: there is no such record. Borrowed. */
bool places_find(const struct places *places, long long n, struct zone_place *out) NONNULL;

#endif
