/*
 * test_mapdig_options.c - mapdig's command line and input: what is taken, and what is said of the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/errors.h"
#include "mapdig/input.h"
#include "mapdig/options.h"

static struct options options;
static char why[600];

static int
parse(const char *words)
{
	static char text[400];
	static char *argv[32];
	int argc = 1;
	char *at = text;

	assert_true(strlen(words) < sizeof text);
	memcpy(text, words, strlen(words) + 1);
	while (at != NULL && argc < 32) {
		argv[argc++] = at;
		at = strchr(at, ' ');
		if (at != NULL)
			*at++ = '\0';
	}
	why[0] = '\0';
	return options_parse(argc, argv, false, &options, why, sizeof why);
}

static void
test_defaults(void **state)
{
	(void)state;
	assert_int_equal(parse("host.example.org"), 0);
	assert_string_equal(options.input, "host.example.org");
	assert_int_equal(options.port, 53);
	assert_int_equal(options.servers.n, 0);
	assert_true(options.reverse);
	assert_false(options.is_short || options.json || options.insecure || options.color);
	assert_null(options.socket);
}

static void
test_all(void **state)
{
	(void)state;
	assert_int_equal(
	    parse("@192.0.2.1 -p 5353 x.test +short +json +chain +pairs +why +insecure +legacy "
		  "+noreverse +probe=7000 +timeout=3 -a one -atwo -s /sock @::1 -r realms "
		  "+color"),
	    0);
	assert_int_equal(options.servers.n, 2);
	assert_string_equal(options.servers.words[1], "::1");
	assert_int_equal(options.port, 5353);
	assert_true(options.is_short && options.json && options.chain && options.pairs &&
		    options.why && options.insecure && options.legacy && options.color);
	assert_false(options.reverse);
	assert_int_equal(options.probe, 7000);
	assert_int_equal(options.timeout_ms, 3000);
	assert_int_equal(options.anchors.n, 2);
	assert_string_equal(options.anchors.words[1], "two");
	assert_string_equal(options.socket, "/sock");
	assert_string_equal(options.realms, "realms");
	assert_int_equal(parse("+timeout=300ms +short +noshort x"), 0);
	assert_int_equal(options.timeout_ms, 300);
	assert_false(options.is_short);
	assert_int_equal(parse("-h"), 0);
	assert_true(options.help);
	assert_int_equal(parse("-V"), 0);
	assert_true(options.version);
}

struct bad_row {
	const char *words;
	const char *why;
};

static const struct bad_row bad_rows[] = {
    {"+short", "INPUT: missing; expected a name, an identity, an address or an eid: reference"},
    {"a b", "b: a second input; expected one"},
    {"+shorter a", "+shorter: not a known option; mapdig -h lists them"},
    {"+short=1 a", "+short=1: takes no value"},
    {"+noshort=1 a", "+noshort=1: takes no value"},
    {"+noprobe a", "+noprobe: not a known option; mapdig -h lists them"},
    {"+ a", "+: not a known option; mapdig -h lists them"},
    {"+no a", "+no: not a known option; mapdig -h lists them"},
    {"-q a", "-q: not a known option; mapdig -h lists them"},
    {"-hx a", "-hx: not a known option; mapdig -h lists them"},
    {"a -p", "-p: its value is missing; expected -p PORT"},
    {"a -a", "-a: its value is missing; expected -a FILE"},
    {"a -r", "-r: its value is missing; expected -r FILE"},
    {"a -s", "-s: its value is missing; expected -s SOCKET"},
    {"a -s ", "-s \"\": not usable; expected a path of at most 107 characters"},
    {"a -a ", "-a \"\": not usable; expected the path of a file"},
    {"a -r ", "-r \"\": not usable; expected the path of a file"},
    {"-p 0 a", "-p 0: not usable; expected a port, 1 to 65535"},
    {"-p0 a", "-p 0: not usable; expected a port, 1 to 65535"},
    {"-p 65536 a", "-p 65536: not usable; expected a port, 1 to 65535"},
    {"-p 53x a", "-p 53x: not usable; expected a port, 1 to 65535"},
    {"-p -1 a", "-p -1: not usable; expected a port, 1 to 65535"},
    {"+probe a", "+probe: its value is missing; expected +probe=PORT"},
    {"+probe= a", "+probe=: not usable; expected a port, 1 to 65535"},
    {"+timeout=0 a", "+timeout=0: not usable; expected seconds up to 3600, or 300ms"},
    {"+timeout=3601 a", "+timeout=3601: not usable; expected seconds up to 3600, or 300ms"},
    {"+timeout=2d a", "+timeout=2d: not usable; expected seconds up to 3600, or 300ms"},
    {"+legacy +proof a", "+legacy: excludes +proof; expected one of them"},
    {"@ a", "@: its address is missing; expected @ADDRESS, and -p PORT"},
    {"@1 @2 @3 @4 @5 @6 @7 @8 @9 a", "@9: the 9th server; expected at most 8"},
    {"-a 1 -a 2 -a 3 -a 4 -a 5 -a 6 -a 7 -a 8 -a 9 a",
	"-a 9: not usable; expected at most 8 of them"},
    {"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
     "890123456789 b",
	"b: a second input; expected one"},
    {"+0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
     "890123456789",
	"+0123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
	"56"
	"789012345...: not a known option; mapdig -h lists them"},
};

static void
test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad_rows / sizeof bad_rows[0]; i++) {
		assert_int_equal(parse(bad_rows[i].words), -MAP_EUSAGE);
		assert_string_equal(why, bad_rows[i].why);
	}
}

struct input_row {
	const char *text;
	int error;
	enum input_kind kind;
	enum eid_form form;
};

#define REFERENCE                                                                    \
	"eid:[2001:3f:fe00:a05:1308:2469:9a4b:c6b2]:443?at=56/"                      \
	"id.example.org&by=[2001:3f:fe00:a05"                                        \
	":e437:dbb2:2e81:cb3e]&key=11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo&exp=" \
	"1795521600&sig="                                                            \
	"NhRNZ6Fl7m1pN_oJp2-"                                                        \
	"mrcnyz95xG9iu7BTnMvFjnfR4X00u92SRNStyXHS08loEH2l5nmY6nm4ymgUXsY82Bg"

#define LONG                                                           \
	"012345678901234567890123456789012345678901234567890123456789" \
	"012345678901234567890123456789012345678901234567890123456789."

static const struct input_row input_rows[] = {
    {"host.example.org", 0, INPUT_NAME, EID_NAME},
    {"host.example.org.", 0, INPUT_NAME, EID_NAME},
    {"gxiccan53skxelil2nfxl5mwhxtymgqclbhpfqlbbjj3kpyd33iq@example.org", 0, INPUT_IDENTITY,
	EID_KEY},
    {"2001:3f:fe00:a05:e437:dbb2:2e81:cb3e", 0, INPUT_IDENTITY, EID_ADDRESS},
    {"2001:3F:FE00:A05:E437:DBB2:2E81:CB3E", 0, INPUT_IDENTITY, EID_ADDRESS},
    {"2001:db8:1::1", 0, INPUT_LOCATOR, EID_ADDRESS},
    {"2001:db8:2::1", 0, INPUT_IDENTITY, EID_ADDRESS}, /* in the local table */
    {"192.0.2.1", 0, INPUT_LOCATOR, EID_ADDRESS},
    {"2001:20::1", -MAP_EUNKNOWN, INPUT_NAME, EID_NONE},
    {"eid:192.0.2.1:80", 0, INPUT_REFERENCE, EID_ADDRESS},
    {REFERENCE, 0, INPUT_REFERENCE, EID_ADDRESS},
    {"eid:[2001:3F::1]", -MAP_EREFERENCE, INPUT_NAME, EID_NONE},
    {"a..b", -MAP_ETEXT, INPUT_NAME, EID_NONE},
    {"", -MAP_ETEXT, INPUT_NAME, EID_NONE},
    /* longer than any name: still the user's mistake, no internal error */
    {LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG,
	-MAP_ETEXT, INPUT_NAME, EID_NONE},
};

static void
test_input(void **state)
{
	struct realm realm = {.prefix = {0x20, 0x01, 0x0d, 0xb8, 0x00, 0x02}, .length = 48};
	struct input input;
	const char *cause;

	(void)state;
	for (size_t i = 0; i < sizeof input_rows / sizeof input_rows[0]; i++) {
		const struct input_row *row = &input_rows[i];
		int error = input_scan(row->text, &realm, 1, 1795521599, &input, &cause);

		if (error != row->error)
			fail_msg("\"%s\": %s", row->text, error_name(error));
		if (error != 0) {
			assert_true(strlen(cause) > 0);
			continue;
		}
		assert_int_equal(input.kind, row->kind);
		assert_int_equal(input.id.form, row->form);
	}
	/* A reference that has expired, or that somebody changed, is not looked up. */
	assert_int_equal(
	    input_scan(REFERENCE, &realm, 1, 1795521601, &input, &cause), -MAP_EEXPIRED);
	assert_int_equal(input_scan(REFERENCE, &realm, 1, 1795435200, &input, &cause), 0);
	assert_int_equal(input.reference.port, 443);
	{
		char changed[] = REFERENCE;

		*strstr(changed, ":443") = ':';
		memcpy(strstr(changed, ":443"), ":444", 4);
		assert_int_equal(
		    input_scan(changed, &realm, 1, 1795435200, &input, &cause), -MAP_ESIG);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_all),
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_input),
	};

	return cmocka_run_group_tests_name("mapdig/options", tests, NULL, NULL);
}
