/*
 * naming.c - which identities a name has; the table of protocol 6 stands in naming_step().
 */
#include "resolve/naming.h"

#include <stdio.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "resolve/verdict.h"

static int
naming_ask_all(struct naming *naming, const uint16_t *types, size_t n)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < n; i++)
		(void)inquiry_ask(naming->inquiry, &naming->asked, types[i], &error);
	return error;
}

int
naming_start(struct naming *naming, struct inquiry *inquiry, const struct name *asked)
{
	static const uint16_t types[] = {RR_EPID, RR_ELOC, RR_AAAA, RR_A};

	*naming = (struct naming){.inquiry = inquiry, .asked = *asked, .kind = RESULT_EPID};
	return naming_ask_all(naming, types, 4);
}

int
naming_start_locator(struct naming *naming, struct inquiry *inquiry, const struct eid *id)
{
	static const uint16_t types[] = {RR_EPID, RR_ELOC};

	*naming = (struct naming){
	    .inquiry = inquiry, .from_locator = true, .self = *id, .kind = RESULT_EPID};
	int error = eid_owner_reverse(id->address, &naming->asked);
	return error != 0 ? error : naming_ask_all(naming, types, 2);
}

/* Where the same identity stands, to be looked up in the same way; n: nowhere. */
static size_t
epid_find(const struct epid *list, size_t n, const struct eid *id)
{
	size_t i = 0;

	while (i < n && !(eid_equal(&list[i].id, id) && list[i].id.at_length == id->at_length &&
			    (id->at_length == 0 || name_equal(&list[i].id.at, &id->at))))
		i++;
	return i;
}

/* Keeps out in the order of preference, an identity once, and drops the last when it is full. */
static void
epid_insert(struct epid *out, size_t *n, const struct epid *epid)
{
	size_t at = epid_find(out, *n, &epid->id);

	if (at == *n && at < RESULT_IDENTITIES) {
		++*n;
	} else {
		at -= at == *n;
		if (out[at].preference <= epid->preference)
			return;
	}
	for (; at > 0 && out[at - 1].preference > epid->preference; at--)
		out[at] = out[at - 1];
	out[at] = *epid;
}

int
naming_read(const struct bytes *rdata, size_t n, struct epid *out, size_t *n_out)
{
	struct epid epid;

	*n_out = 0;
	for (size_t i = 0; i < n; i++) {
		int error = epid_read(rdata[i], &epid);

		if (error != 0 && error != -MAP_EUNKNOWN)
			return error;
		if (error == 0)
			epid_insert(out, n_out, &epid);
	}
	return *n_out > 0 ? 0 : -MAP_EUNKNOWN;
}

static void
naming_say(struct naming *naming, enum verdict verdict, int error, const char *why)
{
	naming->edge.dnssec = verdict;
	naming->error = error;
	snprintf(naming->edge.why, sizeof naming->edge.why, "%s", why);
}

static bool
answer_has_data(const struct answer *answer)
{
	return answer->edge.dnssec == VERDICT_SECURE || answer->edge.dnssec == VERDICT_INSECURE;
}

/* The answer for a type at the name; NULL while awaited, or with naming->error set. */
static const struct answer *
naming_answer(struct naming *naming, uint16_t type)
{
	return inquiry_ask(naming->inquiry, &naming->asked, type, &naming->error);
}

static void
naming_take(struct naming *naming, const struct answer *epid)
{
	static const uint16_t others[] = {RR_ELOC, RR_AAAA, RR_A};
	int error = naming_read(epid->set.rdata, epid->set.n, naming->identities, &naming->n);

	naming->strong = epid->edge.dnssec == VERDICT_SECURE;
	for (size_t i = 0; i < 3; i++) /* ignored once there is an EPID */
		inquiry_drop(naming->inquiry, &naming->asked, others[i]);
	if (error == -MAP_EUNKNOWN)
		naming_say(naming, naming->edge.dnssec, error, "no identity of a known form");
	else if (error != 0)
		naming_say(
		    naming, VERDICT_MALFORMED, -MAP_EFORMAT, "the EPID set is malformed");
}

static void
naming_take_self(struct naming *naming, enum result_kind kind, const struct eid *id)
{
	naming->kind = kind;
	naming->n = 1;
	naming->identities[0] = (struct epid){.id = *id};
}

/* What can never be a locator is passed over here as in a mapping (protocol 2). */
static void
addresses_take(struct naming *naming, const struct answer *answer, size_t octets)
{
	const struct resolver *r = naming->inquiry->resolver;

	for (size_t i = 0; i < answer->set.n && naming->n_addresses < MAPPING_LOCATORS; i++) {
		uint8_t *to = naming->addresses[naming->n_addresses];

		if (answer->set.rdata[i].n != octets)
			continue;
		if (octets == 4)
			memcpy(to, "\0\0\0\0\0\0\0\0\0\0\377\377", 12);
		memcpy(to + 16 - octets, answer->set.rdata[i].p, octets);
		if (address_is_ipv4(to) == (octets == 4) &&
		    address_refusal(to, r->private_locators, r->realms, r->n_realms) == NULL)
			naming->n_addresses++;
	}
}

static uint32_t
ttl_least(const struct answer *a, const struct answer *b)
{
	return a->edge.ttl < b->edge.ttl ? a->edge.ttl : b->edge.ttl;
}

/* Neither EPID nor ELOC: the addresses, if both questions were answered honestly. */
static bool
naming_legacy(struct naming *naming)
{
	const struct answer *six = naming_answer(naming, RR_AAAA);
	const struct answer *four = naming_answer(naming, RR_A);
	const struct answer *worst = six;

	if (six == NULL || four == NULL)
		return naming->error != 0;
	if (!answer_has_data(six) && six->edge.dnssec != VERDICT_MISSING)
		worst = six;
	else if (!answer_has_data(four) && four->edge.dnssec != VERDICT_MISSING)
		worst = four;
	else if (!answer_has_data(six) ||
		 (answer_has_data(four) && four->edge.dnssec == VERDICT_INSECURE))
		worst = four;
	naming->address_edge = worst->edge;
	naming->address_edge.ttl = ttl_least(six, four); /* absence of one is part of it, too */
	if (answer_has_data(worst)) {
		naming->kind = RESULT_LEGACY;
		addresses_take(naming, six, 16);
		addresses_take(naming, four, 4);
	} else if (worst->edge.dnssec == VERDICT_MISSING) {
		naming->error = -MAP_ENOTFOUND;
	} else {
		naming->edge = worst->edge;
		naming->error = verdict_edge_error(&worst->edge, 0);
	}
	return true;
}

/* EPID is proved absent, or its zone is provably unsigned: ELOC at the name, else addresses. */
static bool
naming_without(struct naming *naming)
{
	const struct answer *eloc = naming_answer(naming, RR_ELOC);

	if (eloc == NULL)
		return naming->error != 0;
	if (eloc->edge.dnssec == VERDICT_MISSING)
		return naming_legacy(naming);
	if (answer_has_data(eloc)) {
		struct eid id = {.form = EID_NAME, .name = naming->asked};
		name_fold(&id.name);
		naming_take_self(naming, RESULT_OWN_NAME, &id);
		naming->strong = naming->edge.denied;
	} else {
		naming->edge = eloc->edge;
		naming->error = verdict_edge_error(&eloc->edge, 0);
	}
	return true;
}

/* An address: an identity when it has a mapping of its own, else a locator that somebody uses. */
static bool
naming_locator(struct naming *naming, const struct answer *epid)
{
	const struct answer *eloc = naming_answer(naming, RR_ELOC);

	if (eloc == NULL)
		return naming->error != 0;
	if (eloc->edge.dnssec == VERDICT_MISSING && epid->edge.dnssec != VERDICT_MISSING) {
		if (answer_has_data(epid))
			naming_take(naming, epid);
		else
			naming->error = verdict_edge_error(&epid->edge, 0);
		return true;
	}
	naming->edge = (struct edge){.dnssec = VERDICT_NONE};
	naming_take_self(naming, RESULT_IDENTITY, &naming->self);
	return true;
}

bool
naming_step(struct naming *naming)
{
	const struct answer *epid = naming_answer(naming, RR_EPID);

	if (epid == NULL)
		return naming->error != 0;
	naming->edge = epid->edge;
	if (naming->from_locator)
		return naming_locator(naming, epid);
	switch (epid->edge.dnssec) {
	case VERDICT_SECURE:
	case VERDICT_INSECURE:
		naming_take(naming, epid);
		return true;
	case VERDICT_MISSING:
		return naming_without(naming);
	case VERDICT_NONE:
	case VERDICT_PROVED:
	case VERDICT_CONFIRMED:
	case VERDICT_MISMATCH:
	case VERDICT_BOGUS:
	case VERDICT_MALFORMED:
	case VERDICT_FOREIGN:
	case VERDICT_UNPROVED:
	case VERDICT_EXPIRED:
	case VERDICT_STALE:
	case VERDICT_REVOKED:
	case VERDICT_SERVER:
	case VERDICT_TIMEOUT:
	case VERDICT_FAILED:
		break;
	}
	naming->error = verdict_edge_error(&epid->edge, 0); /* never legacy */
	return true;
}

void
naming_give_up(struct naming *naming)
{
	naming->edge.ttl = 0;
	naming_say(naming, VERDICT_TIMEOUT, -MAP_ETIMEOUT, "no answer within the deadline");
}
