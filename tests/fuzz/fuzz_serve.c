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

/* The zone with a little of everything once more, under another name, with NSEC. */
static bool
world_load_again(const char *path)
{
	char copy[] = "/tmp/eidmap-fuzz.XXXXXX", line[1024];
	FILE *from = fopen(path, "r"), *to;
	int fd = mkstemp(copy);
	bool good;

	HOLDS(from != NULL && fd >= 0);
	to = fdopen(fd, "w");
	HOLDS(to != NULL);
	while (fgets(line, sizeof line, from) != NULL)
		fputs(strncmp(line, "$ORIGIN", 7) == 0 ? "$ORIGIN example.net.\n" : line, to);
	fclose(from);
	good = fclose(to) == 0 && world_load(world, "example.net.", copy, DENIAL_NSEC);
	remove(copy);
	return good;
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
		if (i == 0)
			HOLDS(world_load_again(path));
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
	HOLDS(
	    message_rcode(&m) != RCODE_SERVFAIL); /* these zones and their database are sound */
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

/* Asks again with the cookie of the answer, if there is one: then it is known. */
static void
cookie_holds(const struct message *query, struct bytes answer)
{
	static uint8_t in[512], out[SERVE_TCP_MAX];
	struct wr wr = wr_init(in, sizeof in);
	struct message m;
	struct bytes value = {0};
	uint16_t code = 0;
	size_t at = 0;
	uint64_t known = world_count(world, STAT_QUERY_COOKIE_KNOWN);

	HOLDS(message_parse(answer, &m) == 0);
	while (code != 10 && edns_next(&m.edns, &at, &code, &value))
		;
	if (code != 10 || m.count[SECTION_QUESTION] != 1)
		return;
	HOLDS(value.n == 24);
	wr_u16(&wr, query->id);
	wr_u16(&wr, 0);
	wr_u32(&wr, 1 << 16);
	wr_u32(&wr, 1);
	name_put(&wr, &query->question.name);
	wr_u16(&wr, query->question.type);
	wr_u16(&wr, query->question.class);
	wr_copy(&wr, "\0\0\x29\x04\xd0\0\0\x80\0\0\x1c\0\x0a\0\x18", 15);
	wr_bytes(&wr, value);
	HOLDS(wr.error == 0);
	HOLDS(world_ask(world, TRANSPORT_UDP, wr_done(&wr), out) > 0);
	HOLDS(world_count(world, STAT_QUERY_COOKIE_KNOWN) == known + 1);
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
		if (parsed && transport == TRANSPORT_UDP)
			cookie_holds(&query, (struct bytes){out, length});
	}
	return 0;
}
