/*
 * query.h - one question: which zone, what is there, what is said.
 */
#ifndef MAPD_QUERY_H
#define MAPD_QUERY_H

#include "core/wire/reply.h"
#include "mapd/serve.h"

/* Answers the message's question into r, which was started; returns the length of the answer. */
size_t query_handle(const struct serve *s, const struct message *m, struct reply *r) NONNULL;

/* Ends the answer with an RCODE and no records. */
struct refusal;
size_t query_refuse(const struct serve *s, struct reply *r, const struct refusal *why) NONNULL;

#endif
