/*
 * answer.h - the records that answer a question, section by section.
 */
#ifndef MAPD_ANSWER_H
#define MAPD_ANSWER_H

#include "core/wire/reply.h"
#include "mapd/serve.h"

#define ANSWER_CHAIN 16 /* aliases followed in one answer */

/*
 * Fills the sections of r from zone, in which q->name lies. Returns the RCODE, or -MAP_EDATABASE; sets
 * *stat to the counter of what came out.
 */
int answer_put(const struct serve *s, const struct zone *zone, const struct question *q,
    struct reply *r, enum stat *stat) NONNULL;

#endif
