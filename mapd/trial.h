/*
 * trial.h - an update that nobody sent: what would become of it, if somebody did (mapctl policy test).
 * Apart from mapd/proposal.h, whose words are not those of core/wire/frame.h.
 */
#ifndef MAPD_TRIAL_H
#define MAPD_TRIAL_H

#include "mapd/lines.h"
#include "mapd/policy.h"
#include "mapd/rules.h"
#include "mapd/store.h"

struct proposal;

#define TRIAL_TTL 60 /* of a record that was given none */

/*
 * Makes the message of the lines, and a dry proposal of it without a seal. Caller frees with trial_free(). NULL:
 * *why is a static sentence.
 */
struct proposal *trial_new(const struct name *apex, const struct lines *lines, const char **why) NONNULL;
void trial_free(struct proposal *proposal); /* NULL allowed */

/* Whether there is a TSIG key of that name. */
bool trial_has_admin(const struct rules *rules, const struct name *key) NONNULL;
/*
 * Under the TSIG key of that name, which there is, or under the key of actor, whose name is in the zone
 * home: looked at as a worker would before it checks the signature. False: it would be refused there, and the answer
 * says why.
 */
bool trial_of_admin(struct proposal *proposal, const struct name *key) NONNULL;
bool trial_of_key(struct proposal *proposal, const struct rules *rules, struct snapshot *snap,
    const struct zone *home, const struct actor *actor) NONNULL;

/* What became of it; rule is NULL where none decided. Borrowed from the proposal. */
struct trial_answer {
	const struct actor *actor;
	unsigned rcode;
	const char *rule, *text;
};
struct trial_answer trial_answer(const struct proposal *proposal) NONNULL;

#endif
