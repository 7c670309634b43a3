/*
 * test_agree.c - what mapctl zone check takes, mapd takes: one verdict on a zone file, whoever judges.
 * core/zone is asked first, as mapctl does; what it hands over must be a plan to mapd.
 */
#include "tests/zone/files.h"

#include "core/wire/cursor.h"
#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "mapd/plan.h"

#define RECORDS (4u << 20)
#define ROUNDS 4000

static uint8_t octets[RECORDS];
static char messages[4096];
static struct pool *pool;

static int
record_keep(void *arg, const struct rr *rr, const struct zone_place *place)
{
	struct wr *wr = arg;

	(void)place;
	frame_record_put(wr, rr);
	return wr->error;
}

static void
message_keep(void *arg, const char *message)
{
	size_t n = strlen(messages);

	(void)arg;
	snprintf(messages + n, sizeof messages - n, "%s\n", message);
}

/* Asks both about the file z; true: taken. */
static bool
both_take(const char *what)
{
	static const struct rules rules;
	struct wr wr = wr_init(octets, sizeof octets);
	struct plan plan;
	struct name apex;
	int error;

	messages[0] = '\0';
	assert_int_equal(name_from("example.org", &apex), 0);
	error = zone_read(file_path("z"), &apex, NULL, record_keep, &wr, message_keep, NULL);
	assert_true(error == 0 || error == -MAP_ETEXT);
	if (error != 0)
		return false;
	error = plan_make(&plan, &apex, wr_done(&wr), &rules, pool, 1700000000);
	if (error != 0)
		fail_msg("%s\nis taken by zone_read() and refused by mapd: %s", what, plan.why);
	plan_fini(&plan);
	return true;
}

static FILE *
zone_begin(void)
{
	FILE *file = fopen(file_path("z"), "w");

	assert_non_null(file);
	fputs("$TTL 300\n@ SOA ns root 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\n", file);
	return file;
}

/* Zones of lines drawn from few owners and many types: most are wrong in some way, some are right. */
static void
test_drawn(void **state)
{
	static const char *const owners[] = {"@", "a", "b.a", "c.b.a", "*", "*.a", "cut",
	    "ns.cut", "x.y.cut", "d", "e.d", "0123456789abcdef.id"};
	static const char *const lines[] = {"A 192.0.2.1", "A 192.0.2.2", "60 A 192.0.2.3",
	    "AAAA 2001:db8::1", "TXT x", "TXT y", "CNAME ns", "CNAME b", "NS ns", "NS ns.cut",
	    "NS ns.example.net.", "DNAME other.", "MX 10 NS", "MX 10 ns", "DS 1 13 2 AB",
	    "SOA ns root 2 3600 600 86400 60", "EPID 10 192.0.2.1", "EPID 10 www.example.org.",
	    "ELOC 10 10 192.0.2.7", "ELOC 10 10 net:2001:db8:a::/48", "ELOC 10 10 10.0.0.1",
	    "DNSKEY 257 3 13 AAAA", "NAPTR 1 1 \"u\" \"E2U\" \"\" NS", "TYPE1234 \\# 0",
	    "ELOC \\# 9 00010001000978797a"};
	uint32_t random = 4;
	unsigned taken = 0;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		char text[2048] = "";
		unsigned n = 1 + (unsigned)round % 6;
		FILE *file = zone_begin();

		while (n-- > 0) {
			size_t at = strlen(text);

			random = random * 1664525 + 1013904223;
			snprintf(text + at, sizeof text - at, "%s %s\n",
			    owners[(random >> 8) % (sizeof owners / sizeof owners[0])],
			    lines[(random >> 16) % (sizeof lines / sizeof lines[0])]);
		}
		fputs(text, file);
		assert_int_equal(fclose(file), 0);
		taken += both_take(text);
	}
	/* A test that takes nothing proves nothing. */
	assert_in_range(taken, ROUNDS / 10, ROUNDS * 9 / 10);
}

/* What only one of the two refused once. */
static void
test_glue(void **state)
{
	static const struct {
		const char *text;
		bool taken;
	} rows[] = {
	    {"cut NS ns.cut\nns.cut A 192.0.2.1\nns.cut A 192.0.2.2\n", true},
	    {"cut NS ns.cut\nns.cut A 192.0.2.1\nns.cut 60 A 192.0.2.2\n", true},
	    {"cut NS ns.cut\nx.cut NS ns.x.\nx.cut TXT left-out\n", true},
	    {"0123456789abcdef.id ELOC 1 1 192.0.2.1\n", true},
	    {"@ DNSKEY 257 3 13 AAAA\n", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		FILE *file = zone_begin();

		fputs(rows[i].text, file);
		assert_int_equal(fclose(file), 0);
		if (both_take(rows[i].text) != rows[i].taken)
			fail_msg("%s: %s", rows[i].text, messages);
	}
}

/* At the limits: so many lines are taken by both, one more by neither. */
static void
test_limits(void **state)
{
	static const struct {
		const char *form; /* & is a number, ~ a long word */
		unsigned most;
	} rows[] = {
	    {"a ELOC & 1 192.0.2.1\n", 16},
	    {"a EPID & 192.0.2.1\n", 16},
	    {"a TYPE& \\# 0\n", 256},
	    {"a A 10.0.~\n", 3750}, /* of 16 octets each */
	    {"a TXT _ & \n", 60000 / (12 + 1 + 230 + 1 + 4)},
	    {"a TYPE& TXT\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (unsigned more = 0; more < 2; more++) {
			FILE *file = zone_begin();

			for (unsigned k = 0; k < rows[i].most + more; k++)
				for (const char *p = rows[i].form; *p != '\0'; p++)
					if (*p == '&')
						fprintf(file, "%u", 1000 + k);
					else if (*p == '~')
						fprintf(file, "%u.%u", k / 256, k % 256);
					else if (*p == '_')
						fprintf(file, "%0230u", 0);
					else
						fputc(*p, file);
			assert_int_equal(fclose(file), 0);
			if (both_take(rows[i].form) != (more == 0))
				fail_msg("%s times %u: %s", rows[i].form, rows[i].most + more,
				    messages);
		}
}

/* The order of records whose RDATA differs in case, and is long. */
static void
test_order(void **state)
{
	FILE *file = zone_begin();

	(void)state;
	for (int i = 0; i < 2; i++)
		fprintf(file, "a NAPTR 1 1 \"%0250d\" \"%0250d\" \"%0250d\" %s.example.net.\n",
		    0, 0, 0, i == 0 ? "a" : "B");
	assert_int_equal(fclose(file), 0);
	assert_true(both_take("two long NAPTR"));
}

static int
setup(void **state)
{
	return pool_new(0, &pool) != 0 ? -1 : folder_make(state);
}

static int
teardown(void **state)
{
	pool_free(pool);
	return folder_remove(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_drawn),
	    cmocka_unit_test(test_glue),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests_name("agree", tests, setup, teardown);
}
