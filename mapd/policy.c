/*
 * policy.c - who may change what of a realm: policy.def's rows in turn, each a question about one name.
 * Knows no message, no store, no clock but the one it is given; verifies no signature.
 */
#include "mapd/policy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/trust/trust.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/reply.h"
#include "core/wire/rrtype.h"
#include "mapd/view.h"

#define KEY_PROTOCOL 3
#define KEY_UNUSABLE 0xd000 /* RFC 2535 3.1.2: no authentication, no confidentiality, more */
#define HOUR 3600u
#define DAY (24 * HOUR)

typedef bool rule_fn(const struct view *v, char *text);

/* Its KEY is at the owner's name, or should be. */
static bool
place_has_key(const struct view *v)
{
	return place_has_type(v->place, RR_KEY);
}

/* The rules, in the order of policy.def. */

bool
rule_made(const struct view *v, char *text)
{
	uint16_t last = 0;
	char type[16];

	if (!v->content)
		return v->type != 0 && rrtype_refusal(v->type) != NULL;
	for (size_t i = 0; i < v->c->after->n; last = v->c->after->records[i++].type)
		if (v->c->after->records[i].type != last &&
		    rrtype_refusal(v->c->after->records[i].type) != NULL)
			return say(text, "%s: %s",
			    rrtype_print(v->c->after->records[i].type, type),
			    rrtype_refusal(v->c->after->records[i].type));
	return false;
}

bool
rule_stray_key(const struct view *v, char *text)
{
	const struct draft_record *key;

	(void)text;
	if (!v->certain)
		return false;
	for (size_t at = 0; (key = added_next(v, RR_KEY, &at)) != NULL;)
		if (!key_is_certified(&v->id, key->rdata))
			return true;
	return false;
}

bool
rule_other_admin(const struct view *v, char *text)
{
	const struct policy *policy = v->c->policy;

	(void)text;
	return v->c->actor->kind == ACTOR_ADMIN && policy->n_admins > 0 &&
	       !names_have(policy->admins, policy->n_admins, &v->c->actor->name);
}

bool
rule_admin(const struct view *v, char *text)
{
	(void)text;
	return v->c->actor->kind == ACTOR_ADMIN;
}

bool
rule_closed(const struct view *v, char *text)
{
	(void)text;
	return v->c->policy->kind == POLICY_CLOSED;
}

bool
rule_banned(const struct view *v, char *text)
{
	char why[POLICY_TEXT];
	size_t n = 0;

	if (!v->c->banned)
		return false;
	for (const char *p = v->c->why; p != NULL && *p != '\0' && n < sizeof why - 1; p++)
		why[n++] = *p >= ' ' && *p < 0x7f ? *p : '?';
	why[n] = '\0';
	return n == 0 || say(text, "the identity is banned: %s", why);
}

bool
rule_stranger(const struct view *v, char *text)
{
	(void)text;
	return v->c->policy->kind == POLICY_ENROLLED && !v->c->enrolled;
}

bool
rule_false_key(const struct view *v, char *text)
{
	const struct actor *actor = v->c->actor;

	(void)text;
	return v->actor_certain && trust_key_check(&v->actor_id, actor->algorithm,
				       (struct bytes){actor->key, actor->key_n}) != 0;
}

/* A proof that revokes stays until an administrator takes it away. */
bool
rule_revoked(const struct view *v, char *text)
{
	struct eloc eloc;

	(void)text;
	for (size_t i = 0; v->content && v->place == PLACE_OWN && i < v->c->before->n; i++)
		if (v->c->before->records[i].type == RR_ELOC &&
		    eloc_read(v->c->before->records[i].rdata, &eloc) == 0 &&
		    eloc.kind == ELOC_PROOF && (eloc.proof.flags & PROOF_REVOKED) != 0)
			return true;
	return v->c->revoked;
}

bool
rule_apex(const struct view *v, char *text)
{
	(void)text;
	return name_equal(v->c->owner, v->c->apex);
}

/* RFC 4592 2.2.1: an empty "*" above it is a wildcard too, and answers for all names that are not there. */
bool
rule_wildcard(const struct view *v, char *text)
{
	(void)text;
	return owner_is_wild(v);
}

bool
rule_cut(const struct view *v, char *text)
{
	(void)text;
	return v->c->cut;
}

/* Who certifies himself is not kept out by what stands in a table. */
bool
rule_assigned_to_other(const struct view *v, char *text)
{
	char name[NAME_TEXT];

	if (v->c->assigned == NULL || name_equal(v->c->assigned, &v->c->actor->name) ||
	    v->place == PLACE_OWN)
		return false;
	return say(
	    text, "held by %s, whom it is assigned to", name_short(v->c->assigned, name));
}

bool
rule_foreign(const struct view *v, char *text)
{
	(void)text;
	return v->place == PLACE_NONE;
}

/* RFC 8552: such names say what a service is, or prove who owns a name. */
bool
rule_underscore(const struct view *v, char *text)
{
	const struct name *owner = v->c->owner;

	(void)text;
	for (size_t at = 0; v->place == PLACE_HOST && at + owner->w[at] + 1u < owner->n;
	     at += owner->w[at] + 1u)
		if (owner->w[at + 1] == '_')
			return owner->n - at > v->c->apex->n;
	return false;
}

/* Each label on the way is a name of its own in the chain of denial, and nobody's. */
bool
rule_deep(const struct view *v, char *text)
{
	(void)text;
	return v->place == PLACE_HOST &&
	       name_labels(v->c->owner) > name_labels(v->c->apex) + POLICY_LABELS;
}

bool
rule_kind(const struct view *v, char *text)
{
	struct difference d;
	char type[16];

	if (!v->content)
		return v->type != 0 && !place_has_type(v->place, v->type);
	for (size_t at = 0; difference_next(v, &at, &d);)
		if (!place_has_type(v->place, d.record->type))
			return say(text, "%s: not for the identity to change at this name",
			    rrtype_print(d.record->type, type));
	return false;
}

static void
time_print(uint64_t time, const char *none, char text[32])
{
	time_t t = (time_t)time;
	struct tm tm;

	if (time == 0 || gmtime_r(&t, &tm) == NULL ||
	    strftime(text, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		snprintf(text, 32, "%s", none);
}

/* First come, first served: by the KEY that is there. */
bool
rule_held(const struct view *v, char *text)
{
	const struct draft *before = v->c->before;
	char since[32], until[32];

	if (!place_has_key(v) || v->certain || draft_has_key(before, v->c->actor))
		return false;
	time_print(v->c->since, "the zone was loaded", since);
	time_print(v->c->key_until != 0 ? v->c->key_until : v->c->until, "it goes", until);
	for (size_t i = 0; i < before->n; i++)
		if (before->records[i].type == RR_KEY)
			return say(text, "held by key %u since %s until %s",
			    dnssec_key_tag(before->records[i].rdata), since, until);
	return false;
}

/* Who comes first may have it, if nothing is there. */
static bool
is_for_the_first(const struct view *v)
{
	return v->place == PLACE_HOST ||
	       (v->place == PLACE_NAME && v->c->policy->kind == POLICY_OPEN);
}

bool
rule_taken(const struct view *v, char *text)
{
	(void)text;
	return is_for_the_first(v) && v->c->before->n > 0 &&
	       !draft_has_key(v->c->before, v->c->actor);
}

bool
rule_unknown_key(const struct view *v, char *text)
{
	(void)text;
	return place_has_key(v) && !v->certain && !is_for_the_first(v) &&
	       !draft_has_key(v->c->before, v->c->actor);
}

bool
rule_other_key(const struct view *v, char *text)
{
	struct difference d;

	for (size_t at = 0; difference_next(v, &at, &d);)
		if (d.record->type == RR_KEY && (d.added || d.removed) &&
		    !key_is_actors(d.record, v->c->actor))
			return say(text, "key %u %s only with its own signature",
			    dnssec_key_tag(d.record->rdata), d.added ? "comes" : "goes");
	return false;
}

bool
rule_bad_key(const struct view *v, char *text)
{
	const struct draft *after = v->c->after;
	const struct draft_record *key;

	(void)text;
	for (size_t at = 0; (key = added_next(v, RR_KEY, &at)) != NULL;) {
		size_t same = 0;

		for (size_t i = 0; i < after->n; i++)
			same += after->records[i].type == RR_KEY &&
				after->records[i].rdata.n > 3 &&
				after->records[i].rdata.p[3] == key->rdata.p[3];
		if (same > 1 ||
		    crypto_public_size(key->rdata.p[3]) + KEY_HEAD != key->rdata.n ||
		    key->rdata.n == KEY_HEAD || key->rdata.p[2] != KEY_PROTOCOL ||
		    (get_u16(key->rdata.p) & KEY_UNUSABLE) != 0)
			return true;
	}
	return false;
}

/* A KEY that is left alone keeps the name for its owner (RFC 9664 5.3); without it nobody could change the rest. */
bool
rule_keyless(const struct view *v, char *text)
{
	const struct draft *after = v->c->after;

	(void)text;
	if (!place_has_key(v) || draft_has_key(after, v->c->actor))
		return false;
	for (size_t i = 0; i < after->n; i++)
		if (after->records[i].type != RR_KEY &&
		    place_has_type(v->place, after->records[i].type))
			return true;
	return false;
}

/* A name is claimed with the first thing that is put there. */
static bool
is_claim(const struct view *v)
{
	return v->c->is_new && v->c->after->n > 0;
}

bool
rule_names_full(const struct view *v, char *text)
{
	if (!is_claim(v) || place_has_key(v) || v->c->names < v->c->policy->names)
		return false;
	return say(text, "the identity has %" PRIu64 " other names, %" PRIu32 " are allowed",
	    v->c->names, v->c->policy->names);
}

bool
rule_source_full(const struct view *v, char *text)
{
	if (!is_claim(v) || v->c->unproved ||
	    v->c->identities_of_source < v->c->policy->identities_of_source)
		return false;
	return say(text,
	    "%" PRIu64 " names were claimed from this network, %" PRIu32 " are allowed",
	    v->c->identities_of_source, v->c->policy->identities_of_source);
}

/* A datagram can be from anywhere: it counts for no network, and so fills none's quota. */
bool
rule_unproved_full(const struct view *v, char *text)
{
	(void)text;
	return is_claim(v) && v->c->unproved &&
	       v->c->identities_of_source >= v->c->policy->identities_unproved;
}

bool
rule_realm_full(const struct view *v, char *text)
{
	(void)text;
	return is_claim(v) && v->c->identities >= v->c->policy->identities;
}

bool
rule_own(const struct view *v, char *text)
{
	(void)text;
	return v->place == PLACE_OWN || v->place == PLACE_NAME;
}

bool
rule_host(const struct view *v, char *text)
{
	(void)text;
	return v->place == PLACE_HOST;
}

bool
rule_assigned(const struct view *v, char *text)
{
	(void)text;
	return v->place == PLACE_ASSIGNED;
}

/* Whatever is left: no place is without its row. */
bool
rule_reverse(const struct view *v, char *text)
{
	(void)v;
	(void)text;
	return true;
}

enum stage { EARLY, RESULT };
#define ALLOWS true
#define FORBIDS false

static const struct row {
	struct policy_rule rule;
	enum stage stage;
	rule_fn *decides;
} rows[] = {
#define TYPE(...)
#define MOST(...)
#define RULE(function, name, stage, does, rcode, ede, text) \
	{{name, does, RCODE_##rcode, EDE_##ede, text}, stage, rule_##function},
#include "mapd/policy.def"
#undef RULE
#undef MOST
#undef TYPE
};
#define ROWS (sizeof rows / sizeof rows[0])

const struct policy_rule *
policy_judge(const struct policy_case *c, char text[POLICY_TEXT])
{
	struct view v = view_of(c, 0, true);
	size_t i = 0;

	text[0] = '\0';
	while (i < ROWS - 1 && !rows[i].decides(&v, text))
		i++;
	if (text[0] == '\0')
		say(text, "%s", rows[i].rule.text);
	return &rows[i].rule;
}

const struct policy_rule *
policy_may_touch(const struct policy_case *c, uint16_t type)
{
	struct view v = view_of(c, type, false);
	char text[POLICY_TEXT];
	size_t i = 0;

	while (i < ROWS - 1 && !(rows[i].stage == EARLY && rows[i].decides(&v, text)))
		i++;
	return rows[i].rule.allows ? NULL : &rows[i].rule;
}

const struct policy_rule *
policy_rule_at(size_t i)
{
	return i < ROWS ? &rows[i].rule : NULL;
}

#define USUAL(which)                                                                 \
	.kind = POLICY_##which, .lease_least = 30, .lease_most = DAY,                \
	.key_lease_most = 30 * DAY, .eloc = 16, .epid = 8, .key = 2, .octets = 4096, \
	.names = 16, .identities = 10000000, .identities_of_source = 1000,           \
	.identities_unproved = 10000
const struct policy policy_usual[] = {
    [POLICY_CLOSED] = {USUAL(CLOSED)},
    [POLICY_ENROLLED] = {USUAL(ENROLLED)},
    [POLICY_OPEN] = {USUAL(OPEN), .verify_locators = true, .lease = 2 * HOUR,
	.key_lease = 14 * DAY},
};
#undef USUAL

void
policy_defaults(struct policy *policy, enum policy_kind kind)
{
	*policy = policy_usual[kind];
}
