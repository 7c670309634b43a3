/*
 * reply.h - writes one answer into the caller's buffer: header, question, records by section with
 * owner names compressed, OPT. Allocates nothing; RRsets go in whole or not at all.
 */
#ifndef WIRE_REPLY_H
#define WIRE_REPLY_H

#include "core/wire/message.h"
#include "core/wire/update.h"

#define REPLY_NAMES 64 /* suffixes remembered as targets of compression pointers */
#define REPLY_UDP_SIZE 1232 /* the largest datagram sent, and what our OPT announces */
#define REPLY_PLAIN_SIZE 512
#define REPLY_OPT 11
#define REPLY_COOKIE 24 /* the client's part and the server's (RFC 7873) */
#define REPLY_AS_STORED UINT32_MAX /* a TTL no record can have (RFC 2181 8) */

enum ede {
	EDE_NONE = -1,
	EDE_OTHER = 0,
	EDE_SIGNATURE_EXPIRED = 7,
	EDE_SIGNATURE_NOT_YET_VALID = 8,
	EDE_NOT_READY = 14,
	EDE_BLOCKED = 15,
	EDE_PROHIBITED = 18,
	EDE_NOT_AUTHORITATIVE = 20,
	EDE_NOT_SUPPORTED = 21,
	EDE_INVALID_DATA = 24
};

struct reply {
	uint8_t *p;
	size_t n; /* written so far */
	size_t limit; /* for records: the OPT record's room is kept free */
	size_t max;
	uint16_t id;
	uint16_t flags;
	uint16_t count[4];
	const struct question *question; /* NULL: none in the answer */
	bool edns;
	bool dnssec_ok;
	bool truncated; /* from here on nothing more goes in */
	int ede; /* enum ede, or EDE_NONE */
	const char *ede_text;
	struct lease_option lease;
	const uint8_t *cookie; /* REPLY_COOKIE octets, or NULL; borrowed until reply_finish() */
	unsigned n_names; /* 0: the question's suffixes are not noted yet */
	struct {
		uint16_t at; /* offset in the message */
		uint8_t n; /* octets of the suffix, uncompressed */
	} names[REPLY_NAMES];
};

/* Records of one owner and type as stored (mapd/node.h): each begins with C0 0C in place of the
 * owner, the RRSIGs follow the records. */
struct reply_set {
	struct bytes wire;
	unsigned records;
	unsigned signatures;
	uint32_t ttl; /* instead of the stored one, or REPLY_AS_STORED */
};

/* A place to go back to. */
struct reply_mark {
	size_t n;
	uint16_t count[4];
	unsigned n_names;
};

/*
 * Starts the answer to query in at most max octets (never more than the client takes: see
 * reply_size()). Copies the question when there is exactly one and it was read. query and buffer are
 * borrowed until reply_finish().
 */
void reply_start(
    struct reply *r, void *buffer, size_t max, const struct message *query) NONNULL;
/* The same for a message of which only id and flags could be read. */
void reply_start_header(
    struct reply *r, void *buffer, size_t max, uint16_t id, uint16_t flags) NONNULL;
/* How large a datagram may be for query. */
size_t reply_size(const struct message *query) NONNULL;

/* What was written until now can be kept while the rest is undone. */
struct reply_mark reply_mark(const struct reply *r) NONNULL;
void reply_undo(struct reply *r, const struct reply_mark *mark) NONNULL;

/*
 * Appends a stored set to a section (sections in order); owner NULL: the question's name. The
 * RRSIGs only with the DO bit. False: it does not fit (or nothing more goes in); nothing is written.
 */
bool reply_put_set(struct reply *r, enum section section, const struct name *owner,
    const struct reply_set *set) MUST_CHECK;
/* Appends one record; nothing is written when it does not fit. */
bool reply_put(struct reply *r, enum section section, const struct rr *rr) NONNULL MUST_CHECK;
/* Something that the client needs does not fit: TC, and nothing more goes in. */
void reply_truncate(struct reply *r) NONNULL;

/* Puts a COOKIE option into the OPT record: before any record, since its room is kept free. */
void reply_cookie(struct reply *r, const uint8_t cookie[REPLY_COOKIE]) NONNULL;
/* Puts a LEASE option into the OPT record, if there is one, in the same way. The option is copied. */
void reply_lease(struct reply *r, const struct lease_option *option) NONNULL;
/*
 * Keeps octets free behind all that reply_finish() writes, for who appends a record to the message: before any
 * record. False: there are not so many; nothing is kept.
 */
bool reply_keep(struct reply *r, size_t octets) NONNULL;
/*
 * Says why in an Extended DNS Error (RFC 8914); text, or NULL, is borrowed until reply_finish(). Its room is not kept:
 * where the text does not fit, the code goes alone, or not even that.
 */
void reply_ede(struct reply *r, enum ede code, const char *text) NONNULL;
/* Writes OPT and header; returns the length of the message. */
size_t reply_finish(struct reply *r, unsigned rcode) NONNULL;

#endif
