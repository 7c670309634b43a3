/*
 * chain.h - the signatures and keys behind an answer, from the data up to the top: own questions,
 * with DO and CD, judged link by link.
 */
#ifndef MAPDIG_CHAIN_H
#define MAPDIG_CHAIN_H

#include "core/sys/sock.h"
#include "core/wire/name.h"
#include "core/wire/result.h"

#define CHAIN_LINKS 64
#define CHAIN_SIGNATURES 4
#define CHAIN_TEXT 160

/* One RRSIG over a set. */
struct chain_signature {
	struct name signer;
	uint16_t tag;
	uint8_t algorithm;
	uint32_t inception;
	uint32_t expiration;
	bool good;
	char why[CHAIN_TEXT]; /* why not */
};

/* One set of records. */
struct chain_link {
	struct name owner;
	char type[12];
	uint32_t ttl;
	size_t n_records;
	char what
	    [CHAIN_TEXT]; /* keys: "257 tag 1234 ECDSAP256SHA256"; absence: "does not exist" */
	bool bad; /* broken by itself: a DS that fits no key, no answer */
	size_t n_signatures;
	struct chain_signature signatures[CHAIN_SIGNATURES];
};

struct chain {
	char server[ADDR_TEXT];
	size_t n;
	struct chain_link links[CHAIN_LINKS];
	bool cut; /* there was more */
};

/* The first link that is bad or has no good signature, or -1. Top links without signatures are
 * where a trust anchor has to be. */
int chain_broken(const struct chain *chain);

/* Asks server for what result rests on; caller frees with free(). -MAP_ENOMEM */
int chain_ask(
    const struct addr *server, const struct result *result, uint64_t now, struct chain **out);

#endif
