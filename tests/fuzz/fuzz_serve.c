/*
 * fuzz_serve.c - any octets as a message to mapd, over UDP and TCP, on fixed zones: the answer is well
 * formed, to this query, and no longer than the client takes.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "core/wire/message.h"
#include "core/wire/rdata.h"
#include "core/wire/reply.h"
#include "tests/mapd/world.h"

static struct world *world;

static void
world_end(void)
{
	world_free(world);
}

static void
world_begin(void)
{
	const char *source = getenv("srcdir");
	const struct {
		const char *apex, *file;
		uint8_t denial;
	} zones[] = {{"example.test.", "basic", DENIAL_NSEC3},
	    {"example.org.", "mapping", DENIAL_NSEC}, {"test.", "parent", DENIAL_NSEC3},
	    {"child.test.", "child", DENIAL_NSEC3}};
	char path[1024];

	world = world_new();
	HOLDS(world != NULL);
	atexit(world_end);
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		snprintf(path, sizeof(path), "%s/tests/cases/%s.zone",
		    source != NULL ? source : ".", zones[i].file);
		HOLDS(world_load(world, zones[i].apex, path, zones[i].denial));
	}
}

static void
answer_holds(const struct message *query, bool parsed, struct bytes answer)
{
	struct message m;
	struct records it;
	struct record record;
	unsigned last = SECTION_ANSWER, records = 0;

	HOLDS(message_parse(answer, &m) == 0);
	HOLDS(m.id == query->id);
	HOLDS((m.flags & FLAG_QR) != 0 && (m.flags & FLAG_RA) == 0);
	HOLDS(m.count[SECTION_QUESTION] <= 1);
	HOLDS(message_rcode(&m) != RCODE_SERVFAIL); /* these zones and their database are sound */
	if (m.count[SECTION_QUESTION] == 1) {
		HOLDS(parsed);
		HOLDS(bytes_equal(
		    name_bytes(&m.question.name), name_bytes(&query->question.name)));
		HOLDS(m.question.type == query->question.type);
	}
	HOLDS(m.edns.present == (parsed && query->edns.present));
	for (it = records_of(&m); records_next(&it, &record); records++) {
		HOLDS((unsigned)record.section >= last);
		last = record.section;
		if (record.type != 41)
			HOLDS(rdata_check(record.type, record.rdata) == 0);
	}
	/* what is refused carries nothing */
	if (message_rcode(&m) != RCODE_NOERROR && message_rcode(&m) != RCODE_NXDOMAIN &&
	    message_rcode(&m) != RCODE_YXDOMAIN)
		HOLDS(records == m.edns.present);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t out[SERVE_TCP_MAX];
	struct bytes wire = {data, n};
	struct message query;
	bool parsed;

	if (world == NULL)
		world_begin();
	parsed = message_parse(wire, &query) == 0;
	for (int transport = TRANSPORT_UDP; transport <= TRANSPORT_TCP; transport++) {
		size_t length = world_ask(world, (enum transport)transport, wire, out);

		HOLDS(length > 0 || n < HEADER_SIZE || (data[2] & 0x80) != 0);
		if (length == 0)
			continue;
		HOLDS(transport == TRANSPORT_TCP ||
		      length <= (parsed ? reply_size(&query) : REPLY_PLAIN_SIZE));
		answer_holds(&query, parsed, (struct bytes){out, length});
	}
	return 0;
}
