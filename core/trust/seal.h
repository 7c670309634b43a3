/*
 * seal.h - messages under a key: SIG(0) (RFC 2931) and TSIG (RFC 8945), checked and made.
 * Joins the octets of core/wire with the sums of core/sys; knows no policy and no clock but the one it is given.
 */
#ifndef TRUST_SEAL_H
#define TRUST_SEAL_H

#include "core/sys/crypto.h"
#include "core/wire/sig0.h"
#include "core/wire/tsig.h"

#define SEAL_SECRET 512 /* octets of a shared secret, at most */

struct tsig_key {
	struct name name; /* lower case */
	enum crypto_mac mac;
	uint16_t n;
	uint8_t secret[SEAL_SECRET];
};

/* 0: the signature is key's; -MAP_ESIG; -MAP_ECRYPTO, -MAP_ENOMEM. Times are not looked at. */
int seal_sig0_check(const struct crypto_key *key, const struct message *m,
    const struct sig0 *sig) NONNULL MUST_CHECK;
/*
 * What a message with that SIG(0) is known again by: the digest of all of it. Whoever has it can make no other message
 * of it that is valid and has another digest. -MAP_ECRYPTO, -MAP_ENOMEM
 */
int seal_sig0_digest(const struct message *m, const struct sig0 *sig,
    uint8_t digest[32]) NONNULL MUST_CHECK;
/*
 * Signs the message in wr (all of it) and appends the record; the tag in it is that of seal_key_put()'s record.
 * -MAP_ESPACE, -MAP_ECRYPTO, -MAP_ENOMEM
 */
int seal_sig0_sign(const struct crypto_key *key, const struct name *signer, uint32_t inception,
    uint32_t expiration, struct wr *wr) NONNULL MUST_CHECK;
/* Appends the RDATA of the KEY record that goes with a key, as dnssec-keygen -T KEY -n HOST writes it. */
int seal_key_put(struct wr *wr, const struct crypto_key *key) NONNULL MUST_CHECK;

/*
 * Judges the TSIG of a request by these keys at now: enum tsig_error (with *key the one that is meant, NULL
 * with BADKEY), or -MAP_EFORMAT for a MAC of no length it can have (RFC 8945 5.2.2.1) or an error in a
 * request, -MAP_ECRYPTO, -MAP_ENOMEM. BADTIME and BADTRUNC (a MAC that holds, as far as it goes: only whole ones are
 * taken) only when the MAC holds.
 */
int seal_tsig_check(const struct tsig_key *keys, size_t n, const struct message *m,
    const struct tsig *tsig, uint64_t now, const struct tsig_key **key) NONNULL MUST_CHECK;
/* What seal_tsig_answer() may append, at most: so much room is to be kept. */
size_t seal_tsig_room(const struct name *key, const struct name *algorithm) NONNULL;
/*
 * Appends the TSIG of an answer (in wr, all of it) to a request with that TSIG; key NULL or error BADKEY, BADSIG:
 * without MAC. With BADTIME the time here goes along (RFC 8945 5.2.3).
 */
int seal_tsig_answer(const struct tsig_key *key, const struct tsig *request, int error, uint64_t now,
    struct wr *wr) MUST_CHECK;
/* Signs a request; mac gets its MAC, which the answer's is made with. Returns the MAC's length or -MAP_E.... */
int seal_tsig_sign(const struct tsig_key *key, uint64_t now, struct wr *wr,
    uint8_t mac[TSIG_MAC_MOST]) NONNULL MUST_CHECK;
/* 0: the answer's TSIG is right; -MAP_ESIG, -MAP_EEXPIRED, -MAP_ENOTFOUND, -MAP_EFORMAT. */
int seal_tsig_check_answer(const struct tsig_key *key, const struct message *m,
    struct bytes request_mac, uint64_t now) NONNULL MUST_CHECK;

/* The algorithm of a name as in TSIG records (lower case), and back; 0 if it is none. */
enum crypto_mac tsig_algorithm(const struct name *name) NONNULL;
void tsig_algorithm_name(enum crypto_mac mac, struct name *out) NONNULL;

/*
 * Reads keys from a file as tsig-keygen writes it: key "NAME" { algorithm hmac-sha256; secret "BASE64"; };
 * with comments; one that others may read is refused. -MAP_ECONFIG with "FILE" or "FILE:LINE: cause;
 * expected ...". Caller frees with crypto_wipe() and free().
 */
int tsig_keys_load(const char *path, struct tsig_key **out, size_t *n, char *why,
    size_t max) NONNULL MUST_CHECK;

#endif
