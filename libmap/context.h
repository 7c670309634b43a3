/*
 * context.h - what the parts of libmap share; not installed.
 */
#ifndef LIBMAP_CONTEXT_H
#define LIBMAP_CONTEXT_H

#include "core/wire/frame.h"
#include "libmap/map.h"

#define CONTEXT_WHY 512
#define CONTEXT_REFERRERS 64
#define RESOLVE_DEADLINE_MS 5000
#define CONNECT_DEADLINE_MS 10000

struct map;

/* Something that waits on a descriptor of the context's epoll. */
struct waiter {
	void (*fn)(struct waiter *waiter, uint32_t events);
	struct map *map;
	int fd; /* -1: none */
};

/* One question to the agent. The result is borrowed until fn returns, NULL on an error; the ask is
 * out of all lists when fn is called. */
struct ask;
typedef void ask_fn(struct ask *ask, int error, const char *why, const struct result *result);
struct ask {
	struct ask *next, **link; /* link is NULL when it is not waiting */
	struct map *map;
	struct resolve_request request;
	uint32_t id;
	bool sent;
	int failed; /* an error to be told from map_process() */
	uint64_t due;
	ask_fn *fn;
};

struct agent {
	struct waiter waiter;
	char path[108];
	uint64_t retry; /* when to try again, since its queue of connections was full; 0: no */
	uint32_t next_id;
	uint8_t *in, *out;
	size_t in_n, in_max, out_n, out_max;
	struct ask *asks;
	struct result *result; /* the one that is being told */
	uint64_t rejoin; /* when to connect again for the sessions' sake; 0: no need */
};

/* A request of the caller's: look-up or session. */
struct map_request {
	struct map_request *next, **link;
	struct map *map;
	uint64_t due; /* of what is done here; a question's own is in its ask. 0: none */
	void (*timeout)(struct map_request *request);
	void (*end)(struct map_request *request); /* gives up what it holds and frees it */
};

struct session_row {
	int fd;
	uint64_t inode; /* tells a descriptor's number that was used again */
	struct map_session info;
	uint32_t number; /* the agent's frames are about it under this; 0: it is not told of it */
	bool noted;      /* the agent was told */
	unsigned flags;  /* MAP_..., as it was opened */
	struct session_note note;
	map_moved_fn *fn;
	void *arg;
};

struct map {
	int epoll;
	unsigned resolve_ms, connect_ms;
	struct wishes wishes;
	char why[CONTEXT_WHY];
	struct agent agent;
	struct map_request *requests;
	struct session_row *sessions;
	size_t n_sessions, max_sessions;
	uint32_t next_session;
	size_t n_referrers;
	struct eid *referrers;
};

uint64_t context_now(void); /* monotonic ms */
/* Keeps the cause; returns error. */
__attribute__((format(printf, 3, 4))) int context_fail(
    struct map *map, int error, const char *format, ...);
int context_watch(
    struct waiter *waiter, uint32_t events) NONNULL MUST_CHECK; /* adds or changes */
void context_unwatch(struct waiter *waiter) NONNULL;
void context_add(struct map *map, struct map_request *request) NONNULL;
void context_remove(struct map_request *request) NONNULL;
/* Runs the context until *done, or an error of waiting: -MAP_ESYS. */
int context_run(struct map *map, const bool *done) NONNULL MUST_CHECK;

int agent_open(struct map *map) NONNULL MUST_CHECK;
void agent_close(struct map *map) NONNULL;
void agent_start(struct ask *ask) NONNULL; /* map, request, due and fn are set */
void agent_cancel(struct ask *ask) NONNULL; /* one that is not waiting is left alone */
void agent_mark(struct map *map, const struct pair_mark *mark) NONNULL;
/* A frame about the session of that number, if there is room on a connection now. */
bool agent_frame(struct map *map, enum frame_type type, uint32_t number, struct bytes payload) NONNULL;
/* Tells what failed or is due; the earliest time at which to come again, 0: none. */
void agent_process(struct map *map) NONNULL;
uint64_t agent_due(const struct map *map) NONNULL;

/* What the caller wants found: an identity, a name or a reference, and what follows for the agent. */
struct target {
	struct eid id;
	uint16_t flags; /* RESOLVE_* */
	uint16_t port; /* of the reference; 0: none */
};

/* Fails into why of the context. */
int target_read(
    struct map *map, const char *what, unsigned flags, struct target *out) NONNULL MUST_CHECK;
int target_service(struct map *map, const char *service, bool datagrams, uint16_t *port) NONNULL MUST_CHECK;

/* The hint for finding an identity anywhere: "56/id.example.org", or "". */
#define TARGET_HINT (NAME_TEXT + 8)
char *target_hint(const struct eid *id, char text[TARGET_HINT]) NONNULL;

/* Remembers what a session is, with the note for the agent, or NULL: it is none of its business. Without memory it is merely
 * not remembered. */
void sessions_put(struct map *map, int fd, unsigned flags, const struct map_session *info,
    const struct session_note *note) __attribute__((nonnull(1, 4)));
/* The row of a descriptor that is still the session's, or NULL. */
struct session_row *sessions_find(struct map *map, int fd) NONNULL;
/* Rows whose descriptor was closed, or is something else by now, are forgotten. */
void sessions_prune(struct map *map) NONNULL;

/* Tells the agent of all sessions that it was not told of, as far as there is room. */
void watch_note(struct map *map) NONNULL;
void watch_lost(struct map *map) NONNULL; /* the agent is gone: the next one is told anew */
void watch_event(struct map *map, uint32_t number, struct bytes payload) NONNULL;

#endif
