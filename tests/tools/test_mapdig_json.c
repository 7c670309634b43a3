/*
 * test_mapdig_json.c - mapdig's JSON: scripts rely on every member of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/wire/errors.h"
#include "tests/tools/sample.h"

static void
test_json(void **state)
{
	static const char expected[] =
	    "{\"version\": 1, \"input\": {\"text\": \"host.example.org\", \"kind\": \"name\"}, "
	    "\"asked\": {\"by\": \"resolverd at /run/map.sock\", \"not_by\": null, "
	    "\"milliseconds\": 12, \"cached\": false}, \"exit\": 0, \"outcome\": \"found\", "
	    "\"error\": null, \"kind\": \"epid\", \"lifetime\": 60, \"name\": {\"verdict\": "
	    "\"secure\", \"denied\": false, \"ttl\": 300, \"why\": null, \"name\": "
	    "\"host.example.org.\"}, \"identities\": [{\"identity\": "
	    "\"2001:3f:fe00:a05:e437:dbb2:2e81:cb3e\", \"form\": \"address\", \"preference\": "
	    "10, "
	    "\"flags\": [], \"owner\": \"05e437dbb22e81cb3e.id.example.org.\", \"error\": "
	    "null, "
	    "\"mapping\": {\"verdict\": \"secure\", \"denied\": false, \"ttl\": 60, \"why\": "
	    "null}, "
	    "\"proof\": {\"verdict\": \"host-proved\", \"serial\": 1795435200000, \"expiry\": "
	    "1795521599}, \"sets\": [{\"name\": \"site.example.org.\", \"edge\": {\"verdict\": "
	    "\"secure\", \"denied\": false, \"ttl\": 60, \"why\": null}}], \"locators\": "
	    "[{\"address\": \"2001:db8:a:1::10\", \"verdict\": \"secure\", \"preference\": 20, "
	    "\"weight\": 60, \"flags\": [], \"path\": \"isp-a\", \"capabilities\": [], "
	    "\"probe_port\": 0, \"set\": \"site.example.org.\", \"reverse\": \"confirmed\", "
	    "\"claimed\": null}, {\"address\": \"192.0.2.1\", \"verdict\": \"host-proved\", "
	    "\"preference\": 20, \"weight\": 60, \"flags\": [\"backup\", \"drain\"], \"path\": "
	    "null, "
	    "\"capabilities\": [\"mptcp\", \"tls\"], \"probe_port\": 4177, \"set\": null, "
	    "\"reverse\": \"missing\", \"claimed\": null}]}]}";
	struct report report = report_of();
	char *text;
	char *compact;
	json_t *o;

	(void)state;
	result_good();
	text = draw(&report, document_put, false);
	o = json_loads(text, 0, NULL);
	assert_non_null(o);
	compact = json_dumps(o, 0);
	assert_string_equal(compact, expected);
	json_decref(o);
	free(compact);
	free(text);
}

static void
test_json_parts(void **state)
{
	struct report report = report_of();
	char *text;
	json_t *o;

	(void)state;
	result_good();
	chain_good();
	input.text = "\377"; /* no UTF-8 */
	SAY(result.name.why, "\303");
	report.chain = &chain;
	report.show_pairs = true;
	report.probes = probes;
	report.probe_port = 7000;
	text = draw(&report, document_put, false);
	o = json_loads(text, 0, NULL);
	assert_non_null(o);
	assert_int_equal(json_array_size(json_object_get(o, "pairs")), 0);
	assert_int_equal(
	    json_array_size(json_object_get(json_object_get(o, "chain"), "links")), 2);
	json_decref(o);
	free(text);
}

static void
test_json_error(void **state)
{
	struct page page = {0};
	json_t *o;

	(void)state;
	document_put_error("x", -MAP_ENOAGENT, "nobody", &page);
	o = json_loads(page.text, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(o, "version")), 1);
	assert_int_equal(json_integer_value(json_object_get(o, "exit")), EXIT_NO_REPLY);
	assert_string_equal(
	    json_string_value(json_object_get(json_object_get(o, "error"), "name")),
	    "MAP_ENOAGENT");
	json_decref(o);
	free(page.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_json),
	    cmocka_unit_test(test_json_parts),
	    cmocka_unit_test(test_json_error),
	};

	return cmocka_run_group_tests_name("mapdig/json", tests, NULL, NULL);
}
