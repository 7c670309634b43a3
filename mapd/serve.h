/*
 * serve.h - one message in, one answer out: a pure function of the snapshot, the zones and the
 * configuration. Knows no sockets.
 */
#ifndef MAPD_SERVE_H
#define MAPD_SERVE_H

#include "core/wire/eid.h"
#include "mapd/apexes.h"
#include "mapd/chaos.h"
#include "mapd/cookies.h"
#include "mapd/stats.h"
#include "mapd/store.h"
#include "mapd/zone.h"

#define SERVE_UDP_MAX 1232 /* what a datagram's buffer must hold */
#define SERVE_TCP_MAX 65535
#define SERVE_LATER SIZE_MAX /* an answer's length: it comes when the update is done */
#define SERVE_TCP_ADDITIONAL 4096 /* protocol 5: additional data only up to here */

struct updates;
struct way;
struct datagram;

enum transport { TRANSPORT_UDP, TRANSPORT_TCP };

/* owned by one worker; what it points to is borrowed */
struct serve {
	struct snapshot *snap; /* taken; NULL: the database cannot be read */
	const struct zones *zones;
	struct stats *stats;
	const struct realm *realms; /* prefix of identities -> where they are looked up */
	size_t n_realms;
	const struct apexes *apexes; /* zones of the configuration; NULL: none */
	const struct chaos *chaos; /* NULL: nothing is said of this server */
	const struct cookies *cookies; /* NULL: none are made */
	const struct updates *updates; /* NULL: none are taken */
	uint64_t now; /* seconds since 1970 */
	uint64_t us; /* of a clock that only goes on */
};

/* Who asks, and how. */
struct asker {
	enum transport transport;
	struct bytes address; /* 4 or 16 octets */
	/* where an answer goes that comes later; not for serve() */
	struct way *way;
	const struct datagram *datagram; /* UDP */
};

/*
 * Answers wire in out, which has room for SERVE_UDP_MAX or SERVE_TCP_MAX octets; 0: say nothing. SERVE_LATER: an
 * update, copied and passed on (mapd/update.h).
 */
size_t serve(
    const struct serve *s, const struct asker *asker, struct bytes wire, uint8_t *out) NONNULL;

#endif
