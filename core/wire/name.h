/*
 * name.h - domain names, uncompressed, as they came (case kept).
 */
#ifndef WIRE_NAME_H
#define WIRE_NAME_H

#include "core/wire/bytes.h"
#include "core/wire/cursor.h"

#define NAME_WIRE 255          /* RFC 1035 2.3.4 */
#define NAME_LABELS 128        /* the root label included */
#define NAME_TEXT (4 * 255 + 2) /* every octet escaped, and the NUL */
#define NAME_KEY 504           /* longest ordered key: see name_key() */

struct name {
	uint8_t n; /* octets in w, the root octet included; 0: no name */
	uint8_t w[NAME_WIRE];
};

/* Reads a name that may be compressed; pointers must lead strictly backwards (RFC 1035 4.1.4). */
void name_read(struct rd *rd, struct name *name) NONNULL;
/* Reads a name without compression (RFC 3597 4): a pointer is -MAP_EFORMAT. */
void name_read_plain(struct rd *rd, struct name *name) NONNULL;
void name_put(struct wr *wr, const struct name *name) NONNULL;
struct bytes name_bytes(const struct name *name) NONNULL;

/*
 * Master-file text to name; a relative text gets origin appended, or is taken as absolute where
 * origin is NULL. Understands \. and \DDD. 0, -MAP_ETEXT, -MAP_ESPACE (label or name too long).
 */
int name_scan(const char *text, size_t n, const struct name *origin, struct name *name) MUST_CHECK;
/* For constants and tests: the absolute name of a NUL-terminated text. */
int name_from(const char *text, struct name *name) NONNULL MUST_CHECK;
/* Writes the text, with the trailing dot, and returns text. */
char *name_print(const struct name *name, char text[NAME_TEXT]) NONNULL;
/* The same for zone files: as ldns, NSD, Knot DNS and BIND all read it. */
char *name_print_portable(const struct name *name, char text[NAME_TEXT]) NONNULL;

extern const struct name name_root;

unsigned name_labels(const struct name *name) NONNULL;    /* the root label not counted */
/* Offsets of each label in w, leftmost first, the root octet last; returns how many. */
unsigned name_offsets(const struct name *name, uint8_t at[NAME_LABELS]) NONNULL;
bool name_equal(const struct name *a, const struct name *b) NONNULL; /* ASCII case ignored */
bool name_is_below(const struct name *a, const struct name *b) NONNULL; /* a is b or below it */
bool name_is_lower(const struct name *name) NONNULL;
bool name_is_wildcard(const struct name *name) NONNULL; /* first label is "*" */
int name_compare(const struct name *a, const struct name *b) NONNULL; /* RFC 4034 6.1 */
void name_fold(struct name *name) NONNULL; /* to lower case */
/* Drops the first labels; name must have them. */
void name_parent(const struct name *name, unsigned labels, struct name *out) NONNULL;
/* Puts label (its length octet first) in front. -MAP_ESPACE */
int name_child(const struct name *parent, const uint8_t *label, struct name *out) MUST_CHECK;
int name_wildcard_of(const struct name *encloser, struct name *out) NONNULL MUST_CHECK;
/* Replaces the suffix from with to (RFC 6672 2.2). -MAP_ESPACE: YXDOMAIN. */
int name_replace(const struct name *name, const struct name *from, const struct name *to,
    struct name *out) NONNULL MUST_CHECK;

/*
 * The key under which memcmp is canonical order: labels reversed and lower-cased, each ended by
 * 00, with 00 -> 01 01 and 01 -> 01 02 inside. Returns its length, at most NAME_KEY.
 */
size_t name_key(const struct name *name, uint8_t key[NAME_KEY]) NONNULL;
/* The name of such a key. -MAP_EFORMAT */
int name_from_key(struct bytes key, struct name *name) NONNULL MUST_CHECK;

#endif
