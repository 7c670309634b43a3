/*
 * gather.h - the sets of one name as they will be served: its records, what a signed zone has besides, and
 * its place in the chain of denial.
 */
#ifndef MAPD_GATHER_H
#define MAPD_GATHER_H

#include "core/wire/dnssec.h"
#include "mapd/build.h"

#define GATHER_MADE 4 /* sets made at the apex */
#define GATHER_MADE_RECORDS (3 * KEYSET_KEYS + 1)
#define GATHER_SETS (RRSET_TYPES + GATHER_MADE + 1)

/* Types ascending. RDATA is borrowed from the plan, the key and the batch. */
struct gathered {
	struct name name;
	struct rrset sets[GATHER_SETS];
	size_t n;
	struct bytes rdata[RRSET_NAME / 12 + GATHER_MADE_RECORDS + 1];
	size_t n_rdata;
};

/* A name by its NSEC3 hash. */
struct hashed {
	uint8_t hash[NSEC3_HASH];
	uint32_t entry;
};

/* The sets of entry i of the plan, NSEC among them. 0, -MAP_E... */
int gather_name(struct build *build, size_t i, struct gathered *g) NONNULL MUST_CHECK;
/* RFC 4035 2.2: at a cut only DS (and NSEC) are signed, below it nothing. */
bool gather_is_signed(uint8_t flags, uint16_t type);

/* All names of the chain by hash, ascending; caller frees. -MAP_EREFUSED with why in build. */
int gather_hashes(struct build *build, struct hashed **out, size_t *n) NONNULL MUST_CHECK;
/* The NSEC3 record of one of them, as the only set. */
int gather_nsec3(struct build *build, const struct hashed *at, const struct hashed *next,
    struct gathered *g) NONNULL MUST_CHECK;

#endif
