/*
 * ledgers.h - the ledgers of all resolverds of this machine, in one folder that no configuration
 * moves: whatever the next start is told, it finds what an earlier one left. Those of other network
 * namespaces are not touched, nor is what belongs to a resolverd that is alive.
 */
#ifndef RESOLVERD_LEDGERS_H
#define RESOLVERD_LEDGERS_H

#include "resolverd/ledger.h"

struct ledgers; /* the folder, and this process's ledger in it */

/*
 * Makes a ledger of this process, which inherits what dead ones list. The folder is made when
 * missing, and given to user (NULL: left) when this is root. mptcp is borrowed until ledgers_close().
 * -MAP_ECONFIG: the folder cannot be used, said by diag_error; -MAP_ENOMEM.
 */
int ledgers_open(const char *user, struct mptcp *mptcp, struct ledgers **out)
    __attribute__((nonnull(2, 3))) MUST_CHECK;
struct ledger *ledgers_own(
    struct ledgers *ledgers) NONNULL; /* borrowed until ledgers_close() */

/* Readable when a resolverd may have died; for a watch. -1: it cannot be known, only asked. */
int ledgers_fd(const struct ledgers *ledgers) NONNULL;
void ledgers_drain(struct ledgers *ledgers) NONNULL; /* it is readable no more */
/* The own ledger inherits from the dead; alone: no other resolverd of this namespace is alive. False: another one is at the
 * ledgers; ask again. */
bool ledgers_inherit(struct ledgers *ledgers, bool *alone) NONNULL MUST_CHECK;

/*
 * Leaves all to another resolverd of this namespace that is alive. Without one, takes back what the
 * own ledger lists and what it inherits, but for the endpoints of the n addresses in spared, which
 * stay listed for the next start. *stayed is how many endpoints that are. Then frees.
 */
void ledgers_close(struct ledgers *ledgers, const uint8_t (*spared)[16], size_t n,
    size_t *stayed) __attribute__((nonnull(1, 4)));

/* What ledgers_sweep() came upon. */
struct ledgers_swept {
	unsigned dead; /* ledgers without a process */
	unsigned undone; /* changes taken back */
	bool alive; /* a resolverd of this namespace is: it inherits, nothing was taken back */
};

/* Takes back what dead ledgers of this namespace list. -MAP_EREFUSED: we may not look, errno says
 * why; -MAP_ESYS: not all of it, said by diag_warn; -MAP_ENOMEM. */
int ledgers_sweep(struct ledgers_swept *out) NONNULL MUST_CHECK;

#endif
