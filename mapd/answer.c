/*
 * answer.c - one row for each outcome of a look-up: which records go into which section.
 * Follows aliases inside the zone; knows nothing of how names are found or absence is proved.
 */
#include "mapd/answer.h"

#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/additional.h"
#include "mapd/deny.h"
#include "mapd/lookup.h"

/* A name that was looked up on the way. */
struct link {
	struct name name;
	const uint8_t *stored; /* where its CNAME or DNAME is stored */
	bool wildcard;
	uint8_t labels; /* of the wildcard's parent */
};

struct answer {
	const struct serve *s;
	const struct zone *zone;
	const struct question *q;
	struct reply *reply;
	int rcode; /* or an error */
	struct deny deny;
	struct found found; /* of the last link */
	unsigned n;
	struct link link[ANSWER_CHAIN + 1];
};

static const struct name *
answer_name(const struct answer *a)
{
	return &a->link[a->n - 1].name;
}

/* NULL stands for the question's name, which stored sets begin with as they are. */
static const struct name *
answer_owner(const struct answer *a)
{
	return a->n == 1 ? NULL : answer_name(a);
}

/* Only the octets in use: most names are far shorter than a name can be. */
static void
answer_link(struct answer *a, const struct name *name)
{
	struct link *link = &a->link[a->n++];

	link->name.n = name->n;
	memcpy(link->name.w, name->w, name->n);
	link->stored = NULL;
	link->wildcard = false;
}

static struct reply_set
set_as_stored(const struct node_set *set)
{
	return (struct reply_set){set->wire, set->records, set->signatures, REPLY_AS_STORED};
}

/* Puts what the client needs: without it the answer is truncated. */
static void
answer_put_set(struct answer *a, enum section section, const struct name *owner,
    const struct reply_set *set)
{
	if (!reply_put_set(a->reply, section, owner, set))
		reply_truncate(a->reply);
}

/* What deny.h returns: no room is TC; no proof is a database that cannot be served from. */
static void
answer_deny(struct answer *a, int error)
{
	if (error == -MAP_ESPACE)
		reply_truncate(a->reply);
	else if (error != 0)
		a->rcode = -MAP_EDATABASE;
}

/* --- the answer section: true: there is another link --- */

static bool
answer_hit(struct answer *a)
{
	struct reply_set set = set_as_stored(&a->found.set);
	struct bytes rdata;
	uint16_t type;
	size_t at = 0;

	if (a->found.signatures_only) {
		for (unsigned i = 0; i < a->found.set.records; i++)
			(void)node_set_next(&a->found.set, &at, &type, &rdata);
		set.wire.p += at;
		set.wire.n -= at;
		set.records = set.signatures;
		set.signatures = 0;
	}
	answer_put_set(a, SECTION_ANSWER, answer_owner(a), &set);
	return false;
}

static bool
answer_nothing(struct answer *a)
{
	(void)a;
	return false;
}

static bool
answer_nxname(struct answer *a)
{
	a->rcode = RCODE_NXDOMAIN; /* RFC 6604 3: of the last name, whatever stands before */
	return false;
}

static bool
answer_failed(struct answer *a)
{
	a->rcode = -MAP_EDATABASE;
	return false;
}

/* Goes on at target, unless that leads out of the zone, around, or too far. */
static bool
answer_follow(struct answer *a, const struct name *target)
{
	if (a->reply->truncated || a->n > ANSWER_CHAIN ||
	    !name_is_below(target, &a->zone->apex))
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (name_equal(&a->link[i].name, target))
			return false;
	answer_link(a, target);
	return true;
}

static bool
alias_target(struct answer *a, struct name *target)
{
	struct bytes rdata;
	uint16_t type;
	size_t at = 0;
	struct rd rd;

	if (node_set_next(&a->found.set, &at, &type, &rdata)) {
		rd = rd_init(rdata);
		name_read_plain(&rd, target);
		if (rd_end(&rd) == 0)
			return true;
	}
	a->rcode = -MAP_EDATABASE;
	return false;
}

static bool
answer_cname(struct answer *a)
{
	struct reply_set set = set_as_stored(&a->found.set);
	struct name target;

	if (!alias_target(a, &target))
		return false;
	answer_put_set(a, SECTION_ANSWER, answer_owner(a), &set);
	return answer_follow(a, &target);
}

/* RFC 6672 3.1: the DNAME, and a CNAME made of it, with the DNAME's TTL and unsigned. */
static bool
answer_dname(struct answer *a)
{
	struct link *last = &a->link[a->n - 1];
	struct reply_set set = set_as_stored(&a->found.set);
	struct name owner, target, to;
	struct rr cname = {&last->name, RR_CNAME, CLASS_IN, a->found.set.ttl, {NULL, 0}};
	bool again = false;

	if (!alias_target(a, &to))
		return false;
	name_parent(&last->name, name_labels(&last->name) - a->found.labels, &owner);
	last->stored = set.wire.p;
	for (unsigned i = 0; i + 1 < a->n; i++)
		again = again || a->link[i].stored == last->stored;
	if (!again)
		answer_put_set(a, SECTION_ANSWER, &owner, &set);
	if (name_replace(&last->name, &owner, &to, &target) != 0) {
		a->rcode = RCODE_YXDOMAIN;
		return false;
	}
	cname.rdata = name_bytes(&target);
	if (!reply_put(a->reply, SECTION_ANSWER, &cname))
		reply_truncate(a->reply);
	/* the CNAME that was made is itself what these types ask for */
	if (a->q->type == RR_CNAME || a->q->type == RR_ANY)
		return false;
	return answer_follow(a, &target);
}

/* --- the authority section --- */

static void
authority_none(struct answer *a)
{
	(void)a;
}

/* The zone's SOA, whose TTL says how long absence may be remembered (RFC 2308 3). */
static void
authority_put_soa(struct answer *a)
{
	const struct name *apex = &a->zone->apex;
	struct node node;
	struct node_set set;
	struct reply_set soa;
	struct bytes rdata;
	uint16_t type;
	size_t at = 0;

	/* the node at hand is the apex often enough */
	if ((a->found.node.flags & NODE_APEX) != 0)
		node = a->found.node;
	else if (!lookup_node(a->s->snap, a->zone, apex, &node))
		node.body.n = 0;
	if (!node_find(&node, RR_SOA, &set) || !node_set_next(&set, &at, &type, &rdata) ||
	    rdata.n < 4) {
		a->rcode = -MAP_EDATABASE;
		return;
	}
	soa = set_as_stored(&set);
	soa.ttl = get_u32(rdata.p + rdata.n - 4);
	if (soa.ttl > set.ttl)
		soa.ttl = set.ttl;
	answer_put_set(a, SECTION_AUTHORITY, apex, &soa);
}

static void
authority_nodata(struct answer *a)
{
	authority_put_soa(a);
	if (a->reply->dnssec_ok)
		answer_deny(a, deny_type(&a->deny, answer_name(a), &a->found));
}

static void
authority_nxname(struct answer *a)
{
	authority_put_soa(a);
	if (a->reply->dnssec_ok)
		answer_deny(a, deny_name(&a->deny, answer_name(a), &a->found));
}

static void
referral_cut(const struct answer *a, struct name *cut)
{
	const struct name *name = answer_name(a);

	name_parent(name, name_labels(name) - a->found.labels, cut);
}

/* RFC 4035 3.1.4: the servers, and the DS set or the proof that there is none. */
static void
authority_referral(struct answer *a)
{
	struct reply_set set = set_as_stored(&a->found.set);
	struct node_set ds;
	struct name cut;

	referral_cut(a, &cut);
	answer_put_set(a, SECTION_AUTHORITY, &cut, &set);
	if (!a->reply->dnssec_ok)
		return;
	if (node_find(&a->found.node, RR_DS, &ds)) {
		set = set_as_stored(&ds);
		answer_put_set(a, SECTION_AUTHORITY, &cut, &set);
	} else {
		answer_deny(a, deny_type(&a->deny, &cut, &a->found));
	}
}

/* --- the additional section --- */

static void
additional_none(struct answer *a)
{
	(void)a;
}

static void
additional_hit(struct answer *a)
{
	if (a->q->type == RR_EPID || a->q->type == RR_ELOC)
		additional_put_mapping(a->s, a->reply, answer_name(a), &a->found);
	/* RFC 1035 3.3.11; useful but not needed, so never a reason to truncate */
	if (a->q->type == RR_NS)
		(void)additional_put_glue(
		    a->s, a->reply, a->zone, answer_name(a), &a->found.set);
}

static void
additional_referral(struct answer *a)
{
	struct name cut;

	referral_cut(a, &cut);
	if (!additional_put_glue(a->s, a->reply, a->zone, &cut, &a->found.set))
		reply_truncate(a->reply);
}

static const struct {
	bool (*answer)(struct answer *a); /* true: goes on at another name */
	void (*authority)(struct answer *a);
	void (*additional)(struct answer *a);
	enum stat stat;
} rows[LOOKUP_OUTCOMES] = {
    [LOOKUP_HIT] = {answer_hit, authority_none, additional_hit, STAT_ANSWER_NOERROR},
    [LOOKUP_NODATA] = {answer_nothing, authority_nodata, additional_none, STAT_ANSWER_NODATA},
    [LOOKUP_NXNAME] = {answer_nxname, authority_nxname, additional_none, STAT_ANSWER_NXDOMAIN},
    [LOOKUP_REFERRAL] = {answer_nothing, authority_referral, additional_referral,
	STAT_ANSWER_REFERRAL},
    [LOOKUP_CNAME] = {answer_cname, authority_none, additional_none, STAT_ANSWER_NOERROR},
    [LOOKUP_DNAME] = {answer_dname, authority_none, additional_none, STAT_ANSWER_NOERROR},
    [LOOKUP_FAILED] = {answer_failed, authority_none, additional_none, STAT_ANSWER_SERVFAIL},
};

/* Follows the aliases to the last link, answering each. */
static void
answer_walk(struct answer *a)
{
	bool more = true;

	while (more) {
		struct link *link = &a->link[a->n - 1];

		lookup_name(a->s->snap, a->zone, &link->name, a->q->type, &a->found);
		link->wildcard = a->found.wildcard;
		link->labels = a->found.labels;
		more = rows[a->found.outcome].answer(a);
	}
}

/* RFC 4035 3.1.3.3: of each name that a wildcard answered, that nothing closer exists. */
static void
answer_prove_wildcards(struct answer *a)
{
	if (!a->reply->dnssec_ok)
		return;
	for (unsigned i = 0; i < a->n && a->rcode >= 0; i++) {
		const struct link *link = &a->link[i];
		bool proved = i + 1 == a->n && a->found.outcome == LOOKUP_NODATA;

		if (link->wildcard && !proved)
			answer_deny(a, deny_closer(&a->deny, &link->name, link->labels));
	}
}

int
answer_put(const struct serve *s, const struct zone *zone, const struct question *q,
    struct reply *r, enum stat *stat)
{
	struct answer a;

	a.s = s;
	a.zone = zone;
	a.q = q;
	a.reply = r;
	a.rcode = RCODE_NOERROR;
	a.n = 0;
	deny_init(&a.deny, s->snap, zone, r);
	answer_link(&a, &q->name);
	answer_walk(&a);
	if (a.n > 1 || a.found.outcome != LOOKUP_REFERRAL)
		r->flags |= FLAG_AA;
	if (a.rcode >= 0)
		rows[a.found.outcome].authority(&a);
	answer_prove_wildcards(&a);
	if (a.rcode >= 0)
		rows[a.found.outcome].additional(&a);
	*stat = a.rcode == RCODE_YXDOMAIN ? STAT_ANSWER_YXDOMAIN : rows[a.found.outcome].stat;
	return a.rcode;
}
