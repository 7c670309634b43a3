/*
 * acceptor.h - connections taken from a listening socket, with a pause when descriptors run out.
 */
#ifndef SYS_ACCEPTOR_H
#define SYS_ACCEPTOR_H

#include "core/sys/loop.h"

struct acceptor;

/* The connection, non-blocking and close-on-exec, is the callee's. */
typedef void acceptor_fn(void *arg, int fd);

/* Takes connections of fd (not owned) until acceptor_free(). NULL: out of memory. */
struct acceptor *acceptor_new(struct loop *loop, int fd, acceptor_fn *fn, void *arg);
void acceptor_free(struct acceptor *acceptor); /* NULL allowed */

#endif
