/*
 * upstream.h - questions asked through libunbound (context.h), and validated answers.
 * Knows what an answer is worth; knows nothing of what a mapping is.
 */
#ifndef RESOLVE_UPSTREAM_H
#define RESOLVE_UPSTREAM_H

#include "core/sys/loop.h"
#include "core/wire/name.h"
#include "core/wire/result.h"
#include "resolve/lookup.h"

struct upstream; /* the contexts, two for each address that is asked by */
struct ask;      /* one question in flight, and then its answer */

/* UPSTREAM_FRESH goes past the cache: after a trigger only (protocol 6). */
enum upstream_context { UPSTREAM_MAIN, UPSTREAM_FRESH, UPSTREAM_CONTEXTS };

/* One set of records; everything is borrowed from the answer. */
struct answer_set {
	struct name owner;
	uint16_t type;
	uint32_t ttl;
	size_t n;
	struct bytes *rdata;
};

struct answer {
	struct edge edge;
	bool aliased;          /* a CNAME or DNAME was followed on the way */
	struct answer_set set; /* the records asked for; n is 0 when there are none */
	size_t n_additional;   /* of a secure answer: validated too; else worth nothing by itself */
	struct answer_set *additional;
	struct bytes packet;   /* the whole answer, with its signatures and proofs of absence */
};

/* answer is borrowed until ask_free(). Never called from upstream_ask(). */
typedef void answer_fn(void *arg, const struct answer *answer);

/* Makes, configures and tests both contexts; -MAP_ECONFIG with the cause in why. */
int upstream_open(struct loop *loop, const struct resolver_options *options, struct upstream **out,
    char *why, size_t max);
/* No callback after this. Must not be called while asks are held. NULL allowed. */
void upstream_close(struct upstream *up);

struct asking {
	enum upstream_context context;
	const struct name *name;
	uint16_t type;
	size_t *load; /* counts what libunbound works on for whoever asks; stays until it is 0 again */
};

/* Whether somebody of this load may ask: he may not have more in flight than he leaves to others. */
bool upstream_has_room(const struct upstream *up, size_t load) NONNULL;
/* -MAP_ENOMEM; a question that has no room is answered with VERDICT_SERVER. */
int upstream_ask(struct upstream *up, const struct asking *asking, answer_fn *fn, void *arg,
    struct ask **out) NONNULL MUST_CHECK;
/* The answer, or NULL while it is awaited. */
const struct answer *ask_answer(const struct ask *ask) NONNULL;
void ask_free(struct ask *ask); /* the callback is not called any more; NULL allowed */

#endif
