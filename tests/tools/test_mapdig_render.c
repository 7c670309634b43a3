/*
 * test_mapdig_render.c - mapdig's output as a pure function of the result: the tree, +short, and
 * the exit status for every error and verdict.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <errno.h>

#include <stdio.h>

#include "core/wire/errors.h"
#include "tests/tools/sample.h"

static void
assert_story(const struct report *report, const char *expected)
{
	char *text = draw(report, story_put, false);

	assert_string_equal(text, expected);
	free(text);
}

static void
assert_shows(const struct report *report, const char *part)
{
	char *text = draw(report, story_put, false);

	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in:\n%s", part, text);
	free(text);
}

static void
test_tree(void **state)
{
	struct report report = report_of();

	(void)state;
	result_good();
	assert_story(&report,
	    "host.example.org\n"
	    "`- name -> identity                         secure  EPID, ttl 300\n"
	    "   `- 2001:3f:fe00:a05:e437:dbb2:2e81:cb3e  preference 10\n"
	    "      |- identity -> locators               secure, host-proved  at "
	    "05e437dbb22e81cb3e.id.example.org., ttl 60\n"
	    "      |- proof of the host                  host-proved  serial 1795435200000 "
	    "of "
	    "2026-11-23 12:00:00Z, until 2026-11-24 11:59:59Z (in 23h 59m)\n"
	    "      |- via -> set                         secure  site.example.org., ttl 60\n"
	    "      |- 2001:db8:a:1::10                   secure  preference 20, weight 60, "
	    "path "
	    "isp-a, from site.example.org.\n"
	    "      |  `- locator -> identity             confirmed\n"
	    "      `- 192.0.2.1                          host-proved  preference 20, weight "
	    "60, "
	    "backup, drain, mptcp, tls, probe 4177\n"
	    "         `- locator -> identity             missing\n"
	    "found: 2 locators, for 60 s\n"
	    "asked resolverd at /run/map.sock, 12 ms\n");
}

static void
test_lines_and_colors(void **state)
{
	struct report report = report_of();
	struct page page = {.color = true, .utf8 = true};

	(void)state;
	result_good();
	result.cached = true;
	report.not_by = "told so";
	story_put(&report, &page);
	assert_non_null(page.text);
	assert_non_null(strstr(page.text, "└─ name -> identity"));
	assert_non_null(strstr(page.text, "      │  └─ locator -> identity"));
	assert_non_null(strstr(page.text, "\033[32msecure\033[0m  EPID"));
	assert_non_null(strstr(page.text, "\033[33mmissing\033[0m\n"));
	assert_non_null(strstr(page.text, "12 ms, cached\nresolverd was not asked: told so\n"));
	free(page.text);
}

/* A terminal is not steered by what a server sent. */
static void
test_control_characters(void **state)
{
	struct report report = report_of();
	char *text;

	(void)state;
	result_good();
	result.name.dnssec = VERDICT_BOGUS;
	SAY(result.name.why, "a\033[2Jb\nc");
	text = draw(&report, story_put, false);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "a?[2Jb?c"));
	free(text);
}

struct verdict_case {
	enum verdict verdict;
	const char *word;
	enum tone tone;
};

static const struct verdict_case verdict_cases[] = {
    {VERDICT_SECURE, "secure", TONE_GOOD},
    {VERDICT_INSECURE, "insecure", TONE_WARN},
    {VERDICT_PROVED, "host-proved", TONE_GOOD},
    {VERDICT_CONFIRMED, "confirmed", TONE_GOOD},
    {VERDICT_MISSING, "missing", TONE_WARN},
    {VERDICT_MISMATCH, "mismatch", TONE_BAD},
    {VERDICT_BOGUS, "bogus", TONE_BAD},
    {VERDICT_MALFORMED, "malformed", TONE_BAD},
    {VERDICT_FOREIGN, "foreign proof", TONE_BAD},
    {VERDICT_UNPROVED, "not proved", TONE_PLAIN},
    {VERDICT_EXPIRED, "proof expired", TONE_WARN},
    {VERDICT_STALE, "stale", TONE_BAD},
    {VERDICT_REVOKED, "revoked", TONE_BAD},
    {VERDICT_SERVER, "server error", TONE_BAD},
    {VERDICT_TIMEOUT, "no answer", TONE_BAD},
    {VERDICT_FAILED, "proof fails", TONE_BAD},
};

/* Each verdict at each edge is shown by its word, with the cause, and +why explains it. */
static void
test_verdicts(void **state)
{
	struct report report = report_of();
	char part[200];

	(void)state;
	for (size_t i = 0; i < sizeof verdict_cases / sizeof verdict_cases[0]; i++) {
		const struct verdict_case *c = &verdict_cases[i];

		result_good();
		assert_int_equal(verdict_tone(c->verdict), c->tone);
		assert_true(strlen(verdict_meaning(c->verdict)) > 0);
		result.identities[0].locators[0].reverse = c->verdict;
		snprintf(
		    part, sizeof part, "|  `- locator -> identity             %s\n", c->word);
		report.show_why = false;
		assert_shows(&report, part);
		result.identities[0].mapping.dnssec = c->verdict;
		SAY(result.identities[0].mapping.why, "the cause");
		assert_shows(&report, "the cause");
		report.show_why = true;
		snprintf(part, sizeof part, "%s: %s\n", c->word, verdict_meaning(c->verdict));
		assert_shows(&report, part);
	}
	/* No verdict without a row. */
	for (enum verdict v = VERDICT_SECURE; v <= VERDICT_FAILED; v++)
		assert_string_not_equal(verdict_meaning(v), verdict_meaning(VERDICT_NONE));
}

struct exit_case {
	int error;
	int exit;
	const char *word;
};

static const struct exit_case exit_cases[] = {
    {0, 0, "found"},
    {-MAP_EUSAGE, 1, "usage"},
    {-MAP_ETEXT, 1, "usage"},
    {-MAP_EREFERENCE, 1, "usage"},
    {-MAP_ECONFIG, 1, "usage"},
    {-MAP_EINSECURE, 2, "insecure"},
    {-MAP_ENOPROOF, 2, "insecure"},
    {-MAP_EEXPIRED, 2, "insecure"},
    {-MAP_ENOTFOUND, 3, "not-found"},
    {-MAP_ENOLOCATOR, 4, "no-locators"},
    {-MAP_EREVOKED, 4, "no-locators"},
    {-MAP_ENOROUTE, 4, "no-locators"},
    {-MAP_EBOGUS, 5, "bogus"},
    {-MAP_ESTALE, 5, "bogus"},
    {-MAP_ESIG, 5, "bogus"},
    {-MAP_EKEY, 6, "mismatch"},
    {-MAP_EMISMATCH, 6, "mismatch"},
    {-MAP_ESERVER, 7, "server-error"},
    {-MAP_EFORMAT, 7, "server-error"},
    {-MAP_ETIMEOUT, 9, "no-reply"},
    {-MAP_ENOAGENT, 9, "no-reply"},
    {-MAP_ENOMEM, 10, "internal"},
    {-MAP_ESYS, 10, "internal"},
    {-MAP_EINTERNAL, 10, "internal"},
};

static void
test_exits(void **state)
{
	struct report report = report_of();

	(void)state;
	for (size_t i = 0; i < sizeof exit_cases / sizeof exit_cases[0]; i++) {
		const struct exit_case *c = &exit_cases[i];
		char part[300];
		char *text;
		json_t *o;

		result_good();
		result.error = c->error;
		result.name.denied = true; /* an absence that is proved */
		SAY(result.why, c->error != 0 ? "because" : "");
		assert_int_equal(outcome_exit_of(c->error), c->exit);
		assert_int_equal(outcome_exit(&input, &result), c->exit);
		assert_string_equal(outcome_word(c->exit), c->word);
		if (c->error != 0) {
			snprintf(part, sizeof part, "\n%s: %s: because\n", c->word,
			    error_text(c->error));
			assert_shows(&report, part);
		}
		text = draw(&report, document_put, false);
		o = json_loads(text, 0, NULL);
		assert_non_null(o);
		assert_int_equal(json_integer_value(json_object_get(o, "exit")), c->exit);
		assert_string_equal(json_string_value(json_object_get(o, "outcome")), c->word);
		assert_int_equal(json_is_null(json_object_get(o, "error")), c->error == 0);
		json_decref(o);
		free(text);
	}
}

/* Exit 3 only for what is proved not to exist; reverse names count too. */
static void
test_exits_of_edges(void **state)
{
	(void)state;
	result_good();
	result.error = -MAP_ENOTFOUND;
	assert_int_equal(outcome_exit(&input, &result), EXIT_NO_LOCATORS);
	result.identities[0].mapping.denied = true;
	assert_int_equal(outcome_exit(&input, &result), EXIT_NO_LOCATORS);
	result.asked.n = 0; /* the identity itself was asked for */
	assert_int_equal(outcome_exit(&input, &result), EXIT_NOT_FOUND);

	/* of a kind that is not known here: what was typed, or only what was found */
	assert_int_equal(outcome_exit_of(-MAP_EUNKNOWN), EXIT_USAGE);
	result_good();
	result.error = -MAP_EUNKNOWN;
	assert_int_equal(outcome_exit(&input, &result), EXIT_NO_LOCATORS);

	result_good();
	result.identities[0].locators[1].reverse = VERDICT_MISMATCH;
	assert_int_equal(outcome_exit(&input, &result), EXIT_MISMATCH);
	result.identities[0].locators[0].reverse = VERDICT_BOGUS;
	assert_int_equal(outcome_exit(&input, &result), EXIT_BOGUS);
	result.identities[0].locators[0].reverse = VERDICT_TIMEOUT;
	result.identities[0].locators[1].reverse = VERDICT_MISSING;
	assert_int_equal(outcome_exit(&input, &result), EXIT_FOUND);
}

static void
test_missing(void **state)
{
	struct report report = report_of();

	(void)state;
	result_good();
	result.error = -MAP_ENOTFOUND;
	result.n_identities = 0;
	result.name = (struct edge){.dnssec = VERDICT_MISSING, .denied = true, .ttl = 30};
	assert_story(&report, "host.example.org\n"
			      "`- name -> identity  missing, proved  ttl 30\n"
			      "not-found: does not exist\n"
			      "asked resolverd at /run/map.sock, 12 ms\n");
	result.name.denied = false;
	assert_shows(&report, "missing, not proved");
}

/* A locator was asked for: who claims it, and whether he has it. */
static void
test_claims(void **state)
{
	struct report report = report_of();

	(void)state;
	result_good();
	input.kind = INPUT_LOCATOR;
	input.text = "192.0.2.1";
	assert_int_equal(address_scan("192.0.2.1", 9, input.address), 0);
	result.asked = name_of("1.2.0.192.in-addr.arpa.");
	assert_int_equal(outcome_claim(&input, &result), VERDICT_CONFIRMED);
	assert_int_equal(outcome_exit(&input, &result), EXIT_FOUND);
	assert_shows(&report,
	    "`- locator -> identity                      secure, confirmed  at "
	    "1.2.0.192.in-addr.arpa., EPID, ttl 300\n");
	assert_int_equal(address_scan("192.0.2.2", 9, input.address), 0);
	assert_int_equal(outcome_claim(&input, &result), VERDICT_MISMATCH);
	assert_int_equal(outcome_exit(&input, &result), EXIT_MISMATCH);
	assert_shows(&report, "secure, mismatch");
	assert_shows(&report, "\nmismatch: a reverse name says another identity\n");
}

static void
test_mismatch_and_legacy(void **state)
{
	struct report report = report_of();
	struct found_identity *id = &result.identities[0];

	(void)state;
	result_good();
	id->locators[0].reverse = VERDICT_MISMATCH;
	id->locators[0].claimed = eid_of("2001:3f:fe00:a05:1308:2469:9a4b:c6b2");
	assert_shows(&report, "mismatch  says 2001:3f:fe00:a05:1308:2469:9a4b:c6b2\n");

	result_good();
	result.kind = RESULT_LEGACY;
	memset(&id->id, 0, sizeof id->id);
	id->proof = VERDICT_NONE;
	id->n_sets = 0;
	id->error = -MAP_EINSECURE;
	result.error = -MAP_EINSECURE;
	assert_shows(&report, "secure  addresses only (legacy), ttl 300\n");
	assert_shows(&report, "no identity");
	assert_shows(&report, "name -> addresses");
	assert_shows(&report, "not secure, and security was asked for");
}

static void
test_reference(void **state)
{
	struct report report = report_of();

	(void)state;
	result_good();
	input.kind = INPUT_REFERENCE;
	input.text = "eid:[2001:3f:fe00:a05:e437:dbb2:2e81:cb3e]:443";
	input.reference.id = result.identities[0].id;
	input.reference.port = 443;
	result.kind = RESULT_IDENTITY;
	result.asked.n = 0;
	assert_shows(
	    &report, "not signed  to 2001:3f:fe00:a05:e437:dbb2:2e81:cb3e, port 443\n");
	input.reference.is_signed = true;
	input.reference.by = eid_of("2001:3f:fe00:a05:1308:2469:9a4b:c6b2");
	input.reference.exp = NOW - 10;
	assert_shows(&report, "by 2001:3f:fe00:a05:1308:2469:9a4b:c6b2, until "
			      "2026-11-23 11:59:50Z (10s ago)\n");
}

static void
test_probes_and_pairs(void **state)
{
	struct report report = report_of();
	struct pair *pair = &result.pairs[0];

	(void)state;
	result_good();
	probes[0] = (struct probe){.us = 12345, .multipath = true};
	probes[1] = (struct probe){.error = ECONNREFUSED};
	report.probes = probes;
	report.probe_port = 7000;
	assert_shows(&report, "port 7000                       connected  12.3 ms, mptcp\n");
	assert_shows(&report, "port 7000                       Connection refused\n");
	report.show_pairs = true;
	assert_shows(&report, "none: resolverd alone ranks them");
	result.n_pairs = 1;
	assert_int_equal(address_scan("2001:db8:a::1", 13, pair->source), 0);
	assert_int_equal(address_scan("2001:db8:a:1::10", 16, pair->destination), 0);
	pair->rtt_us = 1500;
	SAY(pair->why, "worked before");
	assert_shows(
	    &report, "2001:db8:a::1 -> 2001:db8:a:1::10     rtt 1.5 ms, worked before\n");
}

static void
test_chain(void **state)
{
	struct report report = report_of();
	struct chain_signature *sig = &chain.links[1].signatures[0];

	(void)state;
	result_good();
	chain_good();
	report.chain = &chain;
	assert_int_equal(chain_broken(&chain), -1);
	assert_shows(&report, "as 192.0.2.53@53 has it\n");
	assert_shows(&report,
	    "good  tag 14272, algorithm 13, from 2026-11-23 11:00:00Z (1h 0m ago), "
	    "until 2026-11-26 11:00:00Z (in 2d 23h)\n");
	sig->good = false;
	SAY(sig->why, "has expired");
	assert_int_equal(chain_broken(&chain), 1);
	assert_shows(&report, "example.org. DNSKEY                   breaks here  1 "
			      "record, ttl 300, 257 tag 14272 "
			      "algorithm 13\n");
	/* One good signature is enough; a link that is bad by itself is not saved by it. */
	chain.links[1].n_signatures = 2;
	chain.links[1].signatures[1] = chain.links[0].signatures[0];
	assert_int_equal(chain_broken(&chain), -1);
	chain.links[0].bad = true;
	assert_int_equal(chain_broken(&chain), 0);
}

static void
assert_brief(const struct report *report, const char *expected)
{
	char *text = draw(report, brief_put, false);

	assert_string_equal(text, expected);
	free(text);
}

static void
test_short(void **state)
{
	struct report report = report_of();

	(void)state;
	result_good();
	assert_brief(&report, "2001:db8:a:1::10\n192.0.2.1\n");
	result.identities[0].error = -MAP_EEXPIRED; /* one of several cannot be used */
	assert_brief(&report, "");
	result_good();
	result.error = -MAP_EBOGUS;
	assert_brief(&report, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tree),
	    cmocka_unit_test(test_lines_and_colors),
	    cmocka_unit_test(test_control_characters),
	    cmocka_unit_test(test_verdicts),
	    cmocka_unit_test(test_exits),
	    cmocka_unit_test(test_exits_of_edges),
	    cmocka_unit_test(test_missing),
	    cmocka_unit_test(test_claims),
	    cmocka_unit_test(test_mismatch_and_legacy),
	    cmocka_unit_test(test_reference),
	    cmocka_unit_test(test_probes_and_pairs),
	    cmocka_unit_test(test_chain),
	    cmocka_unit_test(test_short),
	};

	return cmocka_run_group_tests_name("mapdig/render", tests, NULL, NULL);
}
