/*
 * pool.h - the same work on many items, on all cores; the caller works along and waits.
 */
#ifndef MAPD_POOL_H
#define MAPD_POOL_H

#include <stddef.h>

struct pool; /* owned by the writer thread */

/* Works on item i of arg; called from any of the pool's threads, each i once. */
typedef void pool_fn(void *arg, size_t i);

/* Threads besides the caller's; 0 is allowed: then the caller does all. */
int pool_new(unsigned threads, struct pool **out);
void pool_free(struct pool *pool); /* NULL allowed */
/* Returns when fn was called for every i below n. */
void pool_run(struct pool *pool, pool_fn *fn, void *arg, size_t n);
/* The same in two: the other threads begin, and the caller does something else until pool_wait(). One run at
 * a time. */
void pool_start(struct pool *pool, pool_fn *fn, void *arg, size_t n);
void pool_wait(struct pool *pool);

#endif
