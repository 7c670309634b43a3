/*
 * errand.h - an update on its way, as the worker that took it remembers it: where its answer goes, and that answer.
 * All is owned by one worker, but for errands_done().
 */
#ifndef MAPD_ERRAND_H
#define MAPD_ERRAND_H

#include "core/sys/sock.h"
#include "mapd/update.h"

struct errand;

/* Where answers go that come later: part of a socket for datagrams, and of a connection. */
struct way {
	/* Takes an answer of n octets at message, which has room for two more in front of it. */
	void (*send)(struct way *way, const struct datagram *to, uint8_t *message, size_t n);
	/* Those that came together were all given; errands are fewer than before. */
	void (*flush)(struct way *way);
	struct errands *owner;
	struct errand *errands; /* not answered yet */
	unsigned n;
	struct way *next; /* to be flushed */
	bool touched, ended;
};

struct errands_options {
	struct loop *loop;
	struct stats *stats;
	/* Sends a probe; false: there is no socket of the address's family. */
	bool (*probe)(void *arg, const struct addr *to, struct bytes probe);
	void (*turn)(void *arg); /* between answers: others may have theirs */
	void *arg;
};

/* -MAP_ENOMEM */
int errands_new(const struct errands_options *options, struct errands **out) NONNULL MUST_CHECK;
/* Nobody else has any of its proposals any more, and all ways have ended. NULL allowed. */
void errands_free(struct errands *errands);
/* Whose log and probes are used from now on, borrowed; NULL: none. */
void errands_set(struct errands *errands, struct admission *admission);
/* Answers what has come back until now. */
void errands_answer(struct errands *errands) NONNULL;
/* Nothing can be sent by it any more; its errands go on without it. It is no longer used after the loop's next round. */
void way_end(struct way *way) NONNULL;

/* For struct updates. */
void *errand_remember(const struct asker *asker, const uint8_t *cookie) MUST_CHECK;
void errand_forget(void *origin) NONNULL;
/* From any thread: each of the list goes back to the worker that took it. */
void errand_done(struct proposal *list);

#endif
