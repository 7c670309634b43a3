/*
 * test_frame.c - frames and results: there and back, and what a hostile peer may send.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/errors.h"
#include "core/wire/frame.h"
#include "core/wire/rrtype.h"
#include "tests/map/rows.h"

static uint8_t buffer[FRAME_MAX];
static struct result made, back;

static void
test_frame_there_and_back(void **state)
{
	struct wr wr = wr_init(buffer, sizeof buffer);
	size_t started = frame_start(&wr, FRAME_PING, 0x1234, 77);
	struct frame frame;
	struct bytes stream;

	(void)state;
	wr_copy(&wr, "hello", 5);
	frame_end(&wr, started);
	assert_int_equal(wr.n, FRAME_HEADER + 5);
	/* the header by hand: length of what follows, version, type, flags, id */
	assert_memory_equal(buffer, "\0\0\0\x0d\x01\x05\x12\x34\0\0\0\x4dhello", 17);
	stream = wr_done(&wr);
	for (size_t n = 0; n < stream.n; n++)
		assert_int_equal(frame_read((struct bytes){stream.p, n}, &frame), 0);
	assert_int_equal(frame_read(stream, &frame), 17);
	assert_int_equal(frame.type, FRAME_PING);
	assert_int_equal(frame.flags, 0x1234);
	assert_int_equal(frame.id, 77);
	assert_int_equal(frame.payload.n, 5);
	assert_memory_equal(frame.payload.p, "hello", 5);
}

static void
test_frame_hostile(void **state)
{
	static const struct {
		const char *octets;
		size_t n;
	} bad[] = {
	    {"\0\0\0\x07\x01\x05\0\0\0\0\0", 11}, /* shorter than its header */
	    {"\0\0\0\0", 4},
	    {"\xff\xff\xff\xff", 4},
	    {"\0\x10\0\0", 4}, /* beyond the longest by four */
	    {"\0\0\0\x08\x02\x05\0\0\0\0\0\0", 12}, /* another version */
	    {"\0\0\0\x08\x00", 5},
	};
	struct frame frame;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(
		    frame_read(
			(struct bytes){(const uint8_t *)bad[i].octets, bad[i].n}, &frame),
		    -MAP_EFORMAT);
}

static void
test_frame_too_long(void **state)
{
	static uint8_t large[FRAME_MAX + 64];
	struct wr wr = wr_init(large, sizeof large);
	size_t started = frame_start(&wr, FRAME_RECORDS, 0, 1);

	(void)state;
	wr_copy(&wr, buffer, FRAME_MAX - FRAME_HEADER);
	frame_end(&wr, started);
	assert_int_equal(wr.error, 0);
	wr_u8(&wr, 0);
	frame_end(&wr, started);
	assert_int_equal(wr.error, -MAP_ESPACE);
}

static void
request_check(const struct resolve_request *r)
{
	struct wr wr = wr_init(buffer, sizeof buffer);
	struct resolve_request got;

	resolve_request_put(&wr, r);
	assert_int_equal(resolve_request_read(wr_done(&wr), &got), 0);
	assert_int_equal(got.flags, r->flags);
	assert_int_equal(got.deadline, r->deadline);
	assert_memory_equal(&got.wishes, &r->wishes, sizeof r->wishes);
	assert_int_equal(got.local.form, r->local.form);
	assert_true(eid_equal(&got.local, &r->local));
	assert_true(eid_equal(&got.id, &r->id));
	assert_int_equal(got.id.at_length, r->id.at_length);
	if (r->id.at_length != 0)
		assert_true(name_equal(&got.id.at, &r->id.at));
	for (size_t n = 0; n < wr.n; n++)
		assert_int_not_equal(resolve_request_read((struct bytes){buffer, n}, &got), 0);
	wr_u8(&wr, 0);
	assert_int_not_equal(resolve_request_read(wr_done(&wr), &got), 0);
}

static void
test_requests(void **state)
{
	struct resolve_request r = {.flags = RESOLVE_REVERSE | RESOLVE_PAIRS,
	    .deadline = 5000,
	    .wishes.class = SESSION_BULK};

	(void)state;
	r.id = row_identity("host.example.test");
	request_check(&r);
	r.id = row_identity("192.0.2.1");
	request_check(&r);
	r.id = row_identity("gxiccan53skxelil2nfxl5mwhxtymgqclbhpfqlbbjj3kpyd33iq@example.org");
	request_check(&r);
	r.id = row_identity("2001:3f:fe00:a05:e437:dbb2:2e81:cb3e");
	request_check(&r);
	r.id.at_length = 56;
	r.id.at = row_name("id.example.test.");
	request_check(&r);
	r.local = r.id;
	request_check(&r);
	for (char path[] = "isp-a"; path[4] < 'a' + WISHES_PATHS; path[4]++)
		assert_int_equal(path_list_put(&r.wishes.prefer, path), 0);
	assert_int_equal(path_list_put(&r.wishes.prefer, "isp-z"), -MAP_ESPACE);
	assert_int_equal(path_list_put(&r.wishes.prefer, "isp-b"), 0);
	assert_int_equal(path_list_put(&r.wishes.avoid, "isp z"), -MAP_ETEXT);
	assert_int_equal(path_list_put(&r.wishes.avoid, ""), -MAP_ETEXT);
	assert_int_equal(path_list_put(&r.wishes.avoid, "lte"), 0);
	request_check(&r);
}

static void
test_notes(void **state)
{
	struct session_note note = {.transport = SESSION_UDP,
	    .cookie = 0x0102030405060708,
	    .source = {0x20, 1},
	    .destination = {0x20, 2},
	    .source_port = 4000,
	    .destination_port = 7000,
	    .flags = RESOLVE_TRUSTED_ID};
	struct session_note got;
	struct wr wr;

	(void)state;
	note.id = row_identity("2001:3f:fe00:a05:e437:dbb2:2e81:cb3e");
	assert_int_equal(path_list_put(&note.wishes.avoid, "lte"), 0);
	for (unsigned i = 0; i < 7; i++) {
		struct session_note wrong = note;
		int want = i == 0 ? 0 : -MAP_EFORMAT;

		wrong.transport = i == 1   ? 4
				  : i == 2 ? SESSION_MPTCP
					   : SESSION_UDP; /* 2: without a token */
		wrong.cookie = i == 3 ? 0 : i == 6 ? (uint64_t)1 << 63 : note.cookie;
		wrong.flags = i == 4 ? RESOLVE_PAIRS : note.flags;
		if (i == 5)
			memcpy(wrong.source,
			    (const uint8_t[16]){[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1},
			    16);
		wr = wr_init(buffer, sizeof buffer);
		session_note_put(&wr, &wrong);
		assert_int_equal(session_note_read(wr_done(&wr), &got), want);
	}
	wr = wr_init(buffer, sizeof buffer);
	session_note_put(&wr, &note);
	assert_int_equal(session_note_read(wr_done(&wr), &got), 0);
	assert_int_equal(got.cookie, note.cookie);
	assert_int_equal(got.destination_port, 7000);
	assert_memory_equal(got.destination, note.destination, 16);
	assert_true(eid_equal(&got.id, &note.id));
	assert_int_equal(got.local.form, EID_NONE);
	assert_true(path_list_has(&got.wishes.avoid, "lte"));
	for (size_t n = 0; n < wr.n; n++)
		assert_int_not_equal(session_note_read((struct bytes){buffer, n}, &got), 0);
	wr_u8(&wr, 0);
	assert_int_not_equal(session_note_read(wr_done(&wr), &got), 0);
}

static void
test_events(void **state)
{
	struct session_event event = {.kind = SESSION_MOVE,
	    .source = {1},
	    .destination = {2},
	    .path = "isp-b",
	    .why = "no answer"};
	struct session_event got;
	struct wr wr = wr_init(buffer, sizeof buffer);

	(void)state;
	session_event_put(&wr, &event);
	assert_int_equal(session_event_read(wr_done(&wr), &got), 0);
	assert_int_equal(got.kind, SESSION_MOVE);
	assert_memory_equal(got.destination, event.destination, 16);
	assert_string_equal(got.path, "isp-b");
	assert_string_equal(got.why, "no answer");
	for (size_t n = 0; n < wr.n; n++)
		assert_int_not_equal(session_event_read((struct bytes){buffer, n}, &got), 0);
	buffer[0] = 0;
	assert_int_equal(session_event_read(wr_done(&wr), &got), -MAP_EFORMAT);
	buffer[0] = 5;
	assert_int_equal(session_event_read(wr_done(&wr), &got), -MAP_EFORMAT);
}

static void
test_requests_local(void **state)
{
	struct resolve_request r = {.id = row_identity("host.example.test")}, got;
	struct wr wr = wr_init(buffer, sizeof buffer);

	(void)state;
	r.local = r.id; /* without pairs it means nothing */
	resolve_request_put(&wr, &r);
	assert_int_equal(resolve_request_read(wr_done(&wr), &got), -MAP_EFORMAT);
	r.flags = RESOLVE_PAIRS;
	assert_int_equal(path_list_put(&r.wishes.avoid, "ab"), 0);
	wr = wr_init(buffer, sizeof buffer);
	resolve_request_put(&wr, &r);
	assert_int_equal(resolve_request_read(wr_done(&wr), &got), 0);
	buffer[wr.n - 1] = '/'; /* not of a path's name */
	assert_int_equal(resolve_request_read(wr_done(&wr), &got), -MAP_EFORMAT);
}

static void
test_requests_hostile(void **state)
{
	struct resolve_request r = {.id = row_identity("host.example.test")}, got;
	struct wr wr = wr_init(buffer, sizeof buffer);

	(void)state;
	resolve_request_put(&wr, &r);
	buffer[0] = 0x80; /* a flag that is not known */
	assert_int_equal(resolve_request_read(wr_done(&wr), &got), -MAP_EFORMAT);
	buffer[0] = 0;
	buffer[wr.n - 3] = SESSION_CLASSES;
	assert_int_equal(resolve_request_read(wr_done(&wr), &got), -MAP_EFORMAT);
	buffer[wr.n - 3] = SESSION_ANY;
	buffer[wr.n - 2] = WISHES_PATHS + 1;
	assert_int_equal(resolve_request_read(wr_done(&wr), &got), -MAP_EFORMAT);
	buffer[wr.n - 2] = 0;
	assert_int_equal(resolve_request_read(wr_done(&wr), &got), 0);
	buffer[6] = 0; /* no identity */
	assert_int_not_equal(resolve_request_read(wr_done(&wr), &got), 0);
	buffer[6] = 4; /* a form that is not known */
	assert_int_equal(resolve_request_read(wr_done(&wr), &got), -MAP_EFORMAT);
	buffer[7] = EID_NAME;
	buffer[9] = 'H'; /* upper case */
	assert_int_equal(resolve_request_read(wr_done(&wr), &got), -MAP_EFORMAT);
	buffer[8] = 0xc0; /* compressed */
	assert_int_equal(resolve_request_read(wr_done(&wr), &got), -MAP_EFORMAT);
}

static void
test_marks(void **state)
{
	struct pair_mark m = {.worked = true, .rtt_us = 1234}, got;
	struct wr wr = wr_init(buffer, sizeof buffer);

	(void)state;
	m.source[15] = 1;
	m.destination[15] = 2;
	pair_mark_put(&wr, &m);
	assert_int_equal(pair_mark_read(wr_done(&wr), &got), 0);
	assert_memory_equal(got.source, m.source, 16);
	assert_memory_equal(got.destination, m.destination, 16);
	assert_true(got.worked);
	assert_int_equal(got.rtt_us, 1234);
	buffer[32] = 2;
	assert_int_equal(pair_mark_read(wr_done(&wr), &got), -MAP_EFORMAT);
}

static void
test_records(void **state)
{
	static const uint8_t address[] = {192, 0, 2, 1};
	struct name owner = row_name("www.example.test."), got_owner;
	struct rr rr = {&owner, RR_A, CLASS_IN, 300, {address, 4}}, got;
	struct wr wr = wr_init(buffer, sizeof buffer);
	struct rd rd;

	(void)state;
	frame_record_put(&wr, &rr);
	rr.rdata.n = 0;
	frame_record_put(&wr, &rr);
	rd = rd_init(wr_done(&wr));
	assert_true(frame_record_read(&rd, &got_owner, &got));
	assert_true(name_equal(&got_owner, &owner));
	assert_int_equal(got.type, RR_A);
	assert_int_equal(got.ttl, 300);
	assert_int_equal(got.class, CLASS_IN);
	assert_memory_equal(got.rdata.p, address, 4);
	assert_true(frame_record_read(&rd, &got_owner, &got));
	assert_int_equal(got.rdata.n, 0);
	assert_false(frame_record_read(&rd, &got_owner, &got));
	assert_int_equal(rd.error, 0);

	rd = rd_init((struct bytes){buffer, wr.n - 1});
	assert_true(frame_record_read(&rd, &got_owner, &got));
	assert_false(frame_record_read(&rd, &got_owner, &got));
	assert_int_equal(rd.error, -MAP_ETRUNC);
}

static void
locator_fill(struct found_locator *l, unsigned i)
{
	l->locator = (struct locator){.preference = (uint16_t)(10 + i),
	    .weight = 50,
	    .flags = ELOC_BACKUP,
	    .composed = i % 2,
	    .capabilities = CAP_MPTCP | CAP_TLS,
	    .probe = 4177};
	l->locator.address[15] = (uint8_t)(i + 1);
	snprintf(l->locator.path, sizeof l->locator.path, "isp-%c", 'a' + (int)i);
	l->trust = VERDICT_SECURE;
	l->reverse = i == 0 ? VERDICT_CONFIRMED : VERDICT_MISMATCH;
	if (i > 0)
		l->claimed = row_identity("2001:3f:fe00:a05:1308:2469:9a4b:c6b2");
}

static void
identity_fill(struct found_identity *f)
{
	f->id = row_identity("2001:3f:fe00:a05:e437:dbb2:2e81:cb3e");
	f->id.at_length = 56;
	f->id.at = row_name("id.example.test.");
	f->preference = 10;
	f->owner = row_name("05e437dbb22e81cb3e.id.example.test.");
	f->mapping = (struct edge){.dnssec = VERDICT_SECURE, .ttl = 60};
	f->proof = VERDICT_PROVED;
	f->serial = 1795435200000ULL;
	f->proof_expiry = 1795521600;
	f->n_sets = 1;
	f->sets[0].name = row_name("site.example.test.");
	f->sets[0].edge.dnssec = VERDICT_SECURE;
	f->n_locators = 2;
	locator_fill(&f->locators[0], 0);
	locator_fill(&f->locators[1], 1);
}

static void
result_fill(struct result *r)
{
	memset(r, 0, sizeof *r);
	r->error = -MAP_EMISMATCH;
	snprintf(r->why, sizeof r->why, "%s", "one locator says it is somebody else's");
	r->kind = RESULT_EPID;
	r->asked = row_name("host.example.test.");
	r->name = (struct edge){.dnssec = VERDICT_SECURE, .ttl = 300, .why = ""};
	r->lifetime = 60;
	r->cached = true;
	r->n_identities = 1;
	identity_fill(&r->identities[0]);
	r->n_pairs = 1;
	r->pairs[0] = (struct pair){.flags = ELOC_BACKUP, .rtt_us = 900, .path = "isp-a"};
	snprintf(r->pairs[0].why, sizeof r->pairs[0].why, "%s", "worked 3 s ago");
}

static struct bytes
result_octets(const struct result *r)
{
	struct wr wr = wr_init(buffer, sizeof buffer);

	result_put(&wr, r);
	assert_int_equal(wr.error, 0);
	return wr_done(&wr);
}

static void
test_result_there_and_back(void **state)
{
	const struct found_identity *f = &back.identities[0];
	struct bytes b;

	(void)state;
	result_fill(&made);
	b = result_octets(&made);
	assert_int_equal(result_read(b, &back), 0);
	assert_int_equal(back.error, -MAP_EMISMATCH);
	assert_string_equal(back.why, made.why);
	assert_int_equal(back.kind, RESULT_EPID);
	assert_true(name_equal(&back.asked, &made.asked));
	assert_int_equal(back.name.dnssec, VERDICT_SECURE);
	assert_int_equal(back.lifetime, 60);
	assert_true(back.cached);
	assert_int_equal(back.n_identities, 1);
	assert_true(eid_equal(&f->id, &made.identities[0].id));
	assert_int_equal(f->id.at_length, 56);
	assert_int_equal(f->serial, 1795435200000ULL);
	assert_int_equal(f->n_locators, 2);
	assert_int_equal(f->locators[1].locator.preference, 11);
	assert_int_equal(f->locators[1].locator.composed, 1);
	assert_string_equal(f->locators[1].locator.path, "isp-b");
	assert_int_equal(f->locators[1].reverse, VERDICT_MISMATCH);
	assert_true(
	    eid_equal(&f->locators[1].claimed, &made.identities[0].locators[1].claimed));
	assert_int_equal(back.n_pairs, 1);
	assert_string_equal(back.pairs[0].why, "worked 3 s ago");
	for (size_t n = 0; n < b.n; n++)
		assert_int_not_equal(result_read((struct bytes){b.p, n}, &back), 0);
	buffer[b.n] = 0;
	assert_int_equal(result_read((struct bytes){b.p, b.n + 1}, &back), -MAP_EJUNK);
}

/* The largest result there can be fits into one frame. */
static void
test_result_largest(void **state)
{
	struct wr wr = wr_init(buffer, sizeof buffer);
	size_t started = frame_start(&wr, FRAME_RESULT, 0, 1);
	char words[RESULT_WHY + 64];

	(void)state;
	memset(words, 'w', sizeof words);
	result_fill(&made);
	made.n_identities = RESULT_IDENTITIES;
	made.n_pairs = RESULT_PAIRS;
	for (size_t i = 0; i < RESULT_IDENTITIES; i++) {
		struct found_identity *f = &made.identities[i];

		*f = made.identities[0];
		memcpy(f->mapping.why, words, sizeof f->mapping.why);
		f->n_locators = MAPPING_LOCATORS;
		f->n_sets = MAPPING_SETS;
		for (size_t l = 0; l < MAPPING_LOCATORS; l++) {
			f->locators[l] = made.identities[0].locators[1];
			f->locators[l].claimed.at.n = NAME_WIRE;
			f->locators[l].claimed.at_length = 56;
			memset(f->locators[l].claimed.at.w, 1, NAME_WIRE);
		}
		for (size_t s = 0; s < MAPPING_SETS; s++)
			memcpy(f->sets[s].edge.why, words, RESULT_WHY);
	}
	for (size_t i = 0; i < RESULT_PAIRS; i++)
		memcpy(made.pairs[i].why, words, RESULT_WHY);
	result_put(&wr, &made);
	frame_end(&wr, started);
	assert_int_equal(wr.error, 0);
}

/* What is put is always readable, also where a sentence quotes what steers a terminal. */
static void
test_result_words(void **state)
{
	(void)state;
	result_fill(&made);
	snprintf(made.why, sizeof made.why, "%s", "a\x1b[2Jb\nc\x7f");
	assert_int_equal(result_read(result_octets(&made), &back), 0);
	assert_string_equal(back.why, "a?[2Jb?c?");
	memset(made.why, 'x', sizeof made.why); /* not ended */
	assert_int_equal(result_read(result_octets(&made), &back), 0);
	assert_int_equal(strlen(back.why), RESULT_WHY - 1);
}

static void
test_result_hostile(void **state)
{
	struct bytes b;

	(void)state;
	memset(&made, 0, sizeof made);
	b = result_octets(&made);
	/* error, words, kind, asked, edge: verdict denied ttl words, lifetime, cached, counts */
	assert_int_equal(b.n, 1 + 1 + 1 + 1 + 7 + 4 + 1 + 1 + 1);
	assert_int_equal(result_read(b, &back), 0);
	buffer[2] = RESULT_IDENTITY + 1;
	assert_int_equal(result_read(b, &back), -MAP_EFORMAT);
	buffer[2] = 0;
	buffer[4] = 200; /* a verdict that is none */
	assert_int_equal(result_read(b, &back), -MAP_EFORMAT);
	buffer[4] = 0;
	buffer[5] = 2; /* neither true nor false */
	assert_int_equal(result_read(b, &back), -MAP_EFORMAT);
	buffer[5] = 0;
	buffer[b.n - 2] = RESULT_IDENTITIES + 1;
	assert_int_not_equal(result_read(b, &back), 0);
	buffer[b.n - 2] = 0;
	buffer[b.n - 1] = RESULT_PAIRS + 1;
	assert_int_not_equal(result_read(b, &back), 0);
	made.n_pairs = 1; /* of an identity that is not there */
	b = result_octets(&made);
	assert_int_equal(result_read(b, &back), -MAP_EFORMAT);
}

static void
test_verdict_words(void **state)
{
	(void)state;
	assert_string_equal(verdict_word(VERDICT_SECURE), "secure");
	assert_string_equal(verdict_word(VERDICT_TIMEOUT), "no answer");
	assert_string_equal(verdict_word((enum verdict)99), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_frame_there_and_back),
	    cmocka_unit_test(test_frame_hostile),
	    cmocka_unit_test(test_frame_too_long),
	    cmocka_unit_test(test_requests),
	    cmocka_unit_test(test_notes),
	    cmocka_unit_test(test_events),
	    cmocka_unit_test(test_requests_local),
	    cmocka_unit_test(test_requests_hostile),
	    cmocka_unit_test(test_marks),
	    cmocka_unit_test(test_records),
	    cmocka_unit_test(test_result_there_and_back),
	    cmocka_unit_test(test_result_largest),
	    cmocka_unit_test(test_result_words),
	    cmocka_unit_test(test_result_hostile),
	    cmocka_unit_test(test_verdict_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
