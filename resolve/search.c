/*
 * search.c - looks for an identity at each of its places until one settles the matter.
 * Knows places, proofs and the order between them; knows nothing of names of hosts.
 */
#include "resolve/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "resolve/compose.h"
#include "resolve/conclude.h"
#include "resolve/realms.h"
#include "resolve/verdict.h"

/* What came of one place. */
enum outcome { BY_PROOF, SECURELY, INSECURELY, DENIED, ABSENT, BROKEN, OUTCOMES };

/*
 * Does it end the search (protocol 2, 3)? Nothing falls through on bogus or silence; a hint counts
 * only with a proof; the last place always does.
 */
static const bool place_settles[PLACE_KINDS][OUTCOMES] = {
    [PLACE_OWN] = {true, true, true, true, true, true},
    [PLACE_TABLE] = {true, true, false, true, false, true},
    [PLACE_HINT] = {true, false, false, false, false, true},
    [PLACE_REVERSE] = {true, true, true, true, true, true},
};

static void
place_add(struct search *s, enum place_kind kind, const struct name *owner)
{
	for (size_t i = 0; i < s->n_places; i++)
		if (name_equal(&s->places[i].owner, owner))
			return;
	s->places[s->n_places++] = (struct place){.kind = kind, .owner = *owner};
}

static void
places_of_address(struct search *s, const struct eid *id)
{
	const struct resolver *resolver = s->inquiry->resolver;
	const struct realm *row = realms_find(resolver->realms, resolver->n_realms, id);
	struct name owner;

	if (row != NULL && eid_owner_below(id, row->length, &row->suffix, &owner) == 0)
		place_add(s, PLACE_TABLE, &owner);
	if (id->at_length > 0 && eid_is_self_certifying(id) &&
	    eid_owner_below(id, id->at_length, &id->at, &owner) == 0)
		place_add(s, PLACE_HINT, &owner);
	if (eid_owner_reverse(id->address, &owner) == 0)
		place_add(s, PLACE_REVERSE, &owner);
}

int
search_init(struct search *s, struct inquiry *inquiry, const struct epid *epid, bool strong,
    unsigned flags)
{
	struct name owner;

	*s = (struct search){.inquiry = inquiry, .strong = strong, .flags = flags};
	s->found = calloc(1, sizeof *s->found);
	s->direct = calloc(2 * MAPPING_SET, sizeof *s->direct);
	if (s->found == NULL || s->direct == NULL)
		return -MAP_ENOMEM;
	s->vias = s->direct + MAPPING_SET;
	s->found->id = epid->id;
	s->found->preference = epid->preference;
	s->found->flags = epid->flags;
	if (eid_is_hit(&epid->id))
		return 0;
	if (epid->id.form == EID_ADDRESS)
		places_of_address(s, &epid->id);
	else if (eid_owner_own(&epid->id, &owner) == 0)
		place_add(s, PLACE_OWN, &owner);
	return 0;
}

void
search_fini(struct search *s)
{
	free(s->found);
	free(s->direct);
	s->found = NULL;
	s->direct = NULL;
}

static void
edge_say(struct edge *edge, enum verdict verdict, const char *why)
{
	edge->dnssec = verdict;
	snprintf(edge->why, sizeof edge->why, "%s", why);
}

static int
eloc_order(const void *a, const void *b)
{
	const struct eloc *x = a, *y = b;

	return (x->preference > y->preference) - (x->preference < y->preference);
}

/* Stable, so that equal preferences stay as the zone has them; sets are small. */
static void
elocs_sort(struct eloc *elocs, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && eloc_order(&elocs[j - 1], &elocs[j]) > 0; j--) {
			struct eloc swap = elocs[j];
			elocs[j] = elocs[j - 1];
			elocs[j - 1] = swap;
		}
}

int
search_read(const struct place *place, struct eloc *direct, size_t *n_direct, struct eloc *vias,
    size_t *n_vias)
{
	struct eloc *all = calloc(place->n + 1, sizeof *all);
	size_t n = 0;
	int error = all == NULL ? -MAP_ENOMEM : 0;

	*n_direct = *n_vias = 0;
	for (size_t i = 0; error == 0 && i < place->n; i++) {
		error = eloc_read(place->rdata[i], &all[n]);
		if (error == -MAP_EUNKNOWN)
			error = 0; /* this record only */
		else if (error == 0 && all[n].kind != ELOC_PROOF && all[n].kind != ELOC_NET6)
			n++;
	}
	if (error == 0 && mapping_proof_index(place->rdata, place->n) == -2)
		error = -MAP_EFORMAT;
	elocs_sort(all, n);
	for (size_t i = 0; error == 0 && i < n && i < MAPPING_SET; i++)
		if (all[i].kind == ELOC_VIA)
			vias[(*n_vias)++] = all[i];
		else
			direct[(*n_direct)++] = all[i];
	free(all);
	return error;
}

/* What the identity's key says of the place's records. */
static void
place_prove(struct search *s, struct place *place)
{
	struct resolver *resolver = s->inquiry->resolver;
	const struct eid *id = &s->found->id;
	uint64_t now = clock_seconds();
	struct proof proof;
	int index, error = -MAP_ENOTFOUND;

	place->proof = VERDICT_NONE;
	if (!eid_is_self_certifying(id))
		return;
	index = mapping_proof_index(place->rdata, place->n);
	if (index >= 0) {
		error = trust_proof_verify(
		    id, &place->owner, place->rdata, place->n, (size_t)index, now, &proof);
		if (error == 0 || error == -MAP_EREVOKED)
			error =
			    seen_check(resolver->seen, id, &proof, place->rdata[index], now);
		if (error == 0 || error == -MAP_EREVOKED || error == -MAP_ESTALE) {
			place->serial = proof.serial;
			place->proof_expiry = proof.expiry;
		}
	}
	if (seen_is_revoked(resolver->seen, id, now))
		error = -MAP_EREVOKED;
	place->proof = verdict_of_proof(error);
	/* what is wrong with the proof says more than that the zone is not signed */
	if (verdict_proof_why(place->proof)[0] != '\0')
		edge_say(&place->edge, place->edge.dnssec, verdict_proof_why(place->proof));
}

/* The records of the place, as answered; a malformed set is not usable as a whole. */
static void
place_take(struct search *s, struct place *place, const struct bytes *rdata, size_t n)
{
	int error;

	place->rdata = rdata;
	place->n = n;
	error = search_read(place, s->direct, &s->n_direct, s->vias, &s->n_vias);
	if (error == 0) {
		place_prove(s, place);
		return;
	}
	edge_say(&place->edge, VERDICT_MALFORMED, "the ELOC set is malformed");
	place->n = 0;
}

static void
place_take_answer(struct search *s, struct place *place, const struct answer *answer)
{
	enum verdict dnssec = answer->edge.dnssec;
	bool data = dnssec == VERDICT_SECURE || dnssec == VERDICT_INSECURE;

	place->edge = answer->edge;
	if ((data || dnssec == VERDICT_MISSING) && answer->aliased &&
	    eid_is_self_certifying(&s->found->id)) {
		/* protocol 2: an alias at the look-up name of such an identity is no mapping */
		place->edge.denied = dnssec == VERDICT_SECURE || answer->edge.denied;
		edge_say(&place->edge, VERDICT_MISSING,
		    "an alias at the identity's look-up name counts as no mapping");
	} else if (data) {
		place_take(s, place, answer->set.rdata, answer->set.n);
	}
}

/* Records that came with another answer, if they may be used as if asked for (protocol 6). */
static bool
place_take_additional(struct search *s, struct place *place)
{
	const struct answer_set *set =
	    inquiry_additional(s->inquiry, &place->owner, RR_ELOC, true);

	if (set != NULL) {
		place->edge = (struct edge){.dnssec = VERDICT_SECURE, .ttl = set->ttl};
		place_take(s, place, set->rdata, set->n);
		return true;
	}
	set = inquiry_additional(s->inquiry, &place->owner, RR_ELOC, false);
	if (set == NULL || !eid_is_self_certifying(&s->found->id))
		return false;
	place->edge = (struct edge){.dnssec = VERDICT_INSECURE, .ttl = set->ttl};
	place_take(s, place, set->rdata, set->n);
	if (place->proof == VERDICT_PROVED)
		return true;
	*place = (struct place){.kind = place->kind, .owner = place->owner};
	return false;
}

static enum outcome
place_outcome(const struct place *place, unsigned flags)
{
	if (place->proof == VERDICT_PROVED || verdict_proof_error(place->proof) != 0)
		return BY_PROOF;
	if (place->edge.dnssec == VERDICT_SECURE)
		return SECURELY;
	if (place->edge.dnssec == VERDICT_INSECURE)
		return place->kind == PLACE_TABLE && flags & RESOLVE_ALLOW_INSECURE
			   ? SECURELY
			   : INSECURELY;
	if (place->edge.dnssec == VERDICT_MISSING)
		return place->edge.denied ? DENIED : ABSENT;
	return BROKEN;
}

/* Which place to report: the one that settled it; but data that was passed over says more than the
 * absence found after it. */
static const struct place *
place_choose(struct search *s)
{
	const struct place *last = &s->places[s->at];

	if (last->edge.dnssec != VERDICT_MISSING)
		return last;
	for (size_t i = 0; i < s->at; i++) {
		struct place *place = &s->places[i];
		if (place->n == 0)
			continue;
		if (place->kind == PLACE_HINT) {
			edge_say(&place->edge, VERDICT_MISSING,
			    "found only by an at= hint, and not host-proved");
			place->n = 0;
		}
		return place;
	}
	return last;
}

static void
search_settle(struct search *s)
{
	const struct place *place = place_choose(s);
	struct found_identity *found = s->found;

	found->owner = place->owner;
	found->mapping = place->edge;
	found->proof = place->proof;
	found->serial = place->serial;
	found->proof_expiry = place->proof_expiry;
	if (search_read(place, s->direct, &s->n_direct, s->vias, &s->n_vias) != 0)
		s->n_direct = s->n_vias = 0;
	s->settled = true;
}

/* Looks at the place at hand; false while its answer is awaited. */
static bool
search_place(struct search *s)
{
	struct place *place = &s->places[s->at];
	int error = 0;

	if (!place_take_additional(s, place)) {
		const struct answer *answer =
		    inquiry_ask(s->inquiry, &place->owner, RR_ELOC, &error);
		if (error != 0)
			edge_say(&place->edge, VERDICT_SERVER, error_text(error));
		else if (answer == NULL)
			return false;
		else
			place_take_answer(s, place, answer);
	}
	enum outcome outcome = place_outcome(place, s->flags);
	if (place_settles[place->kind][outcome] || s->at + 1 == s->n_places)
		search_settle(s);
	else
		s->at++;
	return true;
}

/* Where a via leads: its set's index, or -1 beyond the fourth. */
static int
set_index(struct found_identity *found, const struct name *name)
{
	for (size_t i = 0; i < found->n_sets; i++)
		if (name_equal(&found->sets[i].name, name))
			return (int)i;
	if (found->n_sets == MAPPING_SETS)
		return -1;
	found->sets[found->n_sets] = (struct prefix_set){.name = *name};
	return (int)found->n_sets++;
}

/* Asks for all prefix sets at once; false while one is awaited. */
static bool
search_sets(struct search *s)
{
	struct found_identity *found = s->found;
	bool all = true;

	for (size_t i = 0; i < s->n_vias; i++)
		(void)set_index(found, &s->vias[i].set);
	for (size_t i = 0; i < found->n_sets; i++) {
		struct prefix_set *set = &found->sets[i];
		const struct answer *answer;
		int error = 0;

		if (set->edge.dnssec != VERDICT_NONE)
			continue;
		const struct answer_set *known =
		    inquiry_additional(s->inquiry, &set->name, RR_ELOC, true);
		if (known != NULL) {
			set->edge = (struct edge){.dnssec = VERDICT_SECURE, .ttl = known->ttl};
			continue;
		}
		answer = inquiry_ask(s->inquiry, &set->name, RR_ELOC, &error);
		if (error != 0)
			edge_say(&set->edge, VERDICT_SERVER, error_text(error));
		else if (answer == NULL)
			all = false;
		else
			set->edge = answer->edge;
	}
	return all;
}

bool
search_step(struct search *s)
{
	if (s->n_places == 0 && !s->settled) {
		edge_say(&s->found->mapping, VERDICT_MISSING,
		    eid_is_hit(&s->found->id) ? "a HIT is recognised, but never resolved"
					      : "there is no place to look for it");
		s->found->mapping.ttl = LIFETIME_MAX; /* that will not change */
		s->settled = true;
	}
	while (!s->settled)
		if (!search_place(s))
			return false;
	if (!s->done && search_sets(s)) {
		compose_locators(s);
		s->done = true;
	}
	return s->done;
}

void
search_give_up(struct search *s)
{
	static const char why[] = "no answer within the deadline";

	if (s->done)
		return;
	if (!s->settled) {
		s->found->owner = s->places[s->at].owner;
		s->found->mapping.ttl = 0;
		edge_say(&s->found->mapping, VERDICT_TIMEOUT, why);
		s->settled = true;
		s->n_direct = s->n_vias = 0;
	}
	for (size_t i = 0; i < s->found->n_sets; i++)
		if (s->found->sets[i].edge.dnssec == VERDICT_NONE)
			edge_say(&s->found->sets[i].edge, VERDICT_TIMEOUT, why);
	compose_locators(s);
	s->done = true;
}
