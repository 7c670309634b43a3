/*
 * lookup.h - what a zone has at a name: one of a few outcomes (RFC 1034 4.3.2, 4592, 6672).
 */
#ifndef MAPD_LOOKUP_H
#define MAPD_LOOKUP_H

#include "mapd/node.h"
#include "mapd/store.h"

enum lookup_outcome {
	LOOKUP_HIT, /* set: what was asked for */
	LOOKUP_NODATA, /* the name exists (perhaps only as an empty non-terminal) */
	LOOKUP_NXNAME, /* the name does not exist; labels: of its closest encloser */
	LOOKUP_REFERRAL, /* node, labels: the cut; set: its NS */
	LOOKUP_CNAME, /* set: the CNAME */
	LOOKUP_DNAME, /* node, labels: the owner above the name; set: the DNAME */
	LOOKUP_FAILED, /* the database is not what it should be */
	LOOKUP_OUTCOMES
};

/* Borrowed until the snapshot is released. */
struct found {
	enum lookup_outcome outcome;
	bool wildcard; /* the node is the child "*" of the closest encloser */
	bool signatures_only; /* type RRSIG was asked for: set's RRSIGs are the answer */
	uint8_t labels; /* of the name found, or of the closest encloser (NXNAME, wildcard) */
	struct node node;
	struct node_set set;
};

/*
 * Looks up type at name, which lies in zone. One read when the name exists; only a miss walks.
 * Wildcards never match for mappings (protocol 3): EPID and ELOC there are NODATA.
 */
void lookup_name(struct snapshot *snap, const struct zone *zone, const struct name *name,
    uint16_t type, struct found *out) NONNULL;

/* The node at name, whatever it is; false: absent. For glue. */
bool lookup_node(struct snapshot *snap, const struct zone *zone, const struct name *name,
    struct node *out) NONNULL;

/*
 * The cut or DNAME closest to the apex among the names above key (which is a node's key); false:
 * none. *n is set to the length of its key, which is a prefix of key's.
 */
bool lookup_cut(struct snapshot *snap, const struct zone *zone, struct bytes key, size_t *n,
    struct node *out) NONNULL;

#endif
