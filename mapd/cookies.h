/*
 * cookies.h - server cookies (RFC 9018): made for who asks with a cookie, and known again.
 */
#ifndef MAPD_COOKIES_H
#define MAPD_COOKIES_H

#include "core/wire/cookie.h"

#define COOKIES_SECRETS 4

/* The first secret makes cookies, all of them know theirs again (RFC 9018 5: a secret is rolled). */
struct cookies {
	uint8_t secret[COOKIES_SECRETS][COOKIE_SECRET];
	size_t n; /* 0: no cookies */
};

/* A secret of this process alone. -MAP_ECRYPTO */
int cookies_random(struct cookies *out) NONNULL MUST_CHECK;
/*
 * Reads secrets, one of 32 hexadecimal digits a line, # for comments. -MAP_ECONFIG with a message that
 * begins "FILE" or "FILE:LINE"; a file that others may read is one such.
 */
int cookies_load(
    const char *path, struct cookies *out, char *why, size_t max) NONNULL MUST_CHECK;

/*
 * Whether cookie's server part was made here for the client at address (4 or 16 octets) within the last
 * hour. both gets what the answer is to have: the client's part and a server's, the same one while it is
 * fresh. 1, 0, or -MAP_ECRYPTO.
 */
int cookies_answer(const struct cookies *cookies, const struct cookie *cookie,
    struct bytes address, uint64_t now, uint8_t both[COOKIE_BOTH]) NONNULL MUST_CHECK;

#endif
