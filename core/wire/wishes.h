/*
 * wishes.h - what a caller wants of the way to its peer: a class, and paths by name (protocol 10,
 * RFC 4177 6.3.2).
 */
#ifndef WIRE_WISHES_H
#define WIRE_WISHES_H

#include "core/wire/cursor.h"
#include "core/wire/mapping.h"

#define WISHES_PATHS 8 /* of each kind */

enum session_class {
#define X(name, number, word, rtt_first) name = number,
#include "core/wire/classes.def"
#undef X
	SESSION_CLASSES
};

struct path_list {
	size_t n;
	char paths[WISHES_PATHS][PATH_MAX_TEXT];
};

struct wishes {
	enum session_class class;
	struct path_list prefer, avoid;
};

const char *class_word(enum session_class of); /* "bulk"; a static string */
/* -MAP_EUNKNOWN */
int class_from(const char *word, enum session_class *out) NONNULL MUST_CHECK;
/* Whether the quicker of two pairs goes first. */
bool class_is_quick(enum session_class of);

/* -MAP_ETEXT: not the name of a path, -MAP_ESPACE: too many. One that is there already is enough. */
int path_list_put(struct path_list *list, const char *path) NONNULL MUST_CHECK;
/* "" is in no list. */
bool path_list_has(const struct path_list *list, const char *path) NONNULL;

void wishes_put(struct wr *wr, const struct wishes *wishes) NONNULL;
void wishes_read(struct rd *rd, struct wishes *out) NONNULL; /* fails the reader: -MAP_EFORMAT */

#endif
