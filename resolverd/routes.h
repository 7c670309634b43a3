/*
 * routes.h - sessions whose source or route has gone, as soon as the kernel says so (RFC 4177 7.2: link, routing).
 */
#ifndef RESOLVERD_ROUTES_H
#define RESOLVERD_ROUTES_H

#include "resolverd/sessions.h"

struct routes;

/* Follows links, addresses, routes and rules; the sessions are borrowed. -MAP_ESYS, -MAP_ENOMEM */
int routes_open(struct loop *loop, struct sessions *sessions, struct routes **out) NONNULL MUST_CHECK;
void routes_close(struct routes *routes); /* NULL allowed */

#endif
