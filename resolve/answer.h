/*
 * answer.h - an answer packet taken apart by the strict reader of core/wire.
 */
#ifndef RESOLVE_ANSWER_H
#define RESOLVE_ANSWER_H

#include "resolve/upstream.h"

/*
 * Fills set, additional, aliased and packet from wire, which is copied; edge.ttl becomes the least
 * TTL on the way, bounded at now (seconds) by the signatures. 0, -MAP_EFORMAT and the like from
 * the reader, -MAP_ENOMEM. Only class IN, and sets of at most ANSWER_SET records, are taken.
 */
int answer_read(struct answer *answer, struct bytes wire, const struct name *asked, uint16_t type,
    uint64_t now) NONNULL MUST_CHECK;
void answer_fini(struct answer *answer) NONNULL;

#define ANSWER_SET 256      /* records of one set */
#define ANSWER_ADDITIONAL 64 /* sets taken from the additional section */

#endif
