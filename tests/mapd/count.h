/*
 * count.h - counts what this process takes of the heap, and its locks, between start and stop.
 */
#ifndef TESTS_MAPD_COUNT_H
#define TESTS_MAPD_COUNT_H

/* With the address sanitizer, whose allocator it is then, nothing is counted, and all is slower. */
#ifdef __SANITIZE_ADDRESS__
#define COUNT_SLOWER 20
#else
#define COUNT_SLOWER 1
#endif

extern unsigned count_allocations, count_locks;

void count_start(void);
void count_stop(void);

#endif
