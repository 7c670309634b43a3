/*
 * fuzz_reference.c - "eid:" references: one that is read prints as it came.
 */
#include <stdlib.h>
#include <string.h>

#include "core/wire/reference.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[2 * REFERENCE_TEXT], printed[REFERENCE_TEXT];
	struct reference ref;
	const char *why;

	if (n >= sizeof text)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	if (reference_scan(text, &ref, &why) != 0) {
		HOLDS(why != NULL);
		return 0;
	}
	HOLDS(reference_print(&ref, true, printed) == 0);
	HOLDS(strcmp(printed, text) == 0);
	HOLDS(!ref.is_signed || memcmp(text + ref.signed_n, "&sig=", 5) == 0);
	return 0;
}
