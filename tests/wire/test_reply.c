/*
 * test_reply.c - answers octet for octet; the expected ones are written out by hand from RFC 1035.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/wire/reply.h"
#include "core/wire/rrtype.h"

static uint8_t buffer[4096];

static struct message
query_of(const char *name, bool edns, bool dnssec_ok)
{
	struct message m = {.id = 0x1234, .flags = FLAG_RD | FLAG_AD | FLAG_CD};

	m.count[SECTION_QUESTION] = 1;
	assert_int_equal(name_from(name, &m.question.name), 0);
	m.question.type = RR_A;
	m.question.class = CLASS_IN;
	m.edns = (struct edns){.present = edns, .dnssec_ok = dnssec_ok, .udp_size = 4096};
	return m;
}

/* Two A records and an RRSIG of 20 octets, as mapd stores them. */
#define STORED_A1 "\xc0\x0c\0\1\0\1\0\0\x0e\x10\0\4\xc0\0\2\1"
#define STORED_A2 "\xc0\x0c\0\1\0\1\0\0\x0e\x10\0\4\xc0\0\2\2"
#define STORED_SIG                             \
	"\xc0\x0c\0\x2e\0\1\0\0\x0e\x10\0\x14" \
	"01234567890123456789"

static struct reply_set
stored_set(void)
{
	static const char wire[] = STORED_A1 STORED_A2 STORED_SIG;

	return (struct reply_set){
	    {(const uint8_t *)wire, sizeof(wire) - 1}, 2, 1, REPLY_AS_STORED};
}

static void
test_question_kept_bit_for_bit(void **state)
{
	static const uint8_t want[] =
	    "\x12\x34\x81\x13\0\1\0\0\0\0\0\0\3wWw\7ExAmple\0\0\1\0\1";
	struct message m = query_of("wWw.ExAmple.", false, false);
	struct reply r;

	(void)state;
	reply_start(&r, buffer, sizeof(buffer), &m);
	assert_int_equal(reply_finish(&r, RCODE_NXDOMAIN), sizeof(want) - 1);
	assert_memory_equal(buffer, want, sizeof(want) - 1);
}

static void
test_stored_set_copied(void **state)
{
	static const uint8_t plain[] = STORED_A1 STORED_A2;
	static const uint8_t all[] = STORED_A1 STORED_A2 STORED_SIG;
	struct reply_set set = stored_set();
	struct message m = query_of("www.example.", false, false);
	struct reply r;

	(void)state;
	reply_start(&r, buffer, sizeof(buffer), &m);
	assert_true(reply_put_set(&r, SECTION_ANSWER, NULL, &set));
	assert_int_equal(reply_finish(&r, 0), 29 + sizeof(plain) - 1);
	assert_int_equal(get_u16(buffer + 6), 2);
	assert_memory_equal(buffer + 29, plain, sizeof(plain) - 1);

	m = query_of("www.example.", true, true);
	reply_start(&r, buffer, sizeof(buffer), &m);
	assert_true(reply_put_set(&r, SECTION_ANSWER, NULL, &set));
	assert_int_equal(reply_finish(&r, 0), 29 + sizeof(all) - 1 + REPLY_OPT);
	assert_int_equal(get_u16(buffer + 6), 3);
	assert_memory_equal(buffer + 29, all, sizeof(all) - 1);
}

static void
test_other_owner_compressed_and_ttl(void **state)
{
	static const uint8_t want[] = "\2nS\xc0\x10\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
				      "\xc0\x1d\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\2";
	struct reply_set set = stored_set();
	struct message m = query_of("www.EXAMPLE.", false, false);
	struct name owner;
	struct reply r;

	(void)state;
	set.ttl = 60;
	assert_int_equal(name_from("nS.example.", &owner), 0);
	reply_start(&r, buffer, sizeof(buffer), &m);
	assert_true(reply_put_set(&r, SECTION_AUTHORITY, &owner, &set));
	assert_int_equal(reply_finish(&r, 0), 29 + sizeof(want) - 1);
	assert_memory_equal(buffer + 29, want, sizeof(want) - 1);
}

static void
test_no_common_suffix(void **state)
{
	static const uint8_t want[] = "\1a\4test\0\0\2\0\1\0\0\0\5\0\1\0";
	struct message m = query_of("www.example.", false, false);
	struct name owner;
	struct reply r;
	struct rr rr = {.owner = &owner, RR_NS, CLASS_IN, 5, {(const uint8_t *)"", 1}};

	(void)state;
	assert_int_equal(name_from("a.test.", &owner), 0);
	reply_start(&r, buffer, sizeof(buffer), &m);
	assert_true(reply_put(&r, SECTION_AUTHORITY, &rr));
	assert_int_equal(reply_finish(&r, 0), 29 + sizeof(want) - 1);
	assert_memory_equal(buffer + 29, want, sizeof(want) - 1);
}

static void
test_set_that_does_not_fit(void **state)
{
	static uint8_t fill[480];
	struct reply_set set = stored_set();
	struct message m = query_of("www.example.", true, true);
	struct name owner;
	struct reply r;
	struct rr rr = {.owner = &owner, RR_TXT, CLASS_IN, 5, {fill, 0}};

	(void)state;
	assert_int_equal(name_from("b.www.example.", &owner), 0);
	for (size_t left = 0; left < 64; left++) {
		bool fits = left >= set.wire.n;
		size_t used;

		reply_start(&r, buffer, 512, &m);
		/* owner 4, head 10: leave exactly left octets before the OPT record */
		rr.rdata.n = r.limit - r.n - 14 - left;
		assert_true(reply_put(&r, SECTION_ANSWER, &rr));
		used = r.n;
		assert_int_equal(reply_put_set(&r, SECTION_ANSWER, NULL, &set), fits);
		assert_int_equal(r.n, fits ? used + set.wire.n : used);
		assert_int_equal(r.count[SECTION_ANSWER], fits ? 4 : 1);
		/* with an owner to write, two octets more at most; never beyond the limit */
		(void)!reply_put_set(&r, SECTION_ADDITIONAL, &owner, &set);
		assert_true(reply_finish(&r, 0) <= 512);
	}
}

static void
test_truncated_takes_no_more(void **state)
{
	struct reply_set set = stored_set();
	struct message m = query_of("www.example.", false, false);
	struct reply r;

	(void)state;
	reply_start(&r, buffer, 512, &m);
	reply_truncate(&r);
	assert_false(reply_put_set(&r, SECTION_ANSWER, NULL, &set));
	assert_int_equal(reply_finish(&r, 0), 29);
	assert_int_equal(get_u16(buffer + 2), FLAG_QR | FLAG_TC | FLAG_RD | FLAG_CD);
}

static void
test_opt_and_ede(void **state)
{
	static const uint8_t want[] = "\0\0\x29\4\xd0\1\0\x80\0\0\x0d\0\x0f\0\x09\0\x14not us!";
	struct message m = query_of("www.example.", true, true);
	struct reply r;

	(void)state;
	reply_start(&r, buffer, 512, &m);
	reply_ede(&r, EDE_NOT_AUTHORITATIVE, "not us!");
	assert_int_equal(reply_finish(&r, RCODE_BADVERS), 29 + sizeof(want) - 1);
	assert_memory_equal(buffer + 29, want, sizeof(want) - 1);
	assert_int_equal(buffer[3] & 15, 0);
	assert_int_equal(get_u16(buffer + 10), 1);
}

/* An answer to an UPDATE: cookie, lease and reason in OPT, and room for what is appended. */
static void
test_options_and_room(void **state)
{
	static const uint8_t want[] = "\0\0\x29\4\xd0\0\0\0\0\0\x39"
				      "\0\x0a\0\x18"
				      "0123456789abcdef01234567"
				      "\0\2\0\x08\0\0\x1c\x20\0\x12\x75\0"
				      "\0\x0f\0\x0d\0\x12prove 2::1,";
	static const struct lease_option lease = {
	    .both = true, .lease = 7200, .key_lease = 1209600};
	static const uint8_t cookie[] = "0123456789abcdef01234567";
	struct message m = query_of("www.example.", true, false);
	char text[] = "prove 2::1,";
	size_t room = 29 + sizeof(want) - 1;
	struct reply r;

	(void)state;
	for (size_t kept = 512 - room - 2; kept <= 512 - room; kept++) {
		reply_start(&r, buffer, 512, &m);
		reply_cookie(&r, cookie);
		reply_lease(&r, &lease);
		assert_true(reply_keep(&r, kept));
		reply_ede(&r, EDE_PROHIBITED, text);
		memset(buffer + 512 - kept, 0x55, kept);
		assert_int_equal(reply_finish(&r, RCODE_REFUSED), room);
		assert_memory_equal(buffer + 29, want, sizeof(want) - 1);
		for (size_t i = 512 - kept; i < 512; i++)
			assert_int_equal(buffer[i], 0x55);
	}
	/* then without the text, and then without the code */
	for (size_t kept = 512 - room + 1; kept <= 512 - room + 11 + 7; kept++) {
		size_t ede = kept <= 512 - room + 11 ? 6 : 0;

		reply_start(&r, buffer, 512, &m);
		reply_cookie(&r, cookie);
		reply_lease(&r, &lease);
		assert_int_equal(reply_keep(&r, kept), kept <= 512 - room + 11 + 6);
		reply_ede(&r, EDE_PROHIBITED, text);
		if (kept <= 512 - room + 11 + 6)
			assert_int_equal(reply_finish(&r, RCODE_REFUSED), room - 17 + ede);
	}
}

/* What is kept and what the options take is not there for records; a set goes in whole or not at all. */
static void
test_room_and_sets(void **state)
{
	static const struct lease_option lease = {.lease = 7200};
	struct message m = query_of("www.example.", true, false);
	struct reply_set set = stored_set();
	size_t used = 29 + REPLY_OPT + 8, kept = 512 - used - 32;
	struct reply r;

	(void)state;
	reply_start(&r, buffer, 512, &m);
	reply_lease(&r, &lease);
	assert_true(reply_keep(&r, kept));
	assert_true(reply_put_set(&r, SECTION_ANSWER, NULL, &set));
	assert_int_equal(reply_finish(&r, 0), 512 - kept);
	reply_start(&r, buffer, 512, &m);
	reply_lease(&r, &lease);
	assert_true(reply_keep(&r, kept + 1));
	assert_false(reply_put_set(&r, SECTION_ANSWER, NULL, &set));
	assert_int_equal(reply_finish(&r, 0), used);
	/* more than there is */
	reply_start(&r, buffer, 512, &m);
	assert_false(reply_keep(&r, 512));
	assert_true(reply_keep(&r, 512 - 29 - REPLY_OPT));
	assert_false(reply_keep(&r, 1));
	assert_true(reply_keep(&r, 0));
	/* without EDNS there is no option */
	m = query_of("www.example.", false, false);
	reply_start(&r, buffer, 512, &m);
	reply_lease(&r, &lease);
	assert_true(reply_keep(&r, 512 - 29));
	reply_ede(&r, EDE_OTHER, "x");
	assert_int_equal(reply_finish(&r, 0), 29);
}

static void
test_header_only(void **state)
{
	static const uint8_t want[] = "\xab\xcd\xa9\x01\0\0\0\0\0\0\0\0";
	struct reply r;

	(void)state;
	reply_start_header(&r, buffer, 512, 0xabcd, 0x2fef & ~FLAG_CD);
	assert_int_equal(reply_finish(&r, RCODE_FORMERR), 12);
	assert_memory_equal(buffer, want, 12);
}

static void
test_size(void **state)
{
	struct message m = query_of("a.", false, false);

	(void)state;
	assert_int_equal(reply_size(&m), 512);
	m.edns.present = true;
	m.edns.udp_size = 0;
	assert_int_equal(reply_size(&m), 512);
	m.edns.udp_size = 1000;
	assert_int_equal(reply_size(&m), 1000);
	m.edns.udp_size = 65535;
	assert_int_equal(reply_size(&m), 1232);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_question_kept_bit_for_bit),
	    cmocka_unit_test(test_stored_set_copied),
	    cmocka_unit_test(test_other_owner_compressed_and_ttl),
	    cmocka_unit_test(test_no_common_suffix),
	    cmocka_unit_test(test_set_that_does_not_fit),
	    cmocka_unit_test(test_truncated_takes_no_more),
	    cmocka_unit_test(test_opt_and_ede),
	    cmocka_unit_test(test_options_and_room),
	    cmocka_unit_test(test_room_and_sets),
	    cmocka_unit_test(test_header_only),
	    cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
