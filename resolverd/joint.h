/*
 * joint.h - what one client gets: its peer looked up, and ranked into pairs for it, for which an identity of this host
 * may have to be looked up beside.
 */
#ifndef RESOLVERD_JOINT_H
#define RESOLVERD_JOINT_H

#include "resolverd/request.h"

struct joints; /* room to rank in; owned by the loop's thread */
struct joint;  /* one client's wait */

struct joints *joints_new(struct agent *agent); /* NULL: out of memory */
void joints_free(struct joints *joints);        /* NULL allowed; after all that wait are cancelled */

/* As requests_ask(), with the pairs that the request asks for. */
int joint_ask(struct joints *joints, const struct resolve_request *request, const struct request_asker *asker,
    struct bytes *now, struct joint **out) NONNULL MUST_CHECK;
void joint_cancel(struct joint *joint); /* fn is not called; NULL allowed */

#endif
