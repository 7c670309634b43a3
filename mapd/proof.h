/*
 * proof.h - the proof of a mapping that an update changes (protocol 3, 8): it must hold over the records that
 * result, and its serial must grow; one that does not match any more goes.
 */
#ifndef MAPD_PROOF_H
#define MAPD_PROOF_H

#include "mapd/draft.h"
#include "mapd/rules.h"

struct proof_case {
	const struct rules *rules;
	const uint8_t *verified; /* proof_digest() of what was verified already, and is not again; NULL: nothing was */
	uint64_t now;
	char why[256]; /* set: why it is refused, or what was done to it; else empty */
};

/*
 * Judges the ELOC set of owner as after has it, which before had otherwise; a proof that was there before and
 * does not match any more is taken out of after. False: it is refused.
 */
bool proof_judge(struct proof_case *c, const struct name *owner, const struct draft *before,
    struct draft *after) NONNULL MUST_CHECK;
/*
 * What a verifier leaves for the writer: the digest of all that the proof of a draft's ELOC set depends on.
 * -MAP_ENOTFOUND: there is no proof; -MAP_EFORMAT, -MAP_ECRYPTO
 */
int proof_digest(const struct name *owner, const struct draft *draft, uint8_t digest[32]) NONNULL MUST_CHECK;
/* Why it must not be published, by a verification now; NULL: it may. */
const char *proof_verify(const struct rules *rules, const struct name *owner,
    const struct draft *draft, uint64_t now) NONNULL;

#endif
