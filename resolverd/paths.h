/*
 * paths.h - further paths for MPTCP sessions: an endpoint for each address of this host and the
 * limits that let peers' addresses be joined, and who manages sessions that begin (protocol 12,
 * RFC 4177 5.3, 6.3.4).
 * What was changed is in a ledger (ledgers.h): it is taken back on close, and what a killed
 * process left is taken over, or taken back, by the next start, whatever that one is told.
 */
#ifndef RESOLVERD_PATHS_H
#define RESOLVERD_PATHS_H

#include "core/sys/loop.h"
#include "core/wire/eid.h"
#include "core/wire/frame.h"
#include "resolverd/heartbeat.h"
#include "resolverd/managed.h"
#include "resolverd/watches.h"

enum paths_mode {
	PATHS_OFF,
	PATHS_KERNEL,
	PATHS_MANAGE /* and sessions that begin are asked for, one by one (manage.h) */
};

struct paths_options {
	enum paths_mode mode;
	const char
	    *user; /* that this process will become; NULL: none; used by paths_open() only */
	bool private_locators;
	const struct realm *realms; /* identity prefixes: never announced; copied */
	size_t n_realms;
};

struct paths;

/*
 * Before the user is changed: makes the ledger, which inherits what a killed predecessor left in this
 * network namespace; nothing is set yet. PATHS_OFF, or no MPTCP, or no right to set it: what was left
 * is taken back. The latter two are said in one line: sessions are then plain TCP, and that is no
 * error. -MAP_ENOMEM, -MAP_ESYS (netlink), -MAP_ECONFIG (the ledger), said by diag_error.
 */
int paths_open(const struct paths_options *options, struct paths **out) NONNULL MUST_CHECK;
/* What is counted. */
enum path_change { PATH_JOINED, PATH_LEFT, PATH_RENEWED };

/* Who knows more of the sessions than their paths: how each is watched, and what to do with what is found out. All borrowed. */
struct paths_company {
	struct heartbeat *heartbeat; /* NULL: nothing is probed */
	const struct watch_row *(*watch)(void *arg, uint32_t token);
	void (*tell)(void *arg, uint32_t token, const char *words);
	void (*mark)(void *arg, const struct pair_mark *mark);
	void (*count)(void *arg, enum path_change change);
	/* Whether a session is to be by that address of its peer no more. */
	bool (*gives_up)(void *arg, uint32_t token, const uint8_t remote[16]);
	void *arg;
	struct hold_rule flap; /* how long who died has to wait */
};

/* Before paths_start(). */
void paths_attend(struct paths *paths, const struct paths_company *company) NONNULL;
/* Sets limits and endpoints, and follows address changes. Errors as paths_open(), and said. */
int paths_start(struct paths *paths, struct loop *loop) NONNULL MUST_CHECK;
/*
 * Takes back what was set and inherited, but for the endpoints that established sessions run over:
 * without them the kernel would end these. The next start takes them over. NULL allowed.
 */
void paths_close(struct paths *paths);
/* Takes back all that killed processes left in this network namespace, sessions or not, and says
 * what it found. -MAP_ESYS: not all of it; -MAP_ENOMEM. */
int paths_restore(void) MUST_CHECK;

/* Where a session may be by, as its mapping has it now. */
struct paths_places {
	size_t n, n_given_up;
	struct managed_pair pairs[MANAGED_PAIRS]; /* the best first */
	uint8_t given_up[MANAGED_PAIRS][16]; /* the peer's, that are to be left for others */
};

/* True: the session is managed, and goes there. */
bool paths_map(struct paths *paths, uint32_t token, const struct paths_places *places) NONNULL;
/* This way was probed; known: by the peer of a session. */
void paths_sign(struct paths *paths, const struct prober_way *way, bool known, bool warns) NONNULL;

/* What is set, in words for a status page: "2 endpoints, 1 kept back", or why none. Borrowed until the next. */
const char *paths_note(struct paths *paths) NONNULL;

#endif
