/*
 * decide.c - one update judged: prerequisites, changes, policy, proof, reachability, in this order.
 * Knows which question is asked when; the answers are apply.c's, policy.c's, trust's and prove.c's.
 */
#include "mapd/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/reply.h"
#include "core/wire/rrtype.h"
#include "mapd/apply.h"
#include "mapd/holder.h"
#include "mapd/host.h"
#include "mapd/lease.h"
#include "mapd/note.h"
#include "mapd/people.h"
#include "mapd/proof.h"
#include "mapd/prove.h"
#include "mapd/replay.h"
#include "mapd/settle.h"
#include "mapd/step.h"

#define HOST_RECORDS 256 /* changes and prerequisites of a host's update */

struct deciding {
	struct commit *commit;
	struct work *work;
	struct desk *desk;
	struct proposal *p;
	const struct policy *policy;
	struct person person;
	const struct spot *identity; /* of a host that signs; NULL: it is in no zone here */
	struct lease_grant grant;
	uint64_t now;
	bool whole, revoked;
	bool refused; /* the verdict says why */
};

static void
refuse(struct deciding *d, unsigned rcode, const char *text)
{
	d->refused = true;
	verdict_set(&d->p->verdict, rcode, EDE_PROHIBITED, "%s", text);
}

/* --- replays --- */

static void
decide_replay(struct deciding *d)
{
	unsigned rcode = 0;

	if (d->p->dry)
		return;
	switch (replay_judge(d->work->replay, d->p, d->now, &rcode)) {
	case REPLAY_NEW:
		return;
	case REPLAY_KNOWN:
		d->refused = true;
		d->p->verdict.noted = true; /* it may be one of this commit */
		verdict_set(&d->p->verdict, rcode, EDE_OTHER,
		    "answered before: this is that answer again");
		return;
	case REPLAY_OLD:
		refuse(d, RCODE_REFUSED, "signed before an update that was taken already");
		return;
	case REPLAY_OVER:
		refuse(d, RCODE_REFUSED, "its time has passed: compare clocks");
		return;
	case REPLAY_FULL:
		refuse(d, RCODE_REFUSED, "too many updates of this key at once: later again");
		return;
	}
}

/* --- what it asks for --- */

/* Whether no prerequisite before is about the same name. */
static bool
prerequisite_is_first(const struct update *u, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (name_equal(u->items[k].owner, u->items[i].owner))
			return false;
	return true;
}

/* Any name at all may be asked about, and most often nothing is changed there: the desk keeps nothing of it. */
static int
decide_prerequisites(struct deciding *d)
{
	const struct update *u = &d->p->update;
	const struct name *last = NULL;
	unsigned rcode = RCODE_NOERROR;
	char text[NAME_TEXT];
	struct draft draft = {0};
	struct bytes value;
	int rc = 0;

	for (size_t i = 0; i < u->n_prerequisites && rcode == RCODE_NOERROR && rc == 0; i++) {
		if (u->items[i].owner == last || !prerequisite_is_first(u, i))
			continue;
		last = u->items[i].owner;
		rc = desk_look(d->desk, last, &draft, &value);
		if (rc == 0)
			rcode =
			    apply_prerequisites(&(struct apply_seen){&draft, value}, u, last);
	}
	draft_fini(&draft);
	if (rc != 0 || rcode == RCODE_NOERROR)
		return rc;
	d->refused = true;
	verdict_set(&d->p->verdict, rcode, EDE_OTHER, "a prerequisite at %s does not hold",
	    name_print(last, text));
	return 0;
}

/* The owners of its changes, each with the records that would result. */
static int
decide_changes(struct deciding *d)
{
	const struct update *u = &d->p->update;
	const struct update_item *items = u->items + u->n_prerequisites;
	const struct name *last = NULL;
	struct spot *spot;
	int rc = 0;

	d->desk->n_owners = 0;
	d->desk->update++;
	for (size_t i = 0; i < u->n_changes && rc == 0; i++) {
		if (items[i].owner == last)
			continue;
		last = items[i].owner;
		rc = desk_spot(d->desk, last, &spot);
		if (rc != 0 || spot->seen == d->desk->update)
			continue;
		spot->seen = d->desk->update;
		rc = desk_own(d->desk, spot);
		if (rc == 0)
			rc = apply_items(
			    &spot->next, u, &spot->name, spot_is_apex(d->desk, spot));
	}
	return rc;
}

/* Whether a name was registered as a host, and is that host's still: it may have been assigned to another identity since. */
static bool
is_host(const struct desk *desk, const struct name *name)
{
	struct name identity;
	struct claim claim;

	return claim_get(desk->change, name, &claim) && (claim.flags & CLAIM_HOST) != 0 &&
	       (!assigned_get(desk->change, name, &identity) || name_equal(&identity, name));
}

/* RFC 9665, RFC 9664: addresses are locators too; what has no lease is not there. */
static int
decide_host(struct deciding *d)
{
	const struct name *host = host_described(&d->p->update);
	int rc = 0;

	for (size_t i = 0; i < d->desk->n_owners && rc == 0; i++) {
		struct spot *spot = d->desk->owners[i];
		struct holder holder;

		if (lease_is_over(&d->grant)) {
			holder = holder_signing(d->desk->change, d->work->rules, &spot->name,
			    &spot->now, &d->p->actor.name);
			lease_clear(&spot->next, &holder, lease_key_is_over(&d->grant));
		} else if ((host != NULL && name_equal(host, &spot->name)) ||
			   is_host(d->desk, &spot->name))
			rc = host_set_locators(d->desk, &spot->next);
	}
	return rc;
}

/* --- whether it may --- */

/* The realm's and the source's claims are counted only for a new one. */
static void
case_count(struct deciding *d, struct policy_case *c, const struct spot *spot)
{
	struct claim claim;

	c->is_new = !claim_get(d->desk->change, &spot->name, &claim);
	if (!c->is_new) {
		c->since = claim.since;
		c->until = claim.until;
		c->key_until = claim.key_until;
		return;
	}
	c->identities = claim_count(d->desk->change, &d->desk->zone.apex);
	c->unproved = !d->p->shown;
	c->identities_of_source =
	    claim_count_source(d->desk->change, &d->desk->zone.apex, proposal_claimant(d->p));
}

static void
case_judge(struct deciding *d, const struct spot *spot)
{
	const struct rules *rules = d->work->rules;
	struct policy_case c = {.policy = d->policy,
	    .apex = &d->desk->zone.apex,
	    .realms = rules->realms,
	    .n_realms = rules->n_realms,
	    .actor = &d->p->actor,
	    .owner = &spot->name,
	    .before = &spot->now,
	    .after = &spot->next,
	    .enrolled = (d->person.flags & PERSON_ENROLLED) != 0,
	    .banned = (d->person.flags & PERSON_BANNED) != 0,
	    .revoked = d->revoked,
	    .why = d->person.why[0] != '\0' ? d->person.why : NULL,
	    .cut = spot_is_occluded(spot) || (spot->flags & (NODE_CUT | NODE_DNAME)) != 0 ||
		   desk_is_elsewhere(d->desk, &spot->name),
	    .now = d->now};
	char text[POLICY_TEXT];
	struct name assigned;
	const struct policy_rule *rule;

	if (d->p->actor.kind == ACTOR_KEY) {
		case_count(d, &c, spot);
		if (assigned_get(d->desk->change, &spot->name, &assigned)) {
			c.assigned = &assigned;
			/* another one's is refused before they are counted */
			if (c.is_new && name_equal(&assigned, &d->p->actor.name))
				c.names = assigned_count(d->desk->change, &assigned) - 1;
		}
	}
	rule = policy_judge(&c, text);
	d->p->verdict.rule = rule;
	if (!rule->allows) {
		d->refused = true;
		verdict_set(&d->p->verdict, rule->rcode, rule->ede, "%s", text);
	}
}

/* What is known of who signs. */
static int
decide_person(struct deciding *d)
{
	const struct name *name = &d->p->actor.name;
	struct spot *spot;
	struct desk *desk;
	struct zone zone;
	int rc = 0;

	if (d->p->update.n_changes + d->p->update.n_prerequisites > HOST_RECORDS) {
		refuse(d, RCODE_REFUSED, "too many records for a host's update");
		return 0;
	}
	(void)person_get(d->desk->change, name, &d->person);
	/* its own zone may be another one than that of the names that are assigned to it */
	if (!work_zone_of(d->commit->change, name, &zone))
		return change_error(d->commit->change);
	desk = name_equal(&zone.apex, &d->desk->zone.apex)
		   ? d->desk
		   : commit_desk(d->commit, &zone.apex, &rc);
	if (desk != NULL && rc == 0)
		rc = desk_spot(desk, name, &spot);
	if (desk == NULL || rc != 0)
		return rc;
	d->identity = spot;
	d->revoked = lease_revoked(&spot->now);
	return 0;
}

/*
 * A via that is added, whose set is in no zone of this server: nobody here knows what it says. The policy took them
 * before, so they are few, and sets that it lists.
 */
static void
spot_judge_sets(struct deciding *d, const struct spot *spot)
{
	char owner[NAME_TEXT], set[NAME_TEXT];
	struct eloc eloc;
	struct zone zone;

	for (size_t i = 0; i < spot->next.n; i++) {
		const struct draft_record *record = &spot->next.records[i];

		if (record->type != RR_ELOC || eloc_read(record->rdata, &eloc) != 0 ||
		    eloc.kind != ELOC_VIA ||
		    draft_has_record(&spot->now, RR_ELOC, record->rdata) ||
		    work_zone_of(d->commit->change, &eloc.set, &zone))
			continue;
		d->refused = true;
		d->p->verdict.rule = NULL;
		verdict_set(&d->p->verdict, RCODE_REFUSED, EDE_PROHIBITED,
		    "%s: the set %s of a via is in no zone of this server",
		    name_print(&spot->name, owner), name_print(&eloc.set, set));
		return;
	}
}

/* The names assigned to an identity are its own only with its KEY: where it was, or will be, at its own name. */
static void
decide_assigned(struct deciding *d)
{
	const struct actor *actor = &d->p->actor;
	const struct spot *own = d->identity;

	if (actor->kind != ACTOR_KEY ||
	    (own != NULL && (draft_has_key(&own->now, actor) ||
				(own->tried && draft_has_key(&own->next, actor)))))
		return;
	for (size_t i = 0; i < d->desk->n_owners && !d->refused; i++)
		if (!name_equal(&d->desk->owners[i]->name, &actor->name))
			refuse(d, RCODE_REFUSED,
			    "the KEY that signs is not at the name of the identity any more");
}

static int
decide_policy(struct deciding *d)
{
	char text[NAME_TEXT];

	if (d->p->actor.kind == ACTOR_KEY) {
		int rc = decide_person(d);

		if (rc != 0 || d->refused)
			return rc;
	}
	for (size_t i = 0; i < d->desk->n_owners && !d->refused; i++) {
		struct spot *spot = d->desk->owners[i];

		/* the policy's own limits, of hosts, are lower */
		if (draft_is_too_large(&spot->next)) {
			d->refused = true;
			verdict_set(&d->p->verdict, RCODE_REFUSED, EDE_PROHIBITED,
			    "%s: more records than an answer can hold",
			    name_print(&spot->name, text));
		} else {
			case_judge(d, spot);
			if (!d->refused && d->p->actor.kind == ACTOR_KEY)
				spot_judge_sets(d, spot);
		}
	}
	if (!d->refused)
		decide_assigned(d);
	return change_error(d->desk->change);
}

/* --- whether it is so --- */

static int
decide_proofs(struct deciding *d)
{
	struct verdict *v = &d->p->verdict;
	struct proof_case c = {.rules = d->work->rules,
	    .verified = d->p->proved ? d->p->proof : NULL,
	    .now = d->now};
	bool holds = true;

	for (size_t i = 0; i < d->desk->n_owners && holds; i++) {
		struct spot *spot = d->desk->owners[i];

		holds = proof_judge(&c, &spot->name, &spot->now, &spot->next);
	}
	if (!holds)
		refuse(d, RCODE_REFUSED, c.why);
	else if (c.why[0] != '\0')
		verdict_set(v, RCODE_NOERROR, EDE_OTHER, "%s", c.why);
	return 0;
}

/* The address that a record says a host is at; false: none. */
static bool
record_address(const struct draft_record *record, uint8_t address[16])
{
	struct eloc eloc;

	if (record->type == RR_ELOC && eloc_read(record->rdata, &eloc) == 0 &&
	    (eloc.kind == ELOC_IP4 || eloc.kind == ELOC_IP6)) {
		memcpy(address, eloc.address, 16);
		return true;
	}
	if ((record->type != RR_A || record->rdata.n != 4) &&
	    (record->type != RR_AAAA || record->rdata.n != 16))
		return false;
	memcpy(address, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
	memcpy(address + 16 - record->rdata.n, record->rdata.p, record->rdata.n);
	return true;
}

static bool
draft_has_address(const struct draft *draft, const uint8_t address[16])
{
	uint8_t old[16];

	for (size_t i = 0; i < draft->n; i++)
		if (record_address(&draft->records[i], old) && memcmp(old, address, 16) == 0)
			return true;
	return false;
}

/* Addresses that come without a token of theirs; those there were, or are the identity's, are taken for proved. */
static void
spot_unproved(struct deciding *d, const struct spot *spot)
{
	struct verdict *v = &d->p->verdict;

	for (size_t i = 0; i < spot->next.n; i++) {
		uint8_t address[16];
		bool known;

		if (!record_address(&spot->next.records[i], address))
			continue;
		known = draft_has_address(&spot->now, address) ||
			(d->identity != NULL && draft_has_address(&d->identity->now, address));
		for (unsigned k = 0; k < v->n_prove && !known; k++)
			known = memcmp(v->prove[k], address, 16) == 0;
		if (known || (d->p->update.prove.present &&
				 prove_holds(d->work->prover, &d->p->actor.name, address,
				     d->p->update.prove.tokens, d->now)))
			continue;
		if (v->n_prove < PROVE_MOST)
			memcpy(v->prove[v->n_prove++], address, 16);
	}
}

static int
decide_reachable(struct deciding *d)
{
	struct verdict *v = &d->p->verdict;
	char text[ADDRESS_TEXT];
	size_t n = 0;

	if (d->p->actor.kind != ACTOR_KEY || !d->policy->verify_locators ||
	    d->work->prover == NULL)
		return 0;
	for (size_t i = 0; i < d->desk->n_owners; i++)
		spot_unproved(d, d->desk->owners[i]);
	if (v->n_prove == 0)
		return 0;
	refuse(d, RCODE_REFUSED, "prove ");
	for (unsigned i = 0; i < v->n_prove && n < sizeof v->text - ADDRESS_TEXT; i++) {
		n = strlen(v->text);
		snprintf(v->text + n, sizeof v->text - n, "%s%s", i > 0 ? ", " : "",
		    address_print(v->prove[i], text));
	}
	if (!d->p->update.prove.present || d->p->dry)
		v->n_prove = 0; /* there is nowhere to send to */
	return 0;
}

/* Hosts that know nothing of identities follow, where it was proved; what is to be written is known now. */
static int
decide_steps(struct deciding *d)
{
	int rc = 0;

	for (size_t i = 0; i < d->desk->n_owners && rc == 0; i++)
		rc = step_names(d->commit, d->desk, d->desk->owners[i]);
	d->whole = desk_is_whole(d->desk);
	return rc;
}

/* --- the end of it --- */

/* In the order of protocol 8; each step only when nothing was refused before. */
static int
decide_steps_of(struct deciding *d)
{
	static int (*const steps[])(struct deciding *) = {decide_prerequisites, decide_changes,
	    decide_host, decide_policy, decide_proofs, decide_reachable, decide_steps};
	int rc = 0;

	decide_replay(d);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0] && rc == 0 && !d->refused; i++)
		rc = steps[i](d);
	return rc;
}

/* Prerequisites that failed are remembered too: what did not hold may hold when it comes again. */
static bool
refusal_is_noted(const struct deciding *d)
{
	return !d->p->dry && d->p->verdict.rule == NULL &&
	       d->p->verdict.rcode >= RCODE_NXDOMAIN && d->p->verdict.rcode != RCODE_REFUSED &&
	       d->p->verdict.rcode != RCODE_NOTIMP;
}

/* What becomes of one that nothing speaks against. */
static int
decide_take(struct deciding *d, enum decision *what, struct lines *lines)
{
	int rc;

	if (d->p->dry && !d->whole) {
		commit_drop(d->commit);
		return 0;
	}
	if (d->whole) {
		*what = DECIDED_WHOLE;
		rc = desk_lines(d->desk, lines);
		if (rc == -MAP_ELIMIT) {
			*what = DECIDED;
			lines_fini(lines);
			refuse(d, RCODE_REFUSED,
			    "changes too many records of this zone at once: send it in parts");
			rc = 0;
		}
		return rc;
	}
	commit_put_off(d->commit, d->commit->change, d->desk, false);
	rc = note_taken(d->work, d->desk, d->p, d->now);
	commit_keep(d->commit);
	return rc;
}

int
decide(struct commit *commit, struct desk *desk, struct proposal *p, enum decision *what,
    struct lines *lines)
{
	struct deciding d = {.commit = commit,
	    .work = commit->work,
	    .desk = desk,
	    .p = p,
	    .policy = rules_policy(commit->work->rules, &desk->zone.apex),
	    .now = commit->now};
	unsigned known = 0;
	int rc;

	*what = DECIDED;
	/* it may have been decided before, with others in a transaction that failed */
	p->verdict = (struct verdict){.rcode = RCODE_NOERROR, .ede = EDE_NONE};
	d.grant = lease_grant(d.policy, &p->update.lease);
	if (p->actor.kind == ACTOR_ADMIN)
		d.grant = (struct lease_grant){0};
	rc = decide_steps_of(&d);
	if (rc == 0 && !d.refused)
		rc = decide_take(&d, what, lines);
	if (rc == 0 && d.refused) {
		if (refusal_is_noted(&d) &&
		    replay_judge(d.work->replay, p, d.now, &known) == REPLAY_NEW) {
			p->verdict.noted = true;
			rc = replay_note(d.work->replay, p, p->verdict.rcode, d.now);
		}
		commit_drop(commit);
	}
	/* the same answer again has it too */
	if (rc == 0 && p->verdict.rcode == RCODE_NOERROR && p->actor.kind == ACTOR_KEY)
		p->verdict.lease = lease_granted(d.policy, &p->update.lease);
	return rc;
}
