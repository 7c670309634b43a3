/*
 * pulse.h - looks at the sessions as long as any has more than one path, and tells of a silent one.
 */
#ifndef RESOLVERD_PULSE_H
#define RESOLVERD_PULSE_H

#include "core/sys/loop.h"
#include "core/wire/frame.h"
#include "resolverd/heartbeat.h"
#include "resolverd/mptcp.h"
#include "resolverd/watches.h"

struct pulse;

struct pulse_ops {
	/* This host's addresses that can be announced anew; how many were filled. */
	size_t (*own)(void *arg, uint8_t (*list)[16], size_t max);
	/* The path by this local address is silent (silence.h). */
	void (*silent)(void *arg, const uint8_t address[16]);
	/* How the session of this token is watched; NULL: without probes. */
	const struct watch_row *(*watch)(void *arg, uint32_t token);
	/* What became of a session, in words. */
	void (*tell)(void *arg, uint32_t token, const char *words);
	/* What is known of a pair now. */
	void (*mark)(void *arg, const struct pair_mark *mark);
};

/*
 * mptcp is borrowed for its event group only. Where the kernel has no diagnosis of MPTCP sockets
 * *out is NULL, said in one line: the kernel's own timers remain. -MAP_ESYS, -MAP_ENOMEM
 */
int pulse_open(struct loop *loop, const struct mptcp *mptcp, const struct pulse_ops *ops,
    void *arg, struct pulse **out) __attribute__((nonnull(1, 2, 3, 5))) MUST_CHECK;
/* From now on paths that owe acknowledgements are probed, beside the others of their session; NULL: no more. */
void pulse_probe(struct pulse *pulse, struct heartbeat *heartbeat) __attribute__((nonnull(1)));
void pulse_close(struct pulse *pulse); /* NULL allowed */

#endif
