/*
 * frame.c - the frames on the Unix sockets, read strictly and written.
 * Knows their octets; knows nothing of sockets, nor of what a daemon does with them.
 */
#include "core/wire/frame.h"

#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

#define FRAME_LENGTH 4 /* the length field, which does not count itself */

int
frame_read(struct bytes stream, struct frame *out)
{
	struct rd rd = rd_init(stream);
	uint32_t length;
	uint8_t version;

	memset(out, 0, sizeof *out);
	if (stream.n < FRAME_LENGTH)
		return 0;
	length = rd_u32(&rd);
	if (length < FRAME_HEADER - FRAME_LENGTH || length > FRAME_MAX - FRAME_LENGTH)
		return -MAP_EFORMAT;
	/* A wrong version is told as soon as it is seen: the rest may never come. */
	if (rd_left(&rd) > 0 && *rd.p != FRAME_VERSION)
		return -MAP_EFORMAT;
	if (rd_left(&rd) < length)
		return 0;
	version = rd_u8(&rd);
	out->type = rd_u8(&rd);
	out->flags = rd_u16(&rd);
	out->id = rd_u32(&rd);
	out->payload = rd_bytes(&rd, length - (FRAME_HEADER - FRAME_LENGTH));
	if (rd.error != 0 || version != FRAME_VERSION)
		return -MAP_EFORMAT;
	return (int)(FRAME_LENGTH + length);
}

size_t
frame_start(struct wr *wr, uint8_t type, uint16_t flags, uint32_t id)
{
	size_t started = wr->n;

	wr_u32(wr, 0);
	wr_u8(wr, FRAME_VERSION);
	wr_u8(wr, type);
	wr_u16(wr, flags);
	wr_u32(wr, id);
	return started;
}

void
frame_end(struct wr *wr, size_t started)
{
	size_t n = wr->n - started;

	if (wr->error != 0)
		return;
	if (n < FRAME_HEADER || n > FRAME_MAX) {
		wr->error = -MAP_ESPACE;
		return;
	}
	put_u32(wr->base + started, (uint32_t)(n - FRAME_LENGTH));
}

void
resolve_request_put(struct wr *wr, const struct resolve_request *r)
{
	wr_u16(wr, r->flags);
	wr_u32(wr, r->deadline);
	eid_put(wr, &r->id);
	eid_put(wr, &r->local);
	wishes_put(wr, &r->wishes);
}

int
resolve_request_read(struct bytes payload, struct resolve_request *out)
{
	struct rd rd = rd_init(payload);

	memset(out, 0, sizeof *out);
	out->flags = rd_u16(&rd);
	out->deadline = rd_u32(&rd);
	eid_read(&rd, &out->id);
	eid_read(&rd, &out->local);
	wishes_read(&rd, &out->wishes);
	if ((out->flags & ~RESOLVE_FLAGS) != 0 || out->id.form == EID_NONE ||
	    ((out->local.form != EID_NONE || (out->flags & RESOLVE_LIVE) != 0) &&
		(out->flags & RESOLVE_PAIRS) == 0))
		rd_fail(&rd, -MAP_EFORMAT);
	return rd_end(&rd);
}

void
pair_mark_put(struct wr *wr, const struct pair_mark *m)
{
	wr_copy(wr, m->source, sizeof m->source);
	wr_copy(wr, m->destination, sizeof m->destination);
	wr_u8(wr, m->worked);
	wr_u32(wr, m->rtt_us);
}

int
pair_mark_read(struct bytes payload, struct pair_mark *out)
{
	struct rd rd = rd_init(payload);
	uint8_t worked;

	memset(out, 0, sizeof *out);
	rd_copy(&rd, out->source, sizeof out->source);
	rd_copy(&rd, out->destination, sizeof out->destination);
	worked = rd_u8(&rd);
	out->rtt_us = rd_u32(&rd);
	if (worked > 1)
		rd_fail(&rd, -MAP_EFORMAT);
	out->worked = worked == 1;
	return rd_end(&rd);
}

void
session_note_put(struct wr *wr, const struct session_note *note)
{
	wr_u8(wr, note->transport);
	wr_u32(wr, note->token);
	wr_u64(wr, note->cookie);
	wr_copy(wr, note->source, sizeof note->source);
	wr_copy(wr, note->destination, sizeof note->destination);
	wr_u16(wr, note->source_port);
	wr_u16(wr, note->destination_port);
	wr_u16(wr, note->flags);
	eid_put(wr, &note->id);
	eid_put(wr, &note->local);
	wishes_put(wr, &note->wishes);
}

int
session_note_read(struct bytes payload, struct session_note *out)
{
	struct rd rd = rd_init(payload);

	memset(out, 0, sizeof *out);
	out->transport = rd_u8(&rd);
	out->token = rd_u32(&rd);
	out->cookie = rd_u64(&rd);
	rd_copy(&rd, out->source, sizeof out->source);
	rd_copy(&rd, out->destination, sizeof out->destination);
	out->source_port = rd_u16(&rd);
	out->destination_port = rd_u16(&rd);
	out->flags = rd_u16(&rd);
	eid_read(&rd, &out->id);
	eid_read(&rd, &out->local);
	wishes_read(&rd, &out->wishes);
	if (out->transport < SESSION_TCP || out->transport > SESSION_UDP ||
	    (out->transport == SESSION_MPTCP) != (out->token != 0) || out->cookie == 0 ||
	    out->cookie >> 63 !=
		0 || /* no socket has such a one; some mean "any" to the kernel */
	    (out->flags & ~SESSION_FLAGS) != 0 ||
	    out->id.form == EID_NONE ||
	    address_is_ipv4(out->source) != address_is_ipv4(out->destination))
		rd_fail(&rd, -MAP_EFORMAT);
	return rd_end(&rd);
}

static const char *const event_words[] = {
#define X(name, number, word) [name] = word,
#include "core/wire/events.def"
#undef X
};

const char *
session_event_word(enum session_event_kind kind)
{
	return event_words[kind];
}

void
session_event_put(struct wr *wr, const struct session_event *event)
{
	wr_u8(wr, (uint8_t)event->kind);
	wr_copy(wr, event->source, sizeof event->source);
	wr_copy(wr, event->destination, sizeof event->destination);
	words_put(wr, event->path, sizeof event->path);
	words_put(wr, event->why, sizeof event->why);
}

int
session_event_read(struct bytes payload, struct session_event *out)
{
	struct rd rd = rd_init(payload);
	uint8_t kind;

	memset(out, 0, sizeof *out);
	kind = rd_u8(&rd);
	rd_copy(&rd, out->source, sizeof out->source);
	rd_copy(&rd, out->destination, sizeof out->destination);
	words_read(&rd, out->path, sizeof out->path);
	words_read(&rd, out->why, sizeof out->why);
	if (kind == 0 || kind >= sizeof event_words / sizeof event_words[0])
		rd_fail(&rd, -MAP_EFORMAT);
	else
		out->kind = (enum session_event_kind)kind;
	return rd_end(&rd);
}

void
frame_record_put(struct wr *wr, const struct rr *rr)
{
	if (rr->rdata.n > UINT16_MAX) {
		wr->error = -MAP_ESPACE;
		return;
	}
	name_put(wr, rr->owner);
	wr_u16(wr, rr->type);
	wr_u32(wr, rr->ttl);
	wr_u16(wr, (uint16_t)rr->rdata.n);
	wr_bytes(wr, rr->rdata);
}

bool
frame_record_read(struct rd *rd, struct name *owner, struct rr *out)
{
	memset(out, 0, sizeof *out);
	if (rd_left(rd) == 0)
		return false;
	name_read_plain(rd, owner);
	out->owner = owner;
	out->class = CLASS_IN;
	out->type = rd_u16(rd);
	out->ttl = rd_u32(rd);
	out->rdata = rd_bytes(rd, rd_u16(rd));
	return rd->error == 0;
}
