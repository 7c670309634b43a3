/*
 * test_conf.c - resolverd.yaml and the files that it names: values, and what is said of mistakes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sys/conf.h"
#include "core/wire/errors.h"
#include "resolverd/conf.h"
#include "tests/sys/shapes.h"

#define ANCHOR \
	"a.test. DS 1 13 2 2BB183AF5F22588179A53B0A98631FAD1A2921182BB183AF5F22588179A53B0A\n"

static char folder[] = "/tmp/test_conf.XXXXXX";

static const char *
file_path(const char *name)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void
file_write(const char *name, const char *text)
{
	FILE *file = fopen(file_path(name), "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static struct conf *
load(const char *text, char why[CONF_MESSAGE])
{
	struct conf *conf = NULL;
	int error;

	file_write("resolverd.yaml", text);
	why[0] = '\0';
	error = conf_open(file_path("resolverd.yaml"), &conf, why, CONF_MESSAGE);
	assert_int_equal(error, conf != NULL ? 0 : -MAP_ECONFIG);
	return conf;
}

static void
test_everything(void **state)
{
	char why[CONF_MESSAGE];
	struct conf *c;

	(void)state;
	file_write("realms.yaml", "2001:3f:fe00:a00::/56: id.example.org\n");
	c = load(
	    "socket: /s\ncontrol: /c\nuser: root\ntrust-anchors: [anchors]\n"
	    "stubs:\n  a.test: [192.0.2.1@5353, '2001:db8::1']\n  b.test: [192.0.2.1]\n"
	    "forwarders: [192.0.2.9]\nprivate-locators: on\npaths: off\ndeadline: 2s\n"
	    "exits: off\nprobe: 5177\nclasses:\n  cheap: {avoid: [lte, lte], watch: normal}\n"
	    "  any: {watch: fast}\n"
	    "watch: {fast: {probes: 4, gap: 20ms}, normal: {stall: 2s}}\n"
	    "flap: {hold: 500ms, most: 2m, penalty: 3}\n"
	    "try: 200ms\ncache: 1M\nlog: warn\n",
	    why);
	assert_string_equal(why, "");
	assert_non_null(c);
	assert_string_equal(c->socket, "/s");
	assert_string_equal(c->control, "/c");
	assert_string_equal(c->user, "root");
	assert_string_equal(c->resolver.anchors[0], "anchors");
	assert_int_equal(c->resolver.n_stubs, 2);
	assert_int_equal(c->resolver.stubs[0].n, 2);
	assert_int_equal(c->resolver.n_forwarders, 1);
	assert_true(c->private_locators);
	assert_int_equal(c->paths, PATHS_OFF);
	assert_int_equal(c->exits, EXITS_OFF);
	assert_int_equal(c->probe, 5177);
	assert_int_equal(c->classes[SESSION_CHEAP].avoid.n, 1);
	assert_true(path_list_has(&c->classes[SESSION_CHEAP].avoid, "lte"));
	assert_int_equal(c->watch[SESSION_CHEAP], WATCH_NORMAL);
	assert_int_equal(c->watch[SESSION_ANY], WATCH_FAST);
	assert_int_equal(c->watch[SESSION_INTERACTIVE], WATCH_FAST);
	assert_int_equal(c->watch[SESSION_BULK], WATCH_NORMAL);
	assert_int_equal(conf_watch(c, SESSION_ANY)->probes, 4);
	assert_int_equal(conf_watch(c, SESSION_ANY)->gap_ms, 20);
	assert_int_equal(conf_watch(c, SESSION_ANY)->beat_ms, watch_row(WATCH_FAST)->beat_ms);
	assert_int_equal(conf_watch(c, SESSION_BULK)->stall_ms, 2000);
	assert_int_equal(conf_watch(c, SESSION_BULK)->probes, watch_row(WATCH_NORMAL)->probes);
	assert_int_equal(c->flap.hold_ms, 500);
	assert_int_equal(c->flap.most_ms, 120000);
	assert_int_equal(c->flap.penalty, 3);
	assert_int_equal(c->deadline, 2000);
	assert_int_equal(c->resolver.try_ms, 200);
	assert_int_equal(c->cache, 1 << 20);
	assert_int_equal(c->log, DIAG_WARN);
	assert_int_equal(c->n_realms, 1);
	conf_close(c);
}

/* What is said, behind the folder's name. */
static const struct {
	const char *text;
	const char *why; /* its beginning, if it ends in "..." */
} rows[] = {
    {"sockett: /s\n",
	"/resolverd.yaml:1: sockett: not a known key; expected one of socket, ..."},
    {"socket: /s\nsocket: /t\n", "/resolverd.yaml:2: socket: stands here a second time; ..."},
    {"socket: ''\n", "/resolverd.yaml:1: socket: is too short; expected at least 1 characters"},
    {"socket: [/s]\n", "/resolverd.yaml:1: socket: has a list; expected a single value"},
    {"socket: /01234567890123456789012345678901234567890123456789012345678901234567890123456789"
     "012345678901234567890123456\n",
	"/resolverd.yaml:1: socket: too long for a socket; expected a path of at most 107 "
	"characters"},
    {"log: info\nsocket: /s\ncontrol: /s\n", "/resolverd.yaml:3: control: socket and control "
					     "have the same path; expected a path for "
					     "each"},
    {"log: info\nuser: nobody-of-that-name\n",
	"/resolverd.yaml:2: user: there is no such user; expected a user of this host"},
    {"log: loud\n", "/resolverd.yaml:1: log: not a level; expected error, warn, info or debug"},
    {"paths: on\n",
	"/resolverd.yaml:1: paths: \"on\" is not known; expected one of kernel, manage, off"},
    {"exits: manage\n",
	"/resolverd.yaml:1: exits: \"manage\" is not known; expected one of observe, off"},
    {"probe: 0\n", "/resolverd.yaml:1: probe: not usable; expected a port, 1 to 65535, or off"},
    {"probe: 65536\n", "/resolverd.yaml:1: probe: not usable; ..."},
    {"classes:\n  bulk:\n    prefer: [a, 'b c']\n",
	"/resolverd.yaml:3: classes/bulk/prefer/1: not the name of a path; ..."},
    {"watch:\n  quick: {probes: 4}\n", "/resolverd.yaml:2: watch/quick: not a known key; ..."},
    {"watch:\n  fast:\n    gap: 10\n",
	"/resolverd.yaml:3: watch/fast/gap: not usable; expected a time from 10ms to 1000ms"},
    {"watch:\n  fast:\n    gap: 9ms\n", "/resolverd.yaml:3: watch/fast/gap: ..."},
    {"watch:\n  fast:\n    probes: 21\n",
	"/resolverd.yaml:3: watch/fast/probes: not usable; expected a number from 2 to 20"},
    {"watch:\n  fast:\n    probes: 3\n",
	"/resolverd.yaml:2: watch/fast: its lead is longer than its probes; ..."},
    {"flap:\n  penalty: 0\n",
	"/resolverd.yaml:2: flap/penalty: not usable; expected a number from 1 to 10"},
    {"flap: {hold: 1d}\n", "/resolverd.yaml:1: flap/hold: not usable; ..."},
    {"flap:\n  hold: 2m\n", "/resolverd.yaml:2: flap/hold: most is shorter than hold; ..."},
    {"private-locators: maybe\n",
	"/resolverd.yaml:1: private-locators: \"maybe\" is neither; expected true or false"},
    {"deadline: 5\n",
	"/resolverd.yaml:1: deadline: not usable; expected a time from 1ms to 1h, like 5s"},
    {"deadline: 0s\n", "/resolverd.yaml:1: deadline: not usable; ..."},
    {"deadline: 61m\n", "/resolverd.yaml:1: deadline: not usable; ..."},
    {"deadline: 5M\n", "/resolverd.yaml:1: deadline: not usable; ..."},
    {"try: 9ms\n", "/resolverd.yaml:1: try: not usable; expected a time from 10ms to 60s, ..."},
    {"try: 2m\n", "/resolverd.yaml:1: try: not usable; ..."},
    {"cache: 64\n",
	"/resolverd.yaml:1: cache: not usable; expected a size up to 64G, like 64M"},
    {"cache: 65G\n", "/resolverd.yaml:1: cache: not usable; ..."},
    {"cache: 64m\n", "/resolverd.yaml:1: cache: not usable; ..."},
    {"cache: 18446744073709551615T\n", "/resolverd.yaml:1: cache: not usable; ..."},
    {"forwarders: 192.0.2.1\n",
	"/resolverd.yaml:1: forwarders: has a single value; expected a list"},
    {"forwarders:\n  - 192.0.2.1\n  - 192.0.2.1:53\n",
	"/resolverd.yaml:3: forwarders/1: not an address; expected ADDRESS or ADDRESS@PORT"},
    {"forwarders: [192.0.2.1@0]\n", "/resolverd.yaml:1: forwarders/0: not an address; ..."},
    {"forwarders: [192.0.2.1@65536]\n", "/resolverd.yaml:1: forwarders/0: not an address; ..."},
    {"forwarders: [ns.example.org]\n", "/resolverd.yaml:1: forwarders/0: not an address; ..."},
    {"stubs:\n  a..b: [192.0.2.1]\n",
	"/resolverd.yaml:2: stubs/a..b: not a zone; expected a domain name"},
    {"stubs:\n  'a\\\"b': [192.0.2.1]\n",
	"/resolverd.yaml:2: stubs/a\\\"b: a name that libunbound cannot be told; ..."},
    {"stubs:\n  a.test: []\n",
	"/resolverd.yaml:2: stubs/a.test: has 0 entries; expected 1 to 32"},
    {"stubs:\n  a.test: [192.0.2.1]\n  A.test.: [192.0.2.1]\n",
	"/resolverd.yaml:3: stubs/A.test.: the same zone twice; expected each zone once"},
    {"stubs:\n  a.test:\n    - 192.0.2.1\n    - bad\n",
	"/resolverd.yaml:4: stubs/a.test/1: not an address; expected ADDRESS or ADDRESS@PORT"},
    {"stubs:\n  - zone: a.test\n    servers: [192.0.2.1]\n  - zone: b.test\n    servers:\n"
     "      - bad\n",
	"/resolverd.yaml:4: stubs/b.test/0: not an address; ..."},
    {"stubs:\n  - zone: a.test\n",
	"/resolverd.yaml:2: stubs/0: has no servers; expected one of each of zone, servers"},
    {"stubs:\n  - zone: a.test\n    servers: [192.0.2.1]\n    port: 53\n",
	"/resolverd.yaml:4: stubs/0/port: not a known key; expected one of zone, servers"},
    {"log: info\nrealms: /nonexistent/realms.yaml\n",
	"/resolverd.yaml:2: realms: /nonexistent/realms.yaml: No such file or directory; "
	"expected a table of realms, see realms.yaml(5)"},
    {"log: info\ntrust-anchors:\n  - anchors\n  - missing\n",
	"/resolverd.yaml:4: trust-anchors/1: missing: cannot be read: No such file or "
	"directory; "
	"expected a file with DS or DNSKEY records, as in a zone file"},
    {"trust-anchors: [empty]\n",
	"/resolverd.yaml:1: trust-anchors/0: empty: has no records; expected a file with ..."},
    {"trust-anchors: [anchors, garbage]\n",
	"/resolverd.yaml:1: trust-anchors/1: garbage:2: x. record: the type is missing; "
	"expected a file with ..."},
    {"trust-anchors: [.]\n",
	"/resolverd.yaml:1: trust-anchors/0: .: cannot be read: not a regular file; ..."},
    {"trust-anchors: [anchors]\nlog\n", "/resolverd.yaml:3: not YAML: ..."},
};

static void
assert_says(const char *text, const char *why, const char *expected)
{
	size_t n = strlen(expected);

	if (n > 3 && strcmp(expected + n - 3, "...") == 0)
		n -= 3;
	else if (strlen(why) != strlen(folder) + n)
		fail_msg("%s: %s", text, why);
	if (strncmp(why, folder, strlen(folder)) != 0 ||
	    strncmp(why + strlen(folder), expected, n) != 0)
		fail_msg("%s: %s", text, why);
}

static void
test_mistakes_are_named(void **state)
{
	char why[CONF_MESSAGE];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_null(load(rows[i].text, why));
		assert_says(rows[i].text, why, rows[i].why);
	}
}

static void
must_refuse(const char *text, char message[CONF_MESSAGE])
{
	assert_null(load(text, message));
}

/* Each key with a value of every wrong shape: line 2, the key, and what was expected. */
static void
test_shapes(void **state)
{
	static const char *const singles[] = {"socket", "control", "user", "log", "realms",
	    "deadline", "try", "cache", "paths", "private-locators", "exits", "probe", NULL};
	static const char *const lists[] = {"trust-anchors", "forwarders", NULL};

	(void)state;
	shapes_check(singles, lists, must_refuse);
}

static void
test_realms(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} tables[] = {
	    {"2001:3f:fe00:a00::/57: id.test\n", "/realms.yaml:1: 2001:3f:fe00:a00::/57: ..."},
	    {"\n2001:3f:fe00:a00::/56: a..b\n", "/realms.yaml:2: 2001:3f:fe00:a00::/56: ..."},
	    {"2001:3f:fe00:a00::/56: a\n2001:003f:fe00:a00::/56: b\n",
		"/realms.yaml:2: 2001:003f:fe00:a00::/56: the same prefix twice; expected each "
		"prefix once"},
	};
	char why[CONF_MESSAGE];

	(void)state;
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		file_write("realms.yaml", tables[i].text);
		assert_null(load("log: info\n", why));
		assert_says(tables[i].text, why, tables[i].why);
	}
	/* the one beside the configuration need not be there */
	assert_int_equal(unlink(file_path("realms.yaml")), 0);
	conf_close(load("log: info\n", why));
	assert_string_equal(why, "");
}

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	file_write("anchors", ANCHOR);
	file_write("empty", "; nothing\n");
	file_write("garbage", ANCHOR "x\n");
	return 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = {
	    "anchors", "empty", "garbage", "realms.yaml", "resolverd.yaml"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)unlink(file_path(names[i]));
	return chdir("/") != 0 || rmdir(folder) != 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_everything),
	    cmocka_unit_test(test_mistakes_are_named),
	    cmocka_unit_test(test_shapes),
	    cmocka_unit_test(test_realms),
	};

	return cmocka_run_group_tests_name("resolverd/conf", tests, setup, teardown);
}
