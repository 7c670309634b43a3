/*
 * result.h - the result of one look-up: identities, locators, and a verdict for every edge.
 * Made by resolve/, carried in frames, shown by mapdig, handed to applications by libmap.
 */
#ifndef WIRE_RESULT_H
#define WIRE_RESULT_H

#include "core/wire/eid.h"
#include "core/wire/mapping.h"

enum verdict {
#define X(name, number, word) name = number,
#include "core/wire/verdicts.def"
#undef X
};

const char *verdict_word(enum verdict v); /* "secure"; a static string */

#define RESULT_IDENTITIES 8
#define RESULT_PAIRS 64
#define RESULT_WHY 200

/* One question that was asked, and what came of it. */
struct edge {
	enum verdict dnssec; /* NONE, SECURE, INSECURE, BOGUS, MISSING, SERVER, TIMEOUT, MALFORMED */
	bool denied;         /* MISSING: the absence was itself proved (secure) */
	uint32_t ttl;
	char why[RESULT_WHY]; /* the cause in words when it is not good; "" else */
};

enum result_kind {
	RESULT_EPID = 1,    /* the name's EPID set named the identities */
	RESULT_OWN_NAME = 2, /* form 3: ELOC at the name itself */
	RESULT_LEGACY = 3,  /* A/AAAA only */
	RESULT_IDENTITY = 4 /* an identity was asked for; no name involved */
};

struct prefix_set {
	struct name name;
	struct edge edge;
};

struct found_locator {
	struct locator locator;
	enum verdict trust;   /* SECURE, PROVED, INSECURE: what vouches for it */
	enum verdict reverse; /* NONE, CONFIRMED, MISSING, MISMATCH, BOGUS, SERVER, TIMEOUT */
	struct eid claimed;   /* MISMATCH: who the reverse name says it is */
};

struct found_identity {
	struct eid id;
	uint16_t preference;
	uint8_t flags; /* EPID_* */
	struct name owner;      /* where it was looked up */
	struct edge mapping;    /* identity -> locators */
	enum verdict proof;     /* NONE (nothing to prove with), UNPROVED (no proof there), PROVED, FAILED
	                           (does not hold over this set), FOREIGN, EXPIRED, STALE, REVOKED */
	uint64_t serial;        /* of the proof; 0: none */
	uint32_t proof_expiry;
	int error;              /* 0: usable under the policy asked for; else why not, -MAP_E... */
	size_t n_sets;
	struct prefix_set sets[MAPPING_SETS];
	size_t n_locators;      /* best first */
	struct found_locator locators[MAPPING_LOCATORS];
};

/* A way to reach the identity: ranked by the agent, best first. */
struct pair {
	uint8_t source[16];
	uint8_t destination[16];
	uint8_t flags;    /* ELOC_* of the destination */
	uint32_t rtt_us;  /* 0: not measured */
	uint8_t identity; /* index into identities */
	char path[PATH_MAX_TEXT];
	char why[RESULT_WHY]; /* its rank, in words */
};

struct result {
	int error; /* 0, or -MAP_E...: what the caller gets; the tree below is filled as far as known */
	char why[RESULT_WHY];
	enum result_kind kind;
	struct name asked;    /* n = 0 when an identity was asked for */
	struct edge name;     /* name -> identity */
	uint32_t lifetime;    /* seconds this result may be used */
	bool cached;
	size_t n_identities;  /* best first; a legacy result has one of form EID_NONE */
	struct found_identity identities[RESULT_IDENTITIES];
	size_t n_pairs;
	struct pair pairs[RESULT_PAIRS];
};

/* Whether all that it is made of was found, or was found to be absent: else what it does not have may be published all the same. */
bool result_is_whole(const struct result *result) NONNULL;

/* As octets for a frame, and strictly back. -MAP_ESPACE; -MAP_ETRUNC, -MAP_EFORMAT, -MAP_EJUNK */
void result_put(struct wr *wr, const struct result *result) NONNULL;
int result_read(struct bytes payload, struct result *out) NONNULL MUST_CHECK;

/* A text of less than max octets behind its length. A sentence may quote what came from the network: nothing in it may
 * steer a terminal. */
void words_put(struct wr *wr, const char *text, size_t max) NONNULL;
void words_read(struct rd *rd, char *text, size_t max) NONNULL;

#endif
