/*
 * request.h - what clients want resolved: from the cache, or by one look-up for all who ask the same.
 */
#ifndef RESOLVERD_REQUEST_H
#define RESOLVERD_REQUEST_H

#include "resolverd/agent.h"

struct requests;
struct ticket; /* one client's wait */

/* payload of FRAME_RESULT, borrowed until it returns; the ticket is gone. */
typedef void ticket_fn(void *arg, struct bytes payload);

struct requests *requests_new(struct agent *agent); /* NULL: out of memory */
void requests_free(struct requests *requests); /* NULL allowed; no callback is called */

/*
 * Either *now is the payload, borrowed until the next call, or *out waits and fn will be called
 * once, not before this returns. -MAP_ENOMEM.
 */
int requests_ask(struct requests *requests, const struct resolve_request *request, ticket_fn *fn,
    void *arg, struct bytes *now, struct ticket **out) NONNULL MUST_CHECK;
void ticket_cancel(struct ticket *ticket); /* fn is not called; NULL allowed */

/* The payload that says error with its cause; borrowed until the next call. */
struct bytes requests_error(
    struct requests *requests, const struct resolve_request *request, int error, const char *why)
    NONNULL;
/* After agent->resolver was replaced: what is in flight begins anew with the new one. */
void requests_restart(struct requests *requests) NONNULL;

#endif
