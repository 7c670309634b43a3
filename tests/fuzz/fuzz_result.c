/*
 * fuzz_result.c - the result of a look-up as libmap gets it: what is read is written as it came.
 */
#include <stdlib.h>
#include <string.h>

#include "core/wire/frame.h"
#include "core/wire/result.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct result result;
	static uint8_t octets[FRAME_MAX];
	struct wr wr = wr_init(octets, sizeof octets);
	struct bytes payload = {data, n};

	if (n > FRAME_MAX || result_read(payload, &result) != 0)
		return 0;
	result_put(&wr, &result);
	HOLDS(bytes_equal(wr_done(&wr), payload));
	return 0;
}
