/*
 * meta.h - the few values of the database that belong to no zone, or outlive it.
 */
#ifndef MAPD_META_H
#define MAPD_META_H

#include "core/wire/name.h"
#include "mapd/store.h"

/* Tells the workers to read their table of zones again. */
void meta_bump_generation(struct change *change);
/* An id that no zone had before. */
uint32_t meta_next_zone(struct change *change);
/* The highest serial apex ever had, also after it was removed; false: it never was here. */
bool meta_serial_get(struct change *change, const struct name *apex, uint32_t *serial);
void meta_serial_put(struct change *change, const struct name *apex, uint32_t serial);
/* The time of the last change (seconds since 1970); 0: none. */
uint64_t meta_clock_get(struct change *change);
void meta_clock_put(struct change *change, uint64_t seconds);

#endif
