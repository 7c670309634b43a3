/*
 * test_parent.c - what a parent's answer is taken for, and what is no answer at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/message.h"
#include "core/wire/rrtype.h"
#include "mapd/parent.h"
#include "mapd/rollover.h"

#define ID 0x1234
#define GOOD (FLAG_QR | FLAG_AA)

static struct name zone;
static uint8_t octets[8192];
static struct wr wr;
static struct bytes ds[ROLLOVER_DS];
static size_t n;
static uint32_t ttl;
static const char *why;

static int
zone_setup(void **state)
{
	(void)state;
	return name_from("child.test.", &zone);
}

static void
answer(unsigned flags, unsigned count)
{
	wr = wr_init(octets, sizeof octets);
	wr_u16(&wr, ID);
	wr_u16(&wr, (uint16_t)flags);
	wr_u16(&wr, 1);
	wr_u16(&wr, (uint16_t)count);
	wr_u32(&wr, 0);
	name_put(&wr, &zone);
	wr_u16(&wr, RR_DS);
	wr_u16(&wr, CLASS_IN);
}

static void
record(uint16_t type, uint16_t class, uint32_t its_ttl, uint16_t tag, size_t digest)
{
	wr_u16(&wr, 0xc00c);
	wr_u16(&wr, type);
	wr_u16(&wr, class);
	wr_u32(&wr, its_ttl);
	wr_u16(&wr, (uint16_t)(4 + digest));
	wr_u16(&wr, tag);
	wr_u16(&wr, 0x0d02);
	for (size_t i = 0; i < digest; i++)
		wr_u8(&wr, (uint8_t)i);
}

static int
taken(void)
{
	assert_int_equal(wr.error, 0);
	return parent_read(wr_done(&wr), &zone, ID, ds, &n, &ttl, &why);
}

static void
test_the_question_is_a_message(void **state)
{
	struct message m;

	(void)state;
	assert_int_equal(
	    message_parse((struct bytes){octets, parent_ask(&zone, ID, octets)}, &m), 0);
	assert_true(name_equal(&m.question.name, &zone));
	assert_int_equal(m.question.type, RR_DS);
}

static void
test_answers(void **state)
{
	(void)state;
	answer(GOOD, 0);
	assert_int_equal(taken(), 0);
	assert_int_equal(n, 0);
	answer(GOOD, 4);
	record(RR_DS, CLASS_IN, 60, 1, 32);
	record(RR_DS, CLASS_IN, 90, 2, 48);
	record(RR_DS, 3, 90, 3, 32);
	record(RR_DS, CLASS_IN, 30, 4, 32);
	assert_int_equal(taken(), 0);
	assert_int_equal(n, 3);
	assert_int_equal(ttl, 90); /* the longest */
	assert_int_equal(ds[1].n, 52);
	answer(GOOD | RCODE_NXDOMAIN, 0);
	assert_int_equal(taken(), -MAP_EREFUSED);
	answer(GOOD | FLAG_TC, 0);
	assert_int_equal(taken(), -MAP_ETRUNC);
	answer(FLAG_QR, 0);
	assert_int_equal(taken(), -MAP_EREFUSED);
}

/* No answer makes a roll wait for years, which nothing would end. */
static void
test_ttl(void **state)
{
	(void)state;
	answer(GOOD, 1);
	record(RR_DS, CLASS_IN, UINT32_MAX, 1, 32);
	assert_int_equal(taken(), 0);
	assert_int_equal(ttl, 0);
	answer(GOOD, 1);
	record(RR_DS, CLASS_IN, INT32_MAX, 1, 32);
	assert_int_equal(taken(), 0);
	assert_int_equal(ttl, 7 * 86400);
}

/* The old one might be behind those that there is room for. */
static void
test_more_than_are_looked_at(void **state)
{
	(void)state;
	answer(GOOD, ROLLOVER_DS);
	for (uint16_t i = 0; i < ROLLOVER_DS; i++)
		record(RR_DS, CLASS_IN, 60, i, 32);
	assert_int_equal(taken(), 0);
	answer(GOOD, 100);
	for (uint16_t i = 0; i < 100; i++)
		record(RR_DS, CLASS_IN, 60, i, 32);
	assert_int_equal(taken(), -MAP_ELIMIT);
}

/* Whoever sent it, the answer may still come. */
static void
test_no_answer(void **state)
{
	(void)state;
	answer(0, 0);
	assert_int_equal(taken(), -MAP_EFORMAT);
	answer(GOOD, 0);
	octets[1] ^= 1;
	assert_int_equal(taken(), -MAP_EFORMAT);
	answer(GOOD, 1);
	assert_int_equal(taken(), -MAP_EFORMAT);
	answer(GOOD, 1);
	wr_u16(&wr, (uint16_t)(0xc000 | wr.n)); /* points at itself */
	for (int i = 0; i < 5; i++)
		wr_u16(&wr, 0);
	assert_int_equal(taken(), -MAP_EFORMAT);
	answer(GOOD, 2);
	record(RR_DS, CLASS_IN, 60, 1, 32);
	record(RR_DS, CLASS_IN, 60, 2, 32);
	for (size_t k = wr.n - 1; k > 0; k--)
		assert_int_equal(
		    parent_read((struct bytes){octets, k}, &zone, ID, ds, &n, &ttl, &why),
		    -MAP_EFORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_question_is_a_message),
	    cmocka_unit_test(test_answers), cmocka_unit_test(test_ttl),
	    cmocka_unit_test(test_more_than_are_looked_at), cmocka_unit_test(test_no_answer)};

	return cmocka_run_group_tests_name("parent", tests, zone_setup, NULL);
}
