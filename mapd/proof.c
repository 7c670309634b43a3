/*
 * proof.c - the proof of a mapping that an update changes.
 * Knows when it has to be verified anew; how that is done is core/trust's.
 */
#include "mapd/proof.h"

#include <stdio.h>
#include <string.h>

#include "core/sys/crypto.h"
#include "core/trust/identity.h"
#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"

#define PROOF_INPUT ((size_t)8192) /* octets of a set with its proof */
#define PROOF_SERIAL_AHEAD 300 /* seconds that a serial may be ahead of the clock */

/* The ELOC set of a draft; n above MAPPING_SET: more than a mapping has. */
struct eloc_set {
	struct bytes rdata[MAPPING_SET];
	size_t n;
	uint32_t ttl;
	int proof; /* index, or below 0 */
};

static struct eloc_set
set_of(const struct draft *draft)
{
	struct eloc_set set = {.n = 0};

	set.n = draft_set_of(draft, RR_ELOC, set.rdata, MAPPING_SET, &set.ttl);
	set.proof = set.n <= MAPPING_SET ? mapping_proof_index(set.rdata, set.n) : -1;
	return set;
}

static bool
sets_equal(const struct eloc_set *a, const struct eloc_set *b)
{
	bool found = a->n == b->n && a->n <= MAPPING_SET;

	for (size_t i = 0; i < a->n && found; i++) {
		found = false;
		for (size_t k = 0; k < b->n && !found; k++)
			found = bytes_equal(a->rdata[i], b->rdata[k]);
	}
	return found;
}

const char *
proof_verify(const struct rules *rules, const struct name *owner, const struct draft *draft,
    uint64_t now)
{
	struct eloc_set found = set_of(draft);
	struct rrset set = {owner, RR_ELOC, CLASS_IN, found.ttl, found.n, found.rdata};

	if (found.n > MAPPING_SET)
		return "too many records in an ELOC set";
	return identity_refusal(&set, rules->realms, rules->n_realms, now);
}

int
proof_digest(const struct name *owner, const struct draft *draft, uint8_t digest[32])
{
	struct eloc_set set = set_of(draft);
	uint8_t octets[PROOF_INPUT];
	struct wr wr = wr_init(octets, sizeof octets);
	struct eloc eloc;

	if (set.proof < 0)
		return -MAP_ENOTFOUND;
	if (eloc_read(set.rdata[set.proof], &eloc) != 0 ||
	    proof_message(&wr, owner, &eloc.proof, set.rdata, set.n) != 0)
		return -MAP_EFORMAT;
	wr_bytes(&wr, set.rdata[set.proof]);
	return wr.error != 0 ? -MAP_EFORMAT : crypto_sha256(octets, wr.n, digest);
}

/* Protocol 3: a later one than the one it takes the place of. */
static bool
serial_grows(const struct eloc_set *before, const struct eloc_set *after)
{
	struct eloc old, new;

	if (before->proof < 0 || eloc_read(before->rdata[before->proof], &old) != 0)
		return true;
	return eloc_read(after->rdata[after->proof], &new) == 0 &&
	       new.proof.serial > old.proof.serial;
}

/* Protocol 3: who sets his clock right again must be able to go on. */
static bool
serial_is_ahead(const struct eloc_set *set, uint64_t now)
{
	struct eloc eloc;

	return eloc_read(set->rdata[set->proof], &eloc) == 0 &&
	       eloc.proof.serial / 1000 > now + PROOF_SERIAL_AHEAD;
}

static void
proof_take_out(struct draft *draft, struct bytes proof)
{
	size_t kept = 0;

	for (size_t i = 0; i < draft->n; i++)
		if (draft->records[i].type != RR_ELOC ||
		    !bytes_equal(draft->records[i].rdata, proof))
			draft->records[kept++] = draft->records[i];
	draft->n = kept;
}

/*
 * Why what was verified does not hold here; NULL: it does. One signature is not of two messages: when the set has
 * changed since, there is nothing to verify again.
 */
static const char *
proof_compare(const uint8_t verified[32], const struct name *owner, const struct draft *draft)
{
	uint8_t digest[32];

	if (proof_digest(owner, draft, digest) == 0 &&
	    memcmp(digest, verified, sizeof digest) == 0)
		return NULL;
	return "the proof does not match the records, which have changed since it came";
}

bool
proof_judge(struct proof_case *c, const struct name *owner, const struct draft *before,
    struct draft *after)
{
	struct eloc_set old = set_of(before), new = set_of(after);
	const char *why;

	if (new.n == 0 || new.proof == -1 || sets_equal(&old, &new))
		return true;
	if (new.proof < 0) {
		snprintf(c->why, sizeof c->why, "two proofs in one set");
		return false;
	}
	if (old.proof >= 0 && bytes_equal(old.rdata[old.proof], new.rdata[new.proof])) {
		proof_take_out(after, new.rdata[new.proof]);
		snprintf(c->why, sizeof c->why,
		    "the proof was removed: it does not match the records any more");
		return true;
	}
	if (!serial_grows(&old, &new)) {
		snprintf(c->why, sizeof c->why,
		    "the serial of the proof is not above that of the one before");
		return false;
	}
	if (serial_is_ahead(&new, c->now)) {
		snprintf(c->why, sizeof c->why,
		    "the serial of the proof is ahead of the clock here: compare clocks");
		return false;
	}
	why = c->verified != NULL ? proof_compare(c->verified, owner, after)
				  : proof_verify(c->rules, owner, after, c->now);
	if (why != NULL)
		snprintf(c->why, sizeof c->why, "%s", why);
	return why == NULL;
}
