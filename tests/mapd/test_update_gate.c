/*
 * test_update_gate.c - what an UPDATE gets before any public-key work: each refusal with its RCODE, its counter and no
 * word more than may be said; and what is passed on.
 */
#include "tests/mapd/sealed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/trust/trust.h"
#include "core/wire/errors.h"
#include "core/wire/reply.h"
#include "core/wire/rrtype.h"
#include "tests/mapd/front.h"

#define SECRET "0123456789abcdef0123456789abcdef"

static struct world *world;
static struct front front;
static struct taker taker;
static struct tsig_key admin;
static struct host host; /* an identity of open.test. that is not known there */
static struct host other;
static struct sealed sealed;
static uint8_t out[SERVE_TCP_MAX];
static size_t out_n;

static void
done(struct proposal *list)
{
	struct proposal *next;

	for (; list != NULL; list = next) {
		next = list->next;
		proposal_free(list);
		front_waiting--;
	}
}

/* --- asking --- */

/* The EDE code of the answer; -1: none. */
static int
answer_ede(const struct message *m)
{
	struct bytes value;
	uint16_t code;
	size_t at = 0;

	while (edns_next(&m->edns, &at, &code, &value))
		if (code == 15)
			return get_u16(value.p);
	return -1;
}

/* What the sealed message gets: its RCODE, or -1 when it went on its way. */
static int
ask(enum transport transport, struct message *answer)
{
	out_n = world_ask(world, transport, sealed_bytes(&sealed), out);
	if (out_n == SERVE_LATER)
		return -1;
	assert_true(out_n >= HEADER_SIZE);
	assert_int_equal(message_parse((struct bytes){out, out_n}, answer), 0);
	assert_memory_equal(out, sealed.octets, 2);
	assert_false(answer->flags & FLAG_TC);
	return (int)message_rcode(answer);
}

/* It went on its way, and came to who pretends to be the writer. */
static struct proposal *
arrives(enum transport transport)
{
	struct message m;
	struct proposal *p;

	assert_int_equal(ask(transport, &m), -1);
	taker_wait(&taker, 1);
	p = atomic_exchange(&taker.taken, NULL);
	assert_non_null(p);
	assert_null(p->next);
	return p;
}

/* --- refusals, by table --- */

struct request {
	const char *what;
	int rcode;
	enum stat stat;
	bool told; /* an EDE may go with it */
	const char *zone; /* "open.test." */
	uint16_t class; /* IN */
	bool is_unsigned, no_key, no_change;
	int64_t inception, expiration; /* -10, 300 */
	const char *owner; /* of a record A that is added too */
	const char *signer; /* not the identity's name */
	unsigned records; /* ELOC of the host */
	unsigned proofs;
	size_t padding; /* octets of a TXT */
	uint16_t add; /* another type that is added, empty */
	void (*spoil)(void); /* before it is signed */
	void (*forge)(void); /* after */
};

static void
spoil_rdata(void)
{
	/* the last record's length */
	put_u16(sealed.octets + sealed.wr.n - 2 - host.n, (uint16_t)(host.n + 1));
}

static void
forge_algorithm(void)
{
	/* of the SIG: before labels, TTL, times, tag, signer and signature */
	sealed.octets[sealed.wr.n - CRYPTO_SIGNATURE - host.name.n - 16] = 8;
}

static void
forge_tag(void)
{
	sealed.octets[sealed.wr.n - CRYPTO_SIGNATURE - host.name.n - 1] ^= 1;
}

static void
forge_junk(void)
{
	wr_u8(&sealed.wr, 0);
}

static void
forge_twice(void)
{
	sealed_sign(&sealed, &host, -10, 300);
}

static const struct request requests[] = {
    {"a record that ends elsewhere", RCODE_FORMERR, STAT_UPDATE_FORMERR, .spoil = spoil_rdata},
    {"an octet behind the end", RCODE_FORMERR, STAT_UPDATE_FORMERR, .forge = forge_junk},
    {"two SIG(0)", RCODE_FORMERR, STAT_UPDATE_FORMERR, .forge = forge_twice},
    {"of type ANY to be added", RCODE_FORMERR, STAT_UPDATE_FORMERR, .add = RR_ANY},
    {"of type SIG to be added", RCODE_FORMERR, STAT_UPDATE_FORMERR, .add = RR_SIG},
    {"a name outside", RCODE_NOTZONE, STAT_UPDATE_FORMERR, .owner = "a.elsewhere.test."},
    {"both", RCODE_NOTAUTH, STAT_UPDATE_NOTAUTH, .zone = "nowhere.test.",
	.owner = "a.else.test."},
    {"no zone here", RCODE_NOTAUTH, STAT_UPDATE_NOTAUTH, .zone = "nowhere.test.",
	.is_unsigned = true, .no_change = true},
    {"no apex", RCODE_NOTAUTH, STAT_UPDATE_NOTAUTH, .zone = "sub.open.test.",
	.is_unsigned = true, .no_change = true},
    {"a zone that is not loaded", RCODE_SERVFAIL, STAT_UPDATE_FAILED, true,
	.zone = "later.test.", .is_unsigned = true, .no_change = true},
    {"class CH", RCODE_NOTAUTH, STAT_UPDATE_NOTAUTH, .class = CLASS_CH, .is_unsigned = true,
	.no_change = true},
    {"a closed realm", RCODE_REFUSED, STAT_UPDATE_CLOSED, .zone = "example.test.",
	.no_change = true},
    {"no seal", RCODE_REFUSED, STAT_UPDATE_UNSEALED, .is_unsigned = true},
    {"too many octets", RCODE_REFUSED, STAT_UPDATE_SIZE, true, .padding = UPDATE_OCTETS},
    {"too many changes", RCODE_REFUSED, STAT_UPDATE_SIZE, true, .records = UPDATE_RECORDS},
    {"far too many changes", RCODE_REFUSED, STAT_UPDATE_SIZE, true, .records = 200},
    {"two proofs", RCODE_REFUSED, STAT_UPDATE_SIZE, true, .proofs = 2},
    {"from the future", RCODE_REFUSED, STAT_UPDATE_TIME, true, .inception = 70},
    {"expired", RCODE_REFUSED, STAT_UPDATE_TIME, true, .inception = -100, .expiration = -2},
    {"for too long", RCODE_REFUSED, STAT_UPDATE_TIME, true, .inception = -500,
	.expiration = 401},
    {"backwards", RCODE_REFUSED, STAT_UPDATE_TIME, true, .inception = 50, .expiration = 40},
    {"an algorithm nobody knows", RCODE_REFUSED, STAT_UPDATE_KEY, .forge = forge_algorithm},
    {"a tag of no key", RCODE_REFUSED, STAT_UPDATE_KEY, .forge = forge_tag},
    {"no KEY", RCODE_REFUSED, STAT_UPDATE_KEY, .no_key = true},
    {"a signer outside", RCODE_REFUSED, STAT_UPDATE_KEY, .signer = "a.elsewhere.test.",
	.no_key = true},
    {"a signer in another zone", RCODE_REFUSED, STAT_UPDATE_KEY, .signer = "a.example.test.",
	.no_key = true},
    {"somebody else's name", RCODE_REFUSED, STAT_UPDATE_POLICY, .owner = "ns1.open.test."},
    {"the apex", RCODE_REFUSED, STAT_UPDATE_POLICY, .owner = "open.test."},
    {"what it may not have", RCODE_REFUSED, STAT_UPDATE_POLICY, .add = RR_TXT},
    {"a realm for those who are enrolled", RCODE_REFUSED, STAT_UPDATE_POLICY,
	.zone = "enrolled.test."},
};

static struct host *
request_host(const struct request *r)
{
	static struct host renamed;

	renamed = host;
	if (r->zone != NULL && strcmp(r->zone, "enrolled.test.") == 0)
		return &other;
	if (r->signer != NULL)
		host_rename(&renamed, r->signer);
	return r->signer != NULL ? &renamed : &host;
}

static void
request_write(const struct request *r)
{
	const struct host *who = request_host(r);
	static uint8_t text[UPDATE_OCTETS + 100];
	struct name owner = who->name;

	sealed_start(&sealed, r->zone != NULL ? r->zone : "open.test.",
	    r->class != 0 ? r->class : CLASS_IN, 77);
	if (r->owner != NULL)
		assert_int_equal(name_from(r->owner, &owner), 0);
	for (unsigned i = 0; i < r->records; i++)
		sealed_add_eloc(&sealed, &who->name, (uint8_t)i);
	for (unsigned i = 0; i < r->proofs; i++)
		sealed_add_proof(&sealed, &host, (const uint8_t[]){1}, 1, i > 0);
	if (r->owner != NULL)
		sealed_record(&sealed, 2, &owner, RR_A, CLASS_IN, 60,
		    (struct bytes){(const uint8_t[]){192, 0, 2, 1}, 4});
	for (size_t at = 0; at < r->padding; at += 256) {
		text[0] = 255;
		sealed_record(
		    &sealed, 2, &owner, RR_TXT, CLASS_IN, 60, (struct bytes){text, 256});
	}
	if (r->add != 0)
		sealed_record(&sealed, 2, &owner, r->add, CLASS_IN, 60,
		    (struct bytes){(const uint8_t[]){1, 'x'}, 2});
	if (!r->no_key && !r->no_change)
		sealed_add_key(&sealed, who);
	if (r->spoil != NULL)
		r->spoil();
	sealed_opt(&sealed, (struct bytes){NULL, 0});
	if (!r->is_unsigned)
		sealed_sign(&sealed, who, r->inception != 0 ? r->inception : -10,
		    r->expiration != 0 ? r->expiration : 300);
	if (r->forge != NULL)
		r->forge();
}

static void
test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		const struct request *r = &requests[i];
		uint64_t counted = world_count(world, r->stat);
		struct message m;
		int rcode;

		print_message("%s\n", r->what);
		request_write(r);
		if (r->spoil != NULL)
			put_u16(sealed.octets, 77);
		rcode = ask(TRANSPORT_TCP, &m);
		assert_int_equal(rcode, r->rcode);
		assert_int_equal(world_count(world, r->stat), counted + 1);
		if (m.edns.present)
			assert_int_equal(answer_ede(&m) >= 0, r->told);
		assert_int_equal(taker.n, 0);
		assert_int_equal(front_waiting, 0);
	}
}

/* --- TSIG --- */

static void
admin_start(const struct name *owner)
{
	sealed_start(&sealed, "example.test.", CLASS_IN, 99);
	sealed_record(&sealed, 2, owner, RR_A, CLASS_IN, 60,
	    (struct bytes){(const uint8_t[]){192, 0, 2, 1}, 4});
}

static void
tsig_refused(const struct tsig_key *key, int64_t late, enum tsig_error error, bool is_sealed)
{
	uint64_t now = clock_seconds();
	uint8_t mac[TSIG_MAC_MOST];
	struct message m;
	struct name owner;
	struct tsig tsig;
	int n;

	assert_int_equal(name_from("new.example.test.", &owner), 0);
	admin_start(&owner);
	n = seal_tsig_sign(key, (uint64_t)((int64_t)now - late), &sealed.wr, mac);
	assert_true(n > 0);
	assert_int_equal(ask(TRANSPORT_UDP, &m), RCODE_NOTAUTH);
	assert_int_equal(tsig_read(&m, &tsig), 0);
	assert_int_equal(tsig.error, error);
	assert_int_equal(tsig.mac.n > 0, is_sealed);
	if (is_sealed)
		assert_int_equal(seal_tsig_check_answer(key, &m, (struct bytes){mac, (size_t)n},
				     (uint64_t)((int64_t)now - late)),
		    0);
	assert_int_equal(tsig.other.n, error == TSIG_BADTIME ? 6 : 0);
}

static void
test_tsig(void **state)
{
	struct tsig_key unknown = admin, wrong = admin;
	uint64_t counted = world_count(world, STAT_UPDATE_TSIG);
	uint8_t mac[TSIG_MAC_MOST];
	struct proposal *p;
	struct message m;
	struct name owner;
	int n;

	(void)state;
	assert_int_equal(name_from("nobody.", &unknown.name), 0);
	wrong.secret[0] ^= 1;
	tsig_refused(&unknown, 0, TSIG_BADKEY, false);
	tsig_refused(&wrong, 0, TSIG_BADSIG, false);
	tsig_refused(&admin, TSIG_FUDGE + 10, TSIG_BADTIME, true);
	assert_int_equal(world_count(world, STAT_UPDATE_TSIG), counted + 3);

	/* a name outside: said under the seal, to who may know it */
	assert_int_equal(name_from("new.elsewhere.test.", &owner), 0);
	admin_start(&owner);
	assert_true(seal_tsig_sign(&admin, clock_seconds(), &sealed.wr, mac) > 0);
	assert_int_equal(ask(TRANSPORT_UDP, &m), RCODE_NOTZONE);

	/* no size is too large for it, nor does it need leave to be verified */
	assert_int_equal(name_from("new.example.test.", &owner), 0);
	admin_start(&owner);
	for (unsigned i = 0; i < 2000; i++)
		sealed_record(&sealed, 2, &owner, RR_A, CLASS_IN, 60,
		    (struct bytes){
			(const uint8_t[]){192, 0, (uint8_t)(i >> 8), (uint8_t)i}, 4});
	n = seal_tsig_sign(&admin, clock_seconds(), &sealed.wr, mac);
	assert_true(n > 0);
	p = arrives(TRANSPORT_TCP);
	assert_int_equal(p->seal, SEALED_TSIG);
	assert_int_equal(p->actor.kind, ACTOR_ADMIN);
	assert_true(name_equal(&p->actor.name, &admin.name));
	assert_int_equal(p->update.n_changes, 2001);
	assert_memory_equal(p->key.secret, admin.secret, admin.n);
	done(p);
	taker.n = 0;
	/* without the key's name it is not even read */
	sealed.wr.n -= 100;
	assert_int_equal(ask(TRANSPORT_TCP, &m), RCODE_REFUSED);
}

/* A zone that is there, and in the configuration no more: its administrators' alone. */
static void
test_unlisted(void **state)
{
	uint8_t mac[TSIG_MAC_MOST];

	(void)state;
	sealed_start(&sealed, "old.test.", CLASS_IN, 98);
	assert_true(seal_tsig_sign(&admin, clock_seconds(), &sealed.wr, mac) > 0);
	done(arrives(TRANSPORT_TCP));
	taker.n = 0;
}

/* --- what is passed on --- */

static void
good_write(uint16_t id, bool with_proof)
{
	static const uint8_t numbers[] = {1, 2};

	sealed_start(&sealed, "open.test.", CLASS_IN, id);
	sealed_add_key(&sealed, &host);
	sealed_add_eloc(&sealed, &host.name, 1);
	sealed_add_eloc(&sealed, &host.name, 2);
	if (with_proof)
		sealed_add_proof(&sealed, &host, numbers, 2, false);
	sealed_sign(&sealed, &host, -300, 300);
}

static void
test_self_certified(void **state)
{
	uint8_t digest[32];
	struct proposal *p;

	(void)state;
	good_write(1, true);
	p = arrives(TRANSPORT_TCP);
	assert_int_equal(p->seal, SEALED_SIG0);
	assert_int_equal(p->actor.kind, ACTOR_KEY);
	assert_true(name_equal(&p->actor.name, &host.name));
	assert_memory_equal(p->actor.key, host.rdata + 4, p->actor.key_n);
	assert_true(p->proved);
	assert_int_equal(crypto_sha256(sealed.octets, sealed.wr.n, digest), 0);
	assert_memory_equal(p->digest, digest, 32);
	assert_int_equal(p->source[0], 4);
	assert_int_equal(p->address[15], 7);
	assert_int_equal(p->update.n_changes, 4);
	done(p);
	taker.n = 0;
}

static void
test_first_come(void **state)
{
	struct host named = host;
	struct proposal *p;
	struct message m;

	(void)state;
	host_rename(&named, "printer.open.test.");
	sealed_start(&sealed, "open.test.", CLASS_IN, 3);
	sealed_add_key(&sealed, &named);
	sealed_sign(&sealed, &named, -10, 300);
	p = arrives(TRANSPORT_TCP);
	done(p);
	taker.n = 0;
	/* no KEY in the message, and none there */
	sealed_start(&sealed, "open.test.", CLASS_IN, 3);
	sealed_add_eloc(&sealed, &named.name, 1);
	sealed_sign(&sealed, &named, -10, 300);
	assert_int_equal(ask(TRANSPORT_TCP, &m), RCODE_REFUSED);
	/* at the name of an identity, the KEY of another one */
	sealed_start(&sealed, "open.test.", CLASS_IN, 3);
	named = other;
	named.name = host.name;
	sealed_add_key(&sealed, &named);
	sealed_sign(&sealed, &named, -10, 300);
	assert_int_equal(ask(TRANSPORT_TCP, &m), RCODE_REFUSED);
}

/* --- the budget of who may be anybody --- */

static void
cookie_opt(struct bytes server)
{
	uint8_t option[4 + COOKIE_BOTH];
	struct wr wr = wr_init(option, sizeof option);

	wr_u16(&wr, 10);
	wr_u16(&wr, (uint16_t)(COOKIE_CLIENT + server.n));
	wr_copy(&wr, "clientco", COOKIE_CLIENT);
	wr_bytes(&wr, server);
	sealed_opt(&sealed, wr_done(&wr));
}

static void
cookie_write(uint16_t id, struct bytes server)
{
	sealed_start(&sealed, "open.test.", CLASS_IN, id);
	sealed_add_key(&sealed, &host);
	cookie_opt(server);
	sealed_sign(&sealed, &host, -300, 300);
}

static void
test_budget(void **state)
{
	uint8_t server[COOKIE_SERVER];
	struct bytes value;
	struct message m;
	uint16_t code;
	size_t at = 0;
	unsigned passed = 0;
	int rcode = -1;

	(void)state;
	world_from(world, (const uint8_t[]){198, 51, 100, 1});
	budget_set(admission_budget(front.admission), 100, 1);
	while (rcode == -1 && passed < 50) {
		good_write((uint16_t)passed, false);
		rcode = ask(TRANSPORT_UDP, &m);
		if (rcode == -1)
			done(atomic_exchange(&taker.taken, (taker_wait(&taker, 1), NULL)));
		passed += rcode == -1;
	}
	assert_true(passed >= 1 && passed < 4);
	assert_int_equal(rcode, RCODE_REFUSED);
	assert_false(m.edns.present); /* it had none: none is said */
	/* who has a cookie's half gets the other */
	cookie_write(5, (struct bytes){NULL, 0});
	assert_int_equal(ask(TRANSPORT_UDP, &m), RCODE_BADCOOKIE);
	while (edns_next(&m.edns, &at, &code, &value))
		if (code == 10)
			memcpy(server, value.p + COOKIE_CLIENT, COOKIE_SERVER);
	cookie_write(6, (struct bytes){server, COOKIE_SERVER});
	done(arrives(TRANSPORT_UDP));
	/* another's cookie is none */
	world_from(world, (const uint8_t[]){198, 51, 100, 2});
	assert_int_equal(ask(TRANSPORT_UDP, &m), RCODE_BADCOOKIE);
	/* over TCP it takes none */
	good_write(7, false);
	done(arrives(TRANSPORT_TCP));
	budget_set(admission_budget(front.admission), BUDGET_ALL, BUDGET_SOURCE);
	world_from(world, (const uint8_t[]){192, 0, 2, 7});
	taker.n = 0;
}

/* Without who takes them, and when the server ends. */
static void
test_not_taken(void **state)
{
	struct updates stopping = front.updates;
	struct message m;

	(void)state;
	good_write(1, false);
	stopping.admission = NULL;
	world_updates(world, &stopping);
	assert_int_equal(ask(TRANSPORT_UDP, &m), RCODE_SERVFAIL);
	world_updates(world, NULL);
	assert_int_equal(ask(TRANSPORT_UDP, &m), RCODE_NOTIMP);
	world_updates(world, &front.updates);
}

/* --- the world of it --- */

static int
setup(void **state)
{
	struct admission_writer writer = {taker_propose, &taker, NULL};
	struct update_rules *rules;

	(void)state;
	world = world_basic();
	if (world == NULL)
		return -1;
	if (!world_small(world, "open.test.") || !world_small(world, "enrolled.test.") ||
	    !world_configure(world, "later.test.") ||
	    !world_policy(world, "open.test.", POLICY_OPEN) ||
	    !world_policy(world, "enrolled.test.", POLICY_ENROLLED))
		return -1;
	admin.mac = CRYPTO_HMAC_SHA256;
	admin.n = sizeof SECRET - 1;
	memcpy(admin.secret, SECRET, admin.n);
	rules = &world_rules(world)->updates;
	rules->keys = &admin;
	rules->n_keys = 1;
	taker_init(&taker, 1);
	taker.room = 1000;
	if (name_from("admin.", &admin.name) != 0 ||
	    !front_open(&front, world, &writer, done) || !world_small(world, "old.test."))
		return -1;
	host_new(&host, CRYPTO_ED25519, "open.test.");
	host_new(&other, CRYPTO_ECDSAP256, "enrolled.test.");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	front_close(&front);
	front_free(&front);
	host_free(&host);
	host_free(&other);
	taker_fini(&taker);
	world_free(world);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_tsig),
	    cmocka_unit_test(test_unlisted),
	    cmocka_unit_test(test_self_certified),
	    cmocka_unit_test(test_first_come),
	    cmocka_unit_test(test_budget),
	    cmocka_unit_test(test_not_taken),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
