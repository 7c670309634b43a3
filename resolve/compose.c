/*
 * compose.c - locators of one identity, each with what vouches for it; asks nothing.
 */
#include "resolve/compose.h"

#include <stdio.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "resolve/verdict.h"

#define COMPOSED_MAX (MAPPING_SET + MAPPING_SET * MAPPING_SET)

struct heap {
	struct search *search;
	size_t n;
	struct locator locators[COMPOSED_MAX];
};

/* A home locator is its own identity, so that it may lie under a realm's prefix. */
static bool
locator_is_home(const struct locator *locator, const struct eid *id)
{
	return (locator->flags & ELOC_HOME) != 0 && id->form == EID_ADDRESS &&
	       memcmp(locator->address, id->address, sizeof id->address) == 0;
}

/* Never-locators are skipped, not refused: the others of the set stay (protocol 2). */
static void
heap_put(struct heap *heap, const struct locator *locator)
{
	const struct search *s = heap->search;
	const struct resolver *r = s->inquiry->resolver;
	size_t n_realms = locator_is_home(locator, &s->found->id) ? 0 : r->n_realms;

	if (heap->n < COMPOSED_MAX &&
	    address_refusal(locator->address, r->private_locators, r->realms, n_realms) == NULL)
		heap->locators[heap->n++] = *locator;
}

/* The net6 records of a prefix set, best first, at most MAPPING_SET; -MAP_E...: malformed. */
static int
set_read(const struct bytes *rdata, size_t n, struct eloc *nets, size_t *n_nets)
{
	struct eloc net;

	*n_nets = 0;
	for (size_t i = 0; i < n; i++) {
		int error = eloc_read(rdata[i], &net);
		size_t at = *n_nets;

		if (error == -MAP_EUNKNOWN)
			continue;
		if (error != 0)
			return error;
		if (net.kind != ELOC_NET6) /* no via leads to a via */
			continue;
		if (at == MAPPING_SET && nets[at - 1].preference <= net.preference)
			continue;
		if (at == MAPPING_SET)
			at--;
		else
			++*n_nets;
		for (; at > 0 && nets[at - 1].preference > net.preference; at--)
			nets[at] = nets[at - 1];
		nets[at] = net;
	}
	return 0;
}

static void
heap_put_set(struct heap *heap, size_t index, const struct bytes *rdata, size_t n)
{
	struct search *s = heap->search;
	struct prefix_set *set = &s->found->sets[index];
	struct eloc nets[MAPPING_SET];
	struct locator locator;
	size_t n_nets;

	if (set_read(rdata, n, nets, &n_nets) != 0) {
		set->edge.dnssec = VERDICT_MALFORMED;
		snprintf(set->edge.why, sizeof set->edge.why, "the prefix set is malformed");
		return;
	}
	for (size_t i = 0; i < s->n_vias; i++)
		for (size_t j = 0; j < n_nets; j++)
			if (name_equal(&s->vias[i].set, &set->name) &&
			    locator_compose(&s->vias[i], &nets[j], &locator)) {
				locator.composed = (uint8_t)(1 + index);
				heap_put(heap, &locator);
			}
}

static void
heap_put_sets(struct heap *heap)
{
	struct search *s = heap->search;

	for (size_t i = 0; i < s->found->n_sets; i++) {
		struct prefix_set *set = &s->found->sets[i];
		const struct answer_set *known;
		const struct answer *answer;
		int error = 0;

		if (set->edge.dnssec != VERDICT_SECURE && set->edge.dnssec != VERDICT_INSECURE)
			continue;
		known = inquiry_additional(s->inquiry, &set->name, RR_ELOC, true);
		if (known == NULL) {
			answer = inquiry_ask(s->inquiry, &set->name, RR_ELOC, &error);
			known = answer != NULL ? &answer->set : NULL;
		}
		if (known != NULL)
			heap_put_set(heap, i, known->rdata, known->n);
	}
}

static bool
found_has(const struct found_identity *found, const struct locator *locator)
{
	for (size_t i = 0; i < found->n_locators; i++)
		if (memcmp(found->locators[i].locator.address, locator->address, 16) == 0)
			return true;
	return false;
}

/* Why no locator is left, when the mapping itself may be used. */
static int
locators_error(const struct search *s, bool dropped)
{
	for (size_t i = 0; i < s->found->n_sets; i++) {
		int error = verdict_edge_error(&s->found->sets[i].edge, s->flags);
		if (error != 0 && error != -MAP_ENOTFOUND)
			return error;
	}
	if (dropped)
		return s->flags & RESOLVE_REQUIRE_PROOF ? -MAP_ENOPROOF : -MAP_EINSECURE;
	return -MAP_ENOLOCATOR;
}

/* An error that leaves something to be shown: good for another caller, not for this one. */
static bool
error_is_policy(int error)
{
	return error == 0 || error == -MAP_EINSECURE || error == -MAP_ENOPROOF ||
	       error == -MAP_EEXPIRED;
}

static void
found_fill(struct search *s, struct heap *heap)
{
	struct found_identity *found = s->found;
	bool dropped = false;

	locators_sort(heap->locators, heap->n);
	for (size_t i = 0; i < heap->n && found->n_locators < MAPPING_LOCATORS; i++) {
		const struct locator *l = &heap->locators[i];
		const struct edge *set =
		    l->composed > 0 ? &found->sets[l->composed - 1].edge : NULL;
		enum verdict trust = verdict_locator(found, s->strong, set);

		if (found_has(found, l))
			continue;
		if (found->error == 0 &&
		    !verdict_locator_usable(trust, set != NULL, s->flags)) {
			dropped = true;
			continue;
		}
		found->locators[found->n_locators++] =
		    (struct found_locator){.locator = *l, .trust = trust};
	}
	if (found->error == 0 && found->n_locators == 0)
		found->error = locators_error(s, dropped);
}

void
compose_locators(struct search *s)
{
	struct found_identity *found = s->found;
	struct heap heap = {.search = s};
	struct locator locator;

	found->n_locators = 0;
	found->error = verdict_mapping_error(found, s->strong, s->flags);
	if (eid_is_hit(&found->id))
		found->error = -MAP_EUNKNOWN;
	if (!error_is_policy(found->error))
		return;
	for (size_t i = 0; i < s->n_direct; i++) {
		if (s->direct[i].kind == ELOC_IP6 && address_is_ipv4(s->direct[i].address))
			continue; /* mapped into IPv6, it would pass for what it is not */
		locator_direct(&s->direct[i], &locator);
		heap_put(&heap, &locator);
	}
	heap_put_sets(&heap);
	found_fill(s, &heap);
}
