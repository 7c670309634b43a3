/*
 * node.h - the stored form of a name, a denial record and a zone, ready to be copied into answers.
 *
 * Every value begins with the version octet NODE_VERSION.
 * Node:  u8 version | u8 flags | u16 sets | { u16 type | u16 records | u16 signatures | u32 ttl |
 *        u32 length | length octets }*   types ascending
 * The octets of a set are whole records as they go into an answer whose question is this owner:
 *        C0 0C | type | class | ttl | u16 rdlength | rdata     records, then their RRSIGs
 * with uncompressed RDATA. An NSEC record is a set of its own (RR_NSEC) in the node.
 * Denial: u8 version | u8 reserved | u16 length | NSEC3 rdata | u16 signatures | u32 ttl | { u16 length | RRSIG rdata }*
 *        key: u32 zone id | 20 octets hash; the owner is base32hex(hash).apex
 */
#ifndef MAPD_NODE_H
#define MAPD_NODE_H

#include "core/wire/cursor.h"
#include "core/wire/name.h"
#include "core/wire/rrset.h"

#define NODE_VERSION 1

#define NODE_CUT 0x01      /* delegation: NS here, not the apex */
#define NODE_DNAME 0x02    /* a DNAME is here */
#define NODE_EMPTY 0x04    /* empty non-terminal: no set of its own */
#define NODE_OCCLUDED 0x08 /* below a cut or a DNAME: glue, never an answer */
#define NODE_WILDCARD 0x10 /* has a child "*" */
#define NODE_APEX 0x20

#define NODE_KEY (4 + NAME_KEY)
#define DENIAL_KEY (4 + 20)

struct node {
	uint8_t flags;
	uint16_t sets;
	struct bytes body; /* the sets, borrowed */
};

struct node_set {
	uint16_t type;
	uint16_t records;
	uint16_t signatures;
	uint32_t ttl;
	struct bytes wire; /* records, then RRSIGs, borrowed */
};

size_t node_key(uint32_t zone, const struct name *name, uint8_t key[NODE_KEY]) NONNULL;
/* The name of a node's key. */
int node_key_name(struct bytes key, struct name *name) NONNULL MUST_CHECK;
int node_read(struct bytes value, struct node *out) NONNULL MUST_CHECK;
/* The set of type; false: none. */
bool node_find(const struct node *node, uint16_t type, struct node_set *out) NONNULL;
/* All sets in turn: *at 0 at first. */
bool node_next(const struct node *node, size_t *at, struct node_set *out) NONNULL;
/* All records of a set in turn, RRSIGs after the records; rdata borrowed. */
bool node_set_next(const struct node_set *set, size_t *at, uint16_t *type, struct bytes *rdata)
    NONNULL;

/* Writing a node: start, sets in ascending order of type, end. */
size_t node_start(struct wr *wr, uint8_t flags) NONNULL;
void node_put_set(struct wr *wr, size_t started, const struct rrset *set,
    const struct bytes *signatures, size_t n_signatures);

size_t denial_key(uint32_t zone, const uint8_t hash[20], uint8_t key[DENIAL_KEY]) NONNULL;
struct denial {
	struct bytes rdata; /* NSEC3 */
	uint32_t ttl;
	uint16_t signatures;
	struct bytes body; /* { u16 length | RRSIG rdata }* */
};
int denial_read(struct bytes value, struct denial *out) NONNULL MUST_CHECK;
void denial_put(struct wr *wr, struct bytes nsec3, uint32_t ttl, const struct bytes *signatures,
    size_t n_signatures) NONNULL;

enum zone_denial { DENIAL_NSEC = 1, DENIAL_NSEC3 = 2 };

/* TABLE_ZONES: the ordered key of the apex (for the root, whose key is empty: one octet 00) -> this. */
struct zone {
	uint32_t id;
	uint32_t serial;
	uint8_t denial; /* enum zone_denial */
	uint8_t algorithm;
	uint32_t negative_ttl; /* min(SOA TTL, MINIMUM) (RFC 2308 5) */
	uint64_t names;        /* nodes, empty non-terminals not counted */
	uint64_t records;      /* without RRSIG, NSEC, NSEC3 */
	uint64_t loaded;       /* seconds since 1970 of the last change */
	uint32_t resign;       /* when the first signatures must be renewed (seconds, RFC 1982) */
	uint32_t expires;      /* when the first signature expires (seconds, RFC 1982) */
	uint32_t ttl_max;      /* the longest TTL that any record had at any time */
	struct name apex;      /* lower case */
};
/*
 * TABLE_META, key META_GENERATION: u8 version | u64, one more with each commit that adds or removes a
 * zone or changes its id or denial. Absent: 0. Workers then read their table of zones again.
 */
#define META_GENERATION "generation" /* the key has no NUL */

size_t zone_meta_key(const struct name *apex, uint8_t key[NAME_KEY]) NONNULL;
int zone_meta_read(struct bytes value, struct zone *out) NONNULL MUST_CHECK;
void zone_meta_put(struct wr *wr, const struct zone *zone) NONNULL;

#endif
