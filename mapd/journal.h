/*
 * journal.h - what each change of a zone took away and added, record by record: from serial to serial, as a
 * secondary needs it (RFC 1995), signatures and denial included.
 *
 * TABLE_JOURNAL: u32 zone id -> head:  u8 version | u32 differences | u64 octets | u32 first | u32 last
 *                u32 zone id | u32 from -> u8 version | u32 to | u64 time | u32 removed | u32 added |
 *                u32 octets of the removed | removed records | added records (frame_record_put())
 * Each part begins with its SOA. Differences follow each other without a gap, from serial first to serial
 * last, which is the zone's own; first is also the oldest, serials being arithmetic of RFC 1982.
 */
#ifndef MAPD_JOURNAL_H
#define MAPD_JOURNAL_H

#include "mapd/node.h"
#include "mapd/store.h"

struct journal; /* a difference while it is gathered; owned by the writer thread */

int journal_new(struct journal **out);
void journal_free(struct journal *journal); /* NULL allowed */

/* Begins the difference of a zone as it is before. */
void journal_begin(struct journal *journal, const struct zone *before) NONNULL;
/* An entry of TABLE_NODES or TABLE_DENIAL will be after what is before; p is NULL where there is none. */
void journal_note(struct journal *journal, enum table table, struct bytes key,
    struct bytes before, struct bytes after);
/*
 * Puts the difference to serial behind the zone's others, and drops the oldest until they are at most so many
 * octets. What does not follow the last one, or is too large alone, begins anew: no gap is ever kept.
 */
void journal_end(struct journal *journal, struct change *change, const struct zone *after,
    uint64_t now, uint64_t most) NONNULL;

#define JOURNAL_KEY 8
#define JOURNAL_MOST 10000 /* differences of a zone */

size_t journal_key(uint32_t zone, uint32_t from, uint8_t key[JOURNAL_KEY]) NONNULL;

struct journal_head {
	uint32_t n;
	uint64_t octets;
	uint32_t first, last;
};
int journal_head_read(struct bytes value, struct journal_head *out) NONNULL MUST_CHECK;

struct difference {
	uint32_t to;
	uint64_t time; /* seconds since 1970 */
	uint32_t n_removed, n_added; /* records */
	struct bytes removed, added; /* borrowed */
};
int difference_read(struct bytes value, struct difference *out) NONNULL MUST_CHECK;

#endif
