/*
 * exchange.h - one message to a server and its answer, over TCP or UDP, with a deadline.
 * What is repeated is always the identical message: a server that has taken it answers as before (protocol 8).
 */
#ifndef REGISTER_EXCHANGE_H
#define REGISTER_EXCHANGE_H

#include "core/sys/loop.h"
#include "core/sys/sock.h"

struct exchange;

struct exchange_ops {
	/* A message came, borrowed: whether it is the answer. Then the exchange is over (and exchange_free() may
	 * not be called from here). */
	bool (*came)(void *arg, struct bytes wire);
	/* Whether came() took one, or none is to be waited for any longer: why is NULL, or says what stood in the
	 * way. The last call; exchange_free() may be called. */
	void (*done)(void *arg, const char *why);
};

struct exchange_options {
	struct addr server;
	bool datagram; /* UDP */
	uint64_t deadline; /* ms */
};

/* wire is copied. NULL: out of memory. What goes wrong at once is told from the loop, like all else. */
struct exchange *exchange_new(struct loop *loop, const struct exchange_options *options,
    struct bytes wire, const struct exchange_ops *ops, void *arg) NONNULL;
void exchange_free(struct exchange *exchange); /* NULL allowed; done() is not called any more */

#endif
