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
	FRAME_RESULT = 2,   /* agent -> client: struct result; of FRAME_REFUSAL: why this client is not served */
	FRAME_CANCEL = 3,   /* client -> agent: id of the request, no payload; no answer */
	FRAME_MARK = 4,     /* client -> agent: struct pair_mark; no answer */
	FRAME_PING = 5,     /* either -> answered by PONG with the same payload (<= 64 octets) */
	FRAME_PONG = 6,
	FRAME_SESSION = 7,  /* client -> agent: struct session_note; id is the client's number for the session,
	                       again: it is by another pair now; no answer */
	FRAME_FORGET = 8,   /* client -> agent: the session of that number is over, no payload; no answer */
	FRAME_DOUBT = 9,    /* client -> agent: the program thinks its pair dead, no payload; no answer */
	FRAME_EVENT = 10,   /* agent -> client: struct session_event of the session of that number */
	FRAME_CONTROL = 16, /* mapctl -> daemon: JSON object {"command": ..., ...} */
	FRAME_ANSWER = 17,  /* daemon -> mapctl: JSON object {"ok": bool, "error": text, ...}; last */
	FRAME_RECORDS = 18, /* zone content, either way: records as frame_record_put() */
	FRAME_END = 19      /* mapctl -> daemon: no more RECORDS */
};

#define FRAME_REFUSAL 0 /* the id of no request */

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
#define RESOLVE_LIVE 0x0080      /* with RESOLVE_PAIRS: probe the best ones first, unless one worked lately */
#define RESOLVE_FLAGS 0x00ff

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

enum session_transport { SESSION_TCP = 1, SESSION_MPTCP = 2, SESSION_UDP = 3 };

/* A session that stands, so that the agent can look after it. */
struct session_note {
	uint8_t transport; /* enum session_transport */
	uint32_t token;    /* MPTCP's for this end; else 0 */
	uint64_t cookie;   /* the kernel's for the socket (SO_COOKIE) */
	uint8_t source[16], destination[16];
	uint16_t source_port, destination_port;
	uint16_t flags; /* RESOLVE_*, without those of single questions */
	struct eid id, local; /* whose session it is; EID_NAME: a name without identity. local as in a request */
	struct wishes wishes;
};
#define SESSION_FLAGS (RESOLVE_ALLOW_INSECURE | RESOLVE_ALLOW_LEGACY | RESOLVE_REQUIRE_PROOF | RESOLVE_TRUSTED_ID)

void session_note_put(struct wr *wr, const struct session_note *note) NONNULL;
int session_note_read(struct bytes payload, struct session_note *out) NONNULL MUST_CHECK;

enum session_event_kind {
#define X(name, number, word) name = number,
#include "core/wire/events.def"
#undef X
};

struct session_event {
	enum session_event_kind kind;
	uint8_t source[16], destination[16]; /* SESSION_MOVE: where to */
	char path[PATH_MAX_TEXT];
	char why[RESULT_WHY];
};

const char *session_event_word(enum session_event_kind kind); /* a static string */
void session_event_put(struct wr *wr, const struct session_event *event) NONNULL;
int session_event_read(struct bytes payload, struct session_event *out) NONNULL MUST_CHECK;

/* Zone content: owner (wire) | u16 type | u32 ttl | u16 length | RDATA (uncompressed). */
void frame_record_put(struct wr *wr, const struct rr *rr) NONNULL;
/* The next record of a RECORDS payload; owner is filled, rdata borrowed. False at the end. */
bool frame_record_read(struct rd *rd, struct name *owner, struct rr *out) NONNULL;

#endif
