/*
 * context.h - one context of libunbound: the only user of it. Knows questions and raw answers; judges nothing.
 */
#ifndef RESOLVE_CONTEXT_H
#define RESOLVE_CONTEXT_H

#include "core/sys/loop.h"
#include "core/wire/name.h"
#include "resolve/settings.h"

struct context;

/* What libunbound says; all borrowed until the callback returns. */
struct context_result {
	const char *error; /* it could not ask; NULL: the rest is filled */
	const char *bogus; /* why validation failed; NULL: it did not */
	bool secure;
	bool data; /* there are records, beside aliases */
	bool absent; /* the name does not exist */
	int rcode;
	uint32_t ttl;
	struct bytes packet;
};

typedef void context_fn(void *arg, const struct context_result *result);

/* One in flight; its memory is its asker's, and stays until fn was called or the context is closed. */
struct context_question {
	context_fn *fn;
	void *arg;
};

/* Makes, configures and tests it; -MAP_ECONFIG, -MAP_ESYS, -MAP_ENOMEM with the cause in why. */
int context_open(struct loop *loop, const struct settings *settings, struct context **out, char *why, size_t max) NONNULL MUST_CHECK;
/* No callback after this; not from one of its own. NULL allowed. */
void context_close(struct context *context);
bool context_is_processing(const struct context *context) NONNULL; /* a callback of its own is under way */
/* NULL, and fn is called once, never from here; else why it is not asked. */
const char *context_ask(struct context *context, const struct name *name, uint16_t type, const struct context_question *question) NONNULL;

#endif
