/*
 * parent.h - asks the servers of the zones above (parents: in mapd.yaml) for the DS of zones whose roll
 * waits for them, and hands what they say to the writer.
 */
#ifndef MAPD_PARENT_H
#define MAPD_PARENT_H

#include "core/sys/loop.h"
#include "mapd/writer.h"

struct parent; /* owned by main's loop */

struct parent_options {
	struct loop *loop;
	struct store *store;
	struct writer *writer;
	/* The rules in force; borrowed until the loop goes on. */
	const struct rules *(*rules)(void *arg);
	void *arg;
};

/* Asks at once, and then again and again. -MAP_ENOMEM, -MAP_EDATABASE */
int parent_new(const struct parent_options *options, struct parent **out) NONNULL MUST_CHECK;
/* Asks now, not when it would be time. */
void parent_hurry(struct parent *parent) NONNULL;
/* After writer_stop(): no job is out. NULL allowed. */
void parent_free(struct parent *parent);

/*
 * The question for the DS of zone into octets; returns how many. And what the answer wire says: 0 with *n RDATA
 * borrowed from wire, and their TTL; else -MAP_E... with why.
 */
#define PARENT_QUERY 512
size_t parent_ask(const struct name *zone, uint16_t id, uint8_t octets[PARENT_QUERY]) NONNULL;
int parent_read(struct bytes wire, const struct name *zone, uint16_t id,
    struct bytes ds[ROLLOVER_DS], size_t *n, uint32_t *ttl, const char **why) NONNULL MUST_CHECK;

#endif
