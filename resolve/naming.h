/*
 * naming.h - from a name to identities: EPID first, then what protocol 6 allows in its absence.
 */
#ifndef RESOLVE_NAMING_H
#define RESOLVE_NAMING_H

#include "resolve/resolver.h"

struct naming {
	struct inquiry *inquiry;
	struct name asked;
	bool from_locator; /* asked is the reverse name of self; it may be an identity itself */
	struct eid self;
	/* the outcome */
	enum result_kind kind;
	struct edge edge;   /* name -> identity */
	bool strong;        /* identities came from a secure EPID */
	int error;          /* why there is none, -MAP_E... */
	size_t n;
	struct epid identities[RESULT_IDENTITIES]; /* best first */
	/* a legacy name's addresses, with the edge that vouches for them */
	struct edge address_edge;
	size_t n_addresses;
	uint8_t addresses[MAPPING_LOCATORS][16];
};

/* Puts all questions of name at once. 0, -MAP_ENOMEM. */
int naming_start(struct naming *naming, struct inquiry *inquiry, const struct name *asked) NONNULL MUST_CHECK;
/* The same for an address that may be an identity or only a locator. */
int naming_start_locator(struct naming *naming, struct inquiry *inquiry, const struct eid *id) NONNULL MUST_CHECK;
/* Goes on as far as the answers allow; true when done. */
bool naming_step(struct naming *naming) NONNULL;
void naming_give_up(struct naming *naming) NONNULL;

/* EPID RDATA as identities, best first, at most RESULT_IDENTITIES. -MAP_EFORMAT; -MAP_EUNKNOWN:
 * none of a known form. */
int naming_read(const struct bytes *rdata, size_t n, struct epid *out, size_t *n_out) NONNULL MUST_CHECK;

#endif
