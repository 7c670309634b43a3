/*
 * conclude.c - error, reason and lifetime of a whole result: as good as its worst edge in use.
 */
#include "resolve/conclude.h"

#include <stdio.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "resolve/failures.h"
#include "resolve/verdict.h"

static void
result_fail(struct result *result, int error, const char *why)
{
	result->error = error;
	snprintf(result->why, sizeof result->why, "%s",
	    why != NULL && why[0] != '\0' ? why : error_text(error));
}

static void
lower(uint32_t *lifetime, const struct edge *edge)
{
	if (edge->dnssec != VERDICT_NONE && edge->ttl < *lifetime)
		*lifetime = edge->ttl;
}

static uint32_t
result_lifetime(const struct result *result, uint64_t now)
{
	uint32_t lifetime = LIFETIME_MAX;

	lower(&lifetime, &result->name);
	for (size_t i = 0; i < result->n_identities; i++) {
		const struct found_identity *found = &result->identities[i];

		lower(&lifetime, &found->mapping);
		for (size_t j = 0; j < found->n_sets; j++)
			lower(&lifetime, &found->sets[j].edge);
		if (found->proof == VERDICT_PROVED) {
			int32_t left = (int32_t)(found->proof_expiry - (uint32_t)now);
			if (left < (int32_t)lifetime)
				lifetime = left > 0 ? (uint32_t)left : 0;
		}
	}
	if (result->error != 0 && lifetime > FAILURE_SECONDS &&
	    result->error != -MAP_ENOTFOUND && result->error != -MAP_ENOLOCATOR)
		lifetime = FAILURE_SECONDS;
	return lifetime;
}

/* Why the best identity cannot be used, in the words of the edge concerned. */
static const char *
found_why(const struct found_identity *found)
{
	for (size_t i = 0; i < found->n_sets; i++)
		if (verdict_mapping_error(found, true, RESOLVE_ALLOW_INSECURE) == 0 &&
		    verdict_edge_error(&found->sets[i].edge, RESOLVE_ALLOW_INSECURE) != 0)
			return found->sets[i].edge.why;
	if (found->error == -MAP_ENOLOCATOR && found->mapping.dnssec != VERDICT_MISSING)
		return NULL;
	return found->mapping.why;
}

static void
result_judge_identities(struct result *result)
{
	if (result->n_identities == 0) {
		result_fail(result, -MAP_ENOTFOUND, "there is no identity");
		return;
	}
	for (size_t i = 0; i < result->n_identities; i++)
		if (result->identities[i].error == 0)
			return;
	const struct found_identity *best = &result->identities[0];
	result_fail(result, best->error, found_why(best));
}

/* Name -> identity: secure whatever the form, or allowed to be insecure. */
static int
name_error(const struct naming *naming, unsigned flags)
{
	const struct edge *edge = &naming->edge;

	if (edge->dnssec == VERDICT_NONE)
		return 0;
	if (edge->dnssec == VERDICT_MISSING) /* its absence is what opened the way */
		return edge->denied || flags & RESOLVE_ALLOW_INSECURE ? 0 : -MAP_EINSECURE;
	return verdict_edge_error(edge, flags);
}

static void
result_fill_legacy(struct result *result, const struct naming *naming, unsigned flags)
{
	struct found_identity *found = &result->identities[0];

	memset(found, 0, sizeof *found);
	found->owner = naming->asked;
	found->mapping = naming->address_edge;
	result->n_identities = 1;
	for (size_t i = 0; i < naming->n_addresses; i++) {
		struct found_locator *l = &found->locators[i];
		memcpy(l->locator.address, naming->addresses[i], 16);
		l->trust = found->mapping.dnssec;
	}
	found->n_locators = naming->n_addresses;
	if (!(flags & RESOLVE_ALLOW_LEGACY)) {
		found->error = -MAP_ENOTFOUND;
		result_fail(result, -MAP_ENOTFOUND,
		    "the name has addresses, but no identity: only legacy use is possible");
		return;
	}
	found->error = verdict_edge_error(&found->mapping, flags);
	if (found->error == 0 && found->n_locators == 0)
		found->error = -MAP_ENOLOCATOR;
	if (found->error != 0)
		result_fail(result, found->error, found->mapping.why);
}

/* An identity that a locator's reverse name claims counts only if it has that locator. */
static void
result_confirm(struct result *result, const struct eid *locator)
{
	for (size_t i = 0; i < result->n_identities; i++) {
		struct found_identity *found = &result->identities[i];
		bool has = false;

		for (size_t j = 0; j < found->n_locators; j++)
			if (memcmp(found->locators[j].locator.address, locator->address, 16) ==
			    0) {
				found->locators[j].reverse = VERDICT_CONFIRMED;
				has = true;
			}
		if (!has && found->error == 0)
			found->error = -MAP_EMISMATCH;
	}
}

void
conclude_result(struct result *result, const struct naming *naming,
    struct found_identity *const *found, size_t n, unsigned flags, uint64_t now)
{
	int error = naming != NULL ? name_error(naming, flags) : 0;

	result->error = 0;
	result->why[0] = '\0';
	result->kind = naming != NULL ? naming->kind : RESULT_IDENTITY;
	result->asked = (struct name){.n = 0};
	result->name = (struct edge){.dnssec = VERDICT_NONE};
	result->cached = false;
	result->n_pairs = 0;
	result->n_identities = n;
	for (size_t i = 0; i < n; i++)
		result->identities[i] = *found[i];
	if (naming != NULL && result->kind != RESULT_IDENTITY) {
		result->asked = naming->asked;
		result->name = naming->edge;
	}
	if (naming != NULL && naming->from_locator && result->kind == RESULT_EPID)
		result_confirm(result, &naming->self);
	if (naming != NULL && naming->error != 0)
		result_fail(result, naming->error, naming->edge.why);
	else if (result->kind == RESULT_LEGACY)
		result_fill_legacy(result, naming, flags);
	else
		result_judge_identities(result);
	if (error != 0 && (result->error == 0 || result->error == -MAP_EINSECURE))
		result_fail(result, error,
		    result->name.dnssec == VERDICT_MISSING
			? "that it has no identity is not proved: the zone is not signed"
			: result->name.why);
	result->lifetime = result_lifetime(result, now);
}
