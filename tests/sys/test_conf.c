/*
 * test_conf.c - core/sys/conf: what an operator is told about a wrong file, and what is loaded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <cyaml/cyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/sys/conf.h"
#include "core/wire/errors.h"

struct zone_conf {
	char *name;
	char *prefix;
	int denial;
	char **sites;
	unsigned sites_count;
};

struct stub_conf {
	char *zone;
	char **servers;
	unsigned servers_count;
};

struct test_conf {
	char *database;
	unsigned short workers;
	int offset;
	bool open;
	char **listen;
	unsigned listen_count;
	struct zone_conf *zones;
	unsigned zones_count;
	struct stub_conf *stubs;
	unsigned stubs_count;
};

static const cyaml_schema_value_t text_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, 40),
};
static const cyaml_strval_t denial_words[] = {{"nsec", 1}, {"nsec3", 2}};
static const cyaml_schema_field_t zone_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct zone_conf, name, 1, 255),
    CYAML_FIELD_STRING_PTR(
	"prefix", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct zone_conf, prefix, 1, 50),
    CYAML_FIELD_ENUM("denial", CYAML_FLAG_OPTIONAL, struct zone_conf, denial, denial_words, 2),
    CYAML_FIELD_SEQUENCE("sites", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct zone_conf,
	sites, &text_value, 0, 3),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t zone_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct zone_conf, zone_fields),
};
static const cyaml_schema_field_t stub_fields[] = {
    CYAML_FIELD_STRING_PTR("zone", CYAML_FLAG_POINTER, struct stub_conf, zone, 1, 255),
    CYAML_FIELD_SEQUENCE(
	"servers", CYAML_FLAG_POINTER, struct stub_conf, servers, &text_value, 1, 8),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t stub_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct stub_conf, stub_fields),
};
static const cyaml_schema_field_t test_fields[] = {
    CYAML_FIELD_STRING_PTR("database", CYAML_FLAG_POINTER, struct test_conf, database, 1, 60),
    CYAML_FIELD_UINT("workers", CYAML_FLAG_OPTIONAL, struct test_conf, workers),
    CYAML_FIELD_INT("offset", CYAML_FLAG_OPTIONAL, struct test_conf, offset),
    CYAML_FIELD_BOOL("open", CYAML_FLAG_OPTIONAL, struct test_conf, open),
    CYAML_FIELD_SEQUENCE("listen", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct test_conf,
	listen, &text_value, 0, 16),
    CYAML_FIELD_SEQUENCE("zones", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct test_conf,
	zones, &zone_value, 0, 100),
    CYAML_FIELD_SEQUENCE("stubs", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct test_conf,
	stubs, &stub_value, 0, 100),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t test_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct test_conf, test_fields),
};

/* A file of the user's own keys alone, as realms.yaml. */
struct row_conf {
	char *prefix;
	char *suffix;
};
struct rows_conf {
	struct row_conf *rows;
	unsigned rows_count;
};
static const cyaml_schema_field_t row_fields[] = {
    CYAML_FIELD_STRING_PTR("prefix", CYAML_FLAG_POINTER, struct row_conf, prefix, 1, 50),
    CYAML_FIELD_STRING_PTR("suffix", CYAML_FLAG_POINTER, struct row_conf, suffix, 1, 255),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t row_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct row_conf, row_fields),
};
static const cyaml_schema_field_t rows_fields[] = {
    CYAML_FIELD_SEQUENCE("*", CYAML_FLAG_POINTER, struct rows_conf, rows, &row_value, 0, 100),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t rows_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct rows_conf, rows_fields),
};

static char test_path[] = "test_conf.XXXXXX";

static void
file_write(const char *text)
{
	FILE *file = fopen(test_path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

struct bad_row {
	const char *text;
	const char *message; /* after the file's name */
};

static const struct bad_row bad_rows[] = {
    {"database: /d\nworker: 3\n",
	":2: worker: not a known key; expected one of database, workers, offset, open, listen, "
	"zones, stubs"},
    {"\ndatabase: /d\nworkers: 3\n\nworkers: 4\n",
	":5: workers: stands here a second time; expected it once"},
    {"workers: 3\n",
	":1: has no database; expected one of each of database, workers, offset, open, listen, "
	"zones, stubs"},
    {"database: /d\nworkers: many\n",
	":2: workers: \"many\" is not such a number; expected 0 to 65535"},
    {"database: /d\nworkers: 65536\n",
	":2: workers: \"65536\" is not such a number; expected 0 to 65535"},
    {"database: /d\nworkers: -1\n",
	":2: workers: \"-1\" is not such a number; expected 0 to 65535"},
    {"database: /d\noffset: 2147483648\n",
	":2: offset: \"2147483648\" is not such a number; expected -2147483647 to 2147483647"},
    {"database: /d\nopen: maybe\n", ":2: open: \"maybe\" is neither; expected true or false"},
    {"database: /d\nopen:\n", ":2: open: has nothing; expected a single value"},
    {"database: [a]\n", ":1: database: has a list; expected a single value"},
    {"database: \"\"\n", ":1: database: is too short; expected at least 1 characters"},
    {"database: /d\nlisten: 127.0.0.1@53\n", ":2: listen: has a single value; expected a list"},
    {"database: /d\nlisten:\n  - a\n  - [b]\n",
	":4: listen/1: has a list; expected a single value"},
    {"database: /d\nlisten:\n  - aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	":3: listen/0: is too long; expected at most 40 characters"},
    {"database: /d\nzones:\n  example.org:\n    prefx: 2001:30::/28\n",
	":4: zones/example.org/prefx: not a known key; expected one of prefix, denial, sites"},
    {"database: /d\nzones:\n  a:\n    name: b\n",
	":4: zones/a/name: not a known key; expected one of prefix, denial, sites"},
    {"database: /d\nzones:\n  example.org:\n    denial: nsec5\n",
	":4: zones/example.org/denial: \"nsec5\" is not known; expected one of nsec, nsec3"},
    {"database: /d\nzones:\n  a:\n    sites: [a, b, c, d]\n",
	":4: zones/a/sites: has 4 entries; expected 0 to 3"},
    {"database: /d\nzones:\n  a: b\n",
	":3: zones/a: has a single value; expected keys and values"},
    {"database: /d\nzones:\n  a: {}\n  b: {}\n  a: {}\n",
	":5: zones/a: stands here a second time; expected it once"},
    {"database: /d\nzones:\n  - prefix: a\n",
	":3: zones/0: has no name; expected one of each of name, prefix, denial, sites"},
    {"database: /d\nzones:\n  - name: a\n  - name: b\n  - name: a\n  - name: a\n",
	":5: zones/a: stands here a second time; expected it once"},
    {"database: /d\n\"work\\0ers\": 1\n", ":2: has a key with a zero octet; expected a word"},
    {"database: /d\nopen: "
     "0123456789012345678901234567890123456789012345678901234567890123456789\n",
	":2: open: \"0123456789012345678901234567890123456789012345678901234567890123\" is "
	"neither; expected true or false"},
    {"database: /d\nstubs:\n  a: []\n", ":3: stubs/a: has 0 entries; expected 1 to 8"},
    {"database: /d\n? [a]\n: b\n", ":2: has a key that is a list; expected a word"},
    {"- database\n", ":1: has a list; expected keys and values"},
    {"database: /d\n\tworkers: 3\n", ":2: not YAML: found a tab character that violates "
				     "indentation; expected \"key: value\", "
				     "indented by spaces"},
    {"database: /d\n---\ndatabase: /e\n", ":2: a second document; expected one"},
    {"database: \"a\\0b\"\n", ":1: database: has a zero octet; expected text"},
};

static void
test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad_rows / sizeof bad_rows[0]; i++) {
		char message[1024];
		void *value;

		file_write(bad_rows[i].text);
		assert_int_equal(
		    conf_load(test_path, &test_schema, &value, message, sizeof message),
		    -MAP_ECONFIG);
		assert_null(value);
		assert_memory_equal(message, test_path, strlen(test_path));
		assert_string_equal(message + strlen(test_path), bad_rows[i].message);
	}
}

static void
test_load(void **state)
{
	struct test_conf *c;
	char message[1024];
	void *value;

	(void)state;
	file_write("# a comment\n"
		   "database: \"/var/lib/\\\"x\\\\\\n\"\n"
		   "workers: 010\n"
		   "offset: -7\n"
		   "open: off\n"
		   "listen: [127.0.0.1@53, '::1@53']\n"
		   "zones:\n"
		   "  example.org:\n"
		   "    prefix: 2001:3f:fe00:a00::/56\n"
		   "    denial: nsec3\n"
		   "    sites: &s [a, b]\n"
		   "  rev.example.org: {sites: *s}\n"
		   "  empty.example.org:\n"
		   "stubs:\n"
		   "  example.org: [192.0.2.1@53]\n");
	assert_int_equal(
	    conf_load(test_path, &test_schema, &value, message, sizeof message), 0);
	c = value;
	assert_string_equal(c->database, "/var/lib/\"x\\\n");
	assert_int_equal(c->workers, 10); /* libcyaml alone reads octal */
	assert_int_equal(c->offset, -7);
	assert_false(c->open); /* libcyaml alone reads "off" as true */
	assert_int_equal(c->listen_count, 2);
	assert_string_equal(c->listen[1], "::1@53");
	assert_int_equal(c->zones_count, 3);
	assert_string_equal(c->zones[0].name, "example.org");
	assert_string_equal(c->zones[0].prefix, "2001:3f:fe00:a00::/56");
	assert_int_equal(c->zones[0].denial, 2);
	assert_string_equal(c->zones[0].sites[1], "b");
	assert_string_equal(c->zones[1].sites[1], "b");
	assert_string_equal(c->zones[2].name, "empty.example.org");
	assert_int_equal(c->zones[2].denial, 0);
	assert_int_equal(c->stubs_count, 1);
	assert_string_equal(c->stubs[0].zone, "example.org");
	assert_string_equal(c->stubs[0].servers[0], "192.0.2.1@53");
	conf_free(&test_schema, value);
}

/* The same content as lists, and groups without content. */
static void
test_lists(void **state)
{
	struct test_conf *c;
	char message[1024];
	void *value;

	(void)state;
	file_write("database: /d\nlisten:\nstubs: ~\n"
		   "zones:\n- name: a\n  denial: nsec\n- {name: b}\n");
	assert_int_equal(
	    conf_load(test_path, &test_schema, &value, message, sizeof message), 0);
	c = value;
	assert_int_equal(c->listen_count, 0);
	assert_int_equal(c->stubs_count, 0);
	assert_int_equal(c->zones_count, 2);
	assert_int_equal(c->zones[0].denial, 1);
	assert_string_equal(c->zones[1].name, "b");
	conf_free(&test_schema, value);
	conf_free(&test_schema, NULL);
}

static void
test_own_keys(void **state)
{
	struct rows_conf *c;
	char message[1024];
	void *value;

	(void)state;
	file_write("2001:3f:fe00:a00::/56: id.example.org\n2001:db8::/32: \"x.example\"\n");
	assert_int_equal(
	    conf_load(test_path, &rows_schema, &value, message, sizeof message), 0);
	c = value;
	assert_int_equal(c->rows_count, 2);
	assert_string_equal(c->rows[0].prefix, "2001:3f:fe00:a00::/56");
	assert_string_equal(c->rows[1].suffix, "x.example");
	conf_free(&rows_schema, value);
	conf_blame(test_path, "2001:db8::/32", "no", "yes", message, sizeof message);
	assert_string_equal(message + strlen(test_path), ":2: 2001:db8::/32: no; expected yes");
	file_write("a: b\na: c\n");
	assert_int_equal(
	    conf_load(test_path, &rows_schema, &value, message, sizeof message), -MAP_ECONFIG);
	assert_string_equal(
	    message + strlen(test_path), ":2: a: stands here a second time; expected it once");
}

static void
test_nothing(void **state)
{
	static const char *const texts[] = {"", "\n# only a comment\n", "---\n", "~\n"};
	char message[1024];
	void *value;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		file_write(texts[i]);
		assert_int_equal(
		    conf_load(test_path, &test_schema, &value, message, sizeof message), 0);
		assert_null(value);
	}
	assert_int_equal(
	    conf_load("no/such/file", &test_schema, &value, message, sizeof message), 0);
	assert_null(value);
	assert_int_equal(
	    conf_load("/", &test_schema, &value, message, sizeof message), -MAP_ECONFIG);
	assert_string_equal(message, "/: cannot be read: Is a directory; expected a configuration file");
}

static void
test_blame(void **state)
{
	char message[256];

	(void)state;
	file_write("database: /d\nlisten:\n  - good\n  - bad\nzones:\n  example.org:\n    "
		   "prefix: x\n");
	conf_blame(
	    test_path, "listen/1", "not an address", "ADDR@PORT", message, sizeof message);
	assert_string_equal(
	    message + strlen(test_path), ":4: listen/1: not an address; expected ADDR@PORT");
	conf_blame(test_path, "zones/example.org/prefix", "no", "yes", message, sizeof message);
	assert_string_equal(
	    message + strlen(test_path), ":7: zones/example.org/prefix: no; expected yes");
	conf_blame(test_path, "zones/example.org/policy", "no", "yes", message, sizeof message);
	assert_string_equal(
	    message + strlen(test_path), ":6: zones/example.org/policy: no; expected yes");
}

/* Entries of a list are found by what would be their key; keys may have slashes. */
static void
test_blame_in_lists(void **state)
{
	static const struct {
		const char *key;
		const char *line;
	} rows[] = {
	    {"zones/b/denial", ":5: "},
	    {"zones/b/prefix", ":4: "},
	    {"zones/c", ":7: "},
	    {"zones/1/denial", ":5: "},
	    {"zones/9", ":2: "},
	    {"stubs/0/25.2.0.192/servers", ":9: "},
	    {"stubs/0/25.2.0.192/1", ":10: "},
	    {"stubs/0/99", ":8: "},
	};
	char message[256];

	(void)state;
	file_write("database: /d\nzones:\n  - {name: a}\n  - name: b\n    denial: nsec\n"
		   "# none\n  - {name: c}\n"
		   "stubs:\n  0/25.2.0.192: [a,\n    b]\n");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		conf_blame(test_path, rows[i].key, "no", "yes", message, sizeof message);
		if (strncmp(message + strlen(test_path), rows[i].line, 4) != 0)
			fail_msg("%s: %s", rows[i].key, message);
	}
}

struct unit_row {
	const char *text;
	uint64_t time; /* UINT64_MAX: refused */
	uint64_t size;
};

static const struct unit_row unit_rows[] = {
    {"300ms", 300, UINT64_MAX},
    {"5s", 5000, UINT64_MAX},
    {"10m", 600000, UINT64_MAX},
    {"2h", 7200000, UINT64_MAX},
    {"14d", 1209600000, UINT64_MAX},
    {"64M", UINT64_MAX, 64u << 20},
    {"2G", UINT64_MAX, 2ull << 30},
    {"0B", UINT64_MAX, 0},
    {"5", UINT64_MAX, UINT64_MAX},
    {"", UINT64_MAX, UINT64_MAX},
    {"s", UINT64_MAX, UINT64_MAX},
    {"-5s", UINT64_MAX, UINT64_MAX},
    {" 5s", UINT64_MAX, UINT64_MAX},
    {"5 s", UINT64_MAX, UINT64_MAX},
    {"5ss", UINT64_MAX, UINT64_MAX},
    {"18446744073709551616s", UINT64_MAX, UINT64_MAX},
    {"18446744073709551615s", UINT64_MAX, UINT64_MAX},
    {"18446744073709551615T", UINT64_MAX, UINT64_MAX},
};

static void
test_units(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof unit_rows / sizeof unit_rows[0]; i++) {
		uint64_t time = UINT64_MAX;
		uint64_t size = UINT64_MAX;
		int time_error = conf_time(unit_rows[i].text, &time);
		int size_error = conf_size(unit_rows[i].text, &size);

		assert_int_equal(time, unit_rows[i].time);
		assert_int_equal(size, unit_rows[i].size);
		assert_int_equal(time_error, time == UINT64_MAX ? -MAP_ETEXT : 0);
		assert_int_equal(size_error, size == UINT64_MAX ? -MAP_ETEXT : 0);
	}
}

static int
setup(void **state)
{
	int fd = mkstemp(test_path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int
teardown(void **state)
{
	(void)state;
	return unlink(test_path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_messages),
	    cmocka_unit_test(test_load),
	    cmocka_unit_test(test_lists),
	    cmocka_unit_test(test_own_keys),
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_blame),
	    cmocka_unit_test(test_blame_in_lists),
	    cmocka_unit_test(test_units),
	};

	return cmocka_run_group_tests_name("sys/conf", tests, setup, teardown);
}
