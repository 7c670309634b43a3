/*
 * verdict.c - the policy of protocol 6 as tables.
 */
#include "resolve/verdict.h"

#include "core/wire/errors.h"
#include "core/wire/frame.h"

/* Edges; insecure is decided by the flags. */
static const struct {
	enum verdict verdict;
	int error;
} edge_errors[] = {
    {VERDICT_NONE, -MAP_ETIMEOUT},
    {VERDICT_SECURE, 0},
    {VERDICT_PROVED, 0},
    {VERDICT_MISSING, -MAP_ENOTFOUND},
    {VERDICT_BOGUS, -MAP_EBOGUS},
    {VERDICT_MALFORMED, -MAP_EFORMAT},
    {VERDICT_SERVER, -MAP_ESERVER},
    {VERDICT_TIMEOUT, -MAP_ETIMEOUT},
};

/* Proofs: what a verification returned, the verdict, and the error that no flag lifts. */
static const struct {
	int returned;
	enum verdict verdict;
	int error;
	const char *why;
} proof_rows[] = {
    {0, VERDICT_PROVED, 0, ""},
    {-MAP_EKEY, VERDICT_FOREIGN, -MAP_EKEY, "the proof's key is not the identity's"},
    {-MAP_ESIG, VERDICT_FAILED, -MAP_ESIG, "the proof does not hold over these locators"},
    {-MAP_EFORMAT, VERDICT_FAILED, -MAP_ESIG, "the proof is malformed"},
    {-MAP_EEXPIRED, VERDICT_EXPIRED, 0, "the proof has expired, or is dated too far ahead"},
    {-MAP_ESTALE, VERDICT_STALE, -MAP_ESTALE, "a newer mapping was seen before"},
    {-MAP_EREVOKED, VERDICT_REVOKED, -MAP_EREVOKED, "the identity has been revoked by its key"},
    {-MAP_ENOTFOUND, VERDICT_UNPROVED, 0, ""},
    {-MAP_EUNKNOWN, VERDICT_UNPROVED, 0, ""}, /* of an algorithm not known here: passed over */
};

#define N(rows) (sizeof rows / sizeof rows[0])

int
verdict_edge_error(const struct edge *edge, unsigned flags)
{
	if (edge->dnssec == VERDICT_INSECURE)
		return flags & RESOLVE_ALLOW_INSECURE ? 0 : -MAP_EINSECURE;
	for (size_t i = 0; i < N(edge_errors); i++)
		if (edge_errors[i].verdict == edge->dnssec)
			return edge_errors[i].error;
	return -MAP_EINTERNAL;
}

enum verdict
verdict_of_proof(int error)
{
	for (size_t i = 0; i < N(proof_rows); i++)
		if (proof_rows[i].returned == error)
			return proof_rows[i].verdict;
	return VERDICT_FAILED; /* could not be computed: not proved, and said so */
}

const char *
verdict_proof_why(enum verdict proof)
{
	for (size_t i = 0; i < N(proof_rows); i++)
		if (proof_rows[i].verdict == proof)
			return proof_rows[i].why;
	return "";
}

int
verdict_proof_error(enum verdict proof)
{
	for (size_t i = 0; i < N(proof_rows); i++)
		if (proof_rows[i].verdict == proof)
			return proof_rows[i].error;
	return 0;
}

/* Host-proved with strength enough: 256 bits always, the 64 of an HHIT when its source is known. */
static bool
proof_suffices(const struct found_identity *found, bool strong)
{
	return found->proof == VERDICT_PROVED && (strong || found->id.form == EID_KEY);
}

int
verdict_mapping_error(const struct found_identity *found, bool strong, unsigned flags)
{
	int error = verdict_proof_error(found->proof);

	if (error != 0)
		return error;
	if (found->mapping.dnssec != VERDICT_SECURE &&
	    found->mapping.dnssec != VERDICT_INSECURE)
		return verdict_edge_error(&found->mapping, flags);
	if (flags & RESOLVE_REQUIRE_PROOF && found->proof != VERDICT_PROVED)
		return found->proof == VERDICT_EXPIRED ? -MAP_EEXPIRED : -MAP_ENOPROOF;
	if (proof_suffices(found, strong))
		return 0;
	error = verdict_edge_error(&found->mapping, flags);
	return error == -MAP_EINSECURE && found->proof == VERDICT_EXPIRED ? -MAP_EEXPIRED
									  : error;
}

enum verdict
verdict_locator(const struct found_identity *found, bool strong, const struct edge *set)
{
	bool vouched = found->mapping.dnssec == VERDICT_SECURE || proof_suffices(found, strong);

	/* who signs a via delegates the prefix: a composed locator is never host-proved */
	if (set != NULL)
		return vouched && set->dnssec == VERDICT_SECURE ? VERDICT_SECURE
								: VERDICT_INSECURE;
	if (found->proof == VERDICT_PROVED && vouched)
		return VERDICT_PROVED;
	return found->mapping.dnssec == VERDICT_SECURE ? VERDICT_SECURE : VERDICT_INSECURE;
}

bool
verdict_locator_usable(enum verdict trust, bool composed, unsigned flags)
{
	if (flags & RESOLVE_REQUIRE_PROOF)
		return trust == VERDICT_PROVED && !composed;
	if (trust == VERDICT_INSECURE)
		return (flags & RESOLVE_ALLOW_INSECURE) != 0;
	return trust == VERDICT_SECURE || trust == VERDICT_PROVED;
}
