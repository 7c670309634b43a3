/*
 * priv.h - power given up: user, capabilities, system calls; readiness told.
 */
#ifndef SYS_PRIV_H
#define SYS_PRIV_H

#include <stdbool.h>
#include <sys/types.h>

#define PRIV_BIND_LOW 1u /* ports below 1024: CAP_NET_BIND_SERVICE */
#define PRIV_NET_ADMIN 2u /* addresses, MPTCP endpoints: CAP_NET_ADMIN */

/* The ids of user. -MAP_ECONFIG (no such user), -MAP_ESYS; message in *why (static). */
int priv_user(const char *user, uid_t *uid, gid_t *gid, const char **why);
/*
 * Becomes user (its groups too; NULL, or being that user already: stays) and gives up, unless it is
 * root still, all capabilities but those of keep, PRIV_... together, as far as the process has them.
 * Before the first thread, since capabilities belong to one. Errors as priv_user().
 */
int priv_drop(const char *user, unsigned keep, const char **why);
bool priv_knows_user(const char *user); /* NULL is nobody in particular: true */
/* Refuses (EPERM) what a daemon never needs (exec, ptrace, mount, modules, ...), for good and for all
 * threads started later. Sets no_new_privs. -MAP_ESYS: the kernel has no seccomp; -MAP_ENOMEM */
int priv_seccomp(void);
/* Tells the service manager and the descriptor of --ready-fd (-1: none), closing it. */
void priv_ready(int ready_fd);

#endif
