/*
 * records.h - the records of a zone while it is read: packed, then sorted into canonical order.
 */
#ifndef ZONE_RECORDS_H
#define ZONE_RECORDS_H

#include "core/wire/rrset.h"

struct zone_row {
	uint32_t ttl;
	uint32_t line;
	uint16_t type;
	uint16_t file; /* index of the file's name */
	uint16_t key_n;
	uint16_t rdata_n;
	bool left_out; /* is checked, but not handed over */
	uint8_t octets[]; /* the ordered key of the owner (name_key()), then RDATA */
};

struct records {
	struct zone_row **rows;
	size_t n, max;
	struct records_chunk *chunks;
};

struct bytes row_key(const struct zone_row *row) NONNULL;
struct bytes row_rdata(const struct zone_row *row) NONNULL;

/* Copies the record. -MAP_ENOMEM */
int records_add(struct records *records, const struct rr *rr, uint16_t file,
    uint32_t line) NONNULL MUST_CHECK;
/* Told of each record that stands there twice, whatever its TTL, before it goes. */
typedef void records_double_fn(void *arg, const struct zone_row *row);
/* By owner, type and canonical RDATA; of doubles the first stays, with the least TTL. */
void records_sort(struct records *records, records_double_fn *told, void *arg);
/* The rows from *at on that have the same owner; moves *at behind them. 0 at the end. */
size_t records_name(const struct records *records, size_t *at) NONNULL;
/* The first row of owner's key and the number of its rows; 0: none. Sorted records only. */
size_t records_find(const struct records *records, struct bytes key, size_t *first) NONNULL;
void records_fini(struct records *records) NONNULL;

#endif
