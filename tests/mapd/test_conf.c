/*
 * test_conf.c - mapd.yaml: defaults, values, and what is said of mistakes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/wire/dnssec.h"
#include "core/wire/errors.h"
#include "mapd/conf.h"
#include "mapd/node.h"

static char path[] = "/tmp/test_conf.XXXXXX";

static struct config *
load(const char *text, char message[CONFIG_MESSAGE])
{
	FILE *file = fopen(path, "w");
	struct config *config;
	int error;

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	message[0] = '\0';
	error = config_load(path, &config, message, CONFIG_MESSAGE);
	if (error != 0) {
		assert_int_equal(error, -MAP_ECONFIG);
		assert_null(config);
	}
	return config;
}

static void
test_defaults(void **state)
{
	char message[CONFIG_MESSAGE], text[ADDR_TEXT];
	struct config *c;

	(void)state;
	for (int missing = 0; missing < 2; missing++) {
		if (missing)
			assert_int_equal(
			    config_load("/nonexistent/mapd.yaml", &c, message, sizeof(message)),
			    0);
		else
			c = load("", message);
		assert_non_null(c);
		assert_int_equal(c->n_listen, 2);
		assert_string_equal(addr_print(&c->listen[0], text), "127.0.0.1@53");
		assert_string_equal(addr_print(&c->listen[1], text), "::1@53");
		assert_true(c->workers >= 1);
		assert_int_equal(c->map_size, (size_t)64 << 30);
		assert_int_equal(c->log, DIAG_INFO);
		assert_null(c->user);
		assert_int_equal(c->rules.n_zones, 0);
		config_free(c);
	}
}

static void
test_everything(void **state)
{
	char message[CONFIG_MESSAGE], text[ADDR_TEXT];
	struct config *c = load("listen: [192.0.2.1@5300, 2001:db8::1]\n"
				"database: /d\ncontrol: /c\nuser: mapd\nworkers: 3\n"
				"map-size: 2G\nlog: debug\nzones:\n"
				"  Id.Example.org:\n    prefix: 2001:3f:fe00:a00::/56\n"
				"    denial: nsec\n    algorithm: ed25519\n"
				"    private-locators: true\n  example.org: {}\n",
	    message);

	(void)state;
	assert_string_equal(message, "");
	assert_non_null(c);
	assert_int_equal(c->n_listen, 2);
	assert_string_equal(addr_print(&c->listen[0], text), "192.0.2.1@5300");
	assert_string_equal(addr_print(&c->listen[1], text), "2001:db8::1@53");
	assert_string_equal(c->database, "/d");
	assert_string_equal(c->keys, "/d/keys");
	assert_string_equal(c->control, "/c");
	assert_string_equal(c->user, "mapd");
	assert_int_equal(c->workers, 3);
	assert_int_equal(c->map_size, (size_t)2 << 30);
	assert_int_equal(c->log, DIAG_DEBUG);
	assert_int_equal(c->rules.n_zones, 2);
	assert_int_equal(c->rules.zones[0].denial, DENIAL_NSEC);
	assert_int_equal(c->rules.zones[0].algorithm, ALGORITHM_ED25519);
	assert_true(c->rules.zones[0].private_locators);
	assert_true(name_is_lower(&c->rules.zones[0].apex));
	assert_int_equal(c->rules.zones[1].denial, 0);
	assert_int_equal(c->rules.zones[1].algorithm, 0);
	assert_false(c->rules.zones[1].private_locators);
	assert_int_equal(c->rules.n_realms, 1);
	assert_int_equal(c->rules.realms[0].length, 56);
	assert_int_equal(c->rules.realms[0].prefix[1], 0x01);
	assert_true(name_equal(&c->rules.realms[0].suffix, &c->rules.zones[0].apex));
	config_free(c);
}

static void
test_mistakes_are_named(void **state)
{
	static const struct {
		const char *text;
		const char *line;
		const char *word;
	} rows[] = {
	    {"listen: [192.0.2.1]\nlissten: [192.0.2.1]\n", ":2: ", "lissten"},
	    {"workers: many\n", ":1: ", "workers"},
	    {"workers: 100000\n", ":1: ", "workers"},
	    {"log: info\nlog: loud\n", ":2: ", "log"},
	    {"log: loud\n", ":1: ", "info"},
	    {"\nmap-size: 64\n", ":2: ", "map-size"},
	    {"map-size: 1K\n", ":1: ", "map-size"},
	    {"listen:\n  - 127.0.0.1@1\n  - 127.0.0.1@70000\n", ":3: ", "listen/1"},
	    {"listen:\n  - 127.0.0.1@1\n  - 127.0.0.1@1\n", ":3: ", "twice"},
	    {"zones:\n  example.org:\n    denial: none\n", ":3: ", "nsec3"},
	    {"zones:\n  a..b:\n    denial: nsec\n", ":2: ", "a..b"},
	    {"zones:\n  a.b:\n    prefix: 2001:3f:fe00:a00::/57\n", ":3: ", "prefix"},
	    {"zones:\n  a.b:\n    prefix: 2001:3f:fe00:a01::/56\n", ":3: ", "prefix"},
	    {"zones:\n  a.b:\n    prefix: \"2001:3f::\"\n", ":3: ", "prefix"},
	    {"zones:\n  a.b:\n    private-locators: perhaps\n", ":3: ", "private-locators"},
	    {"listen: [\n", ":2: ", "YAML"},
	};
	char message[CONFIG_MESSAGE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(load(rows[i].text, message));
		if (strstr(message, rows[i].line) == NULL ||
		    strstr(message, rows[i].word) == NULL)
			fail_msg("%s gives: %s", rows[i].text, message);
		assert_int_equal(strncmp(message, path, strlen(path)), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_everything),
	    cmocka_unit_test(test_mistakes_are_named),
	};
	int failed;
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
