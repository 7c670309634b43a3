/*
 * fuzz_proof.c - any octets as the ELOC set of a name, as it was and as an update leaves it: what is published can
 * be read, only what the identity's key has signed proves anything, in whatever order, and a verifier's word for it
 * changes no verdict.
 */
#include "tests/fuzz/fuzz.h"

#include "core/sys/crypto.h"
#include "core/trust/identity.h"
#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "mapd/proof.h"

#define NOW 1795456678 /* the seeds' proofs are good then */
#define SIDE_BEFORE 1
#define SIDE_AFTER 2
#define OWNERS 4
#define RECORDS 20

static struct realm realm;
static struct name
    owners[OWNERS]; /* of our HHIT, of a key of P-256, of a HHIT of no realm, and a name */
static struct crypto_key *keys[2];
static struct rules rules;

static void
world_begin(void)
{
	static const uint8_t prefix[16] = {0x20, 0x01, 0x00, 0x3f, 0xfe, 0x00, 0x0a};
	static const char *const names[OWNERS] = {
	    NULL, NULL, "05e437dbb22e81cb3e.else.test.", "host.id.test."};
	static const uint8_t secret[32] = {1};
	uint8_t public[64];
	struct eid id = {.form = EID_ADDRESS};

	HOLDS(name_from("id.test.", &realm.suffix) == 0);
	memcpy(realm.prefix, prefix, 16);
	realm.length = 56;
	rules = (struct rules){.realms = &realm, .n_realms = 1};
	HOLDS(crypto_key_from_private(CRYPTO_ED25519, secret, &keys[0]) == 0);
	HOLDS(crypto_key_from_private(CRYPTO_ECDSAP256, secret, &keys[1]) == 0);
	HOLDS(crypto_key_public(keys[0], public) == 0);
	memcpy(id.address, prefix, 8);
	id.address[7] = HHIT_SUITE_ED25519;
	HOLDS(trust_hhit(id.address, public, id.address) == 0);
	HOLDS(eid_owner_below(&id, 56, &realm.suffix, &owners[0]) == 0);
	id = (struct eid){.form = EID_KEY, .name = realm.suffix};
	HOLDS(crypto_key_public(keys[1], public) == 0);
	HOLDS(trust_digest(CRYPTO_ECDSAP256, (struct bytes){public, 64}, id.digest) == 0);
	HOLDS(eid_owner_own(&id, &owners[1]) == 0);
	for (unsigned i = 0; i < OWNERS; i++)
		if (names[i] != NULL)
			HOLDS(name_from(names[i], &owners[i]) == 0);
}

/* { u8 sides | u16 length | RDATA }*; what a store cannot hold, and what is there already, is left out. */
static size_t
sets_read(struct bytes data, struct draft *before, struct draft *after)
{
	struct rd rd = rd_init(data);
	size_t records = 0;

	while (rd_left(&rd) > 0 && records < RECORDS) {
		uint8_t sides = rd_u8(&rd);
		struct draft_record record = {
		    .type = RR_ELOC, .ttl = 60, .rdata = rd_bytes(&rd, rd_u16(&rd))};
		struct draft *drafts[] = {before, after};

		if (rd.error != 0 || record.rdata.n == 0)
			break;
		records++;
		for (unsigned i = 0; i < 2; i++) {
			bool there = (sides & (SIDE_BEFORE << i)) == 0;

			for (size_t k = 0; k < drafts[i]->n && !there; k++)
				there = bytes_equal(drafts[i]->records[k].rdata, record.rdata);
			if (!there)
				HOLDS(draft_add(drafts[i], &record) == 0);
		}
	}
	return records;
}

/* --- a set by itself --- */

static size_t
rdata_of(const struct draft *draft, struct bytes rdata[RECORDS])
{
	uint32_t ttl;

	return draft_set_of(draft, RR_ELOC, rdata, RECORDS, &ttl);
}

static void
refusal_holds(const struct bytes *rdata, size_t n)
{
	struct eloc eloc;
	size_t at;
	const char *why = mapping_refusal_at(RR_ELOC, rdata, n, true, &realm, 1, &at);

	(void)!mapping_refusal(RR_EPID, rdata, n, true, &realm, 1);
	if (why != NULL) {
		HOLDS(at <= MAPPING_SET);
		/* what is not for private addresses to be is for nobody */
		HOLDS(mapping_refusal(RR_ELOC, rdata, n, false, &realm, 1) != NULL);
		return;
	}
	HOLDS(n <= MAPPING_SET && mapping_proof_index(rdata, n) != -2);
	for (size_t i = 0; i < n; i++)
		HOLDS(eloc_read(rdata[i], &eloc) == 0);
}

static int
set_verify(const struct name *owner, const struct bytes *rdata, size_t n, struct proof *proof)
{
	int at = mapping_proof_index(rdata, n);
	struct eid id;

	if (at < 0 || eid_from_owner(owner, &realm, 1, &id) != 0)
		return -MAP_ENOTFOUND;
	return trust_proof_verify(&id, owner, rdata, n, (size_t)at, NOW, proof);
}

/* A proof that holds: in any order, not for another owner, not over other records, not of another time. */
static void
proof_holds(const struct name *owner, const struct bytes *rdata, size_t n)
{
	struct bytes other[RECORDS];
	uint8_t octets[65536];
	struct proof proof;
	int is = set_verify(owner, rdata, n, &proof);
	int at = mapping_proof_index(rdata, n);

	HOLDS(is == 0 || is == -MAP_ENOTFOUND || is == -MAP_EKEY || is == -MAP_EEXPIRED ||
	      is == -MAP_ESIG || is == -MAP_EFORMAT || is == -MAP_EREVOKED ||
	      is == -MAP_EUNKNOWN);
	if (at < 0)
		HOLDS(is == -MAP_ENOTFOUND);
	if (is != 0 && is != -MAP_EREVOKED)
		return;
	HOLDS((is == -MAP_EREVOKED) == ((proof.flags & PROOF_REVOKED) != 0));
	HOLDS(is == 0 || n == 1);
	for (size_t i = 0; i < n; i++)
		other[i] = rdata[n - 1 - i];
	HOLDS(set_verify(owner, other, n, &proof) == is);
	HOLDS(set_verify(&owners[owner == &owners[0]], rdata, n, &proof) < 0);
	for (size_t i = 0; i < n; i++) {
		if (rdata[i].n > sizeof octets)
			continue;
		memcpy(other, rdata, n * sizeof rdata[0]);
		memcpy(octets, rdata[i].p, rdata[i].n);
		octets[rdata[i].n - 1] ^= 1;
		other[i].p = octets;
		HOLDS(set_verify(owner, other, n, &proof) != is);
	}
}

/* What the key signs over these records holds, while another proof of the set is put away. */
static void
signing_holds(const struct bytes *rdata, size_t n)
{
	static unsigned calls;
	unsigned which = calls++ % 2;
	struct bytes others[RECORDS + 1];
	struct eloc eloc;
	uint8_t octets[256];
	struct wr wr = wr_init(octets, sizeof octets);
	struct proof proof;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (eloc_read(rdata[i], &eloc) == 0 && eloc.kind != ELOC_PROOF)
			others[kept++] = rdata[i];
	if (trust_proof_sign(keys[which], &owners[which], others, kept, NOW * 1000ULL,
		NOW + 3600, 0, &wr) != 0)
		return;
	others[kept] = wr_done(&wr);
	HOLDS(set_verify(&owners[which], others, kept + 1, &proof) == 0);
	HOLDS(proof.serial == NOW * 1000ULL && proof.expiry == NOW + 3600);
}

/* --- a set in the place of another --- */

static bool
judge(const struct name *owner, const struct draft *before, struct draft *after,
    const uint8_t *verified, struct proof_case *c)
{
	*c = (struct proof_case){.rules = &rules, .verified = verified, .now = NOW};
	return proof_judge(c, owner, before, after);
}

static void
judging_holds(const struct name *owner, const struct draft *before, const struct draft *after)
{
	struct draft once = {0}, twice = {0};
	struct bytes rdata[RECORDS];
	struct proof_case c, again;
	uint8_t digest[32];
	struct proof proof;
	int is;

	HOLDS(draft_copy(after, &once) == 0 && draft_copy(after, &twice) == 0);
	is = set_verify(owner, rdata, rdata_of(after, rdata), &proof);
	if (proof_digest(owner, after, digest) == 0 && (is == 0 || is == -MAP_EREVOKED)) {
		bool taken = judge(owner, before, &once, NULL, &c);

		HOLDS(judge(owner, before, &twice, digest, &again) == taken);
		HOLDS(draft_equal(&once, &twice) && strcmp(c.why, again.why) == 0);
		/* of another set: it is no word for this one */
		digest[0] ^= 1;
		HOLDS(draft_copy(after, &twice) == 0);
		HOLDS(!judge(owner, before, &twice, digest, &again) || taken);
	} else if (judge(owner, before, &once, NULL, &c)) {
		/* one that does not hold stays only where it was already, or goes */
		size_t n = rdata_of(&once, rdata);

		HOLDS(draft_equal(before, &once) || n > MAPPING_SET ||
		      mapping_proof_index(rdata, n) == -1 ||
		      proof_verify(&rules, owner, &once, NOW) == NULL);
	} else {
		HOLDS(c.why[0] != '\0');
	}
	draft_fini(&once);
	draft_fini(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static unsigned calls;
	struct draft before = {0}, after = {0};
	struct bytes rdata[RECORDS];
	const struct name *owner;

	if (keys[0] == NULL)
		world_begin();
	if (n < 1)
		return 0;
	owner = &owners[data[0] % OWNERS];
	if (sets_read((struct bytes){data + 1, n - 1}, &before, &after) > 0) {
		size_t records = rdata_of(&after, rdata);

		refusal_holds(rdata, records);
		proof_holds(owner, rdata, records);
		judging_holds(owner, &before, &after);
		judging_holds(owner, &after, &before);
		if (calls++ % 16 == 0)
			signing_holds(rdata, records);
	}
	draft_fini(&before);
	draft_fini(&after);
	return 0;
}
