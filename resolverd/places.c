/*
 * places.c - compares what a mapping has with what it had; asks nobody.
 */
#include "resolverd/places.h"

#include <string.h>

static const struct locator *
places_find(const struct result *result, const uint8_t address[16])
{
	for (size_t i = 0; i < result->n_identities; i++) {
		const struct found_identity *id = &result->identities[i];

		for (size_t l = 0; id->error == 0 && l < id->n_locators; l++)
			if (memcmp(id->locators[l].locator.address, address, 16) == 0)
				return &id->locators[l].locator;
	}
	return NULL;
}

static bool
places_stays(const struct result *result, const uint8_t address[16])
{
	const struct locator *locator = places_find(result, address);

	return locator != NULL ? (locator->flags & ELOC_DRAIN) == 0 : !result_is_whole(result);
}

/* Whether there is anywhere to go. */
static bool
places_any(const struct result *result)
{
	for (size_t i = 0; i < result->n_identities; i++) {
		const struct found_identity *id = &result->identities[i];

		for (size_t l = 0; id->error == 0 && l < id->n_locators; l++)
			if ((id->locators[l].locator.flags & ELOC_DRAIN) == 0)
				return true;
	}
	return false;
}

/* In place of the one that was given up first, where all are taken. */
static void
places_know(struct places *places, const struct result *result, const uint8_t address[16])
{
	size_t row = 0;

	for (size_t i = 0; i < places->n; i++)
		if (memcmp(places->known[i], address, 16) == 0)
			return;
	if (places->n == PLACES_KNOWN) {
		while (row < places->n && places_stays(result, places->known[row]))
			row++;
		if (row == places->n)
			return;
		places->n--;
		memmove(places->known[row], places->known[row + 1], (places->n - row) * 16);
	}
	memcpy(places->known[places->n++], address, 16);
}

static void
places_pairs(const struct result *result, bool any, struct paths_places *out)
{
	for (size_t i = 0; i < result->n_pairs && out->n < MANAGED_PAIRS; i++) {
		const struct pair *pair = &result->pairs[i];
		struct managed_pair *to = &out->pairs[out->n];

		if ((pair->flags & ELOC_DRAIN) != 0 && any)
			continue;
		to->backup = (pair->flags & ELOC_BACKUP) != 0;
		memcpy(to->source, pair->source, 16);
		memcpy(to->destination, pair->destination, 16);
		out->n++;
	}
}

void
places_take(struct places *places, const struct result *result, struct paths_places *out)
{
	bool any = places_any(result);

	*out = (struct paths_places){.n = 0};
	for (size_t i = 0; i < result->n_identities; i++) {
		const struct found_identity *id = &result->identities[i];

		for (size_t l = 0; id->error == 0 && l < id->n_locators; l++)
			places_know(places, result, id->locators[l].locator.address);
	}
	/* the latest first: a session may still be by these */
	for (size_t i = places->n; any && i-- > 0 && out->n_given_up < MANAGED_PAIRS;)
		if (!places_stays(result, places->known[i]))
			memcpy(out->given_up[out->n_given_up++], places->known[i], 16);
	places_pairs(result, any, out);
}
