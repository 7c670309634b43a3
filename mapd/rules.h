/*
 * rules.h - what the configuration says of zones; a value that is never changed, only replaced.
 */
#ifndef MAPD_RULES_H
#define MAPD_RULES_H

#include "core/wire/dnssec.h"
#include "core/wire/eid.h"
#include "mapd/node.h"

/* The words of mapd.yaml, X(word, value). */
#define RULES_DENIALS(X) X("nsec", DENIAL_NSEC) X("nsec3", DENIAL_NSEC3)
#define RULES_ALGORITHMS(X) X("ecdsap256", ALGORITHM_ECDSAP256) X("ed25519", ALGORITHM_ED25519)

struct zone_rule {
	struct name apex;      /* lower case */
	uint8_t denial;        /* enum zone_denial; 0: by protocol 2 */
	uint8_t algorithm;     /* of a new key; 0: ECDSA P-256 */
	bool private_locators; /* ULA, RFC 1918 and 100.64/10 may be published */
};

struct rules {
	const struct zone_rule *zones;
	size_t n_zones;
	const struct realm *realms; /* rows of the zones that have a prefix: */
	size_t n_realms;
};

/* The rule of the zone apex (lower case), or NULL. */
const struct zone_rule *rules_find(const struct rules *rules, const struct name *apex) NONNULL;
/* How absence is proved when the zone is loaded next; the algorithm of its key when one is made. */
uint8_t rules_denial(const struct rules *rules, const struct name *apex) NONNULL;
uint8_t rules_algorithm(const struct rules *rules, const struct name *apex) NONNULL;

/* As mapd.yaml has it; "?" for another value. */
const char *rules_denial_word(uint8_t denial);
const char *rules_algorithm_word(uint8_t algorithm);

/* Warns where zone is not as the rules have it, and says what to do. */
void rules_compare(const struct rules *rules, const struct zone *zone) NONNULL;

#endif
