/*
 * fuzz_rdata_text.c - two octets of type and any text as its RDATA: what is taken is well formed, is printed, and
 * that text means the same.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"
#include "core/zone/zone.h"

#define TEXT_MAX 4096

static char text[TEXT_MAX + 1], line[ZONE_LINE];
static uint8_t first[RDATA_MAX], again[RDATA_MAX];

/* The text behind the fourth field of a line, without the newline. */
static char *
line_rdata(void)
{
	char *p = line;

	for (unsigned tabs = 0; tabs < 4; tabs++) {
		p = strchr(p, '\t');
		HOLDS(p != NULL);
		p++;
	}
	p[strcspn(p, "\n")] = '\0';
	return p;
}

/* Signers' types are printed to be read by others; mapd takes them from nobody. */
static bool
is_signers(uint16_t type)
{
	const struct rrtype *row = rrtype_find(type);

	return row != NULL && (row->flags & (RRF_SIGNER | RRF_META)) != 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct wr wr = wr_init(first, sizeof first), back = wr_init(again, sizeof again);
	const char *why = NULL;
	struct rr rr;
	int error;

	if (n < 2 || n > TEXT_MAX)
		return 0;
	memcpy(text, data + 2, n - 2);
	text[n - 2] = '\0';
	rr = (struct rr){&name_root, get_u16(data), CLASS_IN, 60, {0}};
	if (zone_scan_rdata(rr.type, text, &name_root, &wr, &why) != 0) {
		HOLDS(why != NULL);
		return 0;
	}
	rr.rdata = wr_done(&wr);
	error = rdata_check(rr.type, rr.rdata);
	HOLDS(error == 0 || error == -MAP_EUNKNOWN);
	HOLDS(zone_print(&rr, line, sizeof line) > 0);
	if (is_signers(rr.type))
		return 0;
	HOLDS(zone_scan_rdata(rr.type, line_rdata(), &name_root, &back, &why) == 0);
	HOLDS(bytes_equal(wr_done(&back), rr.rdata));
	return 0;
}
