/*
 * test_vectors.c - the protocol's vectors: identities, records, proofs, references, good and bad.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/trust/trust.h"
#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"
#include "tests/map/rows.h"

#define SERIAL 1795435200000ULL
#define EXPIRY 1795521600U
#define NOW (EXPIRY - 3600U)

static struct eid
identity_of(const char *text)
{
	struct eid id;

	assert_int_equal(eid_scan(text, strlen(text), true, &id), 0);
	return id;
}

static struct name
name_of(const char *text)
{
	struct name name;

	assert_int_equal(name_from(text, &name), 0);
	return name;
}

static void
assert_name(const struct name *name, const char *text)
{
	char printed[NAME_TEXT];

	assert_string_equal(name_print(name, printed), text);
}

static void
row_hhit(const struct row *row)
{
	uint8_t left[8], key[32], want[16], got[16];
	struct eid id = {.form = EID_ADDRESS};

	row_hex(row->field[2], key, sizeof key);
	row_hex(row->field[3], want, sizeof want);
	hhit_left((uint16_t)atoi(row->field[0]), (uint16_t)atoi(row->field[1]), left);
	assert_memory_equal(left, want, sizeof left);
	assert_int_equal(trust_hhit(left, key, got), 0);
	assert_memory_equal(got, want, sizeof got);
	memcpy(id.address, want, sizeof want);
	assert_true(eid_is_hhit(&id));
	assert_int_equal(trust_key_check(&id, 15, (struct bytes){key, 32}), 0);
	for (unsigned bit = 0; bit < 8 * sizeof key; bit++) {
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(trust_key_check(&id, 15, (struct bytes){key, 32}), -MAP_EKEY);
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void
row_foreign_key(const struct row *row)
{
	uint8_t key[32];
	struct eid id = {.form = EID_ADDRESS};

	row_hex(row->field[0], key, sizeof key);
	row_hex(row->field[1], id.address, sizeof id.address);
	assert_int_equal(trust_key_check(&id, 15, (struct bytes){key, 32}), -MAP_EKEY);
}

static void
test_hhit(void **state)
{
	(void)state;
	assert_int_equal(rows_each("identities.txt", "hhit", row_hhit), 5);
	assert_int_equal(rows_each("identities.txt", "foreign", row_foreign_key), 4);
}

static void
row_below(const struct row *row)
{
	struct name suffix = name_of(row->field[1]), owner;
	struct eid id = identity_of(row->field[2]);

	assert_int_equal(
	    eid_owner_below(&id, (unsigned)atoi(row->field[0]), &suffix, &owner), 0);
	assert_name(&owner, row->field[3]);
}

static void
row_reverse(const struct row *row)
{
	struct eid id = identity_of(row->field[0]);
	struct name owner;

	assert_int_equal(eid_owner_reverse(id.address, &owner), 0);
	assert_name(&owner, row->field[1]);
}

static void
row_key(const struct row *row)
{
	uint8_t key_octets[64], want[EID_DIGEST];
	struct bytes key = row_hex(row->field[1], key_octets, sizeof key_octets);
	struct eid id = {.form = EID_KEY, .name = name_of(row->field[2])};
	char text[EID_TEXT];
	struct eid back;
	struct name owner;

	row_hex(row->field[3], want, sizeof want);
	assert_int_equal(trust_digest(atoi(row->field[0]), key, id.digest), 0);
	assert_memory_equal(id.digest, want, sizeof want);
	assert_string_equal(eid_print(&id, text), row->field[4]);
	back = identity_of(row->field[4]);
	assert_true(eid_equal(&id, &back));
	assert_int_equal(eid_owner_own(&id, &owner), 0);
	assert_name(&owner, row->field[5]);
	assert_int_equal(trust_key_check(&id, atoi(row->field[0]), key), 0);
	key_octets[0] ^= 1;
	assert_int_equal(trust_key_check(&id, atoi(row->field[0]), key), -MAP_EKEY);
}

static void
row_tag(const struct row *row)
{
	uint8_t rdata[64];

	assert_int_equal(
	    dnssec_key_tag(row_hex(row->field[0], rdata, sizeof rdata)), atoi(row->field[1]));
}

static void
row_not_identity(const struct row *row)
{
	struct eid id;

	assert_int_not_equal(eid_scan(row->field[0], strlen(row->field[0]), false, &id), 0);
}

static void
test_names(void **state)
{
	(void)state;
	assert_int_equal(rows_each("identities.txt", "below", row_below), 2);
	assert_int_equal(rows_each("identities.txt", "reverse", row_reverse), 2);
	assert_int_equal(rows_each("identities.txt", "key", row_key), 1);
	assert_int_equal(rows_each("identities.txt", "tag", row_tag), 1);
	assert_int_equal(rows_each("identities.txt", "not-identity", row_not_identity), 11);
}

/* The words of text, as a zone file's lexer would cut them. */
static size_t
words_cut(char *text, char *words[16])
{
	size_t n = 0;

	for (char *p = strtok(text, " "); p != NULL && n < 16; p = strtok(NULL, " "))
		words[n++] = p;
	return n;
}

static void
row_good_record(const struct row *row)
{
	bool is_epid = strcmp(row->field[0], "EPID") == 0;
	uint8_t want_octets[512], got[512];
	struct bytes want = row_hex(row->field[2], want_octets, sizeof want_octets);
	struct wr wr = wr_init(got, sizeof got);
	char copy[1024], printed[RDATA_TEXT], *words[16];
	const char *why = NULL;
	size_t n;
	int error;

	strcpy(copy, row->field[1]);
	n = words_cut(copy, words);
	error = is_epid ? epid_scan(words, n, &name_root, &wr, &why)
			: eloc_scan(words, n, &name_root, &wr, &why);
	if (error != 0)
		fail_msg("line %u: %s", row->line, why);
	assert_int_equal(wr.n, want.n);
	assert_memory_equal(got, want.p, want.n);
	error = is_epid ? epid_print(want, printed, sizeof printed)
			: eloc_print(want, printed, sizeof printed);
	assert_int_equal(error, 0);
	assert_string_equal(printed, row->field[1]);
}

static int
record_read(const char *type, struct bytes rdata)
{
	struct epid epid;
	struct eloc eloc;

	return strcmp(type, "EPID") == 0 ? epid_read(rdata, &epid) : eloc_read(rdata, &eloc);
}

static void
row_bad_record(const struct row *row)
{
	uint8_t octets[512];
	struct bytes rdata = row_hex(row->field[1], octets, sizeof octets);
	int error = record_read(row->field[0], rdata);

	if (error == 0 || error == -MAP_EUNKNOWN)
		fail_msg("line %u: taken: %s", row->line, row->field[2]);
	assert_non_null(mapping_refusal(
	    strcmp(row->field[0], "EPID") == 0 ? RR_EPID : RR_ELOC, &rdata, 1, true, NULL, 0));
}

static void
row_skipped_record(const struct row *row)
{
	uint8_t octets[512];
	struct bytes rdata = row_hex(row->field[1], octets, sizeof octets);

	assert_int_equal(record_read(row->field[0], rdata), -MAP_EUNKNOWN);
	assert_non_null(mapping_refusal(
	    strcmp(row->field[0], "EPID") == 0 ? RR_EPID : RR_ELOC, &rdata, 1, true, NULL, 0));
}

static void
test_records(void **state)
{
	(void)state;
	assert_int_equal(rows_each("records.txt", "good", row_good_record), 12);
	assert_int_equal(rows_each("records.txt", "bad", row_bad_record), 32);
	assert_int_equal(rows_each("records.txt", "skipped", row_skipped_record), 4);
}

/* Every octet cut off or added makes a good record bad, where it is not optional by itself. */
static void
row_cut(const struct row *row)
{
	uint8_t octets[512];
	struct bytes rdata = row_hex(row->field[2], octets, sizeof octets);
	struct bytes cut = {rdata.p, rdata.n - 1}, longer = {rdata.p, rdata.n + 1};

	octets[rdata.n] = 0x61;
	assert_int_not_equal(record_read(row->field[0], cut), 0);
	assert_int_not_equal(record_read(row->field[0], longer), 0);
}

static void
test_records_cut(void **state)
{
	(void)state;
	assert_int_equal(rows_each("records.txt", "good", row_cut), 12);
}

static struct eloc
eloc_of(const char *text, uint8_t *octets, size_t max)
{
	struct wr wr = wr_init(octets, max);
	char copy[512], *words[16];
	const char *why;
	struct eloc e;

	strcpy(copy, text);
	assert_int_equal(eloc_scan(words, words_cut(copy, words), &name_root, &wr, &why), 0);
	assert_int_equal(eloc_read(wr_done(&wr), &e), 0);
	return e;
}

static void
assert_locator(const struct locator *l, const char *address, int preference, int weight)
{
	char text[ADDRESS_TEXT];

	assert_string_equal(address_print(l->address, text), address);
	assert_int_equal(l->preference, preference);
	assert_int_equal(l->weight, weight);
}

static void
test_composition(void **state)
{
	uint8_t octets[5][128];
	struct eloc via = eloc_of("10 50 via:::1:0:0:0:10@site.example.org.", octets[0], 128);
	struct eloc far =
	    eloc_of("65530 50 via:::1:0:0:0:10@site.example.org.", octets[1], 128);
	struct eloc a = eloc_of("10 60 net:2001:db8:a::/48 path=isp-a", octets[2], 128);
	struct eloc b = eloc_of("10 40 net:2001:db8:b::/48 drain path=isp-b", octets[3], 128);
	struct eloc c = eloc_of("10 40 net:2001:db8:c::/64", octets[4], 128);
	struct locator l;

	(void)state;
	assert_true(locator_compose(&via, &a, &l));
	assert_locator(&l, "2001:db8:a:1::10", 20, 60);
	assert_string_equal(l.path, "isp-a");
	assert_int_equal(l.flags, 0);
	assert_true(locator_compose(&via, &b, &l));
	assert_locator(&l, "2001:db8:b:1::10", 20, 40);
	assert_string_equal(l.path, "isp-b");
	assert_int_equal(l.flags, ELOC_DRAIN);
	assert_true(locator_compose(&far, &a, &l));
	assert_int_equal(l.preference, 65535);
	assert_false(locator_compose(&via, &c, &l));
}

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
	proof_owner = name_of(row->field[0]);
}

static void
row_identity(const struct row *row)
{
	proof_id = identity_of(row->field[0]);
}

static void
proved_load(const struct row *row, struct proved *p)
{
	char records[1024];

	*p = (struct proved){.id = proof_id, .owner = proof_owner};
	strcpy(records, strcmp(row->field[2], "-") != 0 ? row->field[2] : "");
	for (char *r = strtok(records, ","); r != NULL; r = strtok(NULL, ",")) {
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
	uint8_t flags = (uint8_t)atoi(row->field[1]);
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
	bool revoked = atoi(row->field[1]) != 0;
	uint8_t left[8];
	struct proved p;

	proved_load(row, &p);
	p.owner = name_of("05e437dbb22e81cb3e.id2.example.org.");
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
	if (eloc_scan(words, words_cut(text, words), &name_root, &wr, &why) != 0)
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
		strcpy(copy, text);
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
		       rows_each("proofs.txt", "identity", row_identity) == 1
		   ? 0
		   : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_hhit),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_records),
	    cmocka_unit_test(test_records_cut),
	    cmocka_unit_test(test_composition),
	    cmocka_unit_test(test_proofs),
	    cmocka_unit_test(test_proofs_flipped),
	    cmocka_unit_test(test_proofs_malformed),
	    cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, proofs_setup, NULL);
}
