/*
 * mapping.h - what a mapping is made of: EPID and ELOC records, their proof, and how a site's
 * prefix sets and a host part make locators (protocol 3). The only place that knows.
 */
#ifndef WIRE_MAPPING_H
#define WIRE_MAPPING_H

#include "core/wire/cursor.h"
#include "core/wire/eid.h"
#include "core/wire/rrset.h"

#define EPID_TEMPORARY 0x80
#define EPID_SUCCESSOR 0x40

#define ELOC_HOME 0x80
#define ELOC_BACKUP 0x40
#define ELOC_DRAIN 0x20

enum eloc_kind { ELOC_PROOF = 0, ELOC_IP4 = 1, ELOC_IP6 = 2, ELOC_VIA = 3, ELOC_NET6 = 4 };

#define PARAM_MANDATORY 0
#define PARAM_PATH 1
#define PARAM_CAPABILITIES 2
#define PARAM_PROBE 4

#define CAP_MPTCP 1
#define CAP_TLS 2
#define CAP_SHIM 4

#define PATH_MAX_TEXT 33 /* 32 characters and the NUL */
#define MAPPING_SET 16   /* records in a set */
#define MAPPING_SETS 4   /* prefix sets followed */
#define MAPPING_LOCATORS 64
#define PROOF_AHEAD (7 * 86400 + 300) /* seconds an expiry may lie ahead */
#define RDATA_TEXT 2048

struct epid {
	uint16_t preference;
	uint8_t flags;
	struct eid id;
};

struct proof {
	uint64_t serial; /* milliseconds since 1970 */
	uint32_t expiry; /* seconds, RFC 1982 */
	uint8_t algorithm;
	uint8_t flags;
	uint8_t key_n;
	uint8_t key[64];
	uint8_t signature[64];
};
#define PROOF_REVOKED 0x80

struct eloc {
	uint16_t preference;
	uint16_t weight;
	uint8_t flags;
	uint8_t kind;
	uint8_t address[16]; /* ip4 (mapped), ip6, via: host part, net6: prefix */
	uint8_t length;      /* net6 */
	struct name set;     /* via */
	struct proof proof;
	char path[PATH_MAX_TEXT]; /* "" if none */
	uint32_t capabilities;    /* 0 if none */
	uint16_t probe;           /* UDP port, 0 if none */
	struct bytes params;      /* all parameters as they came, borrowed from the RDATA */
};

/* Strict reading of RDATA. 0; -MAP_EUNKNOWN: skip this record (out is filled as far as it is
 * known); other errors: the set is unusable. out->params is borrowed from rdata. Reserved flag bits are ignored; mapping_refusal() finds them. */
int epid_read(struct bytes rdata, struct epid *out) NONNULL MUST_CHECK;
int eloc_read(struct bytes rdata, struct eloc *out) NONNULL MUST_CHECK;
/* Writing; parameters from path, capabilities, probe, and the unknown ones in params. */
void epid_put(struct wr *wr, const struct epid *e) NONNULL;
void eloc_put(struct wr *wr, const struct eloc *e) NONNULL;

/* Whether it may be the name of a path: 1 to 32 of A-Z a-z 0-9 . _ - */
bool path_is_valid(struct bytes path);

/* Master-file text of the RDATA (fields after the type), and back; what is not known here is
 * printed as \# (RFC 3597). text holds RDATA_TEXT. Scanning
 * folds names to lower case and completes relative ones by origin; -MAP_ETEXT with *why set to a
 * static sentence. */
int epid_print(struct bytes rdata, char *text, size_t max) NONNULL MUST_CHECK;
int eloc_print(struct bytes rdata, char *text, size_t max) NONNULL MUST_CHECK;
int mapping_print_opaque(struct bytes rdata, char *text, size_t max) NONNULL MUST_CHECK;
int epid_scan(char *const *words, size_t n, const struct name *origin, struct wr *rdata,
    const char **why) MUST_CHECK;
int eloc_scan(char *const *words, size_t n, const struct name *origin, struct wr *rdata,
    const char **why) MUST_CHECK;

/* What mapd accepts is stricter than what is readable: why this set is refused at a server, or
 * NULL. type is RR_EPID or RR_ELOC; covers reserved bits, unknown kinds, never-locators, two
 * proofs, net6 beside others, and limits. */
const char *mapping_refusal(uint16_t type, const struct bytes *rdata, size_t n, bool private_ok,
    const struct realm *realms, size_t n_realms);
/* The same; *at is the record that is wrong, or too much. */
const char *mapping_refusal_at(uint16_t type, const struct bytes *rdata, size_t n,
    bool private_ok, const struct realm *realms, size_t n_realms, size_t *at);

/* The proof of a set, or -1: its index; -2: two of them (malformed). */
int mapping_proof_index(const struct bytes *rdata, size_t n);
/* Appends the octets a proof signs (protocol 3): owner, the proof's fields, and every other record
 * of the set in RDATA order. -MAP_ESPACE */
int proof_message(struct wr *wr, const struct name *owner, const struct proof *proof,
    const struct bytes *rdata, size_t n) NONNULL MUST_CHECK;

/* A locator as a resolver uses it: given directly, or composed of a via and a net6. */
struct locator {
	uint8_t address[16]; /* IPv4 mapped */
	uint16_t preference;
	uint16_t weight;
	uint8_t flags; /* ELOC_* */
	uint8_t composed; /* 1 + index of the via among the mapping's sets; 0: direct */
	uint32_t capabilities;
	uint16_t probe;
	char path[PATH_MAX_TEXT];
};

/* locator = prefix | host part. False: the host part has a bit inside the prefix, or together they
 * are an IPv4-mapped address. */
bool locator_compose(const struct eloc *via, const struct eloc *net6, struct locator *out) NONNULL;
void locator_direct(const struct eloc *direct, struct locator *out) NONNULL;
/* Best first: preference ascending, then as given. */
void locators_sort(struct locator *locators, size_t n) NONNULL;

#endif
