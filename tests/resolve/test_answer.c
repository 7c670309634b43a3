/*
 * test_answer.c - answer packets taken apart. The packets were written by dnspython.
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
#include "core/wire/rrtype.h"
#include "core/wire/text.h"
#include "resolve/answer.h"

#define NOW 1795435200u /* 2026-11-23 12:00:00 UTC */

static const char EPID_WITH_ELOC[] =
    "000181a0000100020000000504686f7374076578616d706c65047465737400ff140001c00cff1400"
    "010000003c0014000a00012001003ffe000a05e437dbb22e81cb3ec00c002e00010000003c0030ff"
    "140d030000003c6b04d3806aff8d808b59076578616d706c65047465737400000000000000000000"
    "0000000000000012303565343337646262323265383163623365026964c011ff1500010000003200"
    "16000a0000000220010db8000a00010000000000000010c07fff1500010000003200160014000000"
    "0220010db8000c00010000000000000010c07f002e0001000000320030ff150d030000003c6b042a"
    "d46aff8d808b59076578616d706c6504746573740000000000000000000000000000000000026e73"
    "c011001c00010000012c001020010db8000000000000000000000053036f6464c011001000010000"
    "012c0003026e6f";
static const char ALIASED[] =
    "000181a0000100020000000005616c696173076578616d706c65047465737400ff140001c00c0005"
    "00010000012c000704686f7374c012c030ff1400010000003c0014000a00012001003ffe000a05e4"
    "37dbb22e81cb3e";
static const char TWO_OWNERS[] =
    "000181a0000100020000000004686f7374076578616d706c65047465737400ff140001c00cff1400"
    "010000003c0014000a00012001003ffe000a05e437dbb22e81cb3e056f74686572c011ff14000100"
    "00003c0014000a00012001003ffe000a05e437dbb22e81cb3e";
static const char NODATA[] =
    "000181a0000100000001000005706c61696e076578616d706c65047465737400ff140001c0120006"
    "00010000001e001d026e73c0120168c012000000010000000200000003000000040000001e";

static int
read_hex(struct answer *answer, const char *hex, const char *name, uint16_t type, size_t cut)
{
	uint8_t wire[2048];
	struct name asked;
	int n = text_hex_read(hex, strlen(hex), wire, sizeof wire);

	assert_true(n > 0);
	assert_int_equal(name_from(name, &asked), 0);
	*answer = (struct answer){.edge = {.ttl = 300}};
	return answer_read(answer, (struct bytes){wire, (size_t)n - cut}, &asked, type, NOW);
}

static void
test_additional(void **state)
{
	struct answer a;
	char text[NAME_TEXT];

	(void)state;
	assert_int_equal(read_hex(&a, EPID_WITH_ELOC, "HOST.example.test.", RR_EPID, 0), 0);
	assert_int_equal(a.set.n, 1);
	assert_int_equal(a.set.rdata[0].n, 20);
	assert_int_equal(a.edge.ttl, 60);
	assert_false(a.aliased);
	/* ELOC and AAAA are of use, TXT is not; the signature's end bounds the set it covers */
	assert_int_equal(a.n_additional, 2);
	assert_int_equal(a.additional[0].type, RR_ELOC);
	assert_string_equal(
	    name_print(&a.additional[0].owner, text), "05e437dbb22e81cb3e.id.example.test.");
	assert_int_equal(a.additional[0].n, 2);
	assert_int_equal(a.additional[0].rdata[1].n, 22);
	assert_int_equal(a.additional[0].rdata[0].p[1] + a.additional[0].rdata[1].p[1], 30);
	assert_int_equal(a.additional[0].ttl, 20);
	assert_int_equal(a.additional[1].ttl, 300);
	answer_fini(&a);
}

static void
test_alias(void **state)
{
	struct answer a;
	char text[NAME_TEXT];

	(void)state;
	assert_int_equal(read_hex(&a, ALIASED, "alias.example.test.", RR_EPID, 0), 0);
	assert_true(a.aliased);
	assert_int_equal(a.set.n, 1);
	assert_string_equal(name_print(&a.set.owner, text), "host.example.test.");
	answer_fini(&a);
}

static void
test_nothing(void **state)
{
	struct answer a;

	(void)state;
	assert_int_equal(read_hex(&a, NODATA, "plain.example.test.", RR_EPID, 0), 0);
	assert_int_equal(a.set.n, 0);
	assert_int_equal(a.n_additional, 0);
	answer_fini(&a);
}

/* The question must be ours, and the records of one owner. */
static void
test_refused(void **state)
{
	struct answer a;

	(void)state;
	assert_int_equal(read_hex(&a, NODATA, "other.example.test.", RR_EPID, 0), -MAP_EFORMAT);
	answer_fini(&a);
	assert_int_equal(read_hex(&a, NODATA, "plain.example.test.", RR_ELOC, 0), -MAP_EFORMAT);
	answer_fini(&a);
	assert_int_equal(
	    read_hex(&a, TWO_OWNERS, "host.example.test.", RR_EPID, 0), -MAP_EFORMAT);
	answer_fini(&a);
}

/* Cut anywhere, it is refused and nothing is read beyond its end. */
static void
test_cut(void **state)
{
	struct answer a;

	(void)state;
	for (size_t cut = 1; cut < strlen(EPID_WITH_ELOC) / 2; cut++) {
		assert_int_not_equal(
		    read_hex(&a, EPID_WITH_ELOC, "host.example.test.", RR_EPID, cut), 0);
		answer_fini(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_additional),
	    cmocka_unit_test(test_alias),
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_cut),
	};
	return cmocka_run_group_tests_name("resolve/answer", tests, NULL, NULL);
}
