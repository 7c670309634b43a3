/*
 * turns.c - one queue for each source, and the queue of sources.
 * Knows proposals by their source only.
 */
#include "mapd/turns.h"

#include <stdlib.h>
#include <string.h>

#include "core/sys/scatter.h"
#include "core/wire/errors.h"

/* Who has something waiting; in a chain of its bucket, and in the queue of sources. */
struct source {
	struct source *same; /* the next of the bucket, or of the free ones */
	struct source *next;
	uint8_t id[CLAIM_SOURCE];
	unsigned n;
	size_t octets;
	struct proposal *first, **end;
};

struct turns {
	unsigned most, n;
	size_t most_octets, octets;
	struct source *spare;
	struct source *first, **end;
	size_t mask;
	struct source **bucket;
	struct source source[];
};

int
turns_new(unsigned most, size_t octets, struct turns **out)
{
	struct turns *turns = calloc(1, sizeof *turns + most * sizeof turns->source[0]);
	size_t buckets = 16;

	if (turns == NULL)
		return -MAP_ENOMEM;
	while (buckets < most)
		buckets *= 2;
	turns->bucket = calloc(buckets, sizeof(struct source *));
	if (turns->bucket == NULL) {
		turns_free(turns);
		return -MAP_ENOMEM;
	}
	turns->mask = buckets - 1;
	turns->most = most;
	turns->most_octets = octets;
	turns->end = &turns->first;
	for (unsigned i = 0; i < most; i++) {
		turns->source[i].same = turns->spare;
		turns->spare = &turns->source[i];
	}
	*out = turns;
	return 0;
}

void
turns_free(struct turns *turns)
{
	if (turns == NULL)
		return;
	free(turns->bucket);
	free(turns);
}

/* What points to the source with this id, or to the end of its bucket. */
static struct source **
turns_find(struct turns *turns, const uint8_t id[CLAIM_SOURCE])
{
	struct source **at = &turns->bucket[scatter(id, CLAIM_SOURCE) & turns->mask];

	while (*at != NULL && memcmp((*at)->id, id, CLAIM_SOURCE) != 0)
		at = &(*at)->same;
	return at;
}

static struct source *
turns_add(struct turns *turns, struct source **at, const uint8_t id[CLAIM_SOURCE])
{
	struct source *source = turns->spare;

	turns->spare = source->same;
	*source = (struct source){.end = &source->first};
	memcpy(source->id, id, CLAIM_SOURCE);
	*at = source;
	*turns->end = source;
	turns->end = &source->next;
	return source;
}

/* The memory of one, or a little more: what an update is read into depends on its records, not on its octets. */
static size_t
proposal_octets(const struct proposal *p)
{
	size_t n = p->update.n_prerequisites + p->update.n_changes;

	return sizeof *p + 3 * p->wire.n +
	       n * (sizeof(struct update_item) + 3 * sizeof(struct name));
}

/* Whether there is room in all, and of what the source may have of it. */
static bool
turns_have_room(const struct turns *turns, const struct source *source, size_t octets)
{
	size_t left = turns->most_octets - turns->octets;

	if (turns->n == turns->most || octets > left)
		return false;
	return source == NULL ||
	       (source->n < turns->most - turns->n && source->octets + octets <= left);
}

bool
turns_put(struct turns *turns, struct proposal *p)
{
	struct source **at = turns_find(turns, p->source), *source = *at;
	size_t octets = proposal_octets(p);

	if (!turns_have_room(turns, source, octets))
		return false;
	/* as many sources as proposals at most: there is one to spare */
	if (source == NULL)
		source = turns_add(turns, at, p->source);
	p->next = NULL;
	*source->end = p;
	source->end = &p->next;
	source->n++;
	source->octets += octets;
	turns->n++;
	turns->octets += octets;
	return true;
}

struct proposal *
turns_take(struct turns *turns)
{
	struct source *source = turns->first, **at;
	struct proposal *p;

	if (source == NULL)
		return NULL;
	turns->first = source->next;
	if (turns->first == NULL)
		turns->end = &turns->first;
	p = source->first;
	source->first = p->next;
	p->next = NULL;
	turns->n--;
	turns->octets -= proposal_octets(p);
	source->octets -= proposal_octets(p);
	if (--source->n > 0) {
		source->next = NULL;
		*turns->end = source;
		turns->end = &source->next;
		return p;
	}
	at = turns_find(turns, source->id);
	*at = source->same;
	source->same = turns->spare;
	turns->spare = source;
	return p;
}
