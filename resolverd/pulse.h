/*
 * pulse.h - looks at the sessions as long as any has more than one path, and tells of a silent one.
 */
#ifndef RESOLVERD_PULSE_H
#define RESOLVERD_PULSE_H

#include "core/sys/loop.h"
#include "resolverd/manage.h"
#include "resolverd/mptcp.h"

struct pulse;

struct pulse_ops {
	/* This host's addresses that can be announced anew; how many were filled. */
	size_t (*own)(void *arg, uint8_t (*list)[16], size_t max);
	/* What uses this local address is to leave it, and nobody comes by it until it is renewed; why is a static string. */
	void (*keep_back)(void *arg, const uint8_t address[16], const char *why);
	bool (*is_kept)(void *arg, const uint8_t address[16]);
	/* What uses this local address is to leave it, and whoever can is to come by it anew; accepts: somebody listens here, or
	 * sessions were accepted; why is a static string. */
	void (*renew)(void *arg, const uint8_t address[16], bool accepts, const char *why);
	/* From now on somebody does, or one was. */
	void (*accepts)(void *arg);
};

/*
 * mptcp is borrowed for its event group only. Where the kernel has no diagnosis of MPTCP sockets
 * *out is NULL, said in one line: the kernel's own timers remain. -MAP_ESYS, -MAP_ENOMEM
 */
int pulse_open(struct loop *loop, const struct mptcp *mptcp, const struct pulse_ops *ops,
    void *arg, struct pulse **out) __attribute__((nonnull(1, 2, 3, 5))) MUST_CHECK;
/*
 * From now on paths that owe acknowledgements are probed, beside the others of their session, by company->heartbeat, if there
 * is one; and sessions that manage has (NULL: none) have their paths left one by one. All borrowed.
 */
int pulse_attend(struct pulse *pulse, const struct paths_company *company, struct manage *manage)
    __attribute__((nonnull(1, 2))) MUST_CHECK; /* -MAP_ENOMEM */
/* A peer of a session has probed this way: where a session is no more by its local address that is offered anew. warns: another path of it is
 * silent: those that are so from here are probed. */
void pulse_sign(struct pulse *pulse, const struct prober_way *way, bool warns) NONNULL;
void pulse_close(struct pulse *pulse); /* NULL allowed */

#endif
