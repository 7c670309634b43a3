/*
 * places.h - the names of a zone that an edit may change: those it names, all above them, and all below one
 * that becomes or ceases to be a delegation or a DNAME.
 */
#ifndef MAPD_PLACES_H
#define MAPD_PLACES_H

#include "mapd/draft.h"
#include "mapd/node.h"
#include "mapd/store.h"

#define PLACES_MOST 100000
#define PLACE_NONE UINT32_MAX

struct place {
	struct name name; /* lower case */
	size_t key_n;
	uint8_t key[NODE_KEY];
	bool touched; /* a line is about it */
	bool mapping; /* and may change its ELOC set */
	bool below; /* hidden or shown by what is above it */
	bool stored;
	uint8_t flags; /* NODE_*, as stored */
	uint32_t line; /* the one that is to blame; 0: none */
	size_t old_records, new_records;
	uint32_t entry; /* of the plan; PLACE_NONE: none */
	struct draft before, draft; /* borrowed from the change until the first write */
};

struct places {
	struct change *change; /* borrowed */
	const struct zone *zone;
	struct place **at; /* by key */
	size_t n, max;
};

/*
 * The places of an edit, each with its draft. why is set for -MAP_ELIMIT (too much would be hidden or shown)
 * and for a line that cannot be done (-MAP_ENOTFOUND, -MAP_EFORMAT).
 */
int places_make(
    struct places *places, const struct lines *lines, char *why, size_t max) NONNULL MUST_CHECK;
/* One more place, not sorted in yet; NULL: out of memory. */
struct place *places_add(struct places *places, const struct name *name) NONNULL;
/* Reads what is stored there. -MAP_EDATABASE, -MAP_ENOMEM */
int place_read(struct places *places, struct place *place) NONNULL MUST_CHECK;
/* Sorted, each name once, before any of them is read; what was known of either of two is known of the one. */
void places_sort(struct places *places) NONNULL;
void places_fini(struct places *places) NONNULL;
/* The place of a name or a node's key; NULL: it is none. */
struct place *places_find(const struct places *places, const struct name *name) NONNULL;
struct place *places_find_key(const struct places *places, struct bytes key) NONNULL;
/* Its content may change: it is named by a line, or hidden or shown by one. */
bool place_is_changed(const struct place *place);
/* What is wrong with a line that cannot be done. */
void line_blame(const struct line *line, int error, char *why, size_t max) NONNULL;

#endif
