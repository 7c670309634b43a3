/*
 * settle.h - a desk written: what changed of a zone's names, with signatures, proofs of absence, the SOA and the
 * journal, in the transaction that it was read in.
 */
#ifndef MAPD_SETTLE_H
#define MAPD_SETTLE_H

#include "mapd/desk.h"
#include "mapd/work.h"

/* What was written, for who must know when signatures end. */
struct settled {
	struct zone zone; /* as it is now */
	uint32_t resign, expires; /* of what was written */
};

/*
 * Writes it; nothing is when nothing differs (settled->zone is what it was). After an error the change is to be
 * aborted: -MAP_EREFUSED with why (NSEC3 hashes that collide); -MAP_ENOMEM, -MAP_EFULL, -MAP_E...
 */
int desk_settle(struct work *work, struct desk *desk, uint64_t now, struct settled *settled, char *why,
    size_t max) NONNULL MUST_CHECK;
/*
 * Whether settling spot as next has it would change the shape of the zone's tree in a way that only an edit can
 * write (mapd/amend.h): the apex, wildcards and what is below them, delegations, aliases, and every change of types
 * in a zone with NSEC.
 */
bool spot_is_whole(const struct desk *desk, const struct spot *spot) NONNULL;
/* Whether that is so of anything that is tried. */
bool desk_is_whole(const struct desk *desk) NONNULL;

#endif
