/*
 * places.h - where a session may be by and where no more, out of its mapping: a pure function of one look-up after the other
 * (protocol 12, RFC 4177 7.3).
 */
#ifndef RESOLVERD_PLACES_H
#define RESOLVERD_PLACES_H

#include "core/wire/result.h"
#include "resolverd/paths.h"

#define PLACES_KNOWN MAPPING_LOCATORS

/* Of one session; zero at first. */
struct places {
	size_t n;
	uint8_t known[PLACES_KNOWN][16]; /* where the mapping had the peer at any time, the latest last */
};

/*
 * What one more look-up, which succeeded, says. Given up is what was published once and is not, or is drained, as long as the
 * mapping has anything else; not what a part of it would have that is bogus or cannot be had. An address that never was
 * published, and that the peer itself has announced, is none of the mapping's.
 */
void places_take(struct places *places, const struct result *result, struct paths_places *out) NONNULL;

#endif
