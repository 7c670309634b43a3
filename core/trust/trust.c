/*
 * trust.c - what an identity key proves: core/wire's octets under core/sys's sums.
 * Knows no policy: what a failure means is decided by who asked.
 */
#include "core/trust/trust.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"

#define KEY_INPUT (1 + 64)
#define PROOF_MESSAGE (1u << 17) /* owner, fields and all records of an RRset */
#define REFERENCE_MESSAGE (sizeof "eidref-1" + REFERENCE_TEXT)

int
trust_hhit(const uint8_t left[8], const uint8_t key[32], uint8_t address[16])
{
	uint8_t input[HHIT_INPUT];

	hhit_input(left, key, input);
	memcpy(address, left, 8);
	return crypto_cshake128(hhit_context, input, sizeof input, address + 8, 8);
}

int
trust_digest(int algorithm, struct bytes key, uint8_t digest[EID_DIGEST])
{
	uint8_t input[KEY_INPUT];
	struct wr wr = wr_init(input, sizeof input);

	if (crypto_public_size(algorithm) == 0 || crypto_public_size(algorithm) != key.n)
		return -MAP_EKEY;
	eid_key_input(&wr, (uint8_t)algorithm, key);
	return wr.error != 0 ? wr.error : crypto_sha256(input, wr.n, digest);
}

static int
hhit_check(const struct eid *id, int algorithm, struct bytes key)
{
	uint8_t address[16];
	int error;

	if (algorithm != CRYPTO_ED25519 || key.n != 32)
		return -MAP_EKEY;
	error = trust_hhit(id->address, key.p, address);
	if (error != 0)
		return error;
	return memcmp(address, id->address, sizeof address) == 0 ? 0 : -MAP_EKEY;
}

int
trust_key_check(const struct eid *id, int algorithm, struct bytes key)
{
	uint8_t digest[EID_DIGEST];
	int error;

	if (eid_is_hhit(id))
		return hhit_check(id, algorithm, key);
	if (id->form != EID_KEY)
		return -MAP_EUNKNOWN;
	error = trust_digest(algorithm, key, digest);
	if (error != 0)
		return error;
	return memcmp(digest, id->digest, sizeof digest) == 0 ? 0 : -MAP_EKEY;
}

/* Verifies sig by a public key given as octets. */
static int
octets_verify(int algorithm, struct bytes key, struct bytes message, struct bytes sig)
{
	struct crypto_key *public;
	int error = crypto_key_from_public(algorithm, key.p, key.n, &public);

	/* A point off the curve is the fault of who wrote the key, not of the machine. */
	if (error != 0)
		return -MAP_ESIG;
	error = crypto_verify(public, message.p, message.n, sig.p, sig.n);
	crypto_key_free(public);
	return error;
}

static int
proof_signature_check(
    const struct name *owner, const struct proof *proof, const struct bytes *rdata, size_t n)
{
	uint8_t *buffer = malloc(PROOF_MESSAGE);
	struct wr wr;
	int error;

	if (buffer == NULL)
		return -MAP_ENOMEM;
	wr = wr_init(buffer, PROOF_MESSAGE);
	error = proof_message(&wr, owner, proof, rdata, n);
	if (error == 0)
		error = octets_verify(proof->algorithm,
		    (struct bytes){proof->key, proof->key_n}, wr_done(&wr),
		    (struct bytes){proof->signature, sizeof proof->signature});
	free(buffer);
	return error;
}

/* RFC 1982: an expiry is compared with now in 32 bits. */
static bool
expiry_holds(uint32_t expiry, uint64_t now)
{
	int64_t ahead = (int32_t)(expiry - (uint32_t)now);

	return ahead >= 0 && ahead <= PROOF_AHEAD;
}

int
trust_proof_verify(const struct eid *id, const struct name *owner, const struct bytes *rdata,
    size_t n, size_t i, uint64_t now, struct proof *out)
{
	struct eloc e;
	bool revoked;
	int error;

	memset(out, 0, sizeof *out);
	if (i >= n || mapping_proof_index(rdata, n) != (int)i)
		return -MAP_EFORMAT;
	error = eloc_read(rdata[i], &e);
	if (error != 0)
		return error == -MAP_EUNKNOWN ? error : -MAP_EFORMAT;
	*out = e.proof;
	revoked = (e.proof.flags & PROOF_REVOKED) != 0;
	if (revoked && n > 1)
		return -MAP_EFORMAT;
	error =
	    trust_key_check(id, e.proof.algorithm, (struct bytes){e.proof.key, e.proof.key_n});
	if (error != 0)
		return error;
	if (!revoked && !expiry_holds(e.proof.expiry, now))
		return -MAP_EEXPIRED;
	error = proof_signature_check(owner, &e.proof, rdata, n);
	return error == 0 && revoked ? -MAP_EREVOKED : error;
}

int
trust_proof_sign(const struct crypto_key *key, const struct name *owner,
    const struct bytes *rdata, size_t n, uint64_t serial_ms, uint32_t expiry, uint8_t flags,
    struct wr *out)
{
	struct eloc e;
	uint8_t *buffer;
	struct wr wr;
	int error;

	memset(&e, 0, sizeof e);
	e.kind = ELOC_PROOF;
	e.proof.serial = serial_ms;
	e.proof.expiry = expiry;
	e.proof.flags = flags;
	e.proof.algorithm = (uint8_t)crypto_key_algorithm(key);
	e.proof.key_n = (uint8_t)crypto_public_size(crypto_key_algorithm(key));
	error = crypto_key_public(key, e.proof.key);
	if (error != 0)
		return error;
	buffer = malloc(PROOF_MESSAGE);
	if (buffer == NULL)
		return -MAP_ENOMEM;
	wr = wr_init(buffer, PROOF_MESSAGE);
	error = proof_message(&wr, owner, &e.proof, rdata, n);
	if (error == 0)
		error = crypto_sign(key, buffer, wr.n, e.proof.signature);
	free(buffer);
	if (error != 0)
		return error;
	eloc_put(out, &e);
	return out->error;
}

int
trust_reference_verify(const char *text, const struct reference *ref, uint64_t now)
{
	uint8_t message[REFERENCE_MESSAGE];
	struct wr wr = wr_init(message, sizeof message);
	struct bytes key = {ref->key, sizeof ref->key};
	int error;

	if (!ref->is_signed || ref->signed_n >= REFERENCE_TEXT)
		return -MAP_EREFERENCE;
	if (ref->exp < now || ref->exp - now > REFERENCE_AHEAD)
		return -MAP_EEXPIRED;
	error = trust_key_check(&ref->by, CRYPTO_ED25519, key);
	if (error != 0)
		return error == -MAP_EUNKNOWN ? -MAP_EKEY : error;
	reference_message(&wr, text, ref->signed_n);
	if (wr.error != 0)
		return wr.error;
	return octets_verify(
	    CRYPTO_ED25519, key, wr_done(&wr), (struct bytes){ref->sig, sizeof ref->sig});
}

int
trust_reference_sign(struct reference *ref, const struct crypto_key *key, const struct eid *by,
    uint64_t exp, char text[REFERENCE_TEXT])
{
	uint8_t message[REFERENCE_MESSAGE], public[64];
	struct wr wr = wr_init(message, sizeof message);
	int error;

	if (crypto_key_algorithm(key) != CRYPTO_ED25519)
		return -MAP_EKEY;
	error = crypto_key_public(key, public);
	if (error == 0)
		error = trust_key_check(by, CRYPTO_ED25519, (struct bytes){public, 32});
	if (error != 0)
		return error == -MAP_EUNKNOWN ? -MAP_EKEY : error;
	ref->is_signed = true;
	ref->by = *by;
	ref->exp = exp;
	memcpy(ref->key, public, sizeof ref->key);
	error = reference_print(ref, false, text);
	if (error != 0)
		return error;
	ref->signed_n = strlen(text);
	reference_message(&wr, text, ref->signed_n);
	error = wr.error != 0 ? wr.error : crypto_sign(key, message, wr.n, ref->sig);
	return error != 0 ? error : reference_print(ref, true, text);
}

int
trust_ds(const struct name *owner, struct bytes dnskey, uint8_t digest[32])
{
	uint8_t message[NAME_WIRE + 4 + 64];
	struct wr wr = wr_init(message, sizeof message);
	struct name lower = *owner;

	name_fold(&lower);
	name_put(&wr, &lower);
	wr_bytes(&wr, dnskey);
	return wr.error != 0 ? wr.error : crypto_sha256(message, wr.n, digest);
}

int
trust_nsec3(const struct name *name, uint8_t hash[20])
{
	struct name lower = *name;

	name_fold(&lower);
	return crypto_sha1(lower.w, lower.n, hash);
}
