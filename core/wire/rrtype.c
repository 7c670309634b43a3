/*
 * rrtype.c - RR types by code and by mnemonic; what their fields mean is rdata.c's.
 */
#include "core/wire/rrtype.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/wire/errors.h"
#include "core/wire/text.h"

static const struct rrtype rows[] = {
#define X(mnemonic, code, fields, flags) {#mnemonic, code, fields, flags},
#include "core/wire/rrtypes.def"
#undef X
};

#define ROWS (sizeof rows / sizeof rows[0])

/* The rows stand in ascending order of code; tests/wire/test_rrtype.c holds them to it. */
const struct rrtype *
rrtype_find(uint16_t code)
{
	size_t low = 0, high = ROWS;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows[middle].code == code)
			return &rows[middle];
		if (rows[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int
rrtype_scan(const char *text, size_t n)
{
	uint64_t code;

	/* RFC 3597 5 */
	if (n > 4 && strncasecmp(text, "TYPE", 4) == 0 &&
	    text_decimal_read(text + 4, n - 4, UINT16_MAX, &code) == 0)
		return (int)code;
	for (size_t i = 0; i < ROWS && n > 0; i++)
		if ((rows[i].mnemonic[0] | 0x20) == (text[0] | 0x20) &&
		    strlen(rows[i].mnemonic) == n &&
		    strncasecmp(rows[i].mnemonic, text, n) == 0)
			return rows[i].code;
	return -1;
}

const char *
rrtype_refusal(uint16_t code)
{
	const struct rrtype *row = rrtype_find(code);

	if (row != NULL && (row->flags & (RRF_SIGNER | RRF_MADE)) != 0)
		return "made when the zone is signed: leave it out";
	/* RFC 6895 3.1 */
	if (code == 0 || (code >= 128 && code <= 255) || code == 65535 ||
	    (row != NULL && (row->flags & RRF_META) != 0))
		return "a type that no zone can hold";
	return NULL;
}

char *
rrtype_print(uint16_t code, char text[16])
{
	const struct rrtype *row = rrtype_find(code);

	if (row != NULL)
		snprintf(text, 16, "%s", row->mnemonic);
	else
		snprintf(text, 16, "TYPE%u", code);
	return text;
}
