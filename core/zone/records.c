/*
 * records.c - keeps a zone's records packed in large chunks: a million of them must fit in memory.
 * Knows their order, not what a zone may hold.
 */
#include "core/zone/records.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rdata.h"

#define CHUNK_SIZE (1024 * 1024)
#define ALIGN sizeof(uint32_t)

struct records_chunk {
	struct records_chunk *next;
	size_t n;
	uint8_t octets[CHUNK_SIZE];
};

struct bytes
row_key(const struct zone_row *row)
{
	return (struct bytes){row->octets, row->key_n};
}

struct bytes
row_rdata(const struct zone_row *row)
{
	return (struct bytes){row->octets + row->key_n, row->rdata_n};
}

static void *
records_room(struct records *records, size_t n)
{
	struct records_chunk *chunk = records->chunks;

	n = (n + ALIGN - 1) / ALIGN * ALIGN;
	if (chunk == NULL || chunk->n + n > CHUNK_SIZE) {
		chunk = malloc(sizeof *chunk);
		if (chunk == NULL)
			return NULL;
		chunk->next = records->chunks;
		chunk->n = 0;
		records->chunks = chunk;
	}
	chunk->n += n;
	return chunk->octets + chunk->n - n;
}

static int
rows_grow(struct records *records)
{
	size_t max = records->max > 0 ? records->max * 2 : 1024;
	struct zone_row **rows;

	if (records->n < records->max)
		return 0;
	rows = realloc(records->rows, max * sizeof rows[0]);
	if (rows == NULL)
		return -MAP_ENOMEM;
	records->rows = rows;
	records->max = max;
	return 0;
}

int
records_add(struct records *records, const struct rr *rr, uint16_t file, uint32_t line)
{
	uint8_t key[NAME_KEY];
	size_t key_n = name_key(rr->owner, key);
	struct zone_row *row = records_room(records, sizeof *row + key_n + rr->rdata.n);

	if (row == NULL || rows_grow(records) != 0)
		return -MAP_ENOMEM;
	row->ttl = rr->ttl;
	row->line = line;
	row->type = rr->type;
	row->file = file;
	row->key_n = (uint16_t)key_n;
	row->rdata_n = (uint16_t)rr->rdata.n;
	row->left_out = false;
	memcpy(row->octets, key, key_n);
	if (rr->rdata.n > 0)
		memcpy(row->octets + key_n, rr->rdata.p, rr->rdata.n);
	records->rows[records->n++] = row;
	return 0;
}

static int
rdata_order(const struct zone_row *a, const struct zone_row *b)
{
	return rdata_compare(a->type, row_rdata(a), row_rdata(b));
}

static int
row_order(const void *a, const void *b)
{
	const struct zone_row *x = *(struct zone_row *const *)a;
	const struct zone_row *y = *(struct zone_row *const *)b;
	int order = bytes_compare(row_key(x), row_key(y));

	if (order == 0)
		order = (int)x->type - (int)y->type;
	if (order == 0)
		order = rdata_order(x, y);
	if (order == 0)
		order = (x->file > y->file) - (x->file < y->file);
	if (order == 0)
		order = (x->line > y->line) - (x->line < y->line);
	return order;
}

/* The same record as far as DNSSEC can tell. */
static bool
row_is_double(const struct zone_row *a, const struct zone_row *b)
{
	return a->type == b->type && bytes_equal(row_key(a), row_key(b)) &&
	       rdata_order(a, b) == 0;
}

void
records_sort(struct records *records, records_double_fn *told, void *arg)
{
	size_t kept = 0;

	if (records->n > 0)
		qsort(records->rows, records->n, sizeof records->rows[0], row_order);
	for (size_t i = 0; i < records->n; i++) {
		struct zone_row *row = records->rows[i];
		struct zone_row *before = kept > 0 ? records->rows[kept - 1] : NULL;

		if (before == NULL || !row_is_double(before, row)) {
			records->rows[kept++] = row;
			continue;
		}
		told(arg, row);
		if (row->ttl < before->ttl)
			before->ttl = row->ttl;
	}
	records->n = kept;
}

size_t
records_name(const struct records *records, size_t *at)
{
	size_t first = *at;

	while (*at < records->n &&
	       bytes_equal(row_key(records->rows[first]), row_key(records->rows[*at])))
		++*at;
	return *at - first;
}

size_t
records_find(const struct records *records, struct bytes key, size_t *first)
{
	size_t low = 0, high = records->n, at;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (bytes_compare(row_key(records->rows[middle]), key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*first = at = low;
	if (low == records->n || !bytes_equal(row_key(records->rows[low]), key))
		return 0;
	return records_name(records, &at);
}

void
records_fini(struct records *records)
{
	while (records->chunks != NULL) {
		struct records_chunk *chunk = records->chunks;

		records->chunks = chunk->next;
		free(chunk);
	}
	free(records->rows);
	*records = (struct records){0};
}
