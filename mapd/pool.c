/*
 * pool.c - threads that share out items by one atomic counter and wait on an eventfd in between.
 * Knows nothing of what the work is.
 */
#include "mapd/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/wire/errors.h"

#define POOL_STEP 8 /* items taken at once, at most */
#define POOL_SHARES \
	8 /* into which a thread's part is divided at least, so that all end together */

struct pool {
	int start; /* eventfd (semaphore): one token starts one thread on a run */
	int done; /* eventfd (semaphore): one token for each thread that ended */
	unsigned threads;
	/* The run: written before the tokens of start, read only until those of done. */
	pool_fn *fn;
	void *arg;
	size_t n, step;
	_Atomic size_t next;
	bool quit;
	pthread_t thread[];
};

static void
pool_give(int fd, uint64_t tokens)
{
	while (write(fd, &tokens, sizeof tokens) < 0 && errno == EINTR)
		;
}

static void
pool_take(int fd)
{
	uint64_t token;

	while (read(fd, &token, sizeof token) < 0 && errno == EINTR)
		;
}

static void
pool_work(struct pool *pool)
{
	size_t i, end;

	while ((i = atomic_fetch_add(&pool->next, pool->step)) < pool->n) {
		end = pool->n - i < pool->step ? pool->n : i + pool->step;
		for (; i < end; i++)
			pool->fn(pool->arg, i);
	}
}

static void *
pool_thread(void *arg)
{
	struct pool *pool = arg;

	for (;;) {
		pool_take(pool->start);
		if (pool->quit)
			return NULL;
		pool_work(pool);
		pool_give(pool->done, 1);
	}
}

int
pool_new(unsigned threads, struct pool **out)
{
	struct pool *pool = calloc(1, sizeof *pool + threads * sizeof pool->thread[0]);

	if (pool == NULL)
		return -MAP_ENOMEM;
	pool->start = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
	pool->done = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
	if (pool->start < 0 || pool->done < 0) {
		pool_free(pool);
		return -MAP_ESYS;
	}
	/* Fewer threads than asked for are only slower. */
	while (pool->threads < threads &&
	       pthread_create(&pool->thread[pool->threads], NULL, pool_thread, pool) == 0)
		pool->threads++;
	*out = pool;
	return 0;
}

void
pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	pool->quit = true;
	if (pool->threads > 0)
		pool_give(pool->start, pool->threads);
	for (unsigned i = 0; i < pool->threads; i++)
		pthread_join(pool->thread[i], NULL);
	if (pool->start >= 0)
		close(pool->start);
	if (pool->done >= 0)
		close(pool->done);
	free(pool);
}

void
pool_start(struct pool *pool, pool_fn *fn, void *arg, size_t n)
{
	pool->fn = fn;
	pool->arg = arg;
	pool->n = n;
	pool->step = n / (POOL_SHARES * (pool->threads + 1));
	if (pool->step > POOL_STEP)
		pool->step = POOL_STEP;
	if (pool->step == 0)
		pool->step = 1;
	atomic_store(&pool->next, 0);
	if (pool->threads > 0 && n > 1)
		pool_give(pool->start, pool->threads);
}

void
pool_wait(struct pool *pool)
{
	pool_work(pool);
	for (unsigned i = 0; pool->n > 1 && i < pool->threads; i++)
		pool_take(pool->done);
	pool->n = 0;
}

void
pool_run(struct pool *pool, pool_fn *fn, void *arg, size_t n)
{
	pool_start(pool, fn, arg, n);
	pool_wait(pool);
}
