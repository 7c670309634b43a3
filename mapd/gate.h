/*
 * gate.h - whether a message is looked at, and what it gets when not.
 */
#ifndef MAPD_GATE_H
#define MAPD_GATE_H

#include "core/wire/reply.h"
#include "mapd/stats.h"

struct refusal {
	unsigned rcode;
	enum ede ede;
	const char *text; /* static, or NULL */
	enum stat stat;
};

/* Of the header alone: the counter of what is dropped in silence, or STAT_COUNT. */
enum stat gate_header(struct bytes wire);
/* Of an UPDATE where none is taken: whether it is so short that reading it costs nothing. */
bool gate_reads(struct bytes wire);
/* Of the whole message, parsed says whether it could be read: NULL: pass. */
const struct refusal *gate_check(const struct message *message, bool parsed) NONNULL;
extern const struct refusal gate_no_zone, gate_not_loaded, gate_other_class;

#endif
