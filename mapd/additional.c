/*
 * additional.c - the additional section: mappings beside identities, prefix sets beside mappings,
 * keys, glue. Nothing of it is needed but glue; so nothing of it makes an answer truncated but that.
 */
#include "mapd/additional.h"

#include "core/wire/mapping.h"
#include "core/wire/rrtype.h"

#define ADDITIONAL_SETS 32 /* far more than 4096 octets have room for with their signatures */

/* The additional section of one answer. */
struct extra {
	const struct serve *s;
	struct reply *reply;
	bool full;
	unsigned n;
	const uint8_t *done[ADDITIONAL_SETS]; /* where the sets in the answer are stored */
};

static struct reply_set
set_as_stored(const struct node_set *set)
{
	return (struct reply_set){set->wire, set->records, set->signatures, REPLY_AS_STORED};
}

/* False: it is there already, or there is no room left for anything. */
static bool
extra_note(struct extra *extra, const struct node_set *set)
{
	if (extra->full || extra->n == ADDITIONAL_SETS)
		return false;
	for (unsigned i = 0; i < extra->n; i++)
		if (extra->done[i] == set->wire.p)
			return false;
	extra->done[extra->n++] = set->wire.p;
	return true;
}

static void
extra_put(struct extra *extra, const struct name *owner, const struct node_set *set)
{
	struct reply_set stored = set_as_stored(set);

	if (extra_note(extra, set))
		extra->full = !reply_put_set(extra->reply, SECTION_ADDITIONAL, owner, &stored);
}

/* The ELOC set at owner, out of any zone that is served here; wildcards do not count. */
static bool
mapping_find(const struct serve *s, const struct name *owner, struct found *found)
{
	const struct zone *zone = zone_find(s->zones, owner);

	if (zone == NULL)
		return false;
	lookup_name(s->snap, zone, owner, RR_ELOC, found);
	return found->outcome == LOOKUP_HIT && !found->wildcard;
}

/* Where the mapping of id is, in the order of protocol 2: table, hint, reverse tree. */
static bool
identity_find(
    const struct serve *s, const struct eid *id, struct name *owner, struct found *found)
{
	if (id->form != EID_ADDRESS)
		return eid_owner_own(id, owner) == 0 && mapping_find(s, owner, found);
	for (size_t i = 0; i < s->n_realms; i++)
		if (realm_covers(&s->realms[i], id) &&
		    eid_owner_below(id, s->realms[i].length, &s->realms[i].suffix, owner) ==
			0 &&
		    mapping_find(s, owner, found))
			return true;
	if (id->at_length > 0 && eid_owner_below(id, id->at_length, &id->at, owner) == 0 &&
	    mapping_find(s, owner, found))
		return true;
	return eid_owner_reverse(id->address, owner) == 0 && mapping_find(s, owner, found);
}

/* The prefix sets that the via records of an ELOC set lead to; none of them leads further. */
static void
extra_put_sets(struct extra *extra, const struct node_set *mapping)
{
	struct bytes rdata;
	uint16_t type;
	size_t at = 0;
	unsigned sets = 0;

	for (unsigned i = 0; i < mapping->records && sets < MAPPING_SETS; i++) {
		struct found found;
		struct eloc eloc;

		if (!node_set_next(mapping, &at, &type, &rdata))
			return;
		if (eloc_read(rdata, &eloc) != 0 || eloc.kind != ELOC_VIA)
			continue;
		sets++;
		if (mapping_find(extra->s, &eloc.set, &found))
			extra_put(extra, &eloc.set, &found.set);
	}
}

static void
extra_put_mapping(struct extra *extra, const struct name *owner, const struct found *mapping)
{
	extra_put(extra, owner, &mapping->set);
	extra_put_sets(extra, &mapping->set);
}

static void
extra_put_key(struct extra *extra, const struct name *owner, const struct found *mapping)
{
	struct node_set set;

	if (node_find(&mapping->node, RR_KEY, &set))
		extra_put(extra, owner, &set);
}

/*
 * Puts something of each identity of an EPID set. Sets are stored in the order of their RDATA, which
 * for EPID is that of preference.
 */
static void
extra_put_identities(struct extra *extra, const struct node_set *set,
    void (*put)(struct extra *extra, const struct name *owner, const struct found *found))
{
	struct bytes rdata;
	uint16_t type;
	size_t at = 0;

	for (unsigned i = 0; i < set->records && i < MAPPING_SET && !extra->full; i++) {
		struct epid epid;
		struct name owner;
		struct found found;

		if (!node_set_next(set, &at, &type, &rdata))
			return;
		if (epid_read(rdata, &epid) == 0 &&
		    identity_find(extra->s, &epid.id, &owner, &found))
			put(extra, &owner, &found);
	}
}

void
additional_put_mapping(
    const struct serve *s, struct reply *r, const struct name *owner, const struct found *hit)
{
	struct extra extra = {.s = s, .reply = r};

	if (r->limit > SERVE_TCP_ADDITIONAL)
		r->limit = SERVE_TCP_ADDITIONAL;
	if (r->truncated || r->n >= r->limit)
		return;
	(void)extra_note(&extra, &hit->set);
	if (hit->set.type == RR_EPID) {
		extra_put_identities(&extra, &hit->set, extra_put_mapping);
		extra_put_identities(&extra, &hit->set, extra_put_key);
		return;
	}
	extra_put_sets(&extra, &hit->set);
	extra_put_key(&extra, owner, hit);
}

static bool
glue_put(
    const struct serve *s, struct reply *r, const struct zone *zone, const struct name *host)
{
	static const uint16_t types[] = {RR_A, RR_AAAA};
	struct node node;
	bool fits = true;

	if (!name_is_below(host, &zone->apex) || !lookup_node(s->snap, zone, host, &node))
		return true;
	for (unsigned i = 0; i < 2; i++) {
		struct node_set set;
		struct reply_set stored;

		if (!node_find(&node, types[i], &set))
			continue;
		stored = set_as_stored(&set);
		fits = reply_put_set(r, SECTION_ADDITIONAL, host, &stored) && fits;
	}
	return fits;
}

bool
additional_put_glue(const struct serve *s, struct reply *r, const struct zone *zone,
    const struct name *cut, const struct node_set *servers)
{
	/* what the child cannot be reached without comes first; glue of siblings is a courtesy */
	for (int inside = 1; inside >= 0; inside--) {
		size_t at = 0;
		struct bytes rdata;
		uint16_t type;

		for (unsigned i = 0; i < servers->records; i++) {
			struct rd rd;
			struct name host;

			if (!node_set_next(servers, &at, &type, &rdata))
				break;
			rd = rd_init(rdata);
			name_read_plain(&rd, &host);
			if (rd.error != 0 || name_is_below(&host, cut) != (inside == 1))
				continue;
			if (!glue_put(s, r, zone, &host) && inside == 1)
				return false;
		}
	}
	return true;
}
