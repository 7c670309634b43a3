/*
 * test_lease.c - what is granted of what is asked for, and how long a claim lasts then; of a revocation too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/sys/crypto.h"
#include "core/trust/trust.h"
#include "core/wire/mapping.h"
#include "core/wire/rrtype.h"
#include "mapd/lease.h"

#define NOW UINT64_C(1795457000)

static struct lease_grant
granted(const struct policy *policy, uint32_t lease, uint32_t key_lease)
{
	const struct lease_option asked = {true, true, lease, key_lease};

	return lease_grant(policy, &asked);
}

static void
test_granted(void **state)
{
	const struct lease_option nothing = {.present = false};
	struct lease_grant grant;
	struct policy policy;

	(void)state;
	policy_defaults(&policy, POLICY_OPEN);
	grant = lease_grant(&policy, &nothing);
	assert_true(grant.ends && grant.lease == 7200 && grant.key_lease == 14 * 86400);
	grant = granted(&policy, 1, 1);
	assert_true(grant.lease == 30 && grant.key_lease == 30);
	grant = granted(&policy, 90 * 86400, 90 * 86400);
	assert_true(grant.lease == 86400 && grant.key_lease == 30 * 86400);
	grant = granted(&policy, 3600, 60); /* the key's is never the shorter */
	assert_true(grant.lease == 3600 && grant.key_lease == 3600);
	grant = granted(&policy, 0, 3600);
	assert_true(lease_is_over(&grant) && !lease_key_is_over(&grant));
	grant = granted(&policy, 0, 0);
	assert_true(lease_is_over(&grant) && lease_key_is_over(&grant));
	policy_defaults(&policy, POLICY_ENROLLED);
	grant = lease_grant(&policy, &nothing);
	assert_true(!grant.ends && !grant.key_ends && !lease_is_over(&grant));
}

/* Whatever was granted, a revocation stays for a year; where there is no end there is none of it either. */
static void
test_revoked(void **state)
{
	static const uint8_t secret[32] = {1};
	const struct bytes none = {NULL, 0};
	const struct lease_grant hours = {true, true, 7200, 86400},
				 endless = {false, false, 0, 0},
				 key_endless = {true, false, 7200, 0},
				 years = {
				     true, true, LEASE_REVOKED + 86400, LEASE_REVOKED + 86400};
	struct claim claim = {0};
	struct draft draft = {0};
	struct crypto_key *key;
	struct name owner;
	uint8_t octets[256];
	struct wr wr = wr_init(octets, sizeof octets);

	(void)state;
	lease_renew(&claim, &hours, &draft, NOW);
	assert_true(claim.until == NOW + 7201 && claim.key_until == NOW + 86401);
	assert_int_equal(name_scan("x.test.", 7, NULL, &owner), 0);
	assert_int_equal(crypto_key_from_private(15, secret, &key), 0);
	assert_int_equal(trust_proof_sign(key, &owner, &none, 0, NOW * 1000,
			     (uint32_t)NOW + 3600, PROOF_REVOKED, &wr),
	    0);
	crypto_key_free(key);
	assert_int_equal(
	    draft_add(&draft,
		&(struct draft_record){.type = RR_ELOC, .ttl = 60, .rdata = wr_done(&wr)}),
	    0);
	lease_renew(&claim, &hours, &draft, NOW);
	assert_true(
	    claim.until == NOW + LEASE_REVOKED && claim.key_until == NOW + LEASE_REVOKED);
	lease_renew(&claim, &years, &draft, NOW);
	assert_true(
	    claim.until == NOW + years.lease + 1 && claim.key_until == NOW + years.lease + 1);
	lease_renew(&claim, &key_endless, &draft, NOW);
	assert_true(claim.until == NOW + LEASE_REVOKED && claim.key_until == 0);
	lease_renew(&claim, &endless, &draft, NOW);
	assert_true(claim.until == 0 && claim.key_until == 0);
	draft_fini(&draft);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_granted),
	    cmocka_unit_test(test_revoked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
