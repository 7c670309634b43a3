/*
 * sig0.c - SIG(0) records (RFC 2931) and the octets they are made over.
 * Knows the record; knows nothing of keys and times.
 */
#include "core/wire/sig0.h"

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

#define ARCOUNT_AT 10

/* RDATA up to the signature: what is not read here is to be 0. */
static int
head_read(struct rd *rd, struct sig0 *out)
{
	const uint8_t *from = rd->p;
	uint16_t covered = rd_u16(rd);
	uint8_t labels;
	uint32_t ttl;

	out->algorithm = rd_u8(rd);
	labels = rd_u8(rd);
	ttl = rd_u32(rd);
	out->expiration = rd_u32(rd);
	out->inception = rd_u32(rd);
	out->tag = rd_u16(rd);
	name_read_plain(rd, &out->signer);
	if (rd->error != 0 || covered != 0 || labels != 0 || ttl != 0)
		return -MAP_EFORMAT;
	name_fold(&out->signer);
	out->head = (struct bytes){from, (size_t)(rd->p - from)};
	return 0;
}

int
sig0_read(const struct message *m, struct sig0 *out)
{
	struct record record;
	int error = records_seal(m, &record);
	struct rd rd;

	if (error != 0)
		return error;
	if (record.type != RR_SIG)
		return -MAP_ENOTFOUND;
	if (m->wire.p[record.at] != 0 || record.class != CLASS_ANY || record.ttl != 0)
		return -MAP_EFORMAT;
	rd = rd_init_within(m->wire, record.rdata);
	out->at = record.at;
	error = head_read(&rd, out);
	if (error != 0)
		return error;
	out->signature = rd_rest(&rd);
	return out->signature.n > 0 ? 0 : -MAP_EFORMAT;
}

void
sig0_head_put(struct wr *wr, const struct sig0 *sig)
{
	wr_u16(wr, 0);
	wr_u8(wr, sig->algorithm);
	wr_u8(wr, 0);
	wr_u32(wr, 0);
	wr_u32(wr, sig->expiration);
	wr_u32(wr, sig->inception);
	wr_u16(wr, sig->tag);
	name_put(wr, &sig->signer);
}

void
sig0_message(struct wr *wr, struct bytes wire, const struct sig0 *sig)
{
	uint16_t count = get_u16(wire.p + ARCOUNT_AT);

	wr_bytes(wr, sig->head);
	wr_bytes(wr, (struct bytes){wire.p, ARCOUNT_AT});
	wr_u16(wr, (uint16_t)(count - (sig->at < wire.n)));
	wr_bytes(wr, (struct bytes){wire.p + HEADER_SIZE, sig->at - HEADER_SIZE});
}

void
sig0_put(struct wr *wr, const struct sig0 *sig)
{
	size_t length;

	name_put(wr, &name_root);
	wr_u16(wr, RR_SIG);
	wr_u16(wr, CLASS_ANY);
	wr_u32(wr, 0);
	length = wr->n;
	wr_u16(wr, 0);
	sig0_head_put(wr, sig);
	wr_bytes(wr, sig->signature);
	if (wr->error != 0)
		return;
	wr_u16_at(wr, length, (uint16_t)(wr->n - length - 2));
	wr_u16_at(wr, ARCOUNT_AT, (uint16_t)(get_u16(wr->base + ARCOUNT_AT) + 1));
}
