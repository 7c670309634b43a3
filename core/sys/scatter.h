/*
 * scatter.h - where in a hash table something that others chose goes, so that they cannot choose the place.
 */
#ifndef SYS_SCATTER_H
#define SYS_SCATTER_H

#include <stddef.h>
#include <stdint.h>

#define SCATTER_MOST 512 /* octets */

/*
 * The same for the same octets, as long as the process lives; two that differ have the same by chance only, one in 2^32, whoever chose
 * them. Each bit may be used by itself. n at most SCATTER_MOST. Any thread. Without random octets the process ends.
 */
uint32_t scatter(const uint8_t *p, size_t n) __attribute__((nonnull));

#endif
