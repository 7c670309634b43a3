/*
 * rrtype.h - what is known of each RR type: one row in rrtypes.def.
 */
#ifndef WIRE_RRTYPE_H
#define WIRE_RRTYPE_H

#include "core/wire/bytes.h"
#include "core/wire/cursor.h"
#include "core/wire/name.h"

enum {
#define X(mnemonic, code, fields, flags) RR_##mnemonic = code,
#include "core/wire/rrtypes.def"
#undef X
};

#define CLASS_IN 1
#define CLASS_CH 3
#define CLASS_NONE 254
#define CLASS_ANY 255

/* Flags of a row. */
#define RRF_SINGLE 0x01   /* at most one record in a set (SOA, CNAME, DNAME) */
#define RRF_META 0x02     /* never stored: OPT, TSIG, ANY, AXFR ... */
#define RRF_SIGNER 0x04   /* made by the signer, refused in zone files: RRSIG, NSEC, NSEC3 ... */
#define RRF_LOWER 0x08    /* names in RDATA are lower case in the canonical form (RFC 6840 5.1) */
#define RRF_COMPRESS 0x10 /* names in RDATA are decompressed when read (RFC 3597 4) */
#define RRF_MADE 0x20     /* made of the zone's keys, refused in zone files: DNSKEY, CDS, CDNSKEY */

struct rrtype {
	const char *mnemonic;
	uint16_t code;
	const char *fields; /* see rdata.h */
	unsigned flags;
};

/* The row, or NULL: then the type is opaque (RFC 3597). */
const struct rrtype *rrtype_find(uint16_t code);
/* "A", "EPID", "TYPE65301" ... to a code; -1 if it is none. */
int rrtype_scan(const char *text, size_t n) NONNULL;
/* Why no zone that is loaded may have records of the type, or NULL. */
const char *rrtype_refusal(uint16_t code);
/* Writes the mnemonic, or TYPEnnn, and returns text. */
char *rrtype_print(uint16_t code, char text[16]) NONNULL;

#endif
