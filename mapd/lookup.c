/*
 * lookup.c - finds what a zone has at a name, mostly in one read; only a miss looks at others.
 * Knows nodes and their order; knows nothing of messages and of DNSSEC.
 */
#include "mapd/lookup.h"

#include <string.h>

#include "core/wire/rrtype.h"

#define KEY_ZONE 4 /* octets of the zone's id in front of a node's key */
#define KEY_WILDCARD 2

static bool
lookup_key(struct snapshot *snap, struct bytes key, struct node *out)
{
	struct bytes value;

	return snapshot_get(snap, TABLE_NODES, key, &value) && node_read(value, out) == 0;
}

bool
lookup_node(
    struct snapshot *snap, const struct zone *zone, const struct name *name, struct node *out)
{
	uint8_t key[NODE_KEY];
	size_t n = node_key(zone->id, name, key);

	return lookup_key(snap, (struct bytes){key, n}, out);
}

/* The length of the key of the ancestor that has so many labels. */
static size_t
key_prefix(struct bytes key, unsigned labels)
{
	size_t n = KEY_ZONE;

	while (labels > 0 && n < key.n)
		labels -= key.p[n++] == 0;
	return n;
}

static unsigned
key_labels(struct bytes key)
{
	unsigned labels = 0;

	for (size_t i = KEY_ZONE; i < key.n; i++)
		labels += key.p[i] == 0;
	return labels;
}

/* Labels of the closest common ancestor of two keys of one zone. */
static unsigned
key_common(struct bytes a, struct bytes b)
{
	unsigned labels = 0;

	for (size_t i = KEY_ZONE; i < a.n && i < b.n && a.p[i] == b.p[i]; i++)
		labels += a.p[i] == 0;
	return labels;
}

bool
lookup_cut(struct snapshot *snap, const struct zone *zone, struct bytes key, size_t *n,
    struct node *out)
{
	unsigned labels = key_labels(key);

	for (unsigned i = name_labels(&zone->apex); i < labels; i++) {
		*n = key_prefix(key, i);
		if (!lookup_key(snap, (struct bytes){key.p, *n}, out))
			continue;
		if ((out->flags & (NODE_CUT | NODE_DNAME)) != 0)
			return true;
	}
	return false;
}

static void
found_as(
    struct found *out, enum lookup_outcome outcome, const struct node *node, unsigned labels)
{
	out->outcome = outcome;
	out->node = *node;
	out->labels = (uint8_t)labels;
}

/* At a cut or DNAME that stands above the name. */
static void
lookup_above(const struct node *node, unsigned labels, struct found *out)
{
	bool cut = (node->flags & NODE_CUT) != 0;

	found_as(out, cut ? LOOKUP_REFERRAL : LOOKUP_DNAME, node, labels);
	if (!node_find(node, cut ? RR_NS : RR_DNAME, &out->set))
		out->outcome = LOOKUP_FAILED;
}

static void
lookup_occluded(
    struct snapshot *snap, const struct zone *zone, struct bytes key, struct found *out)
{
	struct node node;
	size_t n;

	if (lookup_cut(snap, zone, key, &n, &node))
		lookup_above(&node, key_labels((struct bytes){key.p, n}), out);
}

/* RFC 8482 4.1: one set is enough of an answer to ANY, and to RRSIG for the same reason. */
static bool
lookup_any(const struct node *node, uint16_t type, struct node_set *set)
{
	size_t at = 0;

	while (node_next(node, &at, set)) {
		if (set->type == RR_NSEC)
			continue;
		if (type == RR_ANY || set->signatures > 0)
			return true;
	}
	return false;
}

/* The types that are not looked for behind a CNAME (RFC 4035 2.5). */
static bool
type_stays(uint16_t type)
{
	return type == RR_CNAME || type == RR_ANY || type == RR_RRSIG || type == RR_NSEC;
}

static void
lookup_set(uint16_t type, struct found *out)
{
	const struct node *node = &out->node;

	if (out->wildcard && (type == RR_EPID || type == RR_ELOC) &&
	    !node_find(node, RR_CNAME, &out->set))
		out->outcome = LOOKUP_NODATA; /* protocol 3 */
	else if (type == RR_ANY || type == RR_RRSIG)
		out->outcome = lookup_any(node, type, &out->set) ? LOOKUP_HIT : LOOKUP_NODATA;
	else if (node_find(node, type, &out->set))
		out->outcome = LOOKUP_HIT;
	else if (!type_stays(type) && node_find(node, RR_CNAME, &out->set))
		out->outcome = LOOKUP_CNAME;
	else
		out->outcome = LOOKUP_NODATA;
	out->signatures_only = type == RR_RRSIG && out->outcome == LOOKUP_HIT;
}

static void
lookup_exact(const struct node *node, struct bytes key, uint16_t type, struct found *out)
{
	found_as(out, LOOKUP_NODATA, node, key_labels(key));
	/* RFC 4035 3.1.4.1: DS is asked of the parent, whose name the cut is */
	if ((node->flags & NODE_CUT) != 0 && type != RR_DS)
		lookup_above(node, out->labels, out);
	else
		lookup_set(type, out);
}

/* The name does not exist, and neither cut nor DNAME is above it: the wildcard, or nothing. */
static void
lookup_wildcard(struct snapshot *snap, struct bytes encloser, uint16_t type, struct found *out)
{
	uint8_t key[NODE_KEY + KEY_WILDCARD];
	struct node node;

	out->outcome = LOOKUP_NXNAME;
	if ((out->node.flags & NODE_WILDCARD) == 0)
		return;
	memcpy(key, encloser.p, encloser.n);
	key[encloser.n] = '*';
	key[encloser.n + 1] = 0;
	if (!lookup_key(snap, (struct bytes){key, encloser.n + KEY_WILDCARD}, &node))
		return;
	out->wildcard = true;
	out->node = node;
	lookup_set(type, out);
}

/*
 * The greatest name before a name that does not exist is its closest encloser or below it, since
 * empty non-terminals are stored (but for those below a cut); so what the two have in common is the
 * closest encloser.
 */
static void
lookup_missing(struct snapshot *snap, const struct zone *zone, struct bytes key,
    struct bytes before, uint16_t type, struct found *out)
{
	struct node node;
	unsigned labels = key_common(key, before);
	struct bytes encloser;

	encloser = (struct bytes){key.p, key_prefix(key, labels)};
	if (labels < name_labels(&zone->apex))
		return;
	/* between a cut and glue far below it no empty non-terminals are stored */
	if (!lookup_key(snap, encloser, &node) || (node.flags & NODE_OCCLUDED) != 0) {
		lookup_occluded(snap, zone, encloser, out);
		return;
	}
	if ((node.flags & (NODE_CUT | NODE_DNAME)) != 0) {
		lookup_above(&node, labels, out);
		return;
	}
	found_as(out, LOOKUP_NXNAME, &node, labels);
	lookup_wildcard(snap, encloser, type, out);
}

/* One read finds the name, or the one before it. */
void
lookup_name(struct snapshot *snap, const struct zone *zone, const struct name *name,
    uint16_t type, struct found *out)
{
	uint8_t buffer[NODE_KEY];
	struct bytes key = {buffer, node_key(zone->id, name, buffer)};
	struct bytes at, value;
	struct node node;

	out->outcome = LOOKUP_FAILED;
	out->wildcard = false;
	out->signatures_only = false;
	/* the apex comes before every other name of the zone: something is always found */
	if (!snapshot_floor(snap, TABLE_NODES, key, &at, &value) || at.n < KEY_ZONE ||
	    memcmp(at.p, key.p, KEY_ZONE) != 0)
		return;
	if (!bytes_equal(at, key))
		lookup_missing(snap, zone, key, at, type, out);
	else if (node_read(value, &node) != 0)
		return;
	else if ((node.flags & NODE_OCCLUDED) != 0)
		lookup_occluded(snap, zone, key, out);
	else
		lookup_exact(&node, key, type, out);
	if (snapshot_error(snap) != 0)
		out->outcome = LOOKUP_FAILED;
}
