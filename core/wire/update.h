/*
 * update.h - UPDATE messages (RFC 2136), read strictly, with the options that go with them.
 * Knows what may stand in such a message; knows nothing of zones, keys and policy.
 */
#ifndef WIRE_UPDATE_H
#define WIRE_UPDATE_H

#include "core/wire/message.h"

#define OPTION_LEASE 2 /* RFC 9664 */
#define OPTION_PROVE 65300 /* protocol 8 */
#define PROVE_TOKEN 8
#define PROVE_MOST 8 /* tokens of a message */

enum update_verb {
	/* prerequisites (RFC 2136 2.4) */
	UPDATE_NAME_USED,
	UPDATE_NAME_UNUSED,
	UPDATE_RRSET_EXISTS,
	UPDATE_RRSET_ABSENT,
	UPDATE_RRSET_VALUE, /* one record of a set that must be just these */
	/* changes (RFC 2136 2.5) */
	UPDATE_ADD,
	UPDATE_DELETE_RECORD,
	UPDATE_DELETE_RRSET,
	UPDATE_DELETE_NAME
};

struct update_item {
	enum update_verb verb;
	uint16_t type; /* 0: of no type */
	uint32_t ttl; /* ADD */
	const struct name *owner; /* lower case; borrowed from the update */
	struct bytes rdata; /* ADD, DELETE_RECORD, RRSET_VALUE: uncompressed, canonical; borrowed */
};

/* RFC 9664; a request of 4 octets means both are the same. */
struct lease_option {
	bool present, both; /* both: it had 8 octets, and so has the answer's */
	uint32_t lease, key_lease; /* seconds */
};

/* Protocol 8: where probes go to, and what came back. */
struct prove_option {
	bool present;
	uint16_t port;
	struct bytes tokens; /* PROVE_TOKEN octets each; borrowed from the message */
};

struct update {
	struct name zone; /* lower case */
	struct update_item *items; /* prerequisites, then changes, in the message's order */
	size_t n_prerequisites, n_changes;
	struct lease_option lease;
	struct prove_option prove;
	void *memory;
};

/*
 * Reads an UPDATE that message_parse() took; m->wire must live as long as the update. RCODE_NOERROR; another
 * RCODE with *why a static sentence (RFC 2136 3.1.1 to 3.4.1: FORMERR, NOTZONE); -MAP_ENOMEM. What no
 * message may add or delete is FORMERR: meta types, SIG, NXT, classes and TTLs that do not belong, TTLs above
 * 2^31 - 1, RDATA that is malformed or, of EPID and ELOC, of a kind not known here. A LEASE or PROVE option that
 * is malformed or there twice, too. Class and opcode are the caller's, and what SIG(0) and TSIG say is not looked at.
 * One block of memory, of at most 5 MB for 65,535 octets. update_fini() in every case.
 */
int update_read(const struct message *m, struct update *out, const char **why) NONNULL MUST_CHECK;
void update_fini(struct update *update) NONNULL;

/* The options alone, of any message: false: malformed. */
bool lease_option_read(const struct edns *edns, struct lease_option *out) NONNULL;
bool prove_option_read(const struct edns *edns, struct prove_option *out) NONNULL;
/* Appends the option, code and length included. */
void lease_option_put(struct wr *wr, const struct lease_option *option) NONNULL;
void prove_option_put(struct wr *wr, const struct prove_option *option) NONNULL;

#endif
