/*
 * rdata.h - RDATA by the field letters of rrtypes.def: checked, expanded, made canonical.
 */
#ifndef WIRE_RDATA_H
#define WIRE_RDATA_H

#include "core/wire/bytes.h"
#include "core/wire/cursor.h"

#define RDATA_MAX 65535

/* Checks uncompressed RDATA against its row: 0, -MAP_ETRUNC, -MAP_EJUNK, -MAP_EFORMAT; for EPID
 * and ELOC also -MAP_EUNKNOWN (well formed, but this record is to be skipped). */
int rdata_check(uint16_t type, struct bytes rdata) MUST_CHECK;
/* Reads RDATA of a message (names may be compressed where the type allows) into to, uncompressed
 * and checked. rd stands at the RDATA, which has length octets. -MAP_EUNKNOWN leaves rd and to as 0
 * does: the record is there, but to be skipped. */
int rdata_read(uint16_t type, struct rd *rd, size_t length, struct wr *to) MUST_CHECK;
/* Appends the canonical form (RFC 4034 6.2) of uncompressed RDATA: names of RRF_LOWER types in
 * lower case. */
int rdata_canonical(uint16_t type, struct bytes rdata, struct wr *to) MUST_CHECK;
/* Canonical order (RFC 4034 6.3) of two RDATA of type: below, equal to or above 0. */
int rdata_compare(uint16_t type, struct bytes a, struct bytes b);

#endif
