/*
 * batch.h - names and denial records on their way into the store: gathered, signed together on all
 * cores, written. A load and a renewal of signatures both go this way.
 */
#ifndef MAPD_BATCH_H
#define MAPD_BATCH_H

#include "mapd/journal.h"
#include "mapd/node.h"
#include "mapd/sign.h"
#include "mapd/store.h"

struct batch; /* owned by the writer thread */

int batch_new(struct pool *pool, struct batch **out);
void batch_free(struct batch *batch); /* NULL allowed; what was not flushed is dropped */

/* True if a name with so many records, of so many octets in all, still fits; else flush first. */
bool batch_fits(const struct batch *batch, size_t records, size_t octets) NONNULL;

/* Starts a name or a denial record; its sets follow. */
void batch_node(struct batch *batch, uint32_t zone, const struct name *name, uint8_t flags) NONNULL;
void batch_denial(struct batch *batch, uint32_t zone, const uint8_t hash[NSEC3_HASH]) NONNULL;
/*
 * Adds a set to what was started, types ascending; RDATA is borrowed until the flush. Signed by those of
 * signers that sign its type; NULL: not signed.
 */
void batch_set(struct batch *batch, const struct rrset *set, struct signers *signers);
/* Adds a set with the signatures it has. */
void batch_set_kept(struct batch *batch, const struct rrset *set, const struct bytes *signatures,
    size_t n) NONNULL;

/* Octets that live until the flush: a copy, or room for n (with NULL). NULL: the error is kept. */
uint8_t *batch_keep(struct batch *batch, const void *octets, size_t n);

/* From now on what is written and removed is noted there; NULL: no more. */
void batch_set_journal(struct batch *batch, struct journal *journal);
/* Removes an entry of TABLE_NODES or TABLE_DENIAL at once. */
void batch_remove(struct batch *batch, struct change *change, enum table table,
    struct bytes key) NONNULL;

/* Signs and writes all into change; 0 or the first error of anything since the last flush. */
int batch_flush(struct batch *batch, struct change *change) MUST_CHECK;
/*
 * The same in steps, so that another batch can be filled and written meanwhile: batch_start() lets the pool
 * begin, batch_sign() helps and waits, batch_put() writes. One batch at a time may be started.
 */
void batch_start(struct batch *batch) NONNULL;
int batch_sign(struct batch *batch) NONNULL;
int batch_put(struct batch *batch, struct change *change) NONNULL MUST_CHECK;

/* Drops what was not flushed, and begins the sums anew. */
void batch_reset(struct batch *batch) NONNULL;

/* What was written since the last batch_reset(): nodes and denial records; the first times at which a
 * signature must be renewed, and expires. */
struct batch_sum {
	uint64_t written;
	bool any; /* the times mean something */
	uint32_t resign;
	uint32_t expires;
};
const struct batch_sum *batch_sum(const struct batch *batch) NONNULL;
/* Adds what other wrote. */
void batch_sum_add(struct batch *batch, const struct batch *other) NONNULL;

#endif
