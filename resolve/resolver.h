/*
 * resolver.h - what look-ups share, and the questions of one look-up; internal to resolve/.
 */
#ifndef RESOLVE_RESOLVER_H
#define RESOLVE_RESOLVER_H

#include "resolve/lookup.h"
#include "resolve/seen.h"
#include "resolve/upstream.h"

struct resolver {
	struct loop *loop;
	struct upstream *up;
	struct realm *realms; /* own */
	size_t n_realms;
	bool private_locators;
	struct seen *seen;
	struct lookup *lookups; /* in flight */
	struct result *result;  /* where a finished look-up puts what it found */
	chain_fn *chain;
	void *chain_arg;
};

/* The questions of one look-up, each asked once; their answers stay until inquiry_fini(). */
struct inquiry {
	struct resolver *resolver;
	enum upstream_context context;
	size_t *load; /* of whoever the questions are asked for; to be set after inquiry_init() */
	answer_fn *fn; /* some answer has come: look at all of them again */
	void *arg;
	struct inquiry_row *rows;
	size_t n;
	size_t max;
};

void inquiry_init(struct inquiry *inquiry, struct resolver *resolver,
    enum upstream_context context, answer_fn *fn, void *arg) NONNULL;
void inquiry_fini(struct inquiry *inquiry) NONNULL;
/*
 * The answer for name and type, or NULL while it is awaited; asks when nobody did. *error is set
 * to -MAP_ENOMEM when the question cannot be put.
 */
const struct answer *inquiry_ask(struct inquiry *inquiry, const struct name *name, uint16_t type,
    int *error) NONNULL;
/*
 * A set that came in the additional section of an answer that was asked for; of secure answers
 * only, unless secure is false. NULL: none.
 */
const struct answer_set *inquiry_additional(const struct inquiry *inquiry,
    const struct name *name, uint16_t type, bool secure) NONNULL;
/* Nobody wants this answer any more. */
void inquiry_drop(struct inquiry *inquiry, const struct name *name, uint16_t type) NONNULL;

#endif
