/*
 * update.c - the checks of an UPDATE in the order of what they cost, none of them with a public key.
 * Knows the snapshot and the charters of its worker; what the zone then holds is the writer's to judge.
 */
#include "mapd/update.h"

#include <stdio.h>
#include <string.h>

#include "core/sys/diag.h"
#include "core/trust/trust.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/lease.h"
#include "mapd/lookup.h"
#include "mapd/update_key.h"

#define FLOOD_SLICE 10000 /* us */
#define FLOOD_OCTETS 256 /* so many cost as much again */
#define FLOOD_LOOKED_AT 300 /* of each slice: 15,000 of the usual a second, a tenth of a core */
#define REFUSAL(why) (&update_rows[UPDATE_##why])

const struct update_row update_rows[UPDATE_REFUSALS] = {
#define X(name, word, rcode, ede, text, stat, told) \
	[UPDATE_##name] = {{word, false, rcode, ede, text}, STAT_##stat, told},
#include "mapd/update.def"
#undef X
};

/* One of them, while it is judged. */
struct arrival {
	const struct serve *s;
	const struct asker *asker;
	const struct update_cookie *cookie;
	struct proposal *p;
	const struct charter *charter;
	const struct zone *zone;
	bool outside; /* it has a name outside its zone */
	int tsig_error; /* enum tsig_error */
	const struct tsig_key *key;
	const struct policy_rule *rule; /* of the policy, that forbids */
	unsigned rcode; /* REPLAYED: what it was answered with */
	const char *what; /* for the log: what is wrong, if the row does not say */
};

typedef const struct update_row *check_fn(struct arrival *in);

bool
update_is_large(const struct update *update, size_t octets)
{
	return octets > UPDATE_OCTETS || update->n_changes > UPDATE_RECORDS ||
	       update->n_prerequisites > UPDATE_RECORDS;
}

/* Each is counted once: before it is read, or else when its cookie is known. */
bool
update_is_flood(const struct serve *s, struct bytes wire, const struct update_cookie *cookie)
{
	struct update_flood *flood = s->updates->flood;
	uint64_t slice = s->us / FLOOD_SLICE;
	unsigned *n;

	if (flood == NULL || (cookie == NULL && get_u16(wire.p + 10) > 1) ||
	    (cookie != NULL && (cookie->known || get_u16(wire.p + 10) < 2)))
		return false;
	if (slice != flood->slice)
		*flood = (struct update_flood){.slice = slice};
	n = &flood->n[cookie != NULL && cookie->both != NULL];
	*n += 1 + (unsigned)(wire.n / FLOOD_OCTETS);
	if (*n <= FLOOD_LOOKED_AT)
		return false;
	stats_add(s->stats, STAT_DROP_UPDATE, 1);
	return true;
}

bool
update_reads(const struct updates *updates, struct bytes wire)
{
	unsigned records = 0;
	struct name key;

	for (size_t at = 6; at < HEADER_SIZE; at += 2)
		records += get_u16(wire.p + at);
	if (wire.n <= UPDATE_OCTETS && records <= 2 * UPDATE_RECORDS + QUERY_RECORDS &&
	    get_u16(wire.p + 4) <= 1)
		return true;
	return update_key_peek(wire, &key) && charters_have_key(updates->charters, &key);
}

static const struct update_row *
check_form(struct arrival *in)
{
	struct proposal *p = in->p;
	int sig0 = sig0_read(&p->message, &p->sig0), tsig = tsig_read(&p->message, &p->tsig);

	if ((sig0 != 0 && sig0 != -MAP_ENOTFOUND) || (tsig != 0 && tsig != -MAP_ENOTFOUND))
		return REFUSAL(GRAMMAR);
	p->seal = sig0 == 0 ? SEALED_SIG0 : tsig == 0 ? SEALED_TSIG : SEALED_NOT;
	return NULL;
}

static const struct update_row *
check_grammar(struct arrival *in)
{
	int rcode = update_read(&in->p->message, &in->p->update, &in->what);

	if (rcode < 0)
		return REFUSAL(MEMORY);
	/* whether the zone is served is said before (RFC 2136 3.1) */
	in->outside = rcode == RCODE_NOTZONE;
	return rcode == RCODE_NOERROR || in->outside ? NULL : REFUSAL(GRAMMAR);
}

static const struct update_row *
check_zone(struct arrival *in)
{
	const struct name *apex = &in->p->update.zone;

	if (in->p->message.question.class != CLASS_IN)
		return REFUSAL(ZONE);
	in->charter = charters_find(in->s->updates->charters, apex);
	in->zone = zone_find(in->s->zones, apex);
	if (in->zone != NULL && name_equal(&in->zone->apex, apex))
		return in->outside ? REFUSAL(OUTSIDE) : NULL;
	return in->charter != NULL ? REFUSAL(LOADED) : REFUSAL(ZONE);
}

static const struct update_row *
check_seal(struct arrival *in)
{
	if (in->p->seal == SEALED_TSIG)
		return NULL;
	if (in->charter == NULL || in->charter->policy.kind == POLICY_CLOSED)
		return REFUSAL(CLOSED);
	return in->p->seal == SEALED_SIG0 ? NULL : REFUSAL(UNSEALED);
}

static const struct update_row *
check_tsig(struct arrival *in)
{
	struct proposal *p = in->p;
	const struct tsig_key *keys;
	size_t n;

	if (p->seal != SEALED_TSIG)
		return NULL;
	keys = charters_keys(in->s->updates->charters, &n);
	in->tsig_error = seal_tsig_check(keys, n, &p->message, &p->tsig, in->s->now, &in->key);
	switch (in->tsig_error) {
	case TSIG_NOERROR:
		break;
	case TSIG_BADKEY:
		return REFUSAL(BADKEY);
	case TSIG_BADSIG:
		return REFUSAL(BADSIG);
	case TSIG_BADTIME:
		return REFUSAL(BADTIME);
	case TSIG_BADTRUNC:
		return REFUSAL(BADTRUNC);
	default:
		return in->tsig_error == -MAP_EFORMAT ? REFUSAL(GRAMMAR) : REFUSAL(DATABASE);
	}
	p->key = *in->key;
	p->actor.kind = ACTOR_ADMIN;
	p->actor.name = in->key->name;
	return NULL;
}

static const struct update_row *
check_size(struct arrival *in)
{
	return in->p->seal == SEALED_SIG0 && update_is_large(&in->p->update, in->p->wire.n)
		   ? REFUSAL(SIZE)
		   : NULL;
}

static const struct update_row *
check_time(struct arrival *in)
{
	const struct sig0 *sig = &in->p->sig0;
	uint32_t now = (uint32_t)in->s->now;

	if (in->p->seal != SEALED_SIG0)
		return NULL;
	/* RFC 1982; a span of more than half the circle is negative, and so too long as well */
	if ((sig->inception == 0 && sig->expiration == 0) ||
	    serial_after(sig->inception, now + UPDATE_AHEAD) ||
	    serial_after(now, sig->expiration) ||
	    sig->expiration - sig->inception > UPDATE_SPAN)
		return REFUSAL(TIME);
	return NULL;
}

/*
 * What was answered before is answered so again, whatever became since of the key and of what it may. Only who has its
 * octets, the signature too, is told so.
 */
static const struct update_row *
check_seen(struct arrival *in)
{
	struct proposal *p = in->p;
	int error = p->seal == SEALED_TSIG
			? crypto_sha256(p->tsig.mac.p, p->tsig.mac.n, p->digest)
			: seal_sig0_digest(&p->message, &p->sig0, p->digest);

	if (error != 0)
		return error == -MAP_ENOMEM ? REFUSAL(MEMORY) : REFUSAL(DATABASE);
	/* an administrator's is the writer's to know */
	if (p->seal != SEALED_SIG0)
		return NULL;
	p->granted = lease_granted(&in->charter->policy, &p->update.lease);
	return admission_knows(in->s->updates->admission, p->digest, in->s->now, &in->rcode)
		   ? REFUSAL(REPLAYED)
		   : NULL;
}

static const struct update_row *
check_key(struct arrival *in)
{
	struct proposal *p = in->p;
	const struct name *signer = &p->sig0.signer;
	struct update_signer from = {
	    .snap = in->s->snap, .realms = in->s->realms, .n_realms = in->s->n_realms};

	if (p->seal != SEALED_SIG0)
		return NULL;
	if (crypto_public_size(p->sig0.algorithm) == 0)
		return REFUSAL(ALGORITHM);
	/* an identity keeps names that are assigned to it in other zones too: its KEY is where it is */
	from.zone = zone_find(in->s->zones, signer);
	from.open = from.zone == in->zone && in->charter != NULL &&
		    in->charter->policy.kind == POLICY_OPEN;
	if (from.zone == NULL)
		return REFUSAL(SIGNER);
	return update_key_find(&from, p) ? NULL : REFUSAL(KEY);
}

/* What hosts add and delete, name by name; what the zone's administrators do the writer judges alone. */
static const struct update_row *
check_owners(struct arrival *in)
{
	struct proposal *p = in->p;
	struct policy_case c = {.apex = &in->zone->apex,
	    .realms = in->s->realms,
	    .n_realms = in->s->n_realms,
	    .actor = &p->actor,
	    .now = in->s->now};

	/* an administrator's may be of a zone that the configuration does not have */
	if (p->seal != SEALED_SIG0)
		return NULL;
	c.policy = &in->charter->policy;
	in->rule = update_forbids(&c, &p->update, in->s->snap);
	return in->rule != NULL ? REFUSAL(POLICY) : NULL;
}

/* A proof is public-key work of its own, and there is one identity a message. */
static const struct update_row *
check_proofs(struct arrival *in)
{
	struct proposal *p = in->p;

	if (!update_proof_find(&p->update, &p->added))
		return REFUSAL(PROOFS);
	if (p->added != NULL &&
	    eid_from_owner(p->added->owner, in->s->realms, in->s->n_realms, &p->identity) != 0)
		p->identity = (struct eid){.form = EID_NONE};
	return NULL;
}

static const struct update_row *
check_budget(struct arrival *in)
{
	struct proposal *p = in->p;

	claim_source(in->asker->address, p->source);
	if (p->seal == SEALED_TSIG || p->shown ||
	    budget_take(admission_budget(in->s->updates->admission), p->source, in->s->us))
		return NULL;
	return in->cookie->both != NULL ? REFUSAL(COOKIE) : REFUSAL(BUSY);
}

/* TSIG soon, so that all that is said to who has the key is sealed (RFC 8945 5.2). */
static check_fn *const checks[] = {check_form, check_tsig, check_grammar, check_zone,
    check_seal, check_size, check_time, check_seen, check_key, check_owners, check_proofs,
    check_budget};

/* What is under TSIG is answered under it (RFC 8945 5.3). */
static bool
arrival_is_sealed(const struct arrival *in)
{
	return in->p != NULL && in->p->seal == SEALED_TSIG && in->tsig_error >= 0 &&
	       (in->key != NULL || in->tsig_error != TSIG_NOERROR);
}

/* The RCODE, with a seal if there was one; 0: it cannot be said. */
static size_t
arrival_answer(const struct arrival *in, unsigned rcode, struct reply *r)
{
	struct wr wr = wr_init(
	    r->p, in->asker->transport == TRANSPORT_UDP ? SERVE_UDP_MAX : SERVE_TCP_MAX);
	const struct proposal *p = in->p;

	if (!arrival_is_sealed(in))
		return reply_finish(r, rcode);
	/* where 512 octets have no room for it, the names are absurdly long, and the answer is longer */
	(void)!reply_keep(r, seal_tsig_room(&p->tsig.key, &p->tsig.algorithm));
	wr.n = reply_finish(r, rcode);
	return seal_tsig_answer(in->key, &p->tsig, in->tsig_error, in->s->now, &wr) == 0 ? wr.n
											 : 0;
}

static size_t
arrival_refuse(const struct arrival *in, const struct update_row *row, struct reply *r)
{
	const struct serve *s = in->s;
	struct proposal *p = in->p;

	stats_add(s->stats, row->stat, 1);
	/* who has the key may know all of it */
	if (row->rule.ede != EDE_NONE &&
	    (row->told || (in->key != NULL && in->tsig_error == 0)))
		reply_ede(r, (enum ede)row->rule.ede, row->rule.text);
	if (p != NULL && s->updates->admission != NULL) {
		const struct policy_rule *rule = in->rule != NULL ? in->rule : &row->rule;

		verdict_set(&p->verdict, row->rule.rcode, row->rule.ede, "%s",
		    in->what != NULL ? in->what : rule->text);
		p->verdict.rule = rule;
		update_log(s->updates->admission, p, s->now);
	}
	return arrival_answer(in, row->rule.rcode, r);
}

/* As it was answered before: no refusal, and nothing for the log. */
static size_t
arrival_repeat(const struct arrival *in, struct reply *r)
{
	stats_add(in->s->stats, STAT_UPDATE_REPLAYED, 1);
	if (in->rcode == RCODE_NOERROR && in->p->granted.present)
		reply_lease(r, &in->p->granted);
	return arrival_answer(in, in->rcode, r);
}

/* From here on it is somebody else's. */
static const struct update_row *
arrival_pass(struct arrival *in)
{
	const struct updates *updates = in->s->updates;
	struct proposal *p = in->p;

	p->origin = updates->remember(in->asker, in->cookie->both);
	if (p->origin == NULL)
		return REFUSAL(MEMORY);
	p->done = updates->done;
	if (admission_put(updates->admission, p) == 0)
		return NULL;
	updates->forget(p->origin);
	return REFUSAL(QUEUE);
}

static int
arrival_start(struct arrival *in, const struct message *m)
{
	const struct bytes *address = &in->asker->address;
	int error = proposal_new(m->wire, &in->p);

	if (error != 0)
		return error;
	if (address->n == 4)
		memset(in->p->address + 10, 0xff, 2);
	memcpy(in->p->address + 16 - address->n, address->p, address->n);
	in->p->shown = in->asker->transport != TRANSPORT_UDP || in->cookie->known;
	return 0;
}

size_t
update_handle(const struct serve *s, const struct asker *asker, const struct message *m,
    bool reads, const struct update_cookie *cookie, struct reply *r)
{
	struct arrival in = {.s = s, .asker = asker, .cookie = cookie};
	const struct update_row *why = NULL;
	size_t n;
	int error;

	stats_add(s->stats, STAT_UPDATE_RECEIVED, 1);
	if (s->updates->admission == NULL)
		return arrival_refuse(&in, REFUSAL(STOPPING), r);
	if (m == NULL)
		return arrival_refuse(&in, reads ? REFUSAL(GRAMMAR) : REFUSAL(SIZE), r);
	if (m->edns.present && m->edns.version != 0)
		return arrival_refuse(&in, REFUSAL(VERSION), r);
	if (s->snap == NULL)
		return arrival_refuse(&in, REFUSAL(DATABASE), r);
	error = arrival_start(&in, m);
	if (error != 0)
		return arrival_refuse(
		    &in, error == -MAP_ENOMEM ? REFUSAL(MEMORY) : REFUSAL(GRAMMAR), r);
	for (size_t i = 0; why == NULL && i < sizeof checks / sizeof checks[0]; i++)
		why = checks[i](&in);
	if (why == NULL)
		why = arrival_pass(&in);
	if (why == NULL)
		return SERVE_LATER;
	n = why == REFUSAL(REPLAYED) ? arrival_repeat(&in, r) : arrival_refuse(&in, why, r);
	proposal_free(in.p);
	return n;
}

enum stat
update_stat(const struct verdict *verdict)
{
	for (size_t i = 0; i < UPDATE_REFUSALS; i++)
		if (verdict->rule == &update_rows[i].rule)
			return update_rows[i].stat;
	if (verdict->rcode == RCODE_NOERROR)
		return STAT_UPDATE_NOERROR;
	if (verdict->n_prove > 0)
		return STAT_UPDATE_UNPROVED;
	if (verdict->rcode == RCODE_SERVFAIL)
		return STAT_UPDATE_FAILED;
	/* without a rule of the policy it is a prerequisite that does not hold */
	return verdict->rule != NULL || verdict->rcode == RCODE_REFUSED
		   ? STAT_UPDATE_POLICY
		   : STAT_UPDATE_PREREQUISITE;
}

static const char *
rcode_word(unsigned rcode, char text[24])
{
	static const char *const words[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
	    "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"};

	if (rcode < sizeof words / sizeof words[0])
		return words[rcode];
	if (rcode == RCODE_BADCOOKIE)
		return "BADCOOKIE";
	snprintf(text, 24, "RCODE %u", rcode);
	return text;
}

void
update_log(struct admission *admission, const struct proposal *p, uint64_t now)
{
	const struct verdict *verdict = &p->verdict;
	const struct name *actor = p->actor.name.n > 0	    ? &p->actor.name
				   : p->seal == SEALED_SIG0 ? &p->sig0.signer
				   : p->seal == SEALED_TSIG ? &p->tsig.key
							    : NULL;
	char zone[NAME_TEXT], who[NAME_TEXT], address[ADDRESS_TEXT], others[64] = "", word[24];
	/* what no rule decided is the database's: the same for all, until an operator has mended it */
	bool failure = verdict->rcode == RCODE_SERVFAIL && verdict->rule == NULL;
	unsigned left_out;

	if (!admission_may_remark(admission, failure, now, &left_out))
		return;
	if (left_out > 0)
		snprintf(others, sizeof others, "; %u others were not said", left_out);
	(failure ? diag_warn : diag_info)("zone %s: update of %s from %s: %s by rule %s: %s%s",
	    p->message.question.name.n > 0 ? name_print(&p->message.question.name, zone) : "?",
	    actor != NULL ? name_print(actor, who) : "nobody",
	    address_print(p->address, address), rcode_word(verdict->rcode, word),
	    verdict->rule != NULL ? verdict->rule->name : "none", verdict->text, others);
}
