/*
 * test_update.c - UPDATEs: one of dnspython's, every form, every type, and what is no UPDATE.
 */
#include "tests/wire/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "core/wire/update.h"

/* dnspython 2.3.0: five prerequisites and five changes, names in any case, LEASE, PROVE of two tokens. */
static const char made_hex[] =
    "123428000001000500050001074578616d706c650474657374000006000104486f7374c00c00ff00ff00"
    "000000000004676f6e65c00c00ff00fe000000000000c01e000100ff000000000000c01e001c00fe0000"
    "00000000c01e000f0001000000000009000a044d41494cc00cc01e000f00010000012c0004000ac066c0"
    "1e000100010000003c0004c0000201c01e000100fe000000000004c0000202c01e001c00ff0000000000"
    "00036f6c64c00c00ff00ff00000000000000002904d00000000000220002000800001c2000127500ff14"
    "00121051000102030405060708090a0b0c0d0e0f";

static const struct {
	enum update_verb verb;
	uint16_t type;
	uint32_t ttl;
	const char *owner, *rdata;
} made[] = {
    {UPDATE_NAME_USED, 0, 0, "host.example.test.", ""},
    {UPDATE_NAME_UNUSED, 0, 0, "gone.example.test.", ""},
    {UPDATE_RRSET_EXISTS, RR_A, 0, "host.example.test.", ""},
    {UPDATE_RRSET_ABSENT, RR_AAAA, 0, "host.example.test.", ""},
    {UPDATE_RRSET_VALUE, RR_MX, 0, "host.example.test.",
	"000a 046d61696c 076578616d706c65 0474657374 00"},
    {UPDATE_ADD, RR_MX, 300, "host.example.test.",
	"000a 046d61696c 076578616d706c65 0474657374 00"},
    {UPDATE_ADD, RR_A, 60, "host.example.test.", "c0000201"},
    {UPDATE_DELETE_RECORD, RR_A, 0, "host.example.test.", "c0000202"},
    {UPDATE_DELETE_RRSET, RR_AAAA, 0, "host.example.test.", ""},
    {UPDATE_DELETE_NAME, 0, 0, "old.example.test.", ""},
};
#define MADE (sizeof made / sizeof made[0])

static uint8_t buffer[65535];

static void
test_made(void **state)
{
	static const uint8_t tokens[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct name zone = name_of("example.test.");
	struct message m;
	struct update u;
	const char *why;

	(void)state;
	assert_int_equal(message_parse(hex_bytes(made_hex, buffer, sizeof buffer), &m), 0);
	assert_int_equal(update_read(&m, &u, &why), RCODE_NOERROR);
	assert_null(why);
	assert_bytes_equal(name_bytes(&u.zone), name_bytes(&zone));
	assert_int_equal(u.n_prerequisites, 5);
	assert_int_equal(u.n_changes, 5);
	for (size_t i = 0; i < MADE; i++) {
		struct name owner = name_of(made[i].owner);
		uint8_t rdata[64];

		assert_int_equal(u.items[i].verb, made[i].verb);
		assert_int_equal(u.items[i].type, made[i].type);
		assert_int_equal(u.items[i].ttl, made[i].ttl);
		assert_bytes_equal(name_bytes(u.items[i].owner), name_bytes(&owner));
		assert_bytes_equal(
		    u.items[i].rdata, hex_bytes(made[i].rdata, rdata, sizeof rdata));
	}
	for (size_t i = 3; i < 9; i++)
		assert_ptr_equal(u.items[i].owner, u.items[2].owner);
	assert_true(u.lease.present && u.lease.both);
	assert_int_equal(u.lease.lease, 7200);
	assert_int_equal(u.lease.key_lease, 1209600);
	assert_true(u.prove.present);
	assert_int_equal(u.prove.port, 4177);
	assert_bytes_equal(u.prove.tokens, ((struct bytes){tokens, sizeof tokens}));
	update_fini(&u);
	update_fini(&u); /* does nothing */
}

/* A message with a zone section, and records behind it. */
static struct wr
message_begin(const char *zone, uint16_t type, uint16_t class)
{
	struct wr wr = wr_init(buffer, sizeof buffer);
	struct name name = name_of(zone);

	wr_u16(&wr, 1);
	wr_u16(&wr, OPCODE_UPDATE << 11);
	wr_u16(&wr, 1);
	wr_u16(&wr, 0);
	wr_u32(&wr, 0);
	name_put(&wr, &name);
	wr_u16(&wr, type);
	wr_u16(&wr, class);
	return wr;
}

static void
record_put(struct wr *wr, enum section section, const struct rr *rr)
{
	size_t count = 4 + 2 * (size_t)section;

	name_put(wr, rr->owner);
	wr_u16(wr, rr->type);
	wr_u16(wr, rr->class);
	wr_u32(wr, rr->ttl);
	wr_u16(wr, (uint16_t)rr->rdata.n);
	wr_bytes(wr, rr->rdata);
	assert_int_equal(wr->error, 0);
	put_u16(buffer + count, (uint16_t)(get_u16(buffer + count) + 1));
}

/* What an UPDATE gets; -1: what is no message. */
static int
judge(const struct wr *wr, struct update_item *first)
{
	struct message m;
	struct update u;
	const char *why = "";
	int rcode;

	if (message_parse(wr_done(wr), &m) != 0)
		return -1;
	rcode = update_read(&m, &u, &why);
	assert_int_equal(why == NULL, rcode == RCODE_NOERROR);
	if (rcode == RCODE_NOERROR && first != NULL && u.n_prerequisites + u.n_changes > 0) {
		*first = u.items[0];
		first->owner = NULL;
		first->rdata.p = NULL;
	}
	update_fini(&u);
	return rcode;
}

static int
judge_record(enum section section, const struct rr *rr, struct update_item *item)
{
	struct wr wr = message_begin("example.test.", RR_SOA, CLASS_IN);

	record_put(&wr, section, rr);
	return judge(&wr, item);
}

static bool
type_is_meta(unsigned type)
{
	/* RFC 6895 3.1; SIG and NXT are no types of zones since RFC 3755 */
	return type == 0 || type == 65535 || (type >= 128 && type <= 255) || type == RR_OPT ||
	       type == RR_SIG || type == RR_NXT;
}

/* What RFC 2136 2.4 and 2.5 say, sentence by sentence. */
static int
verb_of(enum section section, unsigned type, unsigned class, uint32_t ttl, size_t n)
{
	bool prerequisite = section == SECTION_ANSWER;

	if (type == RR_ANY) {
		if (ttl != 0 || n != 0)
			return -1;
		if (prerequisite && class == CLASS_ANY)
			return UPDATE_NAME_USED; /* 2.4.4 */
		if (prerequisite && class == CLASS_NONE)
			return UPDATE_NAME_UNUSED; /* 2.4.5 */
		return !prerequisite && class == CLASS_ANY ? UPDATE_DELETE_NAME
							   : -1; /* 2.5.3 */
	}
	if (type_is_meta(type))
		return -1;
	if (class == CLASS_IN && prerequisite)
		return ttl == 0 ? UPDATE_RRSET_VALUE : -1; /* 2.4.2 */
	if (class == CLASS_IN)
		return UPDATE_ADD; /* 2.5.1 */
	if (ttl != 0)
		return -1;
	if (class == CLASS_ANY && n == 0)
		return prerequisite ? UPDATE_RRSET_EXISTS
				    : UPDATE_DELETE_RRSET; /* 2.4.1, 2.5.2 */
	if (class == CLASS_NONE && prerequisite && n == 0)
		return UPDATE_RRSET_ABSENT; /* 2.4.3 */
	return class == CLASS_NONE && !prerequisite ? UPDATE_DELETE_RECORD : -1; /* 2.5.4 */
}

/* Every type in every class, in both sections, with and without TTL and RDATA. */
static void
test_forms(void **state)
{
	static const uint16_t classes[] = {
	    0, CLASS_IN, CLASS_CH, 4, CLASS_NONE, CLASS_ANY, 65535};
	struct name owner = name_of("a.example.test.");
	struct rr rr = {.owner = &owner};

	(void)state;
	for (unsigned i = 0; i < 65536U * 7 * 2 * 4; i++) {
		unsigned type = i & 65535, rest = i >> 16;
		enum section section = rest & 1 ? SECTION_ANSWER : SECTION_AUTHORITY;
		struct update_item item = {.type = 1};
		const struct rrtype *row = rrtype_find((uint16_t)type);
		int verb, rcode;

		rr.type = (uint16_t)type;
		rr.class = classes[(rest >> 3) % 7];
		rr.ttl = rest >> 1 & 1;
		rr.rdata = (struct bytes){(const uint8_t *)"\0\0\0\1", (rest >> 2 & 1) * 4};
		verb = verb_of(section, type, rr.class, rr.ttl, rr.rdata.n);
		rcode = judge_record(section, &rr, &item);
		/* RDATA that a known type cannot have is another test's */
		if (row != NULL && rcode == RCODE_FORMERR &&
		    (verb == UPDATE_ADD || verb == UPDATE_DELETE_RECORD ||
			verb == UPDATE_RRSET_VALUE))
			continue;
		if (type == RR_OPT) {
			assert_int_equal(rcode, -1);
			continue;
		}
		assert_int_equal(rcode, verb < 0 ? RCODE_FORMERR : RCODE_NOERROR);
		if (verb < 0)
			continue;
		assert_int_equal(item.verb, verb);
		assert_int_equal(item.type, type == RR_ANY ? 0 : type);
		assert_int_equal(item.ttl, rr.ttl);
		assert_int_equal(item.rdata.n, rr.rdata.n);
	}
}

static void
test_ttls(void **state)
{
	struct name owner = name_of("example.test.");
	struct rr rr = {&owner, RR_A, CLASS_IN, 0x7fffffff, {(const uint8_t *)"\1\2\3\4", 4}};
	struct update_item item;

	(void)state;
	assert_int_equal(judge_record(SECTION_AUTHORITY, &rr, &item), RCODE_NOERROR);
	assert_int_equal(item.ttl, 0x7fffffff);
	rr.ttl++;
	assert_int_equal(judge_record(SECTION_AUTHORITY, &rr, NULL), RCODE_FORMERR);
	rr.ttl = UINT32_MAX;
	assert_int_equal(judge_record(SECTION_AUTHORITY, &rr, NULL), RCODE_FORMERR);
}

static void
test_zone_section(void **state)
{
	struct wr wr = message_begin("example.test.", RR_SOA, CLASS_IN);

	(void)state;
	assert_int_equal(judge(&wr, NULL), RCODE_NOERROR); /* empty, and well formed */
	for (unsigned type = 0; type < 65536; type++) {
		wr = message_begin("example.test.", (uint16_t)type, CLASS_IN);
		assert_int_equal(
		    judge(&wr, NULL), type == RR_SOA ? RCODE_NOERROR : RCODE_FORMERR);
	}
	wr = message_begin("example.test.", RR_SOA, CLASS_ANY);
	assert_int_equal(judge(&wr, NULL), RCODE_FORMERR);
	wr = message_begin("example.test.", RR_SOA, CLASS_NONE);
	assert_int_equal(judge(&wr, NULL), RCODE_FORMERR);
	wr = message_begin("example.test.", RR_SOA, CLASS_CH); /* the caller's matter */
	assert_int_equal(judge(&wr, NULL), RCODE_NOERROR);
	wr = message_begin("example.test.", RR_SOA, CLASS_IN);
	wr.n = HEADER_SIZE;
	put_u16(buffer + 4, 0);
	assert_int_equal(judge(&wr, NULL), RCODE_FORMERR);
	wr = message_begin("example.test.", RR_SOA, CLASS_IN);
	wr_bytes(&wr, (struct bytes){buffer + HEADER_SIZE, wr.n - HEADER_SIZE});
	put_u16(buffer + 4, 2);
	assert_int_equal(judge(&wr, NULL), RCODE_FORMERR);
}

static void
test_owners(void **state)
{
	static const struct {
		const char *owner;
		int rcode;
	} rows[] = {
	    {"example.test.", RCODE_NOERROR},
	    {"EXAMPLE.test.", RCODE_NOERROR},
	    {"a.b.Example.TEST.", RCODE_NOERROR},
	    {"*.example.test.", RCODE_NOERROR},
	    {"test.", RCODE_NOTZONE},
	    {".", RCODE_NOTZONE},
	    {"xexample.test.", RCODE_NOTZONE},
	    {"a\\.example.test.", RCODE_NOTZONE},
	    {"example.test.test.", RCODE_NOTZONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (int section = SECTION_ANSWER; section <= SECTION_ADDITIONAL; section++) {
			struct name owner = name_of(rows[i].owner);
			struct rr rr = {&owner, RR_A, CLASS_ANY, 0, {NULL, 0}};

			/* nobody asks where additional records are */
			assert_int_equal(judge_record((enum section)section, &rr, NULL),
			    section == SECTION_ADDITIONAL ? RCODE_NOERROR : rows[i].rcode);
		}
}

static void
test_rdata(void **state)
{
	static const struct {
		uint16_t type;
		const char *rdata;
		int rcode;
	} rows[] = {
	    {RR_A, "c0000201", RCODE_NOERROR},
	    {RR_A, "c00002", RCODE_FORMERR},
	    {RR_A, "c000020100", RCODE_FORMERR},
	    {RR_A, "", RCODE_FORMERR},
	    {RR_NS, "c00c", RCODE_NOERROR},
	    {RR_NS, "c0", RCODE_FORMERR},
	    {RR_NS, "", RCODE_FORMERR},
	    {RR_NS, "c00c00", RCODE_FORMERR},
	    {RR_NS, "ffff", RCODE_FORMERR}, /* a pointer forward */
	    {RR_KEY, "0200030f", RCODE_NOERROR},
	    {RR_KEY, "020003", RCODE_FORMERR},
	    {RR_DNAME, "c00c", RCODE_FORMERR}, /* not to be compressed */
	    {RR_DNAME, "0000", RCODE_FORMERR},
	    {RR_SOA, "c00cc00c0000000100000002000000030000000400000005", RCODE_NOERROR},
	    {RR_SOA, "c00cc00c00000001000000020000000300000004", RCODE_FORMERR},
	    {RR_TXT, "", RCODE_FORMERR},
	    {RR_EPID, "000a000100000000000000000000ffffc0000201", RCODE_NOERROR},
	    {RR_EPID, "000a000100000000000000000000ffffc00002", RCODE_FORMERR},
	    {RR_ELOC, "000a00640001c0000201", RCODE_NOERROR},
	    {RR_ELOC, "000a00640001c000020100", RCODE_FORMERR},
	    {RR_ELOC, "00010001000978797a", RCODE_FORMERR}, /* of kind 9 */
	    {65280, "", RCODE_NOERROR},
	    {65280, "01020304", RCODE_NOERROR},
	};
	struct name owner = name_of("a.example.test.");

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (int k = 0; k < 3; k++) {
			static const struct {
				enum section section;
				uint16_t class;
			} places[] = {{SECTION_ANSWER, CLASS_IN}, {SECTION_AUTHORITY, CLASS_IN},
			    {SECTION_AUTHORITY, CLASS_NONE}};
			uint8_t rdata[128];
			struct rr rr = {&owner, rows[i].type, places[k].class, 0,
			    hex_bytes(rows[i].rdata, rdata, sizeof rdata)};

			assert_int_equal(
			    judge_record(places[k].section, &rr, NULL), rows[i].rcode);
		}
}

/* Signatures and whatever else stands in the additional section is not an update's. */
static void
test_additional(void **state)
{
	static const uint16_t types[] = {RR_A, RR_SIG, RR_TSIG, RR_TKEY, RR_ANY, 0};
	struct name owner = name_of("elsewhere.");
	struct wr wr = message_begin("example.test.", RR_SOA, CLASS_IN);

	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		struct rr rr = {
		    &owner, types[i], CLASS_IN, UINT32_MAX, {(const uint8_t *)"x", 1}};

		record_put(&wr, SECTION_ADDITIONAL, &rr);
	}
	assert_int_equal(judge(&wr, NULL), RCODE_NOERROR);
}

static int
judge_options(const char *options)
{
	struct wr wr = message_begin("example.test.", RR_SOA, CLASS_IN);
	uint8_t octets[256];
	struct rr rr = {&name_root, RR_OPT, 1232, 0, hex_bytes(options, octets, sizeof octets)};

	record_put(&wr, SECTION_ADDITIONAL, &rr);
	return judge(&wr, NULL);
}

#define TOKEN " 0001020304050607"
#define TOKENS_8 TOKEN TOKEN TOKEN TOKEN TOKEN TOKEN TOKEN TOKEN

static void
test_options(void **state)
{
	static const struct {
		const char *options;
		int rcode;
	} rows[] = {
	    {"", RCODE_NOERROR},
	    {"0002 0004 00000708", RCODE_NOERROR},
	    {"0002 0008 00000000 00000000", RCODE_NOERROR},
	    {"0002 0008 00000708 00000001",
		RCODE_NOERROR}, /* the key's is the shorter: a policy's matter */
	    {"0002 0000", RCODE_FORMERR},
	    {"0002 0003 000007", RCODE_FORMERR},
	    {"0002 0005 0000070800", RCODE_FORMERR},
	    {"0002 0007 00000708000007", RCODE_FORMERR},
	    {"0002 0009 000007080000070800", RCODE_FORMERR},
	    {"0002 0004 00000708 0002 0004 00000708", RCODE_FORMERR},
	    {"ff14 0002 0001", RCODE_NOERROR},
	    {"ff14 000a 1051 0001020304050607", RCODE_NOERROR},
	    {"ff14 0000", RCODE_FORMERR},
	    {"ff14 0001 10", RCODE_FORMERR},
	    {"ff14 0002 0000", RCODE_FORMERR}, /* no port */
	    {"ff14 0009 1051 00010203040506", RCODE_FORMERR},
	    {"ff14 000b 1051 000102030405060708", RCODE_FORMERR},
	    {"ff14 0002 1051 ff14 0002 1051", RCODE_FORMERR},
	    {"000a 0008 0001020304050607 ff14 0002 1051 0002 0004 00000708", RCODE_NOERROR},
	};
	static const char most[] = "ff14 0042 1051" TOKENS_8,
			  more[] = "ff14 004a 1051" TOKENS_8 TOKEN;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(judge_options(rows[i].options), rows[i].rcode);
	assert_int_equal(judge_options(most), RCODE_NOERROR);
	assert_int_equal(judge_options(more), RCODE_FORMERR);
}

/* What is written is read again. */
static void
test_options_back(void **state)
{
	static const uint8_t tokens[] = "0123456789abcdef";
	uint8_t octets[64];
	struct wr wr = wr_init(octets, sizeof octets);
	struct lease_option lease = {.both = true, .lease = 1, .key_lease = UINT32_MAX},
			    lease_back;
	struct prove_option prove = {.port = 7, .tokens = {tokens, 16}}, prove_back;
	struct edns edns = {.present = true};

	(void)state;
	lease_option_put(&wr, &lease);
	prove_option_put(&wr, &prove);
	edns.options = wr_done(&wr);
	assert_int_equal(edns.options.n, 12 + 4 + 2 + 16);
	assert_true(lease_option_read(&edns, &lease_back));
	assert_true(lease_back.present && lease_back.both);
	assert_int_equal(lease_back.lease, 1);
	assert_int_equal(lease_back.key_lease, UINT32_MAX);
	assert_true(prove_option_read(&edns, &prove_back));
	assert_int_equal(prove_back.port, 7);
	assert_bytes_equal(prove_back.tokens, prove.tokens);

	wr = wr_init(octets, sizeof octets);
	lease.both = false;
	lease_option_put(&wr, &lease);
	edns.options = wr_done(&wr);
	assert_true(lease_option_read(&edns, &lease_back));
	assert_false(lease_back.both);
	assert_int_equal(lease_back.key_lease, 1); /* both are the same */
	assert_true(prove_option_read(&edns, &prove_back));
	assert_false(prove_back.present);
	edns.present = false;
	assert_true(lease_option_read(&edns, &lease_back));
	assert_false(lease_back.present);
}

/*
 * 65,535 octets: as many records as there can be, records whose RDATA grows most, and such with owners that differ.
 */
#define LABEL "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0."
static struct wr
message_fill(int kind)
{
	static const char zone[] = LABEL LABEL LABEL "example.test.";
	struct wr wr = message_begin(kind == 0 ? "example.test." : zone, RR_SOA, CLASS_IN);
	uint16_t n = 0;

	while (wr.n + 50 <= wr.max && n < 65535) {
		if (kind == 2) {
			wr_u8(&wr, 3);
			wr_u8(&wr, (uint8_t)(n >> 12 | 'a'));
			wr_u16(&wr, (uint16_t)(0x3030 | (n & 0xf00) | (n & 0xf)));
		}
		wr_u16(&wr, 0xc00c);
		wr_u16(&wr, kind == 0 ? 65280 : RR_MINFO);
		wr_u16(&wr, kind == 0 ? CLASS_ANY : CLASS_NONE);
		wr_u32(&wr, 0);
		wr_u16(&wr, kind == 0 ? 0 : 4);
		if (kind > 0)
			wr_u32(&wr, 0xc00cc00c);
		n++;
	}
	put_u16(buffer + 8, n);
	return wr;
}

static void
test_longest(void **state)
{
	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		struct wr wr = message_fill(kind);
		struct timespec from, to;
		struct message m;
		struct update u;
		const char *why;
		double ms;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		assert_int_equal(message_parse(wr_done(&wr), &m), 0);
		assert_int_equal(update_read(&m, &u, &why), RCODE_NOERROR);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		ms = (double)(to.tv_sec - from.tv_sec) * 1e3 +
		     (double)(to.tv_nsec - from.tv_nsec) * 1e-6;
		assert_int_equal(u.n_changes, get_u16(buffer + 8));
		assert_true(u.n_changes > 2900);
		for (size_t i = 0; i < u.n_changes; i++) {
			assert_true(name_is_lower(u.items[i].owner));
			if (kind > 0)
				assert_int_equal(u.items[i].rdata.n, 2 * (size_t)u.zone.n);
			if (kind < 2)
				assert_ptr_equal(u.items[i].owner, u.items[0].owner);
		}
		print_message("# %zu records in %.2f ms\n", u.n_changes, ms);
		assert_true(ms < 200); /* hundreds of times more would be quadratic */
		update_fini(&u);
	}
}

/* The first thing that is wrong is what is said. */
static void
test_first(void **state)
{
	struct name in = name_of("a.example.test."), out = name_of("a.example.");
	struct rr wrong = {&in, RR_ANY, CLASS_IN, 0, {NULL, 0}};
	struct rr elsewhere = {&out, RR_A, CLASS_ANY, 0, {NULL, 0}};
	struct wr wr = message_begin("example.test.", RR_SOA, CLASS_IN);

	(void)state;
	record_put(&wr, SECTION_AUTHORITY, &wrong);
	record_put(&wr, SECTION_AUTHORITY, &elsewhere);
	assert_int_equal(judge(&wr, NULL), RCODE_FORMERR);
	wr = message_begin("example.test.", RR_SOA, CLASS_IN);
	record_put(&wr, SECTION_AUTHORITY, &elsewhere);
	record_put(&wr, SECTION_AUTHORITY, &wrong);
	assert_int_equal(judge(&wr, NULL), RCODE_NOTZONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_made),
	    cmocka_unit_test(test_forms),
	    cmocka_unit_test(test_ttls),
	    cmocka_unit_test(test_zone_section),
	    cmocka_unit_test(test_owners),
	    cmocka_unit_test(test_rdata),
	    cmocka_unit_test(test_additional),
	    cmocka_unit_test(test_options),
	    cmocka_unit_test(test_options_back),
	    cmocka_unit_test(test_longest),
	    cmocka_unit_test(test_first),
	};

	return cmocka_run_group_tests_name("update", tests, NULL, NULL);
}
