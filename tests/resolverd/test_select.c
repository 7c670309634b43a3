/*
 * test_select.c - rankings worked out on paper: protocol 10's keys, RFC 6724's examples, draws.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolverd/select.h"

struct row {
	const char *source, *to;
	unsigned preference, weight;
	unsigned flags;
	enum liveness_state live;
	uint32_t rtt;
	bool deprecated;
	uint8_t identity;
	const char *path;
};

/* What the local identity says of an address, where one was asked for. */
struct own_row {
	const char *source;
	unsigned preference, flags;
	const char *path;
};

static struct policy policy;
static struct wishes wishes, usual;
static struct locator locators[16], published[4];
static size_t n_published;
static struct select_candidate candidates[16];
static struct pair pairs[16];
static uint32_t draws[16];
static size_t drawn;

static uint32_t
draw(void *arg)
{
	(void)arg;
	assert_true(drawn < 16);
	return draws[drawn++];
}

static const struct locator *
find_published(const uint8_t source[16])
{
	for (size_t i = 0; i < n_published; i++)
		if (memcmp(published[i].address, source, 16) == 0)
			return &published[i];
	return NULL;
}

static void
publish(const struct own_row *rows, size_t n)
{
	n_published = n;
	for (size_t i = 0; i < n; i++) {
		published[i] = (struct locator){.preference = (uint16_t)rows[i].preference,
		    .flags = (uint8_t)rows[i].flags};
		snprintf(published[i].path, sizeof published[i].path, "%s", rows[i].path);
		assert_int_equal(
		    address_scan(rows[i].source, strlen(rows[i].source), published[i].address),
		    0);
	}
}

/* Candidates with the same destination share one locator, as in a result. */
static void
fill(const struct row *rows, size_t n)
{
	size_t n_to = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t to[16];
		size_t at = 0;

		assert_int_equal(address_scan(rows[i].to, strlen(rows[i].to), to), 0);
		while (at < n_to && memcmp(locators[at].address, to, 16) != 0)
			at++;
		if (at == n_to) {
			locators[n_to] =
			    (struct locator){.preference = (uint16_t)rows[i].preference,
				.weight = (uint16_t)rows[i].weight,
				.flags = (uint8_t)rows[i].flags};
			if (rows[i].path != NULL)
				snprintf(locators[n_to].path, sizeof locators[n_to].path, "%s",
				    rows[i].path);
			memcpy(locators[n_to++].address, to, 16);
		}
		candidates[i] = (struct select_candidate){.source_length = 64,
		    .to = &locators[at],
		    .live = rows[i].live,
		    .rtt_us = rows[i].rtt,
		    .deprecated = rows[i].deprecated,
		    .identity = rows[i].identity};
		assert_int_equal(
		    address_scan(rows[i].source, strlen(rows[i].source), candidates[i].source),
		    0);
		candidates[i].from = find_published(candidates[i].source);
	}
}

/* order is indices into rows. */
static void
expect(const struct row *rows, size_t n, const size_t *order)
{
	struct select_input in = {candidates, n, &policy, &wishes, &usual, draw, NULL};

	fill(rows, n);
	drawn = 0;
	assert_int_equal(select_rank(&in, pairs, 16), n);
	for (size_t i = 0; i < n; i++) {
		const struct select_candidate *c = &candidates[order[i]];

		if (memcmp(pairs[i].source, c->source, 16) != 0 ||
		    memcmp(pairs[i].destination, c->to->address, 16) != 0)
			fail_msg("rank %zu is not row %zu: %s", i, order[i], pairs[i].why);
	}
}

#define EXPECT(rows, ...)                                                          \
	do {                                                                       \
		static const size_t order[] = {__VA_ARGS__};                       \
		assert_int_equal(                                                  \
		    sizeof order / sizeof order[0], sizeof rows / sizeof rows[0]); \
		expect(rows, sizeof rows / sizeof rows[0], order);                 \
	} while (0)

#define R "2001:db8:0:1::10"
#define HA "2001:db8:a:100::10"
#define HB "2001:db8:b:100::10"
#define U LIVENESS_UNTRIED

static void
test_preference(void **state)
{
	static const struct row rows[] = {
	    {R, HB, 20, 0, 0, U, 0, false, 0, NULL},
	    {R, HA, 10, 0, 0, U, 0, false, 0, NULL},
	};

	(void)state;
	EXPECT(rows, 1, 0);
}

static void
test_drain_then_backup_last(void **state)
{
	static const struct row rows[] = {
	    {R, "2001:db8:1::1", 1, 0, ELOC_DRAIN, U, 0, false, 0, NULL},
	    {R, "2001:db8:2::1", 5, 0, ELOC_BACKUP, U, 0, false, 0, NULL},
	    {R, "2001:db8:3::1", 90, 0, 0, U, 0, false, 0, NULL},
	    {R, "2001:db8:4::1", 0, 0, ELOC_DRAIN | ELOC_BACKUP, U, 0, false, 0, NULL},
	};

	(void)state;
	EXPECT(rows, 2, 1, 0, 3);
	assert_non_null(strstr(pairs[1].why, "backup"));
	assert_non_null(strstr(pairs[2].why, "drained"));
}

/* 60:40, total 100: draws below 0.6 take A first. Then one is left, and is drawn too. */
static void
test_weights(void **state)
{
	static const struct row rows[] = {
	    {R, HA, 10, 60, 0, U, 0, false, 0, NULL},
	    {R, HB, 10, 40, 0, U, 0, false, 0, NULL},
	};

	(void)state;
	draws[0] = (uint32_t)(0.599 * 4294967296.0);
	draws[1] = 0;
	EXPECT(rows, 0, 1);
	draws[0] = (uint32_t)(0.601 * 4294967296.0);
	EXPECT(rows, 1, 0);
	draws[0] = UINT32_MAX;
	EXPECT(rows, 1, 0);
	assert_non_null(strstr(pairs[0].why, "weight 40 drawn as 1"));
}

static void
test_weight_zero_is_last(void **state)
{
	static const struct row rows[] = {
	    {R, "2001:db8:1::1", 10, 0, 0, U, 0, false, 0, NULL},
	    {R, "2001:db8:2::1", 10, 1, 0, U, 0, false, 0, NULL},
	    {R, "2001:db8:3::1", 10, 65535, 0, U, 0, false, 0, NULL},
	};

	(void)state;
	draws[0] = 0; /* of 65536: 0 takes the first with a weight */
	draws[1] = 0;
	EXPECT(rows, 1, 2, 0);
	draws[0] = 1u << 16; /* 1 of 65536 */
	EXPECT(rows, 2, 1, 0);
}

static void
test_liveness(void **state)
{
	static const struct row rows[] = {
	    {R, "2001:db8:1::1", 10, 99, 0, LIVENESS_FAILED, 0, false, 0, NULL},
	    {R, "2001:db8:2::1", 10, 0, 0, LIVENESS_UNTRIED, 0, false, 0, NULL},
	    {R, "2001:db8:3::1", 10, 0, 0, LIVENESS_WORKED, 900, false, 0, NULL},
	    {R, "2001:db8:4::1", 20, 0, 0, LIVENESS_WORKED, 100, false, 0, NULL},
	};

	(void)state;
	/* before weight, after preference; but what has just failed is the last of its scope */
	EXPECT(rows, 2, 1, 3, 0);
}

static void
test_rtt_between_sources(void **state)
{
	static const struct row rows[] = {
	    {"2001:db8:c:100::10", HA, 10, 1, 0, LIVENESS_WORKED, 30000, false, 0, NULL},
	    {"2001:db8:d:100::10", HA, 10, 1, 0, LIVENESS_WORKED, 20000, false, 0, NULL},
	};

	(void)state;
	EXPECT(rows, 1, 0);
}

/* The quicker one goes before the drawn one; 5 ms are a step, and what was not measured comes last. */
static void
test_interactive(void **state)
{
	static const struct row rows[] = {
	    {R, "2001:db8:1::1", 10, 99, 0, LIVENESS_WORKED, 0, false, 0, NULL},
	    {R, "2001:db8:2::1", 10, 99, 0, LIVENESS_WORKED, 30000, false, 0, NULL},
	    {R, "2001:db8:3::1", 10, 0, 0, LIVENESS_WORKED, 9900, false, 0, NULL},
	    {R, "2001:db8:4::1", 20, 0, 0, LIVENESS_WORKED, 100, false, 0, NULL},
	    {R, "2001:db8:5::1", 10, 1, 0, LIVENESS_WORKED, 9999, false, 0, NULL},
	};

	(void)state;
	draws[0] = draws[1] = draws[2] =
	    UINT32_MAX; /* each time the slowest that has a weight */
	EXPECT(rows, 0, 1, 4, 2, 3);
	wishes.class = SESSION_INTERACTIVE;
	EXPECT(rows, 4, 2, 1, 0, 3);
	assert_non_null(strstr(pairs[0].why, "quick first: 9999 us"));
	wishes.class = SESSION_BULK;
	EXPECT(rows, 0, 1, 4, 2, 3);
}

static void
test_wishes(void **state)
{
	static const struct row rows[] = {
	    {R, "2001:db8:1::1", 1, 0, 0, U, 0, false, 0, "lte"},
	    {R, "2001:db8:2::1", 5, 0, 0, U, 0, false, 0, "isp-b"},
	    {R, "2001:db8:3::1", 9, 0, 0, U, 0, false, 0, NULL},
	    {R, "2001:db8:4::1", 0, 0, ELOC_BACKUP, U, 0, false, 0, "isp-b"},
	};

	(void)state;
	EXPECT(rows, 0, 1, 2, 3);
	assert_int_equal(path_list_put(&wishes.avoid, "lte"), 0);
	EXPECT(rows, 1, 2, 0, 3);
	assert_non_null(strstr(pairs[2].why, "path avoided"));
	assert_int_equal(path_list_put(&usual.prefer, "lte"), 0); /* the caller's word counts */
	assert_int_equal(path_list_put(&usual.avoid, "isp-b"), 0);
	EXPECT(rows, 2, 0, 1, 3);
	assert_int_equal(path_list_put(&wishes.prefer, "isp-b"), 0);
	EXPECT(rows, 1, 2, 0, 3);
	assert_non_null(strstr(pairs[0].why, "path preferred"));
	assert_int_equal(path_list_put(&wishes.avoid, "isp-b"), 0); /* both: avoided */
	EXPECT(rows, 2, 0, 1, 3);
}

/* Sources in the order of their identity, not those that it drains or keeps as a backup; by their paths too. */
static void
test_own_preferences(void **state)
{
	static const struct row rows[] = {
	    {"2001:db8:c:100::10", HA, 10, 0, 0, U, 0, false, 0, NULL},
	    {"2001:db8:d:100::10", HA, 10, 0, 0, LIVENESS_WORKED, 500, false, 0, NULL},
	    {"2001:db8:e:100::10", HA, 10, 0, 0, U, 0, false, 0, NULL},
	};
	static const struct own_row plain[] = {
	    {"2001:db8:c:100::10", 20, 0, "isp-c"},
	    {"2001:db8:d:100::10", 30, 0, "isp-d"},
	    {"2001:db8:e:100::10", 10, 0, "isp-e"},
	};
	static const struct own_row drained[] = {
	    {"2001:db8:c:100::10", 20, ELOC_BACKUP, "isp-c"},
	    {"2001:db8:d:100::10", 30, 0, "isp-d"},
	    {"2001:db8:e:100::10", 10, ELOC_DRAIN, "isp-e"},
	};

	(void)state;
	EXPECT(rows, 1, 0, 2);
	publish(plain, 3);
	EXPECT(rows, 2, 0, 1);
	assert_non_null(strstr(pairs[0].why, "source's 10"));
	assert_int_equal(path_list_put(&wishes.prefer, "isp-d"), 0);
	EXPECT(rows, 1, 2, 0);
	publish(drained, 3);
	EXPECT(rows, 1, 0, 2);
	assert_int_equal(pairs[1].flags, ELOC_BACKUP);
	assert_non_null(strstr(pairs[2].why, "being drained"));
}

/* Two exits, two destinations: the second attempt shares neither with the first. */
static void
test_attempts_differ_in_exit_first(void **state)
{
	static const struct row rows[] = {
	    {"2001:db8:c:100::10", HA, 10, 0, 0, U, 0, false, 0, NULL},
	    {"2001:db8:d:100::10", HA, 10, 0, 0, U, 0, false, 0, NULL},
	    {"2001:db8:c:100::10", HB, 20, 0, 0, U, 0, false, 0, NULL},
	    {"2001:db8:d:100::10", HB, 20, 0, 0, U, 0, false, 0, NULL},
	};

	(void)state;
	/* c and d both share 44 bits with a; so the order as given decides the first */
	EXPECT(rows, 0, 3, 2, 1);
	assert_null(strstr(pairs[0].why, "behind"));
	assert_null(strstr(pairs[1].why, "behind")); /* its preference says enough */
	assert_non_null(strstr(pairs[3].why, ", behind: another exit or address is tried"));
}

static void
test_identities_are_not_mixed(void **state)
{
	static const struct row rows[] = {
	    {R, "2001:db8:1::1", 1, 0, 0, U, 0, false, 1, NULL},
	    {R, "2001:db8:2::1", 99, 0, ELOC_BACKUP, U, 0, false, 0, NULL},
	};

	(void)state;
	EXPECT(rows, 1, 0);
	assert_int_equal(pairs[0].identity, 0);
}

/* RFC 6724 10.2: "Prefer Matching Label", "Prefer Higher Precedence", "Avoid Deprecated". */
static void
test_rfc6724(void **state)
{
	static const struct row labels[] = {
	    {"2002:c633:6401::2", "2001:db8:1::1", 10, 0, 0, U, 0, false, 0, NULL},
	    {"2002:c633:6401::2", "2002:c633:6401::1", 10, 0, 0, U, 0, false, 0, NULL},
	};
	static const struct row families[] = {
	    {"10.1.2.4", "10.1.2.3", 1, 0, 0, U, 0, false, 0, NULL},
	    {"2001:db8:1::2", "2001:db8:1::1", 10, 0, 0, U, 0, false, 0, NULL},
	};
	static const struct row deprecated[] = {
	    {"2001:db8:a:100::10", R, 10, 0, 0, U, 0, true, 0, NULL},
	    {"2001:db8:b:100::10", R, 10, 0, 0, U, 0, false, 0, NULL},
	};
	static const struct row prefix[] = {
	    {"2001:db8:1::2", "2001:db8:3ffe::1", 10, 0, 0, U, 0, false, 0, NULL},
	    {"2001:db8:1::2", "2001:db8:1::1", 10, 0, 0, U, 0, false, 0, NULL},
	};
	static const struct row sources[] = {
	    {"2001:db8:3ffe::2", "2001:db8:1::1", 10, 0, 0, U, 0, false, 0, NULL},
	    {"2001:db8:1::2", "2001:db8:1::1", 10, 0, 0, U, 0, false, 0, NULL},
	};

	(void)state;
	EXPECT(labels, 1, 0);
	EXPECT(families, 1, 0);
	assert_non_null(strstr(pairs[1].why, ", behind: lower precedence"));
	EXPECT(deprecated, 1, 0);
	EXPECT(prefix, 1, 0);
	EXPECT(sources, 1, 0);
	assert_non_null(strstr(pairs[1].why, ", behind: shorter prefix in common"));
}

static void
test_gai_conf(void **state)
{
	static const char text[] = "# prefer IPv4\nprecedence ::ffff:0:0/96  100\n"
				   "label 2001:db8:a::/48 77 # ours\nreload yes\nlabel what 1\n"
				   "precedence 192.0.2.0/24 101\n";
	uint8_t a[16];

	(void)state;
	assert_int_equal(policy_read(&policy, text, sizeof text - 1), 1);
	assert_int_equal(address_scan("198.51.100.1", 12, a), 0);
	assert_int_equal(policy_precedence(&policy, a), 100);
	assert_int_equal(address_scan("192.0.2.1", 9, a), 0);
	assert_int_equal(policy_precedence(&policy, a), 101);
	assert_int_equal(address_scan(HA, strlen(HA), a), 0);
	assert_int_equal(policy_label(&policy, a), 77);
	policy_default(&policy);
	assert_int_equal(policy_label(&policy, a), 1);
	assert_int_equal(policy_precedence(&policy, a), 40);
}

static void
test_liveness_times(void **state)
{
	struct liveness *liveness = liveness_new(64);
	struct pair_mark mark = {
	    .source = {1}, .destination = {2}, .worked = true, .rtt_us = 70};
	const struct liveness_question of = {7, mark.source, mark.destination};
	uint32_t rtt;

	(void)state;
	assert_non_null(liveness);
	assert_int_equal(liveness_get(liveness, &of, 1000, &rtt), LIVENESS_UNTRIED);
	liveness_mark(liveness, 7, &mark, 1000);
	assert_int_equal(liveness_get(liveness, &of, 601000, &rtt), LIVENESS_WORKED);
	assert_int_equal(rtt, 70);
	assert_int_equal(liveness_get(liveness, &of, 601001, &rtt), LIVENESS_UNTRIED);
	mark.worked = false;
	liveness_mark(liveness, 7, &mark, 2000);
	assert_int_equal(liveness_get(liveness, &of, 62000, &rtt), LIVENESS_FAILED);
	assert_int_equal(liveness_get(liveness, &of, 62001, &rtt), LIVENESS_UNTRIED);
	for (unsigned i = 0; i < 1000; i++) { /* a flood: bounded, and no crash */
		put_u32(mark.source, i);
		liveness_mark(liveness, 7, &mark, 3000 + i);
	}
	put_u32(mark.source, 999);
	assert_int_equal(liveness_get(liveness, &of, 4000, &rtt), LIVENESS_FAILED);
	liveness_free(liveness);
}

/* What a user's programs say counts for that user; what the host found out, for all; the later of both. */
static void
test_liveness_of_users(void **state)
{
	static const struct {
		uint32_t first, second; /* who says that it worked, and then that it failed */
		enum liveness_state seventh, eighth; /* what it is to two users */
	} rows[] = {
	    {7, 8, LIVENESS_WORKED, LIVENESS_FAILED},
	    {8, 7, LIVENESS_FAILED, LIVENESS_WORKED},
	    {7, 7, LIVENESS_FAILED, LIVENESS_UNTRIED},
	    {7, LIVENESS_ALL, LIVENESS_FAILED, LIVENESS_FAILED},
	    {LIVENESS_ALL, 7, LIVENESS_FAILED, LIVENESS_WORKED},
	    {LIVENESS_ALL, LIVENESS_ALL, LIVENESS_FAILED, LIVENESS_FAILED},
	    {9, 0, LIVENESS_UNTRIED, LIVENESS_UNTRIED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct liveness *liveness = liveness_new(64);
		struct pair_mark mark = {
		    .source = {1}, .destination = {2}, .worked = true, .rtt_us = 70};
		const struct liveness_question seventh = {7, mark.source, mark.destination},
					       eighth = {8, mark.source, mark.destination};
		uint32_t rtt;

		assert_non_null(liveness);
		liveness_mark(liveness, rows[i].first, &mark, 1000);
		mark.worked = false;
		liveness_mark(liveness, rows[i].second, &mark, 1001);
		if (liveness_get(liveness, &seventh, 1002, &rtt) != rows[i].seventh ||
		    liveness_get(liveness, &eighth, 1002, &rtt) != rows[i].eighth)
			fail_msg("row %zu", i);
		assert_int_equal(rtt, rows[i].eighth == LIVENESS_WORKED ? 70 : 0);
		liveness_free(liveness);
	}
}

static int
setup(void **state)
{
	(void)state;
	policy_default(&policy);
	memset(&wishes, 0, sizeof wishes);
	memset(&usual, 0, sizeof usual);
	n_published = 0;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_preference, setup),
	    cmocka_unit_test_setup(test_drain_then_backup_last, setup),
	    cmocka_unit_test_setup(test_weights, setup),
	    cmocka_unit_test_setup(test_weight_zero_is_last, setup),
	    cmocka_unit_test_setup(test_liveness, setup),
	    cmocka_unit_test_setup(test_rtt_between_sources, setup),
	    cmocka_unit_test_setup(test_interactive, setup),
	    cmocka_unit_test_setup(test_wishes, setup),
	    cmocka_unit_test_setup(test_own_preferences, setup),
	    cmocka_unit_test_setup(test_attempts_differ_in_exit_first, setup),
	    cmocka_unit_test_setup(test_identities_are_not_mixed, setup),
	    cmocka_unit_test_setup(test_rfc6724, setup),
	    cmocka_unit_test_setup(test_gai_conf, setup),
	    cmocka_unit_test_setup(test_liveness_times, setup),
	    cmocka_unit_test_setup(test_liveness_of_users, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
