/*
 * priv.h - power given up: user, capabilities, system calls; readiness told.
 */
#ifndef SYS_PRIV_H
#define SYS_PRIV_H

#include <stdbool.h>

/* Becomes user (its groups too), keeping CAP_NET_BIND_SERVICE, and CAP_NET_ADMIN when asked, as far
 * as the process has them. NULL, or being that user already: nothing. Before the first thread, since
 * capabilities belong to one. -MAP_ESYS, -MAP_ECONFIG (no such user), message in *why (static). */
int priv_drop(const char *user, bool keep_net_admin, const char **why);
bool priv_knows_user(const char *user); /* NULL is nobody in particular: true */
/* Refuses (EPERM) what a daemon never needs (exec, ptrace, mount, modules, ...), for good and for all
 * threads started later. Sets no_new_privs. -MAP_ESYS: the kernel has no seccomp; -MAP_ENOMEM */
int priv_seccomp(void);
/* Tells the service manager and the descriptor of --ready-fd (-1: none), closing it. */
void priv_ready(int ready_fd);

#endif
