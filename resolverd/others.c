/*
 * others.c - pure functions over results and outcomes.
 */
#include "resolverd/others.h"

#include <string.h>

static bool
others_is_own(const struct session_note *note, const struct pair *pair)
{
	return memcmp(pair->source, note->source, 16) == 0 &&
	       memcmp(pair->destination, note->destination, 16) == 0;
}

/* Whether the mapping still has the destination for new sessions. The ranking has the best pairs only, not all. */
static bool
others_is_published(const struct session_note *note, const struct result *result)
{
	for (size_t i = 0; i < result->n_identities; i++) {
		const struct found_identity *id = &result->identities[i];

		for (size_t l = 0; id->error == 0 && l < id->n_locators; l++)
			if (memcmp(id->locators[l].locator.address, note->destination, 16) == 0)
				return (id->locators[l].locator.flags & ELOC_DRAIN) == 0;
	}
	return false;
}

void
others_take(struct others *others, const struct session_note *note, const struct result *result)
{
	bool ipv4 = address_is_ipv4(note->source), better = false;

	others->n = 0;
	for (size_t i = 0; i < result->n_pairs; i++) {
		const struct pair *pair = &result->pairs[i];

		if (others_is_own(note, pair) || address_is_ipv4(pair->source) != ipv4)
			continue;
		better |= (pair->flags & ELOC_DRAIN) == 0;
		if (others->n < OTHERS_MAX)
			others->pairs[others->n++] = *pair;
	}
	others->given_up = better && !others_is_published(note, result);
}

const struct pair *
others_choose(const struct others *others, const struct heartbeat_outcome *outcomes,
    bool answered, bool any_lives)
{
	for (size_t i = 0; i < others->n; i++) {
		enum beat beat = outcomes[1 + i].beat;

		if (beat_lives(outcomes[0].beat) && (others->pairs[i].flags & ELOC_DRAIN) != 0)
			continue;
		if (any_lives ? beat_lives(beat) : !answered && beat == BEAT_SILENT)
			return &others->pairs[i];
	}
	return NULL;
}
