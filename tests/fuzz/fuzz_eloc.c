/*
 * fuzz_eloc.c - ELOC RDATA: what is read is written as it came, through octets and through text.
 */
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/rrtype.h"
#include "tests/fuzz/fuzz.h"

#define TEXT (8u << 10)
#define WORDS 64

/* Text goes back to the same octets. */
static void
text_round(struct bytes rdata)
{
	static char text[TEXT];
	static uint8_t octets[TEXT];
	struct wr wr = wr_init(octets, sizeof octets);
	char *words[WORDS];
	const char *why = NULL;
	size_t n;
	int error = eloc_print(rdata, text, sizeof text);

	if (error == -MAP_ESPACE)
		return;
	HOLDS(error == 0);
	n = fuzz_words(text, words, WORDS);
	if (n == WORDS || strcmp(words[0], "\\#") == 0)
		return;
	HOLDS(eloc_scan(words, n, &name_root, &wr, &why) == 0);
	HOLDS(bytes_equal(wr_done(&wr), rdata));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t octets[TEXT];
	struct wr wr = wr_init(octets, sizeof octets);
	struct bytes rdata = {data, n};
	struct eloc e;
	int error = eloc_read(rdata, &e);

	if (mapping_refusal(RR_ELOC, &rdata, 1, true, NULL, 0) == NULL)
		HOLDS(error == 0);
	if (error == 0) {
		eloc_put(&wr, &e);
		HOLDS(wr.error != 0 || e.capabilities == 0 || bytes_equal(wr_done(&wr), rdata));
	}
	if (error == 0 || error == -MAP_EUNKNOWN)
		text_round(rdata);
	return 0;
}
