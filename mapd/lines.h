/*
 * lines.h - the lines of an edit, one after the other: what is to be set and unset.
 */
#ifndef MAPD_LINES_H
#define MAPD_LINES_H

#include "core/wire/cursor.h"
#include "core/wire/name.h"

#define LINES_MOST 10000 /* of an edit */
#define LINES_OCTETS ((size_t)4 << 20)
#define LINE_NO_TTL UINT32_MAX

enum line_verb { LINE_SET = 1, LINE_UNSET = 2 };

struct line {
	enum line_verb verb;
	uint32_t number; /* where it was said, from 1 */
	struct name owner; /* lower case */
	uint16_t type; /* UNSET: 0 means all */
	uint32_t ttl; /* SET; LINE_NO_TTL: as the set has */
	bool has_rdata; /* UNSET: else the whole set */
	struct bytes rdata; /* borrowed */
};

struct lines {
	uint8_t *octets;
	size_t n, max;
	uint32_t count;
};

/* Copies the line behind the others. -MAP_ELIMIT, -MAP_ENOMEM */
int lines_add(struct lines *lines, const struct line *line) NONNULL MUST_CHECK;
/* A reader of all, and the next line of it; RDATA is borrowed from lines. False at the end. */
struct rd lines_first(const struct lines *lines) NONNULL;
bool lines_next(struct rd *rd, struct line *out) NONNULL;
void lines_fini(struct lines *lines) NONNULL;

#endif
