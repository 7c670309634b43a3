/*
 * case.c - reads case files and holds what serve() says against them.
 */
#include "tests/mapd/case.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/trust/trust.h"
#include "core/wire/dnssec.h"
#include "core/wire/rdata.h"
#include "core/wire/rrtype.h"
#include "core/wire/text.h"
#include "core/zone/zone.h"
#include "tests/mapd/world.h"

#define RECORDS 256
#define WORDS 64
#define RDATA_ROOM 4096

struct seen {
	struct record record;
	bool named; /* a line says so */
	bool proved; /* has a signature that verifies, or may do without */
};

/* One case file being run. */
struct run {
	const char *path;
	unsigned line;
	unsigned questions, failures;
	bool failed; /* the question at hand */
	struct world *world;
	bool asked;
	bool dnssec;
	uint8_t query[1024];
	size_t query_n;
	uint8_t answer[SERVE_TCP_MAX];
	size_t answer_n;
	struct message message;
	unsigned n;
	struct seen seen[RECORDS];
};

static const char *const sections[] = {"question", "answer", "authority", "additional"};
static const char *const rcodes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
    "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"};

static void
run_fail(struct run *run, const char *what, const char *which)
{
	fprintf(stderr, "%s:%u: %s%s%s\n", run->path, run->line, what,
	    which[0] != '\0' ? ": " : "", which);
	run->failed = true;
}

/* A number in a case file; what is none is a large one, which nothing equals. */
static unsigned long
number(const char *text)
{
	uint64_t n;

	return text_decimal_read(text, strlen(text), UINT32_MAX, &n) == 0 ? (unsigned long)n
									  : ULONG_MAX;
}

static const char *
rcode_text(unsigned rcode, char text[16])
{
	if (rcode == RCODE_BADVERS)
		return "BADVERS";
	if (rcode < sizeof(rcodes) / sizeof(rcodes[0]))
		return rcodes[rcode];
	snprintf(text, 16, "RCODE%u", rcode);
	return text;
}

static void
record_show(const struct record *record, char *text, size_t max)
{
	struct rr rr = {
	    &record->owner, record->type, record->class, record->ttl, record->rdata};
	int n = snprintf(text, max, "%s ", sections[record->section]);

	if (zone_print(&rr, text + n, max - (size_t)n) < 0)
		snprintf(text + n, max - (size_t)n, "a record that cannot be printed\n");
	text[strcspn(text, "\n")] = '\0';
}

/* --- the answer as a whole --- */

static bool
same_set(const struct record *a, const struct record *b)
{
	return a->section == b->section && a->type == b->type &&
	       name_equal(&a->owner, &b->owner);
}

static bool
set_verifies(struct run *run, const struct record *first)
{
	struct bytes rdata[RECORDS];
	struct rrset set = {&first->owner, first->type, first->class, first->ttl, 0, rdata};

	for (unsigned i = 0; i < run->n; i++)
		if (same_set(&run->seen[i].record, first))
			rdata[set.n++] = run->seen[i].record.rdata;
	for (unsigned i = 0; i < run->n; i++) {
		const struct record *sig = &run->seen[i].record;

		if (sig->type != RR_RRSIG || sig->section != first->section ||
		    !name_equal(&sig->owner, &first->owner) ||
		    get_u16(sig->rdata.p) != first->type)
			continue;
		run->seen[i].named = true;
		if (sig->ttl != first->ttl)
			run_fail(run, "RRSIG and its set have different TTLs", "");
		return world_verify(run->world, &set, sig->rdata);
	}
	return false;
}

static void
answer_prove(struct run *run)
{
	for (unsigned i = 0; i < run->n && run->dnssec; i++)
		if (run->seen[i].record.type != RR_RRSIG)
			run->seen[i].proved = set_verifies(run, &run->seen[i].record);
}

static void
answer_read(struct run *run)
{
	struct bytes wire = {run->answer, run->answer_n};
	struct records it;
	struct record record;

	run->n = 0;
	if (message_parse(wire, &run->message) != 0) {
		run_fail(run, "the answer is malformed", "");
		return;
	}
	if (run->message.id != get_u16(run->query) || !(run->message.flags & FLAG_QR))
		run_fail(run, "not an answer to this query", "");
	it = records_of(&run->message);
	while (records_next(&it, &record)) {
		if (record.type == RR_OPT)
			continue;
		if (record.ttl > INT32_MAX || rdata_check(record.type, record.rdata) != 0)
			run_fail(run, "RDATA or TTL is malformed", "");
		for (unsigned i = 0; i < run->n; i++)
			if (same_set(&run->seen[i].record, &record) &&
			    bytes_equal(run->seen[i].record.rdata, record.rdata))
				run_fail(run, "the same record twice", "");
		if (run->n < RECORDS)
			run->seen[run->n++] = (struct seen){.record = record};
	}
}

/* Ends the question at hand: nothing may be left over. */
static void
question_end(struct run *run)
{
	char text[4096];

	if (!run->asked)
		return;
	for (unsigned i = 0; i < run->n; i++) {
		const struct seen *seen = &run->seen[i];

		record_show(&seen->record, text, sizeof(text));
		if (!seen->named)
			run_fail(run, "nobody expects", text);
		else if (run->dnssec && !seen->proved && seen->record.type != RR_RRSIG)
			run_fail(run, "not signed, or wrongly", text);
	}
	run->failures += run->failed;
	run->asked = false;
}

/* --- lines --- */

static bool
option_read(struct run *run, const char *word, enum transport *transport, uint16_t *size,
    uint16_t *class, uint16_t *flags)
{
	if (strcmp(word, "+dnssec") == 0)
		run->dnssec = true;
	else if (strcmp(word, "+tcp") == 0)
		*transport = TRANSPORT_TCP;
	else if (strcmp(word, "+noedns") == 0)
		*size = 0;
	else if (strncmp(word, "+bufsize=", 9) == 0)
		*size = (uint16_t)number(word + 9);
	else if (strncmp(word, "+class=", 7) == 0)
		*class = (uint16_t)number(word + 7);
	else if (strcmp(word, "+rd") == 0)
		*flags |= FLAG_RD;
	else if (strcmp(word, "+cd") == 0)
		*flags |= FLAG_CD;
	else
		return false;
	return true;
}

static void
query_write(struct run *run, const struct question *q, uint16_t flags, uint16_t size)
{
	struct wr wr = wr_init(run->query, sizeof(run->query));

	wr_u16(&wr, (uint16_t)(0x4000 + run->line));
	wr_u16(&wr, flags);
	wr_u16(&wr, 1);
	wr_u32(&wr, 0);
	wr_u16(&wr, size > 0);
	name_put(&wr, &q->name);
	wr_u16(&wr, q->type);
	wr_u16(&wr, q->class);
	if (size > 0) {
		wr_u8(&wr, 0);
		wr_u16(&wr, RR_OPT);
		wr_u16(&wr, size);
		wr_u32(&wr, run->dnssec ? 0x8000 : 0);
		wr_u16(&wr, 0);
	}
	run->query_n = wr.n;
}

static bool
line_query(struct run *run, char **word, unsigned n)
{
	struct question q = {.class = CLASS_IN};
	enum transport transport = TRANSPORT_UDP;
	uint16_t size = 1232, flags = 0;
	int type = n >= 3 ? rrtype_scan(word[2], strlen(word[2])) : -1;

	question_end(run);
	run->failed = false;
	run->dnssec = false;
	if (type < 0 || name_from(word[1], &q.name) != 0)
		return false;
	q.type = (uint16_t)type;
	for (unsigned i = 3; i < n; i++)
		if (!option_read(run, word[i], &transport, &size, &q.class, &flags))
			return false;
	query_write(run, &q, flags, size);
	run->asked = true;
	run->questions++;
	run->answer_n = world_ask(
	    run->world, transport, (struct bytes){run->query, run->query_n}, run->answer);
	answer_read(run);
	/* the question comes back bit for bit: 0x20 */
	if (run->answer_n < HEADER_SIZE + q.name.n + 4u ||
	    memcmp(run->answer + HEADER_SIZE, run->query + HEADER_SIZE, q.name.n + 4u) != 0)
		run_fail(run, "the question was not copied as it was", "");
	if (transport == TRANSPORT_UDP && run->answer_n > (size < 512 ? 512 : size))
		run_fail(run, "the answer is longer than the client takes", "");
	answer_prove(run);
	return true;
}

static long
answer_ede(const struct run *run)
{
	size_t at = 0;
	uint16_t code;
	struct bytes value;

	while (edns_next(&run->message.edns, &at, &code, &value))
		if (code == 15 && value.n >= 2)
			return get_u16(value.p);
	return -1;
}

static bool
line_expect(struct run *run, char **word, unsigned n)
{
	static const struct {
		const char *word;
		uint16_t bit;
	} flags[] = {{"aa", FLAG_AA}, {"tc", FLAG_TC}, {"rd", FLAG_RD}, {"cd", FLAG_CD}};
	uint16_t wanted = FLAG_QR, have = run->message.flags & (uint16_t)~0x780f;
	const char *rcode;
	char text[64];

	if (n < 2 || !run->asked)
		return false;
	rcode = rcode_text(message_rcode(&run->message), text);
	if (strcmp(rcode, word[1]) != 0)
		run_fail(run, "RCODE is", rcode);
	for (unsigned i = 2; i < n; i++) {
		size_t f = 0;

		while (f < 4 && strcmp(word[i], flags[f].word) != 0)
			f++;
		if (f < 4)
			wanted |= flags[f].bit;
		else if (strncmp(word[i], "ede=", 4) == 0 &&
			 answer_ede(run) != (long)number(word[i] + 4))
			run_fail(run, "EDE is another than", word[i] + 4);
		else if (strncmp(word[i], "size<=", 6) == 0 &&
			 run->answer_n > number(word[i] + 6))
			run_fail(run, "the answer is longer than", word[i] + 6);
		else if (strncmp(word[i], "ede=", 4) != 0 && strncmp(word[i], "size<=", 6) != 0)
			return false;
	}
	snprintf(text, sizeof(text), "%04x, expected %04x", have, wanted);
	if (have != wanted)
		run_fail(run, "header flags are", text);
	return true;
}

static bool
denial_matches(const struct record *r, const struct name *name, bool cover)
{
	struct rd rd = rd_init(r->rdata);
	uint8_t hash[NSEC3_HASH], own[NSEC3_HASH], next[NSEC3_HASH];
	struct name to;
	bool before, after, wraps;

	if (r->type == RR_NSEC) {
		name_read_plain(&rd, &to);
		if (!cover)
			return name_equal(&r->owner, name);
		before = name_compare(&r->owner, name) < 0;
		after = name_compare(name, &to) < 0;
		wraps = name_compare(&to, &r->owner) <= 0;
		return wraps ? before : before && after;
	}
	rd_bytes(&rd, 5); /* algorithm, flags, iterations, no salt */
	if (rd_u8(&rd) != NSEC3_HASH || trust_nsec3(name, hash) != 0 ||
	    nsec3_label_read(r->owner.w + 1, r->owner.w[0], own) != 0)
		return false;
	rd_copy(&rd, next, NSEC3_HASH);
	if (!cover)
		return memcmp(own, hash, NSEC3_HASH) == 0;
	before = memcmp(own, hash, NSEC3_HASH) < 0;
	after = memcmp(hash, next, NSEC3_HASH) < 0;
	wraps = memcmp(next, own, NSEC3_HASH) <= 0;
	return wraps ? before || after : before && after;
}

static bool
line_denial(struct run *run, char **word, unsigned n)
{
	uint16_t type = strcmp(word[1], "nsec3") == 0 ? RR_NSEC3 : RR_NSEC;
	bool cover = n == 4 && strcmp(word[2], "cover") == 0, found = false;
	struct name name;

	if (n != 4 || (!cover && strcmp(word[2], "match") != 0) ||
	    name_from(word[3], &name) != 0)
		return false;
	for (unsigned i = 0; i < run->n; i++) {
		struct seen *seen = &run->seen[i];

		if (seen->record.section == SECTION_AUTHORITY && seen->record.type == type &&
		    denial_matches(&seen->record, &name, cover)) {
			seen->named = true;
			found = true;
		}
	}
	if (!found)
		run_fail(run, cover ? "no proof covers" : "no proof matches", word[3]);
	return true;
}

static bool
line_record(
    struct run *run, enum section section, char **word, unsigned n, const char *rdata_text)
{
	uint8_t room[RDATA_ROOM];
	struct wr rdata = wr_init(room, sizeof(room));
	struct name owner;
	const char *why = "";
	int type = n >= 3 ? rrtype_scan(word[2], strlen(word[2])) : -1;
	bool unsigned_set = word[-1][0] == 'u';

	if (type < 0 || name_from(word[0], &owner) != 0)
		return false;
	if (zone_scan_rdata((uint16_t)type, rdata_text, &name_root, &rdata, &why) != 0) {
		run_fail(run, "not RDATA of this type", why);
		return false;
	}
	for (unsigned i = 0; i < run->n; i++) {
		struct seen *seen = &run->seen[i];

		if (seen->named || seen->record.section != section ||
		    seen->record.type != type || !name_equal(&seen->record.owner, &owner) ||
		    !bytes_equal(seen->record.rdata, wr_done(&rdata)))
			continue;
		seen->named = true;
		if (seen->record.ttl != number(word[1]))
			run_fail(run, "another TTL than", word[1]);
		if (unsigned_set && seen->proved)
			run_fail(run, "signed, but should not be", word[0]);
		seen->proved = seen->proved || unsigned_set;
		return true;
	}
	run_fail(run, "missing", rdata_text);
	return true;
}

/* "answer rrsig OWNER TYPE": a signature that was asked for by itself. */
static bool
line_signature(struct run *run, char **word, unsigned n)
{
	struct name owner;
	int covered = n == 4 ? rrtype_scan(word[3], strlen(word[3])) : -1;

	if (covered < 0 || name_from(word[2], &owner) != 0)
		return false;
	for (unsigned i = 0; i < run->n; i++) {
		const struct record *r = &run->seen[i].record;

		if (r->type == RR_RRSIG && name_equal(&r->owner, &owner) &&
		    get_u16(r->rdata.p) == covered) {
			run->seen[i].named = true;
			return true;
		}
	}
	run_fail(run, "no signature over", word[3]);
	return true;
}

/* answer|authority|additional ...; rest is the line's text, from which the RDATA is taken. */
static bool
line_section(struct run *run, char **word, unsigned n, const char *rest)
{
	unsigned section = SECTION_ANSWER;
	unsigned skip = 1;

	while (section <= SECTION_ADDITIONAL && strcmp(word[0], sections[section]) != 0)
		section++;
	if (section > SECTION_ADDITIONAL || n < 4 || !run->asked)
		return false;
	if (strcmp(word[1], "nsec") == 0 || strcmp(word[1], "nsec3") == 0)
		return line_denial(run, word, n);
	if (strcmp(word[1], "rrsig") == 0)
		return line_signature(run, word, n);
	if (strcmp(word[1], "unsigned") == 0)
		skip = 2;
	for (unsigned i = 0; i < skip + 3; i++) {
		rest += strspn(rest, " \t");
		rest += strcspn(rest, " \t");
	}
	return line_record(run, (enum section)section, word + skip, n - skip, rest);
}

static bool
line_zone(struct run *run, char **word, unsigned n)
{
	char path[1024];
	int folder = (int)(strrchr(run->path, '/') - run->path);
	uint8_t denial = 0;

	if (n == 4)
		denial = strcmp(word[2], "nsec") == 0 ? DENIAL_NSEC : DENIAL_NSEC3;
	if (n < 3 || n > 4)
		return false;
	snprintf(path, sizeof(path), "%.*s/%s", folder, run->path, word[n - 1]);
	return world_load(run->world, word[1], path, denial);
}

static bool
line_run(struct run *run, char *line)
{
	char copy[RDATA_ROOM];
	char *word[WORDS], *save = NULL;
	unsigned n = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " \t", &save); w != NULL && n < WORDS;
	     w = strtok_r(NULL, " \t", &save))
		word[n++] = w;
	if (n == 0)
		return true;
	if (strcmp(word[0], "zone") == 0)
		return line_zone(run, word, n);
	if (strcmp(word[0], "prefix") == 0)
		return n == 4 &&
		       world_prefix(run->world, word[1], word[2], (uint8_t)number(word[3]));
	if (strcmp(word[0], "query") == 0)
		return line_query(run, word, n);
	if (strcmp(word[0], "expect") == 0)
		return line_expect(run, word, n);
	return line_section(run, word, n, line);
}

static bool
case_read(struct run *run, FILE *file)
{
	char line[RDATA_ROOM];

	while (fgets(line, sizeof(line), file) != NULL) {
		run->line++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		if (!line_run(run, line)) {
			fprintf(
			    stderr, "%s:%u: not understood: %s\n", run->path, run->line, line);
			return false;
		}
	}
	question_end(run);
	return true;
}

int
case_run(const char *path, unsigned *questions)
{
	struct run *run = calloc(1, sizeof(*run));
	FILE *file = fopen(path, "r");
	int failures = -1;

	if (run == NULL || file == NULL) {
		perror(path);
		goto close_file;
	}
	run->path = path;
	run->world = world_new();
	if (run->world != NULL && case_read(run, file))
		failures = (int)run->failures;
	*questions += run->questions;
	world_free(run->world);
close_file:
	if (file != NULL)
		fclose(file);
	free(run);
	return failures;
}
