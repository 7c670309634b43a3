/*
 * trial.c - an update that nobody sent: its message made of lines, and who signs it.
 * Knows what a worker looks at before it checks a signature; what the zone then makes of it is the writer's.
 */
#include "mapd/trial.h"

#include <stdlib.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/proposal.h"
#include "mapd/update.h"
#include "mapd/update_key.h"

#define MESSAGE_MOST 65535

/* A line as a record of the update section (RFC 2136 2.5). */
static void
line_put(struct wr *wr, const struct line *line)
{
	bool sets = line->verb == LINE_SET;
	uint32_t ttl = line->ttl == LINE_NO_TTL ? TRIAL_TTL : line->ttl;

	name_put(wr, &line->owner);
	wr_u16(wr, line->type != 0 ? line->type : RR_ANY);
	wr_u16(wr, sets ? CLASS_IN : line->has_rdata ? CLASS_NONE : CLASS_ANY);
	wr_u32(wr, sets ? ttl : 0);
	wr_u16(wr, line->has_rdata ? (uint16_t)line->rdata.n : 0);
	if (line->has_rdata)
		wr_bytes(wr, line->rdata);
}

static void
message_put(struct wr *wr, const struct name *apex, const struct lines *lines)
{
	struct rd rd = lines_first(lines);
	struct line line;

	wr_u16(wr, 0);
	wr_u16(wr, OPCODE_UPDATE << 11);
	wr_u16(wr, 1);
	wr_u16(wr, 0);
	wr_u16(wr, (uint16_t)lines->count);
	wr_u16(wr, 0);
	name_put(wr, apex);
	wr_u16(wr, RR_SOA);
	wr_u16(wr, CLASS_IN);
	while (lines_next(&rd, &line))
		line_put(wr, &line);
}

struct proposal *
trial_new(const struct name *apex, const struct lines *lines, const char **why)
{
	uint8_t *octets = malloc(MESSAGE_MOST);
	struct wr wr = wr_init(octets, octets != NULL ? MESSAGE_MOST : 0);
	struct proposal *p = NULL;
	int rc = octets == NULL ? -MAP_ENOMEM : 0;

	*why = NULL;
	if (rc == 0) {
		message_put(&wr, apex, lines);
		rc = wr.error != 0 ? -MAP_ELIMIT : proposal_new(wr_done(&wr), &p);
	}
	free(octets);
	if (rc == 0) {
		rc = update_read(&p->message, &p->update, why);
		if (rc == RCODE_NOERROR) {
			p->dry = true;
			p->shown = true; /* as over TCP */
			return p;
		}
	}
	if (*why == NULL)
		*why = rc == -MAP_ELIMIT ? "too much for one update" : error_text(rc);
	proposal_free(p);
	return NULL;
}

void
trial_free(struct proposal *p)
{
	proposal_free(p);
}

static bool
trial_refuse(struct proposal *p, enum update_refusal why)
{
	const struct policy_rule *rule = &update_rows[why].rule;

	verdict_set(&p->verdict, rule->rcode, rule->ede, "%s", rule->text);
	p->verdict.rule = rule;
	return false;
}

static bool
trial_proofs(struct proposal *p)
{
	const struct update_item *proof;

	return update_proof_find(&p->update, &proof) || trial_refuse(p, UPDATE_PROOFS);
}

bool
trial_has_admin(const struct rules *rules, const struct name *key)
{
	for (size_t i = 0; i < rules->updates.n_keys; i++)
		if (name_equal(&rules->updates.keys[i].name, key))
			return true;
	return false;
}

bool
trial_of_admin(struct proposal *p, const struct name *key)
{
	p->actor.kind = ACTOR_ADMIN;
	p->actor.name = *key;
	return trial_proofs(p);
}

bool
trial_of_key(struct proposal *p, const struct rules *rules, struct snapshot *snap,
    const struct zone *home, const struct actor *actor)
{
	const struct policy *policy = rules_policy(rules, &p->update.zone);
	struct update_signer from = {.snap = snap,
	    .zone = home,
	    .realms = rules->realms,
	    .n_realms = rules->n_realms,
	    .open = name_equal(&home->apex, &p->update.zone) && policy->kind == POLICY_OPEN};
	struct policy_case c = {.policy = policy,
	    .apex = &p->update.zone,
	    .realms = rules->realms,
	    .n_realms = rules->n_realms,
	    .actor = &p->actor};
	bool known;

	p->sig0.signer = actor->name;
	p->sig0.algorithm = actor->algorithm;
	p->sig0.tag = actor->tag;
	known = update_key_find(&from, p);
	p->actor = *actor;
	/* marked: a worker would have refused it before its signature was looked at */
	if (update_forbids(&c, &p->update, snap) != NULL)
		p->origin = p;
	/* the policy says that itself */
	if (policy->kind == POLICY_CLOSED)
		return true;
	if (update_is_large(&p->update, p->wire.n))
		return trial_refuse(p, UPDATE_SIZE);
	if (!known)
		return trial_refuse(p, UPDATE_KEY);
	return p->origin != NULL || trial_proofs(p);
}

struct trial_answer
trial_answer(const struct proposal *p)
{
	const struct verdict *verdict = &p->verdict;
	const struct policy_rule *rule = verdict->rule;

	bool early = p->origin != NULL && verdict->rcode != RCODE_NOERROR;

	return (struct trial_answer){.actor = &p->actor,
	    .rcode = early ? update_rows[UPDATE_POLICY].rule.rcode : verdict->rcode,
	    .rule = rule != NULL ? rule->name : NULL,
	    .text = verdict->text[0] != '\0' ? verdict->text
		    : rule != NULL	     ? rule->text
					     : ""};
}
