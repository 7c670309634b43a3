/*
 * verify.h - a database file is read as octets before LMDB maps it: unharmed, or what is wrong.
 */
#ifndef MAPD_VERIFY_H
#define MAPD_VERIFY_H

#include "core/wire/bytes.h"

/* What the database must be. */
struct verify_want {
	const char *const *tables; /* their names; no others are there */
	size_t n_tables; /* at most 32 */
	size_t n_least; /* so many of them, the first ones, must be there */
	struct bytes mark_key, mark; /* beside the tables' names: says whose database it is */
};

enum verified {
	VERIFIED_GOOD,
	VERIFIED_TRUNCATED, /* shorter than its newest state */
	VERIFIED_CORRUPT,
	VERIFIED_VERSION, /* ours, with another mark */
	VERIFIED_FOREIGN, /* nothing of ours in it, or not even LMDB's */
	VERIFIED_NOT, /* the system has no file or no memory */
};

#define VERIFY_SUM 4 /* octets after each value of a table */

/* The sum of a table's entry: CRC-32 over key and value. */
uint32_t verify_sum(struct bytes key, struct bytes value);

/*
 * Looks at all that the newest state of LMDB's data file at path refers to: each page is where and
 * what it should be and belongs to one thing only, keys ascend, counts hold, each value has its sum.
 * So a change of any octet that matters is found, and LMDB, which trusts its file, can be let loose
 * on it. Nobody may write meanwhile. *size is set to the octets that the newest state spans, which
 * can be more than the file has when its last pages are free. why says what was found.
 */
enum verified verify_file(const char *path, const struct verify_want *want, uint64_t *size,
    char *why, size_t max) NONNULL;

/* Where the map of a file with pages of that size begins, by an address in one of its pages. */
const uint8_t *verify_map_start(const uint8_t *inside, size_t page);

#endif
