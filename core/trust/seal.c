/*
 * seal.c - checks and makes SIG(0) and TSIG.
 * Knows records and keys; knows nothing of who may do what, and reads no clock.
 */
#include "core/trust/seal.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/dnssec.h"
#include "core/wire/errors.h"

#define KEY_HOST 0x0200 /* RFC 2535 3.1.2: the key of a host */
#define KEY_PROTOCOL 3
#define KEY_SIZE (4 + 64) /* RDATA of a KEY record, at most */
#define SMALL 2048 /* octets of most messages with what is signed beside them */
#define TSIG_BESIDE \
	(2 + CRYPTO_MAC + 2 * NAME_WIRE + 18) /* under a MAC besides message and other data */
#define TSIG_FIXED (10 + 16) /* of the record, without names, MAC and other data */
#define TSIG_OTHER 6 /* octets of a time */
#define MAC_LEAST 10 /* RFC 8945 5.2.2.1 */

/* Names as they stand in messages, the root octet being the string's own end. */
static const struct {
	enum crypto_mac mac;
	uint8_t n;
	const char *name;
} algorithms[] = {
    {CRYPTO_HMAC_SHA1, 11, "\011hmac-sha1"},
    {CRYPTO_HMAC_SHA224, 13, "\013hmac-sha224"},
    {CRYPTO_HMAC_SHA256, 13, "\013hmac-sha256"},
    {CRYPTO_HMAC_SHA384, 13, "\013hmac-sha384"},
    {CRYPTO_HMAC_SHA512, 13, "\013hmac-sha512"},
};

#define ALGORITHMS (sizeof algorithms / sizeof algorithms[0])

/* Octets to be signed: on the stack, unless the message is long. */
struct draft {
	struct wr wr;
	uint8_t *heap;
	uint8_t small[SMALL];
};

static int
draft_init(struct draft *draft, size_t n)
{
	draft->heap = n > sizeof draft->small ? malloc(n) : NULL;
	if (n > sizeof draft->small && draft->heap == NULL)
		return -MAP_ENOMEM;
	draft->wr = wr_init(draft->heap != NULL ? draft->heap : draft->small, n);
	return 0;
}

static void
draft_fini(struct draft *draft)
{
	free(draft->heap);
}

int
seal_sig0_check(const struct crypto_key *key, const struct message *m, const struct sig0 *sig)
{
	struct draft draft;
	int error;

	/* before any public-key work */
	if (sig->algorithm != crypto_key_algorithm(key) || sig->signature.n != CRYPTO_SIGNATURE)
		return -MAP_ESIG;
	error = draft_init(&draft, sig->head.n + m->wire.n);
	if (error != 0)
		return error;
	sig0_message(&draft.wr, m->wire, sig);
	error = draft.wr.error;
	if (error == 0)
		error = crypto_verify(
		    key, draft.wr.base, draft.wr.n, sig->signature.p, sig->signature.n);
	draft_fini(&draft);
	return error;
}

/*
 * The header, with what is counted in it, and all before the record is signed; the record's own frame can be only
 * one (sig0_read()), and so can the rest of its RDATA, which is signed too. That leaves the signature.
 */
int
seal_sig0_digest(const struct message *m, const struct sig0 *sig, uint8_t digest[32])
{
	struct draft draft;
	int error = draft_init(&draft, m->wire.n);

	if (error != 0)
		return error;
	wr_bytes(&draft.wr, m->wire);
	if (sig->signature.n == CRYPTO_SIGNATURE)
		crypto_signature_fold(
		    sig->algorithm, draft.wr.base + (sig->signature.p - m->wire.p));
	error = crypto_sha256(draft.wr.base, draft.wr.n, digest);
	draft_fini(&draft);
	return error;
}

int
seal_key_put(struct wr *wr, const struct crypto_key *key)
{
	uint8_t octets[CRYPTO_SIGNATURE];
	int algorithm = crypto_key_algorithm(key), error = crypto_key_public(key, octets);

	wr_u16(wr, KEY_HOST);
	wr_u8(wr, KEY_PROTOCOL);
	wr_u8(wr, (uint8_t)algorithm);
	if (error == 0)
		wr_copy(wr, octets, crypto_public_size(algorithm));
	return error;
}

static int
key_tag(const struct crypto_key *key, uint16_t *tag)
{
	uint8_t rdata[KEY_SIZE];
	struct wr wr = wr_init(rdata, sizeof rdata);
	int error = seal_key_put(&wr, key);

	*tag = dnssec_key_tag(wr_done(&wr));
	return error;
}

int
seal_sig0_sign(const struct crypto_key *key, const struct name *signer, uint32_t inception,
    uint32_t expiration, struct wr *wr)
{
	uint8_t head[18 + NAME_WIRE], signature[CRYPTO_SIGNATURE];
	struct wr head_wr = wr_init(head, sizeof head);
	struct sig0 sig = {
	    .at = wr->n,
	    .algorithm = (uint8_t)crypto_key_algorithm(key),
	    .expiration = expiration,
	    .inception = inception,
	    .signer = *signer,
	    .signature = {signature, sizeof signature},
	};
	struct draft draft;
	int error = wr->error;

	if (error == 0)
		error = key_tag(key, &sig.tag);
	if (error != 0)
		return error;
	name_fold(&sig.signer);
	sig0_head_put(&head_wr, &sig);
	sig.head = wr_done(&head_wr);
	error = draft_init(&draft, sig.head.n + wr->n);
	if (error != 0)
		return error;
	sig0_message(&draft.wr, wr_done(wr), &sig);
	error = crypto_sign(key, draft.wr.base, draft.wr.n, signature);
	draft_fini(&draft);
	if (error == 0)
		sig0_put(wr, &sig);
	return error != 0 ? error : wr->error;
}

enum crypto_mac
tsig_algorithm(const struct name *name)
{
	for (size_t i = 0; i < ALGORITHMS; i++)
		if (name->n == algorithms[i].n &&
		    memcmp(name->w, algorithms[i].name, name->n) == 0)
			return algorithms[i].mac;
	return CRYPTO_MAC_NONE;
}

void
tsig_algorithm_name(enum crypto_mac mac, struct name *out)
{
	*out = name_root;
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (algorithms[i].mac != mac)
			continue;
		out->n = algorithms[i].n;
		memcpy(out->w, algorithms[i].name, out->n);
	}
}

/* The MAC that the record is to have over wire, whose record, if there is one yet, begins at at. */
static int
tsig_compute(const struct tsig_key *key, struct bytes wire, size_t at, const struct tsig *tsig,
    struct bytes request_mac, uint8_t mac[CRYPTO_MAC])
{
	struct draft draft;
	int error = draft_init(&draft, wire.n + TSIG_BESIDE + request_mac.n + tsig->other.n);

	if (error != 0)
		return error;
	tsig_message(&draft.wr, wire, at, tsig, request_mac);
	error = draft.wr.error;
	if (error == 0)
		error =
		    crypto_hmac(key->mac, key->secret, key->n, draft.wr.base, draft.wr.n, mac);
	draft_fini(&draft);
	return error;
}

/* A length that a MAC of so many octets can be cut to (RFC 8945 5.2.2.1). */
static bool
length_is_sound(size_t n, size_t full)
{
	return n <= full && n >= MAC_LEAST && n >= full / 2;
}

static bool
time_is_near(uint64_t a, uint64_t b, uint16_t fudge)
{
	return (a > b ? a - b : b - a) <= fudge;
}

/* The key that a record means: of its name and its algorithm. */
static const struct tsig_key *
key_find(const struct tsig_key *keys, size_t n, const struct tsig *tsig)
{
	enum crypto_mac mac = tsig_algorithm(&tsig->algorithm);

	for (size_t i = 0; i < n && mac != CRYPTO_MAC_NONE; i++)
		if (keys[i].mac == mac && name_equal(&keys[i].name, &tsig->key))
			return &keys[i];
	return NULL;
}

/* RFC 8945 5.2, in its order: key, MAC, time, truncation. */
int
seal_tsig_check(const struct tsig_key *keys, size_t n, const struct message *m,
    const struct tsig *tsig, uint64_t now, const struct tsig_key **key)
{
	uint8_t mac[CRYPTO_MAC];
	size_t full;
	int error;

	*key = NULL;
	if (tsig->error != 0)
		return -MAP_EFORMAT;
	*key = key_find(keys, n, tsig);
	if (*key == NULL)
		return TSIG_BADKEY;
	full = crypto_mac_size((*key)->mac);
	if (!length_is_sound(tsig->mac.n, full))
		return -MAP_EFORMAT;
	error = tsig_compute(*key, m->wire, tsig->at, tsig, (struct bytes){NULL, 0}, mac);
	if (error != 0)
		return error;
	if (!crypto_equal(mac, tsig->mac.p, tsig->mac.n))
		return TSIG_BADSIG;
	if (!time_is_near(tsig->time, now, tsig->fudge))
		return TSIG_BADTIME;
	return tsig->mac.n < full ? TSIG_BADTRUNC : TSIG_NOERROR;
}

size_t
seal_tsig_room(const struct name *key, const struct name *algorithm)
{
	return (size_t)key->n + algorithm->n + TSIG_FIXED + TSIG_OTHER +
	       crypto_mac_size(tsig_algorithm(algorithm));
}

int
seal_tsig_answer(const struct tsig_key *key, const struct tsig *request, int error,
    uint64_t now, struct wr *wr)
{
	uint8_t mac[CRYPTO_MAC], other[TSIG_OTHER];
	struct wr other_wr = wr_init(other, sizeof other);
	struct tsig tsig = {
	    .key = request->key,
	    .algorithm = request->algorithm,
	    .time = error == TSIG_BADTIME ? request->time : now,
	    .fudge = TSIG_FUDGE,
	    .error = (uint16_t)error,
	};
	int failed = wr->error;

	if (failed != 0)
		return failed;
	tsig.original_id = get_u16(wr->base);
	if (error == TSIG_BADTIME) {
		wr_u16(&other_wr, (uint16_t)(now >> 32));
		wr_u32(&other_wr, (uint32_t)now);
		tsig.other = wr_done(&other_wr);
	}
	/* RFC 8945 5.3.2: what failed by its key or MAC gets no MAC */
	if (key != NULL && error != TSIG_BADKEY && error != TSIG_BADSIG) {
		failed = tsig_compute(key, wr_done(wr), wr->n, &tsig, request->mac, mac);
		tsig.mac = (struct bytes){mac, crypto_mac_size(key->mac)};
	}
	if (failed == 0)
		tsig_put(wr, &tsig);
	return failed != 0 ? failed : wr->error;
}

int
seal_tsig_sign(
    const struct tsig_key *key, uint64_t now, struct wr *wr, uint8_t mac[TSIG_MAC_MOST])
{
	struct tsig tsig = {.key = key->name, .time = now, .fudge = TSIG_FUDGE};
	int error = wr->error;

	if (error != 0)
		return error;
	tsig.original_id = get_u16(wr->base);
	tsig_algorithm_name(key->mac, &tsig.algorithm);
	error = tsig_compute(key, wr_done(wr), wr->n, &tsig, (struct bytes){NULL, 0}, mac);
	if (error != 0)
		return error;
	tsig.mac = (struct bytes){mac, crypto_mac_size(key->mac)};
	tsig_put(wr, &tsig);
	return wr->error != 0 ? wr->error : (int)tsig.mac.n;
}

int
seal_tsig_check_answer(
    const struct tsig_key *key, const struct message *m, struct bytes request_mac, uint64_t now)
{
	uint8_t mac[CRYPTO_MAC];
	struct tsig tsig;
	int error = tsig_read(m, &tsig);

	if (error != 0)
		return error;
	if (key_find(key, 1, &tsig) == NULL || tsig.mac.n != crypto_mac_size(key->mac))
		return -MAP_ESIG;
	error = tsig_compute(key, m->wire, tsig.at, &tsig, request_mac, mac);
	if (error != 0)
		return error;
	if (!crypto_equal(mac, tsig.mac.p, tsig.mac.n))
		return -MAP_ESIG;
	return time_is_near(tsig.time, now, tsig.fudge) ? 0 : -MAP_EEXPIRED;
}
