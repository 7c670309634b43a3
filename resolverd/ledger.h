/*
 * ledger.h - what one process changed in the kernel's path manager, in a file, so that a killed
 * process's changes can be told from anybody else's and taken back. The process that made it holds
 * a lock on it, and nothing else does: who has no lock is dead.
 */
#ifndef RESOLVERD_LEDGER_H
#define RESOLVERD_LEDGER_H

#include "resolverd/mptcp.h"

#define LEDGER_ENDPOINTS 64 /* that one process sets */
#define LEDGER_NEW "new" /* the file that ledger_create() makes one out of */

struct ledger;

/* Which network namespace, of all there have been: the kernel's cookie of it, never given twice
 * while the machine is up (its inode is), and which time of being up. */
struct ledger_home {
	char boot[40];
	uint64_t cookie;
};

/* This process's own. -MAP_ESYS with errno */
int ledger_home_get(struct ledger_home *out) NONNULL MUST_CHECK;

/*
 * Makes name in folder, locked, with room for all it may ever list, so that a full disk is seen
 * now. It is there whole or not at all. The caller sees to it that nobody else makes one in folder
 * meanwhile. -MAP_ESYS with errno, -MAP_ENOMEM.
 */
int ledger_create(int folder, const char *name, const struct ledger_home *home,
    struct ledger **out) NONNULL MUST_CHECK;
/*
 * Opens another's for reading. -MAP_EEXIST: its process is alive; -MAP_EFORMAT: damaged, *out has
 * what could be read of it (its home's cookie is 0 when not even that); -MAP_ESYS, -MAP_ENOMEM.
 */
int ledger_open(int folder, const char *name, struct ledger **out) NONNULL MUST_CHECK;
void ledger_free(
    struct ledger *ledger); /* closes, and so unlocks; undoes nothing. NULL allowed */

int ledger_fd(const struct ledger *ledger) NONNULL; /* borrowed */
const struct ledger_home *ledger_home(const struct ledger *ledger) NONNULL;

/*
 * heir answers from now on for what dead lists and is in force, without a change in the kernel.
 * -MAP_ESYS, -MAP_ESPACE: not for all of it; dead is still needed.
 */
int ledger_inherit(
    struct ledger *heir, const struct ledger *dead, struct mptcp *mptcp) NONNULL MUST_CHECK;
/*
 * Takes back what still stands as it was set; what somebody changed since is his. Endpoints of the
 * n addresses in spared stay, and stay listed. *undone is how much was taken back. -MAP_ESYS: not
 * all that should have been; what failed stays listed.
 */
int ledger_undo(struct ledger *ledger, struct mptcp *mptcp, const uint8_t (*spared)[16],
    size_t n, unsigned *undone) __attribute__((nonnull(1, 2, 5))) MUST_CHECK;

/* To be called before the change is made: in the file when they return 0. -MAP_ESPACE, -MAP_ESYS.
 * had is what is in force; if that was inherited, what stood before it is kept as what was had. */
int ledger_limits(struct ledger *ledger, const struct mptcp_limits *had,
    const struct mptcp_limits *want) NONNULL MUST_CHECK;
/* What stood before that which this process, or one it inherits from, set and which still stands; else now: the manager, and both
 * limits together. */
struct mptcp_limits ledger_before(const struct ledger *ledger, const struct mptcp_limits *now) NONNULL;
int ledger_put(struct ledger *ledger, const struct mptcp_endpoint *endpoint) NONNULL MUST_CHECK;
/* To be called after the endpoint is gone, or somebody else's. */
void ledger_drop(struct ledger *ledger, const struct mptcp_endpoint *endpoint) NONNULL;

/* The endpoints listed; a put goes to the end, a drop moves the last. Borrowed until the next. */
size_t ledger_count(const struct ledger *ledger) NONNULL;
const struct mptcp_endpoint *ledger_at(const struct ledger *ledger, size_t i) NONNULL;

#endif
