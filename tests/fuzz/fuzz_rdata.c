/*
 * fuzz_rdata.c - two octets of type and any RDATA: checked, folded, printed, and read back.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"

static char line[ZONE_LINE];
static uint8_t out[RDATA_MAX];

/* The text behind the fourth field of a line. */
static char *
line_rdata(void)
{
	char *p = line;

	for (unsigned tabs = 0; tabs < 4; tabs++) {
		p = strchr(p, '\t');
		HOLDS(p != NULL);
		p++;
	}
	HOLDS(strchr(p, '\n') == p + strlen(p) - 1);
	p[strlen(p) - 1] = '\0';
	return p;
}

static bool
is_signers(uint16_t type)
{
	const struct rrtype *row = rrtype_find(type);

	return row != NULL && (row->flags & (RRF_SIGNER | RRF_META)) != 0;
}

/* What is well formed must come back as it was from its text; what is not is octets, and said to be. */
static void
text_holds(uint16_t type, struct bytes rdata, int error)
{
	struct rr rr = {&name_root, type, CLASS_IN, 60, rdata};
	struct wr wr = wr_init(out, sizeof out);
	const char *why = NULL;
	int n = zone_print(&rr, line, sizeof line);
	const char *text;
	int scanned;

	HOLDS(n > 0 && (size_t)n == strlen(line));
	text = line_rdata();
	/* forms of our types that are for others to know have text too */
	HOLDS(error == 0 || error == -MAP_EUNKNOWN || strncmp(text, "\\# ", 3) == 0);
	scanned = zone_scan_rdata(type, text, &name_root, &wr, &why);
	if (error != 0 || is_signers(type))
		return;
	HOLDS(scanned == 0);
	HOLDS(bytes_equal(wr_done(&wr), rdata));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct wr wr = wr_init(out, sizeof out);
	struct bytes rdata;
	uint16_t type;
	int error;

	if (n < 2 || n > RDATA_MAX)
		return 0;
	type = get_u16(data);
	rdata = (struct bytes){data + 2, n - 2};
	error = rdata_check(type, rdata);
	HOLDS(
	    (rdata_canonical(type, rdata, &wr) == 0) == (error == 0 || error == -MAP_EUNKNOWN));
	text_holds(type, rdata, error);
	return 0;
}
