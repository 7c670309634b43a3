/*
 * note.c - what an update that was taken leaves behind besides records: claims of names, and the memory of replays.
 */
#include "mapd/note.h"

#include <string.h>

#include "core/wire/rrtype.h"
#include "mapd/claim.h"
#include "mapd/holder.h"
#include "mapd/host.h"
#include "mapd/lease.h"
#include "mapd/replay.h"

/* Its holder has shown where he is after all, and there is room. */
static bool
claim_moves(const struct desk *desk, const struct claim *claim, const struct proposal *p,
    const struct policy *policy)
{
	return p->shown && memcmp(claim->source, claim_unproved, CLAIM_SOURCE) == 0 &&
	       claim_count_source(desk->change, &desk->zone.apex, p->source) <
		   policy->identities_of_source;
}

/* Whether a KEY is there that is not his who signs, to whom the name is assigned: its lease is not his either. */
static bool
key_is_anothers(const struct proposal *p, const struct spot *spot)
{
	return !name_equal(&spot->name, &p->actor.name) && draft_has(&spot->next, RR_KEY);
}

static void
claim_renew(struct claim *claim, const struct proposal *p, const struct spot *spot,
    const struct lease_grant *grant, uint64_t now)
{
	struct claim before = *claim;

	if (host_described(&p->update) != NULL)
		claim->flags |= CLAIM_HOST;
	lease_renew(claim, grant, &spot->next, now);
	if (!key_is_anothers(p, spot))
		return;
	claim->key_lease = before.key_lease;
	claim->key_until = before.key_until;
}

int
note_taken(struct work *work, struct desk *desk, struct proposal *p, uint64_t now)
{
	const struct policy *policy = rules_policy(work->rules, &desk->zone.apex);
	struct lease_grant grant = lease_grant(policy, &p->update.lease);
	bool admin = p->actor.kind == ACTOR_ADMIN;
	int rc = replay_note(work->replay, p, p->verdict.rcode, now);

	for (size_t i = 0; i < desk->n_owners && rc == 0; i++) {
		const struct spot *spot = desk->owners[i];
		const struct draft *after = &spot->next;
		struct claim claim = {0};
		bool lost = draft_loses_key(&spot->now, after) &&
			    !holder_stays(desk->change, &spot->name, after);

		if (desk_is_elsewhere(desk, &spot->name))
			continue;
		/* a name that no KEY holds any more, or nothing is at, is nobody's */
		if (lost || after->n == 0 ||
		    (!admin && lease_key_is_over(&grant) && !key_is_anothers(p, spot))) {
			claim_remove(desk->change, &desk->zone.apex, &spot->name);
			continue;
		}
		if (admin)
			continue;
		if (!claim_get(desk->change, &spot->name, &claim) ||
		    claim_moves(desk, &claim, p, policy))
			memcpy(claim.source, proposal_claimant(p), CLAIM_SOURCE);
		claim_renew(&claim, p, spot, &grant, now);
		claim_put(desk->change, &desk->zone.apex, &spot->name, &claim);
	}
	return rc != 0 ? rc : change_error(desk->change);
}
