/*
 * fuzz_epid.c - EPID RDATA: what is read is written as it came, through octets and through text.
 */
#include <stdlib.h>
#include <string.h>

#include "core/wire/errors.h"
#include "core/wire/mapping.h"
#include "core/wire/rrtype.h"
#include "tests/fuzz/fuzz.h"

#define WORDS 16

static void
text_round(struct bytes rdata)
{
	char text[RDATA_TEXT + 64], *words[WORDS];
	uint8_t octets[1024];
	struct wr wr = wr_init(octets, sizeof octets);
	const char *why = NULL;
	size_t n;

	HOLDS(epid_print(rdata, text, sizeof text) == 0);
	n = fuzz_words(text, words, WORDS);
	if (strcmp(words[0], "\\#") == 0)
		return;
	HOLDS(epid_scan(words, n, &name_root, &wr, &why) == 0);
	HOLDS(bytes_equal(wr_done(&wr), rdata));
}

/* The identity by itself: its canonical text is read strictly and means the same. */
static void
identity_round(const struct eid *id)
{
	char text[EID_TEXT];
	struct eid back;

	eid_print(id, text);
	HOLDS(eid_scan(text, strlen(text), true, &back) == 0);
	HOLDS(eid_equal(id, &back));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t octets[1024];
	struct wr wr = wr_init(octets, sizeof octets);
	struct bytes rdata = {data, n};
	struct epid e;
	int error = epid_read(rdata, &e);

	if (mapping_refusal(RR_EPID, &rdata, 1, true, NULL, 0) == NULL)
		HOLDS(error == 0);
	if (error != 0)
		return 0;
	epid_put(&wr, &e);
	HOLDS(bytes_equal(wr_done(&wr), rdata));
	text_round(rdata);
	identity_round(&e.id);
	return 0;
}
