/*
 * zone.h - the zones this server serves, as one worker sees them.
 */
#ifndef MAPD_ZONE_H
#define MAPD_ZONE_H

#include "mapd/node.h"
#include "mapd/store.h"

struct zones; /* owned by one worker */

int zones_new(struct zones **out);
void zones_free(struct zones *zones); /* NULL allowed */
/*
 * Reads the table again when the generation of snap is another one than before. 0; on an error
 * (-MAP_ENOMEM, -MAP_EDATABASE) the table stays as it was, and the next call tries again.
 */
int zones_refresh(struct zones *zones, struct snapshot *snap) NONNULL MUST_CHECK;
size_t zones_count(const struct zones *zones) NONNULL;

/* The closest served zone at or above name, or NULL; borrowed until the next refresh. */
const struct zone *zone_find(const struct zones *zones, const struct name *name) NONNULL;
/* The zone that answers for type at name: for DS at an apex the parent, if it is served too. */
const struct zone *zone_find_for(
    const struct zones *zones, const struct name *name, uint16_t type) NONNULL;

#endif
