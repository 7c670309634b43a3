/*
 * message.c - reads DNS messages strictly; knows frames and EDNS, not what the records say.
 */
#include "core/wire/message.h"

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

#define EDNS_DO 0x8000

bool
edns_next(const struct edns *edns, size_t *at, uint16_t *code, struct bytes *value)
{
	struct rd rd = rd_init(edns->options);

	rd_bytes(&rd, *at);
	if (rd.error != 0 || rd_left(&rd) == 0)
		return false;
	*code = rd_u16(&rd);
	*value = rd_bytes(&rd, rd_u16(&rd));
	*at = edns->options.n - rd_left(&rd);
	return rd.error == 0;
}

static int
options_check(struct bytes options, unsigned most)
{
	struct rd rd = rd_init(options);

	for (; rd.error == 0 && rd_left(&rd) > 0 && most > 0; most--) {
		rd_u16(&rd);
		rd_bytes(&rd, rd_u16(&rd));
	}
	return rd_end(&rd) != 0 ? -MAP_EFORMAT : 0;
}

/* Takes the OPT record (RFC 6891 6.1): one, at the root, in the additional section. */
static int
edns_read(const struct record *record, bool asks, struct edns *edns)
{
	if (edns->present || record->section != SECTION_ADDITIONAL || record->owner.n != 1)
		return -MAP_EFORMAT;
	*edns = (struct edns){
	    .present = true,
	    .extended_rcode = (uint8_t)(record->ttl >> 24),
	    .version = (uint8_t)(record->ttl >> 16),
	    .dnssec_ok = (record->ttl & EDNS_DO) != 0,
	    .udp_size = record->class,
	    .options = record->rdata,
	};
	return options_check(record->rdata, asks ? QUERY_OPTIONS : UINT16_MAX);
}

static void
record_read(struct rd *rd, struct record *record)
{
	record->at = (size_t)(rd->p - rd->base);
	name_read(rd, &record->owner);
	record->type = rd_u16(rd);
	record->class = rd_u16(rd);
	record->ttl = rd_u32(rd);
	record->rdata = rd_bytes(rd, rd_u16(rd));
}

static void
questions_read(struct rd *rd, struct message *message)
{
	struct question question;

	for (unsigned i = 0; i < message->count[SECTION_QUESTION] && rd->error == 0; i++) {
		name_read(rd, &question.name);
		question.type = rd_u16(rd);
		question.class = rd_u16(rd);
		if (i == 0 && rd->error == 0)
			message->question = question;
	}
	message->records_at = (size_t)(rd->p - rd->base);
}

/*
 * Whether this asks, and with more than anybody asks with: each of its names could be a chain through all
 * the others, and 64 KiB of them are milliseconds of work for nothing. Only an UPDATE may be long.
 */
static bool
is_overloaded(const struct message *m)
{
	unsigned parts = 0;

	for (unsigned i = 0; i < 4; i++)
		parts += m->count[i];
	return (m->flags & FLAG_QR) == 0 && message_opcode(m) != OPCODE_UPDATE &&
	       parts > 1 + QUERY_RECORDS;
}

int
message_parse(struct bytes wire, struct message *message)
{
	struct rd rd = rd_init(wire);
	struct records it;
	struct record record;

	*message = (struct message){.wire = wire};
	message->id = rd_u16(&rd);
	message->flags = rd_u16(&rd);
	for (unsigned i = 0; i < 4; i++)
		message->count[i] = rd_u16(&rd);
	if (rd.error == 0 && is_overloaded(message))
		return -MAP_EFORMAT;
	questions_read(&rd, message);
	if (rd.error != 0)
		return rd.error;

	it = records_of(message);
	while (records_next(&it, &record)) {
		if (record.type == RR_OPT)
			rd_fail(&it.rd, edns_read(&record, (message->flags & FLAG_QR) == 0,
					    &message->edns));
	}
	return rd_end(&it.rd);
}

struct records
records_of(const struct message *message)
{
	struct records it = {.message = message, .rd = rd_init(message->wire)};

	rd_bytes(&it.rd, message->records_at);
	return it;
}

bool
records_next(struct records *it, struct record *out)
{
	while (it->left == 0) {
		if (it->section == SECTION_ADDITIONAL)
			return false;
		it->left = it->message->count[++it->section];
	}
	out->section = (enum section)it->section;
	record_read(&it->rd, out);
	it->left--;
	return it->rd.error == 0;
}

int
records_seal(const struct message *message, struct record *out)
{
	struct records it = records_of(message);
	bool found = false;

	/* out stays the last one that there is: at the end records_next() leaves it alone */
	while (records_next(&it, out)) {
		if (found)
			return -MAP_EFORMAT;
		found = out->type == RR_SIG || out->type == RR_TSIG;
		if (found && out->section != SECTION_ADDITIONAL)
			return -MAP_EFORMAT;
	}
	return found ? 0 : -MAP_ENOTFOUND;
}
