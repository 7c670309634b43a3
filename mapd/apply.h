/*
 * apply.h - what an UPDATE does to the records of one name (RFC 2136 3.2, 3.4.2).
 */
#ifndef MAPD_APPLY_H
#define MAPD_APPLY_H

#include "core/wire/update.h"
#include "mapd/draft.h"

/*
 * Does all changes of update that are about owner to draft, whose new records are borrowed from it; apex: owner
 * is the zone's own name. What may not go (SOA, the last NS) or come (CNAME beside others) is passed over, as
 * the RFC says. A TTL is the whole set's, the least of those given; a proof takes the place of another.
 * -MAP_ENOMEM
 */
int apply_items(struct draft *draft, const struct update *update, const struct name *owner,
    bool apex) NONNULL MUST_CHECK;

/* What is at a name, for its prerequisites. */
struct apply_seen {
	const struct draft *draft;
	struct bytes value; /* the stored node, for the types that mapd makes; p NULL: none */
};
/*
 * Whether the prerequisites of update about owner hold: RCODE_NOERROR, else what is answered. Each owner is to
 * be asked about once.
 */
unsigned apply_prerequisites(
    const struct apply_seen *seen, const struct update *update, const struct name *owner) NONNULL;

#endif
