/*
 * update_key.h - the key that an update is signed with: stored at the signer, or brought along.
 */
#ifndef MAPD_UPDATE_KEY_H
#define MAPD_UPDATE_KEY_H

#include "mapd/proposal.h"

/* Where it is looked for; all is borrowed. */
struct update_signer {
	struct snapshot *snap;
	const struct zone *zone; /* that the signer is in */
	const struct realm *realms;
	size_t n_realms;
	bool open; /* the realm: who comes first has a name */
};

/*
 * Fills the actor of a proposal with SIG(0). Stored is the first KEY at the signer of the signature's algorithm
 * and tag; else the first such that the message adds there, if it is the identity's own by its digest, or in an
 * open realm at another name (where another KEY is already, the policy will say so to who signs well). So one
 * candidate at most is tried. False: there is none.
 */
bool update_key_find(const struct update_signer *from, struct proposal *proposal) NONNULL MUST_CHECK;
/*
 * The rule that forbids an update of c's actor whatever the names would hold, as far as snap tells; NULL: none does. c has
 * all else. Whose a name is is none of them: that is said to who signs well.
 */
const struct policy_rule *update_forbids(struct policy_case *c, const struct update *update,
    struct snapshot *snap) NONNULL MUST_CHECK;
/* The ELOC of the kind proof among what an update adds; *proof is NULL: none. False: there are more than one. */
bool update_proof_find(const struct update *update, const struct update_item **proof) NONNULL MUST_CHECK;
/* Whether wire, which need not be well-formed, ends with a TSIG record: its owner. */
bool update_key_peek(struct bytes wire, struct name *key) NONNULL MUST_CHECK;

#endif
