/*
 * identity.c - from owner names back to identities, and their proofs checked before they are served.
 * Knows the forms of names of protocol 2; knows nothing of zones and the store.
 */
#include "mapd/identity.h"

#include <string.h>

#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/text.h"

#define KEY_LABEL 52 /* base32 characters of a digest */
#define NIBBLES 32
#define SERIAL_AHEAD 300 /* seconds a proof's serial may be ahead of our clock */

/* <52 characters>._eid.<realm> */
static bool
identity_key_at(const struct name *owner, struct eid *out)
{
	static const uint8_t mark[] = {4, '_', 'e', 'i', 'd'};

	if (owner->w[0] != KEY_LABEL || name_labels(owner) < 3 ||
	    memcmp(owner->w + 1 + KEY_LABEL, mark, sizeof mark) != 0)
		return false;
	if (text_base32_read((const char *)owner->w + 1, KEY_LABEL, out->digest, EID_DIGEST) !=
	    EID_DIGEST)
		return false;
	out->form = EID_KEY;
	name_parent(owner, 2, &out->name);
	return true;
}

/* Puts the hex digits of label behind the first bits of address; false: no such label. */
static bool
identity_digits(const uint8_t *label, unsigned bits, uint8_t address[16])
{
	static const char hex[] = "0123456789abcdef";
	unsigned n = label[0];

	if (n != (128 - bits) / 4)
		return false;
	for (unsigned i = 0; i < n; i++) {
		const char *digit = memchr(hex, label[1 + i], 16);
		unsigned at = bits / 4 + i;

		if (digit == NULL)
			return false;
		address[at / 2] |= (uint8_t)((digit - hex) << (at % 2 == 0 ? 4 : 0));
	}
	return true;
}

/* One label of hex digits under a suffix of the table. */
static bool
identity_label_at(const struct name *owner, const struct rules *rules, struct eid *out)
{
	struct name suffix;

	if (name_labels(owner) < 2)
		return false;
	name_parent(owner, 1, &suffix);
	for (size_t i = 0; i < rules->n_realms; i++) {
		const struct realm *row = &rules->realms[i];

		if (!name_equal(&row->suffix, &suffix))
			continue;
		memcpy(out->address, row->prefix, sizeof out->address);
		if (!identity_digits(owner->w, row->length, out->address))
			continue;
		out->form = EID_ADDRESS;
		return true;
	}
	return false;
}

/* 32 nibbles under ip6.arpa. */
static bool
identity_nibbles_at(const struct name *owner, struct eid *out)
{
	static const uint8_t arpa[] = "\3ip6\4arpa";
	uint8_t label[1 + NIBBLES];

	if (owner->n != 2 * NIBBLES + sizeof arpa ||
	    memcmp(owner->w + 2 * NIBBLES, arpa, sizeof arpa) != 0)
		return false;
	label[0] = NIBBLES;
	for (unsigned i = 0; i < NIBBLES; i++) {
		if (owner->w[2 * i] != 1)
			return false;
		label[NIBBLES - i] = owner->w[2 * i + 1];
	}
	if (!identity_digits(label, 0, out->address))
		return false;
	out->form = EID_ADDRESS;
	return true;
}

bool
identity_at(const struct name *owner, const struct rules *rules, struct eid *out)
{
	memset(out, 0, sizeof *out);
	return identity_key_at(owner, out) || identity_label_at(owner, rules, out) ||
	       identity_nibbles_at(owner, out);
}

/* A label of hex digits only: an address identity whose prefix is not configured here. */
static bool
identity_may_be_label(const struct name *owner)
{
	for (unsigned i = 1; i <= owner->w[0]; i++)
		if (memchr("0123456789abcdef", owner->w[i], 16) == NULL)
			return false;
	return owner->w[0] >= 1 && owner->w[0] <= 28;
}

/*
 * The identity to hold a proof against. Where the left bits are not known here, the key's own
 * digest stands in, so that at least the proof must be right by itself.
 */
static const char *
identity_of_proof(const struct name *owner, const struct rules *rules,
    const struct proof *proof, struct eid *out)
{
	if (identity_at(owner, rules, out))
		return eid_is_hhit(out) || out->form == EID_KEY
			   ? NULL
			   : "a proof at an identity that is not self-certifying";
	if (!identity_may_be_label(owner))
		return "a proof at a name that is no self-certifying identity's";
	out->form = EID_KEY;
	if (trust_digest(
		proof->algorithm, (struct bytes){proof->key, proof->key_n}, out->digest) != 0)
		return "a proof with a key of an unknown algorithm";
	return NULL;
}

const char *
identity_refusal(const struct rrset *set, const struct rules *rules, uint64_t now)
{
	int at = mapping_proof_index(set->rdata, set->n);
	struct proof verified;
	const char *why;
	struct eloc eloc;
	struct eid id;

	if (at == -1)
		return NULL;
	if (at < 0 || eloc_read(set->rdata[at], &eloc) != 0)
		return "malformed proof";
	why = identity_of_proof(set->owner, rules, &eloc.proof, &id);
	if (why != NULL)
		return why;
	if (eloc.proof.serial / 1000 > now + SERIAL_AHEAD)
		return "a proof with a serial in the future";
	switch (trust_proof_verify(
	    &id, set->owner, set->rdata, set->n, (size_t)at, now, &verified)) {
	case 0:
	case -MAP_EREVOKED: /* a revocation is what resolvers must see */
		return NULL;
	case -MAP_EKEY:
		return "a proof by a key that is not the identity's";
	case -MAP_EEXPIRED:
		return "a proof that expired, or expires more than 7 days ahead";
	default:
		return "a proof that does not verify";
	}
}
