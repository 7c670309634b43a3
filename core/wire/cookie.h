/*
 * cookie.h - DNS cookies (RFC 7873, RFC 9018): the option, and the octets a server cookie is a sum of.
 */
#ifndef WIRE_COOKIE_H
#define WIRE_COOKIE_H

#include "core/wire/message.h"

#define COOKIE_CLIENT 8
#define COOKIE_SERVER 16 /* version, 3 reserved, u32 timestamp, 8 octets of SipHash-2-4 */
#define COOKIE_HEAD 8 /* of a server cookie: what is not the sum */
#define COOKIE_BOTH (COOKIE_CLIENT + COOKIE_SERVER)
#define COOKIE_INPUT (COOKIE_CLIENT + COOKIE_HEAD + 16)
#define COOKIE_SECRET 16

struct cookie {
	bool present;
	uint8_t client[COOKIE_CLIENT];
	struct bytes server; /* borrowed; n 0: none */
};

/* The COOKIE option of edns, the first if there are several. 0; -MAP_EFORMAT: no length it can have. */
int cookie_read(const struct edns *edns, struct cookie *out) NONNULL MUST_CHECK;

/* The first COOKIE_HEAD octets of a server cookie made at seconds (since 1970, RFC 1982). */
void cookie_head(uint32_t seconds, uint8_t head[COOKIE_HEAD]) NONNULL;
/* What the rest is the sum of, keyed by the secret; address has 4 or 16 octets. Returns its length. */
size_t cookie_input(const uint8_t client[COOKIE_CLIENT], const uint8_t head[COOKIE_HEAD],
    struct bytes address, uint8_t input[COOKIE_INPUT]) NONNULL;
/* Whether a server cookie of these octets may be ours, and when it was made. */
bool cookie_time(struct bytes server, uint32_t *seconds) NONNULL;

#endif
