/*
 * freshness.c - a table with one place for each hash: bounded, and never swept.
 */
#include "resolverd/freshness.h"

#include <stdlib.h>

#include "core/sys/crypto.h"

#define FRESHNESS_PLACES 4096

struct look {
	uint64_t hash;
	uint64_t at; /* ms; 0: none */
};

struct freshness {
	uint64_t seed; /* so that nobody outside knows which identities meet */
	struct look places[FRESHNESS_PLACES];
};

struct freshness *
freshness_new(void)
{
	struct freshness *freshness = calloc(1, sizeof *freshness);

	if (freshness != NULL && crypto_random(&freshness->seed, sizeof freshness->seed) != 0)
		freshness->seed = (uint64_t)(uintptr_t)freshness;
	return freshness;
}

void
freshness_free(struct freshness *freshness)
{
	free(freshness);
}

/* FNV-1a, mixed at the end. */
static uint64_t
freshness_hash(const struct freshness *freshness, const struct eid *id)
{
	uint8_t octets[64 + 2 * NAME_WIRE];
	struct wr wr = wr_init(octets, sizeof octets);
	uint64_t hash = 14695981039346656037u ^ freshness->seed;

	eid_put(&wr, id);
	for (size_t i = 0; i < wr.n; i++)
		hash = (hash ^ octets[i]) * 1099511628211u;
	return (hash ^ hash >> 32) * 0x9e3779b97f4a7c15u;
}

/* Where hash stands, or would stand. */
static size_t
freshness_place(uint64_t hash)
{
	return hash >> 32 & (FRESHNESS_PLACES - 1);
}

bool
freshness_lasts(const struct freshness *freshness, const struct eid *id, uint64_t now)
{
	uint64_t hash = freshness_hash(freshness, id);
	const struct look *look = &freshness->places[freshness_place(hash)];

	return look->at != 0 && look->hash == hash && now - look->at < FRESHNESS_LASTS_MS;
}

bool
freshness_take(struct freshness *freshness, const struct eid *id, uint64_t now)
{
	uint64_t hash = freshness_hash(freshness, id);
	struct look *look = &freshness->places[freshness_place(hash)];

	/* whoever is pushed out of his place costs one look more */
	if (look->at != 0 && look->hash == hash && now - look->at < FRESHNESS_MS)
		return false;
	*look = (struct look){.hash = hash, .at = now > 0 ? now : 1};
	return true;
}
