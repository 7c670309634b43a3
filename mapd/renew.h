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
	bool any;
	uint32_t resign; /* the first due time, and the first expiry, of what was seen */
	uint32_t expires;
};

/* Starts with the zone most in need, if one needs it at now. */
bool renew_start(struct renew *renew, struct work *work, uint64_t now);
/* Does the next part of the walk in one transaction; walking is false after the last. */
int renew_step(struct renew *renew, struct work *work, uint64_t now);
/*
 * Tells a walk of what was signed meanwhile in its zone, maybe where it has been already: the first times of
 * the new signatures (RFC 1982).
 */
void renew_tell(
    struct renew *renew, const struct name *apex, uint32_t resign, uint32_t expires);
/* Seconds from now until the next zone needs it, at most limit. */
uint64_t renew_wait(struct work *work, uint64_t now, uint64_t limit);

#endif
