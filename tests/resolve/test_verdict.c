/*
 * test_verdict.c - the policy of protocol 6, row by row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "resolve/verdict.h"

#define INSECURE RESOLVE_ALLOW_INSECURE
#define PROOF RESOLVE_REQUIRE_PROOF
#define ALL (RESOLVE_ALLOW_INSECURE | RESOLVE_ALLOW_LEGACY)

/* An edge by itself: only insecure is anybody's choice. */
static const struct {
	enum verdict verdict;
	unsigned flags;
	int error;
} edge_rows[] = {
    {VERDICT_SECURE, 0, 0},
    {VERDICT_SECURE, PROOF, 0},
    {VERDICT_INSECURE, 0, -MAP_EINSECURE},
    {VERDICT_INSECURE, INSECURE, 0},
    {VERDICT_INSECURE, RESOLVE_ALLOW_LEGACY, -MAP_EINSECURE},
    {VERDICT_BOGUS, 0, -MAP_EBOGUS},
    {VERDICT_BOGUS, ALL, -MAP_EBOGUS},
    {VERDICT_SERVER, ALL, -MAP_ESERVER},
    {VERDICT_TIMEOUT, ALL, -MAP_ETIMEOUT},
    {VERDICT_MALFORMED, ALL, -MAP_EFORMAT},
    {VERDICT_MISSING, ALL, -MAP_ENOTFOUND},
};

static void
test_edges(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof edge_rows / sizeof edge_rows[0]; i++) {
		struct edge edge = {.dnssec = edge_rows[i].verdict};
		int error = verdict_edge_error(&edge, edge_rows[i].flags);
		if (error != edge_rows[i].error)
			fail_msg("row %zu: %s", i, error_name(error));
	}
}

enum { WEAK, STRONG };

/*
 * identity -> locators: secure; or host-proved with strength enough, by itself for keys, for an
 * HHIT when the identity came from a trusted source. Nothing lifts bogus, stale or a failed proof.
 */
static const struct {
	enum eid_form form;
	enum verdict mapping;
	enum verdict proof;
	int strong;
	unsigned flags;
	int error;
} mapping_rows[] = {
    {EID_ADDRESS, VERDICT_SECURE, VERDICT_PROVED, STRONG, 0, 0},
    {EID_ADDRESS, VERDICT_SECURE, VERDICT_PROVED, WEAK, 0, 0},
    {EID_ADDRESS, VERDICT_SECURE, VERDICT_UNPROVED, WEAK, 0, 0},
    {EID_NAME, VERDICT_SECURE, VERDICT_NONE, WEAK, 0, 0},
    /* an expired proof leaves a secure set secure, only not host-proved */
    {EID_ADDRESS, VERDICT_SECURE, VERDICT_EXPIRED, STRONG, 0, 0},
    {EID_ADDRESS, VERDICT_SECURE, VERDICT_EXPIRED, STRONG, PROOF, -MAP_EEXPIRED},
    {EID_ADDRESS, VERDICT_SECURE, VERDICT_UNPROVED, STRONG, PROOF, -MAP_ENOPROOF},
    {EID_NAME, VERDICT_SECURE, VERDICT_NONE, STRONG, PROOF, -MAP_ENOPROOF},
    {EID_ADDRESS, VERDICT_SECURE, VERDICT_PROVED, WEAK, PROOF, 0},
    /* insecure, but the host signed */
    {EID_ADDRESS, VERDICT_INSECURE, VERDICT_PROVED, STRONG, 0, 0},
    {EID_ADDRESS, VERDICT_INSECURE, VERDICT_PROVED, WEAK, 0, -MAP_EINSECURE},
    {EID_ADDRESS, VERDICT_INSECURE, VERDICT_PROVED, WEAK, INSECURE, 0},
    {EID_KEY, VERDICT_INSECURE, VERDICT_PROVED, WEAK, 0, 0},
    {EID_KEY, VERDICT_INSECURE, VERDICT_UNPROVED, STRONG, 0, -MAP_EINSECURE},
    {EID_KEY, VERDICT_INSECURE, VERDICT_EXPIRED, STRONG, 0, -MAP_EEXPIRED},
    {EID_KEY, VERDICT_INSECURE, VERDICT_EXPIRED, STRONG, INSECURE, 0},
    {EID_NAME, VERDICT_INSECURE, VERDICT_NONE, STRONG, 0, -MAP_EINSECURE},
    {EID_NAME, VERDICT_INSECURE, VERDICT_NONE, WEAK, INSECURE, 0},
    /* never lifted */
    {EID_ADDRESS, VERDICT_SECURE, VERDICT_FAILED, STRONG, ALL, -MAP_ESIG},
    {EID_ADDRESS, VERDICT_SECURE, VERDICT_FOREIGN, STRONG, ALL, -MAP_EKEY},
    {EID_ADDRESS, VERDICT_SECURE, VERDICT_STALE, STRONG, ALL, -MAP_ESTALE},
    {EID_ADDRESS, VERDICT_SECURE, VERDICT_REVOKED, STRONG, ALL, -MAP_EREVOKED},
    {EID_KEY, VERDICT_INSECURE, VERDICT_REVOKED, STRONG, ALL, -MAP_EREVOKED},
    {EID_ADDRESS, VERDICT_BOGUS, VERDICT_NONE, STRONG, ALL, -MAP_EBOGUS},
    {EID_ADDRESS, VERDICT_MISSING, VERDICT_NONE, STRONG, ALL, -MAP_ENOTFOUND},
    {EID_ADDRESS, VERDICT_TIMEOUT, VERDICT_NONE, STRONG, ALL, -MAP_ETIMEOUT},
};

static void
test_mappings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mapping_rows / sizeof mapping_rows[0]; i++) {
		struct found_identity found = {.id = {.form = mapping_rows[i].form},
		    .mapping = {.dnssec = mapping_rows[i].mapping},
		    .proof = mapping_rows[i].proof};
		int error = verdict_mapping_error(
		    &found, mapping_rows[i].strong, mapping_rows[i].flags);
		if (error != mapping_rows[i].error)
			fail_msg("row %zu: %s", i, error_name(error));
	}
}

#define DIRECT VERDICT_NONE

/* What vouches for one locator, and whether it may be used: no flags, insecure, proof required. */
static const struct {
	enum verdict mapping;
	enum verdict proof;
	int strong;
	enum verdict set; /* DIRECT: no set */
	enum verdict trust;
	bool usable[3];
} locator_rows[] = {
    {VERDICT_SECURE, VERDICT_PROVED, STRONG, DIRECT, VERDICT_PROVED, {1, 1, 1}},
    {VERDICT_SECURE, VERDICT_PROVED, WEAK, DIRECT, VERDICT_PROVED, {1, 1, 1}},
    {VERDICT_SECURE, VERDICT_UNPROVED, STRONG, DIRECT, VERDICT_SECURE, {1, 1, 0}},
    {VERDICT_SECURE, VERDICT_EXPIRED, STRONG, DIRECT, VERDICT_SECURE, {1, 1, 0}},
    {VERDICT_INSECURE, VERDICT_PROVED, STRONG, DIRECT, VERDICT_PROVED, {1, 1, 1}},
    {VERDICT_INSECURE, VERDICT_PROVED, WEAK, DIRECT, VERDICT_INSECURE, {0, 1, 0}},
    {VERDICT_INSECURE, VERDICT_NONE, STRONG, DIRECT, VERDICT_INSECURE, {0, 1, 0}},
    /* composed: never host-proved, and secure only if the set is */
    {VERDICT_SECURE, VERDICT_PROVED, STRONG, VERDICT_SECURE, VERDICT_SECURE, {1, 1, 0}},
    {VERDICT_SECURE, VERDICT_PROVED, STRONG, VERDICT_INSECURE, VERDICT_INSECURE, {0, 1, 0}},
    {VERDICT_INSECURE, VERDICT_PROVED, STRONG, VERDICT_SECURE, VERDICT_SECURE, {1, 1, 0}},
    {VERDICT_INSECURE, VERDICT_NONE, STRONG, VERDICT_SECURE, VERDICT_INSECURE, {0, 1, 0}},
};

static void
test_locators(void **state)
{
	static const unsigned flags[3] = {0, INSECURE, PROOF};

	(void)state;
	for (size_t i = 0; i < sizeof locator_rows / sizeof locator_rows[0]; i++) {
		struct found_identity found = {.id = {.form = EID_ADDRESS},
		    .mapping = {.dnssec = locator_rows[i].mapping},
		    .proof = locator_rows[i].proof};
		struct edge set = {.dnssec = locator_rows[i].set};
		bool composed = locator_rows[i].set != DIRECT;
		enum verdict trust =
		    verdict_locator(&found, locator_rows[i].strong, composed ? &set : NULL);

		if (trust != locator_rows[i].trust)
			fail_msg("row %zu: %s", i, verdict_word(trust));
		for (size_t j = 0; j < 3; j++)
			if (verdict_locator_usable(trust, composed, flags[j]) !=
			    locator_rows[i].usable[j])
				fail_msg("row %zu, flags %u", i, flags[j]);
	}
}

static const struct {
	int returned;
	enum verdict verdict;
	int error;
} proof_rows[] = {
    {0, VERDICT_PROVED, 0},
    {-MAP_ENOTFOUND, VERDICT_UNPROVED, 0},
    {-MAP_EUNKNOWN, VERDICT_UNPROVED, 0},
    {-MAP_EEXPIRED, VERDICT_EXPIRED, 0},
    {-MAP_EKEY, VERDICT_FOREIGN, -MAP_EKEY},
    {-MAP_ESIG, VERDICT_FAILED, -MAP_ESIG},
    {-MAP_EFORMAT, VERDICT_FAILED, -MAP_ESIG},
    {-MAP_ECRYPTO, VERDICT_FAILED, -MAP_ESIG},
    {-MAP_ESTALE, VERDICT_STALE, -MAP_ESTALE},
    {-MAP_EREVOKED, VERDICT_REVOKED, -MAP_EREVOKED},
};

static void
test_proofs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof proof_rows / sizeof proof_rows[0]; i++) {
		enum verdict verdict = verdict_of_proof(proof_rows[i].returned);

		assert_int_equal(verdict, proof_rows[i].verdict);
		assert_int_equal(verdict_proof_error(verdict), proof_rows[i].error);
		/* what is an error has its reason in words */
		if (proof_rows[i].error != 0)
			assert_true(strlen(verdict_proof_why(verdict)) > 0);
	}
	assert_int_equal(verdict_proof_error(VERDICT_NONE), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_edges),
	    cmocka_unit_test(test_mappings),
	    cmocka_unit_test(test_locators),
	    cmocka_unit_test(test_proofs),
	};
	return cmocka_run_group_tests_name("resolve/verdict", tests, NULL, NULL);
}
