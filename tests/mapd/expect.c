/*
 * expect.c - holds one answer against the lines of a case file.
 */
#include "tests/mapd/expect.h"

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
#include "tests/mapd/judge.h"

#define FLAGS_JUDGED 0xfff0 /* all but the RCODE */

static const char *const sections[] = {"question", "answer", "authority", "additional"};
static const char *const rcodes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
    "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"};

void
expect_fail(struct expect *e, const char *what, const char *which)
{
	fprintf(stderr, "%s: %s%s%s\n", e->where, what, which[0] != '\0' ? ": " : "", which);
	e->failed = true;
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
set_verifies(struct expect *e, const struct record *first)
{
	struct bytes rdata[EXPECT_RECORDS];
	struct rrset set = {&first->owner, first->type, first->class, first->ttl, 0, rdata};
	const char *why;

	for (unsigned i = 0; i < e->n; i++)
		if (same_set(&e->seen[i].record, first))
			rdata[set.n++] = e->seen[i].record.rdata;
	for (unsigned i = 0; i < e->n; i++) {
		const struct record *sig = &e->seen[i].record;

		if (sig->type != RR_RRSIG || sig->section != first->section ||
		    !name_equal(&sig->owner, &first->owner) ||
		    get_u16(sig->rdata.p) != first->type)
			continue;
		e->seen[i].named = true;
		if (sig->ttl != first->ttl)
			expect_fail(e, "RRSIG and its set have different TTLs", "");
		why = judge_signature(e->server, &set, sig->rdata);
		if (why != NULL)
			expect_fail(e, why, "");
		return why == NULL;
	}
	return false;
}

/* Compression only where RFC 1035 has it, and RFC 3597 4 has no new type do it, is rdata_check()'s. */
static void
answer_read(struct expect *e)
{
	struct records it = records_of(&e->message);
	struct record record;

	e->n = 0;
	while (records_next(&it, &record)) {
		if (record.type == RR_OPT)
			continue;
		if (record.class != e->asking.q.class)
			expect_fail(e, "a record of another class", "");
		if (record.ttl > INT32_MAX || rdata_check(record.type, record.rdata) != 0)
			expect_fail(e, "RDATA or TTL is malformed", "");
		for (unsigned i = 0; i < e->n; i++)
			if (same_set(&e->seen[i].record, &record) &&
			    bytes_equal(e->seen[i].record.rdata, record.rdata))
				expect_fail(e, "the same record twice", "");
		if (e->n < EXPECT_RECORDS)
			e->seen[e->n++] = (struct seen){.record = record};
	}
	for (unsigned i = 0; i < e->n && e->asking.dnssec; i++)
		if (e->seen[i].record.type != RR_RRSIG)
			e->seen[i].proved = set_verifies(e, &e->seen[i].record);
}

/* The question comes back bit for bit (0x20), EDNS to those who have it, DO as it came (RFC 3225 3). */
static void
answer_check_form(struct expect *e)
{
	const struct asking *asking = &e->asking;
	size_t n = asking->q.name.n + 4u, most = asking->size < 512 ? 512 : asking->size;

	if (e->message.id != get_u16(e->query.p) || !(e->message.flags & FLAG_QR))
		expect_fail(e, "not an answer to this query", "");
	if (asking->questions == 1 &&
	    (e->answer_n < HEADER_SIZE + n ||
		memcmp(e->answer + HEADER_SIZE, e->query.p + HEADER_SIZE, n) != 0))
		expect_fail(e, "the question was not copied as it was", "");
	if (asking->transport == TRANSPORT_UDP && e->answer_n > most)
		expect_fail(e, "the answer is longer than the client takes", "");
	if (asking->transport == TRANSPORT_TCP && (e->message.flags & FLAG_TC) != 0)
		expect_fail(e, "TC over TCP", "");
	if (asking->questions == 1 && (e->message.edns.present != (asking->size > 0) ||
					  e->message.edns.dnssec_ok != asking->dnssec))
		expect_fail(e, "EDNS or DO is not as in the query", "");
}

void
expect_start(struct expect *e)
{
	e->n = 0;
	e->silent = e->answer_n == 0;
	e->short_of_room = false;
	if (e->silent)
		return;
	if (message_parse((struct bytes){e->answer, e->answer_n}, &e->message) != 0) {
		expect_fail(e, "the answer is malformed", "");
		memset(&e->message, 0, sizeof(e->message));
		return;
	}
	e->short_of_room = e->asking.may_be_short && (e->message.flags & FLAG_TC) != 0;
	answer_check_form(e);
	answer_read(e);
}

/* What may be more when the case file does not ask for proofs. */
static bool
seen_is_proof(const struct seen *seen)
{
	return seen->record.type == RR_RRSIG ||
	       (seen->record.section == SECTION_AUTHORITY &&
		   (seen->record.type == RR_NSEC || seen->record.type == RR_NSEC3 ||
		       seen->record.type == RR_DS));
}

void
expect_end(struct expect *e)
{
	char text[EXPECT_LINE];

	for (unsigned i = 0; i < e->n && !e->short_of_room; i++) {
		const struct seen *seen = &e->seen[i];

		if (e->asking.added_dnssec && seen_is_proof(seen))
			continue;
		record_show(&seen->record, text, sizeof(text));
		if (!seen->named)
			expect_fail(e, "nobody expects", text);
		else if (e->asking.dnssec && !e->asking.added_dnssec && !seen->proved &&
			 seen->record.type != RR_RRSIG)
			expect_fail(e, "not signed, or wrongly", text);
	}
}

/* --- lines --- */

static long
answer_ede(const struct expect *e)
{
	size_t at = 0;
	uint16_t code;
	struct bytes value;

	while (edns_next(&e->message.edns, &at, &code, &value))
		if (code == 15 && value.n >= 2)
			return get_u16(value.p);
	return -1;
}

/* RFC 7873 5.2: the client's part as it came, and 16 octets of the server's behind it. */
static bool
answer_has_cookie(const struct expect *e)
{
	size_t at = 0;
	uint16_t code;
	struct bytes value;

	while (edns_next(&e->message.edns, &at, &code, &value))
		if (code == 10)
			return value.n == 24 && memcmp(value.p, e->asking.options + 4, 8) == 0;
	return false;
}

/* NAME=N and the like; false: another word. */
static bool
expect_word(struct expect *e, const char *word)
{
	static const struct {
		const char *word;
		const char *what;
	} rows[] = {{"ede=", "EDE is another than"}, {"size<=", "the answer is longer than"},
	    {"opcode=", "OPCODE is another than"}};
	unsigned long n;

	if (strcmp(word, "cookie") == 0) {
		if (!answer_has_cookie(e))
			expect_fail(e, "no cookie, or another client's", "");
		return true;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t length = strlen(rows[i].word);

		if (strncmp(word, rows[i].word, length) != 0)
			continue;
		n = number(word + length);
		if (i == 0   ? answer_ede(e) != (long)n
		    : i == 1 ? e->answer_n > n
			     : message_opcode(&e->message) != (enum opcode)n)
			expect_fail(e, rows[i].what, word + length);
		return true;
	}
	return false;
}

static bool
line_expect(struct expect *e, char **word, unsigned n)
{
	static const struct {
		const char *word;
		uint16_t bit;
	} flags[] = {{"aa", FLAG_AA}, {"tc", FLAG_TC}, {"rd", FLAG_RD}, {"cd", FLAG_CD}};
	uint16_t wanted = FLAG_QR, have = e->message.flags & (uint16_t)FLAGS_JUDGED;
	const char *rcode;
	char text[64];

	if (n < 2)
		return false;
	if (strcmp(word[1], "nothing") == 0) {
		if (!e->silent)
			expect_fail(e, "an answer, where none may be", "");
		return true;
	}
	rcode = rcode_text(message_rcode(&e->message), text);
	if (e->silent || strcmp(rcode, word[1]) != 0)
		expect_fail(e, "RCODE is", e->silent ? "that of no answer at all" : rcode);
	for (unsigned i = 2; i < n; i++) {
		size_t f = 0;

		while (f < 4 && strcmp(word[i], flags[f].word) != 0)
			f++;
		if (f < 4)
			wanted |= flags[f].bit;
		else if (!expect_word(e, word[i]))
			return false;
	}
	/* an opcode comes back as it was; all other bits are ours, and most of them 0 */
	wanted |= e->asking.flags & 0x7800;
	snprintf(text, sizeof(text), "%04x, expected %04x", have, wanted);
	if (have != wanted)
		expect_fail(e, "header flags are", text);
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
line_denial(struct expect *e, char **word, unsigned n)
{
	uint16_t type = strcmp(word[1], "nsec3") == 0 ? RR_NSEC3 : RR_NSEC;
	bool cover = n >= 4 && strcmp(word[2], "cover") == 0, found = false;
	struct name name;

	if (n < 4 || n > 5 || (!cover && strcmp(word[2], "match") != 0) ||
	    name_from(word[3], &name) != 0)
		return false;
	if (e->asking.removed_dnssec)
		return true;
	for (unsigned i = 0; i < e->n; i++) {
		struct seen *seen = &e->seen[i];

		if (seen->record.section == SECTION_AUTHORITY && seen->record.type == type &&
		    denial_matches(&seen->record, &name, cover)) {
			seen->named = true;
			found = true;
			if (n == 5 && seen->record.ttl != number(word[4]))
				expect_fail(e, "the proof's TTL is not", word[4]);
		}
	}
	if (!found)
		expect_fail(e, cover ? "no proof covers" : "no proof matches", word[3]);
	return true;
}

static bool
line_record(
    struct expect *e, enum section section, char **word, unsigned n, const char *rdata_text)
{
	uint8_t room[EXPECT_LINE];
	struct wr rdata = wr_init(room, sizeof(room));
	struct name owner;
	const char *why = "";
	int type = n >= 3 ? rrtype_scan(word[2], strlen(word[2])) : -1;
	bool unsigned_set = word[-1][0] == 'u';
	bool any = strcmp(rdata_text + strspn(rdata_text, " \t"), "...") == 0;

	if (type < 0 || name_from(word[0], &owner) != 0)
		return false;
	/* RFC 4035 3.1.4: DS in a referral is a proof */
	if (e->asking.removed_dnssec && section == SECTION_AUTHORITY && type == RR_DS)
		return true;
	if (!any &&
	    zone_scan_rdata((uint16_t)type, rdata_text, &name_root, &rdata, &why) != 0) {
		expect_fail(e, "not RDATA of this type", why);
		return false;
	}
	for (unsigned i = 0; i < e->n; i++) {
		struct seen *seen = &e->seen[i];

		if (seen->named || seen->record.section != section ||
		    seen->record.type != type || !name_equal(&seen->record.owner, &owner) ||
		    (!any && !bytes_equal(seen->record.rdata, wr_done(&rdata))))
			continue;
		seen->named = true;
		if (seen->record.ttl != number(word[1]))
			expect_fail(e, "another TTL than", word[1]);
		if (unsigned_set && seen->proved && e->asking.dnssec)
			expect_fail(e, "signed, but should not be", word[0]);
		seen->proved = seen->proved || unsigned_set;
		return true;
	}
	expect_fail(e, "missing", rdata_text);
	return true;
}

/* "answer rrsig OWNER TYPE": a signature that was asked for by itself. */
static bool
line_signature(struct expect *e, char **word, unsigned n)
{
	struct name owner;
	int covered = n == 4 ? rrtype_scan(word[3], strlen(word[3])) : -1;

	if (covered < 0 || name_from(word[2], &owner) != 0)
		return false;
	for (unsigned i = 0; i < e->n; i++) {
		const struct record *r = &e->seen[i].record;

		if (r->type == RR_RRSIG && name_equal(&r->owner, &owner) &&
		    get_u16(r->rdata.p) == covered) {
			e->seen[i].named = true;
			return true;
		}
	}
	expect_fail(e, "no signature over", word[3]);
	return true;
}

/* answer|authority|additional ...; rest is the line's text, from which the RDATA is taken. */
static bool
line_section(struct expect *e, char **word, unsigned n, const char *rest)
{
	unsigned section = SECTION_ANSWER;
	unsigned skip = 1;

	while (section <= SECTION_ADDITIONAL && strcmp(word[0], sections[section]) != 0)
		section++;
	if (section > SECTION_ADDITIONAL || n < 4)
		return false;
	if (strcmp(word[1], "nsec") == 0 || strcmp(word[1], "nsec3") == 0)
		return line_denial(e, word, n);
	if (strcmp(word[1], "rrsig") == 0)
		return line_signature(e, word, n);
	if (strcmp(word[1], "unsigned") == 0)
		skip = 2;
	for (unsigned i = 0; i < skip + 3; i++) {
		rest += strspn(rest, " \t");
		rest += strcspn(rest, " \t");
	}
	return line_record(e, (enum section)section, word + skip, n - skip, rest);
}

bool
expect_line(struct expect *e, const char *line)
{
	char copy[EXPECT_LINE];
	char *word[EXPECT_WORDS], *save = NULL;
	unsigned n = 0;

	if (e->short_of_room)
		return true;
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " \t", &save); w != NULL && n < EXPECT_WORDS;
	     w = strtok_r(NULL, " \t", &save))
		word[n++] = w;
	if (n == 0)
		return true;
	return strcmp(word[0], "expect") == 0 ? line_expect(e, word, n)
					      : line_section(e, word, n, line);
}
