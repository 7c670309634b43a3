/*
 * garden.h - a zone of few random names, which meet under cuts, DNAMEs and wildcards, and what is stored of it.
 */
#ifndef TESTS_STORE_GARDEN_H
#define TESTS_STORE_GARDEN_H

#include "tests/store/shop.h"

#define GARDEN_RECORDS 400
#define GARDEN_OCTETS (1 << 20)

struct planted {
	struct name owner;
	uint16_t type;
	uint32_t ttl;
	uint8_t rdata[300];
	size_t n;
};

struct garden {
	struct planted records[GARDEN_RECORDS];
	size_t n;
};

extern struct garden garden;

/* What comes is the same each time; with_mappings: ELOC records too. */
void garden_seed(uint32_t seed, bool with_mappings);
uint32_t dice(uint32_t below);
/* Owner, type, RDATA. */
int record_compare(const void *a, const void *b);
/* Begins with SOA and NS alone, which are loaded. */
void garden_begin(uint8_t denial);
/* Some records come or go; whether that makes a zone is another question. */
void garden_change(void);
/* Loads it, all of it. */
int garden_load(void);
/* All that is stored of the zone but signatures and the serial; who signed, and how often, is in it. */
struct bytes garden_digest(uint8_t octets[GARDEN_OCTETS]);

#endif
