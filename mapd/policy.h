/*
 * policy.h - who may change what of a realm (protocol 8): one row of policy.def for each rule.
 * Judges one name as an update leaves it; knows no message, no store, no clock but the one it is given.
 */
#ifndef MAPD_POLICY_H
#define MAPD_POLICY_H

#include "core/wire/eid.h"
#include "mapd/draft.h"

/* Seconds, of what hosts register: a roll of the zone's keys waits for the longest TTL that it ever had. */
#define POLICY_TTL 86400u

/* The words of mapd.yaml. */
enum policy_kind { POLICY_CLOSED, POLICY_ENROLLED, POLICY_OPEN };

/* What the configuration says of a zone's updates; a value, borrowed lists apart. */
struct policy {
	uint8_t kind; /* enum policy_kind */
	bool verify_locators;
	bool private_locators;
	uint32_t lease, key_lease; /* seconds: granted to who asks for none; 0: none */
	uint32_t lease_least; /* what is granted lies between: both leases */
	uint32_t lease_most, key_lease_most;
	uint32_t eloc, epid, key; /* records of a name */
	uint32_t octets; /* RDATA of a name, all types; what was more may become less */
	uint32_t names; /* assigned to an identity */
	uint64_t identities; /* of the realm that keys have claimed */
	uint32_t identities_of_source; /* claimed from one /24 or /56 */
	uint32_t identities_unproved; /* claimed by all who have not shown where they are */
	const struct name *sites; /* sets a via may lead to */
	size_t n_sites;
	const struct name *admins; /* TSIG keys that may change the zone; none: all of the server's */
	size_t n_admins;
};
/* Where nothing is said. */
extern const struct policy policy_usual[3];
void policy_defaults(struct policy *policy, enum policy_kind kind) NONNULL;

/* Who signed. */
enum actor_kind { ACTOR_ADMIN, ACTOR_KEY };
struct actor {
	enum actor_kind kind;
	struct name name; /* of the TSIG key, or SIG(0)'s signer: the identity's own name */
	uint8_t algorithm; /* KEY */
	uint8_t key_n;
	uint8_t key[64]; /* public, as in KEY */
	uint16_t tag;
};
/* Whether the actor's KEY is among the records. */
bool draft_has_key(const struct draft *draft, const struct actor *actor) NONNULL;

/* One name, as it was and as it would be, and what is known of it. */
struct policy_case {
	const struct policy *policy;
	const struct name *apex;
	const struct realm *realms;
	size_t n_realms;
	const struct actor *actor;
	const struct name *owner;
	const struct draft *before, *after;
	bool enrolled, banned, revoked; /* the actor's identity */
	const char *why; /* it was banned, as the operator said; NULL: not said */
	bool cut; /* owner is at or below a delegation or a DNAME, or in another zone that is served here */
	const struct name *assigned; /* the identity that owner is assigned to; NULL: to none */
	uint64_t since, until, key_until; /* of owner's claim, seconds; 0: none, no end */
	uint64_t identities, identities_of_source; /* claimed already, this one not counted */
	uint64_t names; /* assigned to the actor's identity, this one not counted; for new ones */
	bool is_new; /* there is no claim of owner yet */
	bool unproved; /* where it is from was not shown: identities_of_source is of all such */
	uint64_t now;
};

struct policy_rule {
	const char *name; /* "own-mapping" */
	bool allows;
	unsigned rcode; /* when it does not */
	int ede; /* enum ede */
	const char *text; /* for EDE and mapctl: what the rule says */
};

#define POLICY_TEXT 256
#define POLICY_LABELS 8 /* of a host's name, below the realm's */
/*
 * The rule that decides: allows, or the first that forbids; text (for an Extended DNS Error) says it of this
 * case: who holds the name, since when, until when; which record is at fault.
 */
const struct policy_rule *policy_judge(
    const struct policy_case *c, char text[POLICY_TEXT]) NONNULL MUST_CHECK;
/*
 * The part that needs no content, before any signature is checked: whether this type of this name can be the
 * actor's at all; type 0: of all types. Neither before nor after is looked at. NULL: it can.
 */
const struct policy_rule *policy_may_touch(const struct policy_case *c, uint16_t type) NONNULL;
/* All rules in turn, for documentation and mapctl; NULL at the end. */
const struct policy_rule *policy_rule_at(size_t i);

#endif
