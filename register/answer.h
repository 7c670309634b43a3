/*
 * answer.h - what a server answers to an UPDATE, as a value.
 */
#ifndef REGISTER_ANSWER_H
#define REGISTER_ANSWER_H

#include "core/trust/seal.h"
#include "core/wire/cookie.h"
#include "core/wire/update.h"

#define ANSWER_TEXT 512
#define ANSWER_COOKIE 32 /* octets of the longest server cookie */

/* What it must fit to. */
struct answer_to {
	uint16_t id;
	const struct name *zone;
	const uint8_t *cookie; /* COOKIE_CLIENT octets sent; NULL: none */
	bool expects_cookie; /* the server has sent one before: what has none is somebody else's, too */
	bool datagram; /* then a wrong cookie makes it somebody else's (RFC 7873 5.3) */
	const struct tsig_key *tsig; /* NULL: SIG(0), and the answer bears no seal */
	struct bytes mac; /* of the request */
	uint64_t now; /* seconds */
};

struct answer {
	unsigned rcode;
	bool truncated; /* never done to an UPDATE by a server that keeps to protocol 8 */
	int ede; /* code of the first Extended DNS Error; -1: none */
	char text[ANSWER_TEXT]; /* of all of them; printable ASCII */
	struct lease_option lease;
	struct {
		size_t n; /* 0: none came */
		uint8_t octets[ANSWER_COOKIE];
	} server_cookie;
	int seal; /* TSIG: 0, or why it does not hold (-MAP_E...); without: 0 */
	unsigned tsig_error; /* of the TSIG record, if there is one: enum tsig_error */
	unsigned n_prove;
	uint8_t prove[PROVE_MOST][16]; /* addresses that the server wants to be proved */
};

/* 0; or -MAP_EFORMAT: this is not the answer. */
int answer_read(struct bytes wire, const struct answer_to *to, struct answer *out) NONNULL MUST_CHECK;
/*
 * Under TSIG it counts only with its seal. What failed before the MAC could be made has none, and is waited past where anybody may
 * have sent it (RFC 8945 5.4).
 */
bool answer_counts(const struct answer *answer, const struct answer_to *to) NONNULL;

#endif
