/*
 * paths.h - further paths for MPTCP sessions: an endpoint for each address of this host and the
 * limits that let peers' addresses be joined (protocol 10, RFC 4177 5.3, 6.3.4).
 * What was changed is remembered in a file, and undone on close, or by the next start.
 */
#ifndef RESOLVERD_PATHS_H
#define RESOLVERD_PATHS_H

#include "core/sys/loop.h"
#include "core/wire/eid.h"

enum paths_mode { PATHS_OFF, PATHS_KERNEL };

struct paths_options {
	enum paths_mode mode;
	const char *state; /* file that remembers, in a folder that survives this process; copied */
	bool private_locators;
	const struct realm *realms; /* identity prefixes: never announced; copied */
	size_t n_realms;
};

struct paths;

/*
 * Undoes what a killed predecessor left in this network namespace, sets limits and endpoints, and
 * follows address changes. Without MPTCP, or without the right to set it, says so in one line and
 * does nothing more: the sessions of this host are then plain TCP, and that is no error.
 * -MAP_ENOMEM, -MAP_ESYS (the loop or netlink), -MAP_ECONFIG (the state file), said by diag_error.
 */
int paths_open(struct loop *loop, const struct paths_options *options,
    struct paths **out) NONNULL MUST_CHECK;
/* Takes back exactly what paths_open() and its followers set. NULL allowed. */
void paths_close(struct paths *paths);

/* What is set, in words for a status page: "2 endpoints", or why none. Borrowed until the next. */
const char *paths_note(const struct paths *paths) NONNULL;

#endif
