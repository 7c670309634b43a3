/*
 * ledger.h - what this process changed in the kernel's path manager, in a file, so that a killed
 * process's changes can be told from anybody else's and taken back.
 */
#ifndef RESOLVERD_LEDGER_H
#define RESOLVERD_LEDGER_H

#include "resolverd/mptcp.h"

struct ledger;

/*
 * Opens and locks path. Changes it lists for this network namespace that are still in force are
 * undone first. mptcp is borrowed until ledger_close().
 * -MAP_ECONFIG: the file cannot be used (said by diag_error); -MAP_ENOMEM.
 */
int ledger_open(const char *path, struct mptcp *mptcp, struct ledger **out) NONNULL MUST_CHECK;
/* Undoes all it lists and removes the file. NULL allowed. */
void ledger_close(struct ledger *ledger);

/* To be called before the change is made: on disk when they return 0. -MAP_ESPACE, -MAP_ESYS */
int ledger_limits(struct ledger *ledger, const struct mptcp_limits *had,
    const struct mptcp_limits *want) NONNULL MUST_CHECK;
int ledger_put(struct ledger *ledger, const struct mptcp_endpoint *endpoint) NONNULL MUST_CHECK;
/* To be called after the endpoint is gone. */
void ledger_drop(struct ledger *ledger, const struct mptcp_endpoint *endpoint) NONNULL;

/* The endpoints listed, in order; borrowed until the next put or drop. */
size_t ledger_count(const struct ledger *ledger) NONNULL;
const struct mptcp_endpoint *ledger_at(const struct ledger *ledger, size_t i) NONNULL;

#endif
