/*
 * test_reading.c - what sets of records say: identities in order, locators in order, reverse claims;
 * and the error and lifetime of a whole result. RDATA from the protocol's vectors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "core/wire/text.h"
#include "resolve/conclude.h"
#include "resolve/reverse.h"
#include "resolve/search.h"

#define NOW 1795435200u

/* vectors 2: preference 10 and 20 of one address, form 3 of preference 30 */
#define EPID_10 "000a00012001003ffe000a05130824699a4bc6b238026964076578616d706c65036f726700"
#define EPID_HINTED "00012001003ffe000a05130824699a4bc6b238026964076578616d706c65036f726700"
#define EPID_20 "001480012001003ffe000a05130824699a4bc6b2"
#define EPID_NAMED "001e000303777777076578616d706c65036f726700"
#define EPID_BAD "000a00012001003ffe000a05130824699a4bc6b239026964076578616d706c65036f726700"
#define EPID_FORM_9 "000a0009aabb"
/* vectors 3 */
#define ELOC_FOUR "000a00640001c0000201"
#define ELOC_SPARE "00140000400220010db8000a00010000000000000010000100056973702d61"
#define ELOC_SITE \
	"000a00320003000000000000000100000000000000100473697465076578616d706c65036f726700"
#define ELOC_KIND_9 "00010001000978797a"
#define ELOC_BAD "0001000100010000000000010000"

struct set {
	size_t n;
	struct bytes rdata[40];
	uint8_t octets[40][128];
};

static void
add(struct set *set, const char *hex)
{
	int n = text_hex_read(hex, strlen(hex), set->octets[set->n], 128);

	assert_true(n > 0);
	set->rdata[set->n] = (struct bytes){set->octets[set->n], (size_t)n};
	set->n++;
}

static void
test_identities(void **state)
{
	struct epid out[RESULT_IDENTITIES];
	struct set set = {0}, bad = {0}, unknown = {0};
	size_t n;

	(void)state;
	add(&set, EPID_NAMED);
	add(&set, EPID_20);
	add(&set, EPID_FORM_9);
	add(&set, EPID_10);
	assert_int_equal(naming_read(set.rdata, set.n, out, &n), 0);
	assert_int_equal(n, 3); /* the unknown form is skipped */
	assert_int_equal(out[0].preference, 10);
	assert_int_equal(out[0].id.at_length, 56);
	assert_int_equal(out[1].flags, EPID_TEMPORARY);
	assert_int_equal(out[2].id.form, EID_NAME);
	/* one malformed record makes the whole set unusable */
	add(&bad, EPID_10);
	add(&bad, EPID_BAD);
	assert_int_equal(naming_read(bad.rdata, bad.n, out, &n), -MAP_EFORMAT);
	add(&unknown, EPID_FORM_9);
	assert_int_equal(naming_read(unknown.rdata, unknown.n, out, &n), -MAP_EUNKNOWN);
}

/* More than a result holds: the best by preference stay, whatever their order. */
static void
test_identities_cut(void **state)
{
	struct epid out[RESULT_IDENTITIES];
	struct set set = {0};
	char hex[64];
	size_t n;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		snprintf(
		    hex, sizeof hex, "%04x00012001003ffe000a05130824699a4bc6%02x", 100 - i, i);
		add(&set, hex);
	}
	assert_int_equal(naming_read(set.rdata, set.n, out, &n), 0);
	assert_int_equal(n, RESULT_IDENTITIES);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(out[i].preference, 81 + i);
}

/* An identity that stands there more than once counts once, with its best preference: it must not
 * push others out, nor be tried again. One with another hint is looked up elsewhere. */
static void
test_identities_once(void **state)
{
	struct epid out[RESULT_IDENTITIES];
	struct set set = {0};
	char hex[64];
	size_t n;

	(void)state;
	add(&set, "0014" EPID_HINTED);
	add(&set, "001e00012001003ffe000a05130824699a4bc6b2");
	add(&set, "000a" EPID_HINTED);
	add(&set, "0019" EPID_HINTED);
	assert_int_equal(naming_read(set.rdata, set.n, out, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(out[0].preference, 10);
	assert_int_equal(out[0].id.at_length, 56);
	assert_int_equal(out[1].preference, 30);
	assert_int_equal(out[1].id.at_length, 0);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(hex, sizeof hex, "%04x00012001003ffe000a05130824699a4bc6%02x", 40 + i,
		    i % 6);
		add(&set, hex);
	}
	assert_int_equal(naming_read(set.rdata, set.n, out, &n), 0);
	assert_int_equal(n, 8);
	for (size_t i = 2; i < n; i++)
		assert_int_equal(out[i].preference, 38 + i);
}

static void
test_locators(void **state)
{
	struct eloc direct[MAPPING_SET], vias[MAPPING_SET];
	struct set set = {0}, bad = {0};
	struct place place = {0};
	size_t n_direct, n_vias;

	(void)state;
	add(&set, ELOC_SPARE);
	add(&set, ELOC_KIND_9);
	add(&set, ELOC_SITE);
	add(&set, ELOC_FOUR);
	place.rdata = set.rdata;
	place.n = set.n;
	assert_int_equal(search_read(&place, direct, &n_direct, vias, &n_vias), 0);
	assert_int_equal(n_direct, 2);
	assert_int_equal(direct[0].preference, 10);
	assert_int_equal(direct[1].flags, ELOC_BACKUP);
	assert_int_equal(n_vias, 1);
	add(&bad, ELOC_FOUR);
	add(&bad, ELOC_BAD);
	place.rdata = bad.rdata;
	place.n = bad.n;
	assert_true(search_read(&place, direct, &n_direct, vias, &n_vias) != 0);
}

/* At most 16 of a set, cut in order of preference. */
static void
test_locators_cut(void **state)
{
	struct eloc direct[MAPPING_SET], vias[MAPPING_SET];
	struct set set = {0};
	size_t n_direct, n_vias;
	char hex[64];

	(void)state;
	for (unsigned i = 0; i < 30; i++) {
		snprintf(hex, sizeof hex, "%04x00010001c00002%02x", 60 - i, i);
		add(&set, hex);
	}
	struct place place = {.n = set.n, .rdata = set.rdata};
	assert_int_equal(search_read(&place, direct, &n_direct, vias, &n_vias), 0);
	assert_int_equal(n_direct, MAPPING_SET);
	assert_int_equal(n_vias, 0);
	assert_int_equal(direct[0].preference, 31);
	assert_int_equal(direct[MAPPING_SET - 1].preference, 46);
}

static void
test_reverse(void **state)
{
	struct edge secure = {.dnssec = VERDICT_SECURE}, bogus = {.dnssec = VERDICT_BOGUS};
	struct eid id = {.form = EID_ADDRESS}, other, claimed = {0};
	struct set set = {0};

	(void)state;
	assert_int_equal(eid_scan("2001:3f:fe00:a05:1308:2469:9a4b:c6b2", 36, true, &id), 0);
	assert_int_equal(eid_scan("2001:3f:fe00:a05:e437:dbb2:2e81:cb3e", 36, true, &other), 0);
	add(&set, EPID_NAMED);
	add(&set, EPID_10);
	assert_int_equal(
	    reverse_verdict(&secure, set.rdata, set.n, &id, &claimed), VERDICT_CONFIRMED);
	assert_int_equal(
	    reverse_verdict(&secure, set.rdata, set.n, &other, &claimed), VERDICT_MISMATCH);
	assert_true(eid_equal(&claimed, &id)); /* the best that is claimed there */
	assert_int_equal(
	    reverse_verdict(&bogus, set.rdata, set.n, &id, &claimed), VERDICT_BOGUS);
}

static const struct {
	enum verdict name;
	int identity_error;
	uint32_t name_ttl, mapping_ttl, proof_left;
	unsigned flags;
	int error;
	uint32_t lifetime;
} conclude_rows[] = {
    {VERDICT_SECURE, 0, 300, 60, 0, 0, 0, 60},
    {VERDICT_SECURE, 0, 20, 60, 0, 0, 0, 20},
    {VERDICT_SECURE, 0, 300, 60, 7, 0, 0, 7}, /* the proof ends first */
    {VERDICT_SECURE, 0, 86400, 86400, 86400, 0, 0, 300},
    {VERDICT_INSECURE, 0, 300, 60, 0, 0, -MAP_EINSECURE, 5},
    {VERDICT_INSECURE, 0, 300, 60, 0, RESOLVE_ALLOW_INSECURE, 0, 60},
    {VERDICT_SECURE, -MAP_EBOGUS, 300, 60, 0, 0, -MAP_EBOGUS, 5},
    {VERDICT_SECURE, -MAP_ENOTFOUND, 300, 30, 0, 0, -MAP_ENOTFOUND, 30},
};

static void
test_conclude(void **state)
{
	struct result *result = calloc(1, sizeof *result);
	struct found_identity *found = calloc(1, sizeof *found);
	struct naming *naming = calloc(1, sizeof *naming);

	(void)state;
	assert_true(result != NULL && found != NULL && naming != NULL);
	for (size_t i = 0; i < sizeof conclude_rows / sizeof conclude_rows[0]; i++) {
		naming->kind = RESULT_EPID;
		naming->edge = (struct edge){
		    .dnssec = conclude_rows[i].name, .ttl = conclude_rows[i].name_ttl};
		found->mapping = (struct edge){
		    .dnssec = VERDICT_SECURE, .ttl = conclude_rows[i].mapping_ttl};
		found->error = conclude_rows[i].identity_error;
		found->proof =
		    conclude_rows[i].proof_left > 0 ? VERDICT_PROVED : VERDICT_UNPROVED;
		found->proof_expiry = NOW + conclude_rows[i].proof_left;
		conclude_result(result, naming, &found, 1, conclude_rows[i].flags, NOW);
		if (result->error != conclude_rows[i].error ||
		    result->lifetime != conclude_rows[i].lifetime)
			fail_msg("row %zu: error %d, lifetime %u", i, result->error,
			    result->lifetime);
		assert_int_equal(result->error != 0, result->why[0] != '\0');
	}
	free(result);
	free(found);
	free(naming);
}

/* Absence that is not proved opens no way but for who allows it; and says so, not that it is absent. */
static void
test_conclude_unproved_absence(void **state)
{
	struct result *result = calloc(1, sizeof *result);
	struct found_identity *found = calloc(1, sizeof *found);
	struct naming *naming = calloc(1, sizeof *naming);

	(void)state;
	assert_true(result != NULL && found != NULL && naming != NULL);
	naming->kind = RESULT_OWN_NAME;
	naming->edge = (struct edge){
	    .dnssec = VERDICT_MISSING, .ttl = 30, .why = "the name has no such record"};
	found->mapping = (struct edge){.dnssec = VERDICT_SECURE, .ttl = 60};
	conclude_result(result, naming, &found, 1, 0, NOW);
	assert_int_equal(result->error, -MAP_EINSECURE);
	assert_non_null(strstr(result->why, "not signed"));
	conclude_result(result, naming, &found, 1, RESOLVE_ALLOW_INSECURE, NOW);
	assert_int_equal(result->error, 0);
	naming->edge.denied = true;
	conclude_result(result, naming, &found, 1, 0, NOW);
	assert_int_equal(result->error, 0);
	free(result);
	free(found);
	free(naming);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_identities),
	    cmocka_unit_test(test_identities_cut),
	    cmocka_unit_test(test_identities_once),
	    cmocka_unit_test(test_locators),
	    cmocka_unit_test(test_locators_cut),
	    cmocka_unit_test(test_reverse),
	    cmocka_unit_test(test_conclude),
	    cmocka_unit_test(test_conclude_unproved_absence),
	};
	return cmocka_run_group_tests_name("resolve/reading", tests, NULL, NULL);
}
