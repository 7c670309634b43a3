/*
 * eid.h - identities (protocol 2): their forms, text, wire and owner names.
 * Makes no digest: core/trust joins these octets with core/sys/crypto.
 */
#ifndef WIRE_EID_H
#define WIRE_EID_H

#include "core/wire/cursor.h"
#include "core/wire/name.h"

enum eid_form { EID_NONE = 0, EID_ADDRESS = 1, EID_KEY = 2, EID_NAME = 3 };

#define EID_DIGEST 32
#define EID_TEXT (NAME_TEXT + 64)
#define ADDRESS_TEXT 46
#define EID_REALM_MAX 197 /* octets of a realm's name in wire form */
#define HHIT_SUITE_ED25519 5
#define HHIT_INPUT 40 /* left 64 bits, raw public key */

struct eid {
	enum eid_form form;
	uint8_t address[16];        /* EID_ADDRESS; IPv4 as ::ffff:a.b.c.d */
	uint8_t digest[EID_DIGEST]; /* EID_KEY */
	struct name name;           /* EID_KEY: the realm; EID_NAME: the name; lower case */
	uint8_t at_length;          /* EID_ADDRESS: hint of EPID and references; 0: none */
	struct name at;
};

/* One row of the local table: identities under prefix/length are found below suffix. */
struct realm {
	uint8_t prefix[16];
	uint8_t length; /* 16 to 124, by fours */
	struct name suffix;
};

/* Text as protocol 2: a literal, else with '@', else a name (a trailing dot is taken, and upper
 * case in names folded; a literal must be canonical when strict). */
int eid_scan(const char *text, size_t n, bool strict, struct eid *out) NONNULL MUST_CHECK;
/* Canonical text, without the at= hint. */
char *eid_print(const struct eid *id, char text[EID_TEXT]) NONNULL;
/* The same as a zone file has it: names end with a dot. */
char *eid_print_absolute(const struct eid *id, char text[EID_TEXT]) NONNULL;
/* As octets of a frame: form, then its fields, the hint's length octet always there. EID_NONE is
 * the form octet alone. */
void eid_put(struct wr *wr, const struct eid *id) NONNULL;
void eid_read(struct rd *rd, struct eid *out) NONNULL;
bool eid_equal(const struct eid *a, const struct eid *b) NONNULL; /* the hint not compared */
bool eid_is_hhit(const struct eid *id) NONNULL;
bool eid_is_hit(const struct eid *id) NONNULL;            /* 2001:20::/28: recognised only */
bool eid_is_self_certifying(const struct eid *id) NONNULL; /* HHIT or key */

/* Builds an HHIT's left 64 bits; raa and hda have 14 bits each. */
void hhit_left(uint16_t raa, uint16_t hda, uint8_t left[8]) NONNULL;
/* What cSHAKE128 (64 bits out, N empty, S = hhit_context) is taken over: formats 4.4, variant A. */
void hhit_input(const uint8_t left[8], const uint8_t key[32], uint8_t input[HHIT_INPUT]) NONNULL;
extern const uint8_t hhit_context[16];
/* What the SHA-256 of a key identity is taken over: algorithm octet, public key. */
void eid_key_input(struct wr *wr, uint8_t algorithm, struct bytes key) NONNULL;

/* "PREFIX/LENGTH=SUFFIX" to a row. -MAP_ETEXT with *why a static sentence. */
int realm_scan(const char *text, struct realm *out, const char **why) NONNULL MUST_CHECK;
/* The prefix applies to id. */
bool realm_covers(const struct realm *row, const struct eid *id) NONNULL;
/* "<hex of the bits after the prefix>.<suffix>". -MAP_ESPACE */
int eid_owner_below(const struct eid *id, unsigned length, const struct name *suffix,
    struct name *owner) NONNULL MUST_CHECK;
/* The nibble (ip6.arpa, in-addr.arpa) name of an address. */
int eid_owner_reverse(const uint8_t address[16], struct name *owner) NONNULL MUST_CHECK;
/* In one of their trees, in-addr.arpa or ip6.arpa. */
bool eid_is_reverse(const struct name *name) NONNULL;
/* Where a key or name identity is looked up; -MAP_EUNKNOWN for an address. */
int eid_owner_own(const struct eid *id, struct name *owner) NONNULL MUST_CHECK;

/* Whose look-up name owner is: a key identity's or a nibble name by itself, one label by the rows of
 * the local table. -MAP_ENOTFOUND */
int eid_from_owner(const struct name *owner, const struct realm *realms, size_t n_realms,
    struct eid *out) MUST_CHECK;

/* An address in text (RFC 5952), IPv4 as dotted quad; and back. text has ADDRESS_TEXT. */
char *address_print(const uint8_t address[16], char *text) NONNULL;
/* The same, always with colons: for what is IPv6 by its place. */
char *address_print_ip6(const uint8_t address[16], char *text) NONNULL;
int address_scan(const char *text, size_t n, uint8_t address[16]) NONNULL MUST_CHECK;
bool address_is_ipv4(const uint8_t address[16]) NONNULL;
/* The first bits of both are the same. */
bool address_is_in(const uint8_t address[16], const uint8_t prefix[16], unsigned bits) NONNULL;

/* Why an address can never be a locator (protocol 2), or NULL. private_ok lifts ULA, RFC 1918 and
 * 100.64/10; realms is the local table. */
const char *address_refusal(const uint8_t address[16], bool private_ok, const struct realm *realms,
    size_t n_realms);

#endif
