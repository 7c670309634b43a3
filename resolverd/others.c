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

/* Whether the mapping still has the destination for new sessions. The ranking has the best pairs only, not all; and what a bogus
 * or silent set would add is not known to be gone. */
static bool
others_is_published(const struct session_note *note, const struct result *result)
{
	for (size_t i = 0; i < result->n_identities; i++) {
		const struct found_identity *id = &result->identities[i];

		for (size_t l = 0; id->error == 0 && l < id->n_locators; l++)
			if (memcmp(id->locators[l].locator.address, note->destination, 16) == 0)
				return (id->locators[l].locator.flags & ELOC_DRAIN) == 0;
	}
	return !result_is_whole(result);
}

static bool
others_are_same(const struct pair *a, const struct pair *b)
{
	return memcmp(a->source, b->source, 16) == 0 &&
	       memcmp(a->destination, b->destination, 16) == 0;
}

bool
others_take(struct others *others, const struct session_note *note, const struct result *result)
{
	bool ipv4 = address_is_ipv4(note->source), better = false, differ = false;
	size_t before = others->n;

	others->n = 0;
	for (size_t i = 0; i < result->n_pairs; i++) {
		const struct pair *pair = &result->pairs[i];

		if (others_is_own(note, pair) || address_is_ipv4(pair->source) != ipv4)
			continue;
		better |= (pair->flags & ELOC_DRAIN) == 0;
		if (others->n == OTHERS_MAX)
			continue;
		differ |=
		    others->n >= before || !others_are_same(&others->pairs[others->n], pair);
		others->pairs[others->n++] = *pair;
	}
	others->given_up = better && !others_is_published(note, result);
	return differ || others->n != before;
}

void
others_moved(
    struct others *others, const struct session_note *was, const struct session_note *now)
{
	for (size_t i = 0; i < others->n; i++)
		if (others_is_own(now, &others->pairs[i])) {
			struct pair *pair = &others->pairs[i];

			*pair = (struct pair){.flags = others->given_up ? ELOC_DRAIN : 0};
			memcpy(pair->source, was->source, 16);
			memcpy(pair->destination, was->destination, 16);
		}
	others->given_up = false;
}

/* A host that never hears of the session must not get its stream: what answers without the token is the peer's kernel only where
 * he has no agent, and where the session leads already nobody is a stranger. */
static bool
others_may(const struct session_note *note, const struct pair *pair, enum beat beat, bool agent)
{
	return note->transport != SESSION_UDP ||
	       memcmp(pair->destination, note->destination, 16) == 0 || beat == BEAT_ALIVE ||
	       (beat == BEAT_CLOSED && !agent);
}

bool
others_is_astray(
    const struct session_note *note, const struct heartbeat_outcome *outcomes, size_t n)
{
	bool agent = false;

	for (size_t i = 1; i < n; i++)
		agent |= outcomes[i].beat == BEAT_ALIVE;
	return note->transport == SESSION_UDP && outcomes[0].beat == BEAT_CLOSED && agent;
}

const struct pair *
others_choose(const struct others *others, const struct session_note *note,
    const struct others_heard *heard, const struct heartbeat_outcome *outcomes)
{
	bool any_lives = false, agent = heard->agent;
	bool well =
	    beat_lives(outcomes[0].beat) && !others_is_astray(note, outcomes, 1 + others->n);

	for (size_t i = 0; i <= others->n; i++) {
		any_lives |= beat_lives(outcomes[i].beat);
		agent |= outcomes[i].beat == BEAT_ALIVE;
	}
	for (size_t i = 0; i < others->n; i++) {
		const struct pair *pair = &others->pairs[i];
		enum beat beat = outcomes[1 + i].beat;

		if ((well && (pair->flags & ELOC_DRAIN) != 0) ||
		    !others_may(note, pair, beat, agent))
			continue;
		if (any_lives ? beat_lives(beat) : !heard->answered && beat == BEAT_SILENT)
			return pair;
	}
	return NULL;
}

/* How much an answer says of who gave it. */
static unsigned
others_worth(enum beat beat)
{
	return beat == BEAT_ALIVE ? 2 : beat_lives(beat) ? 1 : 0;
}

size_t
others_begin(struct pair *pairs, size_t n, const enum beat *beats)
{
	unsigned best = 0;
	size_t kept = 0;

	/* the next identity is another peer, for who cannot send to this one */
	for (size_t i = 0; i < n && pairs[i].identity == pairs[0].identity; i++)
		if (others_worth(beats[i]) > best)
			best = others_worth(beats[i]);
	for (size_t i = 0; i < n && best > 0; i++)
		if (pairs[i].identity == pairs[0].identity && others_worth(beats[i]) == best)
			pairs[kept++] = pairs[i];
	return best > 0 ? kept : n;
}
