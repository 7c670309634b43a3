/*
 * proposal.h - an UPDATE on its way: taken by a worker, verified by a verifier when it has a SIG(0), applied by
 * the writer with others in one commit, answered by the worker that took it.
 * It owns copies of all it needs: the connection may close and the configuration change meanwhile.
 */
#ifndef MAPD_PROPOSAL_H
#define MAPD_PROPOSAL_H

#include "core/trust/seal.h"
#include "core/wire/update.h"
#include "mapd/claim.h"
#include "mapd/policy.h"

#define VERDICT_TEXT 400 /* of an Extended DNS Error */

/* What became of it. */
struct verdict {
	unsigned rcode; /* enum rcode */
	int ede; /* enum ede, EDE_NONE: says nothing */
	char text[VERDICT_TEXT];
	const struct policy_rule *rule; /* that decided; NULL: none did */
	struct lease_option lease; /* granted; present: the answer has it */
	uint8_t prove[PROVE_MOST][16]; /* addresses to which probes are to be sent, with rcode REFUSED */
	unsigned n_prove;
	bool noted; /* a refusal that stands in the memory of replays: without the commit it is none */
	uint32_t serial; /* of the zone, when rcode is NOERROR */
};

enum proposal_seal { SEALED_NOT, SEALED_SIG0, SEALED_TSIG };

struct proposal {
	struct proposal *next; /* in the queue it is in */
	/* set by who takes it, not changed any more */
	struct bytes wire; /* its own copy */
	struct message message; /* of wire */
	struct update update;
	enum proposal_seal seal;
	struct sig0 sig0;
	struct tsig tsig;
	struct tsig_key key; /* TSIG: what the answer is sealed with */
	struct actor actor;
	uint8_t address[16]; /* of the client, IPv4 mapped */
	bool shown; /* that it is there: by TCP, or by a cookie from here */
	uint8_t source[CLAIM_SOURCE];
	uint8_t digest[32]; /* seal_sig0_digest(); with TSIG SHA-256 of its MAC */
	struct lease_option granted; /* SIG(0): what the answer has if it was taken before */
	bool dry; /* nothing is written: mapctl policy test */
	const struct update_item *added; /* the proof among its records; NULL: none */
	struct eid identity; /* whose look-up name added's owner is; EID_NONE: nobody's */
	void *origin; /* the taker's: where the answer goes */
	/* Called once with one or more of them, linked by next, from any thread. */
	void (*done)(struct proposal *list);
	/* set by a verifier: the digest of what the proof among the records was found to sign */
	bool proved;
	uint8_t proof[32];
	/* the answer: durable when NOERROR */
	struct verdict verdict;
};

/* Copies wire and reads it again; -MAP_ENOMEM, or what message_parse() says. */
int proposal_new(struct bytes wire, struct proposal **out) MUST_CHECK;
void proposal_free(struct proposal *proposal); /* NULL allowed */
/* Whose its new claims are, CLAIM_SOURCE octets; borrowed from it. */
const uint8_t *proposal_claimant(const struct proposal *proposal) NONNULL;
__attribute__((format(printf, 4, 5))) void verdict_set(
    struct verdict *verdict, unsigned rcode, int ede, const char *format, ...);

#endif
