/*
 * test_build.c - the UPDATE of a registration, read back by what a server reads it with: records, options, seal,
 * proof; and the answers that come to it.
 */
#include "tests/register/sample.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/rrtype.h"
#include "register/answer.h"
#include "register/build.h"
#include "register/refusal.h"
#include "register/schedule.h"

#define NOW 1795435200000 /* 2026-11-23 12:00:00 UTC */
#define SECONDS (NOW / 1000)

/* A message made and read back. */
struct made {
	struct crypto_key *key;
	struct content content;
	struct build build;
	struct build_proof proof;
	struct build_mac mac;
	uint8_t octets[8192];
	struct wr wr;
	struct message message;
	struct update update;
};

static void
made_init(struct made *m)
{
	memset(m, 0, sizeof *m);
	m->key = sample_key();
	sample_content(&m->content, m->key);
	sample_locator(&m->content, "10 100 192.0.2.1");
	sample_locator(&m->content, "10 50 via:::1:0:0:0:10@site.example.test.");
	sample_locator(&m->content, "20 0 2001:db8:a:1::10 backup path=isp-a");
	m->build = (struct build){.content = &m->content, .id = 0x1234, .now = NOW};
}

static void
made_again(struct made *m)
{
	const char *why = NULL;

	update_fini(&m->update);
	m->wr = wr_init(m->octets, sizeof m->octets);
	assert_int_equal(build_update(&m->build, &m->proof, &m->wr, &m->mac), 0);
	assert_int_equal(message_parse(wr_done(&m->wr), &m->message), 0);
	assert_int_equal(update_read(&m->message, &m->update, &why), RCODE_NOERROR);
	assert_int_equal(m->message.id, 0x1234);
	assert_int_equal(m->update.n_prerequisites, 0);
	assert_true(name_equal(&m->update.zone, &m->content.zone));
}

static void
made_fini(struct made *m)
{
	update_fini(&m->update);
	crypto_key_free(m->key);
}

static const struct update_item *
item_at(const struct made *m, size_t i, enum update_verb verb, uint16_t type, const char *owner)
{
	struct name name = name_of(owner);

	assert_true(i < m->update.n_changes);
	assert_int_equal(m->update.items[i].verb, verb);
	assert_int_equal(m->update.items[i].type, type);
	assert_true(name_equal(m->update.items[i].owner, &name));
	return &m->update.items[i];
}

/* The proof in the message holds over the other locators in it. */
static void
proof_check(const struct made *m, size_t locators)
{
	struct bytes rdata[MAPPING_SET];
	struct proof proof;
	size_t n = 0;
	int at;

	for (size_t i = 0; i < m->update.n_changes; i++)
		if (m->update.items[i].verb == UPDATE_ADD && m->update.items[i].type == RR_ELOC)
			rdata[n++] = m->update.items[i].rdata;
	assert_int_equal(n, locators + 1);
	at = mapping_proof_index(rdata, n);
	assert_true(at >= 0);
	assert_int_equal(trust_proof_verify(&m->content.id, &m->content.owner, rdata, n,
			     (size_t)at, m->build.now / 1000, &proof),
	    0);
	assert_int_equal(proof.serial, m->proof.serial);
}

static void
sig0_check(const struct made *m)
{
	struct sig0 sig;

	assert_int_equal(sig0_read(&m->message, &sig), 0);
	assert_int_equal(seal_sig0_check(m->key, &m->message, &sig), 0);
	assert_int_equal(sig.inception, SECONDS - 300);
	assert_int_equal(sig.expiration, SECONDS + 300);
	assert_true(name_equal(&sig.signer, &m->content.owner));
	assert_int_equal(sig.tag, 14272);
}

static void
test_register(void **state)
{
	static const uint8_t key[] = {2, 0, 3, 15, 0xd7, 0x5a, 0x98, 0x01};
	struct made m;
	const struct update_item *item;
	struct epid epid;

	(void)state;
	made_init(&m);
	made_again(&m);
	assert_int_equal(m.update.n_changes, 8);
	item_at(&m, 0, UPDATE_DELETE_RRSET, RR_ELOC, SAMPLE_OWNER);
	for (size_t i = 1; i <= 4; i++)
		assert_int_equal(item_at(&m, i, UPDATE_ADD, RR_ELOC, SAMPLE_OWNER)->ttl, 60);
	item = item_at(&m, 5, UPDATE_ADD, RR_KEY, SAMPLE_OWNER);
	assert_int_equal(item->rdata.n, 36);
	assert_memory_equal(item->rdata.p, key, sizeof key);
	item_at(&m, 6, UPDATE_DELETE_RRSET, RR_EPID, "host.id.example.test.");
	item = item_at(&m, 7, UPDATE_ADD, RR_EPID, "host.id.example.test.");
	assert_int_equal(item->ttl, 300);
	assert_int_equal(epid_read(item->rdata, &epid), 0);
	assert_true(eid_equal(&epid.id, &m.content.id));
	assert_int_equal(epid.id.at_length, 56);
	assert_true(m.update.lease.present && m.update.lease.both);
	assert_int_equal(m.update.lease.lease, 7200);
	assert_int_equal(m.update.lease.key_lease, 14 * 86400);
	assert_false(m.update.prove.present);
	assert_int_equal(m.proof.serial, NOW);
	assert_int_equal(m.proof.expiry, SECONDS + 86400);
	proof_check(&m, 3);
	sig0_check(&m);
	made_fini(&m);
}

/* The same octets whenever and wherever they are made. */
static void
test_vector(void **state)
{
	static const char vector[] =
	    "123428000001000000050002026964076578616d706c6504746573740000060001"
	    "12303565343337646262323265383163623365c00cff1500ff000000000000"
	    "c021ff1500010000003c000a000a00640001c0000201"
	    "c021001900010000012c00240200030fd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af"
	    "02"
	    "1a68f707511a"
	    "04686f7374c00cff1400ff000000000000";
	uint8_t octets[512];
	struct bytes wanted = hex_bytes(vector, octets, sizeof octets);
	struct made m;

	(void)state;
	made_init(&m);
	m.content.n_locators = 1;
	m.content.proof = false;
	made_again(&m);
	assert_int_equal(m.update.n_changes, 5);
	assert_memory_equal(m.octets, wanted.p, wanted.n);
	made_fini(&m);
}

static void
test_refresh_changes_nothing(void **state)
{
	struct made m;
	struct build_proof before;

	(void)state;
	made_init(&m);
	made_again(&m);
	before = m.proof;
	m.build.verb = BUILD_REFRESH;
	m.build.now += 3600 * 1000;
	m.build.serial_above = before.serial;
	made_again(&m);
	assert_memory_equal(&m.proof, &before, sizeof before);
	proof_check(&m, 3);
	/* with half of its life over there is a new one */
	m.build.now += 12 * 3600 * 1000;
	made_again(&m);
	assert_int_equal(m.proof.serial, m.build.now);
	proof_check(&m, 3);
	/* and whenever the records are others */
	m.build.without = 1;
	made_again(&m);
	assert_int_not_equal(m.proof.without, before.without);
	proof_check(&m, 2);
	made_fini(&m);
}

static void
test_serial_grows(void **state)
{
	struct made m;

	(void)state;
	made_init(&m);
	m.build.serial_above = NOW + 5000; /* the clock was set back */
	made_again(&m);
	assert_int_equal(m.proof.serial, NOW + 5001);
	proof_check(&m, 3);
	made_fini(&m);
}

static void
test_withdraw(void **state)
{
	struct made m;

	(void)state;
	made_init(&m);
	m.build.verb = BUILD_WITHDRAW;
	made_again(&m);
	assert_int_equal(m.update.n_changes, 3);
	item_at(&m, 0, UPDATE_DELETE_RRSET, RR_ELOC, SAMPLE_OWNER);
	item_at(&m, 1, UPDATE_DELETE_RRSET, RR_EPID, SAMPLE_OWNER);
	item_at(&m, 2, UPDATE_DELETE_RRSET, RR_EPID, "host.id.example.test.");
	assert_int_equal(m.update.lease.lease, 0);
	assert_int_equal(m.update.lease.key_lease, 14 * 86400);
	sig0_check(&m);
	m.build.verb = BUILD_RELEASE;
	made_again(&m);
	assert_int_equal(m.update.n_changes, 4);
	item_at(&m, 1, UPDATE_DELETE_RRSET, RR_KEY, SAMPLE_OWNER);
	assert_true(m.update.lease.both);
	assert_int_equal(m.update.lease.key_lease, 0);
	made_fini(&m);
}

static void
test_options(void **state)
{
	static const uint8_t client[COOKIE_CLIENT] = {1, 2, 3, 4, 5, 6, 7, 8};
	static const uint8_t server[COOKIE_SERVER] = {9};
	static const uint8_t tokens[16] = {7};
	struct cookie cookie;
	struct made m;

	(void)state;
	made_init(&m);
	m.build.cookie = client;
	m.build.server_cookie = (struct bytes){server, sizeof server};
	m.build.prove = (struct prove_option){true, 4711, {tokens, sizeof tokens}};
	made_again(&m);
	assert_int_equal(cookie_read(&m.message.edns, &cookie), 0);
	assert_true(cookie.present);
	assert_memory_equal(cookie.client, client, sizeof client);
	assert_bytes_equal(cookie.server, ((struct bytes){server, sizeof server}));
	assert_true(m.update.prove.present);
	assert_int_equal(m.update.prove.port, 4711);
	assert_bytes_equal(m.update.prove.tokens, ((struct bytes){tokens, sizeof tokens}));
	assert_int_equal(m.message.edns.udp_size, 1232);
	sig0_check(&m);
	made_fini(&m);
}

static void
test_others(void **state)
{
	struct made m;

	(void)state;
	made_init(&m);
	m.content.n_others = 1;
	m.content.others[0] = (struct epid){.preference = 5, .flags = EPID_SUCCESSOR};
	m.content.others[0].id.form = EID_NAME;
	m.content.others[0].id.name = name_of("next.id.example.test.");
	made_again(&m);
	assert_int_equal(m.update.n_changes, 10);
	item_at(&m, 6, UPDATE_DELETE_RRSET, RR_EPID, SAMPLE_OWNER);
	item_at(&m, 7, UPDATE_ADD, RR_EPID, SAMPLE_OWNER);
	made_fini(&m);
}

static void
test_tsig(void **state)
{
	const struct tsig_key *found = NULL;
	struct tsig_key key;
	struct tsig tsig;
	struct sig0 sig;
	struct made m;

	(void)state;
	made_init(&m);
	sample_tsig(&key);
	m.build.tsig = &key;
	made_again(&m);
	assert_int_equal(sig0_read(&m.message, &sig), -MAP_ENOTFOUND);
	assert_int_equal(tsig_read(&m.message, &tsig), 0);
	assert_int_equal(
	    seal_tsig_check(&key, 1, &m.message, &tsig, SECONDS, &found), TSIG_NOERROR);
	assert_bytes_equal(tsig.mac, ((struct bytes){m.mac.octets, m.mac.n}));
	proof_check(&m, 3);
	made_fini(&m);
}

static void
test_p256(void **state)
{
	struct made m;
	uint8_t public[64];
	struct sig0 sig;
	char why[CONTENT_WHY];

	(void)state;
	made_init(&m);
	crypto_key_free(m.key);
	assert_int_equal(crypto_key_generate(CRYPTO_ECDSAP256, &m.key), 0);
	m.content.key = m.key;
	assert_int_equal(content_check(&m.content, why), -MAP_EKEY);
	m.content.id = (struct eid){.form = EID_KEY, .name = m.content.zone};
	assert_int_equal(crypto_key_public(m.key, public), 0);
	assert_int_equal(
	    trust_digest(CRYPTO_ECDSAP256, (struct bytes){public, 64}, m.content.id.digest), 0);
	assert_int_equal(eid_owner_own(&m.content.id, &m.content.owner), 0);
	assert_int_equal(content_check(&m.content, why), 0);
	made_again(&m);
	proof_check(&m, 3);
	assert_int_equal(sig0_read(&m.message, &sig), 0);
	assert_int_equal(sig.algorithm, CRYPTO_ECDSAP256);
	assert_int_equal(seal_sig0_check(m.key, &m.message, &sig), 0);
	made_fini(&m);
}

/* As many and as long as can be: the message fits, and is whole. */
static void
test_largest(void **state)
{
	struct made m;
	char text[64];

	(void)state;
	made_init(&m);
	m.content.n_locators = 0;
	for (unsigned i = 0; i < CONTENT_LOCATORS; i++) {
		snprintf(text, sizeof text, "10 50 2001:db8::%x path=provider-%u", i + 1, i);
		sample_locator(&m.content, text);
	}
	assert_int_equal(content_locator_add(&m.content, (struct bytes){NULL, 0}), -MAP_ELIMIT);
	made_again(&m);
	proof_check(&m, CONTENT_LOCATORS);
	sig0_check(&m);
	/* and what does not fit is said */
	for (size_t max = 0; max < m.wr.n; max += 97) {
		struct wr wr = wr_init(m.octets, max);

		assert_int_equal(build_update(&m.build, &m.proof, &wr, &m.mac), -MAP_ESPACE);
	}
	made_fini(&m);
}

static void
test_content(void **state)
{
	struct name foreign = name_of("host.example.org.");
	char why[CONTENT_WHY];
	struct made m;

	(void)state;
	made_init(&m);
	assert_int_equal(content_check(&m.content, why), 0);
	assert_int_equal(content_name_add(&m.content, &foreign), 0);
	assert_int_equal(content_check(&m.content, why), -MAP_EUSAGE);
	assert_string_equal(why, "host.example.org.: not in the zone id.example.test.");
	m.content.n_names = 0;
	m.content.id.address[15] ^= 1;
	assert_int_equal(content_check(&m.content, why), -MAP_EKEY);
	m.content.id.address[15] ^= 1;
	m.content.locators[0].octets[6] = 127;
	assert_int_equal(content_check(&m.content, why), -MAP_EFORMAT);
	made_fini(&m);
}

/* RFC 9664: 80 to 85 % of the lease, then nine more evenly. */
static void
test_schedule(void **state)
{
	(void)state;
	assert_int_equal(schedule_refresh(7200, 0), 5760000);
	assert_in_range(schedule_refresh(7200, 65535), 6119900, 6120000);
	assert_int_equal(schedule_refresh(7200, 65536 * 3), 5760000);
	assert_int_equal(schedule_retry(100, 80000, 1), 82000);
	assert_int_equal(schedule_retry(100, 80000, 9), 98000);
	assert_true(schedule_retry(100, 80000, 10) == UINT64_MAX);
	assert_true(schedule_retry(1, 5000, 1) == UINT64_MAX);
	assert_int_equal(schedule_again(1, 0), 2000);
	assert_int_equal(schedule_again(3, 0), 8000);
	assert_int_equal(schedule_again(60, 0), 300000);
	assert_in_range(schedule_again(60, 65535), 374900, 375000);
}

/* What a server may say, in words. */
static void
test_refusals(void **state)
{
	static const struct {
		unsigned rcode, tsig;
		const char *text, *says;
		enum refusal_again again;
	} rows[] = {
	    {RCODE_YXDOMAIN, 0, "held by key 4711 since 20260101000000",
		SAMPLE_OWNER ": YXDOMAIN: held by key 4711 since 20260101000000; use the key",
		AGAIN_NEVER},
	    {RCODE_YXDOMAIN, 0, "", SAMPLE_OWNER ": YXDOMAIN: another key holds the name; use",
		AGAIN_NEVER},
	    {RCODE_REFUSED, 0, "busy: use TCP", SAMPLE_OWNER ": REFUSED: busy: use TCP; try",
		AGAIN_TCP},
	    {RCODE_REFUSED, 0, "not enrolled", SAMPLE_OWNER ": REFUSED: not enrolled; ask",
		AGAIN_NEVER},
	    {RCODE_REFUSED, 0, "7 names were claimed from this network, 7 are allowed",
		SAMPLE_OWNER ": REFUSED: 7 names were", AGAIN_LATER},
	    {RCODE_REFUSED, 0, "the realm has as many names as it takes",
		SAMPLE_OWNER ": REFUSED: the realm has", AGAIN_LATER},
	    {RCODE_REFUSED, 0, "prove 192.0.2.1", SAMPLE_OWNER ": REFUSED: prove", AGAIN_LATER},
	    {RCODE_NOTAUTH, TSIG_BADKEY, "", SAMPLE_OWNER ": NOTAUTH: the server does not know",
		AGAIN_NEVER},
	    {RCODE_NOTAUTH, TSIG_BADTIME, "", SAMPLE_OWNER ": NOTAUTH: the clocks",
		AGAIN_LATER},
	    {RCODE_NOTAUTH, 0, "", SAMPLE_OWNER ": NOTAUTH: the server has no such zone",
		AGAIN_NEVER},
	    {RCODE_SERVFAIL, 0, "", SAMPLE_OWNER ": SERVFAIL: the server cannot", AGAIN_LATER},
	    {19, 0, "", SAMPLE_OWNER ": RCODE19: it does not say why", AGAIN_LATER},
	};
	struct name owner = name_of(SAMPLE_OWNER);
	char text[NAME_TEXT + ANSWER_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct answer answer = {.rcode = rows[i].rcode, .tsig_error = rows[i].tsig};

		snprintf(answer.text, sizeof answer.text, "%s", rows[i].text);
		refusal_print(&answer, &owner, text, sizeof text);
		assert_memory_equal(text, rows[i].says, strlen(rows[i].says));
		assert_int_equal(refusal_again(&answer), rows[i].again);
	}
}

/* An answer with one EDE, cut at every octet and with every octet changed: never a fault. */
static void
test_answer_is_read_strictly(void **state)
{
	static const char text[] = "prove 2001:db8::1, 192.0.2.1; 07\377de";
	struct name zone = name_of("id.example.test.");
	struct answer_to to = {.id = 0x1234, .zone = &zone, .now = SECONDS};
	uint8_t octets[256], copy[256];
	struct wr wr = wr_init(octets, sizeof octets);
	struct bytes wire;
	struct answer answer;

	hex_bytes("1234a8050001000000000001", octets, sizeof octets);
	wr.n = HEADER_SIZE;
	name_put(&wr, &zone);
	wr_u32(&wr, RR_SOA << 16 | CLASS_IN);
	wr_u8(&wr, 0);
	wr_u32(&wr, RR_OPT << 16 | 1232);
	wr_u32(&wr, 0);
	wr_u16(&wr, 4 + 2 + sizeof text - 1);
	wr_u32(&wr, 15 << 16 | (2 + sizeof text - 1));
	wr_u16(&wr, 18);
	wr_copy(&wr, text, sizeof text - 1);
	wire = wr_done(&wr);

	(void)state;
	assert_int_equal(answer_read(wire, &to, &answer), 0);
	assert_int_equal(answer.rcode, RCODE_REFUSED);
	assert_int_equal(answer.ede, 18);
	assert_string_equal(answer.text, "prove 2001:db8::1, 192.0.2.1; 07?de");
	assert_int_equal(answer.n_prove, 2);
	assert_true(address_is_ipv4(answer.prove[1]));
	for (size_t n = 0; n < wire.n; n++)
		assert_int_equal(
		    answer_read((struct bytes){octets, n}, &to, &answer), -MAP_EFORMAT);
	for (size_t i = 0; i < wire.n; i++)
		for (unsigned v = 1; v < 256; v++) {
			memcpy(copy, octets, wire.n);
			copy[i] ^= (uint8_t)v;
			(void)!answer_read((struct bytes){copy, wire.n}, &to, &answer);
			assert_true(answer.n_prove <= PROVE_MOST);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_register),
	    cmocka_unit_test(test_vector),
	    cmocka_unit_test(test_refresh_changes_nothing),
	    cmocka_unit_test(test_serial_grows),
	    cmocka_unit_test(test_withdraw),
	    cmocka_unit_test(test_options),
	    cmocka_unit_test(test_others),
	    cmocka_unit_test(test_tsig),
	    cmocka_unit_test(test_p256),
	    cmocka_unit_test(test_largest),
	    cmocka_unit_test(test_content),
	    cmocka_unit_test(test_schedule),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_answer_is_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
