/*
 * bytes.h - a run of octets that somebody else owns.
 */
#ifndef WIRE_BYTES_H
#define WIRE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NONNULL __attribute__((nonnull))
#define MUST_CHECK __attribute__((warn_unused_result))

struct bytes {
	const uint8_t *p;
	size_t n;
};

/* Orders octet strings as RFC 4034 6.3 orders RDATA: memcmp, the shorter first on a tie. */
int bytes_compare(struct bytes a, struct bytes b);
bool bytes_equal(struct bytes a, struct bytes b);

#endif
