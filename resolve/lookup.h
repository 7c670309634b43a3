/*
 * lookup.h - one look-up from beginning to end: name -> identity -> locators -> reverse, with a
 * verdict for every edge (protocol 6). Used by resolverd (with its cache before it) and by mapdig.
 */
#ifndef RESOLVE_LOOKUP_H
#define RESOLVE_LOOKUP_H

#include "core/sys/loop.h"
#include "core/wire/frame.h"
#include "core/wire/result.h"

struct resolver; /* libunbound contexts, the local table, serials and digests seen */
struct lookup;   /* one look-up in flight */

struct resolver_stub {
	struct name zone;
	const char *const *servers; /* "ADDR@PORT" */
	size_t n;
};

/* Every answer as it came, for mapdig +chain; all borrowed until it returns. packet may be empty. */
typedef void chain_fn(void *arg, const struct name *name, uint16_t type, const struct edge *edge,
    struct bytes packet);

struct resolver_options {
	const char *const *anchors; /* trust anchor files (DS or DNSKEY, master-file text) */
	size_t n_anchors;
	const struct resolver_stub *stubs;
	size_t n_stubs;
	const char *const *forwarders; /* "ADDR@PORT"; none: resolve from the root */
	size_t n_forwarders;
	const struct realm *realms;
	size_t n_realms;
	bool private_locators;
	unsigned try_ms; /* one upstream try; 0: 1500 */
	chain_fn *chain; /* NULL: none */
	void *chain_arg;
	/* This host's addresses that name servers may be asked by where the one that the kernel chooses seems of no use; how many were
	 * filled. NULL: none */
	size_t (*sources)(void *arg, uint8_t (*list)[16], size_t max);
	void *sources_arg;
};

/* Opens and tests itself; -MAP_ECONFIG or -MAP_ESYS with why (a bad anchor file is named). What
 * options point at is borrowed until it is closed. */
int resolver_open(struct loop *loop, const struct resolver_options *options, struct resolver **out,
    char *why, size_t max);
/* Gives heir what was seen of identities (serials, keys, revocations): a reload forgets nothing. */
void resolver_bequeath(struct resolver *resolver, struct resolver *heir) NONNULL;
void resolver_close(struct resolver *resolver); /* NULL allowed; look-ups in flight are cancelled */

/* result is borrowed until the callback returns; it is called once, never from lookup_start(). */
typedef void lookup_fn(void *arg, const struct result *result);

/* Who is told. load counts the questions that are asked upstream for him; they may outlive the look-up,
 * and load stays until it is 0 again or the resolver is closed. */
struct lookup_asker {
	lookup_fn *fn;
	void *arg;
	size_t *load;
};

/* Whether somebody of this load may start one: he may not have more questions in flight than he leaves
 * to others. Without room a look-up ends with MAP_ESERVER. */
bool resolver_has_room(const struct resolver *resolver, size_t load);
/* Starts one; request->flags RESOLVE_*; ends by request->deadline ms (0: 5000) with MAP_ETIMEOUT.
 * -MAP_EUSAGE: legacy was allowed and proof required at once. */
int lookup_start(struct resolver *resolver, const struct resolve_request *request,
    const struct lookup_asker *asker, struct lookup **out) MUST_CHECK;
void lookup_cancel(struct lookup *lookup); /* the callback is not called */

#endif
