/*
 * test_update_order.c - an UPDATE with more than one fault gets the answer of the check that comes first (protocol 8);
 * and what is refused before a signature is looked at takes nothing of the budget of those that are verified.
 */
#include "tests/mapd/sealed.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/reply.h"
#include "core/wire/rrtype.h"
#include "tests/mapd/front.h"

#define AGAIN \
	3 /* times that each refusal comes: more than a source may have verified at once */

static struct world *world;
static struct front front;
static struct replay *replay;
static struct taker taker;
static struct tsig_key admin;
static struct host host;
static struct sealed sealed;
static uint8_t out[SERVE_TCP_MAX];

static void
done(struct proposal *p)
{
	proposal_free(p);
	front_waiting--;
}

/* --- faults --- */

enum { TSIG_WRONG = 1, TSIG_RIGHT };

/* Each has members of its own, so that two of them can be put together. */
struct fault {
	const char *what;
	int rcode;
	enum stat stat;
	uint16_t asks; /* for a record of a type that none has */
	const char *zone; /* "open.test." */
	const char *outside; /* whose A is added */
	bool is_unsigned;
	unsigned records; /* that are too many */
	int64_t inception; /* -10 */
	bool seen; /* it was answered before */
	void (*forge)(void);
	const char *owner; /* whose A is added too */
	unsigned proofs; /* 1 */
	int tsig; /* in place of the host's signature */
};

static void
forge_tag(void)
{
	sealed.octets[sealed.wr.n - CRYPTO_SIGNATURE - host.name.n - 1] ^= 1;
}

/* In the order in which they are looked for; of records the first that is wrong decides (RFC 2136 3.4.1). */
static const struct fault faults[] = {
    {"a type that no record has", RCODE_FORMERR, STAT_UPDATE_FORMERR, .asks = RR_ANY},
    {"no zone of this server", RCODE_NOTAUTH, STAT_UPDATE_NOTAUTH, .zone = "nowhere.test."},
    {"a name outside", RCODE_NOTZONE, STAT_UPDATE_FORMERR, .outside = "a.elsewhere.test."},
    {"no seal", RCODE_REFUSED, STAT_UPDATE_UNSEALED, .is_unsigned = true},
    {"too many changes", RCODE_REFUSED, STAT_UPDATE_SIZE, .records = UPDATE_RECORDS},
    {"from the future", RCODE_REFUSED, STAT_UPDATE_TIME, .inception = 70},
    {"answered before", RCODE_NXRRSET, STAT_UPDATE_REPLAYED, .seen = true},
    {"a tag of no key", RCODE_REFUSED, STAT_UPDATE_KEY, .forge = forge_tag},
    {"somebody else's name", RCODE_REFUSED, STAT_UPDATE_POLICY, .owner = "ns1.open.test."},
    {"two proofs", RCODE_REFUSED, STAT_UPDATE_SIZE, .proofs = 2},
};
#define FAULTS (sizeof faults / sizeof faults[0])
static const struct fault none = {.what = "no fault"};

static void
address_add(const char *owner)
{
	struct name name;

	if (owner == NULL)
		return;
	assert_int_equal(name_from(owner, &name), 0);
	sealed_record(&sealed, 2, &name, RR_A, CLASS_IN, 60,
	    (struct bytes){(const uint8_t[]){192, 0, 2, 1}, 4});
}

static void
tsig_write(int kind)
{
	struct tsig_key key = admin;
	uint8_t mac[TSIG_MAC_MOST];

	key.secret[0] ^= kind == TSIG_WRONG;
	assert_true(seal_tsig_sign(&key, clock_seconds(), &sealed.wr, mac) > 0);
}

/* As if it had come before, and failed at a prerequisite. */
static void
note(void)
{
	struct proposal *p;

	assert_int_equal(proposal_new(sealed_bytes(&sealed), &p), 0);
	assert_int_equal(sig0_read(&p->message, &p->sig0), 0);
	assert_int_equal(seal_sig0_digest(&p->message, &p->sig0, p->digest), 0);
	p->seal = SEALED_SIG0;
	/* of a key of its own: what it leaves of this one must not make others old */
	p->actor = (struct actor){.kind = ACTOR_KEY, .name = name_root, .key_n = 32};
	memcpy(p->actor.key, p->digest, 32);
	assert_int_equal(replay_note(replay, p, RCODE_NXRRSET, clock_seconds()), 0);
	replay_end(replay, true);
	proposal_free(p);
}

static void
both_write(const struct fault *a, const struct fault *b)
{
	const struct fault *each[] = {a, b};
	const char *zone = a->zone != NULL ? a->zone : b->zone != NULL ? b->zone : "open.test.";
	static const uint8_t numbers[] = {1};
	int64_t inception = a->inception + b->inception;
	static uint16_t id;
	struct name apex;

	sealed_start(&sealed, zone, CLASS_IN, ++id);
	assert_int_equal(name_from(zone, &apex), 0);
	if (a->asks + b->asks != 0)
		sealed_record(&sealed, 1, &apex, a->asks + b->asks, CLASS_IN, 0,
		    (struct bytes){numbers, 0});
	sealed_add_key(&sealed, &host);
	sealed_add_eloc(&sealed, &host.name, 1);
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned k = 0; k < each[i]->records; k++)
			sealed_add_eloc(&sealed, &host.name, (uint8_t)(k + 2));
		for (unsigned k = 0; k < each[i]->proofs; k++)
			sealed_add_proof(&sealed, &host, numbers, 1, k > 0);
		address_add(each[i]->outside);
		address_add(each[i]->owner);
	}
	sealed_opt(&sealed, (struct bytes){NULL, 0});
	if (a->tsig + b->tsig != 0)
		tsig_write(a->tsig + b->tsig);
	else if (!a->is_unsigned && !b->is_unsigned)
		sealed_sign(&sealed, &host, inception != 0 ? inception : -10, 300);
	else
		return;
	for (unsigned i = 0; i < 2; i++)
		if (each[i]->forge != NULL)
			each[i]->forge();
	if (a->seen || b->seen)
		note();
}

/* What the message gets; -1: it went on its way, to who pretends to be the writer, and is dropped there. */
static int
ask(struct message *m)
{
	size_t n = world_ask(world, TRANSPORT_UDP, sealed_bytes(&sealed), out);

	if (n == SERVE_LATER) {
		taker_wait(&taker, 1);
		done(atomic_exchange(&taker.taken, NULL));
		taker.n = 0;
		return -1;
	}
	assert_int_equal(message_parse((struct bytes){out, n}, m), 0);
	assert_false(m->flags & FLAG_TC);
	return (int)message_rcode(m);
}

static void
is_answered_as(const struct fault *first, const struct fault *second)
{
	uint64_t counted = world_count(world, first->stat);
	struct message m;
	int rcode = ask(&m);

	if (rcode != first->rcode || world_count(world, first->stat) != counted + 1)
		fail_msg("%s, and %s: RCODE %d, not counted as the first", first->what,
		    second->what, rcode);
	assert_int_equal(taker.n, 0);
	assert_int_equal(front_waiting, 0);
}

/* Each two of them; and each of them when nothing is left of the budget, which is asked last. */
static void
test_pairs(void **state)
{
	static const struct fault busy = {
	    .what = "no budget", .rcode = RCODE_REFUSED, .stat = STAT_UPDATE_BUSY};

	(void)state;
	budget_set(admission_budget(front.admission), 0, 0);
	for (size_t i = 0; i < FAULTS; i++)
		for (size_t k = i + 1; k <= FAULTS; k++) {
			const struct fault *second = k < FAULTS ? &faults[k] : &none;

			both_write(&faults[i], second);
			is_answered_as(&faults[i], second);
		}
	both_write(&none, &none);
	is_answered_as(&busy, &none);
	budget_set(admission_budget(front.admission), BUDGET_ALL, BUDGET_SOURCE);
	both_write(&none, &none);
	assert_int_equal(ask(&(struct message){0}), -1);
}

/* TSIG is looked at before all else; then what is wrong is said under it. */
static void
test_pairs_of_tsig(void **state)
{
	static const struct fault wrong = {"a wrong TSIG", RCODE_NOTAUTH, STAT_UPDATE_TSIG,
				      .tsig = TSIG_WRONG},
				  right = {.what = "a right TSIG", .tsig = TSIG_RIGHT};
	struct message m;
	struct tsig tsig;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		both_write(&wrong, &faults[i]);
		is_answered_as(&wrong, &faults[i]);
		both_write(&faults[i], &right);
		assert_int_equal(ask(&m), faults[i].rcode);
		assert_int_equal(tsig_read(&m, &tsig), 0);
		assert_int_equal(tsig.error, 0);
		assert_true(tsig.mac.n > 0);
	}
}

/* Each refusal, more often than a source may have one verified; then one that is right, from the same source. */
static void
test_budget_is_spared(void **state)
{
	struct message m;

	(void)state;
	budget_set(admission_budget(front.admission), 1000, 1);
	for (size_t i = 0; i < FAULTS; i++) {
		world_from(world, (const uint8_t[]){198, 51, (uint8_t)i, 1});
		for (unsigned k = 0; k < AGAIN; k++) {
			both_write(&faults[i], &none);
			is_answered_as(&faults[i], &none);
		}
		both_write(&none, &none);
		if (ask(&m) != -1)
			fail_msg("%s: has taken of the budget", faults[i].what);
	}
	world_from(world, (const uint8_t[]){192, 0, 2, 7});
	budget_set(admission_budget(front.admission), BUDGET_ALL, BUDGET_SOURCE);
}

/* --- the world of it --- */

static int
setup(void **state)
{
	struct admission_writer writer = {taker_propose, &taker, NULL};
	struct update_rules *rules;

	(void)state;
	world = world_basic();
	if (world == NULL || replay_new(&replay) != 0 || !world_small(world, "open.test.") ||
	    !world_policy(world, "open.test.", POLICY_OPEN))
		return -1;
	admin = (struct tsig_key){.mac = CRYPTO_HMAC_SHA256, .n = 32};
	rules = &world_rules(world)->updates;
	rules->keys = &admin;
	rules->n_keys = 1;
	taker_init(&taker, 10);
	writer.replay = replay;
	if (name_from("admin.", &admin.name) != 0 || !front_open(&front, world, &writer, done))
		return -1;
	host_new(&host, CRYPTO_ED25519, "open.test.");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	front_close(&front);
	front_free(&front);
	replay_free(replay);
	host_free(&host);
	taker_fini(&taker);
	world_free(world);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pairs),
	    cmocka_unit_test(test_pairs_of_tsig),
	    cmocka_unit_test(test_budget_is_spared),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
