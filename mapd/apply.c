/*
 * apply.c - what an UPDATE does to the records of one name.
 * Knows RFC 2136; knows nothing of who may do it, nor of the store.
 */
#include "mapd/apply.h"

#include <string.h>

#include "core/wire/dnssec.h"
#include "core/wire/mapping.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"
#include "mapd/node.h"

#define SOA_SERIAL_END 20 /* the serial stands so many octets before the end */

static bool
rdata_is_proof(uint16_t type, struct bytes rdata)
{
	struct eloc eloc;

	return type == RR_ELOC && eloc_read(rdata, &eloc) == 0 && eloc.kind == ELOC_PROOF;
}

static bool
type_is_single(uint16_t type)
{
	const struct rrtype *row = rrtype_find(type);

	return row != NULL && (row->flags & RRF_SINGLE) != 0;
}

/* RFC 2136 3.4.2.2: an SOA that is no later one is passed over, and so is one elsewhere than at the apex. */
static bool
soa_is_later(const struct draft *draft, const struct update_item *item, bool apex)
{
	if (!apex || item->rdata.n < SOA_SERIAL_END)
		return false;
	for (size_t i = 0; i < draft->n; i++) {
		struct bytes there = draft->records[i].rdata;

		if (draft->records[i].type == RR_SOA && there.n >= SOA_SERIAL_END &&
		    !serial_after(get_u32(item->rdata.p + item->rdata.n - SOA_SERIAL_END),
			get_u32(there.p + there.n - SOA_SERIAL_END)))
			return false;
	}
	return true;
}

/* Whether the record may come at all. */
static bool
item_is_taken(const struct draft *draft, const struct update_item *item, bool apex)
{
	if (item->type == RR_SOA)
		return soa_is_later(draft, item, apex);
	for (size_t i = 0; i < draft->n; i++)
		if ((draft->records[i].type == RR_CNAME) != (item->type == RR_CNAME))
			return false;
	return !(apex && item->type == RR_CNAME);
}

/* The least TTL that the message gives to records of this set. */
static uint32_t
item_ttl(const struct update *update, const struct update_item *item)
{
	const struct update_item *items = update->items + update->n_prerequisites;
	uint32_t ttl = item->ttl;

	for (size_t i = 0; i < update->n_changes; i++)
		if (items[i].verb == UPDATE_ADD && items[i].type == item->type &&
		    items[i].ttl < ttl && name_equal(items[i].owner, item->owner))
			ttl = items[i].ttl;
	return ttl;
}

static int
apply_add(
    struct draft *draft, const struct update *update, const struct update_item *item, bool apex)
{
	struct draft_record record = {
	    .type = item->type, .ttl = item_ttl(update, item), .rdata = item->rdata};
	bool single = type_is_single(item->type);
	bool proof = rdata_is_proof(item->type, item->rdata);
	size_t kept = 0;

	if (!item_is_taken(draft, item, apex))
		return 0;
	for (size_t i = 0; i < draft->n; i++) {
		struct draft_record *there = &draft->records[i];

		if (there->type == item->type) {
			there->ttl = record.ttl;
			if (single || (proof && rdata_is_proof(there->type, there->rdata)) ||
			    rdata_compare(item->type, item->rdata, there->rdata) == 0)
				continue;
		}
		draft->records[kept++] = *there;
	}
	draft->n = kept;
	return draft_add(draft, &record);
}

static void
apply_delete(struct draft *draft, const struct update_item *item, bool apex)
{
	size_t kept = 0;

	for (size_t i = 0; i < draft->n; i++) {
		const struct draft_record *there = &draft->records[i];
		bool meant = item->verb == UPDATE_DELETE_NAME || there->type == item->type;

		if (item->verb == UPDATE_DELETE_RECORD)
			meant =
			    meant &&
			    rdata_compare(item->type, item->rdata, there->rdata) == 0 &&
			    there->type != RR_SOA &&
			    !(apex && there->type == RR_NS && draft_count(draft, RR_NS) == 1);
		else if (apex && (there->type == RR_SOA || there->type == RR_NS))
			meant = false;
		if (!meant)
			draft->records[kept++] = *there;
	}
	draft->n = kept;
}

int
apply_items(
    struct draft *draft, const struct update *update, const struct name *owner, bool apex)
{
	const struct update_item *items = update->items + update->n_prerequisites;
	int rc = 0;

	for (size_t i = 0; i < update->n_changes && rc == 0; i++) {
		if (items[i].owner != owner && !name_equal(items[i].owner, owner))
			continue;
		if (items[i].verb == UPDATE_ADD)
			rc = apply_add(draft, update, &items[i], apex);
		else
			apply_delete(draft, &items[i], apex);
	}
	return rc;
}

/* Records of a type, those that mapd makes by itself too. */
static size_t
seen_count(const struct apply_seen *seen, uint16_t type)
{
	size_t n = draft_count(seen->draft, type);
	struct node_set set;
	struct node node;

	if (n > 0 || seen->value.p == NULL || node_read(seen->value, &node) != 0)
		return n;
	/* a set that was taken away is in the stored node still */
	return rrtype_refusal(type) != NULL && node_find(&node, type, &set) ? set.records : 0;
}

static bool
seen_has(const struct apply_seen *seen, const struct update_item *item)
{
	struct node_set set;
	struct node node;
	struct bytes rdata;
	uint16_t type;
	size_t at = 0;

	for (size_t i = 0; i < seen->draft->n; i++)
		if (seen->draft->records[i].type == item->type &&
		    rdata_compare(item->type, item->rdata, seen->draft->records[i].rdata) == 0)
			return true;
	if (rrtype_refusal(item->type) == NULL || seen->value.p == NULL ||
	    node_read(seen->value, &node) != 0 || !node_find(&node, item->type, &set))
		return false;
	while (node_set_next(&set, &at, &type, &rdata))
		if (type == item->type && rdata_compare(type, item->rdata, rdata) == 0)
			return true;
	return false;
}

/* RFC 2136 3.2.5: the set at owner is just the records that are given of it. */
static bool
seen_equals(
    const struct apply_seen *seen, const struct update *update, const struct update_item *item)
{
	size_t n = 0;

	for (size_t i = 0; i < update->n_prerequisites; i++) {
		const struct update_item *other = &update->items[i];
		bool twice = false;

		if (other->verb != UPDATE_RRSET_VALUE || other->type != item->type ||
		    !name_equal(other->owner, item->owner))
			continue;
		if (!seen_has(seen, other))
			return false;
		for (size_t k = 0; k < i && !twice; k++)
			twice = update->items[k].verb == UPDATE_RRSET_VALUE &&
				update->items[k].type == other->type &&
				name_equal(update->items[k].owner, other->owner) &&
				rdata_compare(
				    other->type, update->items[k].rdata, other->rdata) == 0;
		n += !twice;
	}
	return n == seen_count(seen, item->type);
}

/* One prerequisite, unless it is a record of a set that was looked at before. */
static unsigned
apply_prerequisite(const struct apply_seen *seen, const struct update *update, size_t i)
{
	const struct update_item *item = &update->items[i];

	switch (item->verb) {
	case UPDATE_NAME_USED:
		return seen->draft->n > 0 ? RCODE_NOERROR : RCODE_NXDOMAIN;
	case UPDATE_NAME_UNUSED:
		return seen->draft->n > 0 ? RCODE_YXDOMAIN : RCODE_NOERROR;
	case UPDATE_RRSET_EXISTS:
		return seen_count(seen, item->type) > 0 ? RCODE_NOERROR : RCODE_NXRRSET;
	case UPDATE_RRSET_ABSENT:
		return seen_count(seen, item->type) > 0 ? RCODE_YXRRSET : RCODE_NOERROR;
	default:
		for (size_t k = 0; k < i; k++)
			if (update->items[k].verb == UPDATE_RRSET_VALUE &&
			    update->items[k].type == item->type &&
			    name_equal(update->items[k].owner, item->owner))
				return RCODE_NOERROR;
		return seen_equals(seen, update, item) ? RCODE_NOERROR : RCODE_NXRRSET;
	}
}

unsigned
apply_prerequisites(
    const struct apply_seen *seen, const struct update *update, const struct name *owner)
{
	unsigned rcode = RCODE_NOERROR;

	for (size_t i = 0; i < update->n_prerequisites && rcode == RCODE_NOERROR; i++)
		if (name_equal(update->items[i].owner, owner))
			rcode = apply_prerequisite(seen, update, i);
	return rcode;
}
