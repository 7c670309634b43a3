/*
 * test_proofs.c - the vectors of proofs and references, and that nothing but them verifies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "tests/map/rows.h"

#define SERIAL 1795435200000ULL
#define EXPIRY 1795521600U
#define PROOF_ALGORITHM_AT 18 /* in its RDATA */
#define NOW (EXPIRY - 3600U)

/* One proof of the vector file with the set it stands in. */
struct proved {
	struct eid id;
	struct name owner;
	size_t n; /* records, the proof last */
	uint8_t octets[6][256];
	struct bytes rdata[6];
};

static struct eid proof_id;
static struct name proof_owner;
static uint8_t proof_secret[32];

static void
row_secret(const struct row *row)
{
	row_hex(row->field[0], proof_secret, sizeof proof_secret);
}

static void
row_owner(const struct row *row)
{
	proof_owner = row_name(row->field[0]);
}

static void
row_proof_id(const struct row *row)
{
	proof_id = row_identity(row->field[0]);
}

static void
proved_load(const struct row *row, struct proved *p)
{
	char records[1024], *rest = NULL;

	*p = (struct proved){.id = proof_id, .owner = proof_owner};
	snprintf(records, sizeof records, "%s",
	    strcmp(row->field[2], "-") != 0 ? row->field[2] : "");
	for (char *r = strtok_r(records, ",", &rest); r != NULL;
	     r = strtok_r(NULL, ",", &rest)) {
		p->rdata[p->n] = row_hex(r, p->octets[p->n], sizeof p->octets[0]);
		p->n++;
	}
	p->rdata[p->n] = row_hex(row->field[4], p->octets[p->n], sizeof p->octets[0]);
	p->n++;
}

static int
proved_verify(const struct proved *p, uint64_t now)
{
	struct proof proof;
	int i = mapping_proof_index(p->rdata, p->n);

	if (i < 0)
		return -MAP_EFORMAT;
	return trust_proof_verify(&p->id, &p->owner, p->rdata, p->n, (size_t)i, now, &proof);
}

/* Signing gives the vector's octets; they verify, in any order of the records. */
static void
row_proof(const struct row *row)
{
	struct proved p;
	struct crypto_key *key;
	struct eloc e;
	uint8_t want_octets[512], got[512];
	struct bytes want = row_hex(row->field[3], want_octets, sizeof want_octets), last;
	struct wr wr = wr_init(got, sizeof got);
	uint8_t flags = (uint8_t)row_number(row->field[1]);
	int good = flags != 0 ? -MAP_EREVOKED : 0;

	proved_load(row, &p);
	assert_int_equal(eloc_read(p.rdata[p.n - 1], &e), 0);
	assert_int_equal(e.proof.serial, SERIAL);
	assert_int_equal(e.proof.expiry, EXPIRY);
	assert_int_equal(proof_message(&wr, &p.owner, &e.proof, p.rdata, p.n), 0);
	assert_int_equal(wr.n, want.n);
	assert_memory_equal(got, want.p, want.n);

	assert_int_equal(crypto_key_from_private(CRYPTO_ED25519, proof_secret, &key), 0);
	wr = wr_init(got, sizeof got);
	assert_int_equal(
	    trust_proof_sign(key, &p.owner, p.rdata, p.n - 1, SERIAL, EXPIRY, flags, &wr), 0);
	crypto_key_free(key);
	assert_true(bytes_equal(wr_done(&wr), p.rdata[p.n - 1]));

	assert_int_equal(proved_verify(&p, NOW), good);
	for (size_t i = 1; i < p.n; i++) {
		last = p.rdata[0];
		memmove(&p.rdata[0], &p.rdata[1], (p.n - 1) * sizeof p.rdata[0]);
		p.rdata[p.n - 1] = last;
		assert_int_equal(proved_verify(&p, NOW), good);
	}
}

static void
assert_fails(const struct proved *p, const char *what, size_t bit)
{
	int error = proved_verify(p, NOW);

	if (error == 0 || error == -MAP_EREVOKED)
		fail_msg("%s: bit %zu flipped and still verified", what, bit);
}

/* Any single bit of the proof, of a record beside it or of the owner changed. */
static void
row_proof_flipped(const struct row *row)
{
	struct proved p;

	proved_load(row, &p);
	for (size_t r = 0; r < p.n; r++)
		for (size_t bit = 0; bit < 8 * p.rdata[r].n; bit++) {
			p.octets[r][bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_fails(&p, r == p.n - 1 ? "proof" : "record", bit);
			p.octets[r][bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	for (size_t bit = 0; bit < 8 * (size_t)p.owner.n; bit++) {
		p.owner.w[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* A letter in the other case is the same name. */
		if (!name_equal(&p.owner, &proof_owner))
			assert_fails(&p, "owner", bit);
		p.owner.w[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void
row_proof_elsewhere(const struct row *row)
{
	static const uint8_t more[] = {0, 10, 0, 100, 0, 1, 192, 0, 2, 2};
	bool revoked = row_number(row->field[1]) != 0;
	uint8_t left[8];
	struct proved p;

	proved_load(row, &p);
	p.owner = row_name("05e437dbb22e81cb3e.id2.example.org.");
	assert_int_equal(proved_verify(&p, NOW), -MAP_ESIG);

	proved_load(row, &p);
	assert_int_equal(proved_verify(&p, EXPIRY), revoked ? -MAP_EREVOKED : 0);
	assert_int_equal(
	    proved_verify(&p, EXPIRY + 1), revoked ? -MAP_EREVOKED : -MAP_EEXPIRED);
	assert_int_equal(proved_verify(&p, EXPIRY - PROOF_AHEAD), revoked ? -MAP_EREVOKED : 0);
	assert_int_equal(proved_verify(&p, EXPIRY - PROOF_AHEAD - 1),
	    revoked ? -MAP_EREVOKED : -MAP_EEXPIRED);

	p.rdata[p.n++] = (struct bytes){more, sizeof more};
	assert_int_equal(proved_verify(&p, NOW), revoked ? -MAP_EFORMAT : -MAP_ESIG);
	proved_load(row, &p);
	if (p.n > 1) {
		memmove(&p.rdata[0], &p.rdata[1], (p.n - 1) * sizeof p.rdata[0]);
		p.n--;
		assert_int_equal(proved_verify(&p, NOW), -MAP_ESIG);
	}

	proved_load(row, &p);
	hhit_left(16376, 11, left);
	memcpy(p.id.address, left, sizeof left);
	assert_int_equal(proved_verify(&p, NOW), -MAP_EKEY);
	p.id.form = EID_NAME;
	p.id.name = proof_owner;
	assert_int_equal(proved_verify(&p, NOW), -MAP_EUNKNOWN);

	proved_load(row, &p);
	p.octets[p.n - 1][PROOF_ALGORITHM_AT] = 16;
	assert_int_equal(proved_verify(&p, NOW), -MAP_EUNKNOWN);

	proved_load(row, &p);
	p.rdata[p.n] = p.rdata[p.n - 1];
	p.n++;
	assert_int_equal(mapping_proof_index(p.rdata, p.n), -2);
	assert_int_equal(proved_verify(&p, NOW), -MAP_EFORMAT);
	assert_string_equal(
	    mapping_refusal(RR_ELOC, p.rdata, p.n, true, NULL, 0), "two proofs in one set");
}

static void
test_proofs(void **state)
{
	(void)state;
	assert_int_equal(rows_each("proofs.txt", "proof", row_proof), 3);
	assert_int_equal(rows_each("proofs.txt", "proof", row_proof_elsewhere), 3);
}

static void
test_proofs_flipped(void **state)
{
	(void)state;
	assert_int_equal(rows_each("proofs.txt", "proof", row_proof_flipped), 3);
}

/* A proof is malformed with a weight, or without its last octet. */
static void
row_proof_malformed(const struct row *row)
{
	struct proved p;
	struct eloc e;

	proved_load(row, &p);
	p.octets[p.n - 1][3] = 1;
	assert_int_equal(eloc_read(p.rdata[p.n - 1], &e), -MAP_EFORMAT);
	proved_load(row, &p);
	p.rdata[p.n - 1].n--;
	assert_int_equal(eloc_read(p.rdata[p.n - 1], &e), -MAP_ETRUNC);
}

static void
row_proof_text(const struct row *row)
{
	struct proved p;
	uint8_t back[256];
	struct wr wr = wr_init(back, sizeof back);
	char text[RDATA_TEXT], *words[16];
	const char *why;

	proved_load(row, &p);
	assert_int_equal(eloc_print(p.rdata[p.n - 1], text, sizeof text), 0);
	assert_non_null(strstr(text, "0 0 proof:1795435200000:20261124120000:15:"));
	if (eloc_scan(words, row_words(text, words), &name_root, &wr, &why) != 0)
		fail_msg("%s", why);
	assert_true(bytes_equal(wr_done(&wr), p.rdata[p.n - 1]));
}

static void
test_proofs_malformed(void **state)
{
	(void)state;
	assert_int_equal(rows_each("proofs.txt", "proof", row_proof_malformed), 3);
	assert_int_equal(rows_each("proofs.txt", "proof", row_proof_text), 3);
}

static void
row_reference(const struct row *row)
{
	const char *text = row->field[0], *why;
	struct reference ref, flipped;
	char printed[REFERENCE_TEXT], copy[REFERENCE_TEXT];
	struct crypto_key *key;

	assert_int_equal(strlen(text), 263);
	assert_int_equal(reference_scan(text, &ref, &why), 0);
	assert_int_equal(trust_reference_verify(text, &ref, NOW), 0);
	assert_int_equal(trust_reference_verify(text, &ref, EXPIRY + 1), -MAP_EEXPIRED);
	assert_int_equal(
	    trust_reference_verify(text, &ref, EXPIRY - REFERENCE_AHEAD - 1), -MAP_EEXPIRED);
	assert_int_equal(reference_print(&ref, true, printed), 0);
	assert_string_equal(printed, text);

	assert_int_equal(crypto_key_from_private(CRYPTO_ED25519, proof_secret, &key), 0);
	ref.is_signed = false;
	memset(ref.sig, 0, sizeof ref.sig);
	assert_int_equal(trust_reference_sign(&ref, key, &proof_id, EXPIRY, printed), 0);
	crypto_key_free(key);
	assert_string_equal(printed, text);

	for (size_t bit = 0; bit < 8 * strlen(text); bit++) {
		snprintf(copy, sizeof copy, "%s", text);
		copy[bit / 8] ^= (char)(1u << bit % 8);
		if (reference_scan(copy, &flipped, &why) == 0)
			assert_int_not_equal(trust_reference_verify(copy, &flipped, NOW), 0);
	}
}

static void
row_reference_plain(const struct row *row)
{
	const char *why;
	struct reference ref;
	char printed[REFERENCE_TEXT];

	if (reference_scan(row->field[0], &ref, &why) != 0)
		fail_msg("line %u: %s", row->line, why);
	assert_false(ref.is_signed);
	assert_int_equal(trust_reference_verify(row->field[0], &ref, NOW), -MAP_EREFERENCE);
	assert_int_equal(reference_print(&ref, true, printed), 0);
	assert_string_equal(printed, row->field[0]);
}

static void
row_reference_bad(const struct row *row)
{
	const char *why = NULL;
	struct reference ref;

	if (reference_scan(row->field[1], &ref, &why) != -MAP_EREFERENCE)
		fail_msg("line %u: taken: %s", row->line, row->field[0]);
	assert_non_null(why);
}

static void
row_reference_foreign(const struct row *row)
{
	const char *why;
	struct reference ref;

	assert_int_equal(reference_scan(row->field[0], &ref, &why), 0);
	assert_int_equal(trust_reference_verify(row->field[0], &ref, NOW), -MAP_EKEY);
}

static void
test_references(void **state)
{
	char text[REFERENCE_TEXT + 8] = "eid:a";
	const char *why;
	struct reference ref;

	(void)state;
	assert_int_equal(rows_each("references.txt", "good", row_reference), 1);
	assert_int_equal(rows_each("references.txt", "plain", row_reference_plain), 6);
	assert_int_equal(rows_each("references.txt", "bad", row_reference_bad), 31);
	assert_int_equal(rows_each("references.txt", "foreign", row_reference_foreign), 1);
	assert_int_equal(reference_scan("eid:www.example.org ", &ref, &why), -MAP_EREFERENCE);
	memset(text + 4, 'a', REFERENCE_TEXT);
	assert_int_equal(reference_scan(text, &ref, &why), -MAP_EREFERENCE);
	assert_string_equal(why, "longer than 512 characters");
}

static int
proofs_setup(void **state)
{
	(void)state;
	return rows_each("proofs.txt", "secret", row_secret) == 1 &&
		       rows_each("proofs.txt", "owner", row_owner) == 1 &&
		       rows_each("proofs.txt", "identity", row_proof_id) == 1
		   ? 0
		   : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_proofs),
	    cmocka_unit_test(test_proofs_flipped),
	    cmocka_unit_test(test_proofs_malformed),
	    cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, proofs_setup, NULL);
}
