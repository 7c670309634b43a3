/*
 * returns.h - pairs that were left because they were dead: looked at until they answer again, ever more seldom, and told of then.
 */
#ifndef RESOLVERD_RETURNS_H
#define RESOLVERD_RETURNS_H

#include "resolverd/heartbeat.h"
#include "resolverd/hold.h"

struct returns;

struct returns_ops {
	/* The pair answers again; or not, and nobody knows, since its peer answers no probes: it may be tried. False: it is to be told of
	 * again at the next look, as it cannot be used now. */
	bool (*returned)(void *arg, const struct prober_way *way, bool answers);
	/* Whether a session would use it. For a pair that none would for WAYS_UNASKED looks there are no more. */
	bool (*wanted)(void *arg, const struct prober_way *way);
};

/* heartbeat and ops are borrowed; heartbeat NULL: nothing can be probed. -MAP_ENOMEM */
int returns_open(struct loop *loop, struct heartbeat *heartbeat, const struct hold_rule *rule,
    const struct returns_ops *ops, void *arg, struct returns **out) __attribute__((nonnull(1, 3, 4, 6))) MUST_CHECK;
void returns_close(struct returns *returns); /* NULL allowed */

/* It was left. probed: its peer answers probes elsewhere. */
void returns_left(struct returns *returns, const struct prober_way *way, bool probed) NONNULL;
/* It may have been: it is looked at as what was. */
void returns_seek(struct returns *returns, const struct prober_way *way, bool probed) NONNULL;
/* A path by this local address has ended: its peer may have left it. */
void returns_ended(struct returns *returns, const uint8_t local[16]) __attribute__((nonnull(2)));
void returns_unheard(struct returns *returns, const uint8_t local[16]) __attribute__((nonnull(2))); /* or may have */
/* It is offered, so that those who are by it leave it: such an end is none. */
void returns_offered(struct returns *returns, const uint8_t local[16]) __attribute__((nonnull(2)));
/* Of a local address that some sessions are by and others are not: whether it was offered to these often enough, since a path by it was left
 * or has ended. The kernel may be unable to join, and each time costs the first ones. */
bool returns_spent(const struct returns *returns, const uint8_t local[16]) __attribute__((nonnull(2)));
void returns_spend(struct returns *returns, const uint8_t local[16]) __attribute__((nonnull(2))); /* once more */
/* A peer has probed it, as who left it does: where a path by its local address ended it is told of as returned, if it is wanted; not too
 * often, as the probe may be made up. Here and above, where an address is given: returns NULL allowed. */
void returns_sign(struct returns *returns, const struct prober_way *way) __attribute__((nonnull(2)));

#endif
