/*
 * lease.h - how long what a host registered stays (RFC 9664, protocol 8): granted with each update, ended when
 * it is over.
 */
#ifndef MAPD_LEASE_H
#define MAPD_LEASE_H

#include "mapd/claim.h"
#include "mapd/desk.h"
#include "mapd/holder.h"
#include "mapd/policy.h"
#include "core/wire/update.h"

#define LEASE_REVOKED (365u * 86400) /* that a revocation is kept for, at least */

/*
 * What is granted to a request: between the policy's bounds, 0 as 0 (it ends now), the key's no shorter than
 * the other. Without option: the policy's, where 0 means no end.
 */
struct lease_grant {
	bool ends, key_ends; /* else there is no end */
	uint32_t lease, key_lease; /* seconds; 0: now */
};
struct lease_grant lease_grant(
    const struct policy *policy, const struct lease_option *asked) NONNULL;

/* The same as the answer of a host's update has it; not present where the request had no option. */
struct lease_option lease_granted(
    const struct policy *policy, const struct lease_option *asked) NONNULL;

bool lease_is_over(const struct lease_grant *grant) NONNULL;
bool lease_key_is_over(const struct lease_grant *grant) NONNULL;

/* Takes what a lease is about out of a draft: what its holder may register there, the KEY too if key is set. */
void lease_clear(struct draft *draft, const struct holder *holder, bool key) NONNULL;
/* The claim of a name at now with what was granted; a revocation among after's records stays for long. */
void lease_renew(struct claim *claim, const struct lease_grant *grant, const struct draft *after,
    uint64_t now) NONNULL;
bool lease_revoked(const struct draft *draft) NONNULL; /* a proof that revokes is there */
/* Until when (seconds) it is kept at least, counted from when it was made; 0: there is none. */
uint64_t lease_revoked_until(const struct draft *draft) NONNULL;

#endif
