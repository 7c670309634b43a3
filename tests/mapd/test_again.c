/*
 * test_again.c - an UPDATE that comes again, octet for octet: its first answer, LEASE included, whatever became of its
 * key since, from the worker and from a verifier; and who has but a part of it learns nothing.
 */
#include "tests/mapd/sealed.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/reply.h"
#include "core/wire/rrtype.h"
#include "core/wire/update.h"
#include "mapd/verifier.h"
#include "tests/mapd/front.h"

static struct world *world;
static struct front front;
static struct replay *replay;
static struct taker taker;
static struct host hosts[2]; /* with no KEY in the zone */
static struct sealed sealed;

static struct lease_option answered_lease;
static _Atomic int answered; /* RCODE, or -1 */

static void
done(struct proposal *p)
{
	answered_lease = p->verdict.lease;
	atomic_store(&answered, (int)p->verdict.rcode);
	proposal_free(p);
}

/* What the sealed message gets from the worker: its RCODE, and the lease. */
static unsigned
asks(enum transport transport, struct lease_option *lease)
{
	static uint8_t out[SERVE_TCP_MAX];
	size_t n = world_ask(world, transport, sealed_bytes(&sealed), out);
	struct message m;

	assert_true(n >= HEADER_SIZE && n != SERVE_LATER);
	assert_int_equal(message_parse((struct bytes){out, n}, &m), 0);
	assert_true(lease_option_read(&m.edns, lease));
	return message_rcode(&m);
}

/* A host gives up its name: the message does not have its KEY, nor has the zone any more. */
static void
release_write(const struct host *host, uint16_t id)
{
	static const uint8_t option[] = {0, OPTION_LEASE, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5};

	sealed_start(&sealed, "open.test.", CLASS_IN, id);
	sealed_record(&sealed, 2, &host->name, RR_ANY, CLASS_ANY, 0, (struct bytes){option, 0});
	sealed_opt(&sealed, (struct bytes){option, sizeof option});
	sealed_sign(&sealed, host, -10, 300);
}

/* As the worker passed it on, when the KEY was there. */
static struct proposal *
proposal_make(const struct host *host)
{
	struct proposal *p;
	const char *why;

	assert_int_equal(proposal_new(sealed_bytes(&sealed), &p), 0);
	assert_int_equal(sig0_read(&p->message, &p->sig0), 0);
	assert_int_equal(update_read(&p->message, &p->update, &why), 0);
	assert_int_equal(seal_sig0_digest(&p->message, &p->sig0, p->digest), 0);
	p->seal = SEALED_SIG0;
	p->actor = (struct actor){.kind = ACTOR_KEY,
	    .name = host->name,
	    .algorithm = p->sig0.algorithm,
	    .tag = p->sig0.tag,
	    .key_n = (uint8_t)(host->n - 4)};
	memcpy(p->actor.key, host->rdata + 4, host->n - 4);
	p->done = done;
	return p;
}

static void
note(const struct host *host, unsigned rcode, bool durable)
{
	struct proposal *p = proposal_make(host);

	assert_int_equal(replay_note(replay, p, rcode, clock_seconds()), 0);
	if (durable)
		replay_end(replay, true);
	proposal_free(p);
}

/* r | order - s in place of r | s. */
static void
flip(void)
{
	static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3,
	    0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
	uint8_t *s = sealed.octets + sealed.wr.n - 32;
	int borrow = 0;

	for (int i = 31; i >= 0; i--) {
		int digit = order[i] - s[i] - borrow;

		s[i] = (uint8_t)digit;
		borrow = digit < 0;
	}
}

static void
test_released(void **state)
{
	uint64_t counted = world_count(world, STAT_UPDATE_REPLAYED), refused;
	struct lease_option lease;

	(void)state;
	for (uint16_t i = 0; i < 2; i++) {
		const struct host *host = &hosts[i];

		release_write(host, i);
		assert_int_equal(asks(TRANSPORT_TCP, &lease), RCODE_REFUSED);
		assert_false(lease.present);
		/* not before the disk has it */
		note(host, RCODE_NOERROR, false);
		assert_int_equal(asks(TRANSPORT_TCP, &lease), RCODE_REFUSED);
		replay_end(replay, true);
		for (int turn = 0; turn < 4; turn++) {
			assert_int_equal(asks(turn & 1 ? TRANSPORT_UDP : TRANSPORT_TCP, &lease),
			    RCODE_NOERROR);
			assert_true(lease.present && lease.both);
			assert_int_equal(lease.lease, 0);
			assert_int_equal(lease.key_lease, 30); /* what is granted at least */
			if (hosts[i].n > 36)
				flip();
		}
		assert_int_equal(taker.n, 0);
		/* without the signature, or with another one, it is nobody's */
		refused = world_count(world, STAT_UPDATE_KEY);
		for (size_t at = 1; at <= CRYPTO_SIGNATURE; at += 21) {
			sealed.octets[sealed.wr.n - at] ^= 4;
			assert_int_equal(asks(TRANSPORT_TCP, &lease), RCODE_REFUSED);
			assert_false(lease.present);
			sealed.octets[sealed.wr.n - at] ^= 4;
		}
		assert_int_equal(world_count(world, STAT_UPDATE_KEY), refused + 4);
	}
	assert_int_equal(world_count(world, STAT_UPDATE_REPLAYED), counted + 8);
}

/* What failed at a prerequisite was granted nothing. */
static void
test_failed(void **state)
{
	struct lease_option lease;

	(void)state;
	release_write(&hosts[0], 7);
	note(&hosts[0], RCODE_NXRRSET, true);
	assert_int_equal(asks(TRANSPORT_TCP, &lease), RCODE_NXRRSET);
	assert_false(lease.present);
}

/* What a verifier makes of the sealed message, once its turn has come. */
static void
verify(const struct host *host)
{
	struct admission_options options = {.store = world_store(world),
	    .writer = {taker_propose, &taker, replay},
	    .threads = 1};
	struct verifier *verifier;
	struct proposal *p = proposal_make(host);

	p->granted = (struct lease_option){true, true, 60, 120};
	atomic_store(&answered, -1);
	assert_int_equal(verifier_new(&options, &verifier), 0);
	assert_int_equal(verifier_put(verifier, p), 0);
	while (atomic_load(&answered) < 0 && atomic_load(&taker.n) == 0)
		sched_yield();
	verifier_free(verifier);
}

/* It came again while the first was on its way, and was known when its turn came. */
static void
wait_known(uint16_t id, unsigned rcode)
{
	release_write(&hosts[1], id);
	note(&hosts[1], rcode, true);
	verify(&hosts[1]);
	assert_int_equal(answered, rcode);
	assert_int_equal(taker.n, 0);
}

static void
test_waited(void **state)
{
	(void)state;
	wait_known(8, RCODE_NOERROR);
	assert_true(answered_lease.present);
	assert_int_equal(answered_lease.lease, 60);
	assert_int_equal(answered_lease.key_lease, 120);
	wait_known(9, RCODE_NXRRSET);
	assert_false(answered_lease.present);
}

/* It is known, but the disk does not have it yet: the writer answers, behind the first. */
static void
test_pending(void **state)
{
	struct proposal *p;

	(void)state;
	release_write(&hosts[1], 10);
	note(&hosts[1], RCODE_NOERROR, false);
	verify(&hosts[1]);
	assert_int_equal(answered, -1);
	taker_wait(&taker, 1);
	p = atomic_exchange(&taker.taken, NULL);
	assert_ptr_equal(p->next, NULL);
	proposal_free(p);
	atomic_store(&taker.n, 0);
	replay_end(replay, false);
}

static int
setup(void **state)
{
	struct admission_writer writer = {taker_propose, &taker, NULL};

	(void)state;
	world = world_basic();
	if (world == NULL || replay_new(&replay) != 0 || !world_small(world, "open.test.") ||
	    !world_policy(world, "open.test.", POLICY_OPEN))
		return -1;
	taker_init(&taker, 10);
	writer.replay = replay;
	if (!front_open(&front, world, &writer, done))
		return -1;
	host_new(&hosts[0], CRYPTO_ED25519, "open.test.");
	host_new(&hosts[1], CRYPTO_ECDSAP256, "open.test.");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	front_close(&front);
	front_free(&front);
	replay_free(replay);
	host_free(&hosts[0]);
	host_free(&hosts[1]);
	taker_fini(&taker);
	world_free(world);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_released),
	    cmocka_unit_test(test_failed),
	    cmocka_unit_test(test_waited),
	    cmocka_unit_test(test_pending),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
