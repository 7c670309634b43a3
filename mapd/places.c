/*
 * places.c - the names of a zone that an edit may change.
 * Knows how names of a zone depend on each other; knows nothing of what they may hold, nor of signatures.
 */
#include "mapd/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

static int
place_compare(const void *a, const void *b)
{
	const struct place *x = *(struct place *const *)a, *y = *(struct place *const *)b;

	return bytes_compare(
	    (struct bytes){x->key, x->key_n}, (struct bytes){y->key, y->key_n});
}

struct place *
places_add(struct places *places, const struct name *name)
{
	struct place *place = calloc(1, sizeof *place);

	if (place == NULL)
		return NULL;
	if (places->n == places->max) {
		size_t max = places->max * 2 + 64;
		struct place **more = realloc(places->at, max * sizeof *more);

		if (more == NULL) {
			free(place);
			return NULL;
		}
		places->at = more;
		places->max = max;
	}
	place->name = *name;
	place->key_n = node_key(places->zone->id, name, place->key);
	place->entry = PLACE_NONE;
	places->at[places->n++] = place;
	return place;
}

static void
place_free(struct place *place)
{
	draft_fini(&place->before);
	draft_fini(&place->draft);
	free(place);
}

void
places_sort(struct places *places)
{
	size_t kept = 0;

	if (places->n == 0)
		return;
	qsort(places->at, places->n, sizeof places->at[0], place_compare);
	for (size_t i = 0; i < places->n; i++) {
		struct place *place = places->at[i];
		struct place *last = kept > 0 ? places->at[kept - 1] : NULL;

		if (last == NULL || place_compare(&last, &place) != 0) {
			places->at[kept++] = place;
			continue;
		}
		last->touched |= place->touched;
		last->mapping |= place->mapping;
		last->below |= place->below;
		if (place->line != 0 && (last->line == 0 || place->touched))
			last->line = place->line;
		place_free(place);
	}
	places->n = kept;
}

/* An owner and all names above it that are not above the last one too, up to the apex. */
static int
places_add_line(struct places *places, const struct line *line, const struct name *last)
{
	struct name above = line->owner;
	struct place *place = places_add(places, &above);

	if (place == NULL)
		return -MAP_ENOMEM;
	place->touched = true;
	place->mapping = line->type == 0 || line->type == RR_ELOC;
	place->line = line->number;
	while (!name_equal(&above, &places->zone->apex)) {
		name_parent(&above, 1, &above);
		if (name_is_below(last, &above))
			break;
		if (places_add(places, &above) == NULL)
			return -MAP_ENOMEM;
	}
	return 0;
}

int
place_read(struct places *places, struct place *place)
{
	struct bytes value = {NULL, 0};
	struct node node;
	int rc;

	place->stored = change_get(
	    places->change, TABLE_NODES, (struct bytes){place->key, place->key_n}, &value);
	if (!place->stored)
		value.p = NULL;
	else if (node_read(value, &node) != 0)
		return -MAP_EDATABASE;
	else
		place->flags = node.flags;
	rc = draft_read(&place->before, value);
	if (rc == 0)
		rc = draft_read(&place->draft, value);
	place->old_records = place->draft.n;
	return rc;
}

struct place *
places_find_key(const struct places *places, struct bytes key)
{
	size_t low = 0, high = places->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct place *place = places->at[middle];
		int order = bytes_compare((struct bytes){place->key, place->key_n}, key);

		if (order == 0)
			return place;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct place *
places_find(const struct places *places, const struct name *name)
{
	uint8_t key[NODE_KEY];

	return places_find_key(
	    places, (struct bytes){key, node_key(places->zone->id, name, key)});
}

bool
place_is_changed(const struct place *place)
{
	return place != NULL && (place->touched || place->below);
}

void
line_blame(const struct line *line, int error, char *why, size_t max)
{
	char owner[NAME_TEXT], type[16] = "";

	if (line->type != 0)
		rrtype_print(line->type, type);
	snprintf(why, max, "%s%s%s: %s", name_print(&line->owner, owner),
	    line->type != 0 ? " " : "", type,
	    error == -MAP_ENOTFOUND
		? (line->has_rdata ? "no such record to unset" : "no such records to unset")
	    : error == -MAP_EFORMAT ? "no TTL: give one, the set is new"
				    : error_text(error));
}

static int
places_apply(struct places *places, const struct lines *lines, char *why, size_t max)
{
	struct rd rd = lines_first(lines);
	struct line line;
	int rc = 0;

	while (rc == 0 && lines_next(&rd, &line)) {
		rc = draft_apply(&places_find(places, &line.owner)->draft, &line);
		if (rc != 0)
			line_blame(&line, rc, why, max);
	}
	return rc;
}

/* Whether a name hides what is below it, in another way than before. */
static bool
place_turns(const struct places *places, const struct place *place)
{
	bool apex = name_equal(&place->name, &places->zone->apex);

	return (!apex && draft_has(&place->before, RR_NS) != draft_has(&place->draft, RR_NS)) ||
	       draft_has(&place->before, RR_DNAME) != draft_has(&place->draft, RR_DNAME);
}

/* One name below a turned place, and those between that last, the name before it, is not below. */
static int
place_add_below(
    struct places *places, const struct place *above, struct name name, const struct name *last)
{
	struct place *place;

	do {
		if (places->n >= PLACES_MOST)
			return -MAP_ELIMIT;
		place = places_add(places, &name);
		if (place == NULL)
			return -MAP_ENOMEM;
		place->below = true;
		place->line = above->line;
		name_parent(&name, 1, &name);
		/* what was hidden had no empty names above it */
	} while (!name_is_below(last, &name));
	return 0;
}

/* All that is stored below a place, or will be when it is not hidden any more. */
static int
places_add_below(struct places *places, const struct place *above)
{
	struct bytes key = {above->key, above->key_n}, value;
	bool more = change_ceiling(places->change, TABLE_NODES, key, &key, &value);
	struct name name, last = above->name;
	int rc = 0;

	for (; more && rc == 0 && key.n >= above->key_n &&
	       memcmp(key.p, above->key, above->key_n) == 0;
	     more = change_next(places->change, TABLE_NODES, &key, &value)) {
		if (key.n == above->key_n)
			continue;
		if (node_key_name(key, &name) != 0)
			return -MAP_EDATABASE;
		rc = place_add_below(places, above, name, &last);
		last = name;
	}
	return rc;
}

static int
places_widen(struct places *places, char *why, size_t max)
{
	size_t named = places->n;
	char text[NAME_TEXT];
	int rc = 0;

	for (size_t i = 0; i < named && rc == 0; i++) {
		struct place *place = places->at[i];

		/* those below it are hidden or shown only once */
		if (!place->touched || !place_turns(places, place))
			continue;
		rc = places_add_below(places, place);
		if (rc == -MAP_ELIMIT)
			snprintf(why, max,
			    "%s: more than %d names below it would be hidden or shown: load "
			    "the zone from a file",
			    name_print(&place->name, text), PLACES_MOST);
	}
	if (rc != 0 || places->n == named)
		return rc;
	for (size_t i = named; i < places->n && rc == 0; i++)
		rc = place_read(places, places->at[i]);
	return rc;
}

/* What is below and named by a line too has two places: the named one has the draft that counts. */
static void
places_unite(struct places *places)
{
	size_t kept = 0;

	qsort(places->at, places->n, sizeof places->at[0], place_compare);
	for (size_t i = 0; i < places->n; i++) {
		struct place *place = places->at[i];
		struct place *last = kept > 0 ? places->at[kept - 1] : NULL;

		if (last == NULL || place_compare(&last, &place) != 0) {
			places->at[kept++] = place;
			continue;
		}
		if (place->touched || (!last->touched && !place->below)) {
			places->at[kept - 1] = place;
			place->below |= last->below;
			place->line = place->line == 0 ? last->line : place->line;
			place_free(last);
			continue;
		}
		last->below |= place->below;
		last->line = last->line == 0 ? place->line : last->line;
		place_free(place);
	}
	places->n = kept;
}

int
places_make(struct places *places, const struct lines *lines, char *why, size_t max)
{
	struct rd rd = lines_first(lines);
	struct name last = places->zone->apex;
	struct place *apex;
	struct line line;
	int rc = 0;

	why[0] = '\0';
	while (rc == 0 && lines_next(&rd, &line)) {
		rc = places_add_line(places, &line, &last);
		last = line.owner;
	}
	apex = places_add(places, &places->zone->apex);
	if (rc != 0 || apex == NULL)
		return -MAP_ENOMEM;
	places_sort(places);
	for (size_t i = 0; i < places->n && rc == 0; i++)
		rc = place_read(places, places->at[i]);
	if (rc == 0)
		rc = places_apply(places, lines, why, max);
	if (rc == 0)
		rc = places_widen(places, why, max);
	places_unite(places);
	return rc != 0 ? rc : change_error(places->change);
}

void
places_fini(struct places *places)
{
	for (size_t i = 0; i < places->n; i++)
		place_free(places->at[i]);
	free(places->at);
	places->at = NULL;
	places->n = places->max = 0;
}
