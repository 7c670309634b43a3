/*
 * content.c - what a name may hold as an update leaves it: the rules of policy.def about records.
 * Knows nothing of who signed, but what view.h says of it.
 */
#include <inttypes.h>
#include <string.h>

#include "core/wire/mapping.h"
#include "core/wire/reply.h"
#include "core/wire/rrtype.h"
#include "mapd/view.h"

bool
rule_too_many(const struct view *v, char *text)
{
	const struct policy *policy = v->c->policy;
	const struct {
		uint16_t type;
		uint32_t most;
	} rows[] = {
#define RULE(...)
#define TYPE(...)
#define MOST(type, field) {RR_##type, policy->field},
#include "mapd/policy.def"
#undef MOST
#undef TYPE
#undef RULE
	};
	char type[16];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t n = draft_count(v->c->after, rows[i].type);

		if (n > rows[i].most && n > draft_count(v->c->before, rows[i].type))
			return say(text, "%zu %s at the name, %" PRIu32 " are allowed", n,
			    rrtype_print(rows[i].type, type), rows[i].most);
	}
	return false;
}

bool
rule_too_large(const struct view *v, char *text)
{
	size_t n = draft_octets(v->c->after);

	if (n <= v->c->policy->octets || n <= draft_octets(v->c->before))
		return false;
	return say(
	    text, "%zu octets at the name, %" PRIu32 " are allowed", n, v->c->policy->octets);
}

/* A roll of the zone's keys waits for the longest TTL there ever was (RFC 6781 4.1.1). */
bool
rule_too_long(const struct view *v, char *text)
{
	uint32_t ttl = difference_ttl(v);

	return ttl > POLICY_TTL &&
	       say(text, "a TTL of %" PRIu32 ", %u are allowed", ttl, POLICY_TTL);
}

bool
rule_mapping(const struct view *v, char *text)
{
	static const uint16_t types[] = {RR_ELOC, RR_EPID};
	struct bytes rdata[MAPPING_SET]; /* of more none is looked at */
	char type[16];
	uint32_t ttl;

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		const char *why;
		size_t n;

		if (!difference_has(v, types[i]))
			continue;
		n = draft_set_of(v->c->after, types[i], rdata, MAPPING_SET, &ttl);
		why = mapping_refusal(types[i], rdata, n, v->c->policy->private_locators,
		    v->c->realms, v->c->n_realms);
		if (why != NULL)
			return say(text, "%s: %s", rrtype_print(types[i], type), why);
	}
	return false;
}

/* What no zone file may have either; wildcards never match for mappings (protocol 3). */
bool
rule_unusable(const struct view *v, char *text)
{
	size_t eloc = 0, epid = 0;

	if (v->c->actor->kind != ACTOR_ADMIN)
		return false;
	if (name_is_wildcard(v->c->owner) &&
	    (added_next(v, RR_ELOC, &eloc) != NULL || added_next(v, RR_EPID, &epid) != NULL))
		return say(text, "a mapping at a wildcard");
	return rule_mapping(v, text);
}

bool
rule_prefixes(const struct view *v, char *text)
{
	struct eloc eloc;
	size_t at = 0;

	(void)text;
	return added_eloc_next(v, ELOC_NET6, &at, &eloc);
}

bool
rule_site(const struct view *v, char *text)
{
	const struct policy *policy = v->c->policy;
	char name[NAME_TEXT];
	struct eloc eloc;

	for (size_t at = 0; added_eloc_next(v, ELOC_VIA, &at, &eloc);)
		if (!names_have(policy->sites, policy->n_sites, &eloc.set))
			return say(text, "via %s: no site that the realm lists (sites:)",
			    name_short(&eloc.set, name));
	return false;
}

bool
rule_proof_place(const struct view *v, char *text)
{
	struct eloc eloc;
	size_t at = 0;

	(void)text;
	return !v->certain && added_eloc_next(v, ELOC_PROOF, &at, &eloc);
}

bool
rule_address(const struct view *v, char *text)
{
	static const struct {
		uint16_t type;
		uint8_t n;
	} rows[] = {{RR_A, 4}, {RR_AAAA, 16}};
	const struct draft_record *record;
	char type[16], print[ADDRESS_TEXT];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (size_t at = 0; (record = added_next(v, rows[i].type, &at)) != NULL;) {
			uint8_t address[16] = {[10] = 0xff, [11] = 0xff};
			const char *why = "malformed";

			if (record->rdata.n == rows[i].n) {
				memcpy(address + 16 - rows[i].n, record->rdata.p, rows[i].n);
				why = rows[i].n == 16 && address_is_ipv4(address)
					  ? "an IPv4 address written as IPv6 is no locator"
					  : address_refusal(address,
						v->c->policy->private_locators, v->c->realms,
						v->c->n_realms);
			}
			if (why != NULL)
				return say(text, "%s %s: %s", rrtype_print(rows[i].type, type),
				    address_print(address, print), why);
		}
	return false;
}
