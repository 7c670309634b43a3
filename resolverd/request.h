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

/* Who is told, and in whose account a look-up is. */
struct request_asker {
	struct account *account;
	ticket_fn *fn;
	void *arg;
};

struct requests *requests_new(struct agent *agent); /* NULL: out of memory */
void requests_free(struct requests *requests); /* NULL allowed; no callback is called */

/*
 * Either *now is the payload, borrowed until the next call, or *out waits and fn will be called
 * once, not before this returns. -MAP_ENOMEM.
 */
int requests_ask(struct requests *requests, const struct resolve_request *request,
    const struct request_asker *asker, struct bytes *now, struct ticket **out)
    __attribute__((nonnull(1, 2, 3, 4, 5))) MUST_CHECK;
void ticket_cancel(struct ticket *ticket); /* fn is not called; NULL allowed */

/* The payload that says error with its cause; borrowed until the next call. */
struct bytes requests_error(
    struct requests *requests, const struct resolve_request *request, int error, const char *why)
    NONNULL;
/* When agent->resolver is replaced: what is in flight leaves the old one, and when that was closed,
 * begins anew with the new one. */
void requests_halt(struct requests *requests) NONNULL;
void requests_restart(struct requests *requests) NONNULL;

#endif
