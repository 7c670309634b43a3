/*
 * deny.c - proofs of absence (RFC 4035 3.1.3, RFC 5155 7.2), copied from what the signer stored.
 * Knows chains; knows nothing of why a name is asked for.
 */
#include "mapd/deny.h"

#include <string.h>

#include "core/trust/trust.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

void
deny_init(
    struct deny *deny, struct snapshot *snap, const struct zone *zone, struct reply *reply)
{
	deny->snap = snap;
	deny->zone = zone;
	deny->reply = reply;
	deny->n = 0;
}

/* Notes a record by where it is stored; false: it is in the answer already. */
static bool
deny_note(struct deny *deny, const uint8_t *stored)
{
	for (unsigned i = 0; i < deny->n; i++)
		if (deny->done[i] == stored)
			return false;
	if (deny->n < DENY_RECORDS)
		deny->done[deny->n++] = stored;
	return true;
}

/* The ancestor of name with so many labels. */
static void
name_ancestor(const struct name *name, unsigned labels, struct name *out)
{
	name_parent(name, name_labels(name) - labels, out);
}

/*
 * NSEC: one record does it all. The last name at or before key that has one either matches (no such
 * type) or covers (no such name). Empty non-terminals and occluded names have none.
 */
static int
nsec_put_at(struct deny *deny, const uint8_t *from, size_t n)
{
	uint8_t key[NODE_KEY];
	struct bytes at = {key, n}, found, value;
	struct node node;
	struct node_set set;
	struct name owner;

	memcpy(key, from, n);
	for (;;) {
		if (!snapshot_floor(deny->snap, TABLE_NODES, at, &found, &value) ||
		    found.n < 4 || found.n > sizeof(key) || memcmp(found.p, key, 4) != 0)
			return -MAP_ENOTFOUND;
		if (node_read(value, &node) != 0)
			return -MAP_EDATABASE;
		if (node_find(&node, RR_NSEC, &set))
			break;
		/* next: what occludes this one, else what stands before it. A key ends with 00, so
		 * that the key without it comes right before */
		memcpy(key, found.p, found.n);
		at.n = found.n;
		if ((node.flags & NODE_OCCLUDED) != 0 &&
		    lookup_cut(deny->snap, deny->zone, at, &n, &node))
			at.n = n;
		else if (at.n > 4)
			at.n--;
		else
			return -MAP_ENOTFOUND;
	}
	if (!deny_note(deny, set.wire.p))
		return 0;
	if (node_key_name(found, &owner) != 0)
		return -MAP_EDATABASE;
	return reply_put_set(deny->reply, SECTION_AUTHORITY, &owner,
		   &(struct reply_set){set.wire, set.records, set.signatures, REPLY_AS_STORED})
		   ? 0
		   : -MAP_ESPACE;
}

static int
nsec_put(struct deny *deny, const struct name *name)
{
	uint8_t key[NODE_KEY];
	size_t n = node_key(deny->zone->id, name, key);

	return nsec_put_at(deny, key, n);
}

/* The NSEC3 record at hash with its signatures, whole or not at all. */
static bool
nsec3_put_record(struct deny *deny, const uint8_t hash[NSEC3_HASH], const struct denial *denial)
{
	struct reply_mark mark = reply_mark(deny->reply);
	char label[NSEC3_LABEL + 1];
	uint8_t octets[NSEC3_LABEL + 1];
	struct name owner;
	struct rr rr = {&owner, RR_NSEC3, CLASS_IN, denial->ttl, denial->rdata};
	struct rd rd = rd_init(denial->body);
	bool fits;

	nsec3_label(hash, label);
	octets[0] = NSEC3_LABEL;
	memcpy(octets + 1, label, NSEC3_LABEL);
	if (name_child(&deny->zone->apex, octets, &owner) != 0)
		return false;
	fits = reply_put(deny->reply, SECTION_AUTHORITY, &rr);
	for (unsigned i = 0; fits && i < denial->signatures; i++) {
		rr.type = RR_RRSIG;
		rr.rdata = rd_bytes(&rd, rd_u16(&rd));
		fits = reply_put(deny->reply, SECTION_AUTHORITY, &rr);
	}
	if (!fits)
		reply_undo(deny->reply, &mark);
	return fits;
}

/* The NSEC3 record that matches name, or covers it: the last at or before its hash, in a ring. */
static int
nsec3_put(struct deny *deny, const struct name *name, bool matches)
{
	uint8_t hash[NSEC3_HASH], key[DENIAL_KEY];
	struct bytes wanted = {key, DENIAL_KEY}, found, value;
	struct denial denial;

	if (trust_nsec3(name, hash) != 0)
		return -MAP_EDATABASE;
	denial_key(deny->zone->id, hash, key);
	if (!snapshot_floor(deny->snap, TABLE_DENIAL, wanted, &found, &value) ||
	    found.n != DENIAL_KEY || memcmp(found.p, key, 4) != 0) {
		memset(key + 4, 0xff, NSEC3_HASH);
		if (matches ||
		    !snapshot_floor(deny->snap, TABLE_DENIAL, wanted, &found, &value) ||
		    found.n != DENIAL_KEY || memcmp(found.p, key, 4) != 0)
			return -MAP_ENOTFOUND;
	}
	if (matches && memcmp(found.p, key, DENIAL_KEY) != 0)
		return -MAP_ENOTFOUND;
	if (!deny_note(deny, value.p))
		return 0;
	if (denial_read(value, &denial) != 0)
		return -MAP_EDATABASE;
	return nsec3_put_record(deny, found.p + 4, &denial) ? 0 : -MAP_ESPACE;
}

/* RFC 5155 7.2.1: the closest encloser, and that the next closer name is not there. */
static int
nsec3_put_encloser(struct deny *deny, const struct name *name, unsigned encloser)
{
	struct name part;
	int error;

	name_ancestor(name, encloser, &part);
	error = nsec3_put(deny, &part, true);
	return error != 0 ? error : deny_closer(deny, name, encloser);
}

static int
wildcard_put(struct deny *deny, const struct name *name, unsigned encloser, bool matches)
{
	struct name part, wildcard;

	name_ancestor(name, encloser, &part);
	/* no room for the label "*": then no wildcard can be there, nor a proof be needed */
	if (name_wildcard_of(&part, &wildcard) != 0)
		return 0;
	return deny->zone->denial == DENIAL_NSEC3 ? nsec3_put(deny, &wildcard, matches)
						  : nsec_put(deny, &wildcard);
}

int
deny_closer(struct deny *deny, const struct name *name, unsigned encloser)
{
	struct name part;

	if (deny->zone->denial != DENIAL_NSEC3)
		return nsec_put(deny, name); /* RFC 4035 3.1.3.3 */
	name_ancestor(name, encloser + 1, &part);
	return nsec3_put(deny, &part, false); /* RFC 5155 7.2.6 */
}

int
deny_type(struct deny *deny, const struct name *name, const struct found *found)
{
	bool nsec3 = deny->zone->denial == DENIAL_NSEC3;
	int error;

	if (!found->wildcard)
		return nsec3 ? nsec3_put(deny, name, true) : nsec_put(deny, name);
	/* RFC 4035 3.1.3.4, RFC 5155 7.2.5 */
	error = nsec3 ? nsec3_put_encloser(deny, name, found->labels) : nsec_put(deny, name);
	return error != 0 ? error : wildcard_put(deny, name, found->labels, true);
}

int
deny_name(struct deny *deny, const struct name *name, const struct found *found)
{
	int error;

	/* RFC 4035 3.1.3.2, RFC 5155 7.2.2 */
	error = deny->zone->denial == DENIAL_NSEC3
		    ? nsec3_put_encloser(deny, name, found->labels)
		    : nsec_put(deny, name);
	return error != 0 ? error : wildcard_put(deny, name, found->labels, false);
}
