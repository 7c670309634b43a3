/*
 * test_compare.c - our reading and printing of zone files beside named-compilezone's and
 * ldns-read-zone's: the same records must come out.
 */
#include "tests/zone/files.h"

#include <sys/wait.h>

static const char head[] = "$ORIGIN example.org.\n$TTL 300\n"
			   "@ SOA ns root ( 1 1h 600 ; retry\n 1d 60 )\n"
			   "@ NS ns\n"
			   "ns A 192.0.2.53\n";

/* What every reader knows. */
static const char standard[] =
    "a AAAA 2001:DB8:0:0::1\n"
    "a 300 IN A 192.0.2.1\n"
    "  300 IN A 192.0.2.2\n"
    "b CNAME A.example.org.\n"
    "c PTR .\n"
    "d HINFO cpu \"an os\"\n"
    "e MX 65535 @\n"
    "f TXT \"a;b (c)\" d\\;e \"\\\"\\\\\" \"\\000\\009\\010\\013\\127\\128\\255\" \"\"\n"
    "f TXT \"\303\251\"\n"
    "g RP me.\\097 .\n"
    "h AFSDB 1 x.\n"
    "i KEY 512 3 15 11qYAYKxCrfVS/7TyWQH Og7hcvPapiMlrwIaaPcHURo=\n"
    "j SRV 0 0 65535 x.y\n"
    "k NAPTR 100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .\n"
    "l KX 1 x.\n"
    "m CERT PKIX 1 2 AAECAw==\n"
    "n DNAME other.\n"
    "o NS ns.o\n"
    "o DS 1 13 2 2BB183AF5F22588179A53B0A98631FAD1A2921182BB183AF5F22588179A53B0A\n"
    "ns.o A 192.0.2.9\n"
    "p SSHFP 1 1 2BB183AF5F22588179A5 3B0A98631FAD1A292118\n"
    "_443._tcp TLSA 3 1 1 2BB183AF5F22588179A53B0A98631FAD1A292118BB183AF5F22588179A53B0AA\n"
    "q HIP ( 2 200100107B1A74DF365639CC39F1D578\n AwEAAbdx rvs.example.com. )\n"
    "r SVCB 1 . alpn=\"h2,h3\" port=53 ipv4hint=192.0.2.1\n"
    "s HTTPS 0 svc\n"
    "t NID 10 0014:4fff:ff20:ee64\n"
    "t L32 10 10.1.2.0\n"
    "t L64 10 2001:0DB8:1140:1000\n"
    "t LP 10 l64\n"
    "u CAA 128 issue \"ca.example; a=b\"\n"
    "v URI 10 1 \"ftp://ftp.example/public\"\n"
    "w LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m\n"
    "x APL 1:192.168.32.0/21 !2:2001:db8::/32\n"
    "y CSYNC 1 3 A NS AAAA TYPE1234\n"
    "y OPENPGPKEY AAECAw==\n"
    "z TYPE1234 \\# 5 00 01020304\n"
    "z TYPE62347 \\# 0\n"
    "$ORIGIN \\000\\046\\@\\\\x.example.org.\n"
    "*.UPPER.\\065 A 192.0.2.7\n"
    "$TTL 1w2d\n"
    "_ SMIMEA 3 1 1 AB\n";

/* What ldns loses when it reads it from octets, so it is printed as octets. */
static const char odd[] = "odd CAA 0 iodef \"\"\n";

/* Ours, which are opaque to others. */
static const char mappings[] =
    "host EPID 10 2001:3f:fe00:a05:e437:dbb2:2e81:cb3e at=56/id.example.org.\n"
    "host EPID 20 2001:3f:fe00:a05:1308:2469:9a4b:c6b2 temporary\n"
    "key EPID 10 gxiccan53skxelil2nfxl5mwhxtymgqclbhpfqlbbjj3kpyd33iq@example.org.\n"
    "name EPID 30 www.example.org.\n"
    "id ELOC 10 100 192.0.2.1\n"
    "id ELOC 20 0 2001:db8:a:1::10 backup path=isp-a\n"
    "id ELOC 10 50 via:::1:0:0:0:10@site.example.org. cap=mptcp,tls\n"
    "site ELOC 10 60 net:2001:db8:a::/48 path=isp-a\n"
    "site ELOC 10 40 net:2001:db8:b::/48 drain path=isp-b\n";

/* Each reads the file "ours" of its folder and writes "theirs", by itself or as its output. */
static const struct {
	bool prints;
	const char *words[16];
} readers[] = {
    {false, {"named-compilezone", "-q", "-i", "none", "-k", "ignore", "-r", "ignore", "-f",
		"text", "-F", "text", "-o", "theirs", "example.org", "ours"}},
    {true, {"ldns-read-zone", "ours"}},
};

/* In the child: becomes the reader; comes back only when there is no such program. */
static void
reader_become(size_t i)
{
	char *words[17] = {NULL};

	for (size_t k = 0; k < 16 && readers[i].words[k] != NULL; k++)
		words[k] = strdup(readers[i].words[k]);
	if (chdir(folder) == 0 &&
	    (!readers[i].prints || freopen("theirs", "w", stdout) != NULL))
		execvp(words[0], words);
}

/* Runs a reader; false: there is no such program. */
static bool
reader_run(size_t i)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		reader_become(i);
		_exit(127);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status) == 127)
		return false;
	if (WEXITSTATUS(status) != 0)
		fail_msg("%s: exit status %d", readers[i].words[0], WEXITSTATUS(status));
	return true;
}

static struct outcome first;

/* Reads a file and keeps its records in first. */
static void
first_read(const char *name)
{
	const struct outcome *o = file_read(name, NULL);

	assert_string_equal(o->messages, "");
	assert_true(o->records > 4);
	first = *o;
}

/* Lets each of the others read the file "ours"; what it writes must be what is in first. */
static void
others_read(void)
{
	for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
		const struct outcome *o;

		if (!reader_run(i)) {
			print_message("%s is not installed\n", readers[i].words[0]);
			skip();
		}
		o = file_read("theirs", NULL);
		assert_string_equal(o->messages, "");
		assert_string_equal(o->lines, first.lines);
	}
}

/* The others read a file as we do. */
static void
test_reading(void **state)
{
	char all[sizeof head + sizeof odd + sizeof standard];

	(void)state;
	snprintf(all, sizeof all, "%s%s%s", head, odd, standard);
	file_write("ours", all);
	first_read("ours");
	others_read();
	assert_non_null(strstr(first.lines, "CAA\t\\# 7 0005696f646566\n"));
	file_write("ours", first.lines);
	assert_string_equal(file_read("ours", NULL)->lines, first.lines);
}

/* The others, and we, read what we print; our types they take for unknown ones. */
static void
test_printing(void **state)
{
	char all[sizeof head + sizeof standard + sizeof mappings];

	(void)state;
	snprintf(all, sizeof all, "%s%s%s", head, mappings, standard);
	file_write("z", all);
	first_read("z");
	file_write("ours", first.lines);
	assert_string_equal(file_read("ours", NULL)->messages, "");
	assert_string_equal(file_read("ours", NULL)->lines, first.lines);
	file_write("ours", first.plain);
	assert_string_equal(file_read("ours", NULL)->messages, "");
	assert_string_equal(file_read("ours", NULL)->lines, first.lines);
	others_read();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reading),
	    cmocka_unit_test(test_printing),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
