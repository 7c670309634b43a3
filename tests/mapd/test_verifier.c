/*
 * test_verifier.c - who waits for the verifiers, in which turn, and what they find; threads that hand over while
 * others end.
 */
#include "tests/mapd/sealed.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/loop.h"
#include "core/wire/errors.h"
#include "core/wire/reply.h"
#include "core/wire/rrtype.h"
#include "mapd/turns.h"
#include "mapd/update.h"
#include "mapd/verifier.h"
#include "tests/mapd/world.h"

#define SENDERS 3
#define SENT 400 /* of each */

static struct world *world;
static struct host host;

/* --- turns --- */

static struct proposal *
waiting(struct proposal *p, uint32_t source)
{
	*p = (struct proposal){.source = {4}};
	put_u32(p->source + 1, source);
	return p;
}

static void
test_turns(void **state)
{
	static struct proposal p[64];
	struct turns *turns;
	unsigned n = 0;

	(void)state;
	assert_int_equal(turns_new(64, SIZE_MAX, &turns), 0);
	assert_null(turns_take(turns));
	/* one source: half of it */
	while (n < 64 && turns_put(turns, waiting(&p[n], 1)))
		n++;
	assert_int_equal(n, 32);
	/* another: half of the rest */
	for (n = 32; n < 64 && turns_put(turns, waiting(&p[n], 2)); n++)
		;
	assert_int_equal(n, 48);
	/* and there is room for who comes last */
	assert_true(turns_put(turns, waiting(&p[48], 3)));
	assert_true(turns_put(turns, waiting(&p[49], 3)));

	assert_ptr_equal(turns_take(turns), &p[0]);
	assert_ptr_equal(turns_take(turns), &p[32]);
	assert_ptr_equal(turns_take(turns), &p[48]);
	assert_ptr_equal(turns_take(turns), &p[1]);
	assert_ptr_equal(turns_take(turns), &p[33]);
	assert_ptr_equal(turns_take(turns), &p[49]);
	/* who comes again waits behind the others */
	assert_true(turns_put(turns, waiting(&p[50], 3)));
	assert_ptr_equal(turns_take(turns), &p[2]);
	assert_ptr_equal(turns_take(turns), &p[34]);
	assert_ptr_equal(turns_take(turns), &p[50]);
	for (n = 0; turns_take(turns) != NULL; n++)
		;
	assert_int_equal(n, 51 - 3 * 3);
	turns_free(turns);
}

/* Who sends what is large has fewer. */
static void
test_turns_of_octets(void **state)
{
	static struct proposal p[64];
	struct turns *turns;
	unsigned n = 0;

	(void)state;
	assert_int_equal(turns_new(64, 64 * (sizeof p[0] + 3000), &turns), 0);
	for (; n < 64; n++) {
		waiting(&p[n], 1)->wire.n = 10000;
		if (!turns_put(turns, &p[n]))
			break;
	}
	assert_true(n > 2 && n < 16);
	/* others have room, and what is taken gives it back */
	assert_true(turns_put(turns, waiting(&p[n], 2)));
	while (turns_take(turns) != NULL)
		;
	for (unsigned i = 0; i < n; i++)
		assert_true(turns_put(turns, &p[i]));
	while (turns_take(turns) != NULL)
		;
	/* larger than all of it: never */
	waiting(&p[0], 1)->update.n_changes = 10000;
	assert_false(turns_put(turns, &p[0]));
	turns_free(turns);
}

/* As many sources as fit, again and again: entries are used again. */
static void
test_turns_of_many(void **state)
{
	static struct proposal p[256];
	struct turns *turns;

	(void)state;
	assert_int_equal(turns_new(256, SIZE_MAX, &turns), 0);
	for (uint32_t round = 0; round < 50; round++) {
		for (uint32_t i = 0; i < 256; i++)
			assert_true(turns_put(turns, waiting(&p[i], round * 1000 + i)));
		assert_false(turns_put(turns, waiting(&p[0], round * 1000 + 999)));
		waiting(&p[0], round * 1000);
		for (uint32_t i = 0; i < 256; i++)
			assert_ptr_equal(turns_take(turns), &p[i]);
		assert_null(turns_take(turns));
	}
	turns_free(turns);
}

/* --- what is found --- */

static _Atomic unsigned answered, rcodes[16];

static void
count_done(struct proposal *list)
{
	for (struct proposal *next; list != NULL; list = next) {
		next = list->next;
		atomic_fetch_add(&rcodes[list->verdict.rcode & 15], 1);
		proposal_free(list);
		atomic_fetch_add(&answered, 1);
	}
}

/* As a worker passes it on. */
static struct proposal *
proposal_make(struct sealed *sealed, uint32_t source)
{
	struct proposal *p;
	const char *why;

	assert_int_equal(proposal_new(sealed_bytes(sealed), &p), 0);
	assert_int_equal(sig0_read(&p->message, &p->sig0), 0);
	assert_int_equal(update_read(&p->message, &p->update, &why), 0);
	p->seal = SEALED_SIG0;
	p->actor = (struct actor){.kind = ACTOR_KEY,
	    .name = host.name,
	    .algorithm = p->sig0.algorithm,
	    .tag = p->sig0.tag,
	    .key_n = 32};
	memcpy(p->actor.key, host.rdata + 4, 32);
	assert_int_equal(eid_from_owner(&host.name, NULL, 0, &p->identity), 0);
	for (size_t i = 0; i < p->update.n_changes; i++) {
		const struct update_item *item = &p->update.items[i];

		if (item->type == 65301 && item->rdata.p[5] == 0)
			p->added = item;
	}
	p->source[0] = 4;
	put_u32(p->source + 1, source);
	p->done = count_done;
	return p;
}

static void
verifier_open(struct taker *taker, unsigned threads, struct verifier **out)
{
	struct admission_options options = {.store = world_store(world),
	    .writer = {taker_propose, taker, NULL},
	    .threads = threads};

	answered = 0;
	memset(rcodes, 0, sizeof rcodes);
	assert_int_equal(verifier_new(&options, out), 0);
}

static void
update_write(struct sealed *s, uint16_t id, const uint8_t *numbers, size_t n, bool spoilt)
{
	sealed_start(s, "example.test.", CLASS_IN, id);
	sealed_add_key(s, &host);
	for (size_t i = 0; i < n; i++)
		sealed_add_eloc(s, &host.name, numbers[i]);
	if (n > 0)
		sealed_add_proof(s, &host, (const uint8_t[]){1, 2}, 2, spoilt);
	sealed_sign(s, &host, -300, 300);
}

/* Ends the verifier, which so has answered all. */
static void
finds(struct sealed *s, bool passes)
{
	struct taker taker;
	struct verifier *verifier;
	struct proposal *p;

	taker_init(&taker, 10);
	verifier_open(&taker, 1, &verifier);
	p = proposal_make(s, 1);
	assert_int_equal(verifier_put(verifier, p), 0);
	if (passes) {
		taker_wait(&taker, 1);
		assert_ptr_equal(taker.taken, p);
		assert_int_equal(p->proved, p->added != NULL);
		proposal_free(p);
	}
	/* the only one, and it was taken: the thread is at it */
	while (!passes && answered == 0)
		sched_yield();
	verifier_free(verifier);
	assert_int_equal(answered, !passes);
	assert_int_equal(rcodes[RCODE_REFUSED], !passes);
	taker_fini(&taker);
}

static void
test_found(void **state)
{
	static const uint8_t numbers[] = {1, 2, 3};
	struct sealed *s = malloc(sizeof *s);

	(void)state;
	assert_non_null(s);
	update_write(s, 1, NULL, 0, false);
	finds(s, true);
	s->octets[0] ^= 1; /* the ID is signed too */
	finds(s, false);
	update_write(s, 2, numbers, 2, false);
	finds(s, true);
	update_write(s, 3, numbers, 2, true);
	finds(s, false);
	/* over another set than the one that would be there */
	update_write(s, 4, numbers, 3, false);
	finds(s, false);
	update_write(s, 5, numbers, 1, false);
	finds(s, false);
	/* it waited until it was over */
	sealed_start(s, "example.test.", CLASS_IN, 6);
	sealed_add_key(s, &host);
	sealed_sign(s, &host, -300, -1);
	finds(s, false);
	free(s);
}

/* --- many at once --- */

static struct verifier *shared;
static struct bytes honest, forged;
static _Atomic unsigned handed, turned_away;

static void *
sender(void *arg)
{
	uint32_t source = *(const uint32_t *)arg;
	struct sealed *s = malloc(sizeof *s);
	struct proposal *p;

	for (unsigned i = 0; i < SENT; i++) {
		struct bytes from = (i + source) % 2 == 0 ? honest : forged;

		memcpy(s->octets, from.p, from.n);
		s->wr = wr_init(s->octets, sizeof s->octets);
		s->wr.n = from.n;
		p = proposal_make(s, source);
		if (verifier_put(shared, p) == 0) {
			atomic_fetch_add(&handed, 1);
			continue;
		}
		atomic_fetch_add(&turned_away, 1);
		proposal_free(p);
	}
	free(s);
	return NULL;
}

/*
 * Senders hand over while the verifiers run; the writer has room for a part. Then all end, with some waiting: each one
 * is answered once, or the writer has it.
 */
static void
test_many(void **state)
{
	struct sealed *good = malloc(sizeof *good), *bad = malloc(sizeof *bad);
	pthread_t thread[SENDERS];
	uint32_t source[SENDERS];
	struct taker taker;
	struct proposal *p;
	unsigned taken = 0;

	(void)state;
	assert_non_null(good);
	assert_non_null(bad);
	update_write(good, 1, NULL, 0, false);
	update_write(bad, 2, NULL, 0, false);
	bad->octets[1] ^= 4;
	honest = sealed_bytes(good);
	forged = sealed_bytes(bad);
	taker_init(&taker, 100);
	handed = turned_away = 0;
	verifier_open(&taker, 2, &shared);
	for (uint32_t i = 0; i < SENDERS; i++) {
		source[i] = i;
		assert_int_equal(pthread_create(&thread[i], NULL, sender, &source[i]), 0);
	}
	for (unsigned i = 0; i < SENDERS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(handed + turned_away, SENDERS * SENT);
	verifier_free(shared);
	while ((p = taker.taken) != NULL) {
		taker.taken = p->next;
		proposal_free(p);
		taken++;
	}
	assert_true(taken <= 100);
	assert_int_equal(answered + taken, handed);
	taker_fini(&taker);
	free(good);
	free(bad);
}

static int
setup(void **state)
{
	(void)state;
	host_new(&host, CRYPTO_ED25519, "example.test.");
	return (world = world_basic()) != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	host_free(&host);
	world_free(world);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_turns),
	    cmocka_unit_test(test_turns_of_octets),
	    cmocka_unit_test(test_turns_of_many),
	    cmocka_unit_test(test_found),
	    cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
