/*
 * update_key.c - finds the one KEY that a signature can be by; verifies nothing.
 * Knows KEY records and self-certifying names.
 */
#include "mapd/update_key.h"

#include <string.h>

#include "core/trust/trust.h"
#include "core/wire/dnssec.h"
#include "core/wire/mapping.h"
#include "core/wire/reply.h"
#include "core/wire/rrtype.h"
#include "mapd/lookup.h"
#include "mapd/people.h"

#define KEY_HEAD 4 /* flags, protocol, algorithm */
#define KEY_NONE 0xc000 /* flags: RFC 2535 3.1.2: no key, or not for signing */
#define KEY_DNSSEC 3 /* protocol */
#define KEY_ANY 255
#define ELOC_KIND 5 /* offset in RDATA */

static bool
item_adds_proof(const struct update_item *item)
{
	return item->verb == UPDATE_ADD && item->type == RR_ELOC && item->rdata.n > ELOC_KIND &&
	       item->rdata.p[ELOC_KIND] == ELOC_PROOF;
}

bool
update_proof_find(const struct update *update, const struct update_item **proof)
{
	*proof = NULL;
	for (size_t i = 0; i < update->n_changes; i++) {
		const struct update_item *item = &update->items[update->n_prerequisites + i];

		if (!item_adds_proof(item))
			continue;
		if (*proof != NULL)
			return false;
		*proof = item;
	}
	return true;
}

/* Takes a KEY record as the actor's if the signature can be by it. */
static bool
key_fits(struct bytes rdata, const struct sig0 *sig, struct actor *actor)
{
	size_t n = crypto_public_size(sig->algorithm);

	if (n == 0 || rdata.n != KEY_HEAD + n || (get_u16(rdata.p) & KEY_NONE) != 0 ||
	    (rdata.p[2] != KEY_DNSSEC && rdata.p[2] != KEY_ANY) ||
	    rdata.p[3] != sig->algorithm || dnssec_key_tag(rdata) != sig->tag)
		return false;
	actor->kind = ACTOR_KEY;
	actor->name = sig->signer;
	actor->algorithm = sig->algorithm;
	actor->tag = sig->tag;
	actor->key_n = (uint8_t)n;
	memcpy(actor->key, rdata.p + KEY_HEAD, n);
	return true;
}

static bool
key_stored(const struct update_signer *from, struct proposal *p)
{
	struct node node;
	struct node_set set;
	struct bytes rdata;
	uint16_t type;
	size_t at = 0;

	if (!lookup_node(from->snap, from->zone, &p->sig0.signer, &node) ||
	    !node_find(&node, RR_KEY, &set))
		return false;
	while (node_set_next(&set, &at, &type, &rdata))
		if (type == RR_KEY && key_fits(rdata, &p->sig0, &p->actor))
			return true;
	return false;
}

static bool
key_brought(const struct update_signer *from, struct proposal *p)
{
	const struct actor *actor = &p->actor;
	const struct update *update = &p->update;
	struct eid id = {.form = EID_NONE};
	bool own = eid_from_owner(&p->sig0.signer, from->realms, from->n_realms, &id) == 0 &&
		   eid_is_self_certifying(&id);

	if (!own && !from->open)
		return false;
	for (size_t i = 0; i < update->n_changes; i++) {
		const struct update_item *item = &update->items[update->n_prerequisites + i];

		if (item->verb != UPDATE_ADD || item->type != RR_KEY ||
		    !name_equal(item->owner, &p->sig0.signer) ||
		    !key_fits(item->rdata, &p->sig0, &p->actor))
			continue;
		return !own || trust_key_check(&id, actor->algorithm,
				   (struct bytes){actor->key, actor->key_n}) == 0;
	}
	return false;
}

bool
update_key_find(const struct update_signer *from, struct proposal *p)
{
	bool found = key_stored(from, p) || key_brought(from, p);

	if (!found)
		p->actor = (struct actor){0};
	return found;
}

const struct policy_rule *
update_forbids(struct policy_case *c, const struct update *update, struct snapshot *snap)
{
	const struct update_item *items = update->items + update->n_prerequisites;
	const struct policy_rule *rule;
	struct person person = {0};
	struct name assigned;

	if (person_find(snap, &c->actor->name, &person)) {
		c->enrolled = (person.flags & PERSON_ENROLLED) != 0;
		c->banned = (person.flags & PERSON_BANNED) != 0;
	}
	for (size_t i = 0; i < update->n_changes; i++) {
		if (c->owner == NULL || !name_equal(c->owner, items[i].owner))
			c->assigned =
			    assigned_find(snap, items[i].owner, &assigned) ? &assigned : NULL;
		c->owner = items[i].owner;
		rule = policy_may_touch(c, items[i].type);
		if (rule != NULL && rule->rcode != RCODE_YXDOMAIN)
			return rule;
	}
	return NULL;
}

/* Octets of a name as it stands, pointers not followed. */
static void
name_skip(struct rd *rd)
{
	uint8_t n;

	while ((n = rd_u8(rd)) != 0 && n < 0xc0)
		rd_bytes(rd, n);
	if (n >= 0xc0)
		rd_u8(rd);
}

bool
update_key_peek(struct bytes wire, struct name *key)
{
	struct rd rd = rd_init(wire);
	unsigned count[4], records;
	size_t at = 0;
	uint16_t type = 0;

	rd_u32(&rd);
	for (unsigned i = 0; i < 4; i++)
		count[i] = rd_u16(&rd);
	for (unsigned i = 0; i < count[0] && rd.error == 0; i++) {
		name_skip(&rd);
		rd_u32(&rd);
	}
	records = count[1] + count[2] + count[3];
	for (; records > 0 && rd.error == 0; records--) {
		at = (size_t)(rd.p - rd.base);
		name_skip(&rd);
		type = rd_u16(&rd);
		rd_bytes(&rd, 6); /* class, TTL */
		rd_bytes(&rd, rd_u16(&rd));
	}
	if (rd_end(&rd) != 0 || count[3] == 0 || type != RR_TSIG)
		return false;
	rd = rd_init(wire);
	rd_bytes(&rd, at);
	name_read(&rd, key);
	name_fold(key);
	return rd.error == 0;
}
