/*
 * desk.c - the names of one zone while updates change them.
 * Knows what was stored and what is tried; knows nothing of what an update asks for, nor how it is written.
 */
#include "mapd/desk.h"

#include <stdlib.h>
#include <string.h>

#include "core/sys/scatter.h"
#include "core/wire/errors.h"
#include "mapd/work.h"

struct desk_octets {
	struct desk_octets *next;
	uint8_t octets[];
};

static bool
apex_has_dname(const struct desk *desk)
{
	uint8_t octets[NODE_KEY];
	struct bytes key = {octets, node_key(desk->zone.id, &desk->zone.apex, octets)}, value;
	struct node node;

	return change_get(desk->change, TABLE_NODES, key, &value) &&
	       node_read(value, &node) == 0 && (node.flags & NODE_DNAME) != 0;
}

static bool
desk_is_split(const struct desk *desk)
{
	uint8_t key[NAME_KEY];
	size_t n = name_key(&desk->zone.apex, key);
	struct zone next;

	return work_zone_next(desk->change, key, &n, &next) &&
	       name_is_below(&next.apex, &desk->zone.apex);
}

bool
desk_is_elsewhere(const struct desk *desk, const struct name *name)
{
	struct zone zone;

	return desk->split && work_zone_of(desk->change, name, &zone) &&
	       !name_equal(&zone.apex, &desk->zone.apex);
}

int
desk_new(struct change *change, const struct zone *zone, struct desk **out)
{
	struct desk *desk = calloc(1, sizeof *desk);

	if (desk == NULL)
		return -MAP_ENOMEM;
	desk->change = change;
	desk->zone = *zone;
	desk->dname = apex_has_dname(desk);
	desk->split = desk_is_split(desk);
	*out = desk;
	return 0;
}

static void
spot_free(struct spot *spot)
{
	draft_fini(&spot->before);
	draft_fini(&spot->now);
	draft_fini(&spot->next);
	free((void *)(uintptr_t)spot->value.p);
	free(spot);
}

void
desk_free(struct desk *desk)
{
	if (desk == NULL)
		return;
	while (desk->octets != NULL) {
		struct desk_octets *next = desk->octets->next;

		free(desk->octets);
		desk->octets = next;
	}
	for (size_t i = 0; i < desk->n; i++)
		spot_free(desk->spots[i]);
	free(desk->spots);
	free(desk->tried);
	free(desk->owners);
	free(desk);
}

/* Room for one more pointer. */
static int
spots_room(struct spot ***spots, size_t n, size_t *max)
{
	struct spot **more;

	if (n < *max)
		return 0;
	more = realloc(*spots, (*max * 2 + 64) * sizeof *more);
	if (more == NULL)
		return -MAP_ENOMEM;
	*spots = more;
	*max = *max * 2 + 64;
	return 0;
}

static struct spot **
desk_bucket(struct desk *desk, const uint8_t *key, size_t n)
{
	_Static_assert(NODE_KEY <= SCATTER_MOST, "keys of names are scattered");
	return &desk->buckets[scatter(key, n) % DESK_BUCKETS];
}

/* What is stored of it, copied: the store's octets move when something is written. */
static int
spot_read(struct desk *desk, struct spot *spot)
{
	struct bytes value;
	struct node node;
	uint8_t *copy;
	int rc;

	if (!change_get(
		desk->change, TABLE_NODES, (struct bytes){spot->key, spot->key_n}, &value))
		return change_error(desk->change);
	copy = malloc(value.n + 1);
	if (copy == NULL)
		return -MAP_ENOMEM;
	memcpy(copy, value.p, value.n);
	spot->value = (struct bytes){copy, value.n};
	spot->stored = true;
	rc = node_read(spot->value, &node) != 0 ? -MAP_EDATABASE
						: draft_read(&spot->before, spot->value);
	if (rc == 0)
		spot->flags = node.flags;
	return rc != 0 ? rc : draft_copy(&spot->before, &spot->now);
}

/* Adds the spot of a name, without those above it. */
static int
desk_add(struct desk *desk, const struct name *name, struct spot **out)
{
	struct spot *spot = calloc(1, sizeof *spot), **bucket;
	int rc = spot == NULL ? -MAP_ENOMEM : spots_room(&desk->spots, desk->n, &desk->max);

	if (rc == 0) {
		spot->name = *name;
		spot->key_n = node_key(desk->zone.id, name, spot->key);
		spot->hidden = desk->dname && !name_equal(name, &desk->zone.apex);
		rc = spot_read(desk, spot);
	}
	if (rc != 0) {
		if (spot != NULL)
			spot_free(spot);
		return rc;
	}
	bucket = desk_bucket(desk, spot->key, spot->key_n);
	spot->same = *bucket;
	*bucket = spot;
	desk->spots[desk->n++] = spot;
	*out = spot;
	return 0;
}

static struct spot *
desk_find(struct desk *desk, struct bytes key)
{
	struct spot *spot = *desk_bucket(desk, key.p, key.n);

	while (spot != NULL && !bytes_equal((struct bytes){spot->key, spot->key_n}, key))
		spot = spot->same;
	return spot;
}

int
desk_look(struct desk *desk, const struct name *name, struct draft *draft, struct bytes *value)
{
	uint8_t octets[NODE_KEY];
	struct bytes key = {octets, node_key(desk->zone.id, name, octets)};
	const struct spot *spot = desk_find(desk, key);

	*value = (struct bytes){NULL, 0};
	if (spot != NULL) {
		*value = spot->value;
		return draft_copy(&spot->now, draft);
	}
	if (!change_get(desk->change, TABLE_NODES, key, value) &&
	    change_error(desk->change) != 0)
		return change_error(desk->change);
	return draft_read(draft, *value);
}

int
desk_spot(struct desk *desk, const struct name *name, struct spot **out)
{
	struct spot *below = NULL, *spot;
	struct name at = *name;
	uint8_t key[NODE_KEY];
	int rc;

	/* up to one that is there already: its parents are too */
	for (;;) {
		spot = desk_find(desk, (struct bytes){key, node_key(desk->zone.id, &at, key)});
		if (spot != NULL)
			break;
		rc = desk_add(desk, &at, &spot);
		if (rc != 0)
			return rc;
		if (below != NULL)
			below->parent = spot;
		else
			*out = spot;
		below = spot;
		if (name_equal(&at, &desk->zone.apex))
			return 0;
		name_parent(&at, 1, &at);
		if (name_equal(&at, &desk->zone.apex))
			return 0;
	}
	if (below != NULL)
		below->parent = spot;
	else
		*out = spot;
	return 0;
}

bool
spot_is_occluded(const struct spot *spot)
{
	for (const struct spot *above = spot->parent; above != NULL; above = above->parent)
		if ((above->flags & (NODE_CUT | NODE_DNAME)) != 0)
			return true;
	return spot->hidden;
}

bool
spot_is_apex(const struct desk *desk, const struct spot *spot)
{
	return name_equal(&spot->name, &desk->zone.apex);
}

int
desk_try(struct desk *desk, struct spot *spot)
{
	int rc;

	if (spot->tried)
		return 0;
	rc = spots_room(&desk->tried, desk->n_tried, &desk->max_tried);
	if (rc == 0)
		rc = draft_copy(&spot->now, &spot->next);
	if (rc != 0)
		return rc;
	spot->tried = true;
	desk->tried[desk->n_tried++] = spot;
	return 0;
}

int
desk_own(struct desk *desk, struct spot *spot)
{
	int rc = spots_room(&desk->owners, desk->n_owners, &desk->max_owners);

	if (rc != 0)
		return rc;
	desk->owners[desk->n_owners++] = spot;
	return desk_try(desk, spot);
}

void
desk_keep(struct desk *desk)
{
	for (size_t i = 0; i < desk->n_tried; i++) {
		struct spot *spot = desk->tried[i];
		struct draft now = spot->now;

		spot->tried = false;
		if (draft_equal(&spot->now, &spot->next))
			continue;
		spot->now = spot->next;
		spot->next = now;
		spot->changed = desk->changed = true;
	}
	desk->n_tried = 0;
}

void
desk_drop(struct desk *desk)
{
	for (size_t i = 0; i < desk->n_tried; i++)
		desk->tried[i]->tried = false;
	desk->n_tried = 0;
}

int
desk_lines(const struct desk *desk, struct lines *lines)
{
	int rc = 0;

	for (size_t i = 0; i < desk->n_tried && rc == 0; i++) {
		const struct spot *spot = desk->tried[i];

		rc = draft_lines(&spot->name, &spot->now, &spot->next, lines);
	}
	return rc;
}

uint8_t *
desk_octets(struct desk *desk, size_t n)
{
	struct desk_octets *octets = malloc(sizeof *octets + n);

	if (octets == NULL)
		return NULL;
	octets->next = desk->octets;
	desk->octets = octets;
	return octets->octets;
}

size_t
draft_types(const struct draft *draft, uint16_t *types, size_t max)
{
	size_t n = 0, k;

	for (size_t i = 0; i < draft->n; i++) {
		uint16_t type = draft->records[i].type;

		for (k = n; k > 0 && types[k - 1] > type; k--)
			;
		if ((k > 0 && types[k - 1] == type) || n == max)
			continue;
		for (size_t m = n++; m > k; m--)
			types[m] = types[m - 1];
		types[k] = type;
	}
	return n;
}
