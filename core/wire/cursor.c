/*
 * cursor.c - bounded reading and writing of octets; knows lengths, not what they mean.
 */
#include "core/wire/cursor.h"

#include <string.h>

#include "core/wire/errors.h"

int
bytes_compare(struct bytes a, struct bytes b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

	if (order != 0)
		return order;
	return (a.n > b.n) - (a.n < b.n);
}

bool
bytes_equal(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

uint16_t
get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t
get_u32(const uint8_t *p)
{
	return (uint32_t)get_u16(p) << 16 | get_u16(p + 2);
}

uint64_t
get_u64(const uint8_t *p)
{
	return (uint64_t)get_u32(p) << 32 | get_u32(p + 4);
}

void
put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void
put_u32(uint8_t *p, uint32_t v)
{
	put_u16(p, (uint16_t)(v >> 16));
	put_u16(p + 2, (uint16_t)v);
}

void
put_u64(uint8_t *p, uint64_t v)
{
	put_u32(p, (uint32_t)(v >> 32));
	put_u32(p + 4, (uint32_t)v);
}

struct rd
rd_init(struct bytes wire)
{
	return (struct rd){.base = wire.p, .p = wire.p, .end = wire.n > 0 ? wire.p + wire.n : wire.p};
}

struct rd
rd_init_within(struct bytes message, struct bytes part)
{
	struct rd rd = rd_init(part);

	rd.base = message.p;
	return rd;
}

size_t
rd_left(const struct rd *rd)
{
	return rd->error != 0 || rd->p == NULL ? 0 : (size_t)(rd->end - rd->p);
}

void
rd_fail(struct rd *rd, int error)
{
	if (rd->error == 0)
		rd->error = error;
}

/* The next n octets, or NULL with the error set. */
static const uint8_t *
rd_take(struct rd *rd, size_t n)
{
	const uint8_t *p = rd->p;

	if (rd->error != 0)
		return NULL;
	if (n > rd_left(rd)) {
		rd_fail(rd, -MAP_ETRUNC);
		return NULL;
	}
	if (n > 0)
		rd->p += n;
	return p;
}

uint8_t
rd_u8(struct rd *rd)
{
	const uint8_t *p = rd_take(rd, 1);

	return p != NULL ? p[0] : 0;
}

uint16_t
rd_u16(struct rd *rd)
{
	const uint8_t *p = rd_take(rd, 2);

	return p != NULL ? get_u16(p) : 0;
}

uint32_t
rd_u32(struct rd *rd)
{
	const uint8_t *p = rd_take(rd, 4);

	return p != NULL ? get_u32(p) : 0;
}

uint64_t
rd_u64(struct rd *rd)
{
	const uint8_t *p = rd_take(rd, 8);

	return p != NULL ? get_u64(p) : 0;
}

struct bytes
rd_bytes(struct rd *rd, size_t n)
{
	const uint8_t *p = rd_take(rd, n);

	return (struct bytes){p, p != NULL ? n : 0};
}

struct bytes
rd_rest(struct rd *rd)
{
	return rd_bytes(rd, rd_left(rd));
}

void
rd_copy(struct rd *rd, void *to, size_t n)
{
	const uint8_t *p = rd_take(rd, n);

	if (p != NULL && n > 0)
		memcpy(to, p, n);
	else
		memset(to, 0, n);
}

int
rd_end(const struct rd *rd)
{
	if (rd->error != 0)
		return rd->error;
	return rd_left(rd) > 0 ? -MAP_EJUNK : 0;
}

struct wr
wr_init(void *buffer, size_t max)
{
	return (struct wr){.base = buffer, .max = max};
}

/* Room for n more octets, or NULL with the error set. */
static uint8_t *
wr_room(struct wr *wr, size_t n)
{
	uint8_t *p;

	if (wr->error != 0)
		return NULL;
	if (n > wr->max - wr->n) {
		wr->error = -MAP_ESPACE;
		return NULL;
	}
	p = wr->base + wr->n;
	wr->n += n;
	return p;
}

void
wr_u8(struct wr *wr, uint8_t v)
{
	uint8_t *p = wr_room(wr, 1);

	if (p != NULL)
		*p = v;
}

void
wr_u16(struct wr *wr, uint16_t v)
{
	uint8_t *p = wr_room(wr, 2);

	if (p != NULL)
		put_u16(p, v);
}

void
wr_u32(struct wr *wr, uint32_t v)
{
	uint8_t *p = wr_room(wr, 4);

	if (p != NULL)
		put_u32(p, v);
}

void
wr_u64(struct wr *wr, uint64_t v)
{
	uint8_t *p = wr_room(wr, 8);

	if (p != NULL)
		put_u64(p, v);
}

void
wr_copy(struct wr *wr, const void *from, size_t n)
{
	uint8_t *p = wr_room(wr, n);

	if (p != NULL && n > 0)
		memcpy(p, from, n);
}

void
wr_bytes(struct wr *wr, struct bytes b)
{
	wr_copy(wr, b.p, b.n);
}

void
wr_u16_at(struct wr *wr, size_t at, uint16_t v)
{
	if (wr->error == 0 && at + 2 <= wr->n)
		put_u16(wr->base + at, v);
}

struct bytes
wr_done(const struct wr *wr)
{
	return (struct bytes){wr->base, wr->error == 0 ? wr->n : 0};
}
