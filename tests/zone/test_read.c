/*
 * test_read.c - zone files: what the words mean, and that each error is told with its file and line.
 */
#include "tests/zone/files.h"

#include <sys/stat.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"

static void
test_everything(void **state)
{
	const struct outcome *o;

	(void)state;
	file_write("z", "; a comment, then blank lines\n"
			"\n"
			"   \t \n"
			"$TTL 1h30m ; with a comment\n"
			"@ IN SOA ns.Example.org. root ( 2026010100 ; serial\n"
			"\t1h\t( 600 ) ; refresh, retry\r\n"
			"    1d 60 )\n"
			"\tNS ns ; the owner of before\n"
			"60 NS ns2.example.net.\n" /* a name, for it begins the line */
			"ns 60 IN A 192.0.2.53\n"
			"   IN 60 AAAA 2001:DB8::35\n"
			"60 A 192.0.2.60\n"
			"$ORIGIN Sub.example.org.\n"
			"$origin under\n"
			"a MX 10 @\n"
			"b TXT \"a;b (c)\" d\\;e \"\\\"\" \"\\065\" \"\"\n"
			"c TYPE1 \\# 4 C0 000201\n"
			"d A \\# 4 c0000202\n"
			"e TYPE1234 \\# 0\n"
			"f.example.org. type16 tExt-is-text\n"
			"\\@ RP \\@ @\n"
			"\\097\\.\\@ A 192.0.2.3");
	o = file_read("z", NULL);
	assert_string_equal(o->messages, "");
	assert_int_equal(o->error, 0);
	assert_string_equal(o->lines,
	    "example.org.\t5400\tIN\tNS\tns.example.org.\n"
	    "example.org.\t5400\tIN\tSOA\tns.Example.org. root.example.org. 2026010100 3600 "
	    "600 "
	    "86400 60\n"
	    "60.example.org.\t5400\tIN\tA\t192.0.2.60\n"
	    "60.example.org.\t5400\tIN\tNS\tns2.example.net.\n"
	    "f.example.org.\t5400\tIN\tTXT\t\"tExt-is-text\"\n"
	    "ns.example.org.\t60\tIN\tA\t192.0.2.53\n"
	    "ns.example.org.\t60\tIN\tAAAA\t2001:db8::35\n"
	    "\\@.under.sub.example.org.\t5400\tIN\tRP\t\\@.under.Sub.example.org. "
	    "under.Sub.example.org.\n"
	    "a.under.sub.example.org.\t5400\tIN\tMX\t10 under.Sub.example.org.\n"
	    "a\\.\\@.under.sub.example.org.\t5400\tIN\tA\t192.0.2.3\n"
	    "b.under.sub.example.org.\t5400\tIN\tTXT\t\"a;b (c)\" \"d;e\" \"\\\"\" \"A\" \"\"\n"
	    "c.under.sub.example.org.\t5400\tIN\tA\t192.0.2.1\n"
	    "d.under.sub.example.org.\t5400\tIN\tA\t192.0.2.2\n"
	    "e.under.sub.example.org.\t5400\tIN\tTYPE1234\t\\# 0\n");
}

/* The endpoint of doc/protocol.md, section 4, and each form's \# twin. */
static void
test_mappings(void **state)
{
	const struct outcome *o = text_read(
	    "host EPID 10 2001:3f:fe00:a05:e437:dbb2:2e81:cb3e at=56/id.Example.org.\n"
	    "twin EPID \\# 37 000a00012001003ffe000a05130824699a4bc6b2 "
	    "38026964076578616d706c65036f726700\n"
	    "05e437dbb22e81cb3e.id KEY 512 3 15 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
	    "05e437dbb22e81cb3e.id ELOC 10 50 via:::1:0:0:0:10@SITE cap=mptcp,tls\n"
	    "site ELOC ( 10 60 ; half\n net:2001:db8:a::/48 path=isp-a )\n"
	    "site TYPE65301 \\# 32 "
	    "000a002820043020010db8000b00000000000000000000000100056973702d62\n"
	    "twin ELOC 20 0 2001:db8:a:1::10 backup path=isp-a\n");

	(void)state;
	assert_string_equal(o->messages, "");
	assert_int_equal(o->error, 0);
	assert_string_equal(o->lines,
	    "example.org.\t300\tIN\tNS\tns.example.org.\n"
	    "example.org.\t300\tIN\tSOA\tns.example.org. root.example.org. 1 3600 600 86400 "
	    "60\n"
	    "host.example.org.\t300\tIN\tEPID\t10 2001:3f:fe00:a05:e437:dbb2:2e81:cb3e "
	    "at=56/id.example.org.\n"
	    "05e437dbb22e81cb3e.id.example.org.\t300\tIN\tKEY\t512 3 15 "
	    "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
	    "05e437dbb22e81cb3e.id.example.org.\t300\tIN\tELOC\t10 50 "
	    "via:::1:0:0:0:10@site.example.org. cap=mptcp,tls\n"
	    "ns.example.org.\t300\tIN\tA\t192.0.2.53\n"
	    "site.example.org.\t300\tIN\tELOC\t10 40 net:2001:db8:b::/48 drain path=isp-b\n"
	    "site.example.org.\t300\tIN\tELOC\t10 60 net:2001:db8:a::/48 path=isp-a\n"
	    "twin.example.org.\t300\tIN\tEPID\t10 2001:3f:fe00:a05:1308:2469:9a4b:c6b2 "
	    "at=56/id.example.org.\n"
	    "twin.example.org.\t300\tIN\tELOC\t20 0 2001:db8:a:1::10 backup path=isp-a\n");
}

static void
test_ttls(void **state)
{
	const struct outcome *o;

	(void)state;
	file_write("z", "@ 900 SOA ns root 1 3600 600 86400 60\n"
			"@ NS ns\n"
			"ns A 192.0.2.53\n"
			"e EPID 10 192.0.2.7\n"
			"l ELOC 10 1 192.0.2.7\n"
			"$TTL 2147483647\n"
			"z ELOC 10 1 192.0.2.7\n");
	o = file_read("z", NULL);
	assert_string_equal(o->messages, "");
	assert_string_equal(o->lines, "example.org.\t900\tIN\tNS\tns.example.org.\n"
				      "example.org.\t900\tIN\tSOA\tns.example.org. "
				      "root.example.org. 1 3600 600 86400 60\n"
				      "e.example.org.\t300\tIN\tEPID\t10 192.0.2.7\n"
				      "l.example.org.\t60\tIN\tELOC\t10 1 192.0.2.7\n"
				      "ns.example.org.\t900\tIN\tA\t192.0.2.53\n"
				      "z.example.org.\t2147483647\tIN\tELOC\t10 1 192.0.2.7\n");
	file_write("z", "@ SOA ns root 1 3600 600 86400 60\n");
	o = file_read("z", NULL);
	assert_string_equal(o->messages,
	    "z:1: example.org. SOA: no TTL: give one, or $TTL before the first record\n");
}

static void
test_doubles(void **state)
{
	const struct outcome *o =
	    text_read("a NS ns.x.\na NS NS.X.\na NS ns.x.\nb A 192.0.2.1\nB A 192.0.2.1\n"
		      "c MX 65 x.\nc MX 97 x.\n");

	(void)state;
	assert_string_equal(o->messages, "");
	assert_int_equal(o->records, 3 + 1 + 1 + 2);
}

/* Each row: what is added behind line 4, and the message it must give. */
static const struct {
	const char *text;
	const char *message;
} refused[] = {
    /* words */
    {"a TXT \"open\nb A 192.0.2.1\n", "z:5: a quoted string that is not closed on its line\n"},
    {"a TXT ( x\nb TXT y\n", "z:5: a parenthesis that is never closed\n"},
    {"a TXT x )\n", "z:5: a closing parenthesis that was not opened\n"},
    {"a TXT x\\\n", "z:5: a backslash at the end of the line\n"},
    /* directives */
    {"$GENERATE 1-9 a$ A 192.0.2.$\n",
	"z:5: not one of the directives $ORIGIN, $TTL and $INCLUDE\n"},
    {"$ORIGIN a..b\n", "z:5: $ORIGIN needs a valid domain name\n"},
    {"$ORIGIN\n", "z:5: $ORIGIN needs one name\n"},
    {"$TTL 2147483648\n", "z:5: $TTL needs a time of at most 2147483647 seconds\n"},
    {"$TTL 1x\n", "z:5: $TTL needs a time of at most 2147483647 seconds\n"},
    {"$INCLUDE\n", "z:5: $INCLUDE needs a file name and may have an origin\n"},
    /* owner, TTL, class, type */
    {"a..b A 192.0.2.1\n", "z:5: a..b record: the owner is not a valid domain name\n"},
    {"a\x1b[31m\xff.. A 192.0.2.1\n",
	"z:5: a\\027[31m\\255.. record: the owner is not a valid domain name\n"},
    {"a F\x07O bar\n", "z:5: a.example.org. F\\007O: unknown type\n"},
    {"a.example.net. A 192.0.2.1\n", "z:5: a.example.net. record: not in this zone\n"},
    {"a 3600000000 A 192.0.2.1\n",
	"z:5: a.example.org. record: a TTL must be a time of at most 2147483647 seconds\n"},
    {"a CH A 192.0.2.1\n", "z:5: a.example.org. record: only class IN is served\n"},
    {"a 60\n", "z:5: a.example.org. record: the type is missing\n"},
    {"a FOO bar\n", "z:5: a.example.org. FOO: unknown type\n"},
    {"a TYPE65536 \\# 0\n", "z:5: a.example.org. TYPE65536: unknown type\n"},
    {"a TYPE0 \\# 0\n", "z:5: a.example.org. TYPE0: a type that no zone can hold\n"},
    {"a TYPE255 \\# 0\n", "z:5: a.example.org. TYPE255: a type that no zone can hold\n"},
    {"a OPT \\# 0\n", "z:5: a.example.org. OPT: a type that no zone can hold\n"},
    {"a NSEC a. A\n", "z:5: a.example.org. NSEC: made when the zone is signed: leave it out\n"},
    {"a TYPE46 \\# 0\n", "z:5: a.example.org. TYPE46: made when the zone is signed: leave it "
			 "out\n"},
    {"@ DNSKEY 257 3 15 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n",
	"z:5: example.org. DNSKEY: made when the zone is signed: leave it out\n"},
    {"@ CDS 0 0 0 00\n", "z:5: example.org. CDS: made when the zone is signed: leave it out\n"},
    {"@ CDNSKEY 0 3 0 AA==\n",
	"z:5: example.org. CDNSKEY: made when the zone is signed: leave it out\n"},
    /* RDATA that ldns takes too easily */
    {"a MX 70000 b\n", "z:5: a.example.org. MX: a number out of its range; expected a number "
		       "to 65535, a domain name\n"},
    {"a MX -1 b\n", "z:5: a.example.org. MX: a number out of its range; expected a number to "
		    "65535, a domain name\n"},
    {"a SRV 1 2 65536 b\n",
	"z:5: a.example.org. SRV: a number out of its range; expected a number to 65535, a "
	"number to 65535, a number to 65535, a domain name\n"},
    {"a DS 1 300 2 AB\n",
	"z:5: a.example.org. DS: a number out of its range; expected a number to 65535, a "
	"number to 255, a number to 255, the rest as this type has it\n"},
    {"a CNAME \"b\"\n",
	"z:5: a.example.org. CNAME: not a valid domain name; expected a domain name\n"},
    {"a SSHFP 1 1 ABC\n", "z:5: a.example.org. SSHFP: an odd number of hex digits; expected a "
			  "number to 255, a number to 255, the rest as this type has it\n"},
    {"a CSYNC 1 3 A FOO\n", "z:5: a.example.org. CSYNC: an unknown type in the list of types; "
			    "expected a number to 4294967295, a number to 65535, types\n"},
    {"a SVCB 1 . port=65536\n",
	"z:5: a.example.org. SVCB: a port out of its range; expected a number to 65535, a "
	"domain name, the rest as this type has it\n"},
    {"a SVCB 1 . port=1 port=1\n",
	"z:5: a.example.org. SVCB: a parameter twice; expected a number to 65535, a domain "
	"name, the rest as this type has it\n"},
    /* RFC 3597 */
    {"a TYPE1234 \\#\n", "z:5: a.example.org. TYPE1234: \\# needs a length of at most 65535\n"},
    {"a TYPE1234 \\# 65536 00\n",
	"z:5: a.example.org. TYPE1234: \\# needs a length of at most 65535\n"},
    {"a TYPE1234 \\# 2 00\n",
	"z:5: a.example.org. TYPE1234: fewer octets than the length after \\# says\n"},
    {"a TYPE1234 \\# 1 0000\n",
	"z:5: a.example.org. TYPE1234: more octets than the length after \\# says\n"},
    {"a TYPE1234 \\# 1 0g\n",
	"z:5: a.example.org. TYPE1234: what follows \\# and the length is not hex\n"},
    {"a TYPE1234 00\n",
	"z:5: a.example.org. TYPE1234: Syntax error, could not parse the RR's rdata\n"},
    {"a A \\# 3 c00002\n", "z:5: a.example.org. A: ends too early\n"},
    {"a A \\# 5 c000020100\n", "z:5: a.example.org. A: octets after the end\n"},
    {"a ELOC \\# 11 000a00640001c000020100\n", "z:5: a.example.org. ELOC: ends too early\n"},
    {"a TYPE65301 \\# 42 000a00320003000000000000000100000000000000100453697465"
     "076578616d706c65036f72670000\n",
	"z:5: a.example.org. TYPE65301: fewer octets than the length after \\# says\n"},
    {"a EPID \\# 21 000a00012001003ffe000a05130824699a4bc6b238\n",
	"z:5: a.example.org. EPID: ends too early\n"},
    {"a ELOC \\# 9 00010001000978797a\n",
	"z:5: a.example.org. ELOC: of a kind that is not known here\n"}, /* an unknown kind */
    /* mappings that mapping_refusal() names */
    {"a ELOC 1 1 127.0.0.1\n", "z:5: a.example.org. ELOC: a loopback address is no locator\n"},
    {"a ELOC 1 1 10.0.0.1\n",
	"z:5: a.example.org. ELOC: a private address (RFC 1918) is no locator here\n"},
    {"a ELOC 1 1 192.0.2.1\na ELOC 2 1 127.0.0.1\na ELOC 3 1 192.0.2.1\n", "z:6: "},
    {"a ELOC 1 1 192.0.2.1\na ELOC 2 1 net:2001:db8:a::/48\n",
	"z:6: a.example.org. ELOC: net: beside other locators: a prefix set holds nothing "
	"else\n"},
    {"a EPID 1 192.0.2.1\na EPID \\# 5 0001200300\n", "z:6: "},
    {"a ELOC 1 1 2001:3f:fe00:a05::1\n",
	"z:5: a.example.org. ELOC: an HHIT (2001:30::/28) is no locator\n"},
    {"a ELOC 1 1\n", "z:5: a.example.org. ELOC: ELOC wants PREFERENCE WEIGHT LOCATOR\n"},
    {"a EPID 70000 192.0.2.1\n",
	"z:5: a.example.org. EPID: the preference must be a number of 0 to 65535\n"},
    /* names and sets */
    {"a CNAME b\na A 192.0.2.1\n",
	"z:5: a.example.org. CNAME: an alias beside other records of the name\n"},
    {"a CNAME b\na EPID 1 192.0.2.1\n",
	"z:5: a.example.org. CNAME: an alias beside other records of the name\n"},
    {"a CNAME b\na CNAME c\n",
	"z:6: a.example.org. CNAME: a second record of a type that can be there once\n"},
    {"a DNAME b\na DNAME c\n",
	"z:6: a.example.org. DNAME: a second record of a type that can be there once\n"},
    {"@ SOA ns root 2 3600 600 86400 60\n",
	"z:5: example.org. SOA: a second record of a type that can be there once\n"},
    {"a SOA ns root 2 3600 600 86400 60\n",
	"z:5: a.example.org. SOA: not at the name of the zone\n"},
    {"@ CNAME x.\n", "z:5: example.org. CNAME: an alias beside other records of the name\n"},
    /* cuts */
    {"a NS ns.x.\na TXT x\n",
	"z:6: a.example.org. TXT: at a delegation, where the child zone answers\n"},
    {"a DNAME b.\nx.a A 192.0.2.1\n",
	"z:6: x.a.example.org. A: below a DNAME, where nothing can be seen\n"},
    {"a NS ns.x.\na DNAME b.\n", "z:6: a.example.org. DNAME: beside a delegation\n"},
    {"a DS 1 13 2 AB\n", "z:5: a.example.org. DS: without NS records\n"},
    {"@ DS 1 13 2 AB\n", "z:5: example.org. DS: belongs into the parent zone\n"},
    {"* NS ns.x.\n",
	"z:5: *.example.org. NS: a wildcard can be neither delegation nor DNAME\n"},
    {"*.a ELOC 1 1 192.0.2.1\n",
	"z:5: *.a.example.org. ELOC: a wildcard never matches for mappings\n"},
    /* name servers, prefix sets */
    {"a ELOC 1 1 via:::1@b\n", "z:5: a.example.org. ELOC: via b.example.org.: no prefix set "
			       "(ELOC net:...) is there\n"},
    {"a ELOC 1 1 via:::1@ns\n", "z:5: a.example.org. ELOC: via ns.example.org.: no prefix set "
				"(ELOC net:...) is there\n"},
    {"a NS c\nc CNAME ns\n",
	"z:5: a.example.org. NS: the name server's name is an alias (RFC 2181 10.3)\n"},
};

static void
test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		const struct outcome *o = text_read(refused[i].text);

		if (o->error != -MAP_ETEXT || strncmp(o->messages, "z:", 2) != 0)
			fail_msg("%s: %d: %s", refused[i].text, o->error, o->messages);
		/* Without an end: only the line. */
		if (strchr(refused[i].message, '\n') != NULL)
			assert_string_equal(o->messages, refused[i].message);
		else
			assert_memory_equal(
			    o->messages, refused[i].message, strlen(refused[i].message));
		assert_string_equal(o->lines, "");
	}
}

static void
test_accepted(void **state)
{
	static const char *const rows[] = {
	    "a NS ns.a\nns.a A 192.0.2.1\n", /* glue */
	    "a NS ns.b\nb NS ns.b\nns.b A 192.0.2.1\n", /* of a sibling */
	    "a NS ns.b\nb NS ns.x.\n", /* a sibling knows it */
	    "a NS ns.w\n*.w A 192.0.2.1\n",
	    "a NS ns.x.\na DS 1 13 2 AB\n",
	    "a DNAME b.\nab A 192.0.2.1\n",
	    "@ DNAME other.\n",
	    "a ELOC 1 1 via:::1@b\nb ELOC 1 1 net:2001:db8::/48\n",
	    "a ELOC 1 1 via:::1@x.b\nb NS ns.x.\n", /* who knows */
	    "* A 192.0.2.1\n*.a CNAME b\n",
	    "a.*.b A 192.0.2.1\n",
	    "",
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct outcome *o = text_read(rows[i]);

		/* Below a DNAME at the apex there is even the name server. */
		if (strstr(rows[i], "@ DNAME") != NULL)
			assert_string_equal(o->messages, "z:4: ns.example.org. A: below a "
							 "DNAME, where nothing can be seen\n");
		else
			assert_string_equal(o->messages, "");
	}
}

/* All errors of a file are told, in the order of the file first. */
static void
test_several(void **state)
{
	struct zone_options few = {.max_messages = 2};
	const struct outcome *o =
	    text_read("a FOO\nb TXT \"\nc A 192.0.2\nd CNAME e\nd A 192.0.2.1\n");

	(void)state;
	assert_string_equal(o->messages,
	    "z:5: a.example.org. FOO: unknown type\n"
	    "z:6: a quoted string that is not closed on its line\n"
	    "z:7: c.example.org. A: Syntax error, could not parse the RR's rdata; expected an "
	    "IPv4 address\n"
	    "z:8: d.example.org. CNAME: an alias beside other records of the name\n");
	o = file_read("z", &few);
	assert_string_equal(o->messages, "z:5: a.example.org. FOO: unknown type\n"
					 "z:6: a quoted string that is not closed on its line\n"
					 "z: more errors, which are not shown\n");
	assert_int_equal(o->error, -MAP_ETEXT);
}

/* Many lines of one form, behind a good apex; & and ~ are short and long numbers of theirs. */
static const struct outcome *
many_read(const char *form, unsigned n)
{
	FILE *file = fopen(file_path("z"), "w");

	assert_non_null(file);
	fputs("$TTL 300\n@ SOA ns root 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\n", file);
	for (unsigned i = 0; i < n; i++) {
		for (const char *p = form; *p != '\0'; p++)
			if (*p == '&')
				fprintf(file, "%u", 1000 + i);
			else if (*p == '~')
				fprintf(file, "%0240u", i);
			else
				fputc(*p, file);
	}
	assert_int_equal(fclose(file), 0);
	return file_read("z", NULL);
}

/* What is too much has the line of the first record that is. */
static void
test_too_many(void **state)
{
	const struct outcome *o;

	(void)state;
	o = many_read("a ELOC & 1 192.0.2.1\n", 17);
	assert_string_equal(
	    o->messages, "z:21: a.example.org. ELOC: more than 16 records in one set\n");
	o = many_read("a TXT ~ ~ ~ ~\n", 80);
	assert_string_equal(o->messages,
	    "z:66: a.example.org. TXT: more records than fit: at most 4096 and 60000 octets of "
	    "one type\n");
	o = many_read("a TYPE& \\# 0\n", 257);
	assert_string_equal(
	    o->messages, "z:261: a.example.org. TYPE1256: more than 256 types at one name\n");
	o = many_read("a TYPE& \\# 1500 ( 00 ; line\n 01 )\n", 1);
	assert_int_equal(strncmp(o->messages, "z:5: a.example.org. TYPE1000: ", 30), 0);
}

static void
test_missing(void **state)
{
	const struct outcome *o;

	(void)state;
	file_write("z", "; nothing\n");
	o = file_read("z", NULL);
	assert_string_equal(o->messages,
	    "z:1: example.org. SOA: missing; a zone has one\n"
	    "z:1: example.org. NS: missing; a zone has at least one\n");
	assert_int_equal(o->error, -MAP_ETEXT);
	file_write("inner", "\n\n@ 60 NS ns\nns 60 A 192.0.2.1\n");
	file_write("z", "; nothing\n$INCLUDE inner\n");
	o = file_read("z", NULL);
	assert_string_equal(
	    o->messages, "inner:3: example.org. SOA: missing; a zone has one\n");
	o = file_read("absent", NULL);
	assert_string_equal(o->messages, "absent: cannot be read: No such file or directory\n");
	assert_int_equal(o->error, -MAP_ETEXT);
	o = file_read(".", NULL);
	assert_string_equal(o->messages, ".: cannot be read: not a regular file\n");
	/* A pipe must not make the reader wait. */
	assert_int_equal(mkfifo(file_path("pipe"), 0600), 0);
	o = file_read("pipe", NULL);
	assert_string_equal(o->messages, "pipe: cannot be read: not a regular file\n");
}

static void
test_includes(void **state)
{
	const struct outcome *o;

	(void)state;
	file_write("inner", "a A 192.0.2.1\n$ORIGIN elsewhere.\nb.example.org. A 192.0.2.2\n");
	o = text_read("$ORIGIN o.example.org.\n"
		      "first A 192.0.2.9\n"
		      "$INCLUDE inner\n"
		      "   AAAA 2001:db8::9\n" /* still of first */
		      "$INCLUDE \"inner\" sub ; with an origin\n"
		      "c A 192.0.2.3\n");
	assert_string_equal(o->messages, "");
	assert_non_null(strstr(o->lines, "\na.o.example.org.\t"));
	assert_non_null(strstr(o->lines, "\na.sub.o.example.org.\t"));
	assert_non_null(strstr(o->lines, "\nc.o.example.org.\t"));
	assert_non_null(strstr(o->lines, "\nfirst.o.example.org.\t300\tIN\tAAAA\t"));
	assert_int_equal(o->records, 3 + 2 + 2 + 1 + 1);

	file_write("bad", "\n  A 192.0.2.1\nx A 1\n");
	o = text_read("$INCLUDE bad\n$INCLUDE \aabsent\n");
	assert_true(strncmp(o->messages, "bad:2: record: no owner name", 28) == 0);
	assert_non_null(strstr(o->messages, "\nbad:3: x.example.org. A: "));
	assert_non_null(strstr(o->messages, "\\007absent: No such file or directory\n"));

	file_write("loop", "$INCLUDE loop\n");
	o = text_read("$INCLUDE loop\n");
	assert_string_equal(
	    o->messages, "loop:1: $INCLUDE goes too deep: at most 8 files may be open\n");
}

/* Without an error, what the receiver returns ends the reading. */
static int
record_stop(void *arg, const struct rr *rr, const struct zone_place *place)
{
	unsigned *n = arg;

	(void)place;
	(void)rr;
	return ++*n == 2 ? -MAP_ESPACE : 0;
}

static void
message_fail(void *arg, const char *message)
{
	(void)arg;
	fail_msg("%s", message);
}

static void
message_count(void *arg, const char *message)
{
	unsigned *n = arg;

	(void)message;
	++*n;
}

static void
test_stop(void **state)
{
	struct name apex;
	unsigned n = 0;

	(void)state;
	text_read("");
	assert_int_equal(name_from("example.org", &apex), 0);
	assert_int_equal(
	    zone_read(file_path("z"), &apex, NULL, record_stop, &n, message_fail, NULL),
	    -MAP_ESPACE);
	assert_int_equal(n, 2);
	assert_int_equal(
	    zone_read(file_path("z"), &apex, NULL, NULL, NULL, message_fail, NULL), 0);
}

/* The root can be a zone; its names need no completing. */
static void
test_root(void **state)
{
	unsigned n = 2;

	(void)state;
	file_write("root", "$TTL 60\n. SOA ns root 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n"
			   "test NS ns.test\nns.test AAAA 2001:db8::1\n\"q\" A 192.0.2.1\n");
	assert_int_equal(
	    zone_read(file_path("root"), &name_root, NULL, record_stop, &n, message_count, &n),
	    -MAP_ETEXT);
	assert_int_equal(n, 3);
	file_write("root", "$TTL 60\n. SOA ns root 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n"
			   "test NS ns.test\nns.test AAAA 2001:db8::1\n");
	assert_int_equal(
	    zone_read(file_path("root"), &name_root, NULL, record_stop, &n, message_fail, NULL),
	    0);
	assert_int_equal(n, 3 + 5);
}

static void
test_private(void **state)
{
	struct zone_options options = {.private_locators = true};
	const struct outcome *o;

	(void)state;
	text_read("a ELOC 1 1 10.0.0.1\n");
	o = file_read("z", &options);
	assert_string_equal(o->messages, "");
}

static void
test_scan_rdata(void **state)
{
	struct name origin;
	uint8_t out[64];
	struct wr wr = wr_init(out, sizeof out);
	const char *why;

	(void)state;
	assert_int_equal(name_from("example.org", &origin), 0);
	assert_int_equal(zone_scan_rdata(RR_MX, "10 ( a )", &origin, &wr, &why), 0);
	assert_int_equal(wr.n, 17);
	assert_memory_equal(out, "\0\12\1a\7example\3org", 17);
	wr = wr_init(out, sizeof out);
	assert_int_equal(zone_scan_rdata(RR_ELOC, "10 100 192.0.2.1", &origin, &wr, &why), 0);
	assert_memory_equal(out, "\0\12\0\144\0\1\300\0\2\1", 10);
	assert_int_equal(zone_scan_rdata(RR_A, "", &origin, &wr, &why), -MAP_ETEXT);
	assert_non_null(why);
	assert_int_equal(zone_scan_rdata(RR_A, "\"", &origin, &wr, &why), -MAP_ETEXT);
	assert_non_null(why);
	wr = wr_init(out, 3);
	assert_int_equal(zone_scan_rdata(RR_A, "192.0.2.1", &origin, &wr, &why), -MAP_ETEXT);
	assert_string_equal(why, "the RDATA is too long");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_everything),
	    cmocka_unit_test(test_mappings),
	    cmocka_unit_test(test_ttls),
	    cmocka_unit_test(test_doubles),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_accepted),
	    cmocka_unit_test(test_several),
	    cmocka_unit_test(test_too_many),
	    cmocka_unit_test(test_missing),
	    cmocka_unit_test(test_includes),
	    cmocka_unit_test(test_stop),
	    cmocka_unit_test(test_root),
	    cmocka_unit_test(test_private),
	    cmocka_unit_test(test_scan_rdata),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
