/*
 * lease.c - how long what a host registered stays.
 * Knows what a lease is about; knows no store.
 */
#include "mapd/lease.h"

#include "core/wire/mapping.h"
#include "core/wire/rrtype.h"

static uint32_t
lease_between(uint32_t asked, uint32_t least, uint32_t most)
{
	if (asked < least)
		return least;
	return asked > most ? most : asked;
}

struct lease_grant
lease_grant(const struct policy *policy, const struct lease_option *asked)
{
	struct lease_grant grant = {true, true, 0, 0};

	if (!asked->present)
		return (struct lease_grant){
		    policy->lease > 0, policy->key_lease > 0, policy->lease, policy->key_lease};
	if (asked->lease > 0)
		grant.lease =
		    lease_between(asked->lease, policy->lease_least, policy->lease_most);
	if (asked->key_lease > 0 || asked->lease > 0)
		grant.key_lease = lease_between(
		    asked->key_lease, policy->lease_least, policy->key_lease_most);
	if (grant.key_lease < grant.lease)
		grant.key_lease = grant.lease;
	return grant;
}

struct lease_option
lease_granted(const struct policy *policy, const struct lease_option *asked)
{
	struct lease_grant grant = lease_grant(policy, asked);

	return (struct lease_option){.present = asked->present,
	    .both = asked->both,
	    .lease = grant.lease,
	    .key_lease = grant.key_lease};
}

bool
lease_is_over(const struct lease_grant *grant)
{
	return grant->ends && grant->lease == 0;
}

bool
lease_key_is_over(const struct lease_grant *grant)
{
	return grant->key_ends && grant->key_lease == 0;
}

void
lease_clear(struct draft *draft, const struct holder *holder, bool key)
{
	static const uint16_t types[] = {RR_A, RR_AAAA, RR_PTR, RR_EPID, RR_ELOC, RR_KEY};

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (holder_has_type(holder, types[i]) && (key || types[i] != RR_KEY))
			draft_drop(draft, types[i]);
}

uint64_t
lease_revoked_until(const struct draft *draft)
{
	struct eloc eloc;

	for (size_t i = 0; i < draft->n; i++)
		if (draft->records[i].type == RR_ELOC &&
		    eloc_read(draft->records[i].rdata, &eloc) == 0 && eloc.kind == ELOC_PROOF &&
		    (eloc.proof.flags & PROOF_REVOKED) != 0)
			return eloc.proof.serial / 1000 + LEASE_REVOKED;
	return 0;
}

bool
lease_revoked(const struct draft *draft)
{
	return lease_revoked_until(draft) != 0;
}

/* The later of an end and another one; 0 is none, and so the latest. */
static uint64_t
end_put_off(uint64_t end, uint64_t to)
{
	return end == 0 || end > to ? end : to;
}

/* Part of the second that it is had passed: what was granted has not ended before the next one. */
static uint64_t
lease_end(uint32_t lease, uint64_t now)
{
	return lease > 0 ? now + lease + 1 : 0;
}

void
lease_renew(struct claim *claim, const struct lease_grant *grant, const struct draft *after,
    uint64_t now)
{
	if (claim->since == 0)
		claim->since = now;
	claim->lease = grant->ends ? grant->lease : 0;
	claim->key_lease = grant->key_ends ? grant->key_lease : 0;
	claim->until = grant->ends ? lease_end(grant->lease, now) : 0;
	claim->key_until = grant->key_ends ? lease_end(grant->key_lease, now) : 0;
	if (!lease_revoked(after))
		return;
	claim->until = end_put_off(claim->until, now + LEASE_REVOKED);
	claim->key_until = end_put_off(claim->key_until, now + LEASE_REVOKED);
}
