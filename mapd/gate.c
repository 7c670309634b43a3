/*
 * gate.c - decides whether a message may ask at all: one row for everything that may not.
 * Knows headers, opcodes, classes and types; knows nothing of zones or records.
 */
#include "mapd/gate.h"

#include "core/wire/rrtype.h"

static const struct refusal malformed = {RCODE_FORMERR, EDE_NONE, NULL, STAT_ANSWER_FORMERR};
static const struct refusal bad_version = {RCODE_BADVERS, EDE_NONE, NULL, STAT_ANSWER_BADVERS};
static const struct refusal not_served = {
    RCODE_NOTIMP, EDE_NOT_SUPPORTED, "opcode not served", STAT_ANSWER_NOTIMP};
static const struct refusal no_transfer = {
    RCODE_REFUSED, EDE_PROHIBITED, "no transfer without a key", STAT_ANSWER_REFUSED};
static const struct refusal no_such_type = {
    RCODE_NOTIMP, EDE_NOT_SUPPORTED, "type is not for queries", STAT_ANSWER_NOTIMP};

const struct refusal gate_other_class = {
    RCODE_REFUSED, EDE_NOT_AUTHORITATIVE, "no zones of this class", STAT_ANSWER_REFUSED};
const struct refusal gate_no_zone = {
    RCODE_REFUSED, EDE_NOT_AUTHORITATIVE, "not a zone of this server", STAT_ANSWER_REFUSED};
const struct refusal gate_not_loaded = {
    RCODE_SERVFAIL, EDE_NOT_READY, "zone not loaded", STAT_ANSWER_SERVFAIL};

/* Opcodes that are not QUERY; an opcode without a row is not served either. */
static const struct refusal *const opcodes[16] = {
    [OPCODE_NOTIFY] = &not_served,
    [OPCODE_UPDATE] = &not_served,
    [OPCODE_DSO] = &not_served,
};

/* Types that name no stored records (RFC 6895 3.1); ANY is answered. */
static const struct {
	uint16_t type;
	const struct refusal *refusal;
} types[] = {
    {0, &malformed}, {RR_OPT, &malformed}, {RR_TKEY, &no_such_type}, {RR_TSIG, &malformed},
    {RR_IXFR, &no_transfer}, {RR_AXFR, &no_transfer}, {253, &no_such_type}, /* MAILB */
    {254, &no_such_type}, /* MAILA */
};

enum stat
gate_header(struct bytes wire)
{
	if (wire.n < HEADER_SIZE)
		return STAT_DROP_MALFORMED;
	/* an answer that is answered would never end (CVE-2020-8617 and others) */
	if ((get_u16(wire.p + 2) & FLAG_QR) != 0)
		return STAT_DROP_RESPONSE;
	return STAT_COUNT;
}

bool
gate_reads(struct bytes wire)
{
	unsigned parts = 0;

	if ((get_u16(wire.p + 2) >> 11 & 15) != OPCODE_UPDATE)
		return true;
	for (size_t at = 4; at < HEADER_SIZE; at += 2)
		parts += get_u16(wire.p + at);
	return parts <= 1 + QUERY_RECORDS;
}

static bool
question_is_plain(const struct message *m)
{
	const struct question *q = &m->question;

	/* one question, its name not compressed: there is nothing before it to point to */
	return m->count[SECTION_QUESTION] == 1 && q->name.n > 0 &&
	       m->records_at == HEADER_SIZE + (size_t)q->name.n + 4;
}

static const struct refusal *
gate_check_type(uint16_t type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].refusal;
	return NULL;
}

const struct refusal *
gate_check(const struct message *m, bool parsed)
{
	enum opcode opcode = message_opcode(m);
	const struct question *q = &m->question;

	if (opcode != OPCODE_QUERY)
		return opcodes[opcode] != NULL ? opcodes[opcode] : &not_served;
	if (!parsed || !question_is_plain(m) || m->count[SECTION_ANSWER] != 0)
		return &malformed;
	if (m->edns.present && m->edns.version != 0)
		return &bad_version;
	if (m->count[SECTION_AUTHORITY] != (q->type == RR_IXFR))
		return &malformed; /* only IXFR says there what it has (RFC 1995 3) */
	if (q->class != CLASS_IN && q->class != CLASS_CH)
		return &gate_other_class;
	return gate_check_type(q->type);
}
