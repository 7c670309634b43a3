/*
 * rules.h - what the configuration says of zones; a value that is never changed, only replaced.
 */
#ifndef MAPD_RULES_H
#define MAPD_RULES_H

#include "core/sys/sock.h"
#include "core/wire/dnssec.h"
#include "core/wire/eid.h"
#include "mapd/node.h"
#include "mapd/policy.h"

/* The words of mapd.yaml, X(word, value). */
#define RULES_DENIALS(X) X("nsec", DENIAL_NSEC) X("nsec3", DENIAL_NSEC3)
#define RULES_ALGORITHMS(X) X("ecdsap256", ALGORITHM_ECDSAP256) X("ed25519", ALGORITHM_ED25519)
#define RULES_PROPAGATION 3600

struct zone_rule {
	struct name apex;      /* lower case */
	uint8_t denial;        /* enum zone_denial; 0: by protocol 2 */
	uint8_t algorithm;     /* of a new key; 0: ECDSA P-256 */
	bool split;            /* a key-signing and a zone-signing key, not a combined one */
	bool manual;           /* a roll goes on only when told to */
	uint32_t ksk_lifetime; /* seconds until a key-signing or combined key is rolled; 0: never */
	uint32_t zsk_lifetime; /* the same of a zone-signing key */
	uint32_t propagation;  /* seconds until all servers have a change; UINT32_MAX: the default */
	const struct addr *parents; /* who is asked for the zone's DS */
	size_t n_parents;
	bool private_locators; /* ULA, RFC 1918 and 100.64/10 may be published */
	bool has_policy;       /* it was said whose updates are taken */
	struct policy policy;  /* its sites belong to who made the rules */
};

/* When an update is answered. */
enum durability {
	DURABILITY_DURABLE, /* when it is on disk */
	DURABILITY_BATCHED  /* when it can be seen: a crash loses what came last */
};

struct tsig_key; /* core/trust/seal.h */

/* What is said of updates in all zones. */
struct update_rules {
	const struct tsig_key *keys; /* of administrators */
	size_t n_keys;
	uint32_t unproved;           /* SIG(0) over UDP without a cookie: verified in a second, of all */
	uint32_t unproved_of_source; /* and of one /24 or /56 */
	uint8_t durability;          /* enum durability */
	uint32_t loss;               /* milliseconds that a crash may cost, batched */
};

struct rules {
	const struct zone_rule *zones; /* sorted: rules_sort() */
	size_t n_zones;
	const struct realm *realms; /* rows of the zones that have a prefix: */
	size_t n_realms;
	uint64_t journal; /* octets kept of the differences of a zone; 0: none are */
	struct update_rules updates;
};

/* By apex, in canonical order, as rules_find() wants them. */
void rules_sort(struct zone_rule *zones, size_t n);
/* The rule of the zone apex (lower case), or NULL. */
const struct zone_rule *rules_find(const struct rules *rules, const struct name *apex) NONNULL;
/* How absence is proved when the zone is loaded next; the algorithm of its key when one is made. */
uint8_t rules_denial(const struct rules *rules, const struct name *apex) NONNULL;
uint8_t rules_algorithm(const struct rules *rules, const struct name *apex) NONNULL;
/* Whether its duties are split between two keys. */
bool rules_split(const struct rules *rules, const struct name *apex) NONNULL;
/* Whether its keys are rolled on a schedule. */
bool rules_have_lifetime(const struct rules *rules, const struct name *apex) NONNULL;
/* Who may change what: the rule's, or that of a closed realm. */
const struct policy *rules_policy(const struct rules *rules, const struct name *apex) NONNULL;
uint32_t rules_propagation(const struct rules *rules, const struct name *apex) NONNULL;

/* As mapd.yaml has it; "?" for another value. */
const char *rules_denial_word(uint8_t denial);
const char *rules_algorithm_word(uint8_t algorithm);
uint8_t rules_algorithm_from(const char *word) NONNULL; /* 0: none of them */

/* Warns where zone is not as the rules have it, and says what to do; split: as its keys are. */
void rules_compare(const struct rules *rules, const struct zone *zone, bool split) NONNULL;

#endif
