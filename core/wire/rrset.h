/*
 * rrset.h - records and sets of them, as borrowed values.
 */
#ifndef WIRE_RRSET_H
#define WIRE_RRSET_H

#include "core/wire/bytes.h"
#include "core/wire/name.h"

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
