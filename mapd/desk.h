/*
 * desk.h - the names of one zone while updates change them: each as it is stored, as the updates taken so far
 * leave it, and as the one that is tried would. Nothing is written before mapd/settle.h does.
 */
#ifndef MAPD_DESK_H
#define MAPD_DESK_H

#include "mapd/draft.h"
#include "mapd/node.h"
#include "mapd/store.h"

struct spot {
	struct spot *same; /* the next of its bucket */
	struct spot *parent; /* NULL: the apex, or right below it */
	struct name name; /* lower case */
	size_t key_n;
	uint8_t key[NODE_KEY];
	bool stored, hidden; /* hidden: below a DNAME of the apex */
	uint8_t flags; /* NODE_*, as stored */
	struct bytes value; /* the stored node, a copy; p NULL: none */
	struct draft before, now, next; /* next: while it is tried */
	bool tried, changed;
	unsigned seen; /* by the update that was looked at last: its number */
	/* for settle.c */
	bool exists, parental; /* will be there; has a child that will be */
};

#define DESK_BUCKETS 4096

struct desk {
	struct change *change; /* borrowed */
	struct zone zone; /* as it was before */
	bool dname; /* the apex has one */
	bool split; /* a zone below it is served here, too */
	struct spot **spots; /* in the order they were asked for, later in that of their keys */
	size_t n, max;
	struct spot *buckets[DESK_BUCKETS];
	struct spot **tried;
	size_t n_tried, max_tried;
	unsigned update; /* number of the one that is looked at */
	struct spot **owners; /* of its changes, each once */
	size_t n_owners, max_owners;
	bool changed;
	struct desk_octets *octets;
	struct desk *next;
};

int desk_new(struct change *change, const struct zone *zone, struct desk **out) NONNULL MUST_CHECK;
void desk_free(struct desk *desk); /* NULL allowed */

/* The spot of a name of the zone, read when it is asked for first. -MAP_ENOMEM, -MAP_EDATABASE */
int desk_spot(struct desk *desk, const struct name *name, struct spot **out) NONNULL MUST_CHECK;
/*
 * What is at a name, as the updates taken so far leave it, and its stored node (p NULL: none), for a look: nothing
 * is kept of it. Both are borrowed until something is written; the caller frees draft with draft_fini().
 */
int desk_look(struct desk *desk, const struct name *name, struct draft *draft,
    struct bytes *value) NONNULL MUST_CHECK;
/* A zone of its own, which is served here too, has the name, whether it was delegated or not. */
bool desk_is_elsewhere(const struct desk *desk, const struct name *name) NONNULL;
/* Hidden below a delegation or a DNAME. */
bool spot_is_occluded(const struct spot *spot) NONNULL;
bool spot_is_apex(const struct desk *desk, const struct spot *spot) NONNULL;

/* From here on changes of next are tried, until desk_keep() or desk_drop(). */
int desk_try(struct desk *desk, struct spot *spot) NONNULL MUST_CHECK;
/* One more owner of the update's changes, to be tried. */
int desk_own(struct desk *desk, struct spot *spot) NONNULL MUST_CHECK;
void desk_keep(struct desk *desk) NONNULL;
void desk_drop(struct desk *desk) NONNULL;

/* What is tried, as lines of an edit. -MAP_ELIMIT, -MAP_ENOMEM */
int desk_lines(const struct desk *desk, struct lines *lines) NONNULL MUST_CHECK;

/* Room for n octets that live as long as the desk; NULL: out of memory. */
uint8_t *desk_octets(struct desk *desk, size_t n) NONNULL;

/* The types of a draft, ascending; returns how many, at most max. */
size_t draft_types(const struct draft *draft, uint16_t *types, size_t max) NONNULL;

#endif
