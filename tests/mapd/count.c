/*
 * count.c - stands before malloc() and pthread_mutex_lock() of the whole process, libraries too.
 * Knows glibc's names for what it stands before.
 */
#include "tests/mapd/count.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

unsigned count_allocations, count_locks;
static bool counting;

void
count_start(void)
{
	count_allocations = count_locks = 0;
	counting = true;
}

void
count_stop(void)
{
	counting = false;
}

#ifndef __SANITIZE_ADDRESS__
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

void *
malloc(size_t n)
{
	count_allocations += counting;
	return __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	count_allocations += counting;
	return __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	count_allocations += counting;
	return __libc_realloc(p, n);
}

int
pthread_mutex_lock(pthread_mutex_t *mutex)
{
	static int (*real)(pthread_mutex_t *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "pthread_mutex_lock");
	count_locks += counting;
	return real(mutex);
}

int
pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
	static int (*real)(pthread_rwlock_t *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "pthread_rwlock_rdlock");
	count_locks += counting;
	return real(lock);
}

int
pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
	static int (*real)(pthread_rwlock_t *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "pthread_rwlock_wrlock");
	count_locks += counting;
	return real(lock);
}
#endif
