/*
 * fuzz_message.c - any octets as a DNS message, its options and its records.
 */
#include "tests/fuzz/fuzz.h"

#include "core/wire/errors.h"
#include "core/wire/message.h"
#include "core/wire/rdata.h"

static void
name_holds(const struct name *name)
{
	struct name back;
	char text[NAME_TEXT];
	uint8_t key[NAME_KEY];
	size_t n = name_key(name, key);

	HOLDS(n <= NAME_KEY);
	HOLDS(name_from(name_print(name, text), &back) == 0);
	HOLDS(bytes_equal(name_bytes(name), name_bytes(&back)));
	HOLDS(name_from_key((struct bytes){key, n}, &back) == 0);
	HOLDS(name_equal(name, &back) && name_is_lower(&back));
}

static void
record_holds(const struct message *message, const struct record *record)
{
	static uint8_t out[RDATA_MAX], lower[RDATA_MAX];
	struct rd rd = rd_init_within(message->wire, record->rdata);
	struct wr wr = wr_init(out, sizeof out), canonical = wr_init(lower, sizeof lower);
	int error = rdata_read(record->type, &rd, record->rdata.n, &wr);

	name_holds(&record->owner);
	if (error != 0)
		return;
	HOLDS(rd_end(&rd) == 0);
	HOLDS(rdata_check(record->type, wr_done(&wr)) == 0);
	HOLDS(rdata_canonical(record->type, wr_done(&wr), &canonical) == 0);
	HOLDS(canonical.n == wr.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct message message;
	struct records it;
	struct record record;
	struct bytes value;
	size_t at = 0, records = 0, options = 0;
	uint16_t code;

	if (message_parse((struct bytes){data, n}, &message) != 0)
		return 0;
	if (message.count[SECTION_QUESTION] > 0)
		name_holds(&message.question.name);
	it = records_of(&message);
	while (records_next(&it, &record)) {
		record_holds(&message, &record);
		records++;
	}
	HOLDS(records == (size_t)message.count[1] + message.count[2] + message.count[3]);
	while (edns_next(&message.edns, &at, &code, &value))
		options += 4 + value.n;
	HOLDS(options == message.edns.options.n);
	return 0;
}
