/*
 * manage.h - looks after single MPTCP sessions through the userspace path manager: joins, announces and leaves their paths
 * (`paths: manage`; protocol 12). What each needs is decided in managed.c.
 *
 * The kernel's manager knows addresses only, and leaves a dead path when that fell silent in all sessions. Here a path is left
 * in the one session where it is dead, and then in the others, and a peer is found also at addresses that only its mapping has.
 */
#ifndef RESOLVERD_MANAGE_H
#define RESOLVERD_MANAGE_H

#include "core/sys/loop.h"
#include "resolverd/managed.h"
#include "resolverd/paths.h"
#include "resolverd/subflows.h"

struct manage;

/* mptcp and company are borrowed. Takes the sessions over that are there. -MAP_ESYS, -MAP_ENOMEM */
int manage_open(struct loop *loop, struct mptcp *mptcp, const struct paths_company *company,
    struct manage **out) NONNULL MUST_CHECK;
/* Sessions go on with the paths they have. NULL allowed. */
void manage_close(struct manage *manage);

/* This host's addresses, which may have changed; copied. */
void manage_addresses(struct manage *manage, const struct managed_own *own, size_t n) NONNULL;
/* Where a session may be by now, best first, and which of its peer's addresses are given up; both copied. */
void manage_map(struct manage *manage, uint32_t token, const struct paths_places *places) NONNULL;

bool manage_has(const struct manage *manage, uint32_t token) NONNULL;
size_t manage_count(const struct manage *manage) NONNULL;
/* Where the session might be, beside its paths. */
size_t manage_spares(struct manage *manage, uint32_t token, struct prober_way *out, size_t max) NONNULL;
/* A path is dead, as was found out: it is left, where the session has another one, and by the others that it is a path
 * of. probed: it answered probes once, so that its return shows in them; else its handshake is tried, too. */
void manage_lose(struct manage *manage, const struct subflow *flow, bool probed) NONNULL;
/* The same, but it is left at the next manage_lose only. */
void manage_died(struct manage *manage, const struct subflow *flow, bool probed) NONNULL;
/* A path is silent, and so is everything else: whatever lives first is joined. */
void manage_cut(struct manage *manage, const struct subflow *flow) NONNULL;
/* A probe came this way: it may live. Whoever sent it can bring about no more than one handshake in MANAGED_SIGN_MS,
 * and MANAGED_SIGNED in MANAGED_JOINS_MS. */
void manage_sign(struct manage *manage, const struct prober_way *way) NONNULL;

#endif
