/*
 * frame.h - the frames on the Unix sockets: libmap and mapdig to resolverd, mapctl to both daemons.
 * A frame: u32 length of what follows | u8 version | u8 type | u16 flags | u32 id | payload.
 */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include "core/wire/cursor.h"
#include "core/wire/result.h"
#include "core/wire/wishes.h"

#define FRAME_VERSION 1
#define FRAME_HEADER 12
#define FRAME_MAX (1u << 20) /* header included; longer is -MAP_EFORMAT and the connection ends */

enum frame_type {
	FRAME_RESOLVE = 1,  /* client -> agent: struct resolve_request */
	FRAME_RESULT = 2,   /* agent -> client: struct result */
	FRAME_CANCEL = 3,   /* client -> agent: id of the request, no payload; no answer */
	FRAME_MARK = 4,     /* client -> agent: struct pair_mark; no answer */
	FRAME_PING = 5,     /* either -> answered by PONG with the same payload (<= 64 octets) */
	FRAME_PONG = 6,
	FRAME_CONTROL = 16, /* mapctl -> daemon: JSON object {"command": ..., ...} */
	FRAME_ANSWER = 17,  /* daemon -> mapctl: JSON object {"ok": bool, "error": text, ...}; last */
	FRAME_RECORDS = 18, /* zone content, either way: records as frame_record_put() */
	FRAME_END = 19      /* mapctl -> daemon: no more RECORDS */
};

struct frame {
	uint8_t type;
	uint16_t flags;
	uint32_t id;
	struct bytes payload;
};

/* One frame out of a stream buffer: octets it took; 0: not whole yet; -MAP_EFORMAT. */
int frame_read(struct bytes stream, struct frame *out) NONNULL MUST_CHECK;
/* Starts a frame; frame_end() sets its length. */
size_t frame_start(struct wr *wr, uint8_t type, uint16_t flags, uint32_t id) NONNULL;
void frame_end(struct wr *wr, size_t started) NONNULL;

#define RESOLVE_ALLOW_INSECURE 0x0001
#define RESOLVE_ALLOW_LEGACY 0x0002
#define RESOLVE_REQUIRE_PROOF 0x0004
#define RESOLVE_REVERSE 0x0008   /* also ask locator -> identity */
#define RESOLVE_PAIRS 0x0010     /* rank pairs of source and destination */
#define RESOLVE_FRESH 0x0020     /* past the cache, within the limits of protocol 6 */
#define RESOLVE_TRUSTED_ID 0x0040 /* the identity itself came from a trusted source: the caller or
                                     a signed reference */
#define RESOLVE_FLAGS 0x007f

struct resolve_request {
	uint16_t flags;
	uint32_t deadline; /* ms; 0: the agent's default */
	struct eid id;     /* EID_NAME: a name; its EPID set is asked first */
	struct eid local;  /* with RESOLVE_PAIRS: an identity of this host, whose locators alone are
	                      sources, in its own order; EID_NONE: any address is */
	struct wishes wishes; /* with RESOLVE_PAIRS */
};

void resolve_request_put(struct wr *wr, const struct resolve_request *r) NONNULL;
int resolve_request_read(struct bytes payload, struct resolve_request *out) NONNULL MUST_CHECK;

/* What became of a pair that was tried. */
struct pair_mark {
	uint8_t source[16];
	uint8_t destination[16];
	bool worked;
	uint32_t rtt_us;
};

void pair_mark_put(struct wr *wr, const struct pair_mark *m) NONNULL;
int pair_mark_read(struct bytes payload, struct pair_mark *out) NONNULL MUST_CHECK;

/* Zone content: owner (wire) | u16 type | u32 ttl | u16 length | RDATA (uncompressed). */
void frame_record_put(struct wr *wr, const struct rr *rr) NONNULL;
/* The next record of a RECORDS payload; owner is filled, rdata borrowed. False at the end. */
bool frame_record_read(struct rd *rd, struct name *owner, struct rr *out) NONNULL;

#endif
