/*
 * renew.h - signatures renewed before they expire, a few names at a time.
 */
#ifndef MAPD_RENEW_H
#define MAPD_RENEW_H

#include "mapd/work.h"

/* A walk through one zone; owned by the writer thread. */
struct renew {
	bool walking;
	struct name apex;
	uint32_t id;
	enum table table; /* TABLE_NODES, then TABLE_DENIAL */
	size_t key_n; /* the last key looked at; 0: none of this table yet */
	uint8_t key[NODE_KEY];
	uint64_t until; /* what must be renewed before that is renewed now */
	uint64_t renewed; /* sets, so far */
	uint64_t since; /* that the phase of the zone's roll lasts; 0: none */
	bool walked; /* to the end */
	bool any;
	uint32_t resign; /* the first due time, and the first expiry, of what was seen */
	uint32_t expires;
};

/* Whether there are signatures that are due at now. */
bool renew_is_due(struct work *work, uint64_t now);
/* Starts with the zone most in need, if one needs it at now; else with one whose roll does. */
bool renew_start(struct renew *renew, struct work *work, uint64_t now);
/* Does the next part of the walk in one transaction; walking is false after the last. */
int renew_step(struct renew *renew, struct work *work, uint64_t now);
/*
 * Tells a walk of what was signed meanwhile in its zone, maybe where it has been already: the first times of
 * the new signatures (RFC 1982).
 */
void renew_tell(
    struct renew *renew, const struct name *apex, uint32_t resign, uint32_t expires);
/* The same of its keys: whatever roll goes on now, this walk has not seen all for it. */
void renew_tell_keys(struct renew *renew, const struct name *apex);
/*
 * Brings the zone's own name to what keys say (DNSKEY, CDS, CDNSKEY), with one more serial; zone is brought
 * up to date, its row is the caller's. On an error the change cannot be used.
 */
int renew_apex(struct work *work, struct change *change, const struct keyset *keys,
    struct zone *zone, uint64_t now) NONNULL MUST_CHECK;
/* Seconds from now until the next zone needs it, at most limit. */
uint64_t renew_wait(struct work *work, uint64_t now, uint64_t limit);

#endif
