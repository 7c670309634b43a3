/*
 * zone.h - zone files: text to checked records, and records to text.
 * check and load are one function: what mapctl zone check takes, mapd takes.
 */
#ifndef ZONE_ZONE_H
#define ZONE_ZONE_H

#include "core/wire/rrset.h"
#include "core/wire/eid.h"

/* Where a record was read. */
struct zone_place {
	const char *file; /* borrowed until zone_read() returns */
	unsigned line; /* where it begins */
};

/* Receives each record, borrowed until it returns; not 0 stops the reading. */
typedef int zone_record_fn(void *arg, const struct rr *rr, const struct zone_place *place);
/* Receives each message: "FILE:LINE: cause". */
typedef void zone_message_fn(void *arg, const char *message);

struct zone_options {
	bool private_locators;
	const struct realm *realms; /* the local table, for what can never be a locator */
	size_t n_realms;
	unsigned max_messages; /* then stop; 0: 50 */
	zone_message_fn
	    *warning; /* of what does not keep the zone from being taken; NULL: nobody asks */
	void *warning_arg;
};

/*
 * Reads the zone file at path (with $ORIGIN, $TTL, $INCLUDE, parentheses; caller's rights) for the
 * zone apex, checks every record and the zone as a whole (one SOA, NS at the apex, CNAME alone,
 * mapping sets by mapping_refusal(), no signatures), then hands the records over in canonical order, their owners in lower case. A file
 * with an error hands over nothing. Warned of, and mended: doubles, TTLs that differ in a set (the least
 * counts, RFC 2181 5.2), what is below a delegation and no glue (left out); warned of: name servers in the
 * zone without address, a via out of the zone. Files that $INCLUDE names lie beside the one that names them.
 * record may be NULL, options NULL means none. 0; -MAP_ETEXT after messages; -MAP_ENOMEM; what
 * record returned.
 */
int zone_read(const char *path, const struct name *apex, const struct zone_options *options,
    zone_record_fn *record, void *arg, zone_message_fn *message, void *message_arg) MUST_CHECK;

/*
 * Reads records that make no zone, such as trust anchors: names are below the root, a TTL may be
 * missing, every type may stand there, $INCLUDE may not. Hands them over as the file has them; a
 * file with an error hands over nothing. Returns as zone_read().
 */
int zone_read_loose(const char *path, zone_record_fn *record, void *arg,
    zone_message_fn *message, void *message_arg) MUST_CHECK;

/* One record as a line of text with its newline; the owner absolute. Its length, or -MAP_ESPACE. */
int zone_print(const struct rr *rr, char *text, size_t max) MUST_CHECK;
/* The same in words that every DNS program knows: our types in the form of RFC 3597. */
int zone_print_plain(const struct rr *rr, char *text, size_t max) MUST_CHECK;
/* One line of text to RDATA of type (an interactive edit, an UPDATE's client, tests). */
int zone_scan_rdata(uint16_t type, const char *text, const struct name *origin,
    struct wr *rdata, const char **why) MUST_CHECK;

/* The longest line of zone_print(): RDATA as escaped characters. */
#define ZONE_LINE (4 * 65535 + 2048)

#endif
