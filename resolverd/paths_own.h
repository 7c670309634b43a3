/*
 * paths_own.h - what paths.c (when something is done) and paths_offer.c (endpoints) share; nobody else's.
 */
#ifndef RESOLVERD_PATHS_OWN_H
#define RESOLVERD_PATHS_OWN_H

#include "resolverd/ledgers.h"
#include "resolverd/manage.h"
#include "resolverd/mptcp.h"
#include "resolverd/paths.h"
#include "resolverd/pulse.h"

struct paths {
	struct paths_options options; /* realms is the one below, user is not kept */
	struct realm *realms;
	struct mptcp *mptcp;
	struct netlink *route; /* for asking */
	struct netlink *events; /* for hearing */
	struct watch *watch, *others;
	struct timer *settle;
	bool settles; /* it runs, and soon */
	struct pulse *pulse;
	struct manage *manage; /* NULL: the kernel manages all sessions */
	struct paths_company company;
	struct ledgers *ledgers; /* NULL: nothing is set here */
	struct ledger *ledger; /* the own of them */
	bool heir; /* of others, who may have managed sessions */
	bool quiet; /* an address is not announced that is to be when somebody listens: */
	bool accepts; /* somebody does ... */
	uint64_t accepts_ms; /* ... and whether it is in use still is looked at after so long */
	bool kept[MPTCP_ENDPOINTS + 1]; /* by its number, where the endpoint has no flags: until it is renewed */
	char note[192];
};

/* The endpoints are as the addresses are now. -MAP_ESYS */
int paths_sync(struct paths *paths) NONNULL MUST_CHECK;

/* They are to be, soon. Events without end do not put it off. */
void paths_settle(struct paths *paths) NONNULL;

/* As in struct pulse_ops. */
void paths_renew(void *arg, const uint8_t address[16], bool accepts, const char *why);
void paths_keep_back(void *arg, const uint8_t address[16], const char *why);
bool paths_is_kept(void *arg, const uint8_t address[16]);
size_t paths_own(void *arg, uint8_t (*list)[16], size_t max);

#endif
