/*
 * sources.h - by which addresses of this host name servers are asked: as the kernel chooses, and where that seems of no use, by others,
 * each with contexts of its own. Knows nothing of what is asked.
 */
#ifndef RESOLVE_SOURCES_H
#define RESOLVE_SOURCES_H

#include "resolve/context.h"
#include "resolve/upstream.h"

#define SOURCES 5 /* the first one is what the kernel chooses */

struct source {
	bool used;
	bool gone; /* the address is; what was asked there is still heard */
	uint8_t address[16];
	uint64_t refused; /* ms: libunbound did, last; 0: never */
	size_t asked; /* that its contexts have; its asker's to count */
	struct context *contexts[UPSTREAM_CONTEXTS]; /* NULL: not needed yet */
};

struct sources {
	struct loop *loop;
	struct resolver_options options; /* what contexts are made of */
	uint64_t silent_ms; /* a server that is silent for so long is left alone */
	struct source list[SOURCES];
};

/* Both contexts of the first, and one of each other; -MAP_ECONFIG, -MAP_ESYS, -MAP_ENOMEM with the cause in why. To be closed all the same. */
int sources_open(struct sources *sources, struct loop *loop, const struct resolver_options *options, uint64_t silent_ms, char *why, size_t max)
    NONNULL MUST_CHECK;
void sources_close(struct sources *sources) NONNULL; /* not from a context's callback */
bool sources_are_processing(const struct sources *sources) NONNULL; /* a context's callback is under way */
/* One for each place that this host has addresses at, if there are several; what is asked by stays until it is no more. */
void sources_sync(struct sources *sources) NONNULL;
bool sources_are_several(const struct sources *sources) NONNULL;
/* Whether it can be asked by; make: a context that is not there yet is made. */
bool source_is_ready(struct sources *sources, struct source *source, enum upstream_context which, bool make) NONNULL;

#endif
