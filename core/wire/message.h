/*
 * message.h - DNS messages from outside, read strictly.
 * Writing answers is core/wire/reply.h.
 */
#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

#include "core/wire/cursor.h"
#include "core/wire/name.h"
#include "core/wire/rrset.h"

#define HEADER_SIZE 12
#define QUERY_OPTIONS 64 /* of EDNS; a handful is what there are */
#define QUERY_RECORDS 8 /* besides the question: OPT, TSIG, SIG(0), the SOA of IXFR ... */
#define FLAG_QR 0x8000
#define FLAG_AA 0x0400
#define FLAG_TC 0x0200
#define FLAG_RD 0x0100
#define FLAG_RA 0x0080
#define FLAG_AD 0x0020
#define FLAG_CD 0x0010

enum opcode { OPCODE_QUERY = 0, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5, OPCODE_DSO = 6 };
enum rcode {
	RCODE_NOERROR = 0, RCODE_FORMERR = 1, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4, RCODE_REFUSED = 5, RCODE_YXDOMAIN = 6, RCODE_YXRRSET = 7,
	RCODE_NXRRSET = 8, RCODE_NOTAUTH = 9, RCODE_NOTZONE = 10, RCODE_BADVERS = 16,
	RCODE_BADCOOKIE = 23
};
enum section { SECTION_QUESTION, SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL };

struct question {
	struct name name; /* case as it came */
	uint16_t type;
	uint16_t class;
};

/* EDNS of a message (RFC 6891), in reading order of its options. */
struct edns {
	bool present;
	uint8_t version;
	uint8_t extended_rcode;
	bool dnssec_ok;
	uint16_t udp_size;
	struct bytes options; /* borrowed, checked: whole {code, length, value} triples */
};

struct message {
	struct bytes wire;
	uint16_t id;
	uint16_t flags;
	uint16_t count[4];
	struct question question; /* the first; meaningful when count[SECTION_QUESTION] is 1 */
	struct edns edns;
	size_t records_at;  /* offset of the first record after the question section */
};

/* One record of a message. The RDATA is as it stands in the message: see rdata_read(). */
struct record {
	enum section section;
	struct name owner;
	uint16_t type;
	uint16_t class;
	uint32_t ttl;
	struct bytes rdata;
	size_t at; /* offset of the owner name */
};

/*
 * Reads header, question and all records' frames; finds the OPT record. The message borrows
 * wire. 0; -MAP_ETRUNC, -MAP_EFORMAT, -MAP_EJUNK, when message->id and flags are valid if at least
 * HEADER_SIZE octets came. Two OPTs, an OPT elsewhere than in additional or not at the root, a request with
 * more than QUERY_OPTIONS or, but for an UPDATE, QUERY_RECORDS besides its question: -MAP_EFORMAT.
 */
int message_parse(struct bytes wire, struct message *message) NONNULL MUST_CHECK;

static inline enum opcode
message_opcode(const struct message *m)
{
	return (enum opcode)(m->flags >> 11 & 15);
}

static inline unsigned
message_rcode(const struct message *m)
{
	return (m->flags & 15) | (unsigned)m->edns.extended_rcode << 4;
}

/* Walks the records of a message that message_parse() took. */
struct records {
	const struct message *message;
	struct rd rd;
	unsigned section;
	unsigned left;
};

struct records records_of(const struct message *message) NONNULL;
bool records_next(struct records *it, struct record *out) NONNULL;

/*
 * The SIG or TSIG record of a message, which is its last one: 0; -MAP_ENOTFOUND: it has none; -MAP_EFORMAT: two of
 * them, or one elsewhere.
 */
int records_seal(const struct message *message, struct record *out) NONNULL MUST_CHECK;

/* The next option of edns, *at 0 at first; false at the end. */
bool edns_next(const struct edns *edns, size_t *at, uint16_t *code, struct bytes *value) NONNULL;

#endif
