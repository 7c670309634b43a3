/*
 * build.h - the UPDATE of a registration (protocol 8), as octets under its key.
 * No prerequisites: the same message is a first registration, a change and a refresh. Knows no network and no
 * clock but the one it is given.
 */
#ifndef REGISTER_BUILD_H
#define REGISTER_BUILD_H

#include "core/trust/seal.h"
#include "core/wire/cookie.h"
#include "core/wire/update.h"
#include "register/content.h"

#define BUILD_TTL_LOCATORS 60
#define BUILD_TTL_IDENTITY 300
#define BUILD_SIGNED 300 /* seconds before and after now in which SIG(0) holds */
#define BUILD_UDP 1232 /* octets: what is longer goes over TCP */
#define BUILD_PROOF 160 /* octets of a proof's RDATA */

enum build_verb {
	BUILD_REGISTER, /* everything is set, under a new proof */
	BUILD_REFRESH, /* the same records again, so that nothing changes but the lease */
	BUILD_WITHDRAW, /* locators and EPID go; the name stays reserved */
	BUILD_RELEASE /* the KEY goes too */
};

/* A proof, zero at first: what build_update() was given before may be used again; n 0: there is none. */
struct build_proof {
	uint64_t serial; /* ms since 1970 */
	uint32_t expiry; /* seconds since 1970, 32 bits */
	uint32_t without; /* what it was made over: see struct build */
	size_t n;
	uint8_t rdata[BUILD_PROOF];
};

struct build {
	const struct content *content;
	enum build_verb verb;
	uint32_t without; /* bit i: locator i is left out */
	uint16_t id;
	uint64_t now; /* ms since 1970 */
	uint64_t serial_above; /* a new proof's serial is larger than this one */
	struct prove_option prove;
	const uint8_t *cookie; /* COOKIE_CLIENT octets; NULL: none */
	struct bytes server_cookie; /* n 0: not known yet */
	const struct tsig_key *tsig; /* NULL: SIG(0) by the identity's key */
};

/* TSIG: what the answer's MAC is made with. */
struct build_mac {
	size_t n;
	uint8_t octets[TSIG_MAC_MOST];
};

/*
 * Appends the whole message to wr, which is empty, and keeps the proof that is in it. -MAP_ESPACE,
 * -MAP_ECRYPTO, -MAP_ENOMEM.
 */
int build_update(const struct build *b, struct build_proof *proof, struct wr *wr,
    struct build_mac *mac) NONNULL MUST_CHECK;

#endif
