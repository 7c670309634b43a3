/*
 * cache.c - a hash table of payloads with a list in order of use, bounded in octets.
 * Knows when a result ends; knows nothing of clients.
 */
#include "resolverd/cache.h"

#include <stdlib.h>
#include <string.h>

#include "core/sys/crypto.h"
#include "core/wire/errors.h"

#define CACHE_PLACES 16384
#define CACHE_FLAGS                                                              \
	(RESOLVE_ALLOW_INSECURE | RESOLVE_ALLOW_LEGACY | RESOLVE_REQUIRE_PROOF | \
	    RESOLVE_REVERSE | RESOLVE_TRUSTED_ID)

struct entry {
	struct entry *chain;
	struct entry *newer;
	struct entry *older;
	struct cached cached;
	size_t lifetime_at;
	size_t place;
	size_t key_n;
	size_t size; /* all octets of this entry */
	uint8_t octets[]; /* key, payload */
};

struct cache {
	size_t n;
	size_t octets;
	size_t max;
	uint64_t seed; /* so that nobody outside knows which keys meet */
	struct entry *newest;
	struct entry *oldest;
	struct entry *places[CACHE_PLACES];
};

struct cache *
cache_new(size_t max_octets)
{
	struct cache *cache = calloc(1, sizeof *cache);

	if (cache == NULL)
		return NULL;
	cache->max = max_octets;
	if (crypto_random(&cache->seed, sizeof cache->seed) != 0)
		cache->seed = (uint64_t)(uintptr_t)cache;
	return cache;
}

static size_t
cache_place(const struct cache *cache, struct bytes key)
{
	uint64_t hash = 14695981039346656037u ^ cache->seed; /* FNV-1a, mixed at the end */

	for (size_t i = 0; i < key.n; i++)
		hash = (hash ^ key.p[i]) * 1099511628211u;
	hash ^= hash >> 32;
	return (size_t)(hash * 0x9e3779b97f4a7c15u >> 40) % CACHE_PLACES;
}

static void
entry_unlink(struct cache *cache, struct entry *e)
{
	*(e->newer != NULL ? &e->newer->older : &cache->newest) = e->older;
	*(e->older != NULL ? &e->older->newer : &cache->oldest) = e->newer;
}

static void
entry_link(struct cache *cache, struct entry *e)
{
	e->newer = NULL;
	e->older = cache->newest;
	*(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = e;
	cache->newest = e;
}

static void
entry_drop(struct cache *cache, struct entry *e)
{
	struct entry **at = &cache->places[e->place];

	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	entry_unlink(cache, e);
	cache->n--;
	cache->octets -= e->size;
	free(e);
}

static struct entry *
entry_find(struct cache *cache, struct bytes key)
{
	struct entry *e = cache->places[cache_place(cache, key)];

	while (e != NULL && !(e->key_n == key.n && memcmp(e->octets, key.p, key.n) == 0))
		e = e->chain;
	return e;
}

void
cache_free(struct cache *cache)
{
	if (cache == NULL)
		return;
	cache_flush(cache);
	free(cache);
}

void
cache_key(struct wr *wr, const struct resolve_request *request)
{
	struct resolve_request key = {.flags = request->flags & CACHE_FLAGS, .id = request->id};

	resolve_request_put(wr, &key);
}

const struct cached *
cache_find(struct cache *cache, struct bytes key, uint64_t now)
{
	struct entry *e = entry_find(cache, key);

	if (e == NULL)
		return NULL;
	if (e->cached.expires <= now) {
		entry_drop(cache, e);
		return NULL;
	}
	put_u32(e->octets + e->key_n + e->lifetime_at,
	    (uint32_t)((e->cached.expires - now) / 1000));
	entry_unlink(cache, e);
	entry_link(cache, e);
	return &e->cached;
}

/* Errors that say nothing about the mapping, or that must not destroy a good one. */
static bool
error_is_passing(int error)
{
	return error == -MAP_ESERVER || error == -MAP_ETIMEOUT || error == -MAP_EBOGUS ||
	       error == -MAP_ESTALE || error == -MAP_EFORMAT || error == -MAP_ENOMEM;
}

size_t
cache_put(struct cache *cache, struct bytes key, const struct result *result,
    struct bytes payload, size_t lifetime_at, uint64_t now)
{
	size_t size = sizeof(struct entry) + key.n + payload.n, evicted = 0;
	struct entry *e = entry_find(cache, key);

	if (e != NULL && e->cached.error == 0 && e->cached.expires > now &&
	    error_is_passing(result->error))
		return 0;
	if (e != NULL)
		entry_drop(cache, e);
	if (result->lifetime == 0 || size > cache->max)
		return 0;
	for (; cache->octets + size > cache->max && cache->oldest != NULL; evicted++)
		entry_drop(cache, cache->oldest);
	e = malloc(size);
	if (e == NULL)
		return evicted;
	memcpy(e->octets, key.p, key.n);
	memcpy(e->octets + key.n, payload.p, payload.n);
	e->cached = (struct cached){.error = result->error,
	    .expires = now + (uint64_t)result->lifetime * 1000,
	    .payload = {e->octets + key.n, payload.n}};
	e->lifetime_at = lifetime_at;
	e->key_n = key.n;
	e->size = size;
	e->place = cache_place(cache, key);
	e->chain = cache->places[e->place];
	cache->places[e->place] = e;
	entry_link(cache, e);
	cache->n++;
	cache->octets += size;
	return evicted;
}

size_t
cache_flush(struct cache *cache)
{
	size_t n = cache->n;

	while (cache->oldest != NULL)
		entry_drop(cache, cache->oldest);
	return n;
}

size_t
cache_count(const struct cache *cache)
{
	return cache->n;
}

/*
 * result_put() alone knows the layout: it is asked twice, with lifetimes that differ in every
 * octet, and where the two differ the lifetime stands.
 */
int
cache_encode(struct wr *wr, struct result *result, size_t *lifetime_at)
{
	uint32_t lifetime = result->lifetime;
	size_t start = wr->n, at = 0;
	uint8_t *second;

	result->lifetime = 0;
	result_put(wr, result);
	size_t n = wr->n - start;
	second = malloc(n + 1);
	if (wr->error != 0 || second == NULL) {
		free(second);
		return wr->error != 0 ? wr->error : -MAP_ENOMEM;
	}
	struct wr again = wr_init(second, n);
	result->lifetime = UINT32_MAX;
	result_put(&again, result);
	result->lifetime = lifetime;
	while (at + 4 < n && second[at] == wr->base[start + at])
		at++;
	free(second);
	put_u32(wr->base + start + at, lifetime);
	*lifetime_at = at;
	return again.error;
}
