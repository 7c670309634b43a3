/*
 * cache.h - finished results, ready to be sent: FRAME_RESULT payloads by the request they answer.
 */
#ifndef RESOLVERD_CACHE_H
#define RESOLVERD_CACHE_H

#include "core/wire/frame.h"

struct cache;

struct cached {
	int error;           /* the result's */
	uint64_t expires;    /* ms */
	struct bytes payload; /* with the lifetime that is left */
};

struct cache *cache_new(size_t max_octets); /* NULL: out of memory */
void cache_free(struct cache *cache);       /* NULL allowed */

/* The key of a request: what its result depends on. */
void cache_key(struct wr *wr, const struct resolve_request *request) NONNULL;
/* The result held for key at now (ms), or NULL; borrowed until the next call. */
const struct cached *cache_find(struct cache *cache, struct bytes key, uint64_t now) NONNULL;
/*
 * Keeps the payload of a result for as long as it lives. A failure to ask does not replace a good
 * result that still lives (protocol 6). Returns how many others left for want of room.
 */
size_t cache_put(struct cache *cache, struct bytes key, const struct result *result,
    struct bytes payload, size_t lifetime_at, uint64_t now) NONNULL;
size_t cache_flush(struct cache *cache) NONNULL; /* how many there were */
size_t cache_count(const struct cache *cache) NONNULL;

/* Writes the payload of result as from the cache (wr), and where its lifetime stands. */
int cache_encode(struct wr *wr, struct result *result, size_t *lifetime_at) NONNULL MUST_CHECK;

#endif
