/*
 * holder.h - what of a name is its holder's, when it is not he who asks: at the end of his lease, or at a ban.
 */
#ifndef MAPD_HOLDER_H
#define MAPD_HOLDER_H

#include "mapd/draft.h"
#include "mapd/rules.h"
#include "mapd/store.h"

/* The places of policy.def (mapd/view.h) that a name is in; both none: its holders' updates would all be refused now. */
struct holder {
	unsigned own; /* to the identity of that name */
	unsigned assigned; /* to the one it is assigned to */
};
/* stored: what is at the name. */
struct holder holder_of(struct change *change, const struct rules *rules, const struct name *name,
    const struct draft *stored) NONNULL;
/* The same of who signs: where the name is assigned to him, what a KEY has there is not his. */
struct holder holder_signing(struct change *change, const struct rules *rules, const struct name *name,
    const struct draft *stored, const struct name *signer) NONNULL;

/*
 * Whether the claim of a name whose last KEY goes stays: the name is assigned to another identity than that of the
 * KEY, and what that registered there, which only a lease ends, is in stored.
 */
bool holder_stays(struct change *change, const struct name *name, const struct draft *stored) NONNULL;
/* Whether records of a type there are its holder's; if all of his would be refused now, whatever any host may have. */
bool holder_has_type(const struct holder *holder, uint16_t type) NONNULL;

#endif
