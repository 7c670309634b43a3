/*
 * tsig.c - TSIG records (RFC 8945) and the octets under their MAC.
 * Knows the record; knows nothing of keys and clocks.
 */
#include "core/wire/tsig.h"

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

#define ARCOUNT_AT 10

static uint64_t
rd_u48(struct rd *rd)
{
	uint64_t high = rd_u16(rd);

	return high << 32 | rd_u32(rd);
}

static void
wr_u48(struct wr *wr, uint64_t v)
{
	wr_u16(wr, (uint16_t)(v >> 32));
	wr_u32(wr, (uint32_t)v);
}

int
tsig_read(const struct message *m, struct tsig *out)
{
	struct record record;
	int error = records_seal(m, &record);
	struct rd rd;

	if (error != 0)
		return error;
	if (record.type != RR_TSIG)
		return -MAP_ENOTFOUND;
	if (record.class != CLASS_ANY || record.ttl != 0)
		return -MAP_EFORMAT;
	out->at = record.at;
	out->key = record.owner;
	name_fold(&out->key);
	rd = rd_init_within(m->wire, record.rdata);
	name_read_plain(&rd, &out->algorithm);
	name_fold(&out->algorithm);
	out->time = rd_u48(&rd);
	out->fudge = rd_u16(&rd);
	out->mac = rd_bytes(&rd, rd_u16(&rd));
	out->original_id = rd_u16(&rd);
	out->error = rd_u16(&rd);
	out->other = rd_bytes(&rd, rd_u16(&rd));
	return rd_end(&rd) == 0 ? 0 : -MAP_EFORMAT;
}

/* RFC 8945 4.3.3 */
static void
variables_put(struct wr *wr, const struct tsig *tsig)
{
	name_put(wr, &tsig->key);
	wr_u16(wr, CLASS_ANY);
	wr_u32(wr, 0);
	name_put(wr, &tsig->algorithm);
	wr_u48(wr, tsig->time);
	wr_u16(wr, tsig->fudge);
	wr_u16(wr, tsig->error);
	wr_u16(wr, (uint16_t)tsig->other.n);
	wr_bytes(wr, tsig->other);
}

void
tsig_message(struct wr *wr, struct bytes wire, size_t at, const struct tsig *tsig,
    struct bytes request_mac)
{
	uint16_t count = get_u16(wire.p + ARCOUNT_AT);

	if (request_mac.n > 0) {
		wr_u16(wr, (uint16_t)request_mac.n);
		wr_bytes(wr, request_mac);
	}
	wr_u16(wr, tsig->original_id);
	wr_bytes(wr, (struct bytes){wire.p + 2, ARCOUNT_AT - 2});
	wr_u16(wr, (uint16_t)(count - (at < wire.n)));
	wr_bytes(wr, (struct bytes){wire.p + HEADER_SIZE, at - HEADER_SIZE});
	variables_put(wr, tsig);
}

void
tsig_put(struct wr *wr, const struct tsig *tsig)
{
	size_t length;

	name_put(wr, &tsig->key);
	wr_u16(wr, RR_TSIG);
	wr_u16(wr, CLASS_ANY);
	wr_u32(wr, 0);
	length = wr->n;
	wr_u16(wr, 0);
	name_put(wr, &tsig->algorithm);
	wr_u48(wr, tsig->time);
	wr_u16(wr, tsig->fudge);
	wr_u16(wr, (uint16_t)tsig->mac.n);
	wr_bytes(wr, tsig->mac);
	wr_u16(wr, tsig->original_id);
	wr_u16(wr, tsig->error);
	wr_u16(wr, (uint16_t)tsig->other.n);
	wr_bytes(wr, tsig->other);
	if (wr->error != 0)
		return;
	wr_u16_at(wr, length, (uint16_t)(wr->n - length - 2));
	wr_u16_at(wr, ARCOUNT_AT, (uint16_t)(get_u16(wr->base + ARCOUNT_AT) + 1));
}
