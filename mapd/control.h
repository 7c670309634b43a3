/*
 * control.h - the control socket (doc/control.md): mapctl's end in mapd.
 */
#ifndef MAPD_CONTROL_H
#define MAPD_CONTROL_H

#include "core/sys/loop.h"
#include "mapd/stats.h"
#include "mapd/store.h"
#include "mapd/writer.h"

struct control; /* owned by main's loop */

/* What only main can do; called in its loop. */
struct control_hooks {
	void *arg;
	/* Ends the program; the answer goes out before the loop ends. */
	void (*stop)(void *arg);
	/* Reads the configuration again; -MAP_E... with why. */
	int (*reload)(void *arg, char *why, size_t max);
	/* The rules in force; borrowed until the loop goes on. */
	const struct rules *(*rules)(void *arg);
	/* Has the parents of zones asked for their DS now. */
	void (*ask_parents)(void *arg);
	/* Sums the counters of all workers. */
	void (*count)(void *arg, uint64_t counters[STAT_COUNT]);
};

struct control_options {
	struct loop *loop;
	const char *path;     /* of the socket; 0660 */
	const char *database; /* directory: what is being sent waits there */
	struct store *store;
	struct writer *writer;
	struct control_hooks hooks;
};

/*
 * Listens, and gives the writer's answers to who waits for them. Strings are copied. -MAP_EEXIST
 * (another mapd listens there), -MAP_ESYS; why says which.
 */
int control_new(
    const struct control_options *options, struct control **out, char *why, size_t max);
/* Closes all; what the writer still has is answered to nobody. NULL allowed. */
void control_free(struct control *control);

#endif
