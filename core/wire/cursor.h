/*
 * cursor.h - bounded reading and writing of octets, with a sticky error.
 * After the first error a reader gives zeros and a writer writes nothing, so callers ask once,
 * at the end.
 */
#ifndef WIRE_CURSOR_H
#define WIRE_CURSOR_H

#include "core/wire/bytes.h"

struct rd {
	const uint8_t *base; /* where the message begins: what compression pointers count from */
	const uint8_t *p;
	const uint8_t *end;
	int error; /* 0 or -MAP_E... */
};

struct rd rd_init(struct bytes wire);
/* A reader of part, which lies inside message; names in part may point back into message. */
struct rd rd_init_within(struct bytes message, struct bytes part);
uint8_t rd_u8(struct rd *rd) NONNULL;
uint16_t rd_u16(struct rd *rd) NONNULL;
uint32_t rd_u32(struct rd *rd) NONNULL;
uint64_t rd_u64(struct rd *rd) NONNULL;
/* The next n octets, borrowed from the wire; p is NULL and n is 0 after an error. */
struct bytes rd_bytes(struct rd *rd, size_t n) NONNULL;
struct bytes rd_rest(struct rd *rd) NONNULL;
void rd_copy(struct rd *rd, void *to, size_t n) NONNULL;
size_t rd_left(const struct rd *rd) NONNULL;
/* Sets the sticky error if none is set. */
void rd_fail(struct rd *rd, int error) NONNULL;
/* 0, or the sticky error, or -MAP_EJUNK if octets are left. */
int rd_end(const struct rd *rd) NONNULL MUST_CHECK;

struct wr {
	uint8_t *base;
	size_t n;   /* written so far */
	size_t max;
	int error; /* 0 or -MAP_ESPACE */
};

struct wr wr_init(void *buffer, size_t max);
void wr_u8(struct wr *wr, uint8_t v) NONNULL;
void wr_u16(struct wr *wr, uint16_t v) NONNULL;
void wr_u32(struct wr *wr, uint32_t v) NONNULL;
void wr_u64(struct wr *wr, uint64_t v) NONNULL;
void wr_bytes(struct wr *wr, struct bytes b) NONNULL;
void wr_copy(struct wr *wr, const void *from, size_t n);
/* Overwrites two octets written before. */
void wr_u16_at(struct wr *wr, size_t at, uint16_t v) NONNULL;
struct bytes wr_done(const struct wr *wr) NONNULL;

/* Big-endian octets outside a cursor; the caller has checked the length. */
uint16_t get_u16(const uint8_t *p) NONNULL;
uint32_t get_u32(const uint8_t *p) NONNULL;
uint64_t get_u64(const uint8_t *p) NONNULL;
void put_u16(uint8_t *p, uint16_t v) NONNULL;
void put_u32(uint8_t *p, uint32_t v) NONNULL;
void put_u64(uint8_t *p, uint64_t v) NONNULL;

#endif
