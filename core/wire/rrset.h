/*
 * rrset.h - records and sets of them, as borrowed values.
 */
#ifndef WIRE_RRSET_H
#define WIRE_RRSET_H

#include "core/wire/bytes.h"
#include "core/wire/name.h"

/* What a server takes: a set must fit an answer, with its signature and the question. */
#define RRSET_OCTETS 60000 /* RDATA, and RRSET_FRAME for each record */
#define RRSET_FRAME 12     /* of a record in a message, besides its RDATA */
#define RRSET_RECORDS 4096
#define RRSET_TYPES 256        /* sets of a name */
#define RRSET_NAME (256 << 10) /* octets of them all, counted in the same way */

struct rr {
	const struct name *owner;
	uint16_t type;
	uint16_t class;
	uint32_t ttl;
	struct bytes rdata; /* uncompressed */
};

struct rrset {
	const struct name *owner;
	uint16_t type;
	uint16_t class;
	uint32_t ttl;
	size_t n;
	const struct bytes *rdata;
};

#endif
