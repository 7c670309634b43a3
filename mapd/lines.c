/*
 * lines.c - the lines of an edit, kept as octets.
 * Knows what a line says; knows nothing of what it does to a zone.
 */
#include "mapd/lines.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"

#define LINE_HEAD 16 /* octets besides owner and RDATA, at most */

int
lines_add(struct lines *lines, const struct line *line)
{
	size_t need = LINE_HEAD + line->owner.n + line->rdata.n;
	struct wr wr;

	if (lines->count == LINES_MOST || lines->n + need > LINES_OCTETS)
		return -MAP_ELIMIT;
	if (need > lines->max - lines->n) {
		size_t max = 2 * lines->max + need + 256;
		uint8_t *more = realloc(lines->octets, max);

		if (more == NULL)
			return -MAP_ENOMEM;
		lines->octets = more;
		lines->max = max;
	}
	wr = wr_init(lines->octets + lines->n, lines->max - lines->n);
	wr_u8(&wr, (uint8_t)line->verb);
	wr_u32(&wr, line->number);
	name_put(&wr, &line->owner);
	wr_u16(&wr, line->type);
	wr_u32(&wr, line->ttl);
	wr_u8(&wr, line->has_rdata);
	wr_u16(&wr, (uint16_t)line->rdata.n);
	wr_bytes(&wr, line->rdata);
	if (wr.error != 0)
		return wr.error;
	lines->n += wr.n;
	lines->count++;
	return 0;
}

struct rd
lines_first(const struct lines *lines)
{
	return rd_init((struct bytes){lines->octets, lines->n});
}

bool
lines_next(struct rd *rd, struct line *out)
{
	if (rd_left(rd) == 0)
		return false;
	out->verb = (enum line_verb)rd_u8(rd);
	out->number = rd_u32(rd);
	name_read_plain(rd, &out->owner);
	out->type = rd_u16(rd);
	out->ttl = rd_u32(rd);
	out->has_rdata = rd_u8(rd) != 0;
	out->rdata = rd_bytes(rd, rd_u16(rd));
	return rd->error == 0;
}

void
lines_fini(struct lines *lines)
{
	free(lines->octets);
	*lines = (struct lines){0};
}
