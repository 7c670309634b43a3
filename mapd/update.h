/*
 * update.h - an UPDATE as it comes (protocol 8): judged by all that costs no public-key work, then passed on.
 * Knows no sockets.
 */
#ifndef MAPD_UPDATE_H
#define MAPD_UPDATE_H

#include "core/wire/reply.h"
#include "mapd/charter.h"
#include "mapd/admission.h"
#include "mapd/serve.h"

/* Of who signs with SIG(0). */
#define UPDATE_OCTETS 8192
#define UPDATE_RECORDS 64 /* changes, and as many prerequisites */
#define UPDATE_AHEAD 60 /* seconds that an inception may lie ahead */
#define UPDATE_SPAN 900 /* seconds from inception to expiration */

/* Why an update goes no further: a row of update.def. */
enum update_refusal {
#define X(name, word, rcode, ede, text, stat, told) UPDATE_##name,
#include "mapd/update.def"
#undef X
	UPDATE_REFUSALS
};

struct update_row {
	struct policy_rule rule; /* so that a verdict can point to it */
	enum stat stat;
	bool told;
};
extern const struct update_row update_rows[UPDATE_REFUSALS];

/* What a worker has looked at in this slice of time, of datagrams of who has shown no cookie of ours. */
struct update_flood {
	uint64_t slice;
	unsigned n[2]; /* without a cookie at all; with a client's, who is to get ours */
};

/* Owned by one worker; what it points to is borrowed. */
struct updates {
	const struct charters *charters;
	struct admission *admission; /* NULL: the server is stopping */
	/* Remembers who asks, with the cookie of the answer or NULL: the proposal's origin. NULL: out of memory. */
	void *(*remember)(const struct asker *asker, const uint8_t *cookie);
	void (*forget)(void *origin);
	void (*done)(struct proposal *list);
	struct update_flood *flood; /* NULL: all datagrams are looked at */
};

/* What is known of the message's cookie (RFC 7873). */
struct update_cookie {
	bool known; /* its server's part was made here */
	const uint8_t *both; /* what the answer has; NULL: the client sent none */
};

/*
 * Whether this datagram is one too many now, and to be dropped. Asked before it is read (cookie NULL: only of those
 * that have no room for a cookie beside a signature), and of the others again when their cookie is known.
 */
bool update_is_flood(const struct serve *s, struct bytes wire,
    const struct update_cookie *cookie) __attribute__((nonnull(1)));
/* Whether it is worth reading: short, or under a key of a name that we have. */
bool update_reads(const struct updates *updates, struct bytes wire) NONNULL;
/*
 * Judges an UPDATE, whose answer was started in r; m is NULL when it could not be read, or reads is false: it was not
 * worth it. Returns the answer's length, or SERVE_LATER when it was passed on: the answer comes by updates->done.
 */
size_t update_handle(const struct serve *s, const struct asker *asker, const struct message *m,
    bool reads, const struct update_cookie *cookie, struct reply *r);

/* Whether it is too much for who signs with SIG(0), in a message of so many octets. */
bool update_is_large(const struct update *update, size_t octets) NONNULL;
/* The counter of a verdict. */
enum stat update_stat(const struct verdict *verdict) NONNULL;
/* Says in the log that an update was not done; with others, left out when there are many. */
void update_log(struct admission *admission, const struct proposal *proposal, uint64_t now) NONNULL;

#endif
