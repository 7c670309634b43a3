/*
 * test_warned.c - what a zone file may have and its writer should know: told, mended, taken.
 */
#include "tests/zone/files.h"

/* What is taken, but told of. */
static const struct {
	const char *text, *warnings;
	const char *line; /* handed over; NULL: left out */
} warned[] = {
    {"a 60 A 192.0.2.1\na 61 A 192.0.2.2\n",
	"z:6: a.example.org. A: another TTL than the set's first record: the least counts for "
	"all\n",
	"a.example.org.\t60\tIN\tA\t192.0.2.2"},
    {"a 61 A 192.0.2.1\na 60 A 192.0.2.2\n",
	"z:6: a.example.org. A: another TTL than the set's first record: the least counts for "
	"all\n",
	"a.example.org.\t60\tIN\tA\t192.0.2.1"},
    {"a 60 A 192.0.2.1\na 59 A 192.0.2.1\n", "z:6: a.example.org. A: the same record twice\n",
	"a.example.org.\t59\tIN\tA\t192.0.2.1"},
    {"a A 192.0.2.1\nA A 192.0.2.1\n", "z:6: a.example.org. A: the same record twice\n",
	"a.example.org.\t300\tIN\tA\t192.0.2.1"},
    {"a NS ns.x.\nb.a ELOC 1 1 192.0.2.1\n",
	"z:6: b.a.example.org. ELOC: below a delegation, where the child zone answers: left "
	"out\n",
	NULL},
    {"a NS ns.x.\nc.b.a NS ns.x.\n",
	"z:6: c.b.a.example.org. NS: below a delegation, where the child zone answers: left "
	"out\n",
	NULL},
    {"a NS ns.x.\nb.a A 192.0.2.1\nb.a 60 A 192.0.2.2\n",
	"z:7: b.a.example.org. A: another TTL than the set's first record: the least counts "
	"for all\n",
	"b.a.example.org.\t60\tIN\tA\t192.0.2.1"},
    {"a NS ns.a\n", "z:5: a.example.org. NS: the name server has no address in this zone\n",
	"a.example.org.\t300\tIN\tNS\tns.a.example.org."},
    {"a ELOC 1 1 via:::1@site.x.\nb ELOC 1 1 via:::2@site.x.\n",
	"z:5: a.example.org. ELOC: via site.x.: not in this zone: prefixes must be there\n",
	"b.example.org.\t300\tIN\tELOC\t1 1 via:::2@site.x."},
};

static void
test_warned(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof warned / sizeof warned[0]; i++) {
		const struct outcome *o = text_read(warned[i].text);

		if (o->error != 0)
			fail_msg("%s: %s", warned[i].text, o->messages);
		assert_string_equal(o->warnings, warned[i].warnings);
		if (warned[i].line == NULL)
			assert_int_equal(o->records, 4);
		else if (strstr(o->lines, warned[i].line) == NULL)
			fail_msg("%s: %s", warned[i].text, o->lines);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_warned)};

	return cmocka_run_group_tests_name("warned", tests, folder_make, folder_remove);
}
