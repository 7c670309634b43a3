/*
 * traces.h - what is remembered of messages, in memory: by their digests, and by the keys of SIG(0) with the latest
 * inception of each. Not for several threads at once.
 */
#ifndef MAPD_TRACES_H
#define MAPD_TRACES_H

#include "core/wire/bytes.h"

#define TRACE_KEY 16 /* octets of a key that tell it from others */
#define TRACE_NONE UINT32_MAX
#define TRACES_MOST (16u << 20)

/* A message as it is remembered. */
struct trace {
	uint64_t digest;
	uint32_t expires;
	bool sig0;
	uint8_t id[TRACE_KEY];
	uint32_t inception;
	uint8_t rcode;
};

/* To be put back when the commit fails. */
struct undo {
	uint32_t seen, key; /* slots */
	uint32_t inception, over; /* of the key, before */
	bool key_is_new;
};

struct traces;

int traces_new(struct traces **out);
void traces_free(struct traces *traces); /* NULL allowed */
size_t traces_count(const struct traces *traces) NONNULL;

/* A message that may still come again at now (seconds); false: none. */
bool traces_find(const struct traces *traces, uint64_t digest, uint64_t now, uint8_t *rcode,
    bool *pending) NONNULL;
/* The latest inception of a key, and how many of its messages are remembered; false: not known. */
bool traces_find_key(const struct traces *traces, const uint8_t id[TRACE_KEY], uint32_t *inception,
    uint32_t *messages) NONNULL;

/* Remembers one; pending: not durable yet. -MAP_ENOMEM */
int traces_add(struct traces *traces, const struct trace *trace, bool pending,
    struct undo *undo) NONNULL MUST_CHECK;
/* Remembers of a SIG(0) that can come no more what later ones of its key must not be older than. -MAP_ENOMEM */
int traces_add_key(struct traces *traces, const struct trace *trace) NONNULL MUST_CHECK;
void traces_keep(struct traces *traces, const struct undo *undo) NONNULL;
void traces_undo(struct traces *traces, const struct undo *undo) NONNULL; /* the last first */
/* Looks at some, and drops what can come no more at now. */
void traces_sweep(struct traces *traces, size_t some, uint64_t now) NONNULL;
/* The same for all messages of a key: then what is remembered of it can still come. */
void traces_sweep_key(struct traces *traces, const uint8_t id[TRACE_KEY], uint64_t now) NONNULL;

/* Remembers that messages which could come until then may have been dropped. */
void traces_forget(struct traces *traces, uint32_t until) NONNULL;
/*
 * Whether a message that is not found, and can come until expires, may be one that was dropped: the clock was set
 * back since, else none that is dropped can come.
 */
bool traces_forgot(const struct traces *traces, uint32_t expires) NONNULL;

/* Whether a time of RFC 1982 has passed. */
bool trace_is_over(uint32_t when, uint64_t now);

#endif
