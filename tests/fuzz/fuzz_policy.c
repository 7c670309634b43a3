/*
 * fuzz_policy.c - any octets as an UPDATE of a realm, applied to its names one by one and judged: whatever a key is
 * allowed is its own, of its kind and within bounds.
 * Three octets before the message say who signs and what is known of him; what was there is what the
 * prerequisites say (of a set that must be just these records).
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>

#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/wire/update.h"
#include "mapd/apply.h"
#include "mapd/policy.h"

#define ITEMS_MOST 200
#define HEAD 3
#define KEY_HEAD 4

enum {
	HEAD_ENROLLED = 1,
	HEAD_BANNED = 2,
	HEAD_REVOKED = 4,
	HEAD_ADMIN = 8,
	HEAD_NEW = 16,
	HEAD_ASSIGNED = 32,
	HEAD_CUT = 64,
	HEAD_FULL = 128
};

/* RFC 8032, test 1; its HHIT is 05e437dbb22e81cb3e.id.example.org. */
static const uint8_t known_key[32] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5,
    0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
    0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};

struct facts {
	struct name apex, site;
	struct realm realm;
	struct policy policy;
	struct actor actor;
	uint8_t flags;
};

static void
facts_of(struct facts *f, const uint8_t head[HEAD], const struct update *update)
{
	const struct update_item *changes = update->items + update->n_prerequisites;
	const char *why;

	memset(f, 0, sizeof *f);
	HOLDS(name_from("id.example.org.", &f->apex) == 0);
	HOLDS(name_from("site.example.org.", &f->site) == 0);
	HOLDS(realm_scan("2001:3f:fe00:a00::/56=id.example.org", &f->realm, &why) == 0);
	policy_defaults(&f->policy, (enum policy_kind)(head[0] % 3));
	f->policy.sites = &f->site;
	f->policy.n_sites = 1;
	f->policy.private_locators = head[0] > 0x7f;
	f->flags = head[1];
	f->actor.kind = (f->flags & HEAD_ADMIN) != 0 ? ACTOR_ADMIN : ACTOR_KEY;
	f->actor.algorithm = CRYPTO_ED25519;
	f->actor.key_n = sizeof known_key;
	memcpy(f->actor.key, known_key, sizeof known_key);
	f->actor.name = *changes[head[2] / 2 % update->n_changes].owner;
	/* the first KEY that comes signs, or the known one */
	for (size_t i = 0; i < update->n_changes && head[2] % 2 == 1; i++) {
		struct bytes key = changes[i].rdata;

		if (changes[i].verb != UPDATE_ADD || changes[i].type != RR_KEY ||
		    key.n <= KEY_HEAD || crypto_public_size(key.p[3]) != key.n - KEY_HEAD)
			continue;
		f->actor.algorithm = key.p[3];
		f->actor.key_n = (uint8_t)(key.n - KEY_HEAD);
		memcpy(f->actor.key, key.p + KEY_HEAD, key.n - KEY_HEAD);
		break;
	}
}

static void
put(struct draft *draft, const struct draft_record *record)
{
	struct draft_record *more = realloc(draft->records, (draft->n + 1) * sizeof *more);

	HOLDS(more != NULL);
	draft->records = more;
	draft->records[draft->n++] = *record;
	draft->max = draft->n;
}

static bool
has(const struct draft *draft, const struct draft_record *record)
{
	for (size_t i = 0; i < draft->n; i++)
		if (draft->records[i].type == record->type &&
		    bytes_equal(draft->records[i].rdata, record->rdata))
			return true;
	return false;
}

/* What was there, each record once. */
static void
before_of(struct draft *draft, const struct update *update, const struct name *owner)
{
	for (size_t i = 0; i < update->n_prerequisites; i++) {
		const struct update_item *item = &update->items[i];
		struct draft_record record = {item->type, 300, 0, item->rdata};

		if (item->verb == UPDATE_RRSET_VALUE && name_equal(item->owner, owner) &&
		    rrtype_refusal(item->type) == NULL && !has(draft, &record))
			put(draft, &record);
	}
}

static size_t
count(const struct draft *draft, uint16_t type)
{
	size_t n = 0;

	for (size_t i = 0; i < draft->n; i++)
		n += draft->records[i].type == type;
	return n;
}

/* A type that some key may change somewhere. */
static bool
type_is_hosts(uint16_t type)
{
	return type == RR_KEY || type == RR_ELOC || type == RR_EPID || type == RR_A ||
	       type == RR_AAAA || type == RR_PTR;
}

static bool
key_is(const struct draft_record *record, const struct actor *actor)
{
	return record->rdata.n == KEY_HEAD + (size_t)actor->key_n &&
	       record->rdata.p[3] == actor->algorithm &&
	       memcmp(record->rdata.p + KEY_HEAD, actor->key, actor->key_n) == 0;
}

static void
changes_hold(const struct policy_case *c, const struct draft *from, const struct draft *to)
{
	for (size_t i = 0; i < to->n; i++)
		if (!has(from, &to->records[i])) {
			HOLDS(type_is_hosts(to->records[i].type));
			HOLDS(policy_may_touch(c, to->records[i].type) == NULL);
			if (to->records[i].type == RR_KEY)
				HOLDS(key_is(&to->records[i], c->actor));
		}
}

/* What must hold of all that a key is allowed, whatever the rules are. */
static void
allowed_holds(const struct policy_case *c, const struct facts *f)
{
	static const uint16_t types[] = {RR_KEY, RR_ELOC, RR_EPID, RR_A, RR_AAAA, RR_PTR};
	const struct policy *policy = &f->policy;
	const uint32_t most[] = {
	    policy->key, policy->eloc, policy->epid, policy->eloc, policy->eloc, policy->epid};
	size_t octets = 0, were = 0;
	struct eid id;

	HOLDS(policy->kind != POLICY_CLOSED);
	HOLDS(policy->kind == POLICY_OPEN || c->enrolled);
	HOLDS(!c->banned && !c->revoked && !c->cut);
	HOLDS(!name_equal(c->owner, c->apex) && !name_is_wildcard(c->owner));
	HOLDS(name_equal(c->owner, &c->actor->name) || c->assigned != NULL);
	if (eid_from_owner(&c->actor->name, c->realms, c->n_realms, &id) == 0 &&
	    eid_is_self_certifying(&id))
		HOLDS(trust_key_check(&id, c->actor->algorithm,
			  (struct bytes){c->actor->key, c->actor->key_n}) == 0);
	changes_hold(c, c->before, c->after);
	changes_hold(c, c->after, c->before);
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		HOLDS(count(c->after, types[i]) <= most[i] ||
		      count(c->after, types[i]) <= count(c->before, types[i]));
	for (size_t i = 0; i < c->after->n; i++)
		octets += c->after->records[i].rdata.n;
	for (size_t i = 0; i < c->before->n; i++)
		were += c->before->records[i].rdata.n;
	HOLDS(octets <= policy->octets || octets <= were);
	HOLDS(!c->is_new || c->after->n == 0 || (f->flags & HEAD_FULL) == 0);
}

static void
judge(const struct policy_case *c, const struct facts *f)
{
	char text[POLICY_TEXT], again[POLICY_TEXT];
	const struct policy_rule *rule = policy_judge(c, text), *at;
	size_t i = 0;

	while ((at = policy_rule_at(i)) != NULL && at != rule)
		i++;
	HOLDS(at == rule);
	HOLDS(policy_judge(c, again) == rule && strcmp(text, again) == 0);
	HOLDS(strlen(text) > 0 && strlen(text) < sizeof text);
	for (i = 0; text[i] != '\0'; i++)
		HOLDS(text[i] >= ' ' && text[i] < 0x7f);
	if (rule->allows && c->actor->kind == ACTOR_KEY)
		allowed_holds(c, f);
}

static void
name_judge(struct facts *f, const struct update *update, const struct name *owner)
{
	struct draft before = {0}, after = {0};
	struct name other;
	struct policy_case c = {.policy = &f->policy,
	    .apex = &f->apex,
	    .realms = &f->realm,
	    .n_realms = 1,
	    .actor = &f->actor,
	    .owner = owner,
	    .before = &before,
	    .after = &after,
	    .enrolled = (f->flags & HEAD_ENROLLED) != 0,
	    .banned = (f->flags & HEAD_BANNED) != 0,
	    .revoked = (f->flags & HEAD_REVOKED) != 0,
	    .cut = (f->flags & HEAD_CUT) != 0,
	    .assigned = (f->flags & HEAD_ASSIGNED) != 0 ? &f->actor.name : NULL,
	    .is_new = (f->flags & HEAD_NEW) != 0,
	    .identities = (f->flags & HEAD_FULL) != 0 ? f->policy.identities : 0,
	    .now = 1795651200};

	HOLDS(name_from("other.example.org.", &other) == 0);
	before_of(&before, update, owner);
	for (size_t i = 0; i < before.n; i++)
		put(&after, &before.records[i]);
	HOLDS(apply_items(&after, update, owner, name_equal(owner, &f->apex)) == 0);
	judge(&c, f);
	if (c.assigned == NULL) {
		c.assigned = &other;
		judge(&c, f);
	}
	draft_fini(&before);
	draft_fini(&after);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct update update;
	struct facts facts;
	struct message m;
	const char *why;

	if (n < HEAD || n > UINT16_MAX ||
	    message_parse((struct bytes){data + HEAD, n - HEAD}, &m) != 0)
		return 0;
	if (update_read(&m, &update, &why) == RCODE_NOERROR && update.n_changes > 0 &&
	    update.n_changes + update.n_prerequisites <= ITEMS_MOST) {
		facts_of(&facts, data, &update);
		for (size_t i = 0; i < update.n_changes; i++)
			name_judge(
			    &facts, &update, update.items[update.n_prerequisites + i].owner);
	}
	update_fini(&update);
	return 0;
}
