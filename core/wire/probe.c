/*
 * probe.c - "probe-1" 0 | u64 token | u32 pair | u32 sequence | u32 flags | 4 x (u32 pair, u32 sequence) | u32 0
 */
#include "core/wire/probe.h"

#include <string.h>

#include "core/wire/errors.h"

static const uint8_t probe_magic[8] = "probe-1";

void
probe_put(const struct probe *probe, uint8_t out[PROBE_OCTETS])
{
	struct wr wr = wr_init(out, PROBE_OCTETS);

	wr_copy(&wr, probe_magic, sizeof probe_magic);
	wr_u64(&wr, probe->token);
	wr_u32(&wr, probe->pair);
	wr_u32(&wr, probe->sequence);
	wr_u32(&wr, probe->flags);
	for (size_t i = 0; i < PROBE_REPORTS; i++) {
		wr_u32(&wr, probe->reports[i].pair);
		wr_u32(&wr, probe->reports[i].sequence);
	}
	wr_u32(&wr, 0);
}

int
probe_read(struct bytes datagram, struct probe *out)
{
	struct rd rd = rd_init(datagram);
	uint8_t magic[sizeof probe_magic];

	memset(out, 0, sizeof *out);
	rd_copy(&rd, magic, sizeof magic);
	out->token = rd_u64(&rd);
	out->pair = rd_u32(&rd);
	out->sequence = rd_u32(&rd);
	out->flags = rd_u32(&rd);
	for (size_t i = 0; i < PROBE_REPORTS; i++) {
		out->reports[i].pair = rd_u32(&rd);
		out->reports[i].sequence = rd_u32(&rd);
	}
	if (rd_u32(&rd) != 0 || out->pair == 0 || out->flags > PROBE_WARNS ||
	    memcmp(magic, probe_magic, sizeof magic) != 0)
		rd_fail(&rd, -MAP_EFORMAT);
	return rd_end(&rd) != 0 ? -MAP_EFORMAT : 0;
}
