/*
 * manage_own.h - what manage.c (sessions, as events tell of them), manage_act.c (what they need is done) and manage_look.c
 * (pairs that died are looked at) share; nobody else's.
 */
#ifndef RESOLVERD_MANAGE_OWN_H
#define RESOLVERD_MANAGE_OWN_H

#include "resolverd/manage.h"

#define MANAGE_PLACES 4096
#define MANAGE_READ_MS 1000 /* between two times that everything is read anew */

enum manage_looks {
	LOOK_CUT, /* at the pairs of sessions that are cut off, in a hurry */
	LOOK_DEAD, /* at pairs that died, with patience: they may be long */
	LOOKS
};

/* Pairs that are probed side by side. */
struct manage_look {
	struct manage *manage;
	struct heartbeat_check *check; /* NULL: none under way */
	struct heartbeat_plan plan;
};

struct manage {
	struct loop *loop;
	struct mptcp *mptcp;
	const struct paths_company *company;
	struct netlink *events, *diag;
	struct watch *watch;
	struct timer *tick, *turn, *reread;
	bool rereads; /* it runs */
	uint64_t read_at; /* ms: when everything was read last */
	bool blind; /* the kernel did not tell then */
	struct ways ways;
	size_t n_own, n;
	struct managed_own own[MANAGED_OWN];
	struct managed *list, *cursor; /* the youngest first; cursor: the next one to be looked at; NULL: none is */
	struct managed *places[MANAGE_PLACES];
	bool again; /* after this round, another one */
	bool waits; /* something has to be tried again */
	bool announces; /* the same of an announcement */
	bool awaits; /* a session waits for its mapping */
	uint64_t tick_at; /* ms: when tick is due; 0: it is not */
	uint64_t sign_rest; /* ms: no sign of life is followed before */
	uint64_t cut, cut_since; /* ms: until when any session is cut off, and since when the latest is */
	uint64_t cut_all; /* ms: when those that have been for long were looked at, too */
	uint32_t rtt_us; /* the longest of those sessions' round trips */
	size_t turns; /* of the sessions that are cut off */
	struct manage_look looks[LOOKS];
};

/* What one session needs now, and what follows from that. */
void manage_act(struct manage *manage, struct managed *m) NONNULL;
/* The same of all, a few in each turn of the loop. */
void manage_sweep(struct manage *manage) NONNULL;
/* The same of those that may have waited for their mapping. */
void manage_act_young(struct manage *manage) NONNULL;
/* The same of all, and what does not stand may be tried again at once, as managed_hurry() has it. */
void manage_hurry(struct manage *manage, const struct prober_way *way) __attribute__((nonnull(1)));
/* A line in the story of the session. */
void manage_tell(struct manage *manage, const struct managed *m, const struct mptcp_path *path, const char *what,
    const char *why) NONNULL;
struct managed_world manage_world(struct manage *manage) NONNULL;
/* Events were lost, or what is there could not be read: it is read anew, soon. Who brings that about shall not have all sessions
 * gone through as often. */
void manage_overrun(struct manage *manage) NONNULL;
/* The loop's timer for that. */
void manage_reread(void *arg);
/* The loop's timer for turns. */
void manage_turned(void *arg);

/* What to look at now: the plan of that look. */
void manage_gather_cut(struct manage *manage, uint64_t now) NONNULL;
void manage_gather_dead(struct manage *manage, uint64_t now) NONNULL;
/* When to look, and to try again, next. */
void manage_plan(struct manage *manage) NONNULL;
/* The loop's timer for that. */
void manage_ticked(void *arg);

#endif
