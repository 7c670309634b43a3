/*
 * identity.c - proofs checked before they are served: by mapctl, which knows the line, and by mapd.
 * Knows whose look-up name an owner is; knows nothing of zones, files and the store.
 */
#include "core/trust/identity.h"

#include <string.h>

#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/mapping.h"

#define SERIAL_AHEAD 300 /* seconds a proof's serial may be ahead of our clock */
#define LABEL_DIGITS 28 /* most hex digits of an identity's label */

/* A label of hex digits only: an address identity whose prefix is not configured here. */
static bool
identity_may_be_label(const struct name *owner)
{
	for (unsigned i = 1; i <= owner->w[0]; i++)
		if (memchr("0123456789abcdef", owner->w[i], 16) == NULL)
			return false;
	return owner->w[0] >= 1 && owner->w[0] <= LABEL_DIGITS;
}

/*
 * The identity to hold a proof against. Where the left bits are not known here, the key's own
 * digest stands in, so that at least the proof must be right by itself.
 */
static const char *
identity_of_proof(const struct name *owner, const struct realm *realms, size_t n_realms,
    const struct proof *proof, struct eid *out)
{
	if (eid_from_owner(owner, realms, n_realms, out) == 0)
		return eid_is_hhit(out) || out->form == EID_KEY
			   ? NULL
			   : "a proof, but the identity of this name has no key of its own";
	if (!identity_may_be_label(owner))
		return "a proof, but this is no name of an identity with a key of its own";
	memset(out, 0, sizeof *out);
	out->form = EID_KEY;
	out->name = name_root;
	if (trust_digest(
		proof->algorithm, (struct bytes){proof->key, proof->key_n}, out->digest) != 0)
		return "a proof with a key of an unknown algorithm";
	return NULL;
}

const char *
identity_refusal(
    const struct rrset *set, const struct realm *realms, size_t n_realms, uint64_t now)
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
	why = identity_of_proof(set->owner, realms, n_realms, &eloc.proof, &id);
	if (why != NULL)
		return why;
	if (eloc.proof.serial / 1000 > now + SERIAL_AHEAD)
		return "the serial of the proof is in the future";
	switch (trust_proof_verify(
	    &id, set->owner, set->rdata, set->n, (size_t)at, now, &verified)) {
	case 0:
	case -MAP_EREVOKED: /* a revocation is what resolvers must see */
		return NULL;
	case -MAP_EKEY:
		return "the key of the proof is not this identity's";
	case -MAP_EEXPIRED:
		return (int32_t)(verified.expiry - (uint32_t)now) < 0
			   ? "the proof has expired; mapctl id sign makes a new one"
			   : "the proof ends more than 7 days ahead";
	case -MAP_ENOMEM:
		return error_text(-MAP_ENOMEM);
	default:
		return "the proof does not match the records; mapctl id sign makes a new one";
	}
}
