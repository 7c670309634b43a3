/*
 * rules.h - what the configuration says of zones; a value that is never changed, only replaced.
 */
#ifndef MAPD_RULES_H
#define MAPD_RULES_H

#include "core/wire/eid.h"

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

#endif
